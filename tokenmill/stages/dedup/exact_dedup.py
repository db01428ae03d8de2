"""Removes documents with the same text, byte for byte or after case and white space are normalized."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.kinds import Round
from tokenmill.stages.dedup.preference import Keep
from tokenmill.stages.dedup.same_key import COUNTS, Keys, SameKey, keys_of
from tokenmill.stages.dedup.settings import check_settings, columns_read, conclude
from tokenmill.text.edit.spaces import single_spaced, without_blank_texts
from tokenmill.text.words.segment import text_buffer

RULE = "exact_dedup.duplicate"


@dataclass(frozen=True)
class ExactDedup:
    """Keeps one of the documents with the same text. A text without a visible character is never a duplicate.

    Attributes:
        keep: longest, earliest, latest, best_score or source_order; ties go by id. Default longest.
        score: column to rank by, for `keep: best_score`. Default none.
        sources: the sources in order of preference, for `keep: source_order`. Default none.
        max_removed: {source: largest share of its documents that may be removed, 0 to 1}. Above it, the run stops.
            Default: no limit.
        normalize: treat texts as equal that differ only in case, or in the amount and kind of white space. Default
            false.
    """

    keep: Keep = "longest"
    score: str = ""
    sources: tuple[str, ...] = ()
    max_removed: dict[str, float] = field(default_factory=dict)
    normalize: bool = False

    adds: ClassVar[tuple[str, ...]] = ("exact_dedup.cluster_size",)

    def __post_init__(self) -> None:
        check_settings(self)

    def rounds(self) -> list[Round]:
        return [SameKey(self, RULE)]

    @property
    def reads(self) -> tuple[str, ...]:
        return columns_read(self, "id", "text")

    def keys(self, batch: pa.RecordBatch) -> Keys:
        """Returns the hash of each text."""
        batch = pa.RecordBatch.from_pydict({"text": without_blank_texts(batch.column("text"))})
        if self.normalize:
            batch = pa.RecordBatch.from_pydict({"text": pc.utf8_lower(batch.column("text"))})
        buffer, offsets = single_spaced(batch) if self.normalize else text_buffer(batch)
        return keys_of(buffer.data, offsets)

    def conclude(self, facts: list[dict[str, Any]], sources: Mapping[str, int]) -> dict[str, Any]:
        """Returns the numbers of documents, removed documents and clusters.

        Raises DataError if max_removed would be exceeded.
        """
        return conclude(self, facts, sources, COUNTS)
