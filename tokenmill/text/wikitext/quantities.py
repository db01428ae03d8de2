"""Renders inline templates of wikitext that stand for conversions of measures, and for fractions.

A rendering has all numbers that a reader sees before a conversion, or the template is not understood.
"""

from tokenmill.text.kernel.arrays import Bytes, int64, uint8
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.templates.hashes import exact_on, folded_on
from tokenmill.text.templates.template_tables import ARGUMENTS, TABLES
from tokenmill.text.wikitext.arguments import is_given, named, positional
from tokenmill.text.wikitext.layout import PLAIN_CELL
from tokenmill.text.wikitext.names import Names
from tokenmill.text.wikitext.state import (
    CELL_START,
    DEPTH,
    KIND,
    OUT,
    OUT_FROM,
    TABLE,
    Work,
    find,
    put_byte,
    put_range,
)
from tokenmill.text.wikitext.words import is_exact_word, is_number, is_word, put_number, put_word

_MOST = 20  # arguments of one measure
_LONGEST_UNIT = 24  # bytes of a unit's code
_JOIN, _UNIT, _PART = TABLES["join"], TABLES["unit"], TABLES["part"]
_HIDDEN, _BARE, _TAIL = TABLES["hidden"], TABLES["bare"], TABLES["tail"]
_DISPLAY, _FORM = ARGUMENTS["disp"], ARGUMENTS["adj"]


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
    if at > 0 and is_word(w, names, _BARE, display, display_to):
        _put_empty_cells(w, at + 1, first, last, end)
        return True
    is_adjective = form_to - form == 2 or is_word(w, names, _TAIL, form, form_to)  # adj=on, adj=mid: `a 5 acre site`
    number, number_to = positional(w, first, last, end, int64(1))
    is_single = at == 2
    while at > 0:
        start, stop = positional(w, first, last, end, at)
        is_one = is_single and number_to - number == 1 and w.out[number] == 49
        if not put_unit_name(w, names, start, stop, is_adjective or is_one):
            return False
        is_single = True
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
def _put_empty_cells(w: Work, at: int, first: int, last: int, end: int) -> None:
    """Writes a cell without text for each unit to convert to, from argument `at` on: disp=table fills their columns."""
    start, stop = positional(w, first, last, end, at)
    if w.state[DEPTH] == 0 or w.frames[w.state[DEPTH] - 1, KIND] != TABLE:
        return
    cells = int64(1)  # without a unit it is the usual one
    for i in range(start, stop):
        cells += w.out[i] == 32
    for _ in range(cells):
        put_byte(w, uint8(CELL_START))
        for byte in (128 + PLAIN_CELL, 129, 129):
            put_byte(w, uint8(byte))


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
def put_unit_name(w: Work, names: Names, start: int, stop: int, is_one: bool) -> bool:
    """Writes a space and the symbol or name for a unit's code: `km2` as `km²`, `e6m3` as `million m³`.

    is_one: the name is in the singular (`acre`, not `acres`).

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
        _put_known_unit(w, names, start, digits, is_one)
        start = digits
    if _is_unit(w, names, start, stop):
        _put_known_unit(w, names, start, stop, is_one)
        return True
    return put_symbol(w, start, stop)


@kernel
def put_symbol(w: Work, start: int, stop: int) -> bool:
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
def _put_known_unit(w: Work, names: Names, start: int, stop: int, is_one: bool) -> None:
    """Writes a space, unless a `/` comes first, and the text of a code that the table of units has."""
    found = find(names.words, exact_on(names.keys[_UNIT], w.out, start, stop))
    from_, to = names.word_texts[found, 0], names.word_texts[found, 1]
    if names.literals[from_] != 47:
        put_byte(w, uint8(32))
    put_range(w, names.literals, from_, _end_of_singular(names.literals, from_, to) if is_one else to)


@kernel
def _end_of_singular(names: Bytes, start: int, stop: int) -> int:
    """Returns where the singular of the unit names[start:stop] ends: `acre`, `perch`. Symbols have no plural."""
    if stop - start < 4 or names[stop - 1] != 115 or not 97 <= names[stop - 2] <= 122:
        return stop
    return stop - 2 if names[stop - 2] == 101 and names[stop - 3] == 104 else stop - 1


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
def put_fraction(w: Work, start: int, stop: int, first: int, last: int, end: int) -> bool:
    """Writes `1/2` or `3 1/2` for a wikitext template of a fraction. A single argument is a denominator.

    Without arguments, the fraction is the template's name, out[start:stop].
    """
    a, a_to = positional(w, first, last, end, 1)
    b, b_to = positional(w, first, last, end, 2)
    c, c_to = positional(w, first, last, end, 3)
    if first == last and is_number(w, start, stop):
        part_from_digit(w)
        put_range(w, w.out, start, stop)
        return True
    if a == a_to or (c < c_to and b == b_to) or is_given(w, first, last, end, int64(4)):
        return False
    part_from_digit(w)
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


@kernel
def part_from_digit(w: Work) -> None:
    """Writes a space if a digit is before the template that is being closed, so that 19 and 1/2 stay apart."""
    before = w.frames[w.state[DEPTH], OUT]  # the frame of the template is closed, but still there
    while before > w.state[OUT_FROM] and w.out[before - 1] < 9:  # marks
        before -= 1
    if before > w.state[OUT_FROM] and 48 <= w.out[before - 1] <= 57:
        put_byte(w, uint8(32))
