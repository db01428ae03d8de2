"""Rows of a Parquet file in batches of bounded size, with the row groups that cannot be read reported as lost."""

from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

_ROWS_A_BATCH = 65_536


class RowLoss(NamedTuple):
    """Rows that cannot be read, and why."""

    rows: int
    problem: str


def row_batches(
    parquet: pq.ParquetFile, size: int, columns: list[str] | None = None
) -> Iterator[pa.RecordBatch | RowLoss]:
    """Batches of about `size` bytes; a loss for a row group that cannot be read, or not to its end."""
    for group in range(parquet.num_row_groups):
        facts = parquet.metadata.row_group(group)
        rows = max(1, min(_ROWS_A_BATCH, facts.num_rows * size // max(facts.total_byte_size, 1)))
        left = facts.num_rows
        try:
            for batch in parquet.iter_batches(batch_size=rows, row_groups=[group], columns=columns):
                left -= batch.num_rows
                yield batch
        except (pa.ArrowException, OSError) as error:
            yield RowLoss(left, f"{left} rows of row group {group}: {error}")
