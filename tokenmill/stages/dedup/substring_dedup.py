"""Take out spans of text that stand in another document too, word for word, however the documents differ otherwise.

What Lee et al. 2022 do by a suffix array over the whole corpus (and RefinedWeb after them), exactly, in the memory of
one partition: a window of `length` characters is taken out if it stands in an earlier document. Windows are found by
winnowing (windows.py), which misses none: recall and precision are 1. Spans that are taken out are unions of such
windows, so none of their characters is lost to the corpus: each stands where its window was met first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.columns import as_mask, drop, set_column
from tokenmill.core.errors import RecipeError
from tokenmill.core.kinds import Round
from tokenmill.core.limits import check_limits, guard
from tokenmill.core.rules import signal_columns
from tokenmill.stages.dedup.preference import Keep, check_preference, preference_column
from tokenmill.stages.dedup.substring_rounds import SAID, SharedGrams, SharedWindows, SharingDocuments, Spans
from tokenmill.text.similarity.windows import SHORTEST, cut_out

RULE = "substring_dedup.emptied"


@dataclass(frozen=True)
class SubstringDedup:
    """A span of `length` characters or more stays in one document; a text of nothing else is dropped.

    Characters are compared as they are: case and white space make a difference. What a document repeats of itself is
    left alone. Text on both sides of a span is joined without a blank, as the sources cited do.
    length: characters, at least 16. keep: the document that a span stays in; ties go by a hash of the id. score,
    sources: what `keep` ranks by, for best_score and source_order.
    max_removed: by source, the largest share (0..1) of its documents that may lose a span; beyond it the run stops
    first.
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
        check_preference(self.keep, score=self.score, sources=self.sources)
        if self.length < SHORTEST:
            raise RecipeError(f"length: {self.length}; must be at least {SHORTEST} characters")
        check_limits(self.max_removed)

    @property
    def reads(self) -> tuple[str, ...]:
        by_source = ["source"] if self.max_removed else []
        return tuple(dict.fromkeys(["id", "text", preference_column(self.keep, score=self.score), *by_source]))

    def rounds(self) -> list[Round]:
        limited = tuple(sorted(self.max_removed))
        windows = SharedWindows(self.length, self.keep, self.score, self.sources, limited)
        return [SharedGrams(self.length), SharingDocuments(), windows, Spans(self.length, limited)]

    def conclude(self, facts: list[dict[str, Any]], sources: Mapping[str, int]) -> dict[str, Any]:
        """How many documents are cut, how many spans go, and how many characters they have. DataError if more documents
        of a source are cut than its limit allows.
        """
        cut = {
            source: {"removed": sum(part["by_source"][source] for part in facts), "largest": []}
            for source in sorted(self.max_removed)
        }
        guard("substring_dedup", self.max_removed, sources, cut, verb="cut spans out of")
        counts = {name: sum(part[name] for part in facts) for name in ("cut", "spans", "characters")}
        return {"documents": sum(sources.values()), **counts}

    def rewrite(self, batch: pa.RecordBatch, said: pa.Table) -> pa.RecordBatch:
        """The batch without the spans named, with the signals of how many they were and how much of the text.

        A text that loses all of it stays as it is, for the record of its drop.
        """
        said = said.sort_by([("row", "ascending"), ("start", "ascending")])
        rows, starts, ends = (said.column(name).to_numpy() for name in ("row", "start", "end"))
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
