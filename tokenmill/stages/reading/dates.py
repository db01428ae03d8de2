"""Converts dates, as sources write them, to the timestamps of the document schema."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

TIMESTAMP = pa.timestamp("us", tz="UTC")

_DATE = re.compile(r"(\d{4})-?(\d\d)?-?(\d\d)?[T ]?(\d\d)?:?(\d\d)?:?(\d\d)?(?:\.(\d+))?")
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
    """Parses a source's dates, ISO 8601 or the 4 to 14 digits of ARC files, to timestamp[us, UTC]; null for others.

    ISO 8601 may have any precision.
    """
    try:
        return pa.array(dates, type=pa.string()).cast(TIMESTAMP)  # fast path: nearly always all dates are complete
    except pa.ArrowInvalid:
        return pa.array([None if date is None else _timestamp(date) for date in dates], type=TIMESTAMP)


def _timestamp(date: str) -> datetime | None:
    try:
        read: datetime = pa.scalar(date).cast(TIMESTAMP).as_py()
    except pa.ArrowInvalid:
        return _by_parts(date)
    return read


def _by_parts(date: str) -> datetime | None:
    found = _DATE.match(date.strip())
    if not found:
        return None
    year, month, day = (int(part or 1) for part in found.groups()[:3])
    hour, minute, second = (int(part or 0) for part in found.groups()[3:6])
    try:
        return datetime(year, month, day, hour, minute, second, int((found[7] or "0")[:6].ljust(6, "0")), tzinfo=UTC)
    except ValueError:
        return None
