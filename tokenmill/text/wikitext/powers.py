"""Keeps raised and lowered text of wikitext apart from numbers: 10<sup>6</sup> becomes 10^6, not 106.

The tags and templates write marks, bytes that UTF-8 never has. tidy_marks settles them when all text is made: then the
bytes on both sides are those that a reader sees, whatever templates, links and styles they came from.
"""

from typing import Final

from tokenmill.text.kernel.arrays import Bytes, int64, uint8
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.wikitext.state import AT, END, OUT_FROM, PUT, Work, put_byte
from tokenmill.text.wikitext.words import is_ascii_word

RAISED: Final = 0xF8  # two bytes, so that `^(` has room; the second is ITALIC if the text begins with `''`
ITALIC: Final = 0xF9
RAISED_END: Final = 0xFA
POWER_END: Final = 0xFB  # the raised text is a power
BRACKET_END: Final = 0xFC  # it is a power in brackets
LOWERED: Final = 0xFD
LOWERED_END: Final = 0xFE

_LONGEST = 64  # bytes of raised text that are looked through
_LONGEST_EXPONENT = 24  # of a template
_IN_EXPONENT = (43, 44, 45, 46, 0xE2, 0x88, 0x92, 0x80, 0x93)  # + , - . − –
_NO_POWER, _POWER, _LONG_POWER = 0, 1, 2
_OTHER, _NOTHING, _SPACE, _DIGIT, _LETTER, _SIGN, _OPENER, _CLOSER = range(8)
_PARTS = (2, 3, 4, 5, 6, 8, 16, 32, 64)  # denominators of mixed numbers such as 5 1/2


@kernel
def put_raised(w: Work) -> None:
    """At the text of a `<sup>` of wikitext: writes its mark."""
    at = w.state[AT]
    is_italic = at + 1 < w.state[END] and w.data[at] == 39 and w.data[at + 1] == 39
    put_byte(w, uint8(RAISED))
    put_byte(w, uint8(ITALIC if is_italic else RAISED))


@kernel
def end_power(w: Work) -> None:
    """Writes a mark if the text of a wikitext template ends with an exponent, which a digit would join."""
    put = w.state[PUT]
    low = max(w.state[OUT_FROM], put - _LONGEST_EXPONENT)
    while put > low and (is_ascii_word(w.out[put - 1]) or w.out[put - 1] in _IN_EXPONENT):
        put -= 1
    if put > low and put < w.state[PUT] and w.out[put - 1] == 94:
        put_byte(w, uint8(POWER_END))


@kernel
def settle(out: Bytes, at: int, end: int, first: int, put: int) -> tuple[int, int]:
    """At a mark of raised or lowered wikitext: writes what stands for it at out[put:]. Returns the new (at, put).

    out[first:put] is the finished text before it, out[at:end] what follows.
    """
    mark = out[at]
    if mark == RAISED:
        return _raise(out, at, end, first, put)
    last = out[put - 1] if put > first else uint8(32)
    after = at + 1
    if mark == LOWERED:
        while after < end and out[after] < 9:
            after += 1
    else:
        after = _next(out, int64(after), end)
    following = out[after] if after < end else uint8(32)
    if mark == LOWERED:
        is_sign = last in (43, 45) or (put - first > 2 and last == 0x92 and out[put - 2] == 0x88)  # + - −
        if _is_digit(following) and (_is_digit(last) or is_sign):
            out[put] = 95
            put += 1
    elif mark == BRACKET_END:
        out[put] = 41
        put += 1
    elif mark == POWER_END:
        if is_ascii_word(following) or 0xCE <= following <= 0xD3:  # Greek and Cyrillic letters
            out[put] = 32
            put += 1
    elif mark != ITALIC and _is_digit(last) and _is_digit(following):
        out[put] = 32
        put += 1
    return at + 1, put


@kernel
def _raise(out: Bytes, at: int, end: int, first: int, put: int) -> tuple[int, int]:
    """At RAISED: writes `^`, `^(` or a space, or nothing, and notes at the end of the raised text which it was."""
    if at + 1 >= end or out[at + 1] not in (RAISED, ITALIC):
        return at + 1, put
    start = at + 2
    while start < end and (out[start] < 9 or out[start] == 32):
        start += 1
    stop, is_nested = _end_of_raised(out, start, end)
    is_closed = stop < end and out[stop] == RAISED_END
    before = out[put - 1] if put > first else uint8(32)
    if start == stop or not _is_base(out, first, put):
        return at + 2, put
    is_digit = _is_digit(before)
    if is_nested:
        kind = int64(_LONG_POWER)
    elif is_digit and is_closed and _is_numerator(out, start, stop, end):
        kind = int64(_NO_POWER)
    else:
        kind = _power_kind(out, start, stop, not is_digit, out[at + 1] == ITALIC)
    if not is_digit and _is_in_word(out, first, put - 1) and _has_letter(out, start, stop):  # a sound inside a word
        kind = int64(_NO_POWER)
    if kind == _NO_POWER:
        if is_digit and _is_digit(out[start]):
            out[put] = 32
            put += 1
        return at + 2, put
    out[put] = 94
    put += 1
    if kind == _LONG_POWER and is_closed:
        out[put] = 40
        put += 1
    if is_closed:
        out[stop] = BRACKET_END if kind == _LONG_POWER else POWER_END
    return start, put


