"""Renders inline templates of wikitext that stand for values: numbers with uncertainties, a power of ten, and units."""

from tokenmill.text.kernel.arrays import int64, uint8
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.templates.hashes import folded_on
from tokenmill.text.templates.template_tables import ARGUMENTS, TABLES
from tokenmill.text.wikitext.arguments import is_given, named, positional
from tokenmill.text.wikitext.names import Names
from tokenmill.text.wikitext.quantities import put_symbol
from tokenmill.text.wikitext.state import Work, put_byte, put_range
from tokenmill.text.wikitext.words import is_number, is_word, put_number, put_power, put_word, small_number

_MOST = 20  # arguments of one value
_JOIN = TABLES["join"]
_EXPONENT, _PLUS_MINUS, _PLUS, _MINUS = ARGUMENTS["e"], ARGUMENTS["±"], ARGUMENTS["+"], ARGUMENTS["-"]
_BEFORE, _BEHIND, _END, _ERROR_END = ARGUMENTS["p"], ARGUMENTS["s"], ARGUMENTS["end"], ARGUMENTS["errend"]
_U, _UL, _UP, _UPL = ARGUMENTS["u"], ARGUMENTS["ul"], ARGUMENTS["up"], ARGUMENTS["upl"]
_NUMBER, _UNIT, _SLASH = 0, 1, 2  # what an argument of put_units is; a joining word is like a number


@kernel
def put_units(w: Work, names: Names, first: int, last: int, end: int) -> bool:
    """Writes `300 km²` for a wikitext template of 300, km, 2: numbers, then units with powers.

    The numbers may be several, joined by words such as `à`. Returns False without a number, or for other forms.
    """
    start, stop = positional(w, first, last, end, 1)
    if start == stop or is_given(w, first, last, end, int64(_MOST)):
        return False
    exponent = _is_named(w, names, int64(_EXPONENT), first, last, end)
    grouped = exponent and _is_grouped(w, names, first, last, end)
    if grouped:
        put_byte(w, uint8(40))
    power, waits = False, True  # waits: the exponent is not written yet
    kind = int64(_NUMBER)
    for number in range(1, min(last - first, int64(_MOST)) + 1):
        start, stop = positional(w, first, last, end, number)
        if start == stop:
            power = False
            continue
        if power and _is_power(w, start, stop):
            _put_power_of_unit(w, start, stop)
            power = False
            continue
        before = kind
        kind = _kind(w, names, number, before, start, stop)
        if kind == _NUMBER and exponent and not waits:
            return False  # does the exponent belong to both numbers?
        if kind == _UNIT and waits:
            _put_exponent(w, names, grouped, first, last, end)
            waits = False
        if number > 1:
            _put_between(w, before, kind)
        put_range(w, w.out, start, stop)
        power = kind == _UNIT
        if number == 1:
            _put_uncertainties(w, names, first, last, end)
    if waits:
        _put_exponent(w, names, grouped, first, last, end)
    return True


@kernel
def _kind(w: Work, names: Names, number: int, before: int, start: int, stop: int) -> int:
    """Returns what argument `number` of put_units, out[start:stop], is, behind one of the kind `before`."""
    if before == _UNIT and stop - start == 1 and w.out[start] == 47:
        return int64(_SLASH)
    joins = is_word(w, names, int64(_JOIN), start, stop)
    return int64(_NUMBER if number == 1 or joins or is_number(w, start, stop) else _UNIT)


@kernel
def _put_between(w: Work, before: int, kind: int) -> None:
    """Writes the sign `⋅` between two units, nothing around a `/`, or else a space."""
    if before == _UNIT and kind == _UNIT:
        put_byte(w, uint8(0xE2))
        put_byte(w, uint8(0x8B))
        put_byte(w, uint8(0x85))
    elif before != _SLASH and kind != _SLASH:
        put_byte(w, uint8(32))


@kernel
def _is_named(w: Work, names: Names, key: int, first: int, last: int, end: int) -> bool:
    """Returns True if the named argument with this key has text."""
    start, stop = named(w, names.keys[key], first, last, end)
    return bool(start < stop)


@kernel
def _is_grouped(w: Work, names: Names, first: int, last: int, end: int) -> bool:
    """Returns True if put_units needs brackets before a power of ten: for a range, or an uncertainty."""
    start, stop = positional(w, first, last, end, 2)
    if is_word(w, names, int64(_JOIN), start, stop):
        return True
    for key in (_PLUS_MINUS, _PLUS, _MINUS):  # noqa: SIM110 (a generator does not compile)
        if _is_named(w, names, int64(key), first, last, end):
            return True
    return False


@kernel
def _put_uncertainties(w: Work, names: Names, first: int, last: int, end: int) -> None:
    """Writes ` ±0.2` from ±=, or += and -=."""
    for key in (_PLUS_MINUS, _PLUS, _MINUS):
        start, stop = named(w, names.keys[key], first, last, end)
        if start < stop:
            put_byte(w, uint8(32))
            _put_sign(w, key)
            put_range(w, w.out, start, stop)


@kernel
def _put_exponent(w: Work, names: Names, grouped: bool, first: int, last: int, end: int) -> None:
    """Writes `×10^3` from e=, behind the bracket of a group."""
    if grouped:
        put_byte(w, uint8(41))
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
    """Returns True if out[start:stop] is a whole number of at most three digits. It may have a minus sign."""
    if w.out[start] == 45:
        start += 1
    elif stop - start > 3 and w.out[start] == 0xE2 and w.out[start + 1] == 0x88 and w.out[start + 2] == 0x92:  # −
        start += 3
    for i in range(start, stop):
        if not 48 <= w.out[i] <= 57:
            return False
    return 0 < stop - start <= 3


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
    """Writes `(1.5±0.2)×10^3 m` for a wikitext template of a value, its uncertainty, e= and ul= or u=.

    Returns False for end= and errend=, and for arguments of another form.
    """
    start, stop = named(w, names.keys[_END], first, last, end)
    error, error_to = named(w, names.keys[_ERROR_END], first, last, end)
    value, value_to = positional(w, first, last, end, 1)
    if start < stop or error < error_to or not is_number(w, value, value_to):
        return False
    start, stop = named(w, names.keys[_BEFORE], first, last, end)
    put_range(w, w.out, start, stop)
    error, error_to = positional(w, first, last, end, 2)
    several = error < error_to and w.out[error] != 40
    grouped = several and _is_named(w, names, int64(_EXPONENT), first, last, end)
    if grouped:
        put_byte(w, uint8(40))
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
    _put_exponent(w, names, grouped, first, last, end)
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
    if unit < unit_to and not put_symbol(w, unit, unit_to):
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
