"""Removes spans of text that also occur in another document, word for word, however the documents differ otherwise.

Lee et al. 2022 (and later RefinedWeb) use a suffix array over the whole corpus. This unit gives an exact result in the
memory of one partition: a window of `length` characters is removed if it occurs in an earlier document. Winnowing
(text/similarity/windows.py) finds all such windows, so recall and precision are 1. A removed span is a union of such
windows, so the corpus loses no text: each window stays in the first document that has it. The sources join the text
before a removed span and the text after it; here a space separates them (text/similarity/cuts.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.columns import as_mask, drop, set_column
from tokenmill.core.kinds import Round
from tokenmill.core.rules import check_numbers, signal_columns
from tokenmill.stages.dedup.preference import Keep
from tokenmill.stages.dedup.settings import check_settings, columns_read, conclude, limited_sources
from tokenmill.stages.dedup.substring_rounds import SAID, MergedWindows, SharedGrams, SharedWindows, SharingDocuments
from tokenmill.text.similarity.cuts import cut_out
from tokenmill.text.similarity.windows import SHORTEST

RULE = "substring_dedup.emptied"


@dataclass(frozen=True)
class SubstringDedup:
    """Keeps a span of `length` characters or more in one document. Drops a text that consists only of removed spans.

    Characters are compared as they are: case and white space make a difference. Repetitions within one document stay.
    A text without a visible character loses nothing. Words before and after a removed span stay apart: if there is no
    white space on either side, a line break replaces a span that has one, and a space replaces any other. A blank on
    both sides becomes one blank.

    Attributes:
        length: number of characters of a window, at least 16. Default 200.
        keep: the document in which a span stays: longest, earliest, latest, best_score or source_order; ties go by a
            hash of the id. Default longest.
        score: column to rank by, for `keep: best_score`. Default none.
        sources: the sources in order of preference, for `keep: source_order`. Default none.
        max_removed: {source: largest share of its documents from which spans may be removed, 0 to 1}. Above it, the run
            stops. Default: no limit.
    """

    length: int = 200
    keep: Keep = "longest"
    score: str = ""
    sources: tuple[str, ...] = ()
    max_removed: dict[str, float] = field(default_factory=dict)

    adds: ClassVar[tuple[str, ...]] = signal_columns(
        "substring_dedup", "removed_spans", "removed_characters", "removed_ratio"
    )
    SAID: ClassVar[pa.Schema] = SAID

    def __post_init__(self) -> None:
        check_settings(self)
        check_numbers(self, "length", low=SHORTEST)

    @property
    def reads(self) -> tuple[str, ...]:
        return columns_read(self, "id", "text")

    def rounds(self) -> list[Round]:
        limited = limited_sources(self)
        windows = SharedWindows(self.length, self, limited)
        return [SharedGrams(self.length), SharingDocuments(), windows, MergedWindows(self.length, limited)]

    def conclude(self, facts: list[dict[str, Any]], sources: Mapping[str, int]) -> dict[str, Any]:
        """Returns the numbers of documents, cut documents, removed spans and removed characters.

        Raises DataError if more documents would be cut than max_removed allows.
        """
        return conclude(self, facts, sources, ("cut", "spans", "characters"), verb="cut spans out of")

    def rewrite(self, batch: pa.RecordBatch, removed_spans: pa.Table) -> pa.RecordBatch:
        """Returns the batch without the given spans, with their number, characters and share of the text as signals.

        removed_spans: rows of SAID. A text that would have only white space left is dropped, and keeps its characters
        for the drop record.
        """
        ordered = removed_spans.sort_by([("row", "ascending"), ("start", "ascending")])
        rows, starts, ends = (ordered.column(name).to_numpy() for name in ("row", "start", "end"))
        texts, gone, before = cut_out(batch, rows, starts, ends)
        hit = gone > 0
        blank = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(pc.fill_null(texts, ""))), 0)
        emptied = pc.and_(pa.array(hit), blank)
        cut = pa.array(hit & ~as_mask(emptied))
        batch = set_column(batch, "text", pc.if_else(cut, texts, batch.column("text")))
        spans = np.bincount(rows, minlength=batch.num_rows).astype(np.int64)
        batch = set_column(batch, "substring_dedup.removed_spans", pa.array(spans))
        batch = set_column(batch, "substring_dedup.removed_characters", pa.array(gone))
        batch = set_column(batch, "substring_dedup.removed_ratio", pa.array(gone / np.maximum(before, 1)))
        return drop(batch, emptied, RULE, gone, "all of its text")
