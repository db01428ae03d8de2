"""Documents with the same key meet, and one of them is kept: the round of exact and URL deduplication."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import Any, ClassVar, Protocol

import numpy as np
import pyarrow as pa
import xxhash

from tokenmill.core.columns import BoolMask
from tokenmill.core.kinds import FACTS, VERDICT, Room
from tokenmill.core.limits import Removed, guard, removed_by_source, source_column, together
from tokenmill.stages.dedup.preference import Keep, preference
from tokenmill.stages.dedup.verdicts import cluster_sizes, removals, same_key
from tokenmill.text.kernel.arrays import Hashes, Offsets

Keys = tuple[Hashes, Hashes, BoolMask]
"""(high half, low half, whether there is a key at all) of each document's 128-bit key: uint64, uint64, bool (rows,)."""


class HasKeys(Protocol):
    """The settings of a Global that removes documents by key."""

    @property
    def keep(self) -> Keep: ...
    @property
    def score(self) -> str: ...
    @property
    def sources(self) -> tuple[str, ...]: ...
    @property
    def max_removed(self) -> dict[str, float]: ...
    def keys(self, batch: pa.RecordBatch) -> Keys: ...


@dataclass(frozen=True)
class SameKey:
    """Documents of one key are next to each other, the most wanted first: that one is kept. rule: of the others. key:
    what they have in common, if that is not their text.
    """

    settings: HasKeys
    rule: str
    key: str = ""

    sort_by: ClassVar[tuple[str, ...]] = ("_partition_key", "key_low", "preference", "id")
    single: ClassVar[bool] = False
    of_documents: ClassVar[bool] = False

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        settings = self.settings
        high, low, has_key = settings.keys(batch)
        wanted = preference(batch, settings.keep, score=settings.score, sources=settings.sources)
        columns = {
            "_partition_key": pa.array(high),
            "key_low": pa.array(low),
            "preference": pa.array(wanted),
            "id": batch.column("id"),
            "source": source_column(batch) if settings.max_removed else pa.nulls(batch.num_rows, pa.string()),
            "shard": batch.column("_shard"),
            "row": batch.column("_row"),
        }
        return pa.RecordBatch.from_pydict(columns).filter(pa.array(has_key))

    def reduce(self, rows: Iterator[pa.RecordBatch], room: Room) -> Iterator[pa.RecordBatch]:
        kept: pa.RecordBatch | None = None  # one row, the first of the group that may go on in the next batch
        size = 0  # rows of that group so far
        facts: dict[str, Any] = {"removed": 0, "clusters": 0, "by_source": {}}
        for batch in rows:
            if not batch.num_rows:
                continue
            here = batch if kept is None else _joined(kept, batch)
            starts = _starts(here)
            firsts = np.flatnonzero(starts)
            sizes = np.diff(np.append(firsts, here.num_rows))
            sizes[0] += max(0, size - 1)  # the row that was carried over stands for so many
            yield self._removed(here, starts, facts)
            yield _sized(here, firsts[:-1], sizes[:-1])
            facts["clusters"] += int(np.count_nonzero(sizes[:-1] > 1))
            kept, size = here.slice(int(firsts[-1]), 1), int(sizes[-1])
        if kept is not None:
            yield _sized(kept, np.array([0]), np.array([size]))
            facts["clusters"] += int(size > 1)
        yield pa.RecordBatch.from_pylist([], schema=VERDICT.with_metadata({FACTS: json.dumps(facts).encode()}))

    def _removed(self, batch: pa.RecordBatch, starts: BoolMask, facts: dict[str, Any]) -> pa.RecordBatch:
        gone = np.flatnonzero(~starts)
        first_of_group = np.flatnonzero(starts)[np.cumsum(starts)[gone] - 1]
        ids, sources = batch.column("id"), batch.column("source").to_numpy(zero_copy_only=False)[gone]
        counted = removed_by_source(sorted(self.settings.max_removed), sources, ids, first_of_group)
        facts["removed"] += len(gone)
        facts["by_source"] = together(facts["by_source"], counted)
        rows, kept = batch.take(pa.array(gone)), ids.take(pa.array(first_of_group))
        if self.key:
            return same_key(rows, self.rule, duplicate_of=kept, key=self.key)
        return removals(rows, self.rule, duplicate_of=kept, similarity=np.ones(len(gone)), threshold=1.0)


def conclude(
    step: str, max_removed: Mapping[str, float], said: list[dict[str, Any]], sources: Mapping[str, int]
) -> dict[str, Any]:
    """What was counted, by name. DataError if more of a source goes than its limit allows."""
    nothing: Removed = {}
    guard(step, max_removed, sources, reduce(together, (one["by_source"] for one in said), nothing))
    counts = {name: sum(one[name] for one in said) for name in ("removed", "clusters")}
    return {"documents": sum(sources.values()), **counts}


def keys_of(content: bytes | memoryview, offsets: Offsets) -> Keys:
    """XXH3-128 of content[offsets[i]:offsets[i + 1]]; what is empty has no key.

    That any two of n different ones are taken for the same has a chance of n^2 / 2^129, 10^-17 for 10^11 documents.
    """
    digest = xxhash.xxh3_128_digest
    digests = b"".join(digest(content[start:end]) for start, end in pairwise(offsets.tolist()))
    halves = np.frombuffer(digests, dtype=">u8").astype(np.uint64).reshape(-1, 2)
    return halves[:, 0].copy(), halves[:, 1].copy(), np.diff(offsets) > 0


def _starts(batch: pa.RecordBatch) -> BoolMask:
    """True for each row whose key differs from that of the row before."""
    high, low = batch.column("_partition_key").to_numpy(), batch.column("key_low").to_numpy()
    return np.append(True, (high[1:] != high[:-1]) | (low[1:] != low[:-1]))


def _sized(batch: pa.RecordBatch, rows: Offsets, sizes: Offsets) -> pa.RecordBatch:
    several = sizes > 1
    return cluster_sizes(batch.take(pa.array(rows[several])), sizes[several])


def _joined(one: pa.RecordBatch, other: pa.RecordBatch) -> pa.RecordBatch:
    return pa.Table.from_batches([one, other]).combine_chunks().to_batches()[0]
