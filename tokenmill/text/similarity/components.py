"""Connected components of documents that are joined by pairs: union-find over places in one array (Tarjan 1975)."""

import numpy as np

from tokenmill.text.kernel.arrays import Longs, Uints, int64
from tokenmill.text.kernel.cache import frozen, kernel

MOST_PLACES = 1 << 32


def alone(count: int) -> Uints:
    """Returns the parents of `count` documents (up to MOST_PLACES), each its own component, uint32 (count,)."""
    return np.arange(count, dtype=np.uint32)


def join_pairs(parents: Uints, ones: Longs, others: Longs) -> None:
    """Joins the components of the documents ones[i] and others[i] for each i. Changes `parents`."""
    _join(parents, frozen(ones), frozen(others))


def flatten(parents: Uints) -> None:
    """Sets the parent of each document to the lowest place in its component, itself if it is alone.

    Changes `parents`.
    """
    _flatten(parents)


@kernel
def _root(parents: Uints, place: int) -> int:
    """Returns the root, which is the lowest member, because no parent is above its child. Halves paths on the way."""
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
    """Compiles or loads the kernels of this module."""
    parents = alone(2)
    join_pairs(parents, np.array([0]), np.array([1]))
    flatten(parents)
    assert parents.tolist() == [0, 0]
