"""Reads UTF-8 in kernels, one code point at a time, forwards and backwards."""

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, Ushorts, int64
from tokenmill.text.kernel.cache import inlined, kernel
from tokenmill.text.kernel.classes import SPACE

_LOW_BITS = np.uint64(0x0101010101010101)
_HIGH_BITS = np.uint64(0x8080808080808080)


@inlined
def point_at(buffer: Bytes, i: int, end: int) -> tuple[int, int]:
    """Returns (code point, its length in bytes) of the UTF-8 at buffer[i].

    A byte that starts no UTF-8 sequence is U+FFFD, 1.
    """
    lead = int64(buffer[i])
    if lead < 0x80:
        return lead, int64(1)
    if 0xC0 <= lead < 0xE0 and i + 1 < end:
        return (lead & 0x1F) << 6 | int64(buffer[i + 1]) & 0x3F, int64(2)
    if 0xE0 <= lead < 0xF0 and i + 2 < end:
        return (lead & 0xF) << 12 | (int64(buffer[i + 1]) & 0x3F) << 6 | int64(buffer[i + 2]) & 0x3F, int64(3)
    if 0xF0 <= lead < 0xF5 and i + 3 < end:
        high = (lead & 7) << 18 | (int64(buffer[i + 1]) & 0x3F) << 12
        point = high | (int64(buffer[i + 2]) & 0x3F) << 6 | int64(buffer[i + 3]) & 0x3F
        return min(point, 0x10FFFF), int64(4)
    return int64(0xFFFD), int64(1)


@inlined
def point_before(buffer: Bytes, low: int, end: int) -> tuple[int, int]:
    """Returns (code point, start) of the UTF-8 character that ends at `end` and starts at low or after it.

    Returns (0, low) if there is none.
    """
    if end <= low:
        return int64(0), low
    i = end - 1
    while i > low and end - i < 4 and buffer[i] & 0xC0 == 0x80:
        i -= 1
    return point_at(buffer, i, end)[0], i


@kernel
def length_in_points(buffer: Bytes, start: int, end: int) -> int:
    """Returns the number of code points in UTF-8 buffer[start:end]: of bytes that do not continue a sequence."""
    length = int64(0)
    for i in range(start, end):
        length += (buffer[i] & 0xC0) != 0x80
    return length


@kernel
def line_break(buffer: Bytes, i: int, end: int) -> int:
    """Returns the length in bytes of the line break in UTF-8 at buffer[i], or 0 if there is none.

    Line breaks are those of str.splitlines; `\\r\\n` is one.
    """
    byte = buffer[i]
    if byte == 13:
        return int64(2 if i + 1 < end and buffer[i + 1] == 10 else 1)
    if 10 <= byte <= 12 or 28 <= byte <= 30:
        return int64(1)
    if byte == 0xC2 and i + 1 < end and buffer[i + 1] == 0x85:
        return int64(2)
    if byte == 0xE2 and i + 2 < end and buffer[i + 1] == 0x80 and (buffer[i + 2] == 0xA8 or buffer[i + 2] == 0xA9):
        return int64(3)
    return int64(0)


@kernel
def stripped(classes: Ushorts, text: Bytes, start: int, end: int) -> tuple[int, int]:
    """Returns the range of UTF-8 text[start:end] without white space at its ends."""
    while start < end:
        point, size = point_at(text, start, end)
        if not classes[point] & SPACE:
            break
        start += size
    while start < end:
        point, before = point_before(text, start, end)
        if not classes[point] & SPACE:
            break
        end = before
    return start, end


@kernel
def eight_bytes(buffer: Bytes, start: int, end: int, limit: int) -> np.uint64:
    """Returns the first bytes of buffer[start:end], at most eight, as a little-endian number, for kernels.

    limit: the end of the bytes that may be read.
    """
    part = np.uint64(0)
    if start + 8 <= limit:
        for k in range(8):  # the compiler makes one load of this loop
            part |= np.uint64(buffer[start + k]) << np.uint64(8 * k)
        if end - start < 8:
            part &= (np.uint64(1) << np.uint64(8 * (end - start))) - np.uint64(1)
    else:
        for k in range(min(end - start, 8)):
            part |= np.uint64(buffer[start + k]) << np.uint64(8 * k)
    return part


@kernel
def continuing_bytes(part: np.uint64) -> int:
    """Returns how many of eight bytes of UTF-8 have the form 10xxxxxx and so continue a code point."""
    if not part & _HIGH_BITS:
        return int64(0)
    return int64((((part >> np.uint64(7)) & ~(part >> np.uint64(6)) & _LOW_BITS) * _LOW_BITS) >> np.uint64(56))


@kernel
def points_of_word(buffer: Bytes, start: int, end: int, limit: int) -> int:
    """Returns the number of code points of a word in UTF-8, buffer[start:end].

    Same as length_in_points(), but faster for a few bytes. limit: the end of the bytes that may be read.
    """
    length = end - start
    while start < end:
        length -= continuing_bytes(eight_bytes(buffer, start, end, limit))
        start += 8
    return length
