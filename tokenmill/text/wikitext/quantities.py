"""Renders inline templates of wikitext that stand for measures: numbers and their units.

A rendering has all numbers that a reader sees before a conversion, or the template is not understood.
"""

from tokenmill.text.kernel.arrays import int64, uint8
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.templates.hashes import exact_on, folded_on
from tokenmill.text.templates.template_tables import ARGUMENTS, TABLES
from tokenmill.text.wikitext.arguments import is_given, named, positional
from tokenmill.text.wikitext.names import Names
from tokenmill.text.wikitext.state import OUT_FROM, Work, find, put_byte, put_range
from tokenmill.text.wikitext.words import (
    is_exact_word,
    is_number,
    is_word,
    put_number,
    put_power,
    put_word,
    small_number,
)

_MOST = 20  # arguments of one measure
_LONGEST_UNIT = 24  # bytes of a unit's code
_JOIN, _UNIT, _PART = TABLES["join"], TABLES["unit"], TABLES["part"]
_HIDDEN, _BARE, _TAIL = TABLES["hidden"], TABLES["bare"], TABLES["tail"]
_DISPLAY, _FORM = ARGUMENTS["disp"], ARGUMENTS["adj"]
_EXPONENT, _PLUS_MINUS, _PLUS, _MINUS = ARGUMENTS["e"], ARGUMENTS["±"], ARGUMENTS["+"], ARGUMENTS["-"]
_BEFORE, _BEHIND, _END, _ERROR_END = ARGUMENTS["p"], ARGUMENTS["s"], ARGUMENTS["end"], ARGUMENTS["errend"]
_U, _UL, _UP, _UPL = ARGUMENTS["u"], ARGUMENTS["ul"], ARGUMENTS["up"], ARGUMENTS["upl"]


@kernel
def put_conversion(w: Work, names: Names, first: int, last: int, end: int) -> bool:
    """Writes `5–10 km`, `5 ft 6 in` for a wikitext template of numbers, joining words, units, and units to convert to.

    disp=table fills cells of a table, whose head has the unit. Returns False, and the template counts as unknown, if
    disp= leaves the values out, or the arguments have another form.
    """
    display, display_to = named(w, names.keys[_DISPLAY], first, last, end)
    form, form_to = named(w, names.keys[_FORM], first, last, end)
    if is_word(w, names, _HIDDEN, display, display_to) or is_word(w, names, _HIDDEN, form, form_to):
        return False
    at = _put_values(w, names, first, last, end)
    if is_word(w, names, _BARE, display, display_to):
        return at > 0
    while at > 0:
        start, stop = positional(w, first, last, end, at)
        if not put_unit_name(w, names, start, stop):
            return False
        number, number_to = positional(w, first, last, end, at + 1)
        unit, unit_to = positional(w, first, last, end, at + 2)
        if not is_number(w, number, number_to):
            if is_word(w, names, _JOIN, number, number_to) and is_number(w, unit, unit_to):
                return False
            break
        if unit == unit_to or is_number(w, unit, unit_to):
            break  # the number is the precision
        if not is_exact_word(w, names, _PART, unit, unit_to):
            return False
        put_byte(w, uint8(32))
        put_number(w, number, number_to)
        at = at + 2 if at + 2 < _MOST else int64(-1)
    if at > 0 and is_word(w, names, _TAIL, form, form_to):
        _put_tail(w, at + 1, first, last, end)
    return at > 0


@kernel
def _put_tail(w: Work, at: int, first: int, last: int, end: int) -> None:
    """Writes the last argument from `at` on: the word that adj=mid puts behind the unit, such as `-long`."""
    start, stop = end, end
    while at < _MOST and is_given(w, first, last, end, at):
        start, stop = positional(w, first, last, end, at)
        at += 1
    if start < stop and w.out[start] != 45:
        put_byte(w, uint8(32))
    put_range(w, w.out, start, stop)


@kernel
def _put_values(w: Work, names: Names, first: int, last: int, end: int) -> int:
    """Writes numbers with joining words between them. Returns the number of the next argument, or -1."""
    at = int64(1)
    while at < _MOST:
        start, stop = positional(w, first, last, end, at)
        if not is_number(w, start, stop):
            return int64(-1)
        put_number(w, start, stop)
        start, stop = positional(w, first, last, end, at + 1)
        if not is_word(w, names, _JOIN, start, stop):
            return at + 1
        put_word(w, names, folded_on(names.keys[_JOIN], w.out, start, stop))
        at += 2
    return int64(-1)


@kernel
def put_unit_name(w: Work, names: Names, start: int, stop: int) -> bool:
    """Writes a space and the symbol for a unit's code: `km2` as `km²`, `st` as `st`, `e6m3` as `million m³`.

    Returns False for a code that is neither in the table nor made of letters, powers, and the signs `/`, `.`, `·`, `-`.
    """
    if start == stop or stop - start > _LONGEST_UNIT:
        return False
    digits = start + 1
    power = w.out[start] == 101 and digits < stop and 48 <= w.out[digits] <= 57  # as in e6m3
    if power and not _is_unit(w, names, start, stop):
        while digits < stop and 48 <= w.out[digits] <= 57:
            digits += 1
        if digits == stop or not _is_unit(w, names, start, digits):
            return False
        _put_known_unit(w, names, start, digits)
        start = digits
    if _is_unit(w, names, start, stop):
        _put_known_unit(w, names, start, stop)
        return True
    return _put_symbol(w, start, stop)


