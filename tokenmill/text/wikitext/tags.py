"""Handles tags, comments, entities and magic words of wikitext."""

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, int64, uint8
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.wikitext.names import BLOCK, BLOCK_RAW, CELL, ITEM, MATH, NONE, RAISED, SKIP, Names
from tokenmill.text.wikitext.state import (
    AT,
    END,
    OUT_FROM,
    PUT,
    TABLE,
    Work,
    find,
    folded_hash,
    put_byte,
    put_mark,
    put_point,
    top,
)

_NAME_BYTES, _TAG_BYTES = 20, 4096


@kernel
def tag(w: Work, names: Names) -> None:
    """At `<` in wikitext: skips a comment, or skips an element's `<…>` and applies its effect.

    Any other `<` is text.
    """
    data, at, end = w.data, w.state[AT], w.state[END]
    if at + 3 < end and data[at + 1] == 33 and data[at + 2] == 45 and data[at + 3] == 45:
        w.state[AT] = _end_of_comment(w, at + 4)
        put_mark(w)
        return
    closing = at + 1 < end and data[at + 1] == 47
    start = at + 1 + closing
    stop = start
    while stop < end and stop - start < _NAME_BYTES and _is_letter(data[stop]):
        stop += 1
    found = find(names.tags, folded_hash(data, start, stop)) if stop > start else int64(-1)
    behind = _end_of_tag(data, stop, end) if found >= 0 else int64(-1)
    if behind < 0:
        put_byte(w, uint8(60))
        w.state[AT] = at + 1
        return
    w.state[AT] = behind
    action = names.tag_actions[found]
    if action <= BLOCK_RAW:
        if not closing and data[behind - 2] != 47:
            _content(w, names, action, found, start, stop)
        return
    _act(w, action, closing)


@kernel
def _act(w: Work, action: int, closing: bool) -> None:
    """Writes the effect of a tag whose content is read like other text."""
    if action == NONE:
        return
    if action == RAISED:
        if not closing and _is_exponent(w):
            put_byte(w, uint8(94))
    elif action == CELL:
        if not closing and w.state[PUT] > w.state[OUT_FROM] and w.out[w.state[PUT] - 1] > 10:
            put_byte(w, uint8(9))
    else:
        line_break(w)
        if action == ITEM and not closing and top(w) != TABLE:
            put_byte(w, uint8(45))
            put_byte(w, uint8(32))
        if action == BLOCK:
            line_break(w)


@kernel
def line_break(w: Work) -> None:
    """Ends the line of the text that is made from wikitext, at `<br>` and elements that begin a line.

    In a table cell, writes a space.
    """
    if top(w) == TABLE:
        put_byte(w, uint8(32))
        return
    put_byte(w, uint8(10))


@kernel
def _is_exponent(w: Work) -> bool:
    """Returns True if raised text is an exponent: digits, maybe signed, after a letter, digit or bracket; not `1st`."""
    data, at, put = w.data, w.state[AT], w.state[PUT]
    if at + 2 < w.state[END] and data[at] == 0xE2 and data[at + 1] == 0x88 and data[at + 2] == 0x92:  # −
        at += 3
    elif at < w.state[END] and (data[at] == 45 or data[at] == 43):
        at += 1
    if at >= w.state[END] or not 48 <= data[at] <= 57 or put == 0:
        return False
    before = w.out[put - 1]
    return 48 <= before <= 57 or before == 41 or _is_letter(before)


@kernel
def _content(w: Work, names: Names, action: int, found: int, start: int, stop: int) -> None:
    """Handles the content of a tag that was just read, up to its end tag. Without one, only the tag is removed."""
    first = w.state[AT]
    last, behind = _end_tag(w, found, start, stop, action == SKIP)
    if last < 0:
        return
    if action == BLOCK_RAW:
        line_break(w)
    if action == MATH:
        put_byte(w, uint8(36))
        while first < last and w.data[first] <= 32:
            first += 1
        while last > first and w.data[last - 1] <= 32:
            last -= 1
    w.state[AT] = first
    if action != SKIP:
        _copy_raw(w, names, last, action == BLOCK_RAW)
    if action == MATH:
        put_byte(w, uint8(36))
    if action == BLOCK_RAW:
        line_break(w)
    w.state[AT] = behind


@kernel
def _copy_raw(w: Work, names: Names, last: int, lines: bool) -> None:
    """Writes data[AT:last], decoding only entities. lines: keep line feeds; otherwise they become spaces."""
    end = w.state[END]
    w.state[END] = last
    while w.state[AT] < last:
        byte = w.data[w.state[AT]]
        if byte == 38:
            entity(w, names)
            continue
        if byte == 10 and not lines:
            byte = uint8(32)
        if byte >= 32 or byte == 9 or byte == 10:
            put_byte(w, byte)
        w.state[AT] += 1
    w.state[END] = end


