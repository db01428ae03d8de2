"""Rejects files that are not tables, by their first bytes or because nothing in them can be read, with advice."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.errors import DataError, short
from tokenmill.stages.reading.parquet_batches import RowLoss

HEAD_BYTES = 1 << 10
MOST_BAD_LINES = 100_000
"""The search for a readable line ends after this many lines at the start of a file."""
MOST_BAD_ROWS = 1000
"""The search for a row in UTF-8 ends after this many rows at the start of a file."""

_HELD_BYTES = 64 << 20
_LFS = b"version https://git-lfs.github.com/spec/"
_ANNEX = (b"/annex/objects/", b"../.git/annex/objects/", b".git/annex/objects/")
_PAGES = (b"<!doctype html", b"<html", b"<?xml", b"<head", b"<body")
_OTHERS = {
    b"PARE": "an encrypted Parquet file; decrypt it first",
    b"PK\x03\x04": "a zip archive; unpack it first",
    b"%PDF-": "a PDF; it has no table that can be read",
    b"SQLite format 3\x00": "an SQLite database; export its table as JSON Lines or Parquet",
    b"\x89HDF\r\n": "an HDF5 file; export its table as JSON Lines or Parquet",
    b"Obj\x01": "an Avro file; export it as JSON Lines or Parquet",
    b"7z\xbc\xaf": "a 7z archive; unpack it first",
}
_NEVER_EMPTY = (".parquet", ".arrow", ".feather", ".gz", ".zst", ".bz2", ".xz")
_BINARY = (".parquet", ".arrow", ".feather")
_TABLE_MAGICS = (b"PAR1", b"ARROW1", b"\xff\xff\xff\xff")


def refuse_no_table(head: bytes, file: str, *, is_csv: bool) -> None:
    """Raises DataError if a file is known to be of a kind that read_table does not read.

    head: its first HEAD_BYTES bytes, or fewer if it is shorter.
    """
    name = file.lower()
    start = head.lstrip()
    if not head and name.endswith(_NEVER_EMPTY):
        raise DataError(f"{file}: is empty; get it again, or leave it out of paths")
    if head.startswith(_LFS):
        raise DataError(f"{file}: is a Git LFS pointer, not the data; get the data: git lfs pull")
    if head.startswith(_ANNEX):
        raise DataError(f"{file}: is a git-annex pointer, not the data; get the data: git annex get")
    if start[:20].lower().startswith(_PAGES):
        raise DataError(f"{file}: is a page of HTML or XML, such as a server's error page; download the file again")
    for magic, what in _OTHERS.items():
        if head.startswith(magic) and not is_csv:
            raise DataError(f"{file}: is {what}")
    if not is_csv and _is_array(start):
        how = "convert it: jq -c '.[]' IN.json > OUT.jsonl"
        raise DataError(f"{file}: is one JSON array, expected JSON Lines, an object per line; {how}")
    if name.endswith(_BINARY) and not head.startswith((*_TABLE_MAGICS, b"{")):
        raise DataError(f"{file}: is not a table, although its name says so: it begins with {short(head[:20])}")


class Judged(Protocol):
    """A line with its problem, "" if there is none."""

    @property
    def problem(self) -> str: ...


def refuse_without_a_good_line(lines: Iterable[Judged], file: str, expected: str) -> None:
    """Raises DataError if a JSON Lines or CSV file has lines, and none of the first MOST_BAD_LINES can be read."""
    count, first = 0, ""
    for line in islice(lines, MOST_BAD_LINES):
        if not line.problem:
            return
        count, first = count + 1, first or line.problem
    if count:
        raise DataError(
            f"{file}: none of its {count:,} lines can be read, the first: {short(first)}; expected {expected}"
        )


def with_a_good_row(batches: Iterator[pa.RecordBatch | RowLoss], file: str) -> Iterator[pa.RecordBatch | RowLoss]:
    """Yields a table's batches as they are, if not all of them are losses.

    Raises DataError before the first one if all of them are losses.
    """
    held: list[RowLoss] = []
    for batch in batches:
        if isinstance(batch, RowLoss):
            held.append(batch)
            continue
        yield from held
        yield batch
        yield from batches
        return
    if held:
        raise DataError(f"{file}: none of its rows can be read: {short(held[0].problem)}; get the file again")


def with_a_good_text(batches: Iterator[pa.RecordBatch], file: str, *, whole: bool) -> Iterator[pa.RecordBatch]:
    """Yields batches of documents as they are, if not all of their first rows are marked as not UTF-8.

    Raises DataError before the first one if all rows are, or the first MOST_BAD_ROWS. whole: they are a whole file.
    """
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        count = sum(one.num_rows for one in held)
        if not _is_bad_utf8(batch) or sum(one.nbytes for one in held) > _HELD_BYTES:
            yield from held
            yield from batches
            return
        if count >= MOST_BAD_ROWS:
            break
    if held and (whole or count >= MOST_BAD_ROWS):
        raise DataError(
            f"{file}: none of its first {count:,} rows is text in UTF-8; convert its columns to UTF-8, or name another "
            "column for the text: columns: {NAME: text}"
        )
    yield from held


def _is_bad_utf8(batch: pa.RecordBatch) -> bool:
    if "drop_rule" not in batch.schema.names:
        return not batch.num_rows
    return bool(pc.all(pc.equal(batch.column("drop_rule").fill_null(""), "read_table.bad_utf8")).as_py())


def _is_array(start: bytes) -> bool:
    """Returns True if the file begins with one JSON array, on one or several lines. The head may end inside it."""
    first, _, rest = start.partition(b"\n")
    first = first.strip()
    return first.startswith(b"[") and (first == b"[" or not first.endswith(b"]") or not rest.strip())
