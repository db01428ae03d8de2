"""Makes drop records: the facts that a run keeps of the documents that it dropped, with an excerpt of their text."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.columns import LOCATOR, MARKS, documents
from tokenmill.core.kinds import Step
from tokenmill.pipeline.tasks.step_call import apply_step

DROPPED = pa.schema(
    [
        ("id", pa.string()),
        ("source", pa.string()),
        ("url", pa.string()),
        ("locator", LOCATOR),
        *MARKS,
        ("duplicate_of", pa.string()),
        ("similarity", pa.float64()),
        ("excerpt", pa.string()),
    ]
)
"""The schema of drop records. The document itself can be read again at its locator."""


@dataclass(frozen=True)
class Excerpts:
    """How much text of a dropped document is written to its drop record.

    Attributes:
        length: number of code points; 0 writes no text.
        scrub: a Step that edits the text first. None: the text is not edited.
    """

    length: int
    scrub: Step | None


NO_EXCERPTS = Excerpts(0, None)


def drop_records(gone: pa.RecordBatch, excerpts: Excerpts) -> pa.RecordBatch:
    """Returns the drop records of marked rows, in the schema DROPPED."""
    have = set(gone.schema.names)
    columns = {
        column.name: gone.column(column.name) if column.name in have else pa.nulls(gone.num_rows, column.type)
        for column in DROPPED
    }
    if excerpts.length and "text" in have:
        columns["excerpt"] = excerpts_of(gone, excerpts)
    return pa.RecordBatch.from_arrays(
        [columns[name].cast(DROPPED.field(name).type) for name in columns], schema=DROPPED
    )


def excerpts_of(gone: pa.RecordBatch, excerpts: Excerpts) -> pa.Array:
    """Returns the excerpts of dropped texts: the first `excerpts.length` code points of each, scrubbed.

    Null if the scrub raises or drops it. The scrub gets 2 * length + 200 code points, because it would not recognize an
    e-mail address that is cut in half. Raises DataError if the scrub returns other rows.
    """
    longer = pc.utf8_slice_codeunits(gone.column("text"), 0, excerpts.length * 2 + 200)
    if excerpts.scrub is not None:
        scrubbed = apply_step(excerpts.scrub, documents({"id": gone.column("id"), "text": longer}))
        longer = scrubbed.column("text")
        if "drop_rule" in scrubbed.schema.names:
            longer = pc.if_else(pc.is_null(scrubbed.column("drop_rule")), longer, None)
    return pc.utf8_slice_codeunits(longer, 0, excerpts.length)
