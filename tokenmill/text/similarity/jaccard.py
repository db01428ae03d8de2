"""The true Jaccard similarity of shingle sets: |a and b| / |a or b|, 0 to 1."""

import numpy as np
import pyarrow as pa

from tokenmill.text.kernel.arrays import Doubles, Hashes, Longs, Offsets, int64
from tokenmill.text.kernel.cache import frozen, kernel
from tokenmill.text.similarity.shingle import Shingling, Unit
from tokenmill.text.words.hash import Ragged


def jaccard_of_texts(a: str, b: str, ngram: int, unit: Unit = "words") -> float:
    """Returns the Jaccard similarity of two unmodified texts as MinHash verifies it; 0.0 if one has no words."""
    texts = pa.record_batch({"text": pa.array([a, b], type=pa.large_string())})
    _, sets = Shingling(ngram, unit).verifying(texts)
    return jaccard_of_sets(sets[0], sets[1])


def jaccard_of_sets(a: Hashes, b: Hashes) -> float:
    """Returns the Jaccard similarity of two ascending arrays of distinct hashes; 0.0 if one of them is empty."""
    both = frozen(np.concatenate([a, b]))
    return float(similarity(both, int64(0), len(a), len(a), len(both), 0.0))


def jaccard_of_pairs(a: Ragged, rows: Longs, b: Ragged, others: Longs) -> Doubles:
    """Returns the Jaccard similarity of the shingle sets a[rows[i]] and b[others[i]] for each i, float64 (pairs,)."""
    values = frozen(np.concatenate([a.values, b.values]))
    offsets = frozen(np.concatenate([a.offsets, len(a.values) + b.offsets]))
    out = np.empty(len(rows), dtype=np.float64)
    _compare_pairs(values, offsets, frozen(rows), frozen(others + len(a) + 1), out)
    return out


@kernel
def similarity(values: Hashes, a: int, a_end: int, b: int, b_end: int, threshold: float) -> float:
    """Returns the Jaccard index of the shingle sets values[a:a_end] and values[b:b_end], both ascending.

    Returns 0.0 early if it cannot reach the threshold.
    """
    total = (a_end - a) + (b_end - b)
    if a == a_end or b == b_end:
        return 0.0
    # shared / (total - shared) >= threshold needs this many shared hashes; minus one, because of rounding
    needed = int64(threshold / (1.0 + threshold) * total) - 1
    spare_a = a_end - a - needed
    spare_b = b_end - b - needed
    shared = int64(0)
    while a < a_end and b < b_end:
        if values[a] == values[b]:
            shared += 1
            a += 1
            b += 1
        elif values[a] < values[b]:
            a += 1
            spare_a -= 1
            if spare_a < 0:
                return 0.0
        else:
            b += 1
            spare_b -= 1
            if spare_b < 0:
                return 0.0
    return shared / (total - shared)


@kernel
def _compare_pairs(values: Hashes, offsets: Offsets, ones: Longs, others: Longs, out: Doubles) -> None:
    for i in range(len(ones)):
        a, b = ones[i], others[i]
        out[i] = similarity(values, offsets[a], offsets[a + 1], offsets[b], offsets[b + 1], 0.0)


def warm() -> None:
    """Compiles or loads the kernels of this module."""
    assert jaccard_of_texts("a b c", "a b d", 2) == 1 / 3
    one = Ragged(frozen(np.array([7], dtype=np.uint64)), frozen(np.array([0, 1])))
    assert jaccard_of_pairs(one, np.array([0]), one, np.array([0])).tolist() == [1.0]
