"""Cuts batches by the size that their rows have as documents: each value in place, with the name of its column.

A dictionary holds a value once, however many rows refer to it. So the bytes of a batch do not give the size of its
rows.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.stages.reading.parquet_batches import RowLoss

_TEXTS = {pa.lib.Type_STRING, pa.lib.Type_LARGE_STRING, pa.lib.Type_BINARY, pa.lib.Type_LARGE_BINARY}
_LISTS = {pa.lib.Type_LIST, pa.lib.Type_LARGE_LIST, pa.lib.Type_MAP}


def cut_batches(
    batches: Iterable[pa.RecordBatch | RowLoss], size: int, columns: list[str] | None = None
) -> Iterator[pa.RecordBatch | RowLoss]:
    """Cuts each batch of a table into slices of about `size` bytes, with only these columns if any are named."""
    for batch in batches:
        if isinstance(batch, RowLoss):
            yield batch
        else:
            yield from cut(batch if columns is None else batch.select(columns), size)


def cut(batch: pa.RecordBatch, size: int) -> Iterator[pa.RecordBatch]:
    """Yields slices of a table's batch of at most about `size` bytes each as documents, but of at least one row."""
    names = sum(_bytes_of_names(field) for field in batch.schema)
    ends = np.cumsum(sum(map(_bytes_of_rows, batch.columns), np.full(batch.num_rows, float(names))))
    total = float(ends[-1]) if batch.num_rows else 0.0
    share = total / max(1, -(-total // max(size, 1)))  # equal slices instead of a small last one
    first = 0
    while first < batch.num_rows:
        before = float(ends[first - 1]) if first else 0.0
        last = max(first + 1, int(np.searchsorted(ends, before + share * 1.001, side="right")))
        yield batch.slice(first, last - first)
        first = last


def _bytes_of_names(field: pa.Field) -> int:
    """Returns the bytes of a field's name and of the names inside it, because each row of `meta` has them."""
    fields = [field.type.field(number) for number in range(field.type.num_fields)]
    try:
        return len(field.name.encode()) + sum(map(_bytes_of_names, fields))
    except UnicodeDecodeError:  # such a name is in no row
        return 0


def _bytes_of_rows(column: pa.Array) -> npt.NDArray[np.float64]:
    """Returns the approximate bytes of the values of each row, float64 (rows,)."""
    type = column.type
    if pa.types.is_dictionary(type):
        values = _bytes_of_rows(column.dictionary)
        places = column.indices.fill_null(0).to_numpy(zero_copy_only=False)
        known = column.is_valid().to_numpy(zero_copy_only=False)
        return np.where(known, values[places], 0.0) if len(values) else np.zeros(len(column))
    if type.id in _TEXTS:
        return np.asarray(pc.binary_length(column).fill_null(0), dtype=np.float64)
    if pa.types.is_struct(type):
        parts = (_bytes_of_rows(column.field(number).slice(0, len(column))) for number in range(type.num_fields))
        return sum(parts, np.zeros(len(column)))
    if type.id in _LISTS:
        ends = np.concatenate([[0.0], np.cumsum(_bytes_of_rows(column.values))])
        return np.diff(ends[column.offsets.to_numpy(zero_copy_only=False)])
    return np.full(len(column), column.nbytes / max(len(column), 1))
