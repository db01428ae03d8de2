"""components.py: connected members are compared with sets merged in plain Python, on random and on hostile graphs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.similarity.components import alone, flatten, join_pairs

Pairs = list[tuple[int, int]]


def plain(count: int, pairs: Pairs) -> list[int]:
    together = {place: {place} for place in range(count)}
    for one, other in pairs:
        merged = together[one] | together[other]
        together |= dict.fromkeys(merged, merged)
    return [min(together[place]) for place in range(count)]


def found(count: int, pairs: Pairs, pieces: int = 1) -> list[int]:
    parents = alone(count)
    for part in np.array_split(np.array(pairs, dtype=np.int64).reshape(-1, 2), pieces):
        join_pairs(parents, part[:, 0].copy(), part[:, 1].copy())
    flatten(parents)
    return parents.tolist()


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=30), st.integers(1, 5))
@settings(deadline=None)
def test_it_is_the_plain_twin_in_any_pieces(pairs: Pairs, pieces: int) -> None:
    assert found(20, pairs, pieces) == plain(20, pairs)


MANY = 1_000_000


@pytest.mark.parametrize("shape", ["chain", "backwards", "shuffled", "star", "star of the last"])
def test_a_million_that_all_hang_together(shape: str) -> None:
    low, high = np.arange(MANY - 1), np.arange(1, MANY)
    ones, others = {
        "chain": (low, high),
        "backwards": (high[::-1], low[::-1]),
        "shuffled": (low, high),
        "star": (np.zeros(MANY - 1, dtype=np.int64), high),
        "star of the last": (np.full(MANY - 1, MANY - 1), low),
    }[shape]
    order = np.random.default_rng(0).permutation(MANY - 1) if shape == "shuffled" else slice(None)
    parents = alone(MANY)
    join_pairs(parents, np.ascontiguousarray(ones[order]), np.ascontiguousarray(others[order]))
    flatten(parents)
    assert not parents.any()


def test_two_giants_are_one_only_with_the_edge_between_them() -> None:
    half = MANY // 2
    low = np.arange(MANY - 1)
    inside = low[low != half - 1]
    parents = alone(MANY)
    join_pairs(parents, inside, inside + 1)
    flatten(parents)
    assert np.array_equal(np.unique(parents), [0, half])
    join_pairs(parents, np.array([MANY - 1]), np.array([3]))
    flatten(parents)
    assert not parents.any()
