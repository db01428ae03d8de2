"""Stores tables in ranges of a file. A reader needs one request per range, and there is no footer to read.

A range is an Arrow IPC stream, compressed by lz4. The manifest of the task that wrote the file has each range's offset,
length and XXH3, so damage to a range is found when it is read.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import xxhash

from tokenmill.core.errors import DamagedFile
from tokenmill.core.io import storage

Longs = npt.NDArray[np.int64]

_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


@dataclass(frozen=True, eq=False)
class Ranges:
    """The ranges of one file, in the order of the file. Arrays have shape (ranges,).

    Attributes:
        places: number of the partition, or of the group of shards, whose rows the range has.
        offsets: first byte of the range in the file.
        lengths: bytes of the range.
        xxh3: XXH3-64 of the range's bytes.
    """

    places: Longs
    offsets: Longs
    lengths: Longs
    xxh3: npt.NDArray[np.uint64]

    def facts(self) -> dict[str, list[int]]:
        """Returns the ranges as facts of a manifest."""
        return {name: getattr(self, name).tolist() for name in ("places", "offsets", "lengths", "xxh3")}

    @classmethod
    def of(cls, facts: Mapping[str, list[int]]) -> "Ranges":
        """Reads ranges from the facts of a manifest, as facts() returned them."""
        places, offsets, lengths = (np.array(facts[name], dtype=np.int64) for name in ("places", "offsets", "lengths"))
        return cls(places, offsets, lengths, np.array(facts["xxh3"], dtype=np.uint64))


NO_RANGES = Ranges.of({"places": [], "offsets": [], "lengths": [], "xxh3": []})


@dataclass(frozen=True, eq=False)
class RangeSet:
    """Ranges of several files that are read together, in the order of the tasks that wrote them.

    A task can have thousands of ranges, so they are arrays, of shape (ranges,).

    Attributes:
        files: paths.
        file: index in `files` of each range.
        offsets: first byte of each range in its file.
        lengths: bytes of each range.
        xxh3: XXH3-64 of each range's bytes.
    """

    files: tuple[str, ...]
    file: npt.NDArray[np.int32]
    offsets: Longs
    lengths: Longs
    xxh3: npt.NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.file)

    def tables(self) -> Iterator[pa.Table]:
        """Yields the rows of each range. Raises DamagedFile if one is damaged."""
        for file, offset, length, xxh3 in zip(self.file, self.offsets, self.lengths, self.xxh3, strict=True):
            yield read_range(self.files[file], int(offset), int(length), int(xxh3))


_NONE = np.empty(0, dtype=np.int64)
NO_RANGE_SET = RangeSet((), _NONE.astype(np.int32), _NONE, _NONE, _NONE.astype(np.uint64))


def range_sets(files: Iterable[tuple[str, Ranges]]) -> dict[int, RangeSet]:
    """Returns {place: its ranges in all files of an exchange}.

    The ranges are in the order of the files, then of the ranges in a file. files: (path, ranges) of each file.
    """
    named = list(files)
    if not named:
        return {}
    names = tuple(name for name, _ in named)
    file = np.repeat(np.arange(len(named), dtype=np.int32), [len(ranges.places) for _, ranges in named])
    columns = [np.concatenate([getattr(r, name) for _, r in named]) for name in ("offsets", "lengths", "xxh3")]
    places = np.concatenate([ranges.places for _, ranges in named])
    order = np.argsort(places, kind="stable")
    starts = np.flatnonzero(np.diff(places[order], prepend=-1))
    found = {}
    for start, end in pairwise([*starts.tolist(), len(order)]):
        mine = order[start:end]
        used, which = np.unique(file[mine], return_inverse=True)
        offsets, lengths, xxh3 = (column[mine] for column in columns)
        files_of = tuple(names[i] for i in used.tolist())
        found[int(places[mine[0]])] = RangeSet(files_of, which.astype(np.int32), offsets, lengths, xxh3)
    return found


class RangeFile:
    """A file of ranges that is being written. record and ranges describe it after the block of range_file has ended."""

    def __init__(self, sink: storage.Hashing) -> None:
        self.record = storage.FileRecord("", 0, "")
        self._sink = sink
        self._rows = 0
        self._written: list[tuple[int, int, int, int]] = []

    def write(self, table: pa.Table, place: int) -> None:
        """Writes the table as one range."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema, options=_OPTIONS) as stream:
            stream.write_table(table.combine_chunks())
        packed = sink.getvalue()
        self._written.append((place, self._sink.size, packed.size, xxhash.xxh3_64_intdigest(packed)))
        self._sink.write(packed)
        self._rows += table.num_rows

    @property
    def ranges(self) -> Ranges:
        columns = [list(column) for column in zip(*self._written, strict=True)] or [[], [], [], []]
        return Ranges.of(dict(zip(("places", "offsets", "lengths", "xxh3"), columns, strict=True)))

    def close(self, path: str) -> None:
        self.record = storage.FileRecord(path, self._sink.size, self._sink.digest.hexdigest(), self._rows)


@contextmanager
def range_file(path: str) -> Iterator[RangeFile]:
    """Opens a file of ranges, into which a task of an exchange writes tables.

    It appears, complete, when the block ends.
    """
    with storage.open_output(path, sync=False) as file, storage.Hashing(file) as hashing:
        ranges = RangeFile(hashing)
        yield ranges
        ranges.close(path)


def read_range(file: str, offset: int, length: int, xxh3: int) -> pa.Table:
    """Reads one range of rows from a file of an exchange.

    Raises DamagedFile if its bytes are not those that were written.
    """
    try:
        packed = storage.read_range(file, offset, offset + length)
    except FileNotFoundError as error:
        raise DamagedFile(file, "is gone though its task had ended") from error
    return _unpacked(file, packed, length, xxh3)


def whole_file(file: str, ranges: Ranges) -> Iterator[tuple[pa.Table, int]]:
    """Yields (rows, place) of every range of a file of an exchange, in one pass.

    Raises DamagedFile if a range is damaged.
    """
    try:
        with storage.open_input(file) as source:
            for place, length, xxh3 in zip(ranges.places, ranges.lengths, ranges.xxh3, strict=True):
                yield _unpacked(file, source.read(int(length)), int(length), int(xxh3)), int(place)
    except FileNotFoundError as error:
        raise DamagedFile(file, "is gone though its task had ended") from error


def _unpacked(file: str, packed: bytes, length: int, xxh3: int) -> pa.Table:
    if len(packed) != length or xxhash.xxh3_64_intdigest(packed) != xxh3:
        raise DamagedFile(file, f"{length} bytes are not those that were written")
    return pa.ipc.open_stream(packed).read_all()
