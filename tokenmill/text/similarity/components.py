"""Which documents hang together through pairs: union-find over places in one array (Tarjan 1975)."""

import numpy as np

from tokenmill.text.kernel.arrays import Longs, Uints, int64
from tokenmill.text.kernel.cache import frozen, kernel

MOST_PLACES = 1 << 32


def alone(count: int) -> Uints:
    """The parents of so many places (at most MOST_PLACES), none of which hangs together with another."""
    return np.arange(count, dtype=np.uint32)


def join_pairs(parents: Uints, ones: Longs, others: Longs) -> None:
    """Let each place of `ones` hang together with that of `others`, in place."""
    _join(parents, frozen(ones), frozen(others))


def flatten(parents: Uints) -> None:
    """Make the parent of each place the lowest place that it hangs together with, itself if it is alone; in place."""
    _flatten(parents)


@kernel
def _root(parents: Uints, place: int) -> int:
    """A parent is never above its child, so a root is the least of its members; paths are halved on the way."""
    above = int64(parents[place])
    while above != place:
        parents[place] = parents[above]
        place = above
        above = int64(parents[place])
    return place


@kernel
def _join(parents: Uints, ones: Longs, others: Longs) -> None:
    for i in range(len(ones)):
        a, b = _root(parents, ones[i]), _root(parents, others[i])
        parents[max(a, b)] = min(a, b)


@kernel
def _flatten(parents: Uints) -> None:
    for place in range(len(parents)):
        parents[place] = parents[int64(parents[place])]


def warm() -> None:
    """Compile or load the kernels of this module."""
    parents = alone(2)
    join_pairs(parents, np.array([0]), np.array([1]))
    flatten(parents)
    assert parents.tolist() == [0, 0]
