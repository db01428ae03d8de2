"""Reads the records of a CSV file, compressed or not, with their places (RFC 4180: a quoted field may have line feeds).

A record ends with the first line that leaves no quoted field open. So the size of a record is limited before any of its
fields is read, and each record is parsed alone. A quotation mark opens a field only as its first character, as in
Python's csv. A file cannot be read from the middle, because only reading from the start shows whether a line feed is
quoted. In TSV, each line is a record, and quotation marks have no special meaning.
"""

import csv
from collections.abc import Iterator
from typing import NamedTuple

from tokenmill.core.errors import DataError
from tokenmill.core.io.compression import Readable
from tokenmill.stages.reading.json_lines import RawLine, chunks, raw_lines

_BOM = b"\xef\xbb\xbf"
_QUOTE = b'"'
_TAB = "\t"
_DELIMITERS = {".csv": ",", ".tsv": _TAB}
_OTHER_DELIMITERS = ("\t", ";", "|", ",")
_PACKED_ENDINGS = (".gz", ".zst")
_MAX_FIELDS = 65_536


class CsvRecord(NamedTuple):
    """One record: byte offset and length in the decompressed file, and its fields, or its problem."""

    offset: int
    length: int
    fields: list[str]
    problem: str = ""


def read_csv_records(file: Readable, name: str, limit: int, delimiter: str) -> Iterator[CsvRecord]:
    """Yields the records of a CSV file in order, the header first. Blank lines are skipped.

    A record of more than `limit` bytes has a problem, also a record that is not UTF-8 or whose quotes do not close.
    Raises DataError if nothing of the file can be decompressed.
    """
    csv.field_size_limit(max(csv.field_size_limit(), limit))  # Python's is 128 KiB, for the whole process
    quotes = _Quotes(delimiter.encode())
    watch = quotes.feed if delimiter != _TAB else _no_quotes
    for held in _bounded(raw_lines(chunks(file), name, limit, expected="CSV", watch=watch), limit, quotes):
        if held.problem:
            yield CsvRecord(held.offset, held.length, [], held.problem)
        elif held.content.strip(b"\r\n"):
            yield _record(held, delimiter)


def header_of(record: CsvRecord, name: str, delimiter: str) -> list[str]:
    """Returns the names of a CSV file's columns. Raises DataError if the record cannot be a header."""
    if record.problem:
        raise DataError(f"{name}: the header of the CSV file: {record.problem}")
    if len(set(record.fields)) < len(record.fields) or len(record.fields) > _MAX_FIELDS:
        raise DataError(f"{name}: the header names a column twice, or more than {_MAX_FIELDS}: {record.fields[:20]}")
    others = [sign for sign in _OTHER_DELIMITERS if sign != delimiter and sign in "".join(record.fields)]
    if others and len(record.fields) == 1:
        raise DataError(
            f"{name}: the header is one field, {record.fields[0][:200]!r}, with {others[0]!r} in it; fields are"
            " separated by commas in .csv and by tabs in .tsv"
        )
    return record.fields


def of_width(record: CsvRecord, width: int) -> CsvRecord:
    """Returns the record of a CSV file. It has a problem if it does not have `width` fields."""
    if record.problem or len(record.fields) == width:
        return record
    return record._replace(fields=[], problem=f"found {len(record.fields)} fields, expected {width}")


def csv_delimiter(file: str) -> str:
    """Returns the delimiter of a file whose name is that of CSV or TSV, "" for other files."""
    name = file.lower()
    for ending in _PACKED_ENDINGS:
        name = name.removesuffix(ending)
    return next((delimiter for ending, delimiter in _DELIMITERS.items() if name.endswith(ending)), "")


class _Quotes:
    """Follows the fields of a file, to know for each line feed whether it ends a record."""

    def __init__(self, delimiter: bytes) -> None:
        self.delimiter, self.opening = delimiter, delimiter + _QUOTE
        self.unseen = _BOM  # the rest of the byte order mark that may still come
        self.starts = True  # a field may start here
        self.inside = False  # the place is in a quoted field
        self.marked = False  # the last byte inside was a quotation mark: it is doubled, or it ends the field

    def feed(self, piece: bytes) -> None:
        """Takes the next bytes of a line."""
        place = 0
        while self.unseen and place < len(piece):
            is_mark = piece[place] == self.unseen[0]
            place, self.unseen = place + is_mark, self.unseen[1:] if is_mark else b""
        while place < len(piece):
            place = self._quoted(piece, place) if self.inside else self._plain(piece, place)

    def end_line(self) -> bool:
        """Ends a line. Returns True if it leaves a quoted field open."""
        self.inside &= not self.marked
        self.starts, self.marked = not self.inside, False
        self.unseen = b""
        return self.inside

    def _quoted(self, piece: bytes, place: int) -> int:
        """Reads the piece up to the end of the quoted field. Returns the next place in it."""
        if self.marked:
            self.marked = False
            if piece.startswith(_QUOTE, place):
                return place + 1
            self.inside = self.starts = False
            return place
        mark = piece.find(_QUOTE, place)
        self.marked = mark >= 0
        return mark + 1 if self.marked else len(piece)

    def _plain(self, piece: bytes, place: int) -> int:
        """Reads the piece up to the start of the next quoted field. Returns the next place in it."""
        if self.starts and piece.startswith(_QUOTE, place):
            self.inside, self.starts = True, False
            return place + 1
        opening = piece.find(self.opening, place)
        self.inside = opening >= 0
        self.starts = not self.inside and piece.endswith(self.delimiter)
        return opening + len(self.opening) if self.inside else len(piece)


def _no_quotes(piece: bytes) -> None:
    """Ignores a piece of TSV, which has no quoted fields."""


def _bounded(lines: Iterator[RawLine], limit: int, quotes: _Quotes) -> Iterator[RawLine]:
    """Yields whole records. One that is too long, or still open at the end of the file, has only its place."""
    offset, size, parts, count, problem = 0, 0, list[bytes](), 0, ""
    for line in lines:
        if not count:
            offset = line.offset
        count += 1
        size = line.offset + line.length - offset
        problem = line.problem if count == 1 or size <= limit else f"a record of {size} bytes, over {limit}"
        if problem:
            parts = []
        else:
            parts.append(line.content)
        if not quotes.end_line():
            yield RawLine(offset, size, b"\n".join(parts), problem)
            parts, count = [], 0
    if count:
        breaks = problem if size <= limit else ""
        yield RawLine(offset, size, b"", breaks or f"a quoted field has no end: {count} lines")


def _record(held: RawLine, delimiter: str) -> CsvRecord:
    content = held.content.removeprefix(_BOM) if held.offset == 0 else held.content
    try:
        text = content.decode()
        if delimiter == _TAB:
            return CsvRecord(held.offset, held.length, text.removesuffix("\r").split(_TAB))
        rows = list(csv.reader([text], delimiter=delimiter, strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        return CsvRecord(held.offset, held.length, [], str(error)[:200])
    return CsvRecord(held.offset, held.length, rows[0] if rows else [])
