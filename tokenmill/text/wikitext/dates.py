"""Renders inline templates of wikitext that stand for dates, times of day and ages."""

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, int64, uint8
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.templates.hashes import byte_on
from tokenmill.text.templates.patterns import ORDERS
from tokenmill.text.templates.template_tables import ARGUMENTS, DATES
from tokenmill.text.wikitext.arguments import named, positional
from tokenmill.text.wikitext.names import Names
from tokenmill.text.wikitext.state import LANGUAGE, Work, find, put_byte, put_range
from tokenmill.text.wikitext.words import put_small, put_word, small_number

_YEAR, _MONTH, _DAY = ARGUMENTS["year"], ARGUMENTS["month"], ARGUMENTS["day"]
_YMD, _ONE = ORDERS["ymd"], ORDERS["one"]
_LAST_YEAR_IN_TEXT = 40  # bytes of a year such as `44 BC`


@kernel
def put_date(w: Work, names: Names, at: int, order: int, first: int, last: int, end: int) -> bool:
    """Writes the date in the positional arguments at, at + 1 and at + 2, or in year=, month= and day=.

    order: theirs, see ORDERS. A single argument may be a date in words, or a number such as `1990-05-15`. Returns False
    if it is not a date, so that no part of it is lost.
    """
    a_from, a_to = positional(w, first, last, end, at)
    b_from, b_to = positional(w, first, last, end, at + 1)
    c_from, c_to = positional(w, first, last, end, at + 2)
    if a_from == a_to and b_from == b_to and c_from == c_to:
        a_from, a_to = named(w, names.keys[_YEAR], first, last, end)
        b_from, b_to = named(w, names.keys[_MONTH], first, last, end)
        c_from, c_to = named(w, names.keys[_DAY], first, last, end)
        order = int64(_YMD)
    if order == _ONE or (b_from == b_to and c_from == c_to):
        return _put_single(w, names, a_from, a_to)
    day_first = order != _YMD
    if day_first and small_number(w, a_from, a_to) > 31 and small_number(w, c_from, c_to) <= 31:
        day_first = False
    elif not day_first and small_number(w, c_from, c_to) > 31 and 0 <= small_number(w, a_from, a_to) <= 31:
        day_first = True
    if day_first:
        a_from, a_to, c_from, c_to = c_from, c_to, a_from, a_to
    return _put_parts(w, names, w.out, a_from, a_to, b_from, b_to, c_from, c_to)


@kernel
def _put_single(w: Work, names: Names, start: int, stop: int) -> bool:
    """Writes a date that is one argument."""
    if start == stop:
        return False
    if not is_iso_date(w, start, stop):
        put_range(w, w.out, start, stop)
        return True
    return _put_parts(w, names, w.out, start, start + 4, start + 5, start + 7, start + 8, stop)


@kernel
def is_iso_date(w: Work, start: int, stop: int) -> bool:
    """Returns True if out[start:stop] has the form `1990-05-15`."""
    if stop - start != 10 or w.out[start + 4] != 45 or w.out[start + 7] != 45:
        return False
    for i in range(start, stop):
        if w.out[i] != 45 and not 48 <= w.out[i] <= 57:
            return False
    return bool(w.out[start] != 45)


