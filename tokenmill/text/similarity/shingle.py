"""The shingles of a document: the set of its runs of n words or characters, each as a 64-bit hash (Broder 1997).

A document has two such sets. Bands nominate pairs by a set that may fold case, accents, punctuation and digits. Pairs
are verified by the other set, which folds nothing. With 64 bits, the probability that any two of a document's 10^6
different shingles have the same hash is 3e-8.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from tokenmill.text.kernel.arrays import Hashes, Longs, Offsets, int64
from tokenmill.text.kernel.cache import frozen, kernel
from tokenmill.text.words.character_hashes import character_hashes
from tokenmill.text.words.fold import FOLDS, Fold
from tokenmill.text.words.hash import Ragged, scrambled, word_hashes

_FACTOR = np.uint64(0x9FB21C651E98DF25)


Unit = Literal["words", "characters"]


@dataclass(frozen=True)
class Shingling:
    """How shingles are built.

    Both methods return the batch, with its words split if they were needed, and the distinct shingle hashes of each
    document, ascending.

    Attributes:
        ngram: number of words or characters in a shingle, at least 1.
        unit: words or characters. Default words.
        fold: the differences that nomination ignores. Default all four.
    """

    ngram: int
    unit: Unit = "words"
    fold: tuple[Fold, ...] = FOLDS

    def nominating(self, batch: pa.RecordBatch) -> tuple[pa.RecordBatch, Ragged]:
        """Returns the shingles for the bands. A document of fewer than ngram words or characters has none."""
        batch, units = self._units(batch, self.fold)
        return batch, shingled(units, self.ngram)

    def verifying(self, batch: pa.RecordBatch) -> tuple[pa.RecordBatch, Ragged]:
        """Returns the shingles of the unmodified texts. If a document has fewer than ngram words, they are one shingle.

        Words are those of the shared split, punctuation included, compared character by character; white space between
        them does not count. Each letter of a script without spaces is a word. With unit: characters, a run of white
        space is one character, and white space at the ends of a text does not count.
        """
        batch, units = self._units(batch, ())
        return batch, shingled(units, self.ngram, short=True)

    def _units(self, batch: pa.RecordBatch, fold: tuple[Fold, ...]) -> tuple[pa.RecordBatch, Ragged]:
        if self.unit == "characters":
            return batch, character_hashes(batch, fold)
        return word_hashes(batch, fold)


def shingled(words: Ragged, ngram: int, *, short: bool = False) -> Ragged:
    """Returns the shingles of documents, the sets of hashes of ngram successive word hashes, row by row.

    short: if a row has fewer words, all of them are one shingle.
    """
    longest = int(np.max(np.diff(words.offsets), initial=0))
    scratch = np.empty(longest, dtype=np.uint64)
    counts = np.empty(longest + 1, dtype=np.int64)
    values = np.empty(len(words.values), dtype=np.uint64)
    offsets = np.zeros(len(words.offsets), dtype=np.int64)
    least = 1 if short else ngram
    used = _shingle(words.values, words.offsets, ngram, least, scratch, counts, values, offsets)
    return Ragged(frozen(values[:used].copy()), frozen(offsets))


@kernel
def _shingle(
    words: Hashes,
    word_offsets: Offsets,
    ngram: int,
    least: int,
    scratch: Hashes,
    counts: Longs,
    values: Hashes,
    offsets: Offsets,
) -> int:
    """Returns the number of values written. least: a row with fewer words has no shingle."""
    used = int64(0)
    for row in range(len(offsets) - 1):
        length = word_offsets[row + 1] - word_offsets[row]
        if length >= least:
            size = min(ngram, length)
            count = length - size + 1
            _roll(words, word_offsets[row], size, scratch, count)
            used = _put_sorted_set(scratch, count, counts, values, used)
        offsets[row + 1] = used
    return used


@kernel
def _roll(words: Hashes, first: int, ngram: int, scratch: Hashes, count: int) -> None:
    """Writes the hash of words[first + i : first + i + ngram], a Karp-Rabin polynomial mod 2^64, to scratch[i]."""
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
    """Writes the distinct values of hashes[:count], ascending, to values[used:]. Returns the next free place.

    Because hashes are uniform, a counting sort into as many ranges as there are values leaves almost nothing to sort
    within a range, and the time is linear. Repeated values are in the same range and are dropped there.
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
    """Compiles or loads the kernels of this module."""
    batch = pa.record_batch({"text": pa.array(["a b c d"], type=pa.large_string())})
    assert len(Shingling(3).nominating(batch)[1].values) == 2
