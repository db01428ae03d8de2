"""Counts for the Gopher quality rules are compared with a slow count over strings."""

import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tokenmill.text.kernel import classes
from tokenmill.text.measure.word_counts import COUNTS, word_counts
from tokenmill.text.words.lexicon import word_set
from tokenmill.text.words.segment import text_buffer, words

STOP_WORDS = ("the", "be", "é", "a")
MARKS = {chr(point) for point in range(0x110000) if classes.class_table()[point] & classes.MARK}


def slow_counts(text: str, found: list[str]) -> dict[str, int]:
    lines = text.splitlines()
    solid = [word for word in found if any(character not in MARKS for character in word)]
    return {
        "words_and_symbols": len(found),
        "words": len(solid),
        "word_chars": sum(map(len, solid)),
        "with_letters": sum(any(character.isalpha() for character in word) for word in found),
        "stop_words": len({*STOP_WORDS} & {*found}),
        "hashes": text.count("#"),
        "ellipses": text.count("...") + text.count("…"),
        "lines": len(lines),
        "bullet_lines": sum(line.lstrip().startswith(("•", "-")) for line in lines),
        "ellipsis_lines": sum(line.rstrip().endswith(("...", "…")) for line in lines),
    }


PIECES = (
    *("the ", "be", "é ", "a", "#", "...", "…", "..", ".", "•", "-", "1 ", "字", "e\u0301", "🙂", "\x00"),
    *("\n", "\r", "\r\n", "\x0b", "\x1c", "\x85", "\u2028", "\u2029", " ", "\u00a0", "\u3000"),
)
pieces = st.sampled_from(PIECES)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.one_of(st.lists(pieces, max_size=30).map("".join), st.text()), max_size=4))
@example(["", " \u00a0- \n", "… \u3000\n…", "....... ", "\r\n\r"])
def test_counts_are_those_of_the_slow_count(texts: list[str]) -> None:
    batch, split = words(pa.record_batch({"text": pa.array(texts, type=pa.large_string())}))
    counts = word_counts(*text_buffer(batch), split, word_set(STOP_WORDS))
    for row, text in enumerate(texts):
        first, last = split.offsets[row], split.offsets[row + 1]
        spans = zip(split.starts[first:last], split.ends[first:last], strict=True)
        found = [text.encode()[start:end].decode() for start, end in spans]
        assert {name: int(counts[name][row]) for name in COUNTS} == slow_counts(text, found)


def test_a_stop_word_list_may_be_empty_or_long() -> None:
    batch, split = words(pa.record_batch({"text": pa.array(["w7 w7 w8 none"], type=pa.large_string())}))
    for stop_words, expected in (((), 0), (tuple(f"w{number}" for number in range(1000)), 2)):
        assert word_counts(*text_buffer(batch), split, word_set(stop_words))["stop_words"].tolist() == [expected]
