"""Rejects files in which nothing can be read."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.errors import DataError, short
from tokenmill.stages.reading.parquet_batches import RowLoss

MOST_BAD_LINES = 100_000
"""The search for a readable line ends after this many lines at the start of a file."""
MOST_BAD_ROWS = 1000
"""The search for a row in UTF-8 ends after this many rows at the start of a file."""

_HELD_BYTES = 64 << 20


class Judged(Protocol):
    """A line with its problem, "" if there is none."""

    @property
    def problem(self) -> str: ...


def refuse_without_a_good_line(lines: Iterable[Judged], file: str, expected: str) -> None:
    """Raises DataError if a JSON or CSV file has lines or values, and none of the first MOST_BAD_LINES can be read."""
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
