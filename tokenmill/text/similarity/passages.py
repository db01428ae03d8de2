"""Cuts documents into passages without copying, computes a key per passage, and builds texts from some of them.

A passage is a line or a paragraph. It ends after its line break, or after the empty lines that follow it, so the
passages of a document together are its text.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tokenmill.core.columns import BoolMask
from tokenmill.text.kernel.arrays import Bytes, Hashes, Offsets
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.words.hash import extended, scrambled, word_hashes
from tokenmill.text.words.segment import text_buffer

_NEWLINE = 10


@dataclass(frozen=True)
class Passages:
    """The passages of all documents of a batch.

    Attributes:
        buffer: the texts, UTF-8.
        bounds: int64 (passages + 1,): passage p is buffer[bounds[p]:bounds[p + 1]].
        first: int64 (rows + 1,): the passages of row r are first[r] to first[r + 1] - 1. A document without text has no
            passage.
    """

    buffer: Bytes
    bounds: Offsets
    first: Offsets


def passages(batch: pa.RecordBatch, *, paragraphs: bool) -> Passages:
    """Returns the lines, or the paragraphs (separated by empty lines), of each text, for deduplication."""
    buffer, offsets = text_buffer(batch)
    inside = np.frombuffer(buffer, dtype=np.uint8)[: offsets[-1]]
    breaks = np.flatnonzero(inside == _NEWLINE)
    breaks = breaks[breaks >= offsets[0]]
    if paragraphs:
        follows = (np.append(inside, 0)[breaks + 1] == _NEWLINE) & ~np.isin(breaks + 1, offsets)
        after = np.append(False, follows[:-1]) if len(breaks) else follows
        breaks = breaks[after & ~follows]
    bounds = np.unique(np.concatenate([offsets, breaks + 1]))
    return Passages(buffer, bounds, np.searchsorted(bounds, offsets).astype(np.int64))


def passage_keys(cut: Passages) -> tuple[Hashes, Offsets]:
    """Returns (the dedup key of each line or paragraph, uint64 (passages,); its number of words, int64 (passages,)).

    A key covers the words as text/words/hash.py folds them: case, punctuation and digits make no difference. A passage
    has the key of one of n different passages with probability n / 2^64.
    """
    length = len(cut.bounds) - 1
    buffers = [None, pa.py_buffer(np.ascontiguousarray(cut.bounds)), pa.py_buffer(cut.buffer)]
    rows = pa.RecordBatch.from_pydict({"text": pa.Array.from_buffers(pa.large_string(), length, buffers)})
    _, hashes = word_hashes(rows)
    keys = np.empty(length, dtype=np.uint64)
    _key_rows(hashes.values, hashes.offsets, keys)
    return keys, np.diff(hashes.offsets)


def kept_text(cut: Passages, keep: BoolMask) -> pa.Array:
    """Returns the lines or paragraphs that a deduplication keeps of each document, large_string (rows,).

    If its last passage is removed, the line breaks before it are removed too. keep: bool (passages,).
    """
    lengths = np.diff(cut.bounds)
    start = int(cut.bounds[0])
    stays = np.repeat(keep, lengths)
    inside = np.frombuffer(cut.buffer, dtype=np.uint8)[start : int(cut.bounds[-1])]
    for place in _last_breaks(cut, keep):
        end = int(cut.bounds[place + 1]) - start
        while end > int(cut.bounds[place]) - start and inside[end - 1] == _NEWLINE:
            end -= 1
            stays[end] = False
    sums = np.append(0, np.cumsum(stays, dtype=np.int64))
    offsets = sums[cut.bounds[cut.first] - start]
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(inside[stays])]
    return pa.Array.from_buffers(pa.large_string(), len(offsets) - 1, buffers)


def _last_breaks(cut: Passages, keep: BoolMask) -> list[int]:
    """Returns the last kept passage of each document whose last passage is not kept."""
    numbers = np.where(keep, np.arange(len(keep)), -1)
    highest = np.maximum.accumulate(numbers)
    begin, end = cut.first[:-1], cut.first[1:]
    some = begin < end
    last = highest[end[some] - 1]
    cut_off = (last >= begin[some]) & (last < end[some] - 1)
    found: list[int] = last[cut_off].tolist()
    return found


@kernel
def _key_rows(values: Hashes, offsets: Offsets, keys: Hashes) -> None:
    for row in range(len(keys)):
        state = scrambled(np.uint64(offsets[row + 1] - offsets[row]))
        for i in range(offsets[row], offsets[row + 1]):
            state = extended(state, values[i])
        keys[row] = scrambled(state)


def warm() -> None:
    """Compiles or loads the kernels of this module."""
    cut = passages(pa.record_batch({"text": pa.array(["a\nA"], type=pa.large_string())}), paragraphs=False)
    keys, counts = passage_keys(cut)
    assert keys[0] == keys[1] and counts.tolist() == [1, 1]
