"""Documents of whole neighbourhoods, held in memory until the keep rule decides on them.

Many small neighbourhoods are decided at once. If a neighbourhood is larger than its share of memory, its shingle hashes
are written to a scratch file, which is mapped into memory and released step by step.
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
from tokenmill.text.similarity.signature import Bits
from tokenmill.text.words.hash import Ragged

SHINGLE_SHARE = 5
"""Shingle hashes may take one part in this many of the room's memory."""

OTHER_SHARE = 2.5
"""All other data of documents may take one part in this many of the room's memory."""

_KEPT = ("_partition_key", "id", "source", "shard", "row", "fixed")


class HeldNeighbourhoods:
    """The rows of one or more whole neighbourhoods.

    shingle_bytes: size of the shingle hashes in memory. other_bytes: size of everything else that a decision needs.
    """

    def __init__(self, room: Room, bands: int) -> None:
        self.room, self.bands = room, bands
        self.documents: list[pa.RecordBatch] = []
        self.keys: list[Hashes] = []
        self.sets: list[Ragged] = []
        self.lengths: list[Any] = [np.zeros(1, dtype=np.int64)]
        self.shingle_bytes = self.other_bytes = 0
        self.file = ""

    @classmethod
    def read(cls, rows: Iterator[pa.RecordBatch], room: Room, bands: int) -> Iterator["HeldNeighbourhoods"]:
        """All rows, sorted by neighbourhood, a few neighbourhoods at a time. Use up each item before the next one."""
        held = cls(room, bands)
        for batch in rows:
            num_rows = held.rows_of_last(batch) if held.full else batch.num_rows
            held.add(batch.slice(0, num_rows))
            if num_rows < batch.num_rows:
                yield held
                held = cls(room, bands)
                held.add(batch.slice(num_rows))
            if held.other_bytes > room.memory / OTHER_SHARE:
                held.refuse(rows)
        if held.documents:
            yield held

    @property
    def full(self) -> bool:
        return bool(self.file) or self.shingle_bytes + self.other_bytes >= self.room.memory // SHINGLE_SHARE

    def rows_of_last(self, batch: pa.RecordBatch) -> int:
        """The number of first rows of the batch that belong to the last neighbourhood held."""
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
        self.shingle_bytes += int(sets.offsets[-1] - sets.offsets[0]) * 8
        self.other_bytes += self.documents[-1].nbytes + 4 * keys.nbytes
        if self.shingle_bytes >= self.room.memory // SHINGLE_SHARE:
            self._write()

    def _write(self) -> None:
        """Appends the shingle hashes to the scratch file. Copies the rest, because it refers to the input batches."""
        self.file = f"{self.room.scratch}/shingles"
        with open(self.file, "ab") as file:
            for part in self.sets:
                part.values[part.offsets[0] : part.offsets[-1]].tofile(file)
        self.sets, self.shingle_bytes = [], 0
        self.documents = [_copied(self.documents)]
        self.keys = [np.concatenate(self.keys)]

    def refuse(self, rows: Iterator[pa.RecordBatch]) -> None:
        """Raises DataError with the memory that the neighbourhood needs; reads its remaining rows to count them."""
        num_documents, other_bytes = sum(batch.num_rows for batch in self.documents), self.other_bytes
        for batch in rows:
            part = batch.slice(0, self.rows_of_last(batch)).select(list(_KEPT))
            num_documents += part.num_rows
            other_bytes += part.nbytes + 4 * 8 * self.bands * part.num_rows
            if part.num_rows < batch.num_rows:
                break
        least = self.room.reserved + other_bytes * OTHER_SHARE
        raise DataError(
            f"minhash: {num_documents:,} documents form one neighbourhood through shared bands, too many for the "
            f"stage's memory; the least that works is memory: {math.ceil(least / 1e6)}MB. More rows per band join fewer"
        )

    @contextmanager
    def opened(self) -> Iterator[tuple[pa.RecordBatch, Hashes, Ragged, Callable[[], None]]]:
        """(documents, band keys, shingle sets, a function that releases memory that the sets took)."""
        offsets = np.cumsum(np.concatenate(self.lengths))
        if not self.file:
            documents, keys = _copied(self.documents), np.concatenate(self.keys)
            yield documents, keys, _concatenated(self.sets, offsets), lambda: None
            return
        self._write()
        [documents], [keys] = self.documents, self.keys
        with open(self.file, "rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        os.remove(self.file)  # the mapping stays valid until it is closed
        values = np.frombuffer(mapped, dtype=np.uint64)
        yield documents, keys, Ragged(frozen(values), frozen(offsets)), lambda: mapped.madvise(mmap.MADV_DONTNEED)


def fixed_array(values: Hashes) -> pa.Array:
    """uint64 (rows, width) as one little-endian binary value per row."""
    return pa.Array.from_buffers(pa.binary(values.shape[1] * 8), len(values), [None, pa.py_buffer(values)])


def fixed_values(array: pa.Array, width: int) -> Hashes:
    """The inverse of fixed_array: uint64 (rows, width)."""
    values = np.frombuffer(array.buffers()[1], dtype=np.uint64)
    return values[array.offset * width : (array.offset + len(array)) * width].reshape(-1, width)


def ragged_array(rows: Ragged, bits: Bits = 64) -> pa.Array:
    """Each row as one little-endian binary value. Parquet stores these faster and smaller than lists of numbers.

    bits: size of a stored number; 32 keeps the lower half of each, which is what hashes of 32 bits read.
    """
    values = rows.values if bits == 64 else rows.values.astype(np.uint32)
    buffers = [None, pa.py_buffer(rows.offsets * (bits // 8)), pa.py_buffer(values)]
    return pa.Array.from_buffers(pa.large_binary(), len(rows), buffers)


def ragged_values(array: pa.Array, bits: Bits = 64) -> Ragged:
    """The inverse of ragged_array; the first offset may be larger than 0."""
    _, offset_buffer, data = array.buffers()
    stored = np.dtype(np.uint64 if bits == 64 else np.uint32)
    offsets = np.frombuffer(offset_buffer, dtype=np.int64)[array.offset : array.offset + len(array) + 1]
    offsets = offsets // stored.itemsize
    values = np.frombuffer(data, dtype=stored) if data is not None else np.empty(0, dtype=stored)
    if bits == 32:
        values, offsets = values[offsets[0] : offsets[-1]].astype(np.uint64), offsets - offsets[0]
    return Ragged(frozen(values), frozen(offsets))


def _concatenated(parts: list[Ragged], offsets: Any) -> Ragged:
    values = np.concatenate([part.values[part.offsets[0] : part.offsets[-1]] for part in parts])
    return Ragged(frozen(values), frozen(offsets))


def _copied(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """One batch that shares no memory with those given, which may be slices of much larger ones."""
    whole = pa.concat_batches(batches)
    return whole.take(pa.array(np.arange(whole.num_rows))) if len(batches) == 1 else whole