@kernel
def _put_symbol(w: Work, start: int, stop: int) -> bool:
    """Writes a space and a unit of letters and powers: `kg/m3` as `kg/m³`. Returns False for anything else."""
    if stop - start > _LONGEST_UNIT or not _is_symbol(w, start, stop):
        return False
    put_byte(w, uint8(32))
    for i in range(start, stop):
        byte = w.out[i]
        if 50 <= byte <= 51:
            put_byte(w, uint8(0xC2))
            put_byte(w, uint8(0x80 + byte))
        elif byte == 46:
            put_byte(w, uint8(0xC2))
            put_byte(w, uint8(0xB7))
        else:
            put_byte(w, byte)
    return True


@kernel
def _is_unit(w: Work, names: Names, start: int, stop: int) -> bool:
    """Returns True if the table of units has out[start:stop]."""
    return is_exact_word(w, names, int64(_UNIT), start, stop)


@kernel
def _put_known_unit(w: Work, names: Names, start: int, stop: int) -> None:
    """Writes a space, unless a `/` comes first, and the text of a code that the table of units has."""
    found = find(names.words, exact_on(names.keys[_UNIT], w.out, start, stop))
    from_, to = names.word_texts[found, 0], names.word_texts[found, 1]
    if names.literals[from_] != 47:
        put_byte(w, uint8(32))
    put_range(w, names.literals, from_, to)


@kernel
def _is_symbol(w: Work, start: int, stop: int) -> bool:
    """Returns True for a code of letters and powers (2 and 3 after a letter) with `/`, `.`, `-` and `·` between."""
    letter = False
    for i in range(start, stop):
        byte = w.out[i]
        if _is_letter(byte):
            letter = True
        elif 50 <= byte <= 51:
            if not letter:
                return False
            letter = False
        elif byte == 47 or byte == 46 or byte == 45 or byte == 32:
            if i == start or i + 1 == stop:
                return False
            letter = False
        else:
            return False
    return _is_letter(w.out[start])


@kernel
def _is_letter(byte: int) -> bool:
    return 97 <= (byte | 32) <= 122 or byte >= 0x80


@kernel
def put_units(w: Work, names: Names, first: int, last: int, end: int) -> bool:
    """Writes `300 km²` for a wikitext template of 300, km, 2: numbers, then units with powers.

    The numbers may be several, joined by words such as `à`. Returns False without a number, or for other forms.
    """
    start, stop = positional(w, first, last, end, 1)
    if start == stop or is_given(w, first, last, end, int64(_MOST)):
        return False
    power = False
    units = int64(0)
    for number in range(1, min(last - first, int64(_MOST)) + 1):
        start, stop = positional(w, first, last, end, number)
        if start == stop:
            power = False
        elif power and _is_power(w, start, stop):
            _put_power_of_unit(w, start, stop)
            power = False
        else:
            joins = is_word(w, names, _JOIN, start, stop)
            is_unit = number > 1 and not joins and not is_number(w, start, stop)
            if number > 1:
                _put_between(w, units > 0 and is_unit)
            put_range(w, w.out, start, stop)
            units += is_unit
            power = is_unit
        if number == 1:
            _put_exponent(w, names, first, last, end)
    return True


@kernel
def _put_between(w: Work, units: bool) -> None:
    """Writes the sign `⋅` between two units, or a space."""
    if units:
        put_byte(w, uint8(0xE2))
        put_byte(w, uint8(0x8B))
        put_byte(w, uint8(0x85))
    else:
        put_byte(w, uint8(32))


@kernel
def _put_exponent(w: Work, names: Names, first: int, last: int, end: int) -> None:
    """Writes `±0.2` and `×10^3` from ±= (or += and -=) and e=."""
    for key in (_PLUS_MINUS, _PLUS, _MINUS):
        start, stop = named(w, names.keys[key], first, last, end)
        if start < stop:
            put_byte(w, uint8(32))
            _put_sign(w, key)
            put_range(w, w.out, start, stop)
    start, stop = named(w, names.keys[_EXPONENT], first, last, end)
    if start < stop:
        put_power(w)
        put_range(w, w.out, start, stop)


@kernel
def _put_sign(w: Work, key: int) -> None:
    """Writes `±`, `+` or `-`, by the name of an argument."""
    if key == _PLUS_MINUS:
        put_byte(w, uint8(0xC2))
        put_byte(w, uint8(0xB1))
    else:
        put_byte(w, uint8(43 if key == _PLUS else 45))


@kernel
def _is_power(w: Work, start: int, stop: int) -> bool:
    """Returns True if out[start:stop] is a whole number of at most three characters. It may have a minus sign."""
    for i in range(start, stop):
        if not (48 <= w.out[i] <= 57 or (i == start and w.out[i] == 45)):
            return False
    return stop - start <= 3 and 48 <= w.out[stop - 1] <= 57


