"""MinHash signatures and their bands: documents with similar shingle sets are likely to share a band.

Two sets of Jaccard similarity s agree in one minimum with probability s, in a band of r minima with probability s^r,
and in at least one of b bands with probability 1 - (1 - s^r)^b (Broder 1997; Leskovec et al., Mining of Massive
Datasets, 3.4).
"""

from typing import Literal

import numpy as np

from tokenmill.text.kernel.arrays import Hashes, Offsets, Uints, Ulongs, uint32
from tokenmill.text.kernel.cache import frozen, kernel
from tokenmill.text.words.hash import Ragged, extended, scrambled

Minima = Uints | Ulongs
Bits = Literal[32, 64]
BITS: tuple[Bits, ...] = (32, 64)

_GOLDEN = 0x9E3779B97F4A7C15


def signatures(shingles: Ragged, hashes: int, *, seed: int, bits: Bits = 32) -> Minima:
    """Returns the minimum of each MinHash function over each set of shingles, uint32 or uint64 (rows, hashes).

    All minima of an empty set are the highest number.

    Function k of a shingle x is factor_k * x + term_k modulo 2^bits. x is uniform already, so this is enough to make
    the functions independent of each other. With 32 bits, one vector instruction computes eight or sixteen of them, and
    two sets of n shingles agree in a minimum by accident with probability n / 2^32. 64 bits are for sets of millions of
    shingles.
    """
    factors, terms = hash_functions(hashes, seed, bits)
    minima = np.full((len(shingles), hashes), np.iinfo(factors.dtype).max, dtype=factors.dtype)
    (_sign if bits == 32 else _sign_wide)(shingles.values, shingles.offsets, factors, terms, minima)
    return minima


def hash_functions(hashes: int, seed: int, bits: Bits = 32) -> tuple[Minima, Minima]:
    """Returns MinHash's (odd factors, terms), uint32 or uint64 (hashes,), from the seed by SplitMix64.

    Source: Steele et al. 2014.
    """
    numbers = [_split_mix(seed * 2 * hashes + i) for i in range(2 * hashes)]
    factors = [number >> 64 - bits | 1 for number in numbers[:hashes]]
    terms = [number >> 64 - bits for number in numbers[hashes:]]
    if bits == 32:
        return frozen(np.array(factors, dtype=np.uint32)), frozen(np.array(terms, dtype=np.uint32))
    return frozen(np.array(factors, dtype=np.uint64)), frozen(np.array(terms, dtype=np.uint64))


def band_keys(minima: Minima, bands: int) -> Hashes:
    """Returns one key per band of MinHash, uint64 (rows, bands), from signatures (rows, hashes).

    hashes must be a multiple of bands. Equal minima in the same band give equal keys. Others give equal keys with
    probability 2^-64.
    """
    rows, hashes = minima.shape
    assert hashes % bands == 0
    keys = np.empty((rows, bands), dtype=np.uint64)
    _key_bands(frozen(minima), keys)
    return keys


def chance_of_meeting(similarity: float, bands: int, rows: int) -> float:
    """Returns the probability that the signatures of two shingle sets of this Jaccard similarity share a band."""
    return 1.0 - (1.0 - similarity**rows) ** bands


def _split_mix(number: int) -> int:
    mask = (1 << 64) - 1
    value = (number + 1) * _GOLDEN & mask
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & mask
    value = (value ^ value >> 27) * 0x94D049BB133111EB & mask
    return value ^ value >> 31


@kernel
def _sign(shingles: Hashes, offsets: Offsets, factors: Minima, terms: Minima, minima: Minima) -> None:
    """Signs four shingles at a time, which halves the time. If fewer are left in a row, repeats its last one."""
    for row in range(len(offsets) - 1):
        least = minima[row]
        last = offsets[row + 1] - 1
        for i in range(offsets[row], last + 1, 4):
            x, y = _low_half(shingles[i]), _low_half(shingles[min(i + 1, last)])
            z, w = _low_half(shingles[min(i + 2, last)]), _low_half(shingles[min(i + 3, last)])
            for k in range(len(least)):
                factor = factors[k]
                one = min(uint32(x * factor + terms[k]), uint32(y * factor + terms[k]))
                two = min(uint32(z * factor + terms[k]), uint32(w * factor + terms[k]))
                least[k] = min(least[k], min(one, two))


@kernel
def _sign_wide(shingles: Hashes, offsets: Offsets, factors: Minima, terms: Minima, minima: Minima) -> None:
    for row in range(len(offsets) - 1):
        least = minima[row]
        for i in range(offsets[row], offsets[row + 1]):
            for k in range(len(least)):
                least[k] = min(least[k], shingles[i] * factors[k] + terms[k])


@kernel
def _low_half(value: np.uint64) -> int:
    return uint32(value & np.uint64(0xFFFFFFFF))


@kernel
def _key_bands(minima: Minima, keys: Hashes) -> None:
    rows = minima.shape[1] // max(1, keys.shape[1])
    for row in range(keys.shape[0]):
        for band in range(keys.shape[1]):
            state = scrambled(np.uint64(band + 1))
            for k in range(band * rows, (band + 1) * rows):
                state = extended(state, minima[row, k])
            keys[row, band] = scrambled(state)


def warm() -> None:
    """Compiles or loads the kernels of this module."""
    one = Ragged(frozen(np.array([7], dtype=np.uint64)), frozen(np.array([0, 1])))
    for bits in BITS:
        assert band_keys(signatures(one, 4, seed=0, bits=bits), 2).shape == (1, 2)
