"""Remove documents of the same address, as snapshots of a crawl hold them: the newest or the longest stays."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.kinds import Round
from tokenmill.core.preference import Keep, check_preference, preference_column
from tokenmill.stages.same_key import Keys, SameKey, keys_of

RULE = "url_dedup.duplicate"

_PARTS = (
    r"^(?i:https?:)?//(?:[^/?#@]*@)?(?P<host>\[[^\]/?#]*\]|[^:/?#]*)(?P<port>:[0-9]*)?"
    r"(?P<path>[^?#]*)(?P<query>\?[^#]*)?(?:#(?s:.*))?$"
)
_TRACKING = (
    r"(^|[?&])(?i:utm_[a-z_]+|fbclid|gclid|gclsrc|dclid|msclkid|yclid|igshid|mc_cid|mc_eid|_ga|_gl|phpsessid|jsessionid"
    r"|sessionid)=[^&]*"
)


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


def normal_urls(urls: pa.Array) -> pa.Array:
    """Addresses without what makes no difference; what is no http address stays as it is, less white space."""
    bare = pc.utf8_trim_whitespace(urls.cast(pa.string()))
    parts = pc.extract_regex(bare, pattern=_PARTS)
    host, port, path, query = (pc.struct_field(parts, name) for name in ("host", "port", "path", "query"))
    host = pc.replace_substring_regex(pc.utf8_lower(host), pattern=r"^www\.|\.$", replacement="")
    port = pc.replace_substring_regex(port, pattern=r"^:(80|443)?$", replacement="")
    path = pc.utf8_rtrim(path, characters="/")
    query = pc.replace_substring_regex(query, pattern=_TRACKING, replacement=r"\1")
    query = pc.replace_substring_regex(query, pattern=r"[?&]+", replacement="&")
    query = pc.utf8_trim(query, characters="&")
    mark = pc.if_else(pc.equal(query, ""), "", "?")
    normal = pc.binary_join_element_wise(host, port, path, mark, query, "")
    return pc.if_else(parts.is_valid(), normal, bare)
