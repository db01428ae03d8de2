"""Take out spans of text that stand in another document too, word for word, however the documents differ otherwise.

What Lee et al. 2022 do by a suffix array over the whole corpus (and RefinedWeb after them), exactly, in the memory of
one partition: a window of `length` characters is taken out if it stands in an earlier document. Windows are found by
winnowing (text/windows.py), which misses none: recall and precision are 1. Spans that are taken out are unions of such
windows, so none of their characters is lost to the corpus: each stands where its window was met first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce as fold
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.columns import drop, set_column
from tokenmill.core.errors import RecipeError
from tokenmill.core.kinds import Round
from tokenmill.core.preference import Keep, check_preference, preference_column
from tokenmill.core.rules import signal_columns
from tokenmill.stages.substring_rounds import SAID, SharedGrams, SharedWindows, SharingDocuments, Spans
from tokenmill.text.windows import SHORTEST, cut_out

RULE = "substring_dedup.emptied"


@dataclass(frozen=True)
class SubstringDedup:
    """A span of `length` characters or more stays in one document; a text of nothing else is dropped.

    Characters are compared as they are: case and white space make a difference. What a document repeats of itself is
    left alone. Text on both sides of a span is joined without a blank, as the sources cited do.
    length: characters, at least 16. keep: the document that a span stays in; ties go by a hash of the id. score,
    sources: what `keep` ranks by, for best_score and source_order.
    """

    length: int = 200
    keep: Keep = "longest"
    score: str = ""
    sources: tuple[str, ...] = ()

    adds: ClassVar[tuple[str, ...]] = signal_columns(
        "substring_dedup", "removed_spans", "removed_characters", "removed_ratio"
    )
    SAID: ClassVar[pa.Schema] = SAID

    def __post_init__(self) -> None:
        check_preference(self.keep, score=self.score, sources=self.sources)
        if self.length < SHORTEST:
            raise RecipeError(f"length: {self.length}; must be at least {SHORTEST} characters")

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(["id", "text", preference_column(self.keep, score=self.score)]))

    def rounds(self) -> list[Round]:
        windows = SharedWindows(self.length, self.keep, self.score, self.sources)
        return [SharedGrams(self.length), SharingDocuments(), windows, Spans(self.length)]

    def conclude(self, facts: list[dict[str, Any]], sources: Mapping[str, int]) -> dict[str, Any]:
        """How many documents are cut, how many spans go, and how many characters they have."""
        nothing = {"cut": 0, "spans": 0, "characters": 0}
        counted = fold(lambda one, other: {name: one[name] + other[name] for name in one}, facts, nothing)
        return {"documents": sum(sources.values()), **counted}

    def rewrite(self, batch: pa.RecordBatch, said: pa.Table) -> pa.RecordBatch:
        """The batch without the spans named, with the signals of how many they were and how much of the text."""
        said = said.sort_by([("row", "ascending"), ("start", "ascending")])
        rows, starts, ends = (said.column(name).to_numpy() for name in ("row", "start", "end"))
        texts, gone, before = cut_out(batch, rows, starts, ends)
        hit = gone > 0
        batch = set_column(batch, "text", pc.if_else(pa.array(hit), texts, batch.column("text")))
        spans = np.bincount(rows, minlength=batch.num_rows).astype(np.int64)
        batch = set_column(batch, "substring_dedup.removed_spans", pa.array(spans))
        batch = set_column(batch, "substring_dedup.removed_characters", pa.array(gone))
        batch = set_column(batch, "substring_dedup.removed_ratio", pa.array(gone / np.maximum(before, 1)))
        blank = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(pc.fill_null(batch.column("text"), ""))), 0)
        return drop(batch, pc.and_(pa.array(hit), blank), RULE, gone, "all of its text")
