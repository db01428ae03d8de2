"""Makes rows of VERDICT for Globals that remove duplicates."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokenmill.core.kinds import VERDICT


def removals(
    rows: pa.RecordBatch, rule: str, *, duplicate_of: Any, similarity: npt.NDArray[np.float64], threshold: float
) -> pa.RecordBatch:
    """Returns verdicts that drop each row (`shard`, `row`) as a duplicate of the document with the id `duplicate_of`.

    similarity: 0 to 1, float64 (rows,), exact, so that the recorded value is never below the threshold.
    """
    values, places = np.unique(similarity, return_inverse=True)
    measured = pa.array([f"{value:.6g}" for value in values.tolist()], type=pa.string()).take(pa.array(places))
    return _verdicts(
        rows,
        drop_rule=pa.repeat(rule, rows.num_rows),
        drop_measured=measured,
        drop_threshold=pa.repeat(f"{threshold:.6g}", rows.num_rows),
        duplicate_of=duplicate_of,
        similarity=pa.array(similarity),
    )


def same_key(rows: pa.RecordBatch, rule: str, *, duplicate_of: Any, key: str) -> pa.RecordBatch:
    """Returns verdicts that drop each row because it has the same key as the document with the id `duplicate_of`.

    key: name of the key. The similarity is null, because it is unknown.
    """
    return _verdicts(
        rows,
        drop_rule=pa.repeat(rule, rows.num_rows),
        drop_measured=pa.repeat(f"the same {key}", rows.num_rows),
        drop_threshold=pa.repeat(f"one document per {key}", rows.num_rows),
        duplicate_of=duplicate_of,
    )


def cluster_sizes(rows: pa.RecordBatch, sizes: npt.NDArray[Any]) -> pa.RecordBatch:
    """Returns verdicts of a deduplication that keep each row, with the size of its cluster of duplicates.

    sizes: number of documents in its cluster, including itself.
    """
    return _verdicts(rows, cluster_size=pa.array(sizes.astype(np.int32)))


def _verdicts(rows: pa.RecordBatch, **columns: pa.Array) -> pa.RecordBatch:
    columns |= {"shard": rows.column("shard"), "row": rows.column("row")}
    arrays = [columns.get(field.name, pa.nulls(rows.num_rows, field.type)).cast(field.type) for field in VERDICT]
    return pa.RecordBatch.from_arrays(arrays, schema=VERDICT)