@kernel
def _is_base(out: Bytes, first: int, put: int) -> bool:
    """Returns True if out[first:put] ends with something that may have a power: letter, digit, bracket, ½."""
    if put <= first:
        return False
    last = out[put - 1]
    if last < 0x80:
        return is_ascii_word(last) or last in (41, 93, 124)  # ) ] |
    before = out[put - 2] if put > first + 1 else uint8(0)
    return 0xCE <= before <= 0xD3 or (before == 0xC2 and 0xBC <= last <= 0xBE)  # Greek, Cyrillic; ¼ ½ ¾


@kernel
def _end_of_raised(out: Bytes, start: int, end: int) -> tuple[int, bool]:
    """Returns (where the raised text ends, True if it has raised text inside).

    Without an end in this line or cell it is the number at its start.
    """
    depth, is_nested = int64(1), False
    at = start
    while at < min(end, start + _LONGEST) and out[at] not in (9, 10):
        if out[at] == RAISED:
            depth += 1
            is_nested = True
            at += 1
        depth -= out[at] == RAISED_END
        if depth == 0:
            return int64(at), is_nested
        at += 1
    stop = start
    while stop < end and (_is_digit(out[stop]) or out[stop] in _IN_EXPONENT):
        stop += 1
    return int64(stop), False


@kernel
def _next(out: Bytes, at: int, end: int) -> int:
    """Returns the position of the next byte that is no mark of removed markup or of an end."""
    while at < end and (out[at] < 9 or RAISED_END <= out[at] <= BRACKET_END or out[at] == LOWERED_END):
        at += 1
    return int64(at)


@kernel
def _is_digit(byte: int) -> bool:
    return 48 <= byte <= 57


@kernel
def _is_in_word(out: Bytes, first: int, at: int) -> bool:
    """Returns True if the letter that ends at out[at] is not the first one of its word."""
    at -= out[at] >= 0x80  # the other byte of a Greek or Cyrillic letter
    return bool(at > first and (is_ascii_word(out[at - 1]) or out[at - 1] >= 0x80) and out[at] != 41)


@kernel
def _has_letter(out: Bytes, start: int, end: int) -> bool:
    for i in range(start, end):  # noqa: SIM110 (a generator does not compile)
        if 97 <= (out[i] | 32) <= 122:
            return True
    return False


@kernel
def _is_numerator(out: Bytes, start: int, stop: int, end: int) -> bool:
    """Returns True if the raised out[start:stop] and a lowered number are a fraction: <sup>1</sup>/<sub>2</sub>."""
    above, at = _number(out, start, stop)
    if above < 0 or at != stop:
        return False
    at = _next(out, stop + 1, end)
    if at + 3 < end and out[at] == 0xE2 and out[at + 1] == 0x81 and out[at + 2] == 0x84:  # ⁄
        at += 3
    elif at < end and out[at] == 47:
        at += 1
    else:
        return False
    if at >= end or out[at] != LOWERED:
        return False
    below, _ = _number(out, _next(out, at + 1, end), end)
    return bool(above < below)


@kernel
def _number(out: Bytes, at: int, end: int) -> tuple[int, int]:
    """Returns (the number at out[at:end], at most a million, or -1; where it ends)."""
    number = int64(-1)
    while at < end and _is_digit(out[at]):
        number = min(max(number, int64(0)) * 10 + int64(out[at]) - 48, int64(1_000_000))
        at += 1
    return number, int64(at)


@kernel
def _part(out: Bytes, at: int, end: int) -> tuple[int, int]:
    """Returns (kind of the character of raised text at out[at], its bytes)."""
    byte = out[at]
    if _is_digit(byte):
        return int64(_DIGIT), int64(1)
    if 97 <= (byte | 32) <= 122:
        return int64(_LETTER), int64(1)
    if byte in (0xCE, 0xCF):  # Greek
        return int64(_LETTER), int64(2)
    if byte in (43, 45, 47):
        return int64(_SIGN), int64(1)
    if byte == 0xE2 and at + 2 < end:
        is_minus = (out[at + 1] == 0x88 and out[at + 2] == 0x92) or (out[at + 1] == 0x80 and out[at + 2] == 0x93)
        return int64(_SIGN if is_minus else _OTHER), int64(3)
    if byte < 9 or byte == 33 or byte >= RAISED:  # 33: a factorial
        return int64(_NOTHING), int64(1)
    if byte in (40, 41):
        return int64(_OPENER if byte == 40 else _CLOSER), int64(1)
    return int64(_SPACE if byte == 32 else _OTHER), int64(1)


