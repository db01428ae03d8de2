"""The shingles of a document: the set of its runs of n words or characters, each as one 64-bit hash (Broder 1997).

With 64 bits, the chance that any two of a document's 10^6 different shingles fall together is 3e-8.
"""

from typing import Literal

import numpy as np
import pyarrow as pa

from tokenmill.text.kernel.arrays import Hashes, Longs, Offsets, int64
from tokenmill.text.kernel.cache import frozen, kernel
from tokenmill.text.words.character_hashes import character_hashes
from tokenmill.text.words.hash import Ragged, scrambled, word_hashes

_FACTOR = np.uint64(0x9FB21C651E98DF25)


Unit = Literal["words", "characters"]


def shingle_sets(batch: pa.RecordBatch, ngram: int, unit: Unit = "words") -> tuple[pa.RecordBatch, Ragged]:
    """The batch with its words split if they were needed, and each document's shingle hashes, ascending, each once.

    A document with fewer than ngram words or characters has none. ngram: at least 1.
    """
    if unit == "characters":
        return batch, shingled(character_hashes(batch), ngram)
    batch, hashes = word_hashes(batch)
    return batch, shingled(hashes, ngram)


def shingled(words: Ragged, ngram: int) -> Ragged:
    """The sets of hashes of ngram successive word hashes, row by row."""
    longest = int(np.max(np.diff(words.offsets), initial=0))
    scratch = np.empty(longest, dtype=np.uint64)
    counts = np.empty(longest + 1, dtype=np.int64)
    values = np.empty(len(words.values), dtype=np.uint64)
    offsets = np.zeros(len(words.offsets), dtype=np.int64)
    used = _shingle(words.values, words.offsets, ngram, scratch, counts, values, offsets)
    return Ragged(frozen(values[:used].copy()), frozen(offsets))


@kernel
def _shingle(
    words: Hashes, word_offsets: Offsets, ngram: int, scratch: Hashes, counts: Longs, values: Hashes, offsets: Offsets
) -> int:
    used = int64(0)
    for row in range(len(offsets) - 1):
        count = word_offsets[row + 1] - word_offsets[row] - ngram + 1
        if count > 0:
            _roll(words, word_offsets[row], ngram, scratch, count)
            used = _put_sorted_set(scratch, count, counts, values, used)
        offsets[row + 1] = used
    return used


@kernel
def _roll(words: Hashes, first: int, ngram: int, scratch: Hashes, count: int) -> None:
    """scratch[i] = hash of words[first + i : first + i + ngram]: a polynomial mod 2^64, scrambled (Karp-Rabin)."""
    state = np.uint64(0)
    leaving = np.uint64(1)
    for i in range(ngram):
        state = state * _FACTOR + words[first + i]
        leaving *= _FACTOR
    scratch[0] = scrambled(state)
    for i in range(1, count):
        state = state * _FACTOR + words[first + i + ngram - 1] - leaving * words[first + i - 1]
        scratch[i] = scrambled(state)


@kernel
def _put_sorted_set(hashes: Hashes, count: int, counts: Longs, values: Hashes, used: int) -> int:
    """Write the distinct values of hashes[:count], ascending, at values[used]; return the next place.

    Because hashes are uniform, a counting sort into as many ranges as there are values leaves next to nothing to be
    sorted within a range: the time is linear, and repeated values, which do share a range, are dropped as they come.
    """
    number = np.uint64(count)
    counts[: count + 1] = 0
    for i in range(count):
        counts[_range_of(hashes[i], number) + 1] += 1
    for i in range(count):
        counts[i + 1] += counts[i]
    for i in range(count):
        place = _range_of(hashes[i], number)
        values[used + counts[place]] = hashes[i]
        counts[place] += 1
    kept = used
    for i in range(used, used + count):
        value = values[i]
        k = kept
        while k > used and values[k - 1] > value:
            k -= 1
        if k > used and values[k - 1] == value:
            continue
        for m in range(kept, k, -1):
            values[m] = values[m - 1]
        values[k] = value
        kept += 1
    return kept


@kernel
def _range_of(value: np.uint64, number: np.uint64) -> int:
    return int64(((value >> np.uint64(32)) * number) >> np.uint64(32))


def warm() -> None:
    """Compile or load the kernels of this module."""
    batch = pa.record_batch({"text": pa.array(["a b c d"], type=pa.large_string())})
    assert len(shingle_sets(batch, 3)[1].values) == 2
