"""Counts sentences from words, as spaCy's sentencizer does: a sentence ends before the first word after a mark such as
`.`.
"""

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, Longs, Offsets, Ushorts, int64
from tokenmill.text.kernel.cache import frozen, kernel, pointer
from tokenmill.text.kernel.classes import PUNCTUATION, SENTENCE, class_table
from tokenmill.text.kernel.codes import next_word
from tokenmill.text.kernel.points import point_at
from tokenmill.text.words.segment import segment, tiny

_BATCH_BYTES = 4 << 20


def sentence_counts(buffer: Bytes, starts: Offsets, ends: Offsets) -> Longs:
    """Returns the number of sentences of each document buffer[starts[r]:ends[r]], int64 (rows,).

    It is the sum over the lines of the document, and each line has at least one. An empty document has no sentence.
    White space between words counts as a word here if it is not a single blank. The words are split only for this
    count, some rows at a time: a step that edits texts would otherwise keep the words of the old texts in memory too.
    """
    counts = np.zeros(len(starts), dtype=np.int64)
    sizes = np.cumsum(ends - starts)
    first = 0
    while first < len(starts):
        before = int(sizes[first - 1]) if first else 0
        last = max(first + 1, int(np.searchsorted(sizes, before + _BATCH_BYTES)))
        rows = slice(first, last)
        split = segment(buffer, starts[rows], ends[rows])
        coded = (frozen(split.codes), split.code_starts, split.code_ends)
        _count(class_table(), frozen(buffer), starts[rows], ends[rows], *coded, counts[rows])
        first = last
    return counts


@kernel
def _count(
    class_table: Ushorts,
    buffer: Bytes,
    starts: Offsets,
    ends: Offsets,
    code_array: Bytes,
    code_starts: Offsets,
    code_ends: Offsets,
    counts: Longs,
) -> None:
    classes, text, codes = pointer(class_table), pointer(buffer), pointer(code_array)
    for row in range(len(starts)):
        if ends[row] > starts[row]:
            at, end = code_starts[row], code_ends[row]
            counts[row] = _sentences(classes, text, starts[row], ends[row], codes, at, end)


@kernel
def _sentences(classes: Ushorts, text: Bytes, base: int, limit: int, codes: Bytes, at: int, end: int) -> int:
    sentences = int64(1)
    ended = False  # a mark has been seen, and after it only punctuation
    position = int64(0)
    while at < end:
        before = position
        at, start, position = next_word(codes, at, before)
        blanks = int64(0)  # bytes of white space since the last word or newline
        for i in range(base + before, base + start):
            if text[i] == 10:
                sentences += 1 + (ended and _is_piece(text, i, blanks))
                ended, blanks = False, int64(0)
            else:
                blanks += 1
        low, high = base + start, base + position
        if ended and _is_piece(text, low, blanks):
            sentences += 1
            ended = False
        point, size = point_at(text, low, high)
        if size == high - low and classes[point] & SENTENCE:
            ended = True
        elif ended and not _is_punctuation(classes, text, low, high):
            sentences += 1
            ended = False
    blanks = int64(0)
    for i in range(base + position, limit):
        if text[i] == 10:
            sentences += 1 + (ended and _is_piece(text, i, blanks))
            ended, blanks = False, int64(0)
        else:
            blanks += 1
    return sentences + (ended and _is_piece(text, limit, blanks))


@kernel
def _is_piece(text: Bytes, end: int, blanks: int) -> bool:
    """Returns whether the `blanks` bytes of white space that end at text[end] count as a word: not for one blank."""
    return blanks > 1 or (blanks == 1 and text[end - 1] != 32)


@kernel
def _is_punctuation(classes: Ushorts, text: Bytes, start: int, end: int) -> bool:
    while start < end:
        point, size = point_at(text, start, end)
        if not classes[point] & PUNCTUATION:
            return False
        start += size
    return True


def warm() -> None:
    """Compiles or loads the kernels of this module."""
    buffer, offsets, _ = tiny()
    sentence_counts(buffer, offsets[:-1], offsets[1:])
