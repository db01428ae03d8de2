"""Where words are cut, once a stage: every filter and MinHash read the same split from the transient column `_words`.

The split is kept as one byte a word in most cases, so that the column is never larger than the text (about a fifth of it).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokenmill.core.columns import set_column
from tokenmill.text.cache import frozen, kernel
from tokenmill.text.codes import next_word
from tokenmill.text.split import lexicon, split_all

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]
Positions = npt.NDArray[np.uint32]

COLUMN = "_words"


@dataclass(frozen=True)
class Words:
    """The words of a batch, coded: the code of row r is codes[code_offsets[r]:code_offsets[r + 1]].

    Kernels walk a document's code with next_word(). `offsets`, `starts` and `ends` are the same words as plain arrays, made
    when first asked for: 8 bytes a word, 1.6 times the text.
    """

    codes: Bytes
    code_offsets: Offsets

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
        offsets = np.zeros(len(self.code_offsets), dtype=np.int64)
        _count_words(self.codes, self.code_offsets, offsets)
        starts, ends = (np.empty(offsets[-1], dtype=np.uint32) for _ in range(2))
        _decode_words(self.codes, self.code_offsets, frozen(offsets), starts, ends)
        return frozen(offsets), frozen(starts), frozen(ends)


def words(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, Words]:
    """The batch with its column `_words`, and the words in it; splits `text` where the column is not there yet."""
    if COLUMN not in batch.schema.names:
        buffer, offsets = text_buffer(batch)
        codes, code_offsets = segment(buffer, offsets[:-1], offsets[1:])
        batch = set_column(batch, COLUMN, _binary(codes, code_offsets))
    return batch, Words(*_buffers(batch.column(COLUMN)))


def text_buffer(batch: pa.RecordBatch) -> tuple[Bytes, Offsets]:
    """(UTF-8 bytes, offsets int64 (rows + 1,)): document r is bytes[offsets[r]:offsets[r + 1]]; null is empty. No copy."""
    return _buffers(batch.column("text"))


def segment(buffer: Bytes, starts: Offsets, ends: Offsets) -> tuple[Bytes, Offsets]:
    """Cut each document buffer[starts[r]:ends[r]] into words: (codes, code offsets int64 (rows + 1,)), as Words holds them."""
    codes = np.empty(int(np.sum(ends - starts)), dtype=np.uint8)  # more than needed: pages not touched cost nothing
    code_offsets = np.zeros(len(starts) + 1, dtype=np.int64)
    used = split_all(lexicon(), buffer, starts, ends, codes, code_offsets)
    return frozen(codes[:used].copy()), frozen(code_offsets)


@kernel
def _count_words(codes, code_offsets, offsets):  # type: ignore[no-untyped-def]
    count = np.int64(0)
    for row in range(len(code_offsets) - 1):
        at = code_offsets[row]
        position = np.int64(0)
        while at < code_offsets[row + 1]:
            at, _, position = next_word(codes, at, position)
            count += 1
        offsets[row + 1] = count


@kernel
def _decode_words(codes, code_offsets, offsets, starts, ends):  # type: ignore[no-untyped-def]
    for row in range(len(code_offsets) - 1):
        at = code_offsets[row]
        position = np.int64(0)
        for word in range(offsets[row], offsets[row + 1]):
            at, start, position = next_word(codes, at, position)
            starts[word] = start
            ends[word] = position


def _buffers(array: pa.Array) -> tuple[Bytes, Offsets]:
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


def _binary(codes: Bytes, code_offsets: Offsets) -> pa.Array:
    buffers = [None, pa.py_buffer(code_offsets), pa.py_buffer(codes)]
    return pa.Array.from_buffers(pa.large_binary(), len(code_offsets) - 1, buffers)


def warm() -> None:
    """Compile or load the kernels of this module."""
    batch = pa.record_batch({"text": pa.array(["a b", None], type=pa.large_string())})
    assert len(words(batch)[1].starts) == 2