@kernel
def _put_power_of_unit(w: Work, start: int, stop: int) -> None:
    """Writes `²`, `³` or `^-1`; nothing for a power of 1."""
    value = small_number(w, start, stop)
    if value == 2 or value == 3:
        put_byte(w, uint8(0xC2))
        put_byte(w, uint8(0xB0 + value))
    elif value != 1:
        put_byte(w, uint8(94))
        put_range(w, w.out, start, stop)


@kernel
def put_value(w: Work, names: Names, first: int, last: int, end: int) -> bool:
    """Writes `1.5±0.2×10^3 m` for a wikitext template of a value, its uncertainty, e= and ul= or u=.

    Returns False for end= and errend=, and for arguments of another form.
    """
    start, stop = named(w, names.keys[_END], first, last, end)
    error, error_to = named(w, names.keys[_ERROR_END], first, last, end)
    value, value_to = positional(w, first, last, end, 1)
    if start < stop or error < error_to or not is_number(w, value, value_to):
        return False
    start, stop = named(w, names.keys[_BEFORE], first, last, end)
    put_range(w, w.out, start, stop)
    put_number(w, value, value_to)
    at = int64(2)
    while at < _MOST:
        start, stop = positional(w, first, last, end, at)
        number, number_to = positional(w, first, last, end, at + 1)
        if not (is_word(w, names, _JOIN, start, stop) and is_number(w, number, number_to)):
            break
        put_word(w, names, folded_on(names.keys[_JOIN], w.out, start, stop))
        put_number(w, number, number_to)
        at += 2
    if start < stop and not _put_uncertainty(w, at, start, stop, number, number_to):
        return False
    if is_given(w, first, last, end, at + 2):
        return False
    start, stop = named(w, names.keys[_EXPONENT], first, last, end)
    if start < stop:
        put_power(w)
        put_range(w, w.out, start, stop)
    start, stop = named(w, names.keys[_BEHIND], first, last, end)
    put_range(w, w.out, start, stop)
    return _put_units_of_value(w, names, first, last, end)


@kernel
def _put_uncertainty(w: Work, at: int, start: int, stop: int, second: int, second_to: int) -> bool:
    """Writes `±0.2`, `(7)`, or `+0.2−0.1` from one or two arguments after a single value."""
    if at != 2:
        return False
    if w.out[start] == 40:
        put_range(w, w.out, start, stop)
        return second == second_to
    if not is_number(w, start, stop) or (second < second_to and not is_number(w, second, second_to)):
        return False
    if second == second_to:
        put_byte(w, uint8(0xC2))
        put_byte(w, uint8(0xB1))
        put_number(w, start, stop)
        return True
    if w.out[start] != 43:
        put_byte(w, uint8(43))
    put_number(w, start, stop)
    if w.out[second] != 45 and w.out[second] != 0xE2:
        put_byte(w, uint8(45))
    put_number(w, second, second_to)
    return True


@kernel
def _put_units_of_value(w: Work, names: Names, first: int, last: int, end: int) -> bool:
    """Writes the unit of ul= or u=, and `/` and that of upl= or up=. Returns False for a unit that is no symbol.

    These are symbols, not the codes of conversions: C is a coulomb.
    """
    unit, unit_to = _either(w, names, int64(_UL), int64(_U), first, last, end)
    if unit < unit_to and not _put_symbol(w, unit, unit_to):
        return False
    per, per_to = _either(w, names, int64(_UPL), int64(_UP), first, last, end)
    if per < per_to:
        put_byte(w, uint8(47))
        put_range(w, w.out, per, per_to)
    return True


@kernel
def _either(w: Work, names: Names, a: int, b: int, first: int, last: int, end: int) -> tuple[int, int]:
    """Returns (start, end) of the argument with the key a, or else of that with the key b."""
    start, stop = named(w, names.keys[a], first, last, end)
    if start == stop:
        start, stop = named(w, names.keys[b], first, last, end)
    return start, stop


@kernel
def put_fraction(w: Work, start: int, first: int, last: int, end: int) -> bool:
    """Writes `1/2` or `3 1/2` for a wikitext template of a fraction. A single argument is a denominator.

    start: the position of the template's name in out. After a digit comes a space, so that 19 and 1/2 stay apart.
    """
    a, a_to = positional(w, first, last, end, 1)
    b, b_to = positional(w, first, last, end, 2)
    c, c_to = positional(w, first, last, end, 3)
    if a == a_to or (c < c_to and b == b_to) or is_given(w, first, last, end, int64(4)):
        return False
    if start > w.state[OUT_FROM] and 48 <= w.out[start - 1] <= 57:
        put_byte(w, uint8(32))
    if b == b_to:
        put_byte(w, uint8(49))
        put_byte(w, uint8(47))
        put_range(w, w.out, a, a_to)
        return True
    put_range(w, w.out, a, a_to)
    put_byte(w, uint8(32 if c < c_to else 47))
    put_range(w, w.out, b, b_to)
    if c < c_to:
        put_byte(w, uint8(47))
        put_range(w, w.out, c, c_to)
    return True
