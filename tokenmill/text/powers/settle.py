"""Replaces the marks of raised and lowered text: 10<sup>6</sup> becomes 10^6, not 106.

No number joins another one: a power gets `^`, or `^(` and `)` if it is more than a number or a variable; a subscript of
a number gets `_`; a space parts other numbers.
"""

from typing import Final

from tokenmill.text.kernel.arrays import Bytes, int64
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.powers.bases import (
    NUMBER,
    WORD,
    base_before,
    ends_in_word,
    is_digit,
    is_e,
    is_name,
    is_price,
    is_score,
)
from tokenmill.text.powers.marks import (
    BRACKET_END,
    ITALIC,
    LOWERED,
    LOWERED_END,
    POWER_END,
    RAISED,
    RAISED_END,
)
from tokenmill.text.powers.raised import LONG_POWER, NO_POWER, POWER, TIE_BREAK, is_part, number_at, power_of

_LONGEST: Final = 64  # bytes of raised text that are looked through
_IN_NUMBER = (43, 44, 45, 46, 0xE2, 0x88, 0x92, 0x80, 0x93)  # + , - . − –


@kernel
def settle(out: Bytes, at: int, end: int, first: int, put: int) -> tuple[int, int]:
    """At a mark of raised or lowered text: writes what stands for it at out[put:]. Returns the new (at, put).

    out[first:put] is the finished text before it, out[at:end] what follows.
    """
    mark = out[at]
    if mark == RAISED:
        return _raise(out, at, end, first, put)
    last = int64(out[put - 1]) if put > first else int64(32)
    if mark == LOWERED:
        after = at + 1
        while after < end and out[after] < 9:
            after += 1
    else:
        after = _next(out, at + 1, end)
    following = int64(out[after]) if after < end else int64(32)
    sign = int64(0)
    if mark == LOWERED:
        is_sign = last in (43, 45) or (put - first > 2 and last == 0x92 and out[put - 2] == 0x88)  # + - −
        sign = int64(95 if is_digit(following) and (is_digit(last) or is_sign) else 0)
    elif mark == BRACKET_END:
        put -= last == 32
        sign = int64(41)
    elif mark == POWER_END:
        sign = int64(32 if _is_in_word(following) and last != 32 else 0)
    elif mark != ITALIC:
        sign = int64(32 if is_digit(last) and is_digit(following) else 0)
    if sign:
        out[put] = sign
        put += 1
    return int64(at + 1), int64(put)


@kernel
def _raise(out: Bytes, at: int, end: int, first: int, put: int) -> tuple[int, int]:
    """At RAISED: writes `^`, `^(`, `(`, a space, or nothing, and notes at the end of the raised text which it was."""
    if at + 1 >= end or out[at + 1] not in (RAISED, ITALIC):
        return int64(at + 1), int64(put)
    start = at + 2
    while start < end and (out[start] < 9 or out[start] == 32):
        start += 1
    stop, is_nested = _end_of_raised(out, start, end)
    is_closed = stop < end and out[stop] == RAISED_END
    if start == stop or out[start] == RAISED:  # of two that begin together, the second counts
        return int64(at + 2), int64(put)
    is_lowered = at > first and out[at - 1] == LOWERED_END
    base = base_before(out, first, put, is_lowered)
    is_formula = out[start - 1] == 1 and out[stop - 1] == 2  # the marks of a formula of HTML
    kind = int64(LONG_POWER if base != WORD else NO_POWER)
    if is_formula:
        kind = int64(POWER)
    elif not is_nested:
        kind = _kind(out, start, stop, end, first, put, base, out[at + 1] == ITALIC)
    if kind == NO_POWER:
        if is_digit(out[start]) and _is_apart(out, first, put, base):
            out[put] = 32
            put += 1
        return int64(at + 2), int64(put)
    if kind != TIE_BREAK:
        out[put] = 94
        put += 1
    if kind != POWER and is_closed:
        out[put] = 40
        put += 1
    if is_closed:
        out[stop] = POWER_END if kind == POWER else BRACKET_END
    return int64(start - is_formula), int64(put)


@kernel
def _kind(out: Bytes, start: int, stop: int, end: int, first: int, put: int, base: int, is_italic: bool) -> int:
    """Returns what the raised text out[start:stop] is behind out[first:put]: NO_POWER, POWER, LONG_POWER, TIE_BREAK."""
    following = int64(32)
    after = _next(out, stop + 1, end)
    if after < end:
        following = int64(out[after])
    if is_digit(out[start]):
        if base == NUMBER and is_score(out, first, put):
            return int64(TIE_BREAK)
        number, to = number_at(out, start, stop)
        is_cents = to == stop and stop - start == 2 and (is_price(out, first, put) or _is_euro(out, after, end))
        is_above = to == stop and base == NUMBER and _is_numerator(out, number, after, end, out[put - 1] == 48)
        if is_cents or is_above or (to == stop and is_name(out, first, put, following)):
            return int64(NO_POWER)
    return power_of(out, start, stop, base, is_italic or is_e(out, first, put))


@kernel
def _is_apart(out: Bytes, first: int, put: int, base: int) -> bool:
    """Returns True if a raised number that is no power would join the text before it."""
    if put == first:
        return False
    if out[put - 1] in (37, 44, 46):  # % , .
        return not is_price(out, first, put)
    return is_digit(out[put - 1]) or (base == WORD and ends_in_word(out, first, put))


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
    while stop < end and (is_digit(out[stop]) or out[stop] in _IN_NUMBER):
        stop += 1
    return int64(stop), False


@kernel
def _next(out: Bytes, at: int, end: int) -> int:
    """Returns the position of the next byte that is no mark of removed markup or of an end, at most _LONGEST on."""
    end = min(end, at + _LONGEST)
    while at < end and (out[at] < 9 or RAISED_END <= out[at] <= BRACKET_END or out[at] == LOWERED_END):
        at += 1
    return int64(at)


@kernel
def _is_in_word(byte: int) -> bool:
    """Returns True for a digit and a letter of Latin, Greek or Cyrillic."""
    return is_digit(byte) or 97 <= byte | 32 <= 122 or 0xC3 <= byte <= 0xD3


@kernel
def _is_euro(out: Bytes, at: int, end: int) -> bool:
    """Returns True if a € follows, after a space or none: the raised digits before it are cents."""
    at += at < end and out[at] == 32
    at += 2 if at + 1 < end and out[at] == 0xC2 and out[at + 1] == 0xA0 else 0
    return bool(at + 2 < end and out[at] == 0xE2 and out[at + 1] == 0x82 and out[at + 2] == 0xAC)


@kernel
def _is_numerator(out: Bytes, above: int, at: int, end: int, is_tens: bool) -> bool:
    """Returns True if a slash and a number at out[at] make a fraction with the raised one: <sup>1</sup>/<sub>2</sub>.

    is_tens: it stands behind 10, whose powers a plain slash may follow.
    """
    if at + 3 < end and out[at] == 0xE2 and out[at + 1] == 0x81 and out[at + 2] == 0x84:  # ⁄
        at += 3
        is_tens = False
    elif at < end and out[at] == 47:
        at += 1
    else:
        return False
    if at < end and out[at] == LOWERED:
        below, _ = number_at(out, _next(out, at + 1, end), end)
        return above < below
    below, _ = number_at(out, int64(at), end)
    return is_part(above, below) and not (is_tens and above > 1)
