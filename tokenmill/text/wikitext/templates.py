"""Templates of wikitext: those that carry words are rendered, all others leave a mark."""

import numpy as np

from tokenmill.text.kernel.cache import kernel
from tokenmill.text.wikitext.names import (
    ARG,
    CONVERT,
    DATE,
    FRACTION,
    JOIN,
    LAST,
    LITERAL,
    NIHONGO,
    QUOTE,
    SHIP,
    UNIT,
    VALUE,
)
from tokenmill.text.wikitext.state import (
    ARGUMENTS,
    DEPTH,
    FIRST,
    FULL,
    ITEM_MARK,
    LIMIT,
    OUT,
    PUT,
    abandon,
    find,
    folded_hash,
    put_byte,
    put_mark,
    put_range,
    replace_with_tail,
    take_back,
    trimmed,
)

_MAX_NAME = 80


@kernel
def close_template(w, names):  # type: ignore[no-untyped-def]
    """The innermost open thing, a template, ends: what it wrote is replaced by what it means."""
    s = w.state
    frame = w.frames[s[DEPTH] - 1]
    out, first, last, full = frame[OUT], frame[FIRST], s[ARGUMENTS], frame[FULL]
    end = s[PUT]
    abandon(w)
    start, stop = trimmed(w.out, out, w.arguments[first, 0] if last > first else end)
    fits = not full and stop - start <= _MAX_NAME and s[PUT] + 2 * (end - out) + 64 < s[LIMIT]
    found = find(names.templates, folded_hash(w.out, start, stop)) if fits else np.int64(-1)
    if found >= 0:
        render = names.renders[found]
        _render(w, names, render, start, stop, first, last, end)
    elif fits and _passes_through(w, start, stop):
        colon = start
        while w.out[colon] != 58:
            colon += 1
        put_range(w, w.out, colon + 1, stop)
    if s[PUT] > end:
        replace_with_tail(w, out, end)
    else:
        take_back(w, out)
        put_mark(w)


@kernel
def _passes_through(w, start, stop):  # type: ignore[no-untyped-def]
    """Whether it is `{{formatnum:…}}` or the like."""
    if stop - start > 10 and w.out[start + 9] == 58:
        return folded_hash(w.out, start, start + 9) == _FORMATNUM
    return False


@kernel
def _render(w, names, render, start, stop, first, last, end):  # type: ignore[no-untyped-def]
    """Write what a template means behind all that is written."""
    kind = render[0]
    if kind == ARG:
        from_, to = _positional(w, names, first, last, end, render[1])
        if from_ == to and render[1] == 1:
            from_, to = _named(w, names.keys[0], first, last, end)
        if from_ < to:
            is_list = to - from_ > 2 and w.out[from_ + 1] == 32 and w.out[from_ + 2] == ITEM_MARK
            if is_list:
                put_byte(w, np.uint8(10))
            put_range(w, names.literals, render[2], render[3])
            put_range(w, w.out, from_, to)
            put_range(w, names.literals, render[4], render[5])
            if is_list:
                put_byte(w, np.uint8(10))
    elif kind == LITERAL:
        put_range(w, names.literals, render[2], render[3])
    elif kind == JOIN:
        _join(w, names, first, last, end, render[2], render[3])
        put_range(w, names.literals, render[4], render[5])
    elif kind == LAST:
        _last(w, names, first, last, end)
    elif kind == DATE:
        _date(w, names, first, last, end)
    elif kind == CONVERT:
        _convert(w, names, first, last, end)
    elif kind == NIHONGO:
        _nihongo(w, names, first, last, end)
    elif kind == FRACTION:
        _fraction(w, names, first, last, end)
    elif kind == SHIP:
        _ship(w, names, start, stop, first, last, end)
    elif kind == QUOTE:
        _quote(w, names, first, last, end)
    elif kind == VALUE:
        _value(w, names, first, last, end)
    elif kind == UNIT:
        _unit(w, names, first, last, end)


@kernel
def _bounds(w, argument, last, end):  # type: ignore[no-untyped-def]
    """(begin, end) of an argument's own bytes, its name included."""
    return w.arguments[argument, 0] + 1, (w.arguments[argument + 1, 0] if argument + 1 < last else end)


@kernel
def _number_of(w, argument, last, end, before):  # type: ignore[no-untyped-def]
    """The number of a positional argument, whose own begin is behind `1=` if it says so; 0 for one with a name."""
    start, stop = _bounds(w, argument, last, end)
    equals = w.arguments[argument, 1]
    if equals < 0:
        return before + 1, start, stop
    from_, to = trimmed(w.out, start, equals)
    number = np.int64(0)
    for i in range(from_, to):
        if not 48 <= w.out[i] <= 57 or to - from_ > 3:
            return np.int64(0), equals + 1, stop
        number = number * 10 + np.int64(w.out[i]) - 48
    return number, equals + 1, stop


