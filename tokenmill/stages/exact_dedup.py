"""Remove documents whose text is the same, byte for byte or after folding case and white space."""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.kinds import Round
from tokenmill.core.preference import Keep, check_preference, preference_column
from tokenmill.stages.same_key import Keys, SameKey, keys_of
from tokenmill.text.segment import text_buffer
from tokenmill.text.spaces import single_spaced

RULE = "exact_dedup.duplicate"


@dataclass(frozen=True)
class ExactDedup:
    """Of documents with the same text one is kept. An empty text is never a duplicate.

    normalize: texts that differ only in case, or in how much white space of what kind stands where, are the same.
    keep: which one stays; ties go by id. score, sources: what `keep` ranks by, for best_score and source_order.
    """

    normalize: bool = False
    keep: Keep = "longest"
    score: str = ""
    sources: tuple[str, ...] = ()

    adds: ClassVar[tuple[str, ...]] = ("exact_dedup.cluster_size",)

    def __post_init__(self) -> None:
        check_preference(self.keep, score=self.score, sources=self.sources)

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(["id", "text", preference_column(self.keep, score=self.score)]))

    def rounds(self) -> list[Round]:
        return [SameKey(self, RULE)]

    def keys(self, batch: pa.RecordBatch) -> Keys:
        """Of each text."""
        if self.normalize:
            batch = pa.RecordBatch.from_pydict({"text": pc.utf8_lower(batch.column("text"))})
        buffer, offsets = single_spaced(batch) if self.normalize else text_buffer(batch)
        return keys_of(buffer.data, offsets)
