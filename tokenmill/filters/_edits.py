"""Shared code of the filters that edit texts.

LOSS_RULES limits the loss of words and lines per page. judge_edits() writes the edited texts, the signals and the
marks.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokenmill.core.columns import BoolMask, set_column
from tokenmill.core.rules import HasRules, Rule, breaks_rule, judge, ratio
from tokenmill.text.edit.line_edits import Edited, packed
from tokenmill.text.kernel.arrays import Bytes, Offsets
from tokenmill.text.words.segment import text_array

LOSS_RULES = {
    "removed_words": Rule("removed_word_ratio", high="max_removed_word_ratio"),
    "empty": Rule("n_kept_lines", low="min_lines"),
}
"""The rules of a filter that drops a page if the edits remove too many of its words, or all of its lines."""

LOSS_SIGNALS = ("removed_word_ratio", "n_kept_lines")


def loss_signals(
    counts: Mapping[str, npt.NDArray[np.int64]], removed_lines: npt.NDArray[np.int64]
) -> dict[str, pa.Array]:
    """Returns the signals for what a filter's edits removed from texts: LOSS_SIGNALS, and each count as `n_<count>`.

    counts: int64 (rows,) each, among others words, removed_words and lines. removed_lines: int64 (rows,).
    """
    return {
        "removed_word_ratio": ratio(counts["removed_words"], counts["words"]),
        "n_kept_lines": pa.array(counts["lines"] - removed_lines),
        **{f"n_{name}": pa.array(values) for name, values in counts.items()},
    }


def judge_edits(
    batch: pa.RecordBatch,
    work: HasRules,
    signals: dict[str, pa.Array],
    edited: Edited,
    original: tuple[Bytes, Offsets],
    *,
    changed: BoolMask | None = None,
) -> pa.RecordBatch:
    """Replaces each text by the form that a filter edited, writes the signals and marks rows by the rules of `work`.

    A document that a rule marks keeps its original text. original: the batch's text_buffer(). changed: true for each
    row whose text the edits changed, bool (rows,). If all of these rows are marked, the batch keeps its text column, so
    that the word segmentation of the stage stays valid. None: the text column is always replaced.
    """
    marked = breaks_rule(work, signals)
    if changed is None or (changed & ~marked).any():
        texts = text_array(*packed(edited, *original, marked), like=batch.column("text"))
        batch = set_column(batch, "text", texts)
    return judge(batch, work, signals)
