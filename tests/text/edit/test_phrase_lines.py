"""The removal of lines by their phrases is compared with a slow way over strings."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tokenmill.text.edit import phrase_lines
from tokenmill.text.edit.line_edits import packed
from tokenmill.text.edit.phrase_lines import COUNTS, as_compared, filter_lines, phrase_automaton
from tokenmill.text.words.segment import text_array, text_buffer


def slow_filter(text: str, equal: set[str], contain: set[str], most: int) -> tuple[str, dict[str, int]]:
    counts, kept, cut = dict.fromkeys(COUNTS, 0), [], False
    for line in text.split("\n"):
        read, words = as_compared(line), len(line.split())
        counts["lines"] += words > 0
        counts["words"] += words
        is_equal = read in equal
        if is_equal or (words <= most and any(phrase in read for phrase in contain)):
            counts["equal_lines" if is_equal else "contain_lines"] += 1
            counts["removed_words"] += words
            cut = True
        elif words or not (cut and (not kept or not kept[-1].strip())):
            kept.append(line)
            cut = False
    return "\n".join(kept).strip() if sum(counts[f"{name}_lines"] for name in ("equal", "contain")) else text, counts


LETTERS = (
    "a",
    "b",
    "B",
    "ab",
    "aba",
    " ",
    "  ",
    "\u00a0",
    "\t",
    "É",
    "é",
    "字",
    "Я",
    "я",
    "İ",
    "Σ",
    "ς",
    "σ",
    "😀",
    "\x00",
)
phrases_of = st.lists(
    st.lists(st.sampled_from(LETTERS), min_size=1, max_size=5).map("".join).filter(str.strip), max_size=6
)
texts_of = st.lists(st.sampled_from((*LETTERS, "\n", "\n", "\n\n", "\r", "\u2028")), max_size=40).map("".join)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.one_of(texts_of, st.text()), max_size=4), phrases_of, phrases_of, st.integers(1, 4))
@example(["ab\n\na\nx\n\nb\n\nab", "x\n\nab\n\nx", "\n\nab\n x"], ["ab"], [], 1)
@example(["aab\nabab\nx aba x"], ["abab"], ["b a", "aba", "ba"], 9)
def test_lines_go_as_by_the_slow_way(texts: list[str], equal: list[str], contain: list[str], most: int) -> None:
    batch = pa.record_batch({"text": pa.array(texts, type=pa.large_string())})
    buffer, offsets = text_buffer(batch)
    edited = filter_lines(buffer, offsets, phrase_automaton(tuple(equal), tuple(contain)), max_contain_words=most)
    counts = [{name: int(edited.counts[name][row]) for name in COUNTS} for row in range(len(texts))]
    restored = np.arange(len(texts)) % 3 == 2
    after = text_array(*packed(edited, buffer, offsets, restored), like=batch.column("text")).to_pylist()
    spelt = {as_compared(phrase) for phrase in equal}, {as_compared(phrase) for phrase in contain}
    slow = [slow_filter(text, *spelt, most) for text in texts]
    assert counts == [slow_counts for _, slow_counts in slow]
    assert after == [text if keep else new for text, keep, (new, _) in zip(texts, restored, slow, strict=True)]


def test_phrases_too_many_to_hold_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrase_lines, "MOST_MOVES", 20)
    phrase_automaton.__wrapped__(("abc",), ())  # 4 states, and 5 letters including blank and "any other"
    with pytest.raises(ValueError, match="2 phrases with 5 different starts"):
        phrase_automaton.__wrapped__(("abc", "aba"), ())