@kernel
def _positional(w, names, first, last, end, wanted):  # type: ignore[no-untyped-def]
    """(begin, end) of the wanted positional argument, trimmed; an empty range if there is none."""
    before = np.int64(0)
    for argument in range(first, last):
        number, start, stop = _number_of(w, argument, last, end, before)
        before += w.arguments[argument, 1] < 0
        if number == wanted:
            return trimmed(w.out, start, stop)
    return end, end


@kernel
def _named(w, key, first, last, end):  # type: ignore[no-untyped-def]
    """(begin, end) of the argument whose name has this hash, trimmed; an empty range if there is none."""
    for argument in range(first, last):
        equals = w.arguments[argument, 1]
        if equals >= 0:
            start, stop = _bounds(w, argument, last, end)
            from_, to = trimmed(w.out, start, equals)
            if to - from_ < 20 and folded_hash(w.out, from_, to) == key:
                return trimmed(w.out, equals + 1, stop)
    return end, end


@kernel
def _join(w, names, first, last, end, from_, to):  # type: ignore[no-untyped-def]
    """Write all positional arguments that are not empty, with what joins them between; a list's also before."""
    before = np.int64(0)
    some = to > from_ and names.literals[from_] == 10
    lead = some
    for argument in range(first, last):
        number, start, stop = _number_of(w, argument, last, end, before)
        before += w.arguments[argument, 1] < 0
        start, stop = trimmed(w.out, start, stop)
        if number == 0 or start == stop:
            continue
        if some:
            put_range(w, names.literals, from_, to)
        put_range(w, w.out, start, stop)
        some = True
    if lead:
        put_byte(w, np.uint8(10))


@kernel
def _last(w, names, first, last, end):  # type: ignore[no-untyped-def]
    from_, to = end, end
    before = np.int64(0)
    for argument in range(first, last):
        number, start, stop = _number_of(w, argument, last, end, before)
        before += w.arguments[argument, 1] < 0
        start, stop = trimmed(w.out, start, stop)
        if number and start < stop:
            from_, to = start, stop
    put_range(w, w.out, from_, to)


@kernel
def _date(w, names, first, last, end):  # type: ignore[no-untyped-def]
    """`15 May 1990` from year, month and day as numbers; words stand as they are, in their order."""
    from_, to = _positional(w, names, first, last, end, 1)
    month_from, month_to = _positional(w, names, first, last, end, 2)
    day_from, day_to = _positional(w, names, first, last, end, 3)
    if _small_number(w, day_from, day_to) > 31:  # day, month and year
        from_, to, day_from, day_to = day_from, day_to, from_, to
    month = _small_number(w, month_from, month_to)
    if month < 0 and month_from < month_to:
        _words(w, names, first, last, end)
        return
    if 1 <= month <= 12:
        if _small_number(w, day_from, day_to) > 0:
            put_range(w, w.out, day_from, day_to)
            put_byte(w, np.uint8(32))
        put_range(w, names.literals, names.months[month - 1], names.months[month])
        put_byte(w, np.uint8(32))
    put_range(w, w.out, from_, to)


@kernel
def _words(w, names, first, last, end):  # type: ignore[no-untyped-def]
    """The first three arguments with blanks between: `3 mars 1990`."""
    some = False
    for number in range(1, 4):
        start, stop = _positional(w, names, first, last, end, number)
        if start < stop:
            if some:
                put_byte(w, np.uint8(32))
            put_range(w, w.out, start, stop)
            some = True


@kernel
def _unit(w, names, first, last, end):  # type: ignore[no-untyped-def]
    """`300 km²` from 300, km, 2: a number, then units each with its power; numbers with `à` between come first."""
    power = False
    for number in range(1, min(last - first, np.int64(9)) + 1):
        start, stop = _positional(w, names, first, last, end, number)
        value = _small_number(w, start, stop)
        if start == stop:
            power = False
        elif power and (value == 2 or value == 3):
            put_byte(w, np.uint8(0xC2))
            put_byte(w, np.uint8(0xB0 + value))
            power = False
        elif power and _is_power(w, start, stop):
            put_byte(w, np.uint8(94))
            put_range(w, w.out, start, stop)
            power = False
        else:
            if number > 1:
                put_byte(w, np.uint8(32))
            put_range(w, w.out, start, stop)
            joins = find(names.connectors, folded_hash(w.out, start, stop)) >= 0
            power = number > 1 and not joins and not 48 <= w.out[start] <= 57


@kernel
def _is_power(w, start, stop):  # type: ignore[no-untyped-def]
    """Whether it is a whole number of a digit or two, which may be below zero."""
    for i in range(start, stop):
        if not (48 <= w.out[i] <= 57 or (i == start and w.out[i] == 45)):
            return False
    return stop - start <= 3 and 48 <= w.out[stop - 1] <= 57


