"""Sentences, counted from the words as spaCy's sentencizer does: one ends before the first word after a mark such as
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
    """The sentences of each document buffer[starts[r]:ends[r]], int64 (rows,): those of its lines, one or more each.

    A document without a byte has none. White space between words that is more than one blank counts as a word here.
    Words are split for this alone, some rows at a time: who edits a text would hold those of the text before as well.
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
    ended = False  # a mark has been seen, and no other word after it
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
    """Whether white space of so many bytes before text[end], after a word, counts as a word: it is not one blank."""
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
    """Compile or load the kernels of this module."""
    buffer, offsets, _ = tiny()
    sentence_counts(buffer, offsets[:-1], offsets[1:])
