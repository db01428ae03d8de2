"""Documents that occur more than once: rows for the copies, and which documents they are copies of."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.columns import set_column

_ORIGINALS = ("mix.copy_of", "rehydrate.copy_of")


def originals(batch: pa.RecordBatch) -> pa.Array:
    """The ids, for a copy that of the document it is of."""
    named = [batch.column(name) for name in _ORIGINALS if name in batch.schema.names]
    return pc.coalesce(*named, batch.column("id"))


def repeated(batch: pa.RecordBatch, step: str, mark: str) -> Iterator[pa.RecordBatch]:
    """The rows, then those of two copies and more by `<step>.copies` again, and so on.

    With the mark `#` the second copy of `a` is `a#2`; `<step>.copy_of` names the document that all of them are of. Each
    step has a mark of its own, so that copies of copies have ids of their own too.
    """
    yield batch
    copies = batch.column(f"{step}.copies")
    for number in range(2, 1 + (pc.max(copies).as_py() or 0)):
        again = batch.filter(pc.greater_equal(copies, number))
        named = pc.binary_join_element_wise(again.column("id"), pa.scalar(f"{number}"), mark)
        yield set_column(set_column(again, f"{step}.copy_of", originals(again)), "id", named)
