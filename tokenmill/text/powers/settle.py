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
    is_lost_score,
    is_name,
    is_price,
    is_score,
    is_ten,
    is_unit_of_cents,
)
from tokenmill.text.powers.marks import (
    BRACKET_END,
    ITALIC,
    LOWERED,
    LOWERED_END,
    POWER_END,
    RAISED,
    RAISED_END,
    STRUCK,
)
from tokenmill.text.powers.raised import LONG_POWER, NO_POWER, POWER, TIE_BREAK, is_part, number_at, power_of

_LONGEST: Final = 64  # bytes of raised text that are looked through


@kernel
def settle(out: Bytes, at: int, end: int, first: int, put: int) -> tuple[int, int]:
    """At a mark of raised or lowered text: writes what stands for it at out[put:]. Returns the new (at, put).

    out[first:put] is the finished text before it, out[at:end] what follows.
    """
    mark = out[at]
    if mark == RAISED:
        return _raise(out, at, end, first, put)
    if mark == LOWERED:
        return _lower(out, at, end, first, put)
    if mark == STRUCK and at + 1 < end and out[at + 1] == STRUCK:  # nothing was struck
        return _behind_space(out, at + 2, end, first, put), int64(put)
    last = int64(out[put - 1]) if put > first else int64(0)
    after = _next(out, at + 1, end)
    following = int64(out[after]) if after < end else int64(32)
    sign = int64(0)
    if mark == BRACKET_END:
        put -= last == 32
        sign = int64(41)
    elif mark == POWER_END:
        is_decimal = following in (44, 46) and after + 1 < end and is_digit(out[after + 1])  # 10^6 .5
        sign = int64(32 if (_is_in_word(following) or is_decimal) and last != 32 else 0)
    elif mark != ITALIC:
        sign = int64(32 if is_digit(last) and is_digit(following) else 0)
    if sign:
        out[put] = sign
        put += 1
    return _behind_space(out, at + 1, end, first, put), int64(put)


@kernel
def _lower(out: Bytes, at: int, end: int, first: int, put: int) -> tuple[int, int]:
    """At LOWERED: writes `_` between two numbers, and between a sign and a number."""
    start = at + 1
    while start < end and (out[start] < 9 or out[start] == 32):
        start += 1
    if start < end and out[start] == LOWERED_END:  # nothing, or white space and marks
        return _behind_space(out, start + 1 if start == at + 1 else at + 1, end, first, put), int64(put)
    start = _begin(out, start, end)
    last = out[put - 1] if put > first else 0
    is_sign = last in (43, 45) or (put - first > 2 and last == 0x92 and out[put - 2] == 0x88)  # + - −
    if start == end or not is_digit(out[start]) or not (is_digit(last) or is_sign):
        return int64(at + 1), int64(put)
    out[put] = 95
    return int64(start), _copy_marks(out, at + 1, start, put + 1)


@kernel
def _raise(out: Bytes, at: int, end: int, first: int, put: int) -> tuple[int, int]:
    """At RAISED: writes `^`, `^(`, `(`, a space, or nothing, and notes at the end of the raised text which it was."""
    if at + 1 >= end or out[at + 1] not in (RAISED, ITALIC):
        return int64(at + 1), int64(put)
    start = _begin(out, at + 2, end)
    stop, inner = _end_of_raised(out, start, end)
    is_closed = stop < end and out[stop] == RAISED_END
    if start == stop:  # nothing, or white space
        return _behind_space(out, stop + 1 if is_closed and stop == at + 2 else at + 2, end, first, put), int64(put)
    if out[start] == RAISED:  # of two that begin together, the second counts
        return int64(at + 2), int64(put)
    base = base_before(out, first, put, at > first and out[at - 1] == LOWERED_END)
    is_formula = out[start - 1] in (1, 3) and out[stop - 1] in (2, 4)  # the marks of a formula of HTML
    if is_formula:
        kind = int64(POWER)
    elif stop - start >= _LONGEST:
        kind = int64(NO_POWER)
    elif inner < stop:
        kind = power_of(out, start, inner, base, True)
        kind = int64(LONG_POWER if kind != NO_POWER and base != WORD else NO_POWER)
    else:
        kind = _kind(out, start, stop, end, first, put, base, out[at + 1] == ITALIC)
    if kind == NO_POWER:
        if is_digit(out[start]) and out[start - 1] != 32 and _is_apart(out, first, put, base):
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
    return int64(start), _copy_marks(out, at + 2, start, put)


@kernel
def _behind_space(out: Bytes, at: int, end: int, first: int, put: int) -> int:
    """Returns `at`, or the position behind the space there if a space is written already."""
    return int64(at + (put > first and out[put - 1] == 32 and at < end and out[at] == 32))


