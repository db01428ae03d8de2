"""Documents of whole neighbourhoods, held until the keep rule is applied to them.

Many small neighbourhoods are decided together. Of one that is larger than its share of memory the shingle hashes go to
a scratch file, which is mapped into memory and let go of piece by piece.
"""

import math
import mmap
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa

from tokenmill.core.errors import DataError
from tokenmill.core.kinds import Room
from tokenmill.text.kernel.arrays import Hashes
from tokenmill.text.kernel.cache import frozen
from tokenmill.text.words.hash import Ragged

SHARE = 5
"""Of the room, shingle hashes take one part in so many."""

SMALL_SHARE = 2.5
"""Of the room, what else is held of documents takes at most one part in so many."""

_KEPT = ("_partition_key", "id", "source", "shard", "row", "fixed")


class Held:
    """Rows that came so far. size: bytes of shingle hashes in memory. small: of all else that a decision needs."""

    def __init__(self, room: Room, bands: int) -> None:
        self.room, self.bands = room, bands
        self.documents: list[pa.RecordBatch] = []
        self.keys: list[Hashes] = []
        self.sets: list[Ragged] = []
        self.lengths: list[Any] = [np.zeros(1, dtype=np.int64)]
        self.size = self.small = 0
        self.file = ""

    @classmethod
    def neighbourhoods(cls, rows: Iterator[pa.RecordBatch], room: Room, bands: int) -> Iterator["Held"]:
        """All rows, in pieces of whole neighbourhoods; each piece is to be done with before the next."""
        held = cls(room, bands)
        for batch in rows:
            cut = held.cut(batch) if held.full else batch.num_rows
            held.add(batch.slice(0, cut))
            if cut < batch.num_rows:
                yield held
                held = cls(room, bands)
                held.add(batch.slice(cut))
            if held.small > room.memory / SMALL_SHARE:
                held.refuse(rows)
        if held.documents:
            yield held

    @property
    def full(self) -> bool:
        return bool(self.file) or self.size + self.small >= self.room.memory // SHARE

    def cut(self, batch: pa.RecordBatch) -> int:
        """How many of the batch's first rows belong to the neighbourhood of the last row held."""
        last = self.documents[-1].column("_partition_key")[-1].as_py()
        return int(np.searchsorted(batch.column("_partition_key").to_numpy(), np.uint64(last), side="right"))

    def add(self, batch: pa.RecordBatch) -> None:
        if not batch.num_rows:
            return
        keys, sets = fixed_values(batch.column("bands"), self.bands), ragged_values(batch.column("shingles"))
        self.documents.append(batch.select(list(_KEPT)))
        self.keys.append(keys)
        self.sets.append(sets)
        self.lengths.append(np.diff(sets.offsets))
        self.size += int(sets.offsets[-1] - sets.offsets[0]) * 8
        self.small += self.documents[-1].nbytes + 4 * keys.nbytes
        if self.size >= self.room.memory // SHARE:
            self._write()

    def _write(self) -> None:
        """Hashes to the scratch file; the rest is copied, because it holds on to the batches it came in."""
        self.file = f"{self.room.scratch}/shingles"
        with open(self.file, "ab") as file:
            for part in self.sets:
                part.values[part.offsets[0] : part.offsets[-1]].tofile(file)
        self.sets, self.size = [], 0
        self.documents = [_copied(self.documents)]
        self.keys = [np.concatenate(self.keys)]

    def refuse(self, rows: Iterator[pa.RecordBatch]) -> None:
        """DataError that says how much memory the neighbourhood needs, by looking at what is left of it."""
        count, small = sum(batch.num_rows for batch in self.documents), self.small
        for batch in rows:
            part = batch.slice(0, self.cut(batch)).select(list(_KEPT))
            count, small = count + part.num_rows, small + part.nbytes + 4 * 8 * self.bands * part.num_rows
            if part.num_rows < batch.num_rows:
                break
        least = self.room.reserved + small * SMALL_SHARE
        raise DataError(
            f"minhash: {count:,} documents hang together through shared bands, too many for the stage's memory; "
            f"the least that works is memory: {math.ceil(least / 1e6)}MB. More rows a band join fewer"
        )

    @contextmanager
    def opened(self) -> Iterator[tuple[pa.RecordBatch, Hashes, Ragged, Callable[[], None]]]:
        """(documents, band keys, shingle sets, what lets go of memory that the sets took)."""
        offsets = np.cumsum(np.concatenate(self.lengths))
        if not self.file:
            documents, keys = _copied(self.documents), np.concatenate(self.keys)
            yield documents, keys, _concatenated(self.sets, offsets), lambda: None
            return
        self._write()
        [documents], [keys] = self.documents, self.keys
        with open(self.file, "rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        os.remove(self.file)  # what is mapped stays until it is let go of
        values = np.frombuffer(mapped, dtype=np.uint64)
        yield documents, keys, Ragged(frozen(values), frozen(offsets)), lambda: mapped.madvise(mmap.MADV_DONTNEED)


def fixed_array(values: Hashes) -> pa.Array:
    """uint64 (rows, width) as one little-endian binary value a row."""
    return pa.Array.from_buffers(pa.binary(values.shape[1] * 8), len(values), [None, pa.py_buffer(values)])


def fixed_values(array: pa.Array, width: int) -> Hashes:
    """What fixed_array was given."""
    values = np.frombuffer(array.buffers()[1], dtype=np.uint64)
    return values[array.offset * width : (array.offset + len(array)) * width].reshape(-1, width)


def ragged_array(rows: Ragged) -> pa.Array:
    """Each row as one little-endian binary value: Parquet stores those faster and smaller than lists of numbers."""
    buffers = [None, pa.py_buffer(rows.offsets * 8), pa.py_buffer(rows.values)]
    return pa.Array.from_buffers(pa.large_binary(), len(rows), buffers)


def ragged_values(array: pa.Array) -> Ragged:
    """What ragged_array was given; the first offset need not be 0."""
    _, offset_buffer, data = array.buffers()
    offsets = np.frombuffer(offset_buffer, dtype=np.int64)[array.offset : array.offset + len(array) + 1] // 8
    values = np.frombuffer(data, dtype=np.uint64) if data is not None else np.empty(0, dtype=np.uint64)
    return Ragged(frozen(values), frozen(offsets))


def _concatenated(parts: list[Ragged], offsets: Any) -> Ragged:
    values = np.concatenate([part.values[part.offsets[0] : part.offsets[-1]] for part in parts])
    return Ragged(frozen(values), frozen(offsets))


def _copied(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """One batch that shares no memory with those given, which may be slices of much larger ones."""
    whole = pa.concat_batches(batches)
    return whole.take(pa.array(np.arange(whole.num_rows))) if len(batches) == 1 else whole
