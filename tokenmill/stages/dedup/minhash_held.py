"""Holds the documents of whole neighbourhoods in memory until the keep rule decides on them.

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

    Attributes:
        shingle_bytes: size of the shingle hashes that are in memory.
        other_bytes: size of everything else that a decision needs.
        file: the scratch file with shingle hashes; "" if they are all in memory.
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
        """Yields all rows, a few neighbourhoods at a time. Use each item completely before the next one.

        rows: sorted by neighbourhood.
        """
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
        """Returns how many of the first rows of the batch belong to the last neighbourhood that is held."""
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
        """Raises DataError with the memory that the neighbourhood needs. Reads its remaining rows to count them."""
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
            f"stage's memory; the least that works is memory: {math.ceil(least / 1e6)}MB. With more rows "
            "per band, fewer documents are joined"
        )

    @contextmanager
    def opened(self) -> Iterator[tuple[pa.RecordBatch, Hashes, Ragged, Callable[[], None]]]:
        """Yields (documents, band keys, shingle sets, a function that releases memory of the sets)."""
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
    """Converts the MinHash band keys of each row, uint64 (rows, width), to one little-endian binary value per row."""
    return pa.Array.from_buffers(pa.binary(values.shape[1] * 8), len(values), [None, pa.py_buffer(values)])


def fixed_values(array: pa.Array, width: int) -> Hashes:
    """Returns the MinHash band keys of each row, uint64 (rows, width), from an array of fixed_array."""
    values = np.frombuffer(array.buffers()[1], dtype=np.uint64)
    return values[array.offset * width : (array.offset + len(array)) * width].reshape(-1, width)


def ragged_array(rows: Ragged, bits: Bits = 64) -> pa.Array:
    """Converts each row's set of shingles to a little-endian binary value, faster and smaller in Parquet than a list.

    bits: size of a stored number. 32 keeps the lower half of each, which is the part that hashes of 32 bits use.
    """
    values = rows.values if bits == 64 else rows.values.astype(np.uint32)
    buffers = [None, pa.py_buffer(rows.offsets * (bits // 8)), pa.py_buffer(values)]
    return pa.Array.from_buffers(pa.large_binary(), len(rows), buffers)


def ragged_values(array: pa.Array, bits: Bits = 64) -> Ragged:
    """Returns each row's set of shingles from an array of ragged_array. The first offset may be larger than 0."""
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
    """Returns one batch that shares no memory with the given ones, which may be slices of much larger batches."""
    whole = pa.concat_batches(batches)
    return whole.take(pa.array(np.arange(whole.num_rows))) if len(batches) == 1 else whole