@kernel
def _begin(out: Bytes, at: int, end: int) -> int:
    """Returns where raised or lowered text begins, behind white space, marks, and tags with nothing in them."""
    while at < end:
        if out[at] == RAISED and at + 2 < end and out[at + 2] == RAISED_END:
            at += 3
        elif out[at] < 9 or out[at] == 32 or out[at] in (LOWERED, LOWERED_END, STRUCK):
            at += 1
        else:
            break
    return int64(at)


@kernel
def _copy_marks(out: Bytes, at: int, end: int, put: int) -> int:
    """Moves the marks of formulas in out[at:end] to out[put:]. Returns where they end."""
    for place in range(at, end):
        if out[place] < 9:
            out[put] = out[place]
            put += 1
    return int64(put)


@kernel
def _kind(out: Bytes, start: int, stop: int, end: int, first: int, put: int, base: int, is_italic: bool) -> int:
    """Returns what the raised text out[start:stop] is behind out[first:put]: NO_POWER, POWER, LONG_POWER, TIE_BREAK."""
    following = int64(32)
    after = _next(out, stop + 1, end)
    if after < end:
        following = int64(out[after])
    if is_digit(out[start]):
        if base == NUMBER and (is_score(out, first, put) or is_lost_score(out, first, put, after, end)):
            return int64(TIE_BREAK)
        number, to = number_at(out, start, stop)
        if to == stop and (_is_cents(out, start, stop, first, put, after, end) or is_name(out, first, put, following)):
            return int64(NO_POWER)
        if base == NUMBER and to == stop and _is_numerator(out, number, after, end, is_ten(out, first, put)):
            return int64(NO_POWER)
        is_range = to < stop == _behind_number(out, start, stop) and out[to] not in (44, 46) and is_digit(out[stop - 1])
        if is_range and is_ten(out, first, put):
            return int64(LONG_POWER)  # 10^(6–7)
    elif base == NUMBER and out[start] in (44, 46):  # cents
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
def _end_of_raised(out: Bytes, start: int, end: int) -> tuple[int, int]:
    """Returns (where the raised text ends, where raised text inside of it begins; without such the end).

    Without an end in this line or cell it is the number at its start. Text of _LONGEST bytes or more is cut.
    """
    depth, inner = int64(1), int64(-1)
    at = start
    while at < end and out[at] not in (9, 10):
        if at - start >= _LONGEST:
            return int64(at), int64(at)
        if out[at] == RAISED:
            inner = int64(at) if inner < 0 else inner
            depth += 1
            at += 1
        depth -= out[at] == RAISED_END if at < end else 0
        if depth == 0:
            return int64(at), inner if inner >= 0 else int64(at)
        at += 1
    stop = _behind_number(out, start, end)
    return stop, stop


@kernel
def _behind_number(out: Bytes, at: int, end: int) -> int:
    """Returns where the number at out[at], with its sign, ends."""
    while at < end:
        is_dash = at + 2 < end and out[at] == 0xE2 and (out[at + 1], out[at + 2]) in ((0x88, 0x92), (0x80, 0x93))  # − –
        if is_dash:
            at += 3
        elif is_digit(out[at]) or 43 <= out[at] <= 46:  # + , - .
            at += 1
        else:
            break
    return int64(at)


@kernel
def _next(out: Bytes, at: int, end: int) -> int:
    """Returns the position of the next byte that is no mark of removed markup or of an end, at most _LONGEST on."""
    end = min(end, at + _LONGEST)
    while at < end and (out[at] < 9 or RAISED_END <= out[at] <= BRACKET_END or out[at] >= LOWERED_END):
        at += 1
    return int64(at)


@kernel
def _is_in_word(byte: int) -> bool:
    """Returns True for a digit and a letter of Latin, Greek or Cyrillic."""
    return is_digit(byte) or 97 <= byte | 32 <= 122 or 0xC3 <= byte <= 0xD3


@kernel
def _is_cents(out: Bytes, start: int, stop: int, first: int, put: int, after: int, end: int) -> bool:
    """Returns True for two raised digits of a price or of a time of day: $9 99, 18 00."""
    if stop - start != 2 or not is_digit(out[put - 1]):
        return False
    return out[start] == 48 or is_price(out, first, put) or is_unit_of_cents(out, after, end)


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
        below, _ = number_at(out, _begin(out, at + 1, end), end)
        return above < below
    below, _ = number_at(out, int64(at), end)
    return is_part(above, below) and not (is_tens and above > 1)
