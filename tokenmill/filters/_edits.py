"""The last step of every filter that edits texts: write the edited texts, the signals and the marks."""

from typing import Any

import pyarrow as pa

from tokenmill.core.columns import BoolMask, set_column
from tokenmill.core.rules import breaks_rule, judge
from tokenmill.text.edit.line_edits import Edited, packed
from tokenmill.text.words.segment import Bytes, Offsets, text_array


def judge_edits(
    batch: pa.RecordBatch,
    work: Any,
    signals: dict[str, pa.Array],
    edited: Edited,
    original: tuple[Bytes, Offsets],
    *,
    changed: BoolMask | None = None,
) -> pa.RecordBatch:
    """Replaces each text by its edited form, writes the signals and marks rows by the rules of `work`.

    A document that a rule marks keeps its original text. original: the batch's text_buffer(). changed: true for each
    row whose text the edits changed, bool (rows,). If all of these rows are marked, the batch keeps its text column, so
    that the word segmentation of the stage stays valid. None: the text column is always replaced.
    """
    marked = breaks_rule(work, signals)
    if changed is None or (changed & ~marked).any():
        texts = text_array(*packed(edited, *original, marked), like=batch.column("text"))
        batch = set_column(batch, "text", texts)
    return judge(batch, work, signals)
