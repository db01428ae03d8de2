"""Remove documents of the same address, as snapshots of a crawl hold them: the newest or the longest stays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.kinds import Round
from tokenmill.core.limits import check_limits
from tokenmill.stages.dedup.preference import Keep, check_preference, preference_column
from tokenmill.stages.dedup.same_key import Keys, SameKey, conclude, keys_of
from tokenmill.text.url.urls import normal_urls

RULE = "url_dedup.duplicate"


@dataclass(frozen=True)
class UrlDedup:
    """Of documents with the same address one is kept. A document without one is never a duplicate.

    Addresses are the same if they differ only in http or https, `www.`, the case of the host, user and default port,
    slashes at the path's end, the fragment, and parameters that track visitors or hold a session; case and percent
    codes of the path, and the order of other parameters, do make a difference.
    keep: which one stays; ties go by id. score, sources: what `keep` ranks by, for best_score and source_order.
    max_removed: by source, the largest share of its documents (0..1) that may go; beyond it the run stops first.
    """

    keep: Keep = "latest"
    score: str = ""
    sources: tuple[str, ...] = ()
    max_removed: dict[str, float] = field(default_factory=dict)

    adds: ClassVar[tuple[str, ...]] = ("url_dedup.cluster_size",)

    def __post_init__(self) -> None:
        check_preference(self.keep, score=self.score, sources=self.sources)
        check_limits(self.max_removed)

    @property
    def reads(self) -> tuple[str, ...]:
        by_source = ["source"] if self.max_removed else []
        return tuple(dict.fromkeys(["id", "url", preference_column(self.keep, score=self.score), *by_source]))

    def rounds(self) -> list[Round]:
        return [SameKey(self, RULE, key="address")]

    def conclude(self, facts: list[dict[str, Any]], sources: Mapping[str, int]) -> dict[str, Any]:
        """What was counted in documents. DataError if more of a source goes than its limit allows."""
        return conclude("url_dedup", self.max_removed, facts, sources)

    def keys(self, batch: pa.RecordBatch) -> Keys:
        """Of each address."""
        urls = pc.fill_null(normal_urls(batch.column("url")), "").cast(pa.large_string())
        _, offsets, content = urls.buffers()
        ends = np.frombuffer(offsets, dtype=np.int64)[urls.offset : urls.offset + len(urls) + 1]
        return keys_of(memoryview(content if content is not None else b""), ends)
