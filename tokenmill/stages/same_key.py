"""Documents with the same key meet, and one of them is kept: the round of exact and URL deduplication."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Protocol

import numpy as np
import pyarrow as pa
import xxhash

from tokenmill.core.columns import BoolMask
from tokenmill.core.kinds import Room
from tokenmill.core.preference import Keep, preference
from tokenmill.core.verdicts import cluster_sizes, removals
from tokenmill.text.hash import Hashes
from tokenmill.text.segment import Offsets

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
    def keys(self, batch: pa.RecordBatch) -> Keys: ...


@dataclass(frozen=True)
class SameKey:
    """Documents of one key are next to each other, the most wanted first: that one is kept. rule: of the others."""

    settings: HasKeys
    rule: str

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
            "shard": batch.column("_shard"),
            "row": batch.column("_row"),
        }
        return pa.RecordBatch.from_pydict(columns).filter(pa.array(has_key))

    def reduce(self, rows: Iterator[pa.RecordBatch], room: Room) -> Iterator[pa.RecordBatch]:
        kept: pa.RecordBatch | None = None  # one row, the first of the group that may go on in the next batch
        size = 0  # rows of that group so far
        for batch in rows:
            if not batch.num_rows:
                continue
            here = batch if kept is None else _joined(kept, batch)
            starts = _starts(here)
            firsts = np.flatnonzero(starts)
            sizes = np.diff(np.append(firsts, here.num_rows))
            sizes[0] += max(0, size - 1)  # the row that was carried over stands for so many
            yield _removed(here, starts, self.rule)
            yield _sized(here, firsts[:-1], sizes[:-1])
            kept, size = here.slice(int(firsts[-1]), 1), int(sizes[-1])
        if kept is not None:
            yield _sized(kept, np.array([0]), np.array([size]))


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


def _removed(batch: pa.RecordBatch, starts: BoolMask, rule: str) -> pa.RecordBatch:
    gone = np.flatnonzero(~starts)
    first_of_group = np.flatnonzero(starts)[np.cumsum(starts)[gone] - 1]
    return removals(
        batch.take(pa.array(gone)),
        rule,
        duplicate_of=batch.column("id").take(pa.array(first_of_group)),
        similarity=np.ones(len(gone)),
        threshold=1.0,
    )


def _sized(batch: pa.RecordBatch, rows: Offsets, sizes: Offsets) -> pa.RecordBatch:
    several = sizes > 1
    return cluster_sizes(batch.take(pa.array(rows[several])), sizes[several])


def _joined(one: pa.RecordBatch, other: pa.RecordBatch) -> pa.RecordBatch:
    return pa.Table.from_batches([one, other]).combine_chunks().to_batches()[0]
