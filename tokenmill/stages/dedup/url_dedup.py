"""Removes documents with the same address, which snapshots of a crawl contain. By default it keeps the newest one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.kinds import Round
from tokenmill.stages.dedup.preference import Keep
from tokenmill.stages.dedup.same_key import COUNTS, Keys, SameKey, keys_of
from tokenmill.stages.dedup.settings import check_settings, columns_read, conclude
from tokenmill.text.url.urls import normal_urls

RULE = "url_dedup.duplicate"


@dataclass(frozen=True)
class UrlDedup:
    """Keeps one of the documents with the same address. A document without an address is never a duplicate.

    Two addresses are the same if they differ only in these parts: http or https, `www.`, the case of the host, the user
    and the default port, slashes at the end of the path, the fragment, and parameters that track visitors or hold a
    session. The case and the percent encoding of the path, and the order of other parameters, do make a difference.

    Attributes:
        keep: longest, earliest, latest, best_score or source_order; ties go by id. Default latest.
        score: column to rank by, for `keep: best_score`. Default none.
        sources: the sources in order of preference, for `keep: source_order`. Default none.
        max_removed: {source: largest share of its documents that may be removed, 0 to 1}. Above it, the run stops.
            Default: no limit.
    """

    keep: Keep = "latest"
    score: str = ""
    sources: tuple[str, ...] = ()
    max_removed: dict[str, float] = field(default_factory=dict)

    adds: ClassVar[tuple[str, ...]] = ("url_dedup.cluster_size",)

    def __post_init__(self) -> None:
        check_settings(self)

    def rounds(self) -> list[Round]:
        return [SameKey(self, RULE, key="address")]

    @property
    def reads(self) -> tuple[str, ...]:
        return columns_read(self, "id", "url")

    def keys(self, batch: pa.RecordBatch) -> Keys:
        """Returns the hash of each address."""
        urls = pc.fill_null(normal_urls(batch.column("url")), "").cast(pa.large_string())
        _, offsets, content = urls.buffers()
        ends = np.frombuffer(offsets, dtype=np.int64)[urls.offset : urls.offset + len(urls) + 1]
        return keys_of(memoryview(content if content is not None else b""), ends)

    def conclude(self, facts: list[dict[str, Any]], sources: Mapping[str, int]) -> dict[str, Any]:
        """Returns the numbers of documents, removed documents and clusters.

        Raises DataError if max_removed would be exceeded.
        """
        return conclude(self, facts, sources, COUNTS)
