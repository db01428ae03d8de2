"""The line edits of DCLM: they remove lines from documents, and phrases from short lines.

Newlines separate lines. The case of ASCII letters makes no difference in phrases. Empty lines stay; lines of only white
space count as short.
"""

from typing import NamedTuple

import numpy as np

from tokenmill.text.edit.line_edits import Edited
from tokenmill.text.kernel.arrays import Bytes, Longs, Offsets, Ushorts, int64
from tokenmill.text.kernel.cache import frozen, kernel, pointer
from tokenmill.text.kernel.char_kinds import ALPHANUMERIC, DECIMAL, DIGIT, UPPER, char_kinds
from tokenmill.text.kernel.classes import SPACE, class_table
from tokenmill.text.kernel.points import point_at, point_before, stripped
from tokenmill.text.words.segment import tiny

COUNTS = (
    "lines",  # lines that are not empty
    "uppercase_lines",  # removed; each line counts for the first reason that applies
    "digit_lines",
    "counter_lines",
    "short_lines",
    "cut_lines",  # lines that lost a phrase
    "emptied_lines",  # removed because they consisted only of phrases
    "words",  # words between ASCII white space that begin with a letter or digit
    "removed_words",
)

_COUNTED = (
    *("likes", "shares", "comments", "retweets", "reposts", "quotes", "bookmarks", "upvotes", "downvotes"),
    *("downloads", "views", "followers"),
)
_PHRASES = ("items in cart", "read more", "sign-in", *_COUNTED)
_CART, _MORE, _SIGN = 0, 1, 2
_FIRST_COUNTED, _LAST_COUNTED = 3, len(_PHRASES) - 1


class LineThresholds(NamedTuple):
    """Thresholds for a line. Ratios are shares of its code points; white space separates words."""

    max_uppercase_ratio: float
    max_digit_ratio: float
    min_words: int
    max_phrase_words: int  # phrases are cut only out of lines of at most this many words
    max_newlines: int  # largest number in a row; 0 means any number
    counters: bool  # remove lines such as `3 likes`


class _Tables(NamedTuple):
    classes: Ushorts
    kinds: Bytes
    phrases: Bytes
    bounds: Offsets


def edit_dclm_lines(buffer: Bytes, offsets: Offsets, thresholds: LineThresholds) -> Edited:
    """Returns the documents without the lines that break a threshold of DCLM, and without the phrases of DCLM.

    Counts are COUNTS.
    """
    rows = len(offsets) - 1
    coded = [phrase.encode() for phrase in _PHRASES]
    tables = _Tables(
        class_table(),
        char_kinds(),
        frozen(np.frombuffer(b"".join(coded), dtype=np.uint8)),
        frozen(np.cumsum([0, *map(len, coded)], dtype=np.int64)),
    )
    out = np.empty(int(offsets[-1] - offsets[0]), dtype=np.uint8)
    ranges, counts = np.zeros((rows, 2), dtype=np.int64), np.zeros((rows, len(COUNTS)), dtype=np.int64)
    _edit(tables, buffer, offsets, thresholds, out, ranges, counts)
    starts, ends = (frozen(np.ascontiguousarray(ranges[:, i])) for i in range(2))
    return Edited(out, starts, ends, {name: counts[:, i] for i, name in enumerate(COUNTS)})


@kernel
def _edit(
    table_arrays: _Tables,
    buffer: Bytes,
    offsets: Offsets,
    thresholds: LineThresholds,
    out: Bytes,
    ranges: Longs,
    counts: Longs,
) -> None:
    tables = _Tables(
        pointer(table_arrays.classes),
        pointer(table_arrays.kinds),
        pointer(table_arrays.phrases),
        pointer(table_arrays.bounds),
    )
    text, written = pointer(buffer), pointer(out)
    for row in range(len(ranges)):
        begin = offsets[row] - offsets[0]
        start, end = stripped(tables.classes, text, offsets[row], offsets[row + 1])
        stop = _edit_text(tables, text, start, end, thresholds, written, begin, counts[row])
        ranges[row, 0], ranges[row, 1] = stripped(tables.classes, written, begin, stop)


