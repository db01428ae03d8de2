"""Chance is a function of only the seed, the step and the id."""

import numpy as np

from tokenmill.core.chance import keyed_hash, unit_interval


def test_the_same_key_draws_the_same_and_another_key_another() -> None:
    ids = [f"doc-{n}" for n in range(1000)]
    hashes = keyed_hash(1, "mix", ids)
    assert (keyed_hash(1, "mix", ids[::-1])[::-1] == hashes).all()
    for other in (keyed_hash(2, "mix", ids), keyed_hash(1, "shuffle", ids)):
        assert not (other == hashes).any()


def test_draws_are_uniform_on_the_unit_interval() -> None:
    draws = unit_interval(keyed_hash(0, "x", [str(n) for n in range(20_000)]))
    assert draws.min() >= 0 and draws.max() < 1
    counts = np.histogram(draws, bins=10, range=(0, 1))[0]
    assert abs(counts - 2000).max() < 200
