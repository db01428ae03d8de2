"""Random numbers without state: keyed hashes of (seed, step name, document id).

Every worker draws the same number for a document, in any order.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import xxhash


def keyed_hash(seed: int, name: str, ids: Iterable[str | None]) -> npt.NDArray[np.uint64]:
    """Returns one uniform keyed hash (XXH3-64) per document id, for a step's random draws, uint64 (rows,).

    A null id counts as "". name: name of the step, so that two steps draw independent numbers.
    """
    key = xxhash.xxh3_64_intdigest(name.encode(), seed=seed & 0xFFFFFFFFFFFFFFFF)
    digest = xxhash.xxh3_64_intdigest
    return np.fromiter((digest((id or "").encode(), seed=key) for id in ids), dtype=np.uint64)


def unit_interval(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.float64]:
    """Returns uniform numbers in [0, 1), float64 (rows,), from the 53 highest bits of each keyed hash."""
    return (hashes >> np.uint64(11)).astype(np.float64) * 2.0**-53


def spread(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Maps numbers one to one to keys that are spread over all of uint64 (the finaliser of MurmurHash3)."""
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        numbers = (numbers ^ numbers >> np.uint64(33)) * np.uint64(factor)
    return numbers ^ numbers >> np.uint64(33)