@kernel
def _edit_text(
    tables: _Tables, text: Bytes, start: int, end: int, thresholds: LineThresholds, out: Bytes, at: int, counts: Longs
) -> int:
    """Writes the part of text[start:end] that stays to out[at:]. Returns its end."""
    begin = at
    breaks = int64(0)  # line breaks since the last line that was written
    while start < end:
        i = start
        while i < end and text[i] != 10:
            i += 1
        reason, line_words, words = _judged(tables, text, start, i, thresholds)
        counts[0] += i > start
        counts[7] += words
        if reason:
            counts[reason] += 1
            counts[8] += words
        elif i == start:
            breaks += 1
        else:
            place = at + (_capped(breaks, thresholds.max_newlines) if at > begin else 0)
            stop = place + i - start
            for k in range(i - start):
                out[place + k] = text[start + k]
            if line_words <= thresholds.max_phrase_words:
                stop = _cut(tables, out, place, stop, words, counts)
            if stop > place:
                for k in range(at, place):
                    out[k] = 10
                at, breaks = stop, int64(1)
        start = i + 1
    return at


@kernel
def _capped(breaks: int, most: int) -> int:
    return min(breaks, most) if most else breaks


@kernel
def _judged(tables: _Tables, text: Bytes, start: int, end: int, thresholds: LineThresholds) -> tuple[int, int, int]:
    """Returns (why the line is removed, as an index in COUNTS, or 0; its words; its words for the count `words`)."""
    points = uppers = digits = line_words = words = int64(0)
    inside = counted = False
    i = start
    while i < end:
        point, size = point_at(text, i, end)
        kind = tables.kinds[point]
        points += 1
        uppers += (kind & UPPER) != 0
        digits += (kind & DIGIT) != 0
        space = tables.classes[point] & SPACE != 0
        line_words += not space and not inside
        inside = not space
        blank = point == 32 or 9 <= point <= 13 or point == 0
        words += not blank and not counted and (kind & ALPHANUMERIC) != 0
        counted = not blank
        i += size
    reason = int64(0)
    if points == 0:
        reason = int64(0)
    elif uppers / points > thresholds.max_uppercase_ratio:
        reason = int64(1)
    elif digits / points > thresholds.max_digit_ratio:
        reason = int64(2)
    elif thresholds.counters and _is_counter(tables, text, start, end):
        reason = int64(3)
    elif line_words < thresholds.min_words:
        reason = int64(4)
    return reason, line_words, words


@kernel
def _is_counter(tables: _Tables, text: Bytes, start: int, end: int) -> bool:
    """Returns whether the line is a number, perhaps with K, M or B, and a counted noun, such as `1.2K likes`."""
    i = _after_marks(tables, text, start, end)
    point, size = point_at(text, i, end) if i < end else (int64(0), int64(0))
    if not tables.kinds[point] & DECIMAL:
        return False
    while i < end and (tables.kinds[point] & DECIMAL or point == 44 or point == 46):
        i += size
        point, size = point_at(text, i, end) if i < end else (int64(0), int64(0))
    if i < end and _lower(text[i]) in (107, 109, 98):
        i += 1
    blanks = i
    while i < end:
        point, size = point_at(text, i, end)
        if not tables.classes[point] & SPACE:
            break
        i += size
    if i == blanks:
        return False
    for number in range(_FIRST_COUNTED, _LAST_COUNTED + 1):
        length = tables.bounds[number + 1] - tables.bounds[number]
        if _holds(tables, text, i, end, number) and _after_marks(tables, text, i + length, end) == end:
            return True
    return False


