"""Sentence counts are compared with a slow count over the words and the white space between them."""

import re
import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.kernel.classes import NOT_SENTENCE, TERMINAL_MARKS
from tokenmill.text.words.segment import text_buffer, words
from tokenmill.text.words.sentences import sentence_counts

ENDS = set(TERMINAL_MARKS) - set(NOT_SENTENCE)


def pieces_of_line(line: str) -> list[str]:
    """Returns words, and the white space between them unless it is a single blank."""
    _, split = words(pa.record_batch({"text": pa.array([line], type=pa.large_string())}))
    coded, out, position = line.encode(), [], 0
    for start, end in zip(split.starts.tolist(), split.ends.tolist(), strict=True):
        out += [coded[position:start].decode(), coded[start:end].decode()]
        position = end
    out.append(coded[position:].decode())
    return [piece for i, piece in enumerate(out) if piece and (i % 2 or i == 0 or piece != " ")]


def slow_count(text: str) -> int:
    total = 0
    for line in text.split("\n") if text else []:
        sentences, ended = 1, False
        for piece in pieces_of_line(line):
            if piece in ENDS:
                ended = True
            elif ended and not all(unicodedata.category(character)[0] == "P" for character in piece):
                sentences, ended = sentences + 1, False
        total += sentences
    return total


def counted(text: str) -> int:
    return counts_of([text])[0]


def counts_of(several: list[str]) -> list[int]:
    buffer, offsets = text_buffer(pa.record_batch({"text": pa.array(several, type=pa.large_string())}))
    found: list[int] = sentence_counts(buffer, offsets[:-1], offsets[1:]).tolist()
    return found


def test_counts_do_not_depend_on_how_many_rows_are_counted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    several = ["One. Two.", "", "Three! Four? Five", "x", "", "", "Six. Seven"]
    monkeypatch.setattr("tokenmill.text.words.sentences._BATCH_BYTES", 10)
    assert counts_of(several) == [2, 0, 3, 1, 0, 0, 2] == [counted(text) for text in several]


parts = st.sampled_from(
    ["a", "Word", " ", "  ", ".", "!", "?", "...", ")", '"', "。", "…", "\n", "\t", "1.5", "\u00a0", "字", "🙂"]
)


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.lists(parts, max_size=30).map("".join), st.text(max_size=30)))
def test_counts_are_those_of_the_slow_count(text: str) -> None:
    assert counted(text) == slow_count(text)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", 0),
        ("No mark", 1),
        ("One. Two! Three? Four", 4),
        ('He said "stop." Then he left...', 2),
        ("Mr. Smith pays 3.50 e.g. here.", 1),
        ("One\nTwo\n\nFour", 4),
        ("一。 二。三", 2),
    ],
)
def test_sentences_of_known_texts(text: str, sentences: int) -> None:
    assert re.sub(r"\s+$", "", text) == text
    assert counted(text) == sentences
