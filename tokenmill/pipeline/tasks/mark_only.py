"""Marks of a run with --mark-only. Each step judges every row as if no other step had marked it; no row is removed.

The mark columns have a row's first mark, which is the one that would drop it. The column `<step>.rule` has the rule by
which that step alone would drop the row. So later it is known which other rules would drop a row if the first one
did not.
"""

import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.columns import MARKS, marked, set_column


def rule_column(step: str) -> str:
    """Returns the column for the rule by which a step alone would drop a row in a mark-only run, or null."""
    return f"{step}.rule"


def without_marks(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Returns the batch of a mark-only run without its mark columns, as if no row were marked."""
    return batch.drop_columns([name for name in MARKS.names if name in batch.schema.names])


def with_first_marks(judged: pa.RecordBatch, before: pa.RecordBatch, step: str) -> pa.RecordBatch:
    """Returns `judged`, a step's result in a mark-only run, with each row's first mark and `<step>.rule`.

    The step judged rows without marks. before: the rows with the marks that they had before the step; these marks take
    precedence over the step's own.
    """
    had = pa.array(marked(before))
    own = _column(judged, "drop_rule")
    for name in MARKS.names:
        judged = set_column(judged, name, pc.if_else(had, _column(before, name), _column(judged, name)))
    name = rule_column(step)
    if name in judged.schema.names:  # the recipe has the step twice
        own = pc.coalesce(judged.column(name), own)
    return set_column(judged, name, own)


def _column(batch: pa.RecordBatch, name: str) -> pa.Array:
    return batch.column(name) if name in batch.schema.names else pa.nulls(batch.num_rows, pa.string())
