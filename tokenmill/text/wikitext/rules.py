"""Runs the rules that patterns of inline templates name, such as `@date(1,ymd)`."""

from typing import Final

from tokenmill.text.kernel.arrays import int64, uint8
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.powers.marks import LOWERED, LOWERED_END, RAISED, RAISED_END
from tokenmill.text.templates.hashes import folded_on
from tokenmill.text.templates.patterns import AGE_ORDER, RULES
from tokenmill.text.templates.template_tables import DATES
from tokenmill.text.wikitext.arguments import argument_number, positional
from tokenmill.text.wikitext.coordinates import put_coordinates
from tokenmill.text.wikitext.dates import put_age, put_date, put_time
from tokenmill.text.wikitext.names import Names
from tokenmill.text.wikitext.quantities import part_from_digit, put_conversion, put_fraction
from tokenmill.text.wikitext.state import LANGUAGE, Work, put_byte, put_range, trimmed
from tokenmill.text.wikitext.values import put_units, put_value
from tokenmill.text.wikitext.words import put_word

UNKNOWN: Final = 0
NOTHING: Final = 1
PRINTED: Final = 2
"""The results of a rule: its arguments are not understood; it prints nothing on purpose; it has printed."""

_DATE, _TIME, _AGE, _CONVERT, _UNITS, _VALUE = map(RULES.index, ("date", "time", "age", "convert", "units", "value"))
_COORDINATES, _NAME, _LANGUAGE, _ORDINAL = map(RULES.index, ("coordinates", "name", "language", "ordinal"))
_FRACTION, _LAST, _FORMULA, _ROMAN, _AFTER = map(RULES.index, ("fraction", "last", "formula", "roman", "after"))
_RAISED, _LOWERED = map(RULES.index, ("raised", "lowered"))