@kernel
def _after_marks(tables: _Tables, text: Bytes, i: int, end: int) -> int:
    """Returns the first place from i on with a letter, digit or underscore, or `end`."""
    while i < end:
        point, size = point_at(text, i, end)
        if tables.kinds[point] & ALPHANUMERIC or point == 95:
            break
        i += size
    return i


@kernel
def _cut(tables: _Tables, out: Bytes, start: int, end: int, words: int, counts: Longs) -> int:
    """Cuts the phrases out of the line out[start:end]. Returns its new end, `start` if nothing is left."""
    stop = _cut_anywhere(tables, out, start, end)
    stop = _cut_off_end(tables, out, start, stop)
    stop = _cut_off_start(tables, out, start, stop)
    if stop == end:
        return end
    low, high = stripped(tables.classes, out, start, stop)
    if low == high:
        counts[6] += 1
        counts[8] += words
        return start
    counts[5] += 1
    counts[8] += words - _counted_words(tables, out, start, stop)
    return stop


@kernel
def _cut_anywhere(tables: _Tables, out: Bytes, start: int, end: int) -> int:
    """Cuts out each "items in cart" and a white-space character before it. Returns the new end."""
    length = tables.bounds[_CART + 1] - tables.bounds[_CART]
    i = at = start
    while i < end:
        point, size = point_at(out, i, end)
        blank = size if tables.classes[point] & SPACE else int64(0)
        if blank and _holds(tables, out, i + blank, end, _CART):
            i += blank + length
        elif _holds(tables, out, i, end, _CART):
            i += length
        else:
            for k in range(size):
                out[at + k] = out[i + k]
            at, i = at + size, i + size
    return at


@kernel
def _cut_off_end(tables: _Tables, out: Bytes, start: int, end: int) -> int:
    """Cuts off "read more", any three characters after it (mostly dots), and a white-space character before it. Returns
    the new end.
    """
    tail = end
    for _ in range(3):
        if tail == start:
            return end
        _, tail = point_before(out, start, tail)
    low = tail - (tables.bounds[_MORE + 1] - tables.bounds[_MORE])
    if low < start or not _holds(tables, out, low, tail, _MORE):
        return end
    point, before = point_before(out, start, low)
    return before if low > start and tables.classes[point] & SPACE else low


@kernel
def _cut_off_start(tables: _Tables, out: Bytes, start: int, end: int) -> int:
    """Cuts off "sign-in" at the start and a white-space character after it. Returns the new end."""
    if not _holds(tables, out, start, end, _SIGN):
        return end
    i = start + tables.bounds[_SIGN + 1] - tables.bounds[_SIGN]
    if i < end:
        point, size = point_at(out, i, end)
        i += size if tables.classes[point] & SPACE else 0
    for k in range(end - i):
        out[start + k] = out[i + k]
    return int64(start + end - i)


@kernel
def _counted_words(tables: _Tables, text: Bytes, start: int, end: int) -> int:
    words = int64(0)
    inside = False
    while start < end:
        point, size = point_at(text, start, end)
        blank = point == 32 or 9 <= point <= 13 or point == 0
        words += not blank and not inside and (tables.kinds[point] & ALPHANUMERIC) != 0
        inside = not blank
        start += size
    return words


@kernel
def _holds(tables: _Tables, text: Bytes, i: int, end: int, number: int) -> bool:
    """Returns whether the phrase with this number is at text[i]. Case makes no difference."""
    first = tables.bounds[number]
    length = tables.bounds[number + 1] - first
    if i + length > end:
        return False
    k = int64(0)
    while k < length and _lower(text[i + k]) == tables.phrases[first + k]:
        k += 1
    return bool(k == length)


@kernel
def _lower(byte: int) -> int:
    return byte + 32 if 65 <= byte <= 90 else byte


def warm() -> None:
    """Compiles or loads the kernels of this module."""
    buffer, offsets, _ = tiny()
    edit_dclm_lines(buffer, offsets, LineThresholds(0.5, 0.999999, 2, 10, 2, True))
