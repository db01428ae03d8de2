"""Splits texts into words once per stage: all filters and MinHash read the split from the transient column `_words`.

Most words take one byte in this column. It is never larger than the text, and on average about a fifth of it.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.columns import BoolMask, as_mask, set_column
from tokenmill.text.kernel.arrays import Bytes, Offsets, Positions, int64
from tokenmill.text.kernel.cache import frozen, kernel
from tokenmill.text.kernel.codes import next_word
from tokenmill.text.words.split import lexicon, split_all

COLUMN = "_words"


@dataclass(frozen=True)
class Words:
    """The words of a batch as codes (see kernel/codes.py): row r has codes[code_starts[r]:code_ends[r]].

    Kernels read a document's codes with next_word(). `offsets`, `starts` and `ends` give the same words as plain
    arrays. These are computed on first use and take 8 bytes per word, about 1.6 times the size of the text.
    """

    codes: Bytes
    code_starts: Offsets
    code_ends: Offsets

    @property
    def offsets(self) -> Offsets:
        """int64 (rows + 1,): row r has the words offsets[r]:offsets[r + 1] of `starts` and `ends`."""
        return self._plain[0]

    @property
    def starts(self) -> Positions:
        """uint32 (words,): first byte of each word, relative to its document."""
        return self._plain[1]

    @property
    def ends(self) -> Positions:
        """uint32 (words,): one past the last byte of each word, relative to its document."""
        return self._plain[2]

    @cached_property
    def _plain(self) -> tuple[Offsets, Positions, Positions]:
        offsets = np.zeros(len(self.code_starts) + 1, dtype=np.int64)
        _count_words(self.codes, self.code_starts, self.code_ends, offsets)
        starts, ends = (np.empty(offsets[-1], dtype=np.uint32) for _ in range(2))
        _decode_words(self.codes, self.code_starts, self.code_ends, frozen(offsets), starts, ends)
        return frozen(offsets), frozen(starts), frozen(ends)


def words(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, Words]:
    """Returns the batch with the column `_words`, the split of its texts, and the split.

    Splits `text` if the column does not exist.
    """
    if COLUMN not in batch.schema.names:
        buffer, offsets = text_buffer(batch)
        batch = set_column(batch, COLUMN, code_array(segment(buffer, offsets[:-1], offsets[1:])))
    return batch, _coded(batch.column(COLUMN))


def text_buffer(batch: pa.RecordBatch) -> tuple[Bytes, Offsets]:
    """Returns the texts of a batch of documents as (UTF-8 bytes of `text`, uint8; offsets, int64 (rows + 1,)).

    Document r is bytes[offsets[r]:offsets[r + 1]]. A null is an empty document.
    """
    return string_buffer(batch.column("text"))


def segment(buffer: Bytes, starts: Offsets, ends: Offsets) -> Words:
    """Returns the words into which the splitter cuts each document buffer[starts[r]:ends[r]].

    The array of codes starts with a fourth of the size of the text, which is enough for most texts, and grows if
    needed. The part of it that stays unused is not cut off.
    """
    codes = np.empty(int(np.sum(ends - starts)) // 4, dtype=np.uint8)
    code_offsets = np.zeros(len(starts) + 1, dtype=np.int64)
    row = 0
    while (row := split_all(lexicon(), frozen(buffer), starts, ends, row, codes, code_offsets)) < len(starts):
        used = int(code_offsets[row])
        codes = _with_room(codes, used, max(2 * len(codes), used + int(ends[row] - starts[row])))
    return _in_order(codes, code_offsets)


def spliced_offsets(
    starts: Offsets, ends: Offsets, other_starts: Offsets, other_ends: Offsets, wanted: BoolMask
) -> Offsets:
    """Returns the offsets of texts for splice(), int64 (rows + 1,): without gaps, row r from `other` if wanted[r]."""
    sizes = np.where(wanted, other_ends - other_starts, ends - starts)
    return frozen(np.concatenate(([0], np.cumsum(sizes, dtype=np.int64))))


def text_array(buffer: Bytes, offsets: Offsets, *, like: pa.Array) -> pa.Array:
    """Returns the large_string array of the documents buffer[offsets[r]:offsets[r + 1]], null in the rows in which
    `like` is null. Copies nothing if there are no nulls.
    """
    array = pa.Array.from_buffers(
        pa.large_string(), len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(buffer)]
    )
    return pc.if_else(like.is_valid(), array, pa.scalar(None, pa.large_string())) if like.null_count else array


def code_array(words: Words) -> pa.Array:
    """Returns split texts as the column `_words`: a list view, so that rows can be removed without copying codes."""
    sizes = words.code_ends - words.code_starts
    values = pa.array(frozen(words.codes[: _used(words)]))
    return pa.LargeListViewArray.from_arrays(pa.array(words.code_starts), pa.array(sizes), values)


def _coded(array: pa.Array) -> Words:
    starts, sizes = array.offsets.to_numpy(), array.sizes.to_numpy()
    if array.null_count:
        sizes = sizes * as_mask(array.is_valid())
    return Words(frozen(array.values.to_numpy()), frozen(starts), frozen(starts + sizes))


def _in_order(codes: Bytes, offsets: Offsets) -> Words:
    return Words(codes, frozen(offsets[:-1]), frozen(offsets[1:]))


def _used(words: Words) -> int:
    return int(np.max(words.code_ends, initial=0))


def _with_room(codes: Bytes, used: int, room: int) -> Bytes:
    """Returns codes if it has `room` bytes, else a longer array with a copy of the first `used` bytes."""
    if len(codes) >= room:
        return codes
    longer = np.empty(room, dtype=np.uint8)
    longer[:used] = codes[:used]
    return longer


@kernel
def splice(
    out: Bytes,
    starts: Offsets,
    ends: Offsets,
    other: Bytes,
    other_starts: Offsets,
    other_ends: Offsets,
    wanted: BoolMask,
    offsets: Offsets,
) -> None:
    """Writes the text of each row r to out[offsets[r]:], from the array `other` if wanted[r], else from its old place.

    That is, other[other_starts[r]:other_ends[r]] or out[starts[r]:ends[r]]. Works in place. Rows that move to the front
    are copied first, in order; then those that move to the back, in reverse order. So no copy overwrites a row that has
    not moved yet. starts and offsets must ascend.
    """
    for row in range(len(wanted)):
        if not wanted[row] and offsets[row] < starts[row]:
            for i in range(ends[row] - starts[row]):
                out[offsets[row] + i] = out[starts[row] + i]
    for row in range(len(wanted) - 1, -1, -1):
        if not wanted[row] and offsets[row] > starts[row]:
            for i in range(ends[row] - starts[row] - 1, -1, -1):
                out[offsets[row] + i] = out[starts[row] + i]
    for row in range(len(wanted)):
        if wanted[row]:
            for i in range(other_ends[row] - other_starts[row]):
                out[offsets[row] + i] = other[other_starts[row] + i]


@kernel
def _count_words(codes: Bytes, code_starts: Offsets, code_ends: Offsets, offsets: Offsets) -> None:
    count = int64(0)
    for row in range(len(code_starts)):
        at = code_starts[row]
        position = int64(0)
        while at < code_ends[row]:
            at, _, position = next_word(codes, at, position)
            count += 1
        offsets[row + 1] = count


@kernel
def _decode_words(
    codes: Bytes, code_starts: Offsets, code_ends: Offsets, offsets: Offsets, starts: Positions, ends: Positions
) -> None:
    for row in range(len(code_starts)):
        at = code_starts[row]
        position = int64(0)
        for word in range(offsets[row], offsets[row + 1]):
            at, start, position = next_word(codes, at, position)
            starts[word] = start
            ends[word] = position


def string_buffer(array: pa.Array) -> tuple[Bytes, Offsets]:
    """Returns (bytes, uint8; offsets, int64 (rows + 1,)) of a large_string or large_binary array, sliced or not.

    Other types are cast to large_string. A null is an empty row.
    """
    if array.type not in (pa.large_string(), pa.large_binary()):
        array = array.cast(pa.large_string())
    if array.null_count:
        array = array.fill_null(b"" if array.type == pa.large_binary() else "")
    _, offset_buffer, data = array.buffers()
    if len(array) == 0 or offset_buffer is None:
        return frozen(np.empty(0, dtype=np.uint8)), frozen(np.zeros(len(array) + 1, dtype=np.int64))
    offsets = np.frombuffer(offset_buffer, dtype=np.int64)[array.offset : array.offset + len(array) + 1]
    content = np.empty(0, dtype=np.uint8) if data is None else np.frombuffer(data, dtype=np.uint8)
    return frozen(content), frozen(offsets)


def tiny() -> tuple[Bytes, Offsets, Words]:
    """Returns the bytes, offsets and words of one document of one word, with which warm() functions call kernels."""
    batch, split = words(pa.record_batch({"text": pa.array(["a"], type=pa.large_string())}))
    return *text_buffer(batch), split


def warm() -> None:
    """Compiles or loads the kernels of this module."""
    buffer, offsets, split = tiny()
    assert len(split.starts) == len(segment(buffer, offsets[:-1], offsets[1:]).starts) == 1