@kernel
def _end_tag(w: Work, found: int, start: int, stop: int, alone: bool) -> tuple[int, int]:
    """Returns (start of the end tag, position after it) of the tag data[start:stop] just read; (-1, -1) without one.

    alone: the tag does not nest, so if another one comes before the end tag, this one has no end tag. If there is no
    end tag in the rest of the document, it is not searched again. Otherwise the time for a page of `<math>` would grow
    with the square of its length.
    """
    data, end, size = w.data, w.state[END], stop - start
    if w.absent[found]:
        return int64(-1), int64(-1)
    i = w.state[AT]
    while i + size + 1 < end:
        if data[i] == 60:
            closing = data[i + 1] == 47
            same = (closing or alone) and i + 1 + closing + size <= end
            k = int64(0)
            while same and k < size:
                same = data[i + 1 + closing + k] | 32 == data[start + k] | 32
                k += 1
            after = i + 1 + closing + size
            if same and not (after < end and _is_letter(data[after])):
                behind = _end_of_tag(data, after, end)
                if closing:
                    return i, (behind if behind >= 0 else after)
                if behind >= 0 and data[behind - 2] != 47:
                    return int64(-1), int64(-1)
        i += 1
    w.absent[found] = 1
    return int64(-1), int64(-1)


@kernel
def _end_of_tag(data: Bytes, at: int, end: int) -> int:
    """Returns the position after the `>` of a tag whose name ends at `at`, or -1 if a `<` comes first."""
    if at < end and not (data[at] == 62 or data[at] == 47 or data[at] <= 32):
        return int64(-1)
    for i in range(at, min(end, at + _TAG_BYTES)):
        byte = data[i]
        if byte == 62:
            return i + 1
        if byte == 60:
            return int64(-1)
    return int64(-1)


@kernel
def _end_of_comment(w: Work, at: int) -> int:
    data, end = w.data, w.state[END]
    while at + 2 < end:
        if data[at + 2] == 62 and data[at + 1] == 45 and data[at] == 45:
            return at + 3
        at += 1
    return int64(end)


@kernel
def entity(w: Work, names: Names) -> None:
    """At `&` in wikitext: writes the character of a reference such as `&nbsp;`.

    An `&` that does not begin an entity is text.
    """
    data, at, end = w.data, w.state[AT], w.state[END]
    numeric = at + 1 < end and data[at + 1] == 35
    point, i = _number(data, at + 2, end) if numeric else _named(data, at + 1, end, names)
    if point < 0:
        put_byte(w, uint8(38))
        w.state[AT] = at + 1
        return
    put_point(w, point)
    w.state[AT] = i


@kernel
def _named(data: Bytes, at: int, end: int, names: Names) -> tuple[int, int]:
    value = np.uint64(0xCBF29CE484222325)
    start = at
    while at < end and at - start < 10 and (_is_letter(data[at]) or 48 <= data[at] <= 57):
        value = (value ^ np.uint64(data[at])) * np.uint64(0x100000001B3)
        at += 1
    if at == start or at >= end or data[at] != 59:
        return int64(-1), at
    found = find(names.entities, value)
    return (names.points[found] if found >= 0 else int64(-1)), at + 1


@kernel
def _number(data: Bytes, at: int, end: int) -> tuple[int, int]:
    hexadecimal = at < end and (data[at] | 32) == 120
    at += hexadecimal
    start = at
    point = int64(0)
    while at < end and at - start < 8:
        byte = data[at]
        if 48 <= byte <= 57:
            digit = int64(byte) - 48
        elif hexadecimal and 97 <= (byte | 32) <= 102:
            digit = int64(byte | 32) - 87
        else:
            break
        point = point * (16 if hexadecimal else 10) + digit
        at += 1
    if at == start or at >= end or data[at] != 59:
        return int64(-1), at
    return point, at + 1


@kernel
def underscores(w: Work, names: Names) -> None:
    """At `_` in wikitext: skips a magic word such as `__NOTOC__`. Any other `_` is text."""
    data, at, end = w.data, w.state[AT], w.state[END]
    if at + 1 < end and data[at + 1] == 95:
        i = at + 2
        wide = False
        while i + 1 < end and i - at < 60 and not (data[i] == 95 and data[i + 1] == 95):
            if data[i] <= 32 or 97 <= data[i] <= 122:
                i = end
                break
            wide |= data[i] >= 0x80
            i += 1
        ends = i + 1 < end and i > at + 2 and data[i] == 95 and data[i + 1] == 95
        if ends and (wide or find(names.magic, folded_hash(data, at + 2, i)) >= 0):
            w.state[AT] = i + 2
            put_mark(w)
            return
    put_byte(w, uint8(95))
    w.state[AT] = at + 1


@kernel
def _is_letter(byte: int) -> bool:
    return 97 <= (byte | 32) <= 122 or 48 <= byte <= 57
