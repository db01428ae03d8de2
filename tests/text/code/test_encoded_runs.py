"""Encoded data in source code: the kernel finds what the published expressions match in Python's `re`."""

import re

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tokenmill.text.code.encoded_runs import encoded_runs
from tokenmill.text.words.segment import text_buffer

PUBLISHED = (
    r"[a-zA-Z0-9+/\n=]{64,}",
    r"(?:\b(?:0x|\\x)?[0-9a-fA-F]{2}(?:,|\b\s*)){8,}",
    r"(?:\\u[0-9a-fA-F]{4}){8,}",
)


def measured(*texts: str) -> list[tuple[int, int]]:
    counts = encoded_runs(*text_buffer(pa.record_batch({"text": pa.array(texts, type=pa.large_string())})))
    return list(zip(counts["encoded_chars"].tolist(), counts["longest_encoded"].tolist(), strict=True))


def slow_measured(text: str) -> tuple[int, int]:
    spans = [match.span() for expression in PUBLISHED for match in re.finditer(expression, text)]
    covered = {place for start, end in spans for place in range(start, end)}
    return len(covered), max((end - start for start, end in spans), default=0)


pairs = st.sampled_from(["0x1f", "\\x1f", "1f", "AB", "f", "0x", "\\x", "123"])
gaps = st.sampled_from(["", ",", " ", "\n", "\r\n", "\t", "\u3000", "\x1c", ", ", "_", "é", "字", ";", '"', ",,"])
hexes = st.lists(st.tuples(pairs, gaps).map("".join), max_size=30).map("".join)
regular = st.tuples(pairs, gaps, st.integers(7, 30)).map(lambda part: (part[0] + part[1]) * part[2])
base64 = st.tuples(st.sampled_from(["QUJD", "a\n", "+/9=", "0a "]), st.integers(10, 80)).map(
    lambda part: part[0] * part[1]
)
escapes = st.tuples(st.sampled_from(["\\u00e9", "\\u00E", "\\u", "\\\\u00e9"]), st.integers(6, 20)).map(
    lambda part: part[0] * part[1]
)
codes = st.lists(st.one_of(hexes, regular, base64, escapes, st.sampled_from(["a", '"', " ", "\0", "é"])), max_size=6)


@settings(max_examples=120, deadline=None)
@given(st.lists(st.one_of(codes.map("".join), st.text()), max_size=3))
@example(["0x1f," * 8, "0x1f," * 7, "0x1f, " * 9, '"' + "\\x1f" * 9 + '"', '"' + "\\x1f" * 8, "1f " * 8, "_1f " * 9])
@example(["a" * 63, "a" * 64, "\\u00e9" * 7, "\\u00e9" * 8, "\\u00e9" * 8 + "\\u00", "", "1f\n" * 30])
@example(["字1f " * 9, "1f\u3000" * 8, "1f" + "\u3000" * 30, "1f 1f 1f 1f é 1f 1f 1f 1f 1f 1f 1f 1f字"])
def test_what_is_matched_is_what_the_published_expressions_match(texts: list[str]) -> None:
    assert measured(*texts) == [slow_measured(text) for text in texts]


@pytest.mark.parametrize("part", ["\\", "1f ", "0x1f,", "\\x1f", "\\u00e9", "a" * 63 + " ", "\n", " ", "é"])
def test_cost_grows_with_the_text_alone(part: str) -> None:
    """The text has a megabyte, for which quadratic time would be hours."""
    text = (part * (1_000_000 // len(part) + 1)) + "!"
    chars, longest = measured(text)[0]
    assert 0 <= longest <= chars <= len(text)
