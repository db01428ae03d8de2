"""Small shards of a Source put together, so that tasks cost about the same and few of them are for a few bytes.

A list is cut in two, and each half again, until what is left is no larger than wanted: at the shard whose name hashes
highest among those near the middle. So one file more changes the pack that it falls into, and hardly ever another cut:
that happens where the newcomer itself is chosen, or moves the middle past the file that was. Order never changes.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tokenmill.core.chance import keyed_hash
from tokenmill.core.kinds import Shard

FILE_BYTES = 1 << 16  # opening a file costs about as much as reading so many bytes
_NEAR_MIDDLE = (0.4, 0.6)  # so a pack is at least 0.4 of the size wanted, unless shards themselves are larger


def packed(shards: Sequence[Shard], size: int) -> list[Shard]:
    """The shards in order, neighbours put together to packs of at most `size` bytes; 0 leaves them alone.

    A pack has `parts`, and bytes from 0 to their sum. A shard that stays alone is as it was. Numbers are counted anew.
    """
    costs = np.array([shard.length + FILE_BYTES for shard in shards], dtype=np.int64)
    before = np.concatenate(([0], np.cumsum(costs)))
    ranks = keyed_hash(0, "packs", (f"{shard.file}#{shard.start}" for shard in shards))
    runs = _runs(before, ranks, size) if size else itertools.pairwise(range(len(shards) + 1))
    return [replace(_joined(shards[low:high]), number=number) for number, (low, high) in enumerate(runs)]


def parts_of(shard: Shard) -> tuple[Shard, ...]:
    """The shards that a pack is made of, or the shard itself."""
    return shard.parts or (shard,)


def _runs(before: npt.NDArray[np.int64], ranks: npt.NDArray[np.uint64], size: int) -> Iterator[tuple[int, int]]:
    """(first, end) of each pack. before: cost of all shards before each, and of all; ranks: decides where to cut."""
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