@kernel
def put_rule(
    w: Work, names: Names, rule: int, a: int, b: int, start: int, stop: int, first: int, last: int, end: int
) -> int:
    """Writes the text of a rule with the numbers a and b, for the template with the name out[start:stop]."""
    if rule == _COORDINATES:
        return put_coordinates(w, names, first, last, end)
    if rule == _DATE:
        done = put_date(w, names, a, b, first, last, end)
    elif rule == _TIME:
        done = put_time(w, a, first, last, end)
    elif rule == _AGE:
        done = put_age(w, a, b % AGE_ORDER, b // AGE_ORDER, first, last, end)
    elif rule == _CONVERT:
        done = put_conversion(w, names, first, last, end)
    elif rule == _UNITS:
        done = put_units(w, names, first, last, end)
    elif rule == _VALUE:
        done = put_value(w, names, first, last, end)
    elif rule == _FRACTION:
        done = put_fraction(w, start, stop, first, last, end)
    elif rule == _LAST:
        done = _put_last(w, first, last, end)
    elif rule == _FORMULA:
        done = _put_formula(w, a, first, last, end)
    elif rule == _LANGUAGE:
        done = _put_language(w, names, a, start, stop, first, last, end)
    else:
        done = _put_name_or_number(w, rule, a, start, stop, first, last, end)
    if done and rule in (_FRACTION, _FORMULA):
        put_byte(w, uint8(RAISED_END))  # a digit that follows is no part of it
    return int64(PRINTED if done else UNKNOWN)


@kernel
def _put_name_or_number(w: Work, rule: int, a: int, start: int, stop: int, first: int, last: int, end: int) -> bool:
    """Runs the rules that write the name, what is behind its colon, an ordinal, a Roman number, or raised text."""
    if rule == _NAME:
        put_range(w, w.out, start, stop)
        return True
    if rule == _AFTER:
        start, stop = trimmed(w.out, behind_colon(w, start, stop), stop)
        put_range(w, w.out, start, stop)
        return start < stop
    start, stop = positional(w, first, last, end, a)
    if start < stop and rule in (_RAISED, _LOWERED):
        put_byte(w, uint8(RAISED if rule == _RAISED else LOWERED))
        if rule == _RAISED:
            put_byte(w, uint8(RAISED))
        put_range(w, w.out, start, stop)
        put_byte(w, uint8(RAISED_END if rule == _RAISED else LOWERED_END))
        return True
    if rule == _ROMAN:
        _put_roman(w, start, stop)
        return start < stop
    return _put_ordinal(w, start, stop)


@kernel
def behind_colon(w: Work, start: int, stop: int) -> int:
    """Returns the position after the colon of a parser function's name, such as `formatnum:`, or stop."""
    for i in range(start, stop):
        if w.out[i] == 58:
            return i + 1
    return stop


@kernel
def _put_last(w: Work, first: int, last: int, end: int) -> bool:
    """Writes the last positional argument that is not empty."""
    from_, to = end, end
    before = int64(0)
    for argument in range(first, last):
        number, start, stop = argument_number(w, argument, last, end, before)
        before += w.arguments[argument, 1] < 0
        start, stop = trimmed(w.out, start, stop)
        if number and start < stop:
            from_, to = start, stop
    put_range(w, w.out, from_, to)
    return bool(from_ < to)


@kernel
def _put_formula(w: Work, isotope: int, first: int, last: int, end: int) -> bool:
    """Writes the arguments of a chemical formula one after the other, with `^` before a charge such as `2-`.

    isotope: 1 if a number that comes first is a mass number, which gets a `^` too: `{{chem|2|H|2|O}}` is heavy water.
    Returns False for two numbers without letters between them, such as a mass number and an atomic number.
    """
    before = int64(0)
    some = False
    behind_digit = False
    for argument in range(first, last):
        number, start, stop = argument_number(w, argument, last, end, before)
        before += w.arguments[argument, 1] < 0
        start, stop = trimmed(w.out, start, stop)
        if number == 0 or start == stop:
            continue
        sign = w.out[stop - 1]
        digit = 48 <= w.out[start] <= 57
        minus = sign == 0x92 and stop - start >= 3 and w.out[stop - 2] == 0x88  # −
        if some and ((sign in (43, 45) and stop - start <= 3) or (minus and stop - start <= 5)):
            put_byte(w, uint8(94))
        elif behind_digit and digit:
            return False
        elif isotope and digit and not some and 48 <= sign <= 57:
            part_from_digit(w)
            put_byte(w, uint8(94))
        put_range(w, w.out, start, stop)
        some = True
        behind_digit = 48 <= sign <= 57
    return some


@kernel
def _put_language(w: Work, names: Names, a: int, start: int, stop: int, first: int, last: int, end: int) -> bool:
    """Writes how the page's edition calls the language with the code in argument a, or at the end of the name for 0."""
    if a:
        start, stop = positional(w, first, last, end, a)
    else:
        while start < stop and w.out[start] != 45:
            start += 1
        start += 1
    key = names.keys[DATES + 2 * w.state[LANGUAGE] + 1]
    return start < stop and put_word(w, names, folded_on(key, w.out, start, stop))


@kernel
def _put_roman(w: Work, start: int, stop: int) -> None:
    """Writes small capitals: Roman numbers in capitals, anything else unchanged."""
    roman = stop - start <= 8
    for i in range(start, stop):
        byte = w.out[i]
        roman &= byte == 105 or byte == 118 or byte == 120 or byte == 108 or byte == 99  # i v x l c
    for i in range(start, stop):
        put_byte(w, uint8(w.out[i] - 32 if roman else w.out[i]))


@kernel
def _put_ordinal(w: Work, start: int, stop: int) -> bool:
    """Writes `3rd` for a whole number, in English. Returns False for anything else."""
    if start == stop:
        return False
    for i in range(start, stop):
        if not (48 <= w.out[i] <= 57 or w.out[i] == 44):
            return False
    put_range(w, w.out, start, stop)
    unit = w.out[stop - 1]
    teen = stop - start > 1 and w.out[stop - 2] == 49
    if teen or unit == 48 or unit > 51:
        a, b = 116, 104  # th
    elif unit == 49:
        a, b = 115, 116  # st
    elif unit == 50:
        a, b = 110, 100  # nd
    else:
        a, b = 114, 100  # rd
    put_byte(w, uint8(a))
    put_byte(w, uint8(b))
    return True
