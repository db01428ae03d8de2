"""Writes raised and lowered text of wikitext so that no number changes: 10<sup>6</sup> becomes 10^6, not 106."""

from tokenmill.text.kernel.arrays import Bytes, int64, uint8
from tokenmill.text.kernel.cache import kernel
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
    put_byte,
)
from tokenmill.text.wikitext.words import is_ascii_word

_LONGEST_EXPONENT = 24
_IN_EXPONENT = (43, 44, 45, 46, 0xE2, 0x88, 0x92, 0x80, 0x93)  # + , - . − –
_NO_POWER, _POWER, _LONG_POWER = 0, 1, 2


@kernel
def part_from_power(w: Work) -> None:
    """Writes a space if the text made from wikitext ends with an exponent that the next letter or digit would join."""
    at, put = w.state[AT], w.state[PUT]
    if at >= w.state[END] or not (
        is_ascii_word(w.data[at]) or 0xCE <= w.data[at] <= 0xD3
    ):  # Greek and Cyrillic letters
        return
    low = max(w.state[OUT_FROM], put - _LONGEST_EXPONENT)
    while put > low and (is_ascii_word(w.out[put - 1]) or w.out[put - 1] in _IN_EXPONENT):
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
    if not (is_ascii_word(before) or before == 41):
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
    return bool(at > w.state[OUT_FROM] and (is_ascii_word(w.out[at - 1]) or w.out[at - 1] >= 0x80) and w.out[at] != 41)


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