@kernel
def _power_kind(out: Bytes, start: int, end: int, letter_base: bool, is_italic: bool) -> int:
    """Returns what the raised text out[start:end] is: no power, a power as it stands, or one that needs brackets.

    Powers are numbers, letters that stand for numbers (i j k n p q x y z, Greek ones, those in italics), and sums of
    both; ordinals (1st, 19e), notes (a, 12a, a-c) and words stay as they are. letter_base: it stands behind a letter or
    bracket: x<sup>1/2</sup> is a power, but 5<sup>1/2</sup> a mixed number.
    """
    numbers, letters, signs, slashes, run = int64(0), int64(0), int64(0), int64(0), int64(0)
    last, first_letter, depth, pluses, minuses = int64(_OTHER), int64(0), int64(0), int64(0), int64(0)
    is_signed, is_bracketed = False, False  # is_bracketed: the first bracket ends with the text
    is_variable = is_italic
    at = start
    while at < end:
        kind, size = _part(out, at, end)
        byte, at = int64(out[at]), at + size
        if kind == _NOTHING:
            continue
        in_number = (byte == 46 or byte == 44) and last == _DIGIT and at < end and _is_digit(out[at])
        if in_number:
            continue
        if kind == _OTHER or (kind == _SIGN and (last == _SIGN or (byte == 47 and last == _OTHER))):
            return int64(_NO_POWER)
        run = run + 1 if kind == _LETTER else int64(0)
        is_bracketed = kind == _OPENER if last == _OTHER else is_bracketed and depth > 0
        depth += (kind == _OPENER) - (kind == _CLOSER)
        if run > 2 or depth < 0:
            return int64(_NO_POWER)
        if kind == _DIGIT:
            numbers += last != _DIGIT
        elif kind == _LETTER:
            letters += 1
            first_letter = first_letter if first_letter else byte
            is_variable |= _is_variable(byte)
            is_variable &= letter_base or byte not in (97, 111)  # 1o and 12a, in italics too
        elif kind == _SIGN:
            slashes += byte == 47
            pluses += byte == 43
            minuses += byte == 0xE2 and out[at - 2] == 0x88
            is_signed |= numbers + letters == 0
            signs += numbers + letters > 0
        last = kind
    if last == _SIGN:  # a charge, 2+
        return int64(_POWER if numbers == signs == 1 and letters == slashes == 0 and not is_bracketed else _NO_POWER)
    if depth or numbers + letters == 0:
        return int64(_NO_POWER)
    if signs:
        is_part = slashes == signs == 1 and letters == 0
        is_mixed = is_part and not letter_base and not is_signed and _last_number(out, start, end) in _PARTS
        is_sum = letters > 0 and (numbers > 0 or pluses > 0 or is_italic or _is_variable(first_letter))
        is_sum |= letters == 0 and pluses + minuses == signs and not letter_base  # 2^(32 − 1); not 7–6(8–6) in tennis
        is_power = is_sum or (is_part and not is_mixed)
        return int64((_POWER if is_bracketed else _LONG_POWER) if is_power else _NO_POWER)
    if letters == 0:
        return int64(_POWER if numbers == 1 else _NO_POWER)
    if letters > 1 or numbers > 1:
        return int64(_LONG_POWER if is_signed and letters == 2 and numbers == 0 else _NO_POWER)
    if not is_variable:
        return int64(_NO_POWER)
    return int64(_LONG_POWER if (numbers and last == _LETTER) or is_signed else _POWER if not numbers else _NO_POWER)


@kernel
def _last_number(out: Bytes, start: int, end: int) -> int:
    at = end
    while at > start and not _is_digit(out[at - 1]):
        at -= 1
    stop = at
    while at > start and _is_digit(out[at - 1]):
        at -= 1
    return _number(out, int64(at), int64(stop))[0]


@kernel
def _is_variable(letter: int) -> bool:
    """Returns True for a letter that alone is a variable, not an ordinal (19e, 1o), a unit (5h) or a note (12a).

    letter: its first byte; Greek letters are variables.
    """
    is_latin = 105 <= letter <= 107 or letter in (112, 113) or 120 <= letter <= 122 or letter | 32 == 110
    return is_latin or letter in (0xCE, 0xCF)
