"""With --mark-only nothing is removed: each step judges every row as if no other had marked it, and all is kept.

A row's first mark stands in the mark columns, as it would be dropped. What each step says by itself stands beside it in
`<step>.rule`, so that it can be told later what else would have dropped a row that one rule lets go.
"""

import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.columns import MARKS, marked, set_column


def rule_column(step: str) -> str:
    """The column that holds the rule by which a step, alone, would drop a row; null where by none."""
    return f"{step}.rule"


def without_marks(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch as if no row were marked."""
    return batch.drop_columns([name for name in MARKS.names if name in batch.schema.names])


def with_first_marks(judged: pa.RecordBatch, before: pa.RecordBatch, step: str) -> pa.RecordBatch:
    """What a step made of rows without marks, with the marks they had before, which come first, and its own beside."""
    had = pa.array(marked(before))
    own = _column(judged, "drop_rule")
    for name in MARKS.names:
        judged = set_column(judged, name, pc.if_else(had, _column(before, name), _column(judged, name)))
    name = rule_column(step)
    if name in judged.schema.names:  # the step stands twice in the recipe
        own = pc.coalesce(judged.column(name), own)
    return set_column(judged, name, own)


def _column(batch: pa.RecordBatch, name: str) -> pa.Array:
    return batch.column(name) if name in batch.schema.names else pa.nulls(batch.num_rows, pa.string())
