"""Sorts a partition's rows in bounded memory. If they do not fit, it sorts them in runs on disk and merges the runs.

Rows that are equal in sort_by keep the order in which they were spilled, if the partition fits in memory.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tokenmill.core.io import parquet
from tokenmill.core.kinds import Room

BATCH_ROWS = 65_536
SHARE = 5
"""Sorting uses 1/SHARE of the room's memory for rows, and as much again for their sorted copy."""

_SMALLEST_BATCH = 1 << 18
_LARGEST = 1 << 30  # bytes held; a string column of a table that is reordered must stay below 2 GiB


def sorted_rows(tables: Iterable[pa.Table], sort_by: tuple[str, ...], room: Room) -> Iterator[pa.RecordBatch]:
    """Yields the rows of a partition's tables, sorted by sort_by, or in the given order if sort_by is empty.

    Memory: twice the share of the room that SHARE gives, and one table.
    """
    limit = min(room.memory // SHARE, _LARGEST)
    if not sort_by:
        for table in tables:
            yield from _batches(table)
        return
    runs: list[str] = []
    held: list[pa.Table] = []
    size = 0
    for table in tables:
        if held and size + table.nbytes > limit:
            runs.append(_write_run(_ordered(held, sort_by), f"{room.scratch}/run-{len(runs)}.parquet", limit))
            held, size = [], 0
        held.append(table)
        size += table.nbytes
    if not runs:
        if held:
            yield from _batches(_ordered(held, sort_by))
        return
    runs.append(_write_run(_ordered(held, sort_by), f"{room.scratch}/run-{len(runs)}.parquet", limit))
    held = []
    yield from _merged([_Run(run) for run in runs], sort_by)


def _ordered(held: list[pa.Table], sort_by: tuple[str, ...]) -> pa.Table:
    table = pa.concat_tables(held)
    held.clear()
    return table.take(_order(table, sort_by))


def _order(table: pa.Table, sort_by: tuple[str, ...]) -> pa.Array:
    if len(sort_by) == 1 and pa.types.is_integer(table.schema.field(sort_by[0]).type):
        return pa.array(np.argsort(table.column(sort_by[0]).to_numpy(), kind="stable"))
    return pc.sort_indices(table, sort_keys=[(name, "ascending") for name in sort_by])


def _batches(table: pa.Table) -> Iterator[pa.RecordBatch]:
    yield from table.combine_chunks().to_batches(max_chunksize=BATCH_ROWS)


def _write_run(table: pa.Table, path: str, limit: int) -> str:
    """Writes the table as a run and returns the path. Row groups are so small that one of each of 100 runs fits."""
    rows = max(1, table.num_rows * max(limit // 100, _SMALLEST_BATCH) // max(1, table.nbytes))
    with parquet.row_group_file(path, empty=table.schema, sync=False) as file:
        for first in range(0, table.num_rows, rows):
            file.write(table.slice(first, rows))
    return path


class _Run:
    """A sorted run that is read group by group. rows: rows that are read and not yet merged. more: groups are left."""

    def __init__(self, path: str) -> None:
        self.file = pq.ParquetFile(path)
        self.next = 0
        self.rows = self.file.schema_arrow.empty_table()
        self.fill()

    @property
    def more(self) -> bool:
        return bool(self.next < self.file.num_row_groups)

    def fill(self) -> None:
        if not self.rows.num_rows and self.more:
            self.rows = self.file.read_row_group(self.next).combine_chunks()
            self.next += 1
        elif not self.more and not self.rows.num_rows:
            self.file.close()


def _merged(runs: list[_Run], sort_by: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    """Merges sorted runs.

    If a run has unread rows, no row after its last read row may be yielded yet, because an unread row could come first.
    """
    while runs:
        parts = [run.rows.slice(0, count) for run, count in zip(runs, _within_reach(runs, sort_by[0]), strict=True)]
        table = pa.concat_tables(parts)
        run_of = np.repeat(np.arange(len(parts)), [part.num_rows for part in parts])
        order = _order(table, sort_by).to_numpy()
        ends = np.cumsum([part.num_rows for part in parts]) - 1
        stops = [
            end
            for run, part, end in zip(runs, parts, ends, strict=True)
            if run.more and part.num_rows == run.rows.num_rows
        ]
        ready = 1 + int(np.flatnonzero(np.isin(order, stops))[0]) if stops else len(order)
        yield from _batches(table.take(pa.array(order[:ready])))
        taken = np.bincount(run_of[order[:ready]], minlength=len(runs))
        for run, count in zip(runs, taken.tolist(), strict=True):
            run.rows = run.rows.slice(count)
            run.fill()
        runs = [run for run in runs if run.rows.num_rows]


def _within_reach(runs: list[_Run], leading: str) -> npt.NDArray[np.int64]:
    """Returns how many rows of each run can be among the next ones, int64 (runs,).

    Of each run with unread rows the last read row is a limit; rows above the smallest limit cannot be next. Only the
    leading column is compared.
    """
    lasts = [run.rows.column(leading)[-1] for run in runs if run.more]
    least = pc.min(pa.array([last.as_py() for last in lasts], type=runs[0].rows.schema.field(leading).type))
    if not least.is_valid:
        return np.array([run.rows.num_rows for run in runs])
    counts = [pc.sum(pc.less_equal(run.rows.column(leading), least)).as_py() or 0 for run in runs]
    return np.array(counts)
