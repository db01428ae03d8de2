"""Joins small shards of a Source into packs, so that tasks cost about the same and few tasks read only a few bytes.

A list of shards is cut in two, and each part again, until no part is larger than the wanted size. The second part
begins with the shard, among those near the middle, whose name has the highest hash. So an additional file changes the
pack that it falls into and rarely another cut: only if the new file itself is chosen, or if it moves the middle so far
that the former choice is no longer near it. The order of shards never changes.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tokenmill.core.chance import keyed_hash
from tokenmill.core.kinds import Shard

FILE_BYTES = 1 << 16  # opening a file costs about as much as reading this many bytes
_NEAR_MIDDLE = (0.4, 0.6)  # so a cut gives no pack below 0.4 of the wanted size, except next to large shards


def packed(shards: Sequence[Shard], size: int) -> list[Shard]:
    """Returns the shards of a Source in order, with neighbours joined into packs of at most `size` bytes.

    With 0 none are joined. Each shard counts FILE_BYTES more than its length. A pack has `parts`, and its bytes go from
    0 to the sum of theirs. A shard that is not joined stays as it was. All get new numbers, from 0.
    """
    costs = np.array([shard.length + FILE_BYTES for shard in shards], dtype=np.int64)
    before = np.concatenate(([0], np.cumsum(costs)))
    ranks = keyed_hash(0, "packs", (f"{shard.file}#{shard.start}" for shard in shards))
    runs = _runs(before, ranks, size) if size else itertools.pairwise(range(len(shards) + 1))
    return [replace(_joined(shards[low:high]), number=number) for number, (low, high) in enumerate(runs)]


def parts_of(shard: Shard) -> tuple[Shard, ...]:
    """Returns the shards in a pack, or the shard itself if it is not a pack."""
    return shard.parts or (shard,)


def _runs(before: npt.NDArray[np.int64], ranks: npt.NDArray[np.uint64], size: int) -> Iterator[tuple[int, int]]:
    """Yields (first, end) of each pack, `end` exclusive.

    before: (shards + 1,) costs in bytes: of all shards before each one, then of all. ranks: (shards,) hashes that
    decide where to cut.
    """
    todo = [(0, len(ranks))] if len(ranks) else []
    while todo:
        low, high = todo.pop()
        start, total = before[low], before[high] - before[low]
        if total <= size or high - low == 1:
            yield low, high
            continue
        edges = [start + total * share for share in _NEAR_MIDDLE]
        first, end = np.searchsorted(before[low + 1 : high], edges) + low + 1
        if first < end:
            cut = first + int(np.argmax(ranks[first:end]))
        else:  # a large shard lies across the middle
            middle = start + total / 2
            cut = low + 1 + int(np.argmin(np.abs(before[low + 1 : high] - middle)))
        todo += [(cut, high), (low, cut)]


def _joined(shards: Sequence[Shard]) -> Shard:
    if len(shards) == 1:
        return shards[0]
    size = sum(shard.length for shard in shards)
    parts = tuple(replace(shard, number=0) for shard in shards)
    return Shard(0, shards[0].source, shards[0].file, 0, size, size, "", parts=parts)
