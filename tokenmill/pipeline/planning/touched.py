"""Input files whose modification time changed but whose content did not: copied, restored or touched.

Such a file has another etag, so its results would be made again. The manifest of a result has the hash of each whole
local file that was read for it. A file that differs from its record only in time is read once more and compared.
"""

import functools
import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace

from tokenmill.core.io import storage
from tokenmill.core.io.local_input import ContentHash, only_time_differs
from tokenmill.core.kinds import JsonObject, Shard
from tokenmill.pipeline.planning.fingerprint import input_of
from tokenmill.pipeline.planning.packs import parts_of
from tokenmill.pipeline.record.ledger import Ledger

logger = logging.getLogger(__name__)


def with_recorded_etags(shards: list[Shard], prints: Sequence[str], ledger: Ledger) -> list[Shard]:
    """The shards of a Source; a file that has the content of its record has the etag of its record too.

    prints: the fingerprints of the shards as they are. Only manifests of results that no shard wants are read, and only
    files of shards without a result.
    """
    there, wanted = (set(map(input_of, some)) for some in (ledger.fingerprints.values(), prints))
    lack = [input_of(own) not in there for own in prints]
    stray = (number for number, own in ledger.fingerprints.items() if input_of(own) not in wanted)
    recorded = _recorded(ledger[number].inputs for number in stray) if any(lack) else {}
    if not recorded:
        return shards
    found = [_as_recorded(shard, recorded) if new else shard for shard, new in zip(shards, lack, strict=True)]
    same = sum(one != other for one, other in zip(found, shards, strict=True))
    if same:
        logger.info("%s: %d inputs differ from their record in time alone; their results stay", ledger.folder, same)
    return found


def _recorded(inputs: Iterable[list[JsonObject]]) -> dict[str, tuple[str, str]]:
    """{file: (etag, hash)} of the files that have a hash."""
    return {one["file"]: (one["etag"], one["xxh3"]) for some in inputs for one in some if "xxh3" in one}


def _as_recorded(shard: Shard, recorded: dict[str, tuple[str, str]]) -> Shard:
    parts = tuple(_with_its_etag(part, recorded) for part in parts_of(shard))
    return replace(shard, parts=parts) if shard.parts else parts[0]


def _with_its_etag(part: Shard, recorded: dict[str, tuple[str, str]]) -> Shard:
    etag, xxh3 = recorded.get(part.file, ("", ""))
    if part.length != part.size or storage.is_url(part.file) or not only_time_differs(etag, part.etag):
        return part
    return replace(part, etag=etag) if _content_hash(part.file, part.etag) == xxh3 else part


@functools.cache  # a run plans several times
def _content_hash(file: str, etag: str) -> str:
    return ContentHash(file).finish()
