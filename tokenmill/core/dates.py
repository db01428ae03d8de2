"""Dates as sources write them, to the schema's timestamps."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import pyarrow as pa

TIMESTAMP = pa.timestamp("us", tz="UTC")

_DATE = re.compile(r"(\d{4})-?(\d\d)?-?(\d\d)?[T ]?(\d\d)?:?(\d\d)?:?(\d\d)?(?:\.(\d+))?")


def timestamps(dates: Sequence[str | None]) -> pa.Array:
    """timestamp[us, UTC] from ISO 8601 of any precision, or 4 to 14 digits as in ARC files; null for anything else."""
    try:
        return pa.array(dates, type=pa.string()).cast(TIMESTAMP)  # whole and alike, as they are nearly always
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
