"""Counts how much a step changed the texts of a batch, for the report."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.columns import as_mask, marked


def text_changes(before: pa.RecordBatch, after: pa.RecordBatch) -> tuple[int, int, int]:
    """Returns (unmarked documents whose text a step changed, their code points before, their code points after)."""
    if "text" not in before.schema.names or "text" not in after.schema.names:
        return 0, 0, 0
    old, new = before.column("text"), after.column("text")
    if _same_buffers(old, new):
        return 0, 0, 0
    changed = as_mask(pc.not_equal(pc.fill_null(old, ""), pc.fill_null(new, ""))) & ~marked(after)
    before_length, after_length = (int(_characters(texts)[changed].sum()) for texts in (old, new))
    return int(changed.sum()), before_length, after_length


def _characters(texts: pa.Array) -> npt.NDArray[np.int64]:
    lengths: npt.NDArray[np.int64] = pc.fill_null(pc.utf8_length(texts), 0).to_numpy(zero_copy_only=False)
    return lengths


def _same_buffers(one: pa.Array, other: pa.Array) -> bool:
    """Returns True if both are views of the same rows in memory, as they are after a step that sets no text."""
    places = [[buffer.address if buffer else 0 for buffer in array.buffers()] for array in (one, other)]
    return places[0] == places[1] and one.offset == other.offset
