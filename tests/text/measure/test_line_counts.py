"""Counts for the FineWeb rules are compared with a slow count over strings."""

import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tokenmill.text.kernel.classes import TERMINAL_MARKS
from tokenmill.text.measure.line_counts import COUNTS, line_counts
from tokenmill.text.words.segment import text_buffer, words


def slow_counts(text: str, pieces: int, short: int) -> dict[str, int]:
    lines = [line for line in text.split("\n") if line.strip()]
    return {
        "lines": len(lines),
        "ended_lines": sum(line[-1] in TERMINAL_MARKS for line in lines),
        "short_lines": sum(len(line) <= short for line in lines),
        "duplicate_line_chars": sum(len(line) for i, line in enumerate(lines) if line in lines[:i]),
        "chars": len(text.replace("\n", "")),
        "newlines": text.count("\n"),
        "words_and_symbols": pieces,
    }


parts = st.sampled_from(
    ["a", "bc ", "é", "字", "。", ".", "!", "…", "\U00011f43", "\n", "\n\n", "\r", "\u2028", " ", "\u3000"]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.one_of(st.lists(parts, max_size=40).map("".join), st.text()), max_size=4), st.integers(0, 5))
@example(["", "\n", "\n\n \n", "a\n\na", "a."], 1)
def test_counts_are_those_of_the_slow_count(texts: list[str], short: int) -> None:
    batch, split = words(pa.record_batch({"text": pa.array(texts, type=pa.large_string())}))
    counts = line_counts(*text_buffer(batch), split, short)
    for row, text in enumerate(texts):
        pieces = int(split.offsets[row + 1] - split.offsets[row])
        assert {name: int(counts[name][row]) for name in COUNTS} == slow_counts(text, pieces, short)
