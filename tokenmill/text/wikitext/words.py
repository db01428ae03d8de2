"""Writes words of the data files, characters of entities, numbers and powers into the text made from wikitext."""

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, int64, uint8
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.templates.hashes import exact_on, folded_on
from tokenmill.text.wikitext.names import Names
from tokenmill.text.wikitext.state import (
    ARGUMENTS,
    AT,
    DEPTH,
    END,
    LIMIT,
    OUT,
    OUT_FROM,
    PUT,
    RAISED_ARGUMENTS,
    RAISED_DEPTH,
    RAISED_FROM,
    Work,
    find,
    put_byte,
    put_point,
    put_range,
)

_LONGEST = 40  # bytes of a number
_LONGEST_EXPONENT = 24
_IN_EXPONENT = (43, 44, 45, 46, 0xE2, 0x88, 0x92, 0x80, 0x93)  # + , - . − –
_NO_POWER, _POWER, _LONG_POWER = 0, 1, 2


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
    while at < end and at - start < 10 and _continues(data[at]):
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
        elif byte == 0xE2:  # − and ⁄
            minus = i + 2 < stop and w.out[i + 1] == 0x88 and w.out[i + 2] == 0x92
            slash = i + 2 < stop and w.out[i + 1] == 0x81 and w.out[i + 2] == 0x84
            if not (minus or slash):
                return False
            i += 2
        elif byte == 0xC2:  # ¼ ½ ¾
            if i + 1 == stop or not 0xBC <= w.out[i + 1] <= 0xBE:
                return False
            digits = True
            i += 1
        elif not (43 <= byte <= 47 or byte == 32):  # + , - . /
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
def part_from_power(w: Work) -> None:
    """Writes a space if the text made from wikitext ends with an exponent that the next letter or digit would join."""
    at, put = w.state[AT], w.state[PUT]
    if at >= w.state[END] or not (_continues(w.data[at]) or 0xCE <= w.data[at] <= 0xD3):  # Greek and Cyrillic letters
        return
    low = max(w.state[OUT_FROM], put - _LONGEST_EXPONENT)
    while put > low and (_continues(w.out[put - 1]) or w.out[put - 1] in _IN_EXPONENT):
        put -= 1
    if put > low and put < w.state[PUT] and w.out[put - 1] == 94:
        put_byte(w, uint8(32))


@kernel
def begin_power(w: Work) -> None:
    """At `<sup>` in wikitext: notes where its text begins. Only the text shows whether it is a power."""
    s = w.state
    s[RAISED_FROM], s[RAISED_DEPTH], s[RAISED_ARGUMENTS] = s[PUT] + 1, s[DEPTH], s[ARGUMENTS]


@kernel
def end_power(w: Work) -> None:
    """At `</sup>` in wikitext: writes a `^` before its text if it is a power, or a space between two numbers."""
    s, out = w.state, w.out
    start, end = s[RAISED_FROM] - 1, s[PUT]
    s[RAISED_FROM] = 0
    if start < _lowest(w) or s[DEPTH] != s[RAISED_DEPTH] or s[ARGUMENTS] != s[RAISED_ARGUMENTS]:
        return
    if not 0 < end - start <= _LONGEST_EXPONENT or s[PUT] + 4 > s[LIMIT]:
        return
    base = start
    while base > s[OUT_FROM] and out[base - 1] < 9:  # marks
        base -= 1
    before = out[base - 1] if base > s[OUT_FROM] else uint8(32)
    if not (_continues(before) or before == 41):
        return
    is_digit = 48 <= before <= 57
    while start < end and out[start] == 32:
        start += 1
    kind = int64(_NO_POWER) if is_digit and _is_numerator(w, start, end) else _power_kind(out, start, end, not is_digit)
    if not is_digit and _is_in_word(w, base - 1) and _has_letter(out, start, end):  # a sound inside a word
        kind = int64(_NO_POWER)
    if kind == _NO_POWER:
        if is_digit and 48 <= out[start] <= 57:
            _insert(w, start, uint8(32))
    else:
        if kind == _LONG_POWER:
            _insert(w, start, uint8(40))
            put_byte(w, uint8(41))
        _insert(w, start, uint8(94))
        part_from_power(w)


@kernel
def _is_in_word(w: Work, at: int) -> bool:
    """Returns True if the letter at out[at] is not the first one of its word."""
    return bool(at > w.state[OUT_FROM] and (_continues(w.out[at - 1]) or w.out[at - 1] >= 0x80) and w.out[at] != 41)


@kernel
def _has_letter(out: Bytes, start: int, end: int) -> bool:
    for i in range(start, end):  # noqa: SIM110 (a generator does not compile)
        if 97 <= (out[i] | 32) <= 122:
            return True
    return False


@kernel
def _lowest(w: Work) -> int:
    """Returns from which place in out text may be moved: behind the start of the innermost frame and its arguments."""
    s = w.state
    low = s[OUT_FROM]
    if s[DEPTH]:
        low = max(low, w.frames[s[DEPTH] - 1, OUT])
    if s[ARGUMENTS]:
        low = max(low, w.arguments[s[ARGUMENTS] - 1, 0] + 1, w.arguments[s[ARGUMENTS] - 1, 1] + 1)
    return int64(low)


