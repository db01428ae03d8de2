"""text/similarity/cuts.py: spans are removed, and the words before and after them stay apart."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.similarity.cuts import cut_out


def cut(text: str, *spans: tuple[int, int]) -> str:
    """Returns the text without the spans of characters."""
    batch = pa.record_batch({"text": pa.array([text], type=pa.large_string())})
    starts, ends = [start for start, _ in spans], [end for _, end in spans]
    texts, gone, before = cut_out(batch, [0] * len(spans), starts, ends)
    assert gone.tolist() == [sum(end - start for start, end in spans)] and before.tolist() == [len(text)]
    texts.validate(full=True)
    return str(texts[0])


def joined(text: str, removed: set[int]) -> str:
    """Does the same as cut(), character by character, for the removed places."""
    out, was_cut, broken = "", False, False
    for place, character in enumerate(text):
        breaks = len(f"a{character}b".splitlines()) > 1
        if place in removed:
            was_cut, broken = True, broken or breaks
            continue
        ends_in_blank = out[-1:].isspace() and len(f"a{out[-1:]}b".splitlines()) == 1
        if was_cut and ends_in_blank and character.isspace() and not breaks:
            continue
        if was_cut and out and not out[-1].isspace() and not character.isspace():
            out += "\n" if broken else " "
        out, was_cut, broken = out + character, False, False
    return out


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("red[ and ]blue", "red blue"),
        ("red[and]blue", "red blue"),
        ("re[d and b]lue", "re lue"),
        ("red [and] blue", "red blue"),
        ("red [and]blue", "red blue"),
        ("red[ and] blue", "red blue"),
        ("red [and]   blue", "red blue"),
        ("red[\nand\n]blue", "red\nblue"),
        ("red[ and\r\nthen ]blue", "red\nblue"),
        ("red\n[and]\nblue", "red\n\nblue"),
        ("red\n[and]  blue", "red\n  blue"),
        ("red [and]\nblue", "red \nblue"),
        ("red\u00a0[and]\u3000blue", "red\u00a0blue"),
        ("red\u2028[and] blue", "red\u2028 blue"),
        ("[red and] blue", " blue"),
        ("[red and ]blue", "blue"),
        ("red [and blue]", "red "),
        ("red[ and blue]", "red"),
        ("[red and blue]", ""),
        ("[red ]and[ blue]", "and"),
        ("red[ and ][then ]blue", "red blue"),
        ("red [and] [then] blue", "red blue"),
        ("ré[ 漢字 🥲 ]blüe", "ré blüe"),
        ("rote[ Äpfel\u0085und]漢字", "rote\n漢字"),
    ],
)
def test_words_around_a_span_stay_apart_by_one_blank_or_line_break(text: str, left: str) -> None:
    """Guards against an earlier fault: "red[ and ]blue" became "redblue"."""
    spans, plain = [], ""
    for character in text:
        if character == "[":
            spans.append((len(plain), -1))
        elif character == "]":
            spans[-1] = (spans[-1][0], len(plain))
        else:
            plain += character
    assert cut(plain, *spans) == left


TEXTS = st.text(st.sampled_from("ab \n\t\r\u00a0\u2028é漢🥲"), max_size=30)


@given(TEXTS, st.sets(st.integers(0, 29), max_size=25))
@settings(deadline=None)
def test_any_spans_are_cut_out_as_character_by_character(text: str, places: set[int]) -> None:
    removed = {place for place in places if place < len(text)}
    starts = sorted(place for place in removed if place - 1 not in removed)
    ends = sorted(place + 1 for place in removed if place + 1 not in removed)
    left = cut(text, *zip(starts, ends, strict=True))
    assert left == joined(text, removed)
    assert "".join(left.split()) == "".join("".join(c for n, c in enumerate(text) if n not in removed).split())


def test_rows_do_not_affect_each_other() -> None:
    batch = pa.record_batch({"text": pa.array(["aé漢🥲b", "", None, "xyz", " c"], type=pa.large_string())})
    found, gone, lengths = cut_out(batch, [0, 0, 3], [1, 4, 0], [3, 5, 3])
    assert found.to_pylist() == ["a 🥲", "", "", "", " c"]
    assert gone.tolist() == [3, 0, 0, 3, 0]
    assert lengths.tolist() == [5, 0, 0, 3, 2]
