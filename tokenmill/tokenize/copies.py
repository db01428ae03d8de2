"""Copies of documents: their number, their rows, and the document that each is a copy of.

A step that repeats documents adds the columns `<step>.copies` and `<step>.copy_of`. The second is null for the first
copy of a document. Other steps recognize copies by the name of this column.
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.columns import set_column


def with_copies(batch: pa.RecordBatch, step: str, copies: pa.Array) -> pa.RecordBatch:
    """Returns the documents with their number of copies as `<step>.copies`, and with `<step>.copy_of` null.

    So each row is a first copy.
    """
    batch = set_column(batch, f"{step}.copies", copies)
    return set_column(batch, f"{step}.copy_of", pa.nulls(batch.num_rows, pa.string()))


def originals(batch: pa.RecordBatch) -> pa.Array:
    """Returns the id of the document that each row is, or is a copy of, string (rows,).

    For a copy, this is the id of the first copy.
    """
    named = [batch.column(name) for name in batch.schema.names if name.endswith(".copy_of")]
    return pc.coalesce(*named, batch.column("id"))


def repeated(batch: pa.RecordBatch, step: str, separator: str) -> Iterator[pa.RecordBatch]:
    """Yields the documents, then those with at least two copies by `<step>.copies`, then those with three, and so on.

    With the separator `#` the second copy of `a` has the id `a#2`. Each step needs a separator of its own, so that
    copies of copies have unique ids.
    """
    yield batch
    copies = batch.column(f"{step}.copies")
    for number in range(2, 1 + (pc.max(copies).as_py() or 0)):
        again = batch.filter(pc.greater_equal(copies, number))
        named = pc.binary_join_element_wise(again.column("id"), pa.scalar(f"{number}"), separator)
        yield set_column(set_column(again, f"{step}.copy_of", originals(again)), "id", named)
