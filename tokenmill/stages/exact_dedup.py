"""Remove documents whose text is the same, byte for byte or after folding case and white space.

Texts are compared by XXH3-128: among n different ones, that any two are taken for the same has a chance of n^2 / 2^129,
10^-17 for 10^11 documents.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from tokenmill.core.columns import BoolMask
from tokenmill.core.kinds import Room, Round
from tokenmill.core.preference import Keep, check_preference, preference, preference_column
from tokenmill.core.verdicts import cluster_sizes, removals
from tokenmill.text.hash import Hashes
from tokenmill.text.segment import Offsets, text_buffer
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
        return [SameText(self)]


@dataclass(frozen=True)
class SameText:
    """Documents of one hash meet, next to each other, the most wanted first: that one is kept."""

    settings: ExactDedup

    sort_by: ClassVar[tuple[str, ...]] = ("_partition_key", "hash_low", "preference", "id")
    single: ClassVar[bool] = False
    of_documents: ClassVar[bool] = False

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        settings = self.settings
        high, low, filled = content_hashes(batch, normalize=settings.normalize)
        wanted = preference(batch, settings.keep, score=settings.score, sources=settings.sources)
        columns = {
            "_partition_key": pa.array(high),
            "hash_low": pa.array(low),
            "preference": pa.array(wanted),
            "id": batch.column("id"),
            "shard": batch.column("_shard"),
            "row": batch.column("_row"),
        }
        return pa.RecordBatch.from_pydict(columns).filter(pa.array(filled))

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
            yield _removed(here, starts)
            yield _sized(here, firsts[:-1], sizes[:-1])
            kept, size = here.slice(int(firsts[-1]), 1), int(sizes[-1])
        if kept is not None:
            yield _sized(kept, np.array([0]), np.array([size]))


def content_hashes(batch: pa.RecordBatch, *, normalize: bool) -> tuple[Hashes, Hashes, BoolMask]:
    """(high half, low half, whether there is a text at all) of each text's XXH3-128; uint64, uint64, bool (rows,)."""
    if normalize:
        batch = pa.RecordBatch.from_pydict({"text": pc.utf8_lower(batch.column("text"))})
    buffer, offsets = single_spaced(batch) if normalize else text_buffer(batch)
    content, digest = buffer.data, xxhash.xxh3_128_digest
    digests = b"".join(digest(content[start:end]) for start, end in pairwise(offsets.tolist()))
    halves = np.frombuffer(digests, dtype=">u8").astype(np.uint64).reshape(-1, 2)
    return halves[:, 0].copy(), halves[:, 1].copy(), np.diff(offsets) > 0


def _starts(batch: pa.RecordBatch) -> BoolMask:
    """True for each row whose hash differs from that of the row before."""
    high, low = batch.column("_partition_key").to_numpy(), batch.column("hash_low").to_numpy()
    return np.append(True, (high[1:] != high[:-1]) | (low[1:] != low[:-1]))


def _removed(batch: pa.RecordBatch, starts: BoolMask) -> pa.RecordBatch:
    gone = np.flatnonzero(~starts)
    first_of_group = np.flatnonzero(starts)[np.cumsum(starts)[gone] - 1]
    return removals(
        batch.take(pa.array(gone)),
        RULE,
        duplicate_of=batch.column("id").take(pa.array(first_of_group)),
        similarity=np.ones(len(gone)),
        threshold=1.0,
    )


def _sized(batch: pa.RecordBatch, rows: Offsets, sizes: Offsets) -> pa.RecordBatch:
    several = sizes > 1
    return cluster_sizes(batch.take(pa.array(rows[several])), sizes[several])


def _joined(one: pa.RecordBatch, other: pa.RecordBatch) -> pa.RecordBatch:
    return pa.Table.from_batches([one, other]).combine_chunks().to_batches()[0]
