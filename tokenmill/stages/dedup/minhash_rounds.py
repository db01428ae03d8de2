"""The rounds of MinHash. Documents that share a band, directly or through others, form a neighbourhood.

SharedBands     groups band keys into buckets; returns pairs of adjacent documents of a bucket
Neighbourhoods  joins all pairs; returns the documents that have a neighbour, with the number of their neighbourhood
AlikeText       groups documents by neighbourhood; the keep rule decides on them

No pair of candidates connects two neighbourhoods, so each neighbourhood is decided alone, in one pass in the total
order. Therefore three rounds are enough for all pairs, also for long chains. Bands are computed from folded texts, and
the keep rule compares unmodified texts. Only documents in a neighbourhood get shingles of the unmodified text, and
shingles of the folded text a second time. The memory at any time is 5 bytes per document, and the band keys of the
largest neighbourhood.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokenmill.core.chance import spread
from tokenmill.core.columns import source_column
from tokenmill.core.errors import DataError
from tokenmill.core.kinds import FACTS, VERDICT, Room
from tokenmill.core.limits import merge_removed, removed_by_source
from tokenmill.stages.dedup.minhash_held import HeldNeighbourhoods, fixed_array, ragged_array, ragged_values
from tokenmill.stages.dedup.settings import DedupSettings, Facts, limited_sources, preferences
from tokenmill.stages.dedup.verdicts import cluster_sizes, removals
from tokenmill.text.kernel.arrays import Hashes
from tokenmill.text.similarity.components import MOST_PLACES, alone, flatten, join_pairs
from tokenmill.text.similarity.keep_rule import NOBODY, Decision, decide
from tokenmill.text.similarity.shingle import Shingling
from tokenmill.text.similarity.signature import Bits, band_keys, signatures
from tokenmill.text.words.hash import Ragged

RULE = "minhash.near_duplicate"
COUNTS = (
    "removed", "clusters", "pairs_verified", "giant_buckets", "hub_rounds", "pairs_unexamined", "pairs_unexamined_kept",
)  # fmt: skip
"""The counts of the keep rule, as in Decision of text/similarity/keep_rule.py.

hub_rounds is a maximum, all others are sums.
"""

_BATCH = 1 << 20


@dataclass(frozen=True)
class Signing:
    """Computes band keys. The settings are those of the same names in stages/dedup/minhash.py."""

    bands: int
    rows: int
    seed: int
    bits: Bits = 32

    def __call__(self, nominating: Ragged) -> Hashes:
        """Returns the band keys of each document, uint64 (rows, bands), from its nominating shingles."""
        return band_keys(signatures(nominating, self.bands * self.rows, seed=self.seed, bits=self.bits), self.bands)


@dataclass(frozen=True)
class SharedBands:
    """Sorts band keys and returns pairs of documents with the same key.

    The column `place`, int64, has the shard of a document in the upper 32 bits and its row in the lower ones.
    """

    shingling: Shingling
    signing: Signing

    sort_by: ClassVar[tuple[str, ...]] = ("_partition_key",)
    single: ClassVar[bool] = False
    of_documents: ClassVar[bool] = False

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return self._rows(batch, self.shingling.nominating(batch)[1])

    def route_earlier(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return self._rows(batch, ragged_values(batch.column("nominating"), self.signing.bits))

    def _rows(self, batch: pa.RecordBatch, nominating: Ragged) -> pa.RecordBatch:
        keys = self.signing(nominating)
        some = np.diff(nominating.offsets) > 0
        shard, row = (batch.column(name).to_numpy().astype(np.int64)[some] for name in ("_shard", "_row"))
        places = np.repeat(shard << 32 | row, self.signing.bands)
        return pa.RecordBatch.from_pydict({"_partition_key": keys[some].ravel(), "place": places})

    def reduce(self, rows: Iterator[pa.RecordBatch], room: Room) -> Iterator[pa.RecordBatch]:
        key, place = np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64)
        for batch in rows:
            keys = np.concatenate([key, batch.column("_partition_key").to_numpy()])
            places = np.concatenate([place, batch.column("place").to_numpy()])
            shared = keys[1:] == keys[:-1]
            yield pa.RecordBatch.from_pydict({"one": places[:-1][shared], "other": places[1:][shared]})
            key, place = keys[-1:], places[-1:]


@dataclass(frozen=True)
class Neighbourhoods:
    """Joins all pairs in one partition, by union-find."""

    sort_by: ClassVar[tuple[str, ...]] = ()
    single: ClassVar[bool] = True
    of_documents: ClassVar[bool] = False

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        columns = {name: batch.column(name) for name in ("one", "other")}
        return pa.RecordBatch.from_pydict({"_partition_key": np.zeros(batch.num_rows, dtype=np.uint64), **columns})

    def reduce(self, rows: Iterator[pa.RecordBatch], room: Room) -> Iterator[pa.RecordBatch]:
        """Yields rows (shard, row, neighbourhood) for all documents that have a neighbour.

        A neighbourhood's number, uint64, is the position of its first document among all documents.
        """
        shards = np.array(sorted(room.shard_rows), dtype=np.int64)
        first_of = np.zeros(int(shards.max(initial=0)) + 1, dtype=np.int64)
        ends = np.cumsum([room.shard_rows[int(shard)] for shard in shards], dtype=np.int64)
        first_of[shards] = np.append(0, ends)[:-1]
        total = int(ends[-1]) if len(ends) else 0
        _refuse_too_many(total, room)
        parents = alone(total)
        for batch in rows:
            join_pairs(parents, *(_numbers(batch.column(name), first_of) for name in ("one", "other")))
        flatten(parents)
        has_neighbour = parents != np.arange(total, dtype=np.uint32)
        has_neighbour[parents[has_neighbour]] = True
        for low in range(0, total, _BATCH):
            found = low + np.flatnonzero(has_neighbour[low : low + _BATCH])
            shard = shards[np.searchsorted(ends, found, side="right")]
            yield pa.RecordBatch.from_pydict(
                {
                    "shard": shard.astype(np.int32),
                    "row": (found - first_of[shard]).astype(np.int32),
                    "neighbourhood": parents[found].astype(np.uint64),
                }
            )


@dataclass(frozen=True)
class AlikeText:
    """Sorts documents by neighbourhood and then by preference, with their band keys and their verifying shingles."""

    shingling: Shingling
    signing: Signing
    threshold: float
    max_bucket: int
    hubs: int
    settings: DedupSettings

    sort_by: ClassVar[tuple[str, ...]] = ("_partition_key", "preference", "id")
    single: ClassVar[bool] = False
    of_documents: ClassVar[bool] = True

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        wanted = preferences(batch, self.settings)
        batch, nominating = self.shingling.nominating(batch)
        keys = self.signing(nominating)
        del nominating  # so that only one of the batch's two sets is in memory
        _, verifying = self.shingling.verifying(batch)
        return _alike_rows(batch, wanted, keys, ragged_array(verifying), fixed=False)

    def route_earlier(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Routes the documents of an index, which are first in the order and are never removed."""
        keys = self.signing(ragged_values(batch.column("nominating"), self.signing.bits))
        first = np.full(batch.num_rows, np.iinfo(np.int64).min)
        return _alike_rows(batch, first, keys, batch.column("shingles"), fixed=True)

    def reduce(self, rows: Iterator[pa.RecordBatch], room: Room) -> Iterator[pa.RecordBatch]:
        facts = nothing_counted()
        for neighbourhoods in HeldNeighbourhoods.read(rows, room, self.signing.bands):
            with neighbourhoods.opened() as (documents, keys, shingles, release):
                decision = decide(
                    keys, shingles, threshold=self.threshold, max_bucket=self.max_bucket, hubs=self.hubs,
                    release=release, fixed=documents.column("fixed").to_numpy(zero_copy_only=False),
                )  # fmt: skip
            facts = added(facts, self._facts(documents, decision))
            yield from _verdicts(documents, decision, self.threshold)
        yield pa.RecordBatch.from_pylist([], schema=VERDICT.with_metadata({FACTS: json.dumps(facts).encode()}))

    def _facts(self, documents: pa.RecordBatch, decision: Decision) -> Facts:
        gone = decision.duplicate_of != NOBODY
        kept_for, ids = decision.duplicate_of[gone], documents.column("id")
        sources = documents.column("source").to_numpy(zero_copy_only=False)[gone]
        return {
            "removed": int(np.count_nonzero(gone)),
            "clusters": len(np.unique(kept_for)),
            "pairs_verified": decision.verified,
            "giant_buckets": decision.giants,
            "hub_rounds": decision.rounds,
            "pairs_unexamined": decision.unexamined,
            "pairs_unexamined_kept": decision.unexamined_kept,
            "removed_by_source": removed_by_source(limited_sources(self.settings), sources, ids, kept_for),
        }


