"""Records of a CSV file, compressed or not, with their places: RFC 4180, so a quoted field may hold line feeds.

A record ends with the first line by which its quotation marks are even in number. So records are bounded before any of
their fields is read, and each is parsed alone. Files cannot be read from the middle: only from the start is it known
whether a line feed is quoted.
"""

import csv
from collections.abc import Iterator
from typing import NamedTuple

from tokenmill.core.errors import DataError
from tokenmill.stages.json_lines import RawLine, Readable, chunks, raw_lines

_BOM = b"\xef\xbb\xbf"
_QUOTE = b'"'
_MAX_FIELDS = 65_536


class Record(NamedTuple):
    """One record: byte offset and length in the decompressed file, and its fields, or what is wrong."""

    offset: int
    length: int
    fields: list[str]
    problem: str = ""


def read_records(file: Readable, name: str, limit: int, delimiter: str) -> Iterator[Record]:
    """The records in order, the header first; blank lines are passed over.

    One over `limit` bytes has a problem, and so has one that is not UTF-8, or whose quotes do not close. Raises
    DataError if nothing of the file can be decompressed.
    """
    csv.field_size_limit(max(csv.field_size_limit(), limit))  # Python's own is 128 KiB, and of the whole process
    for held in _bounded(raw_lines(chunks(file), name, limit, expected="CSV"), limit):
        if held.problem:
            yield Record(held.offset, held.length, [], held.problem)
        elif held.content.strip(b"\r\n"):
            yield _record(held, delimiter)


def header_of(record: Record, name: str) -> list[str]:
    """The names of the columns. Raises DataError if the record cannot be a header."""
    if record.problem:
        raise DataError(f"{name}: the header of the CSV file: {record.problem}")
    if len(set(record.fields)) < len(record.fields) or len(record.fields) > _MAX_FIELDS:
        raise DataError(f"{name}: the header names a column twice, or more than {_MAX_FIELDS}: {record.fields[:20]}")
    return record.fields


def _bounded(lines: Iterator[RawLine], limit: int) -> Iterator[RawLine]:
    """Whole records as they stand; what is too long, or open where the file ends, only by its place."""
    offset, size, parts, marks = 0, 0, list[bytes](), 0
    for line in lines:
        if not size:
            offset = line.offset
        size = line.offset + line.length + 1 - offset
        marks += line.content.count(_QUOTE)
        if line.problem or size - 1 > limit:
            yield RawLine(offset, size - 1, b"", line.problem or f"a record of {size - 1} bytes, over {limit}")
            size, parts, marks = 0, [], 0
            continue
        parts.append(line.content)
        if marks % 2 == 0:
            yield RawLine(offset, size - 1, b"\n".join(parts))
            size, parts, marks = 0, [], 0
    if size:
        yield RawLine(offset, size - 1, b"", "a quoted field has no end")


def _record(held: RawLine, delimiter: str) -> Record:
    content = held.content.removeprefix(_BOM) if held.offset == 0 else held.content
    try:
        rows = list(csv.reader([content.decode()], delimiter=delimiter, strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        return Record(held.offset, held.length, [], str(error)[:200])
    return Record(held.offset, held.length, rows[0] if rows else [])
