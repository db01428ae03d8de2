"""text/similarity/signature.py: minima and bands are compared with plain Python and with theory."""

import numpy as np
import pytest
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.kernel.cache import frozen
from tokenmill.text.similarity.signature import Bits, band_keys, chance_of_meeting, hash_functions, signatures
from tokenmill.text.words.hash import Ragged

MASK = (1 << 64) - 1
SETS = st.lists(st.sets(st.integers(0, MASK), max_size=20).map(sorted), max_size=5)


def ragged(rows: list[list[int]]) -> Ragged:
    values = np.array([value for row in rows for value in row], dtype=np.uint64)
    return Ragged(frozen(values), frozen(np.cumsum([0, *map(len, rows)])))


def plain_signature(row: list[int], factors: list[int], terms: list[int], bits: int) -> list[int]:
    most = (1 << bits) - 1
    return [
        min([(factor * (value & most) + term) & most for value in row], default=most)
        for factor, term in zip(factors, terms, strict=True)
    ]


def plain_key(band: int, minima: list[int]) -> int:
    state = finished(band + 1)
    for value in minima:
        state = (state ^ value) * 0xD6E8FEB86659FD93 & MASK
        state ^= state >> 32
    return finished(state)


def finished(state: int) -> int:
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        state = (state ^ state >> 33) * factor & MASK
    return state ^ state >> 33


@given(SETS, st.integers(1, 6), st.integers(1, 4), st.integers(0, 1 << 40), st.sampled_from([32, 64]))
@settings(deadline=None)
def test_signatures_and_band_keys_are_those_of_the_plain_twin(
    rows: list[list[int]], bands: int, size: int, seed: int, bits: Bits
) -> None:
    factors, terms = (part.tolist() for part in hash_functions(bands * size, seed, bits))
    minima = signatures(ragged(rows), bands * size, seed=seed, bits=bits)
    assert minima.tolist() == [plain_signature(row, factors, terms, bits) for row in rows]
    assert band_keys(minima, bands).tolist() == [
        [plain_key(band, row[band * size : (band + 1) * size]) for band in range(bands)] for row in minima.tolist()
    ]


def test_functions_are_odd_different_and_drawn_from_the_seed() -> None:
    factors, terms = hash_functions(112, 17)
    assert (factors % 2 == 1).all()
    assert len(set(factors.tolist())) == len(set(terms.tolist())) == 112
    assert not (factors == hash_functions(112, 18)[0]).any()


@pytest.mark.parametrize("similarity", [0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9])
def test_pairs_meet_as_often_as_theory_says(similarity: float) -> None:
    """3,000 pairs of sets have 180 shingles in their union and this similarity, with 14 bands of 8. The test allows
    five standard errors.
    """
    pairs, union = 3000, 180
    shared = round(similarity * union)
    alone = (union - shared) // 2
    shared = union - 2 * alone
    numbers = np.random.default_rng(int(similarity * 100)).integers(0, 1 << 63, size=(pairs, union), dtype=np.uint64)
    one, other = numbers[:, : shared + alone], np.delete(numbers, np.s_[shared : shared + alone], axis=1)
    keys = [
        band_keys(signatures(Ragged(frozen(side.ravel().copy()), steps(side)), 112, seed=1), 14)
        for side in (one, other)
    ]
    met = float((keys[0] == keys[1]).any(axis=1).mean())
    theory = chance_of_meeting(shared / union, 14, 8)
    assert abs(met - theory) < 5 * (theory * (1 - theory) / pairs) ** 0.5


def steps(rows: np.ndarray[tuple[int, int], np.dtype[np.uint64]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return frozen(np.arange(len(rows) + 1, dtype=np.int64) * rows.shape[1])


def murmur_finished(number: int) -> int:
    """Returns what datasketch first computes from each hash: the finalizer of MurmurHash3 for 32 bits."""
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        number = (number ^ number >> shift) * factor & 0xFFFFFFFF
    return number ^ number >> 16


def by_datasketch(row: list[int], hashes: int, seed: int) -> MinHash:
    made = MinHash(hashes, permutations=hash_functions(hashes, seed), scheme="affine32", hashfunc=int)
    for number in row:
        made.update(number)
    return made


SMALL = st.sets(st.integers(0, (1 << 32) - 1), max_size=60).map(sorted)


@given(st.lists(SMALL, min_size=2, max_size=5), st.integers(0, 99))
@settings(deadline=None)
def test_signatures_and_estimates_are_those_of_datasketch(rows: list[list[int]], seed: int) -> None:
    """This holds with the same functions: datasketch's scheme affine32 is ours after its own mixing of the hashes."""
    minima = signatures(ragged([[murmur_finished(number) for number in row] for row in rows]), 112, seed=seed)
    peers = [by_datasketch(row, 112, seed) for row in rows]
    assert minima.tolist() == [peer.hashvalues.tolist() for peer in peers]
    for own, peer in zip(minima, peers, strict=True):
        assert (own == minima[0]).mean() == pytest.approx(peer.jaccard(peers[0]))