def _alike_rows(
    batch: pa.RecordBatch, wanted: npt.NDArray[np.int64], keys: Hashes, shingles: pa.Array, *, fixed: bool
) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(
        {
            "_partition_key": spread(batch.column("neighbourhood").to_numpy()),
            "preference": wanted,
            "id": batch.column("id"),
            "source": source_column(batch),
            "shard": batch.column("_shard"),
            "row": batch.column("_row"),
            "fixed": np.full(batch.num_rows, fixed),
            "bands": fixed_array(keys),
            "shingles": shingles,
        }
    )


def nothing_counted() -> Facts:
    """Returns the facts of a MinHash step about no documents."""
    return {**dict.fromkeys(COUNTS, 0), "removed_by_source": {}}


def added(one: Facts, other: Facts) -> Facts:
    """Returns the facts of a MinHash step about two sets of neighbourhoods together."""
    return {
        **{name: one[name] + other[name] for name in COUNTS},
        "hub_rounds": max(one["hub_rounds"], other["hub_rounds"]),
        "removed_by_source": merge_removed(one["removed_by_source"], other["removed_by_source"]),
    }


def _refuse_too_many(documents: int, room: Room) -> None:
    if documents > MOST_PLACES:
        raise DataError(f"minhash: {documents:,} documents; at most {MOST_PLACES:,} can be compared in one stage")
    needed = 5 * documents + 64 * _BATCH
    if needed > room.memory:
        raise DataError(
            f"minhash: joining {documents:,} documents takes more than the stage's memory; the least that works is "
            f"memory: {math.ceil((room.reserved + needed) / 1e6)}MB"
        )


def _numbers(places: pa.Array, first_of: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    place = places.to_numpy()
    numbers: npt.NDArray[np.int64] = first_of[place >> 32] + (place & 0xFFFFFFFF)
    return numbers


def _verdicts(documents: pa.RecordBatch, decision: Decision, threshold: float) -> Iterator[pa.RecordBatch]:
    gone = np.flatnonzero(decision.duplicate_of != NOBODY)
    kept, removed_by = np.unique(decision.duplicate_of[gone], return_counts=True)
    yield removals(
        documents.take(pa.array(gone)),
        RULE,
        duplicate_of=documents.column("id").take(pa.array(decision.duplicate_of[gone])),
        similarity=decision.similarity[gone],
        threshold=threshold,
    )
    yield cluster_sizes(documents.take(pa.array(kept)), removed_by + 1)
