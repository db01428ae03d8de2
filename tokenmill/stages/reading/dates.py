"""Converts dates, as sources write them, to the timestamps of the document schema."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa

TIMESTAMP = pa.timestamp("us", tz="UTC")

_DATE = re.compile(
    r"""(?!\d{4}/\d\d\Z)                     # a month is written 2024-05 or 202405
    (\d{4}) (?: ([-/]?) (\d\d) (?: \2 (\d\d)
        (?: [Tt ] (\d\d) (?: (:?) (\d\d) (?: \6 (\d\d) (?: [.,] (\d+) )? )? )?
            (?: [ ]? (?: [Zz] | UTC | GMT | ([+-]) ([01]\d | 2[0-3]) (?: :? ([0-5]\d) )? ) )?
        | [Zz] )?
    )? )?""",
    re.ASCII | re.VERBOSE,
)
_DIGITS = re.compile(r"(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:\d{3})?", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,32}(?:\.[0-9]{0,32})?(?:[eE]\+?[0-9]{1,2})?")
_DIGITS_OF_DATES = (4, 6, 8, 10, 12, 14, 17)  # YYYY to YYYYMMDDhhmmss, and milliseconds
_DATED_YEARS = range(1900, 2100)  # 10 and 12 digits are a date if it is valid and in one of these years
_EPOCHS = [  # (least number, numbers per second): since 1970 in seconds, milliseconds, microseconds, nanoseconds
    (10**8, 1),
    (10**11, 10**3),
    (10**14, 10**6),
    (10**17, 10**9),
]
_EPOCH_END = 4_102_444_800  # seconds: the year 2100
_MICROSECONDS = {"s": 1_000_000, "ms": 1000, "us": 1}
_DAY = 86_400_000_000
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_799_999_999  # years 1 to 9999, which Python supports


def moments(column: pa.Array) -> pa.Array:
    """Converts a column of a source's dates or timestamps to the document schema's timestamp[us, UTC].

    Years outside 1 to 9999 become null. Nanoseconds are cut off. Arrays of other types are cast by Arrow, which raises
    ArrowNotImplementedError or ArrowInvalid if it cannot cast them.
    """
    type = column.type
    if pa.types.is_timestamp(type):
        unit = _MICROSECONDS.get(type.unit, 0)
    elif pa.types.is_date(type):
        unit = _DAY if pa.types.is_date32(type) else _MICROSECONDS["ms"]
    else:
        return column.cast(TIMESTAMP)
    whole = column.cast(pa.int32()).cast(pa.int64()) if pa.types.is_date32(type) else column.cast(pa.int64())
    values = whole.fill_null(0).to_numpy(zero_copy_only=False)
    if not unit:
        values, unit = values // 1000, 1
    known = (values >= -(-_FIRST // unit)) & (values <= _LAST // unit)
    missing = ~known | column.is_null().to_numpy(zero_copy_only=False)
    return pa.array(np.where(known, values, 0) * unit, mask=missing).cast(TIMESTAMP)


def timestamps(dates: Sequence[str | None]) -> pa.Array:
    """Parses a source's dates to timestamp[us, UTC]; null for other texts, and for times outside the years 1 to 9999.

    The whole text has to be one of these:

    - a calendar date of ISO 8601 in any precision from a year to parts of a second, with or without separators; the day
      may also be written 2024/12/25. A time may be followed by its zone: Z, UTC, GMT or a difference such as +01:00 or
      -0500, also after a space. Without a zone it is UTC.
    - the 4 to 14 digits of ARC files (YYYYMMDDhhmmss).
    - seconds, milliseconds, microseconds or nanoseconds since 1970, whose size gives the unit: 1973-03-03 to 2099. Ten
      or twelve digits that are a date of the years 1900 to 2099 (2024010112) are that date, not the seconds or
      milliseconds.
    """
    try:
        # fast path: nearly always all dates are complete; a zone can move a time out of the years 1 to 9999
        return moments(pa.array(dates, type=pa.string()).cast(TIMESTAMP))
    except pa.ArrowInvalid:
        return pa.array([None if date is None else _timestamp(date) for date in dates], type=TIMESTAMP)


def _timestamp(date: str) -> datetime | None:
    bare = date.strip()
    return _of_number(bare) if _NUMBER.fullmatch(bare) else _of_text(bare)


def _of_number(number: str) -> datetime | None:
    digits, _, fraction = number.partition(".")
    written = _of_digits(digits, fraction)
    if written is None or (len(digits) in (10, 12) and written.year not in _DATED_YEARS):
        return _since_1970(Decimal(number))
    return written


def _of_digits(digits: str, fraction: str) -> datetime | None:
    """Returns the date of digits such as YYYYMMDD. Only a date with seconds may have a fraction that is not zero."""
    found = _DIGITS.fullmatch(digits) if len(digits) in _DIGITS_OF_DATES else None
    if not found or (fraction.strip("0") and not (len(digits) == 14 and fraction.isdigit())):
        return None
    return _moment(found.groups(), fraction)


def _since_1970(number: Decimal) -> datetime | None:
    """Returns the time of a number of seconds, or thousandths of them and so on, None if no unit gives a likely one."""
    for least, per_second in _EPOCHS:
        if least <= number < _EPOCH_END * per_second:
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(number * 10**6 / per_second))
    return None


def _of_text(date: str) -> datetime | None:
    found = _DATE.fullmatch(date)
    if not found:
        return None
    local = _moment(found.group(1, 3, 4, 5, 7, 8), found[9] or "")
    sign, hours, minutes = found.group(10, 11, 12)
    if local is None or sign is None:
        return local
    ahead = timedelta(hours=int(hours), minutes=int(minutes or 0))
    try:
        return local - ahead if sign == "+" else local + ahead
    except OverflowError:
        return None


def _moment(parts: Sequence[str | None], fraction: str) -> datetime | None:
    """Returns the time of (year, month, day, hour, minute, second), None if there is no such time."""
    year, month, day = (int(part or 1) for part in parts[:3])
    hour, minute, second = (int(part or 0) for part in parts[3:])
    try:
        return datetime(year, month, day, hour, minute, second, int(fraction[:6].ljust(6, "0")), tzinfo=UTC)
    except ValueError:
        return None
