"""Finds input files whose modification time changed but whose content did not: copied, restored or touched files.

Such a file has another etag, so its results would be made again. The manifest of a result has a hash of the bytes that
were read of each local file; for a file that is cut into ranges, of the bytes of one range. A file that differs from
its record only in time is read once more and compared as a whole, because lines begin in one range and end in another.
"""

import functools
import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain

from tokenmill.core.io import storage
from tokenmill.core.io.local_input import ContentHash, only_time_differs
from tokenmill.core.kinds import JsonObject, Shard
from tokenmill.pipeline.planning.fingerprint import input_of
from tokenmill.pipeline.planning.packs import parts_of
from tokenmill.pipeline.record.ledger import Ledger

logger = logging.getLogger(__name__)

Ranges = dict[tuple[int, int], str]
"""{(start, end): hash of these bytes}"""

Recorded = dict[str, dict[str, Ranges]]
"""{file: {etag: the ranges that were read}}"""


def with_recorded_etags(shards: list[Shard], prints: Sequence[str], ledger: Ledger) -> list[Shard]:
    """Returns the shards of a Source; an input file with the content of its record gets the etag of its record.

    prints: the fingerprints of the shards as they are. To save time, only manifests of results that no shard wants are
    read, and only files of shards without a result.
    """
    there, wanted = (set(map(input_of, some)) for some in (ledger.fingerprints.values(), prints))
    lack = [input_of(own) not in there for own in prints]
    stray = (number for number, own in ledger.fingerprints.items() if input_of(own) not in wanted)
    recorded = _recorded(ledger[number].inputs for number in stray) if any(lack) else {}
    if not recorded:
        return shards
    etags = _Etags(recorded)
    found = [_as_recorded(shard, etags) if new else shard for shard, new in zip(shards, lack, strict=True)]
    same = sum(one != other for one, other in zip(found, shards, strict=True))
    if same:
        logger.info("%s: %d inputs differ from their record only in time; their results stay", ledger.folder, same)
    return found


def _recorded(inputs: Iterable[list[JsonObject]]) -> Recorded:
    found: Recorded = {}
    for one in chain.from_iterable(inputs):
        if "xxh3" in one:
            ranges = found.setdefault(one["file"], {}).setdefault(one["etag"], {})
            ranges[one["start"], one["end"]] = one["xxh3"]
    return found


def _as_recorded(shard: Shard, etags: "_Etags") -> Shard:
    parts = tuple(replace(part, etag=etags[part.file, part.etag, part.size]) for part in parts_of(shard))
    return replace(shard, parts=parts) if shard.parts else parts[0]


class _Etags(dict[tuple[str, str, int], str]):
    """{(file, etag, size): the etag of the file's record if the content is the same, else its own etag}"""

    def __init__(self, recorded: Recorded) -> None:
        super().__init__()
        self.recorded = recorded

    def __missing__(self, key: tuple[str, str, int]) -> str:
        file, etag, size = key
        known = {} if storage.is_url(file) else self.recorded.get(file, {})
        alike = (one for one, ranges in known.items() if only_time_differs(one, etag) and _is_whole(ranges, size))
        self[key] = next((one for one in alike if _has_content(file, etag, known[one])), etag)
        return self[key]


def _is_whole(ranges: Ranges, size: int) -> bool:
    """Returns whether the ranges cover the whole file. They do not if a range has no result."""
    end = 0
    for start, until in sorted(ranges):
        if start > end:
            return False
        end = max(end, until)
    return end >= size


def _has_content(file: str, etag: str, ranges: Ranges) -> bool:
    return all(_content_hash(file, etag, *bounds) == xxh3 for bounds, xxh3 in sorted(ranges.items()))


@functools.cache  # a run plans several times
def _content_hash(file: str, etag: str, start: int, end: int) -> str:
    return ContentHash(file, start, end).finish()
