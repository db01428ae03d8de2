"""Hashes words to 64 bits each, over their characters as fold.py codes them. It builds no strings.

With everything folded, a word of the split gives no hash if it has no letter or digit (punctuation), and several hashes
if it has punctuation inside (`web-scale` is two words, a URL many). A run of digits, with single decimal marks inside,
is hashed as `0`. With nothing folded, each word of the split gives one hash of its unchanged characters. Letters of
scripts without spaces are always words by themselves.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tokenmill.text.kernel.arrays import Bytes, Hashes, Offsets, Uints, int64, uint32
from tokenmill.text.kernel.cache import frozen, kernel, pointer
from tokenmill.text.kernel.codes import next_word
from tokenmill.text.kernel.points import point_at
from tokenmill.text.words.fold import ALONE, BREAK, DIGIT, FOLDS, JOINER, SPELT, Fold, fold_table
from tokenmill.text.words.segment import text_buffer, words

_EMPTY = np.uint64(0x9E3779B97F4A7C15)
_FACTOR = np.uint64(0xD6E8FEB86659FD93)
_MIX_1, _MIX_2 = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_DIGIT = uint32(DIGIT)
_LAST_CODE = uint32(ALONE - 1)


@dataclass(frozen=True)
class Ragged:
    """Rows of 64-bit hashes of uneven length: row r is values[offsets[r]:offsets[r + 1]]. Both arrays are read-only."""

    values: Hashes
    offsets: Offsets

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> Hashes:
        return self.values[self.offsets[row] : self.offsets[row + 1]]


def word_hashes(batch: pa.RecordBatch, fold: tuple[Fold, ...] = FOLDS) -> tuple[pa.RecordBatch, Ragged]:
    """Returns the batch with the column `_words`, and the hash of each word of each document, in order.

    fold: the differences that are ignored; with `()` the words are those of the unchanged text.
    """
    batch, split = words(batch)
    buffer, offsets = text_buffer(batch)
    codes, spellings = fold_table(fold)
    most = int(offsets[-1] - offsets[0])  # each hash covers at least one byte
    hashes = np.empty(most, dtype=np.uint64)  # memory pages that are never written cost nothing
    hash_offsets = np.zeros(len(offsets), dtype=np.int64)
    coded = (split.codes, split.code_starts, split.code_ends)
    used = _hash_words(buffer, offsets, *coded, codes, spellings, hashes, hash_offsets)
    return batch, Ragged(frozen(hashes[:used].copy()), frozen(hash_offsets))


@kernel
def scrambled(value: np.uint64) -> np.uint64:
    """Returns the final hash of a word or other sequence: a uint64 of which each bit depends on all bits of value.

    The function is one to one: MurmurHash3's finaliser (Appleby 2011).
    """
    value = (value ^ (value >> np.uint64(33))) * _MIX_1
    value = (value ^ (value >> np.uint64(33))) * _MIX_2
    return value ^ (value >> np.uint64(33))


@kernel
def extended(state: np.uint64, code: int) -> np.uint64:
    """Returns the state of a running hash, of a word or another sequence, after one more code.

    Pass the last state to scrambled().
    """
    state = (state ^ np.uint64(code)) * _FACTOR
    return state ^ (state >> np.uint64(32))


@kernel
def _hash_words(
    buffer: Bytes,
    offsets: Offsets,
    codes: Bytes,
    code_starts: Offsets,
    code_ends: Offsets,
    folds: Uints,
    spellings: Uints,
    hashes: Hashes,
    hash_offsets: Offsets,
) -> int:
    used = int64(0)
    for row in range(len(offsets) - 1):
        base = offsets[row]
        at = code_starts[row]
        position = int64(0)
        while at < code_ends[row]:
            at, start, position = next_word(pointer(codes), at, position)
            used = _hash_word(
                pointer(buffer),
                base + start,
                base + position,
                pointer(folds),
                pointer(spellings),
                pointer(hashes),
                used,
            )
        hash_offsets[row + 1] = used
    return used


@kernel
def _hash_word(buffer: Bytes, i: int, end: int, folds: Uints, spellings: Uints, hashes: Hashes, used: int) -> int:
    """Writes the hashes of buffer[i:end] and returns the next index to write to."""
    state = _EMPTY
    number = False
    while i < end:
        code = folds[buffer[i]]
        while _DIGIT < code <= _LAST_CODE and buffer[i] < 0x80:  # nearly all characters of most texts
            state = extended(state, code)
            number = False
            i += 1
            if i == end:
                return _put(hashes, used, state)[0]
            code = folds[buffer[i]]
        point, size = point_at(buffer, i, end)
        i += size
        code = folds[point]
        if _DIGIT < code <= _LAST_CODE:
            state = extended(state, code)
            number = False
        elif code == DIGIT:
            if not number:
                state = extended(state, code)
            number = True
        elif code in (JOINER, BREAK):
            if not (code == JOINER and number and _digit_follows(buffer, i, end, folds)):
                used, state = _put(hashes, used, state)
                number = False
        elif code >= SPELT:
            place = int64(code - uint32(SPELT))
            for k in range(place + 1, place + 1 + int64(spellings[place])):
                state = extended(state, spellings[k])
            number = False
        elif code >= ALONE:
            used, state = _put(hashes, used, state)
            used, state = _put(hashes, used, extended(state, code))
            number = False
    return _put(hashes, used, state)[0]


@kernel
def _put(hashes: Hashes, used: int, state: np.uint64) -> tuple[int, np.uint64]:
    """Writes the hash of the word that ends here, unless it has no codes.

    Returns (the next index to write to, the state at the start of a word).
    """
    if state == _EMPTY:
        return used, state
    hashes[used] = scrambled(state)
    return used + 1, _EMPTY


@kernel
def _digit_follows(buffer: Bytes, i: int, end: int, folds: Uints) -> bool:
    return i < end and folds[point_at(buffer, i, end)[0]] == DIGIT


def warm() -> None:
    """Compiles or loads the kernels of this module."""
    batch = pa.record_batch({"text": pa.array(["A b-2"], type=pa.large_string())})
    assert len(word_hashes(batch)[1].values) == 3
