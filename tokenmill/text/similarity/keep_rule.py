"""Decides which documents stay: the keep rule of verified deduplication.

Documents come in a total order, the most preferred first. Two documents are a pair if a band nominates them, they are
examined, and the Jaccard similarity of their shingle sets is at least the threshold. A document is removed if and only
if it is in a pair with an earlier document that is kept; the kept documents are the lexicographically first independent
set. So no document is removed because it is like a document that is removed itself; connected components would do this.

In a bucket (the documents that share a band) of at most max_bucket documents, all pairs that can affect the result are
examined. In a giant bucket, all documents are compared with the first one, then those that are not paired with the
first of them, and so on, for at most `hubs` rounds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tokenmill.core.columns import BoolMask
from tokenmill.text.kernel.arrays import Doubles, Hashes, Ints, Offsets, int32, int64
from tokenmill.text.kernel.cache import frozen, kernel
from tokenmill.text.similarity.jaccard import similarity
from tokenmill.text.words.hash import Ragged

NOBODY = -1

_LOOKED_AT = 1 << 23  # hashes that are read between two calls of release

_MERGED_AT = 1 << 20  # pairs


@dataclass(frozen=True)
class Decision:
    """The result for each document, by its place in the order.

    Attributes:
        duplicate_of: int32 (documents,): the most similar kept document among its pairs, the earlier one at a tie; -1
            if the document is kept.
        similarity: float64 (documents,): the similarity to that document; 0 if the document is kept.
        verified: number of computed similarities. A pair counts several times if it shares several giant buckets whose
            members differ.
        giants: number of buckets of more than max_bucket documents.
        rounds: largest number of rounds in a giant bucket.
        unexamined: number of pairs in giant buckets that no round examined there; a pair counts once per bucket.
        unexamined_kept: the same, only for pairs of two kept documents. If none of these pairs is similar enough, the
            other unexamined pairs would not change the result either.
    """

    duplicate_of: Ints
    similarity: Doubles
    verified: int
    giants: int
    rounds: int
    unexamined: int
    unexamined_kept: int


def decide(
    keys: Hashes,
    shingles: Ragged,
    *,
    threshold: float,
    max_bucket: int,
    hubs: int,
    release: Callable[[], None] = lambda: None,
    fixed: BoolMask | None = None,
) -> Decision:
    """Applies the keep rule of near deduplication to documents in order. Documents without shingles are kept.

    keys: uint64 (documents, bands). threshold: above 0, at most 1. max_bucket, hubs: at least 1. release: called each
    time about 64 MB of shingles have been read; it may release the memory of a mapped file. fixed: bool (documents,),
    documents that are always kept; they come before all others. Default none.
    """
    fixed = frozen(np.zeros(len(shingles), dtype=np.bool_) if fixed is None else fixed)
    buckets, big = _buckets(keys, shingles.offsets, max_bucket)
    giants: dict[bytes, _Giant] = {}  # texts from one template share all bands: the same rounds for each bucket
    found = _Pairs()
    for members in big:
        if members.tobytes() not in giants:
            giants[members.tobytes()] = _rounds(members, shingles, threshold, hubs, release, fixed, found)
    each = [giants[members.tobytes()] for members in big]
    duplicate_of = np.full(len(shingles), NOBODY, dtype=np.int32)
    similarities = np.zeros(len(shingles), dtype=np.float64)
    members, kept = np.empty(buckets.size, dtype=np.int32), np.zeros(len(buckets.starts), dtype=np.int32)
    pairs = found.by_later(len(shingles))
    seen = np.full(len(shingles), NOBODY, dtype=np.int32)
    verified = next_document = 0
    while next_document < len(shingles):
        count, next_document = _keep(
            next_document, _LOOKED_AT, fixed, buckets.numbers, buckets.starts, members, kept, seen, *pairs,
            shingles.values, shingles.offsets, threshold, duplicate_of, similarities,
        )  # fmt: skip
        verified += count
        release()
    everyone, stays = np.ones(len(shingles), dtype=np.bool_), duplicate_of == NOBODY
    return Decision(
        duplicate_of,
        similarities,
        verified=verified + sum(int(giant.examined.sum(dtype=np.int64)) for giant in giants.values()),
        giants=len(each),
        rounds=max((len(giant.hubs) for giant in each), default=0),
        unexamined=sum(giant.unexamined(everyone) for giant in each),
        unexamined_kept=sum(giant.unexamined(stays) for giant in each),
    )


@dataclass(frozen=True)
class _Buckets:
    """Buckets of two documents or more.

    Attributes:
        numbers: int32 (documents, bands): the bucket of each document, or -1.
        starts: int64 (buckets,): the start of each bucket in a list of the members of all buckets.
        size: length of that list.
    """

    numbers: Ints
    starts: Offsets
    size: int


def _buckets(keys: Hashes, shingle_offsets: Offsets, max_bucket: int) -> tuple[_Buckets, list[Ints]]:
    """Returns (buckets to examine completely, the members of each giant bucket in order)."""
    documents, bands = keys.shape
    with_shingles = np.flatnonzero(np.diff(shingle_offsets)).astype(np.int32)
    numbers = np.full((documents, bands), NOBODY, dtype=np.int32)
    giants: list[Ints] = []
    sizes: list[Offsets] = [np.zeros(0, dtype=np.int64)]
    count = 0
    for band in range(bands):
        mine = keys[with_shingles, band]
        order = np.argsort(mine, kind="stable")
        mine = mine[order]
        starts = np.flatnonzero(np.concatenate([[True], mine[1:] != mine[:-1]])[: len(mine)])
        size = np.diff(np.append(starts, len(mine)))
        for start, end in zip(starts[size > max_bucket], (starts + size)[size > max_bucket], strict=True):
            giants.append(frozen(with_shingles[order[start:end]]))
        common = (size > 1) & (size <= max_bucket)
        number = np.full(len(size), NOBODY, dtype=np.int32)
        number[common] = count + np.arange(np.count_nonzero(common), dtype=np.int32)
        numbers[with_shingles[order], band] = np.repeat(number, size)
        count += int(np.count_nonzero(common))
        sizes.append(size[common])
    ends = np.cumsum(np.concatenate(sizes), dtype=np.int64)
    return _Buckets(frozen(numbers), frozen(np.append(0, ends)[:-1]), int(ends[-1]) if len(ends) else 0), giants


@dataclass(frozen=True)
class _Giant:
    """A giant bucket after its rounds.

    Attributes:
        members: int32 (members,): document numbers, in order.
        examined: int32 (members,): the number of rounds with which a member was compared; always the first ones.
        hubs: int32 (rounds,): the hub of each round, as a document number.
    """

    members: Ints
    examined: Ints
    hubs: Ints

    def unexamined(self, among: BoolMask) -> int:
        """Returns the number of pairs that no round examined, among the members for which `among` is true."""
        count = int(np.count_nonzero(among[self.members]))
        hubs_before = np.append(0, np.cumsum(among[self.hubs]))
        examined = hubs_before[self.examined[among[self.members]]].sum(dtype=np.int64)
        return count * (count - 1) // 2 - int(examined)


def _rounds(
    members: Ints,
    shingles: Ragged,
    threshold: float,
    hubs: int,
    release: Callable[[], None],
    fixed: BoolMask,
    found: "_Pairs",
) -> _Giant:
    """Makes the first document without a pair the hub of a round, at most `hubs` times. Adds the pairs to `found`."""
    examined = np.zeros(len(members), dtype=np.int32)
    hub_of_round: list[int] = []
    alone = np.arange(len(members))
    while len(alone) > 1 and len(hub_of_round) < hubs:
        hub, others = members[alone[0]], alone[1:]
        values = _compared(hub, members[others], shingles, threshold, release)
        like = (values >= threshold) & ~fixed[members[others]]
        examined[others] += 1
        found.add(members[others[like]], hub, values[like])
        hub_of_round.append(int(hub))
        alone = others[~like]
    return _Giant(members, examined, np.array(hub_of_round, dtype=np.int32))


def _compared(hub: np.int32, others: Ints, shingles: Ragged, threshold: float, release: Callable[[], None]) -> Doubles:
    """Returns the similarity of the hub to each of the others, float64 (others,); below the threshold it may be 0.0."""
    values = np.empty(len(others), dtype=np.float64)
    looked_at = np.cumsum(shingles.offsets[others + 1] - shingles.offsets[others])
    cuts = np.searchsorted(looked_at, np.arange(_LOOKED_AT, int(looked_at[-1]), _LOOKED_AT))
    for low, high in pairwise([0, *(cuts + 1).tolist(), len(others)]):
        part = frozen(others[low:high])
        _compare(int64(hub), part, shingles.values, shingles.offsets, threshold, values[low:high])
        release()
    return values


class _Pairs:
    """The pairs found in giant buckets, each once, because documents that share one giant bucket often share all."""

    def __init__(self) -> None:
        self.pairs, self.values = np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.float64)
        self.new: list[tuple[Hashes, Doubles]] = []
        self.size = 0  # number of pairs in `new`

    def add(self, later: Ints, earlier: np.int32, values: Doubles) -> None:
        self.new.append((later.astype(np.uint64) << np.uint64(32) | np.uint64(earlier), values))
        self.size += len(later)
        if self.size > max(_MERGED_AT, len(self.pairs)):
            self._merge()

    def _merge(self) -> None:
        pairs = np.concatenate([self.pairs, *(pairs for pairs, _ in self.new)])
        values = np.concatenate([self.values, *(values for _, values in self.new)])
        self.new, self.size = [], 0
        self.pairs, first = np.unique(pairs, return_index=True)
        self.values = values[first]

    def by_later(self, documents: int) -> tuple[Offsets, Ints, Doubles]:
        """Returns (offsets by later document, int64 (documents + 1,); earlier document; similarity)."""
        self._merge()
        later = (self.pairs >> np.uint64(32)).astype(np.int32)
        offsets = np.searchsorted(later, np.arange(documents + 1)).astype(np.int64)
        return frozen(offsets), frozen(self.pairs.astype(np.uint32).astype(np.int32)), frozen(self.values)


@kernel
def _compare(hub: int, others: Ints, shingles: Hashes, offsets: Offsets, threshold: float, values: Doubles) -> None:
    for i in range(len(others)):
        other = others[i]
        values[i] = similarity(
            shingles, offsets[hub], offsets[hub + 1], offsets[other], offsets[other + 1], threshold
        )  # fmt: skip


@kernel
def _keep(
    first: int,
    looked_at: int,
    fixed: BoolMask,
    numbers: Ints,
    starts: Offsets,
    members: Ints,
    kept: Ints,
    seen: Ints,
    pair_offsets: Offsets,
    pair_with: Ints,
    pair_values: Doubles,
    shingles: Hashes,
    offsets: Offsets,
    threshold: float,
    duplicate_of: Ints,
    similarities: Doubles,
) -> tuple[int, int]:
    """Decides documents in order from `first`, until `looked_at` hashes are read. Returns (pairs verified, next one).

    members[starts[b]:starts[b] + kept[b]]: the documents of bucket b that are kept so far. seen: by document, the last
    document with which it was compared. Pairs with removed documents cannot change the result, so they are skipped.
    """
    verified = int64(0)
    for document in range(first, len(numbers)):
        if looked_at < 0:
            return verified, document
        best = int32(NOBODY)
        most = 0.0
        for k in range(pair_offsets[document], pair_offsets[document + 1]):  # a fixed document has no pairs here
            other = pair_with[k]
            if duplicate_of[other] == NOBODY and _better(pair_values[k], other, most, best):
                best, most = other, pair_values[k]
        for band in range(numbers.shape[1]):
            bucket = numbers[document, band]
            if bucket == NOBODY or fixed[document]:
                continue
            for k in range(starts[bucket], starts[bucket] + kept[bucket]):
                other = members[k]
                if seen[other] == document:
                    continue
                seen[other] = document
                verified += 1
                looked_at -= offsets[other + 1] - offsets[other]
                value = similarity(
                    shingles, offsets[other], offsets[other + 1], offsets[document], offsets[document + 1], threshold
                )  # fmt: skip
                if value >= threshold and _better(value, other, most, best):
                    best, most = other, value
        duplicate_of[document] = best
        similarities[document] = most
        if best == NOBODY:
            for band in range(numbers.shape[1]):
                bucket = numbers[document, band]
                if bucket != NOBODY:
                    members[starts[bucket] + kept[bucket]] = document
                    kept[bucket] += 1
        looked_at -= offsets[document + 1] - offsets[document]
    return verified, len(numbers)


@kernel
def _better(value: float, document: int, most: float, best: int) -> bool:
    return best == NOBODY or value > most or (value == most and document < best)


def warm() -> None:
    """Compiles or loads the kernels of this module."""
    shingles = Ragged(frozen(np.array([1, 2, 1, 2], dtype=np.uint64)), frozen(np.array([0, 2, 4])))
    keys = np.ones((2, 1), dtype=np.uint64)
    for max_bucket in (1, 2):
        assert decide(keys, shingles, threshold=0.5, max_bucket=max_bucket, hubs=1).duplicate_of[1] == 0