@kernel
def _small_number(w, start, stop):  # type: ignore[no-untyped-def]
    """The number written in out[start:stop], -1 if it is none of at most four digits."""
    if start == stop or stop - start > 4:
        return np.int64(-1)
    number = np.int64(0)
    for i in range(start, stop):
        if not 48 <= w.out[i] <= 57:
            return np.int64(-1)
        number = number * 10 + np.int64(w.out[i]) - 48
    return number


@kernel
def _convert(w, names, first, last, end):  # type: ignore[no-untyped-def]
    """`5 to 10 km` from 5, to, 10, km: numbers and what joins them, and the first unit."""
    for wanted in range(1, min(last - first, np.int64(9)) + 1):
        start, stop = _positional(w, names, first, last, end, wanted)
        if start == stop:
            return
        if wanted > 1:
            put_byte(w, np.uint8(32))
        joins = find(names.connectors, folded_hash(w.out, start, stop)) >= 0
        lead = w.out[start]
        digits = 48 <= lead <= 57 or (stop - start > 1 and (lead == 45 or lead == 46 or lead == 226))  # 226: of a minus
        if joins or digits or wanted == 1:
            put_range(w, w.out, start, stop)
            continue
        unit = find(names.units, folded_hash(w.out, start, stop))
        if unit >= 0:
            put_range(w, names.literals, names.unit_texts[unit, 0], names.unit_texts[unit, 1])
        else:
            put_range(w, w.out, start, stop)
        return


@kernel
def _nihongo(w, names, first, last, end):  # type: ignore[no-untyped-def]
    """`English (漢字, romaji)` from its arguments."""
    start, stop = _positional(w, names, first, last, end, 1)
    put_range(w, w.out, start, stop)
    inside = False
    some = start < stop
    for number in range(2, 5):
        start, stop = _positional(w, names, first, last, end, number)
        if start == stop:
            continue
        if inside:
            put_byte(w, np.uint8(44))
            put_byte(w, np.uint8(32))
        elif some:
            put_byte(w, np.uint8(32))
            put_byte(w, np.uint8(40))
        inside = True
        put_range(w, w.out, start, stop)
    if inside and some:
        put_byte(w, np.uint8(41))


@kernel
def _fraction(w, names, first, last, end):  # type: ignore[no-untyped-def]
    """`1/2`, `3 1/2`; one argument is a denominator."""
    count = min(last - first, np.int64(3))
    if count == 1:
        put_byte(w, np.uint8(49))
        put_byte(w, np.uint8(47))
    for number in range(1, count + 1):
        start, stop = _positional(w, names, first, last, end, number)
        put_range(w, w.out, start, stop)
        if number < count:
            put_byte(w, np.uint8(32 if number == 1 and count == 3 else 47))


@kernel
def _ship(w, names, start, stop, first, last, end):  # type: ignore[no-untyped-def]
    """`HMS Victory` from the template's name and its argument."""
    from_, to = _positional(w, names, first, last, end, 1)
    if from_ < to:
        put_range(w, w.out, start, stop)
        put_byte(w, np.uint8(32))
        put_range(w, w.out, from_, to)


@kernel
def _quote(w, names, first, last, end):  # type: ignore[no-untyped-def]
    """A quotation on lines of its own, and who is quoted."""
    start, stop = _named(w, names.keys[0], first, last, end)
    if start == stop:
        start, stop = _named(w, names.keys[1], first, last, end)
    if start == stop:
        start, stop = _positional(w, names, first, last, end, 1)
    if start == stop:
        return
    put_byte(w, np.uint8(10))
    put_range(w, w.out, start, stop)
    put_byte(w, np.uint8(10))
    start, stop = _named(w, names.keys[2], first, last, end)
    if start == stop:
        start, stop = _positional(w, names, first, last, end, 2)
    if start < stop:
        put_byte(w, np.uint8(0xE2))
        put_byte(w, np.uint8(0x80))
        put_byte(w, np.uint8(0x94))
        put_byte(w, np.uint8(32))
        put_range(w, w.out, start, stop)
        put_byte(w, np.uint8(10))


@kernel
def _value(w, names, first, last, end):  # type: ignore[no-untyped-def]
    """`1.5×10^3 m` from a value, e= and u=."""
    start, stop = _positional(w, names, first, last, end, 1)
    put_range(w, w.out, start, stop)
    start, stop = _named(w, names.keys[3], first, last, end)
    if start < stop:
        put_byte(w, np.uint8(0xC3))
        put_byte(w, np.uint8(0x97))
        put_byte(w, np.uint8(49))
        put_byte(w, np.uint8(48))
        put_byte(w, np.uint8(94))
        put_range(w, w.out, start, stop)
    start, stop = _named(w, names.keys[4], first, last, end)
    if start == stop:
        start, stop = _named(w, names.keys[5], first, last, end)
    if start < stop:
        put_byte(w, np.uint8(32))
        put_range(w, w.out, start, stop)


def _hash(name: bytes) -> int:
    value = 0xCBF29CE484222325
    for byte in name:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


_FORMATNUM = np.uint64(_hash(b"formatnum"))
