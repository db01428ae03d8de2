"""Renders templates of wikitext that stand for dates, numbers and units of measurement."""

from tokenmill.text.kernel.arrays import int64, uint8
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.wikitext.arguments import named, positional
from tokenmill.text.wikitext.names import Names
from tokenmill.text.wikitext.state import Work, find, folded_hash, put_byte, put_range


@kernel
def put_date(w: Work, names: Names, first: int, last: int, end: int) -> None:
    """Writes `15 May 1990` for a wikitext template of year, month and day.

    If the month is not a number, writes the three unchanged.
    """
    from_, to = positional(w, names, first, last, end, 1)
    month_from, month_to = positional(w, names, first, last, end, 2)
    day_from, day_to = positional(w, names, first, last, end, 3)
    if _small_number(w, day_from, day_to) > 31:  # the order is day, month, year
        from_, to, day_from, day_to = day_from, day_to, from_, to
    month = _small_number(w, month_from, month_to)
    if month < 0 and month_from < month_to:
        _words(w, names, first, last, end)
        return
    if 1 <= month <= 12:
        if _small_number(w, day_from, day_to) > 0:
            put_range(w, w.out, day_from, day_to)
            put_byte(w, uint8(32))
        put_range(w, names.literals, names.months[month - 1], names.months[month])
        put_byte(w, uint8(32))
    put_range(w, w.out, from_, to)


@kernel
def _words(w: Work, names: Names, first: int, last: int, end: int) -> None:
    """Writes the first three arguments with spaces between them: `3 mars 1990`."""
    some = False
    for number in range(1, 4):
        start, stop = positional(w, names, first, last, end, number)
        if start < stop:
            if some:
                put_byte(w, uint8(32))
            put_range(w, w.out, start, stop)
            some = True


@kernel
def put_unit(w: Work, names: Names, first: int, last: int, end: int) -> None:
    """Writes `300 km²` for a wikitext template of 300, km, 2: numbers, then units with powers.

    The numbers may be several, joined by words such as `à`.
    """
    power = False
    for number in range(1, min(last - first, int64(9)) + 1):
        start, stop = positional(w, names, first, last, end, number)
        value = _small_number(w, start, stop)
        if start == stop:
            power = False
        elif power and (value == 2 or value == 3):
            put_byte(w, uint8(0xC2))
            put_byte(w, uint8(0xB0 + value))
            power = False
        elif power and _is_power(w, start, stop):
            put_byte(w, uint8(94))
            put_range(w, w.out, start, stop)
            power = False
        else:
            if number > 1:
                put_byte(w, uint8(32))
            put_range(w, w.out, start, stop)
            joins = find(names.connectors, folded_hash(w.out, start, stop)) >= 0
            power = number > 1 and not joins and not 48 <= w.out[start] <= 57


@kernel
def _is_power(w: Work, start: int, stop: int) -> bool:
    """Returns True if out[start:stop] is a whole number of at most three characters. It may have a minus sign."""
    for i in range(start, stop):
        if not (48 <= w.out[i] <= 57 or (i == start and w.out[i] == 45)):
            return False
    return stop - start <= 3 and 48 <= w.out[stop - 1] <= 57


@kernel
def _small_number(w: Work, start: int, stop: int) -> int:
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
def put_conversion(w: Work, names: Names, first: int, last: int, end: int) -> None:
    """Writes `5 to 10 km` for a wikitext template of 5, to, 10, km: numbers, joining words, and the first unit."""
    for wanted in range(1, min(last - first, int64(9)) + 1):
        start, stop = positional(w, names, first, last, end, wanted)
        if start == stop:
            return
        if wanted > 1:
            put_byte(w, uint8(32))
        joins = find(names.connectors, folded_hash(w.out, start, stop)) >= 0
        lead = w.out[start]
        digits = 48 <= lead <= 57 or (stop - start > 1 and (lead == 45 or lead == 46 or lead == 226))  # 226: a minus
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
def put_fraction(w: Work, names: Names, first: int, last: int, end: int) -> None:
    """Writes `1/2` or `3 1/2` for a wikitext template of a fraction. A single argument is a denominator."""
    count = min(last - first, int64(3))
    if count == 1:
        put_byte(w, uint8(49))
        put_byte(w, uint8(47))
    for number in range(1, count + 1):
        start, stop = positional(w, names, first, last, end, number)
        put_range(w, w.out, start, stop)
        if number < count:
            put_byte(w, uint8(32 if number == 1 and count == 3 else 47))


@kernel
def put_value(w: Work, names: Names, first: int, last: int, end: int) -> None:
    """Writes `1.5×10^3 m` for a wikitext template of a value, e= and ul= or u=."""
    start, stop = positional(w, names, first, last, end, 1)
    put_range(w, w.out, start, stop)
    start, stop = named(w, names.keys[3], first, last, end)
    if start < stop:
        put_byte(w, uint8(0xC3))
        put_byte(w, uint8(0x97))
        put_byte(w, uint8(49))
        put_byte(w, uint8(48))
        put_byte(w, uint8(94))
        put_range(w, w.out, start, stop)
    start, stop = named(w, names.keys[4], first, last, end)
    if start == stop:
        start, stop = named(w, names.keys[5], first, last, end)
    if start < stop:
        put_byte(w, uint8(32))
        put_range(w, w.out, start, stop)
