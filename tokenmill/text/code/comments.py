"""Counts the characters of comments in source files, by the table in comment_syntax.py, in one pass without a parser.

It counts all characters of a comment: its marks and the text between them, with the line breaks inside a block. In
Python and similar languages, a string in triple quotes is a comment if only blanks are before it on its line, as before
a docstring. A comment mark inside a string does not count. A block or a long string without an end continues to the end
of the text.

Speed is 790 MB/s on one core for Python's standard library. For 190 of 201 of its files, the count differs from that of
`tokenize` and `ast` by less than 1 % of the text; for 75 of 76 C headers, from that of Pygments.
"""

from functools import cache

import numpy as np

from tokenmill.text.code.comment_syntax import (
    AT_LINE,
    AT_WORD,
    COMMENT,
    COMMENTS,
    ESCAPES,
    FREE,
    LONGEST,
    MOST_MARKS,
    NESTS,
    TO_LINE_END,
)
from tokenmill.text.kernel.arrays import Bytes, Longs, Offsets, Ulongs, Ushorts, int64
from tokenmill.text.kernel.cache import frozen, kernel, pointer
from tokenmill.text.kernel.points import eight_bytes, length_in_points
from tokenmill.text.words.segment import tiny

_OPENS, _OPEN_SIZE, _CLOSES, _CLOSE_SIZE, _FLAGS, _FIELDS = 0, 1, 2, 3, 4, 5


def comment_chars(buffer: Bytes, offsets: Offsets, languages: Longs) -> Longs:
    """Returns the number of code points in comments of each source file, int64 (rows,).

    languages: for each document the index of its language in COMMENTS, or -1 if it has none; its count is then 0.
    """
    counts = np.zeros(len(offsets) - 1, dtype=np.int64)
    _count_all(*_tables(), buffer, offsets, frozen(languages), counts)
    return counts


@cache
def _tables() -> tuple[Ushorts, Ulongs]:
    """Returns (the marks that begin with each byte, (languages * 256,); all marks, (languages * MOST_MARKS * fields,)).

    Both are flat and read-only. The first has one bit per mark. The marks of a language are sorted by length, the
    longest first.
    """
    firsts = np.zeros((len(COMMENTS), 256), dtype=np.uint16)
    fields = np.zeros((len(COMMENTS), MOST_MARKS, _FIELDS), dtype=np.uint64)
    for language, marks in enumerate(COMMENTS.values()):
        for at, mark in enumerate(sorted(marks, key=lambda mark: -len(mark.opens))):
            opens, closes = mark.opens.encode(), mark.closes.encode()
            if max(len(opens), len(closes)) > LONGEST:
                raise ValueError(f"{mark}: expected at most {LONGEST} bytes to open or close it")
            firsts[language, opens[0]] |= 1 << at
            numbers = (int.from_bytes(text, "little") for text in (opens, closes))
            fields[language, at, _OPENS], fields[language, at, _CLOSES] = numbers
            fields[language, at, _OPEN_SIZE], fields[language, at, _CLOSE_SIZE] = len(opens), len(closes)
            fields[language, at, _FLAGS] = mark.flags
    return frozen(firsts.ravel()), frozen(fields.ravel())


@kernel
def _count_all(
    first_table: Ushorts, mark_table: Ulongs, buffer: Bytes, offsets: Offsets, languages: Longs, counts: Longs
) -> None:
    firsts, marks, text = pointer(first_table), pointer(mark_table), pointer(buffer)
    for row in range(len(counts)):
        language = languages[row]
        if language >= 0:
            place = language * MOST_MARKS * _FIELDS
            counts[row] = _count(firsts, language * 256, marks, place, text, offsets[row], offsets[row + 1])


@kernel
def _count(firsts: Ushorts, first_at: int, marks: Ulongs, marks_at: int, text: Bytes, begin: int, end: int) -> int:
    chars = int64(0)
    i = begin
    while i < end:
        bits = int64(firsts[first_at + text[i]])
        if not bits:
            i += 1
            continue
        mark = marks_at
        while bits and not (bits & 1 and _opens(marks, mark, text, begin, i, end)):
            bits >>= 1
            mark += _FIELDS
        if not bits:
            i += 1
            continue
        stop = _behind(marks, mark, text, i, end)
        if marks[mark + _FLAGS] & np.uint64(COMMENT):
            chars += length_in_points(text, i, stop)
        i = stop
    return chars


@kernel
def _opens(marks: Ulongs, mark: int, text: Bytes, begin: int, at: int, end: int) -> bool:
    """Returns whether the mark is at `at` and its flags allow it there."""
    if not _stands(text, at, end, marks[mark + _OPENS], int64(marks[mark + _OPEN_SIZE])):
        return False
    flags = int64(marks[mark + _FLAGS])
    before = int64(text[at - 1]) if at > begin else int64(10)
    if flags & AT_WORD:
        return _ends_word(before)
    if flags & FREE:
        return not _holds(before)
    if flags & AT_LINE:
        at -= 1
        while at >= begin and (text[at] == 32 or text[at] == 9):  # linear: each blank is before at most one mark
            at -= 1
        return at < begin or text[at] == 10 or text[at] == 13
    return True


@kernel
def _ends_word(byte: int) -> bool:
    """Returns whether the byte is a blank, a control character or one of ;&|(){}[], ."""
    brackets = byte == 40 or byte == 41 or byte == 91 or byte == 93 or byte == 123 or byte == 125
    return byte <= 32 or brackets or byte == 59 or byte == 38 or byte == 124 or byte == 44


@kernel
def _holds(byte: int) -> bool:
    """Returns whether the byte is a letter (also any byte above 127), a digit or one of _.)]}'" ."""
    letter = 97 <= (byte | 32) <= 122 or 48 <= byte <= 57 or byte >= 128 or byte == 95
    closing = byte == 41 or byte == 93 or byte == 125 or byte == 46 or byte == 39 or byte == 34
    return letter or closing


@kernel
def _behind(marks: Ulongs, mark: int, text: Bytes, at: int, end: int) -> int:
    """Returns the end of the comment or string that the mark at `at` opens."""
    opens, size = marks[mark + _OPENS], int64(marks[mark + _OPEN_SIZE])
    closes, close_size = marks[mark + _CLOSES], int64(marks[mark + _CLOSE_SIZE])
    flags = int64(marks[mark + _FLAGS])
    first, close_first, depth = int64(text[at]), int64(closes & np.uint64(255)), 1
    at += size
    if not close_size and not flags & TO_LINE_END:
        return at
    while at < end:
        byte = int64(text[at])
        if flags & TO_LINE_END and (byte == 10 or byte == 13):
            return at
        if flags & ESCAPES and byte == 92:
            at += 2
        elif close_size and byte == close_first and _stands(text, at, end, closes, close_size):
            at += close_size
            depth -= 1
            if not depth:
                return at
        elif flags & NESTS and byte == first and _stands(text, at, end, opens, size):
            at += size
            depth += 1
        else:
            at += 1
    return end


@kernel
def _stands(text: Bytes, at: int, end: int, wanted: np.uint64, size: int) -> bool:
    return at + size <= end and eight_bytes(text, at, at + size, end) == wanted


def warm() -> None:
    """Compiles or loads the kernels of this module."""
    comment_chars(*tiny()[:2], np.zeros(1, dtype=np.int64))
