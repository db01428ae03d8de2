"""Remove documents whose text is the same, byte for byte or after folding case and white space."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.kinds import Round
from tokenmill.core.limits import check_limits
from tokenmill.stages.dedup.preference import Keep, check_preference, preference_column
from tokenmill.stages.dedup.same_key import Keys, SameKey, conclude, keys_of
from tokenmill.text.edit.spaces import single_spaced
from tokenmill.text.words.segment import text_buffer

RULE = "exact_dedup.duplicate"


@dataclass(frozen=True)
class ExactDedup:
    """Of documents with the same text one is kept. An empty text is never a duplicate.

    normalize: texts that differ only in case, or in how much white space of what kind stands where, are the same.
    keep: which one stays; ties go by id. score, sources: what `keep` ranks by, for best_score and source_order.
    max_removed: by source, the largest share of its documents (0..1) that may go; beyond it the run stops first.
    """

    normalize: bool = False
    keep: Keep = "longest"
    score: str = ""
    sources: tuple[str, ...] = ()
    max_removed: dict[str, float] = field(default_factory=dict)

    adds: ClassVar[tuple[str, ...]] = ("exact_dedup.cluster_size",)

    def __post_init__(self) -> None:
        check_preference(self.keep, score=self.score, sources=self.sources)
        check_limits(self.max_removed)

    @property
    def reads(self) -> tuple[str, ...]:
        by_source = ["source"] if self.max_removed else []
        return tuple(dict.fromkeys(["id", "text", preference_column(self.keep, score=self.score), *by_source]))

    def rounds(self) -> list[Round]:
        return [SameKey(self, RULE)]

    def conclude(self, facts: list[dict[str, Any]], sources: Mapping[str, int]) -> dict[str, Any]:
        """What was counted in documents. DataError if more of a source goes than its limit allows."""
        return conclude("exact_dedup", self.max_removed, facts, sources)

    def keys(self, batch: pa.RecordBatch) -> Keys:
        """Of each text."""
        if self.normalize:
            batch = pa.RecordBatch.from_pydict({"text": pc.utf8_lower(batch.column("text"))})
        buffer, offsets = single_spaced(batch) if self.normalize else text_buffer(batch)
        return keys_of(buffer.data, offsets)
