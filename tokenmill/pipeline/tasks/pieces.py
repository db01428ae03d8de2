"""Cuts a batch into pieces, so that the memory that its steps use does not grow with the size of the batch."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

PIECE_BYTES = 8 << 20
"""Bytes of text in a piece, as sources return it. Each piece costs four filters about 10 ms more, 2 % of their time."""


def pieces(batch: pa.RecordBatch, size: int) -> Iterator[pa.RecordBatch]:
    """Yields the rows of a batch for its steps, in order, in slices of at most `size` bytes of text.

    A longer text is a piece of its own. Nothing is copied. A batch without rows is one piece.
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
    """Returns the bytes of each row in columns of type large_string and large_binary, int64 (rows,)."""
    sizes = np.zeros(batch.num_rows, dtype=np.int64)
    for column in batch.columns:
        if column.type in (pa.large_string(), pa.large_binary()):
            sizes += pc.fill_null(pc.binary_length(column), 0).to_numpy(zero_copy_only=False)
    return sizes
