"""Where words are cut, once a stage: every filter and MinHash read the same split from the transient column `_words`.

The split is kept as one byte a word in most cases, so that the column is never larger than the text (about a fifth of
it).
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
    """The words of a batch, coded: the code of row r is codes[code_starts[r]:code_ends[r]].

    Kernels walk a document's code with next_word(). `offsets`, `starts` and `ends` are the same words as plain arrays,
    made when first asked for: 8 bytes a word, 1.6 times the text.
    """

    codes: Bytes
    code_starts: Offsets
    code_ends: Offsets

    @property
    def offsets(self) -> Offsets:
        """int64 (rows + 1,): the words of row r are starts[offsets[r]:offsets[r + 1]] and ends alike."""
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
    """The batch with its column `_words`, and the words in it; splits `text` where the column is not there yet."""
    if COLUMN not in batch.schema.names:
        buffer, offsets = text_buffer(batch)
        batch = set_column(batch, COLUMN, code_array(segment(buffer, offsets[:-1], offsets[1:])))
    return batch, _coded(batch.column(COLUMN))


def text_buffer(batch: pa.RecordBatch) -> tuple[Bytes, Offsets]:
    """(UTF-8 bytes, offsets int64 (rows + 1,)): document r is bytes[offsets[r]:offsets[r + 1]]; null is empty."""
    return string_buffer(batch.column("text"))


def segment(buffer: Bytes, starts: Offsets, ends: Offsets) -> Words:
    """The words of each document buffer[starts[r]:ends[r]].

    Room is made for a fourth of the text, which is enough for most; what is left over is not cut off.
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
    """Where rows begin, int64 (rows + 1,), when one follows the other: those of `other` where wanted."""
    sizes = np.where(wanted, other_ends - other_starts, ends - starts)
    return frozen(np.concatenate(([0], np.cumsum(sizes, dtype=np.int64))))


def text_array(buffer: Bytes, offsets: Offsets, *, like: pa.Array) -> pa.Array:
    """The large_string array of the documents buffer[offsets[r]:offsets[r + 1]], null where `like` is. No copy without
    nulls.
    """
    array = pa.Array.from_buffers(
        pa.large_string(), len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(buffer)]
    )
    return pc.if_else(like.is_valid(), array, pa.scalar(None, pa.large_string())) if like.null_count else array


def code_array(words: Words) -> pa.Array:
    """The words as the column `_words`, a list view: rows can go and the codes stay where they are, not copied."""
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
    """codes, or a longer copy of what is used of it."""
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
    """Put other[other_starts[r]:other_ends[r]] where wanted, else out[starts[r]:ends[r]], to out[offsets[r]:].

    In place: rows that move to the front go first to last, then those that move to the back last to first, so that no
    row lands on one that is yet to move; starts and offsets ascend.
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
    """(bytes, offsets) of a large_string or large_binary array, sliced or not; null rows get equal offsets."""
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
    """A document of one word, for warming kernels: its bytes, offsets and words."""
    batch, split = words(pa.record_batch({"text": pa.array(["a"], type=pa.large_string())}))
    return *text_buffer(batch), split


def warm() -> None:
    """Compile or load the kernels of this module."""
    buffer, offsets, split = tiny()
    assert len(split.starts) == len(segment(buffer, offsets[:-1], offsets[1:]).starts) == 1
