"""The line edits of C4 are compared with slow edits over strings."""

import re

import numpy as np
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tokenmill.text.edit.line_edits import COUNTS, edit_c4_lines, packed
from tokenmill.text.words.segment import text_array, text_buffer

CITATION = re.compile(r"\[[0-9]*\]|\[edit\]|\[citation needed\]")
POLICY = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")
LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def slow_edit(
    text: str, *, least: int, most: int, terminal: bool, citations: bool, lorem: int
) -> tuple[str, dict[str, int]]:
    counts, kept = dict.fromkeys(COUNTS, 0), []
    for raw in text.splitlines():
        line = raw.strip()
        words = line.split()
        counts["lines"] += 1
        line = CITATION.sub("", line) if citations else line
        low = line.translate(LOWER)
        unfit = len(words) < least or any(len(word) > most for word in words)
        unfit |= terminal and (not line.endswith((".", "?", "!", '"', "'")) or line.endswith("..."))
        if not unfit:
            counts["lorem_lines"] += "lorem ipsum" in low
            unfit = "javascript" in low
        if not unfit:
            counts["curly_lines"] += "{" in line and counts["lorem_lines"] <= lorem
            unfit = any(phrase in low for phrase in POLICY)
        if unfit:
            counts["removed_lines"] += 1
        else:
            kept.append(line)
    return "\n".join(kept).strip(), counts


PIECES = (
    *(
        *POLICY,
        "Privacy POLICY",
        "JavaScript",
        "java",
        "script",
        "lorem ipsum",
        "Lorem Ipsum",
        "lorem",
        " ipsum",
        "{",
        "}",
    ),
    *(
        "[1]",
        "[]",
        "[12",
        "]",
        "[edit]",
        "[Edit]",
        "[citation needed]",
        "[",
        "...",
        ".",
        "!",
        '"',
        "a",
        "word",
        "字",
        "é",
    ),
    *(" ", " ", " ", "  ", "\n", "\n", "\r\n", "\x0b", "\x85", "\u2028", "\u00a0", "\t"),
)
pieces = st.sampled_from(PIECES)


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.one_of(st.lists(pieces, max_size=40).map("".join), st.text()), max_size=4),
    st.integers(0, 3),
    st.sampled_from([0, 3, 10, 1000]),
    st.booleans(),
    st.booleans(),
    st.integers(0, 2),
)
@example(["[1] a b. [2]\n[1] [2] [3]\nc [edit]d e!", "", "\n"], 3, 1000, True, True, 0)
def test_edits_are_those_of_the_slow_edit(
    texts: list[str], least: int, most: int, terminal: bool, citations: bool, lorem: int
) -> None:
    batch = pa.record_batch({"text": pa.array(texts, type=pa.large_string())})
    buffer, offsets = text_buffer(batch)
    both = {"terminal": terminal, "citations": citations}
    edited = edit_c4_lines(buffer, offsets, min_words=least, max_word_chars=most, max_lorem_lines=lorem, **both)
    restored = np.arange(len(texts)) % 3 == 2
    counts = [{name: int(edited.counts[name][row]) for name in COUNTS} for row in range(len(texts))]
    after = text_array(*packed(edited, buffer, offsets, restored), like=batch.column("text")).to_pylist()
    slow = [slow_edit(text, least=least, most=most, lorem=lorem, **both) for text in texts]
    assert counts == [slow_counts for _, slow_counts in slow]
    assert after == [text if keep else new for text, keep, (new, _) in zip(texts, restored, slow, strict=True)]
