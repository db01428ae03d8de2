"""Remove documents of the same address, as snapshots of a crawl hold them: the newest or the longest stays."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.kinds import Round
from tokenmill.core.preference import Keep, check_preference, preference_column
from tokenmill.stages.same_key import Keys, SameKey, keys_of
from tokenmill.text.urls import normal_urls

RULE = "url_dedup.duplicate"


@dataclass(frozen=True)
class UrlDedup:
    """Of documents with the same address one is kept. A document without one is never a duplicate.

    Addresses are the same if they differ only in http or https, `www.`, the case of the host, user and default port,
    slashes at the path's end, the fragment, and parameters that track visitors or hold a session; case and percent
    codes of the path, and the order of other parameters, do make a difference.
    keep: which one stays; ties go by id. score, sources: what `keep` ranks by, for best_score and source_order.
    """

    keep: Keep = "latest"
    score: str = ""
    sources: tuple[str, ...] = ()

    adds: ClassVar[tuple[str, ...]] = ("url_dedup.cluster_size",)

    def __post_init__(self) -> None:
        check_preference(self.keep, score=self.score, sources=self.sources)

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(["id", "url", preference_column(self.keep, score=self.score)]))

    def rounds(self) -> list[Round]:
        return [SameKey(self, RULE)]

    def keys(self, batch: pa.RecordBatch) -> Keys:
        """Of each address."""
        urls = pc.fill_null(normal_urls(batch.column("url")), "").cast(pa.large_string())
        _, offsets, content = urls.buffers()
        ends = np.frombuffer(offsets, dtype=np.int64)[urls.offset : urls.offset + len(urls) + 1]
        return keys_of(memoryview(content if content is not None else b""), ends)
