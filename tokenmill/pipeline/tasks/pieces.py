"""A batch in pieces: what its steps hold beside it is bounded by the piece, however large the batch."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

PIECE_BYTES = 8 << 20
"""Of texts, as sources give them: four filters cost some 10 ms a piece besides, which is 2 % of their time."""


def pieces(batch: pa.RecordBatch, size: int) -> Iterator[pa.RecordBatch]:
    """The batch's rows in order, in slices of about `size` bytes of texts; a longer text is a piece of its own.

    Nothing is copied; a batch without rows is one piece.
    """
    sizes = np.cumsum(_text_bytes(batch))
    first, before = 0, 0
    while True:
        end = max(first + 1, int(np.searchsorted(sizes, before + size, side="right")))
        yield batch.slice(first, end - first)
        if end >= batch.num_rows:
            return
        first, before = end, int(sizes[end - 1])


def _text_bytes(batch: pa.RecordBatch) -> npt.NDArray[np.int64]:
    """The bytes of each row in the columns of large texts, int64 (rows,)."""
    sizes = np.zeros(batch.num_rows, dtype=np.int64)
    for column in batch.columns:
        if column.type in (pa.large_string(), pa.large_binary()):
            sizes += pc.fill_null(pc.binary_length(column), 0).to_numpy(zero_copy_only=False)
    return sizes
