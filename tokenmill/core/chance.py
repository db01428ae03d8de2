"""Chance without state: a keyed hash of (seed, step name, document id), so that any worker in any order draws the
same.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import xxhash


def keyed_hash(seed: int, name: str, ids: Iterable[str | None]) -> npt.NDArray[np.uint64]:
    """uint64 (rows,), uniform, one a document. `name` is the step's, so that two steps draw independently (XXH3-64)."""
    key = xxhash.xxh3_64_intdigest(name.encode(), seed=seed & 0xFFFFFFFFFFFFFFFF)
    digest = xxhash.xxh3_64_intdigest
    return np.fromiter((digest((id or "").encode(), seed=key) for id in ids), dtype=np.uint64)


def unit_interval(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.float64]:
    """float64 (rows,) in [0, 1), from the 53 highest bits of each hash."""
    return (hashes >> np.uint64(11)).astype(np.float64) * 2.0**-53


def spread(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """A key for each number, different for different ones, spread over all keys (MurmurHash3's finaliser)."""
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        numbers = (numbers ^ numbers >> np.uint64(33)) * np.uint64(factor)
    return numbers ^ numbers >> np.uint64(33)
