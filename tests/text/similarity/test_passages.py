"""text/similarity/passages.py: lines and paragraphs, cut and joined, are compared with plain Python."""

import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.similarity.passages import kept_text, passage_keys, passages

Texts = list[str | None]
texts_of = st.lists(st.one_of(st.none(), st.text("ab é\n", max_size=30)), max_size=6)


def batch(texts: Texts) -> pa.RecordBatch:
    return pa.record_batch({"text": pa.array(texts, type=pa.large_string())})


def plain_passages(text: str | None, paragraphs: bool) -> list[str]:
    return re.findall(r"(?s).+?(?:\n\n+|\Z)" if paragraphs else r"[^\n]*\n|[^\n]+", text or "")


def found_passages(texts: Texts, paragraphs: bool) -> list[list[str]]:
    cut = passages(batch(texts), paragraphs=paragraphs)
    content = [bytes(cut.buffer[a:b]).decode() for a, b in zip(cut.bounds[:-1], cut.bounds[1:], strict=True)]
    return [content[a:b] for a, b in zip(cut.first[:-1], cut.first[1:], strict=True)]


@given(texts_of)
@settings(deadline=None)
def test_lines_are_what_splitlines_makes_of_them(texts: Texts) -> None:
    assert found_passages(texts, False) == [plain_passages(text, False) for text in texts]


@given(texts_of)
@settings(deadline=None)
def test_paragraphs_end_behind_blank_lines(texts: Texts) -> None:
    for found, text in zip(found_passages(texts, True), texts, strict=True):
        assert "".join(found) == (text or "")
        assert all("\n\n" not in passage.rstrip("\n").lstrip("\n") for passage in found)
        assert all(passage.endswith("\n\n") for passage in found[:-1])
        assert all(not passage.startswith("\n") for passage in found[1:])


@given(texts_of, st.booleans(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_kept_text_is_that_of_the_kept_passages(texts: Texts, paragraphs: bool, random) -> None:  # type: ignore[no-untyped-def]
    cut = passages(batch(["left out", *texts]).slice(1), paragraphs=paragraphs)
    keep = np.array([random.random() < 0.5 for _ in range(len(cut.bounds) - 1)], dtype=np.bool_)
    wanted, place = [], 0
    for parts in found_passages(texts, paragraphs):
        mine = keep[place : place + len(parts)]
        place += len(parts)
        text = "".join(part for part, stays in zip(parts, mine, strict=True) if stays)
        lost_end = len(parts) > 0 and not mine[-1]
        wanted.append(_cut_end(parts, mine, text) if lost_end else text)
    assert kept_text(cut, keep).to_pylist() == wanted


def _cut_end(parts: list[str], mine: np.ndarray, text: str) -> str:  # type: ignore[type-arg]
    """Removes only the line breaks of the last kept passage."""
    kept = [part for part, stays in zip(parts, mine, strict=True) if stays]
    return text[: len(text) - len(kept[-1]) + len(kept[-1].rstrip("\n"))] if kept else text


def test_keys_are_those_of_the_words() -> None:
    cut = passages(
        batch(["Read more: 12 of 30!\nread more 7 of 9\nof more read\n\n...\n", "READ MORE 1 of 1"]), paragraphs=False
    )
    keys, words = passage_keys(cut)
    assert words.tolist() == [5, 5, 3, 0, 0, 5]
    assert keys[0] == keys[1] == keys[5] != keys[2]


@pytest.mark.parametrize("texts", [[], [None], [""], ["\n"], ["\n\n\n"]])
def test_nothing_and_nothing_but_breaks(texts: Texts) -> None:
    for paragraphs in (False, True):
        cut = passages(batch(texts), paragraphs=paragraphs)
        count = len(cut.bounds) - 1
        assert kept_text(cut, np.ones(count, dtype=np.bool_)).to_pylist() == [text or "" for text in texts]
        assert kept_text(cut, np.zeros(count, dtype=np.bool_)).to_pylist() == [""] * len(texts)
