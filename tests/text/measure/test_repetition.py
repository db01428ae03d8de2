"""Repetition counts are compared with a slow count over strings."""

import re
from collections import Counter

import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tokenmill.text.measure.repetition import COUNTS, repetition_counts
from tokenmill.text.words.segment import text_buffer, words

Text = list[str]


def seen_before(parts: list[str]) -> tuple[int, int]:
    again = [part for i, part in enumerate(parts) if part in set(parts[:i])]
    return len(again), sum(map(len, again))


def top_chars(found: Text, n: int) -> int:
    grams = [tuple(found[i : i + n]) for i in range(len(found) - n + 1)]
    if not grams:
        return 0
    best, times = Counter(grams).most_common(1)[0]  # the first one of the most frequent grams
    return len(" ".join(best)) * times


def duplicate_chars(found: Text, n: int) -> int:
    seen, chars, i = set(), 0, 0
    while i < len(found) - n + 1:
        gram = tuple(found[i : i + n])
        if gram in seen:
            chars += len("".join(gram))
            i += n
        else:
            seen.add(gram)
            i += 1
    return chars


def slow_counts(text: str, found: Text) -> dict[str, int]:
    paragraphs, lines = re.split(r"\n{2,}", text.strip()), re.split(r"\n+", text)
    duplicate_paragraphs, duplicate_lines = seen_before(paragraphs), seen_before(lines)
    return {
        "chars": len(text),
        "paragraphs": len(paragraphs),
        "duplicate_paragraphs": duplicate_paragraphs[0],
        "duplicate_paragraph_chars": duplicate_paragraphs[1],
        "lines": len(lines),
        "duplicate_lines": duplicate_lines[0],
        "duplicate_line_chars": duplicate_lines[1],
        **{f"top_{n}_gram_chars": top_chars(found, n) for n in (2, 3, 4)},
        **{f"duplicate_{n}_gram_chars": duplicate_chars(found, n) for n in (5, 6, 7, 8, 9, 10)},
    }


def both_counts(texts: Text) -> tuple[list[dict[str, int]], list[dict[str, int]]]:
    batch, split = words(pa.record_batch({"text": pa.array(texts, type=pa.large_string())}))
    counts = repetition_counts(*text_buffer(batch), split)
    ours = [{name: int(counts[name][row]) for name in COUNTS} for row in range(len(texts))]
    found = []
    for row, text in enumerate(texts):
        first, last = split.offsets[row], split.offsets[row + 1]
        spans = zip(split.starts[first:last], split.ends[first:last], strict=True)
        found.append([text.encode()[start:end].decode() for start, end in spans])
    return ours, [slow_counts(text, text_words) for text, text_words in zip(texts, found, strict=True)]


pieces = st.sampled_from(
    ["a ", "b ", "ab ", "é ", "字 ", "longer-than-eight ", "longer-than-nine ", ". ", "\n", "\n\n", "\u2028"]
)
texts = st.one_of(st.lists(pieces, max_size=60).map("".join), st.text(st.sampled_from("ab \n"), max_size=80), st.text())


@settings(max_examples=250, deadline=None)
@given(st.lists(texts, max_size=4))
@example(["", "\n", "\n\n\n", "\na\n\na\n", "x", " \n\n a \n\n a"])
def test_counts_are_those_of_the_slow_count(several: Text) -> None:
    ours, slow = both_counts(several)
    assert ours == slow


def test_many_different_words_make_the_tables_grow() -> None:
    different = " ".join(f"w{number}" for number in range(20_000))
    ours, slow = both_counts([different + " " + different[:5000]])
    assert ours == slow