@kernel
def _insert(w: Work, where: int, byte: int) -> None:
    """Writes a byte at out[where], before all that follows."""
    put_byte(w, byte)
    for i in range(w.state[PUT] - 1, where, -1):
        w.out[i] = w.out[i - 1]
    w.out[where] = byte


@kernel
def _is_numerator(w: Work, start: int, end: int) -> bool:
    """Returns True if the raised text out[start:end] is the digits of a numerator: a slash and a `<sub>` follow."""
    for i in range(start, end):
        if not 48 <= w.out[i] <= 57:
            return False
    data, at = w.data, w.state[AT]
    if at + 8 >= w.state[END]:
        return False
    if data[at] == 47:
        at += 1
    elif data[at] == 0xE2 and data[at + 1] == 0x81 and data[at + 2] == 0x84:  # ⁄
        at += 3
    elif data[at] == 38 and data[at + 1] == 102 and data[at + 6] == 59:  # &frasl;
        at += 7
    else:
        return False
    return bool(data[at] == 60 and (data[at + 1] | 32) == 115)


@kernel
def _power_kind(out: Bytes, start: int, end: int, letter_base: bool) -> int:
    """Returns what the raised text out[start:end] is: no power, a power as it stands, or one that needs brackets.

    Powers are numbers, letters that stand for numbers (i j k n x y z), and sums of both; ordinals (1st, 19e), notes
    (a, 12a, a-c) and words stay as they are. letter_base: it stands behind a letter or bracket: x<sup>1/2</sup> is a
    power, but 5<sup>1/2</sup> a mixed number.
    """
    numbers, letters, signs, slashes, run = int64(0), int64(0), int64(0), int64(0), int64(0)
    is_signed, behind_digit, behind_sign, opened = False, False, False, False
    closed = True
    i = start
    while i < end:
        byte = out[i]
        wide = (
            byte == 0xE2
            and i + 2 < end
            and ((out[i + 1] == 0x88 and out[i + 2] == 0x92) or (out[i + 1] == 0x80 and out[i + 2] == 0x93))
        )  # − and –
        digit = 48 <= byte <= 57
        letter = 97 <= (byte | 32) <= 122
        run = run + 1 if letter else int64(0)
        if byte == 40 and i == start:
            opened, closed = True, False
        elif byte == 41 and opened and i == end - 1:
            closed = True
        elif digit:
            numbers += not behind_digit
        elif letter:
            letters += 1
        elif wide or byte in (43, 45, 47):
            if behind_sign or (byte == 47 and i == start):
                return int64(_NO_POWER)
            slashes += byte == 47
            is_signed |= not numbers and not letters
            signs += numbers + letters > 0
        elif not (byte == 32 and i > start) and not ((byte == 46 or byte == 44) and behind_digit and i + 1 < end):
            return int64(_NO_POWER)
        if run > 2:
            return int64(_NO_POWER)
        behind_sign = bool(wide or byte in (43, 45, 47))
        behind_digit = bool(digit or byte == 46 or byte == 44)
        i += 3 if wide else 1
    if behind_sign:  # a charge, 2+
        is_charge = numbers == 1 and letters == 0 and signs == 1 and slashes == 0 and not opened
        return int64(_POWER if is_charge else _NO_POWER)
    if not closed or numbers + letters == 0:
        return int64(_NO_POWER)
    if signs:
        is_fraction = slashes == signs == 1 and letters == 0 and (letter_base or is_signed)
        sums = is_fraction or (letters > 0 and (numbers > 0 or _is_variable(int64(out[start]))))
        return int64((_POWER if opened else _LONG_POWER) if sums else _NO_POWER)
    if letters == 0:
        return int64(_POWER if numbers == 1 else _NO_POWER)
    if letters > 1 or numbers > 1:
        return int64(_LONG_POWER if is_signed and letters == 2 and numbers == 0 else _NO_POWER)
    last = int64(out[end - 1 - opened])
    if numbers:
        return int64(_LONG_POWER if _is_variable(last) else _NO_POWER)
    return int64((_LONG_POWER if is_signed else _POWER) if _is_variable(last) else _NO_POWER)


@kernel
def _is_variable(letter: int) -> bool:
    """Returns True for a letter that alone is a variable, not an ordinal (19e, 1o), a unit (5h) or a note (12a)."""
    return 105 <= letter <= 107 or 120 <= letter <= 122 or letter | 32 == 110


@kernel
def part_from_subscript(w: Work) -> None:
    """At `<sub>` in wikitext: writes `_` if its first digit would join the number before it, as in 101<sub>2</sub>."""
    at, put = w.state[AT], w.state[PUT]
    if at >= w.state[END] or not 48 <= w.data[at] <= 57 or put == w.state[OUT_FROM]:
        return
    last = w.out[put - 1]
    minus = last == 0x92 and put > w.state[OUT_FROM] + 2 and w.out[put - 2] == 0x88
    if 48 <= last <= 57 or last in (43, 45) or minus:
        put_byte(w, uint8(95))


@kernel
def _continues(byte: int) -> bool:
    """Returns True for a letter or digit of ASCII."""
    return 97 <= (byte | 32) <= 122 or 48 <= byte <= 57