@kernel
def _put_parts(
    w: Work, names: Names, source: Bytes, year: int, year_to: int, month: int, month_to: int, day: int, day_to: int
) -> bool:
    """Writes a date from the ranges of its parts, in the form of the page's language. Returns False without a date."""
    month_number, day_number = small_number(w, month, month_to), small_number(w, day, day_to)
    if day_to - day == 3 and w.out[day] == 49 and w.out[day + 1] == 101 and w.out[day + 2] == 114:  # 1er
        day_number = int64(1)
    if month_number > 12 or month_number == 0 or day_number > 31 or day_number == 0:
        return False
    if (day < day_to and (day_number < 0 or month == month_to)) or year_to - year > _LAST_YEAR_IN_TEXT:
        return False
    salt = names.keys[DATES + 2 * w.state[LANGUAGE]]  # the table's words: y if the year is first; 1 to 12; what follows
    year_first = (
        find(names.words, byte_on(salt, 121)) >= 0
    )  # the first part (a), the second (b), the third (c), day 1 (f)
    if year_first:
        put_range(w, source, year, year_to)
        _put_part(w, names, byte_on(salt, 97), year < year_to)  # a
    if day < day_to and not year_first:
        put_small(w, day_number)
        if day_number == 1:
            put_word(w, names, byte_on(salt, 102))  # f
        put_word(w, names, byte_on(salt, 97))
    if month_number > 0:
        put_word(w, names, _month_key(salt, month_number))
    else:
        put_range(w, source, month, month_to)
    if year_first:
        _put_part(w, names, byte_on(salt, 98), month_number > 0)  # b
        if day < day_to:
            put_small(w, day_number)
            put_word(w, names, byte_on(salt, 99))  # c
    elif year < year_to:
        _put_part(w, names, byte_on(salt, 98), month < month_to)
        put_range(w, source, year, year_to)
    return True


@kernel
def _put_part(w: Work, names: Names, key: np.uint64, wanted: bool) -> None:
    if wanted:
        put_word(w, names, key)


@kernel
def _month_key(salt: np.uint64, month: int) -> np.uint64:
    """Returns the key of a month's name in the table of words: that of its number."""
    if month >= 10:
        salt = byte_on(salt, 49)
    return byte_on(salt, 48 + month % 10)


@kernel
def put_time(w: Work, at: int, first: int, last: int, end: int) -> bool:
    """Writes `14:30` or `14:30:05` from an hour and what follows it. Returns False if hour or minute is missing."""
    hour, hour_to = positional(w, first, last, end, at)
    minute, minute_to = positional(w, first, last, end, at + 1)
    second, second_to = positional(w, first, last, end, at + 2)
    if not 0 <= small_number(w, hour, hour_to) < 25 or not 0 <= small_number(w, minute, minute_to) < 60:
        return False
    put_range(w, w.out, hour, hour_to)
    put_byte(w, uint8(58))
    put_range(w, w.out, minute, minute_to)
    if 0 <= small_number(w, second, second_to) < 61:
        put_byte(w, uint8(58))
        put_range(w, w.out, second, second_to)
    return True


@kernel
def put_age(w: Work, born: int, died: int, order: int, first: int, last: int, end: int) -> bool:
    """Writes the years between two dates of three arguments each. Returns False if one of them is not complete.

    order: that of both dates, see ORDERS. The years of people of antiquity may look like days.
    """
    from_year, from_rest = _date_numbers(w, born, order, first, last, end)
    to_year, to_rest = _date_numbers(w, died, order, first, last, end)
    years = to_year - from_year - int64(to_rest < from_rest)
    if from_year < 0 or to_year < 0 or years < 0:
        return False
    put_small(w, years)
    return True


@kernel
def _date_numbers(w: Work, at: int, order: int, first: int, last: int, end: int) -> tuple[int, int]:
    """Returns (year, month and day as one number) of a date of three numbers, or (-1, 0).

    The order is the other one if the number in the place of the day is over 31.
    """
    start, stop = positional(w, first, last, end, at)
    a = small_number(w, start, stop)
    start, stop = positional(w, first, last, end, at + 1)
    month = small_number(w, start, stop)
    start, stop = positional(w, first, last, end, at + 2)
    b = small_number(w, start, stop)
    year_first = b <= 31 if order == _YMD else a > 31
    year, day = (a, b) if year_first else (b, a)
    if a < 0 or b < 0 or not 1 <= month <= 12 or not 1 <= day <= 31:
        return int64(-1), int64(0)
    return year, month * 32 + day
