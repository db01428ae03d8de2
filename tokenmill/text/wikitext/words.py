"""Writes words of the data files, characters of entities and numbers into the text made from wikitext."""

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, int64, uint8
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.powers.marks import RAISED_END
from tokenmill.text.templates.hashes import exact_on, folded_on
from tokenmill.text.wikitext.names import Names
from tokenmill.text.wikitext.state import (
    AT,
    END,
    Work,
    find,
    put_byte,
    put_point,
    put_range,
)

_LONGEST = 40  # bytes of a number


@kernel
def put_word(w: Work, names: Names, key: np.uint64) -> bool:
    """Writes the text of a word; key: the hash of its table's name and the word. Returns False for an unknown word."""
    found = find(names.words, key)
    if found < 0:
        return False
    put_range(w, names.literals, names.word_texts[found, 0], names.word_texts[found, 1])
    return True


@kernel
def is_word(w: Work, names: Names, table: int, start: int, stop: int) -> bool:
    """Returns True if the table of words has out[start:stop], whatever its case. table: its index in keys."""
    return start < stop and find(names.words, folded_on(names.keys[table], w.out, start, stop)) >= 0


@kernel
def is_exact_word(w: Work, names: Names, table: int, start: int, stop: int) -> bool:
    """Returns True if the table of words has out[start:stop] in this case. table: its index in keys."""
    return start < stop and find(names.words, exact_on(names.keys[table], w.out, start, stop)) >= 0


@kernel
def entity(w: Work, names: Names) -> None:
    """At `&` in wikitext: writes the character of a reference such as `&nbsp;`.

    An `&` that does not begin an entity is text.
    """
    data, at, end = w.data, w.state[AT], w.state[END]
    numeric = at + 1 < end and data[at + 1] == 35
    point, i = _numbered_entity(data, at + 2, end) if numeric else _named_entity(data, at + 1, end, names)
    if point < 0:
        put_byte(w, uint8(38))
        w.state[AT] = at + 1
        return
    put_point(w, point)
    w.state[AT] = i


@kernel
def _named_entity(data: Bytes, at: int, end: int, names: Names) -> tuple[int, int]:
    value = np.uint64(0xCBF29CE484222325)
    start = at
    while at < end and at - start < 10 and is_ascii_word(data[at]):
        value = (value ^ np.uint64(data[at])) * np.uint64(0x100000001B3)
        at += 1
    if at == start or at >= end or data[at] != 59:
        return int64(-1), at
    found = find(names.entities, value)
    return (names.points[found] if found >= 0 else int64(-1)), at + 1


@kernel
def _numbered_entity(data: Bytes, at: int, end: int) -> tuple[int, int]:
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
def is_number(w: Work, start: int, stop: int) -> bool:
    """Returns True if out[start:stop] is a number: digits, with a sign, points, fractions, an exponent, spaces."""
    if start == stop or stop - start > _LONGEST:
        return False
    digits, exponent = False, False
    i = start
    while i < stop:
        byte = w.out[i]
        if 48 <= byte <= 57:
            digits = True
        elif (byte | 32) == 101:  # e
            if not digits or exponent or i + 1 == stop:
                return False
            exponent = True
        elif byte == 0xE2:  # − ⁄ and –
            minus = i + 2 < stop and w.out[i + 1] == 0x88 and w.out[i + 2] == 0x92
            slash = i + 2 < stop and w.out[i + 1] == 0x81 and w.out[i + 2] == 0x84
            dash = i + 2 < stop and w.out[i + 1] == 0x80 and w.out[i + 2] == 0x93 and i > start
            if not (minus or slash or dash):
                return False
            i += 2
        elif byte == 0xC2:  # ¼ ½ ¾
            if i + 1 == stop or not 0xBC <= w.out[i + 1] <= 0xBE:
                return False
            digits = True
            i += 1
        elif not (43 <= byte <= 47 or byte in (32, RAISED_END)):  # + , - . /
            return False
        i += 1
    return digits


@kernel
def put_number(w: Work, start: int, stop: int) -> None:
    """Writes a number: `5+1/2` as `5 1/2`, `5//8` as `5/8`, `1.5e3` as `1.5×10^3`."""
    i = start
    while i < stop:
        byte = w.out[i]
        if byte == 43 and i > start and (w.out[i - 1] | 32) != 101:
            put_byte(w, uint8(32))
        elif (byte | 32) == 101:
            put_power(w)
        elif not (byte == 47 and i > start and w.out[i - 1] == 47) and not (byte == 43 and i > start):
            put_byte(w, byte)
        i += 1


@kernel
def put_power(w: Work) -> None:
    """Writes `×10^`."""
    put_byte(w, uint8(0xC3))
    put_byte(w, uint8(0x97))
    put_byte(w, uint8(49))
    put_byte(w, uint8(48))
    put_byte(w, uint8(94))


@kernel
def small_number(w: Work, start: int, stop: int) -> int:
    """Returns the number in out[start:stop], or -1 if that is not one to four digits."""
    if start == stop or stop - start > 4:
        return int64(-1)
    number = int64(0)
    for i in range(start, stop):
        if not 48 <= w.out[i] <= 57:
            return int64(-1)
        number = number * 10 + int64(w.out[i]) - 48
    return number


@kernel
def put_small(w: Work, number: int) -> None:
    """Writes a whole number from 0 to 9999."""
    power = int64(1000)
    while power > max(number, int64(1)):
        power //= 10
    while power:
        put_byte(w, uint8(48 + number // power % 10))
        power //= 10


@kernel
def is_ascii_word(byte: int) -> bool:
    """Returns True for a letter or digit of ASCII."""
    return 97 <= (byte | 32) <= 122 or 48 <= byte <= 57
