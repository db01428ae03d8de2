"""Character references: `&amp;`, `&eacute`, `&#8217;` become what they stand for (HTML standard, 13.2.5.72)."""

import html.entities

import numpy as np

from tokenmill.text.html.lexer import TOKEN_BASIS, TOKEN_PRIME
from tokenmill.text.kernel.arrays import Bytes, Hashes, Longs, int64
from tokenmill.text.kernel.cache import frozen, kernel

_LONGEST = max(len(name) for name in html.entities.html5)


def _hash(name: str) -> int:
    state = int(TOKEN_BASIS)
    for byte in name.encode():
        state = (state ^ byte) * int(TOKEN_PRIME) & (1 << 64) - 1
    return state


_NAMES = sorted((_hash(name), value.encode()) for name, value in html.entities.html5.items())
ENTITY_HASHES = frozen(np.array([state for state, _ in _NAMES], dtype=np.uint64))
ENTITY_BYTES = frozen(np.array([int.from_bytes(value, "little") for _, value in _NAMES], dtype=np.int64))
_C1 = bytes(range(0x80, 0xA0))
# What browsers show for the C1 controls U+0080..U+009F: the characters of windows-1252, where it has one
C1_POINTS = frozen(
    np.array([ord(_C1[at : at + 1].decode("cp1252", "ignore") or chr(0x80 + at)) for at in range(32)], dtype=np.int64)
)


@kernel
def read_entity(data: Bytes, at: int, end: int, hashes: Hashes, values: Longs, c1: Longs) -> tuple[int, int]:
    """(UTF-8 of the HTML reference at `at`, low byte first, where to go on); (38, at + 1) if it is just an `&`."""
    if at + 2 < end and data[at + 1] == 35:
        return _number(data, at, end, c1)
    state = TOKEN_BASIS
    stop = min(end, at + 1 + _LONGEST)
    place = at + 1
    value = int64(38)
    after = at + 1
    while place < stop:
        byte = data[place]
        if not (97 <= (byte | 32) <= 122 or 48 <= byte <= 57 or byte == 59):
            break
        state = (state ^ np.uint64(byte)) * TOKEN_PRIME
        place += 1
        if byte == 59 or place - at <= 7:  # names that may go without a semicolon have six letters at most
            found = np.searchsorted(hashes, state)
            if found < len(hashes) and hashes[found] == state:
                value, after = values[found], place
        if byte == 59:
            break
    return value, after


@kernel
def _number(data: Bytes, at: int, end: int, c1: Longs) -> tuple[int, int]:
    place = at + 2
    base = int64(10)
    if place < end and data[place] | 32 == 120:
        base = int64(16)
        place += 1
    first = place
    point = int64(0)
    while place < end:
        byte = data[place]
        if 48 <= byte <= 57:
            digit = int64(byte) - 48
        elif base == 16 and 97 <= (byte | 32) <= 102:
            digit = int64(byte | 32) - 87
        else:
            break
        point = min(point * base + digit, int64(0x110000))
        place += 1
    if place == first:
        return int64(38), at + 1
    if place < end and data[place] == 59:
        place += 1
    if 0x80 <= point < 0xA0:
        point = c1[point - 0x80]
    if point == 0 or point > 0x10FFFF or 0xD800 <= point <= 0xDFFF:
        point = int64(0xFFFD)
    return utf8_bytes(point), place


@kernel
def utf8_bytes(point: int) -> int:
    """The UTF-8 of the code point that an HTML character reference stands for, low byte first."""
    if point < 0x80:
        return int64(point)
    low = 0x80 | point & 0x3F
    if point < 0x800:
        return int64(0xC0 | point >> 6 | low << 8)
    middle = 0x80 | point >> 6 & 0x3F
    if point < 0x10000:
        return int64(0xE0 | point >> 12 | middle << 8 | low << 16)
    return int64(0xF0 | point >> 18 | (0x80 | point >> 12 & 0x3F) << 8 | middle << 16 | low << 24)
