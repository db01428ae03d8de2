"""Renders coordinates in wikitext: `51°30′N 0°7′W`."""

from tokenmill.text.kernel.arrays import int64, uint8
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.templates.template_tables import ARGUMENTS
from tokenmill.text.wikitext.arguments import named, positional
from tokenmill.text.wikitext.names import Names
from tokenmill.text.wikitext.state import Work, put_byte, put_range
from tokenmill.text.wikitext.words import is_number

_DISPLAY, _NORTH, _EAST, _TEXT = (ARGUMENTS[name] for name in ("display", "ns", "ew", "text"))
_MISREAD, _HIDDEN, _PRINTED = 0, 1, 2


@kernel
def put_coordinates(w: Work, names: Names, first: int, last: int, end: int) -> int:
    """Writes a latitude and a longitude of one to three numbers and a letter each, or of one signed number each.

    Returns 2 if it did, 1 if they are shown only above the page, 0 if the arguments have another form. The German
    template has named arguments: `NS=51/30/N`, `EW=0/7/W`, and `text=DM` if the words of the page have them too.
    """
    start, stop = named(w, names.keys[_NORTH], first, last, end)
    if start < stop:
        return _put_named(w, names, start, stop, first, last, end)
    if _only_in_title(w, names, first, last, end):
        return int64(_HIDDEN)
    numbers = _count_numbers(w, int64(1), first, last, end)
    at = numbers + 1
    letter = _letter(w, at, first, last, end)
    if letter == 0:
        if numbers != 2:
            return int64(_MISREAD)
        _put_signed(w, int64(1), first, last, end, int64(78), int64(83))
        put_byte(w, uint8(32))
        _put_signed(w, int64(2), first, last, end, int64(69), int64(87))
        return int64(_PRINTED)
    more = _count_numbers(w, at + 1, first, last, end)
    other = _letter(w, at + 1 + more, first, last, end)
    if not 1 <= numbers <= 3 or more != numbers or other == 0 or not (letter == 78 or letter == 83):
        return int64(_MISREAD)
    _put_angle(w, int64(1), numbers, letter, first, last, end)
    put_byte(w, uint8(32))
    _put_angle(w, at + 1, more, other, first, last, end)
    return int64(_PRINTED)


@kernel
def _put_named(w: Work, names: Names, north: int, behind_north: int, first: int, last: int, end: int) -> int:
    """Writes the coordinates of the German template, with the latitude out[north:behind_north]."""
    start, stop = named(w, names.keys[_TEXT], first, last, end)
    if start == stop or w.out[start] == 73:  # ICON0
        return int64(_HIDDEN)
    east, behind_east = named(w, names.keys[_EAST], first, last, end)
    count = stop - start  # of the numbers: 3 for DMS, 2 for DM
    wanted = w.out[start] == 68 and w.out[start + 1] == 77  # another form would need a conversion
    if not (wanted and _has_parts(w, north, behind_north, count) and _has_parts(w, east, behind_east, count)):
        return int64(_MISREAD)
    _put_parts(w, north, behind_north)
    put_byte(w, uint8(32))
    _put_parts(w, east, behind_east)
    return int64(_PRINTED)


@kernel
def _has_parts(w: Work, start: int, stop: int, count: int) -> bool:
    """Returns True if out[start:stop] is like `51/30/0/N`, with this count of numbers, 2 or 3, and a letter."""
    for _ in range(count):
        behind = start
        while behind < stop and w.out[behind] != 47:
            behind += 1
        if not is_number(w, start, behind):
            return False
        start = behind + 1
    letter = int64(w.out[start]) if stop - start == 1 else int64(0)
    return 2 <= count <= 3 and letter in (78, 83, 69, 87, 79)


@kernel
def _put_parts(w: Work, start: int, stop: int) -> None:
    """Writes `51/30/0/N` as `51°30′0″N`."""
    part = int64(0)
    for i in range(start, stop):
        if w.out[i] == 47:
            _put_sign(w, part)
            part += 1
        else:
            put_byte(w, w.out[i])


@kernel
def _put_sign(w: Work, part: int) -> None:
    """Writes the sign of degrees, minutes or seconds, for part 0, 1 or 2 of an angle."""
    if part == 0:  # °
        put_byte(w, uint8(0xC2))
        put_byte(w, uint8(0xB0))
    else:  # ′ ″
        put_byte(w, uint8(0xE2))
        put_byte(w, uint8(0x80))
        put_byte(w, uint8(0xB1 + part))


@kernel
def _only_in_title(w: Work, names: Names, first: int, last: int, end: int) -> bool:
    """Returns True if display= begins with t, as in title, titre and título, and names no second place."""
    start, stop = named(w, names.keys[_DISPLAY], first, last, end)
    if start == stop or w.out[start] | 32 != 116:
        return False
    for i in range(start, stop):  # noqa: SIM110 (a generator does not compile)
        if w.out[i] == 44:
            return False
    return True


@kernel
def _count_numbers(w: Work, at: int, first: int, last: int, end: int) -> int:
    """Returns how many arguments from `at` on are numbers, at most 4."""
    count = int64(0)
    while count < 4:
        start, stop = positional(w, first, last, end, at + count)
        if not is_number(w, start, stop):
            break
        count += 1
    return count


@kernel
def _letter(w: Work, at: int, first: int, last: int, end: int) -> int:
    """Returns the letter of a direction in argument `at`, or 0. West is O in some languages."""
    start, stop = positional(w, first, last, end, at)
    if stop - start != 1:
        return int64(0)
    letter = int64(w.out[start]) & ~32
    return letter if letter in (78, 83, 69, 87, 79) else int64(0)


@kernel
def _put_angle(w: Work, at: int, count: int, letter: int, first: int, last: int, end: int) -> None:
    """Writes degrees, minutes and seconds, and the letter."""
    for i in range(count):
        start, stop = positional(w, first, last, end, at + i)
        put_range(w, w.out, start, stop)
        _put_sign(w, i)
    put_byte(w, uint8(letter))


@kernel
def _put_signed(w: Work, at: int, first: int, last: int, end: int, above: int, below: int) -> None:
    """Writes `51.5°N` or, for a number below 0, `51.5°S`. above, below: the two letters."""
    start, stop = positional(w, first, last, end, at)
    negative = w.out[start] == 45 or w.out[start] == 0xE2  # - or −
    if negative:
        start += 1 if w.out[start] == 45 else 3
    put_range(w, w.out, start, stop)
    put_byte(w, uint8(0xC2))
    put_byte(w, uint8(0xB0))
    put_byte(w, uint8(below if negative else above))
