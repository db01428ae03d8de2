"""Hashes single characters, as fold.py codes them, to 64 bits each, for shingles of characters instead of words.

With everything folded, case, marks and format characters make no difference, each number is one digit, and all white
space, punctuation and symbols between two words are one character. With nothing folded, the characters are those of the
unchanged text, except that a run of white space is one character. White space at the ends of a text gives no character.
"""

import numpy as np
import pyarrow as pa

from tokenmill.text.kernel.arrays import Bytes, Hashes, Offsets, Uints, int64, uint32
from tokenmill.text.kernel.cache import frozen, kernel
from tokenmill.text.kernel.points import point_at
from tokenmill.text.words.fold import BREAK, DIGIT, FOLDS, JOINER, NOTHING, SPELT, Fold, fold_table
from tokenmill.text.words.hash import Ragged, scrambled
from tokenmill.text.words.segment import text_buffer


def character_hashes(batch: pa.RecordBatch, fold: tuple[Fold, ...] = FOLDS) -> Ragged:
    """Returns the hash of each character of each document, in order, for shingles of characters.

    Separators (white space, and with punctuation folded also punctuation and symbols) at the ends of a text have no
    hash. fold: the differences that are ignored.
    """
    buffer, offsets = text_buffer(batch)
    codes, spellings = fold_table(fold)
    ends = np.zeros(len(offsets), dtype=np.int64)
    _hash_characters(buffer, offsets, codes, spellings, np.empty(0, dtype=np.uint64), ends)  # only counts them
    hashes = np.empty(int(ends[-1]), dtype=np.uint64)
    _hash_characters(buffer, offsets, codes, spellings, hashes, ends)
    return Ragged(frozen(hashes), frozen(ends))


@kernel
def _hash_characters(
    buffer: Bytes, offsets: Offsets, codes: Uints, spellings: Uints, hashes: Hashes, ends: Offsets
) -> int:
    """Writes the hashes that fit in `hashes`, and to `ends` where each document's hashes end; returns their number.

    The number and `ends` count all hashes, also those that do not fit.
    """
    used = int64(0)
    for row in range(len(offsets) - 1):
        at, end = offsets[row], offsets[row + 1]
        first = used
        between = number = False
        while at < end:
            point, size = point_at(buffer, at, end)
            at += size
            code = codes[point]
            if code == NOTHING or (code == DIGIT and number and not between):
                continue
            if code in (BREAK, JOINER):
                if code == BREAK or not (number and at < end and codes[point_at(buffer, at, end)[0]] == DIGIT):
                    between = True
                continue
            if between and used > first:
                used = _put(hashes, used, uint32(BREAK))
            between = False
            number = code == DIGIT
            if code >= SPELT:
                place = int64(code - uint32(SPELT))
                for k in range(place + 1, place + 1 + int64(spellings[place])):
                    used = _put(hashes, used, spellings[k])
            else:
                used = _put(hashes, used, code)
        ends[row + 1] = used
    return used


@kernel
def _put(hashes: Hashes, used: int, code: int) -> int:
    if used < len(hashes):
        hashes[used] = scrambled(np.uint64(code))
    return used + 1


def warm() -> None:
    """Compiles or loads the kernels of this module."""
    batch = pa.record_batch({"text": pa.array(["A, b12"], type=pa.large_string())})
    assert len(character_hashes(batch).values) == 4
