"""The exchange of rows between shards: routed rows are spilled by partition, and each partition is read back sorted.

A spill is a file of ranges (ranges.py). Each range has rows of one partition, so a reader reads only the ranges of its
partition, which are in the manifest. Partitions are ranges of the uint64 key, so their order is the order of all rows.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.chance import keyed_hash
from tokenmill.core.errors import DataError
from tokenmill.core.io import storage
from tokenmill.core.io.storage import join
from tokenmill.core.kinds import JsonObject, Room, Round
from tokenmill.pipeline.exchange.ranges import NO_RANGES, RangeFile, Ranges, range_file, range_sets
from tokenmill.pipeline.exchange.room import scratch_folder

TARGET_PARTITION_BYTES = 256 << 20

SPILL_BYTES = 1 << 30
"""Most bytes of input that one map task (SpillTask) covers."""

MAP_TASKS = 256
"""Wanted number of map tasks. There are more if the input is large, and fewer if there are fewer shards."""

LEAST_RANGE_BYTES = 1 << 20
MERGE_ABOVE = 1 << 14
"""If there are more ranges than this, of less than LEAST_RANGE_BYTES on average, they are merged before they are read.
"""


def partition_count(input_bytes: int) -> int:
    """Returns the number of partitions of a Global's round, 1 to 1,024, for an input of this size.

    It depends on the size alone. It is a power of two, so that the highest bits of a key are the number of its
    partition.
    """
    count = 1
    while count * TARGET_PARTITION_BYTES < input_bytes and count < 1024:
        count *= 2
    return count


def map_groups(sizes: list[int]) -> list[range]:
    """Groups successive shards of a Global's input; one map task covers a group.

    The result depends only on sizes, the bytes of each shard. A group has at most SPILL_BYTES, so that spills are few
    and their ranges large. It has at most 1/MAP_TASKS of the input, so that many workers have work. A larger shard is a
    group of its own.
    """
    return _groups_of(sizes, min(SPILL_BYTES, sum(sizes) // MAP_TASKS))


def merge_groups(sizes: list[int]) -> list[range]:
    """Groups successive spills that are merged into one, of at most SPILL_BYTES. sizes: bytes of each spill."""
    return _groups_of(sizes, SPILL_BYTES)


def _groups_of(sizes: list[int], most: int) -> list[range]:
    """Returns ranges of successive indices of `sizes`, each cut before the sum of its sizes exceeds `most`."""
    groups: list[range] = []
    first = held = 0
    for number, size in enumerate(sizes):
        if number > first and held + size > most:
            groups.append(range(first, number))
            first, held = number, 0
        held += size
    return [*groups, range(first, len(sizes))] if sizes else []


def wants_merging(ranges: int, size: int) -> bool:
    """Returns True if the ranges of spills are too many and too small to be read one by one.

    size: bytes of all ranges.
    """
    return ranges > MERGE_ABOVE and size < ranges * LEAST_RANGE_BYTES


class Grouped:
    """Writes rows into a file, grouped by place (a partition, or a group of shards), in the order in which they came.

    Rows beyond `memory` bytes wait in the scratch folder, so each place has one range or few. record and ranges
    describe the file after it is closed.
    """

    def __init__(self, path: str, scratch: str, memory: int) -> None:
        self.record, self.ranges = storage.FileRecord("", 0, ""), NO_RANGES
        self._path, self._scratch, self._memory = path, scratch, memory
        self._held: list[pa.RecordBatch] = []
        self._places: list[npt.NDArray[np.int64]] = []
        self._bytes = 0
        self._waiting: list[tuple[str, Ranges]] = []

    def add(self, rows: pa.RecordBatch, places: npt.NDArray[np.int64]) -> None:
        if not rows.num_rows:
            return
        self._held.append(rows)
        self._places.append(places)
        self._bytes += rows.nbytes
        if self._bytes >= self._memory:
            self._let_wait()

    def close(self) -> None:
        """Writes the file."""
        if self._waiting and self._held:
            self._let_wait()
        with range_file(self._path) as file:
            if self._waiting:
                self._regroup(file)
            else:
                self._write(file)
        self.record, self.ranges = file.record, file.ranges

    def _let_wait(self) -> None:
        path = f"{self._scratch}/waiting-{len(self._waiting)}"
        with range_file(path) as file:
            self._write(file)
        self._waiting.append((path, file.ranges))

    def _write(self, file: RangeFile) -> None:
        if not self._held:
            return
        table, places = pa.Table.from_batches(self._held), np.concatenate(self._places)
        self._held, self._places, self._bytes = [], [], 0
        order = np.argsort(places, kind="stable")
        starts = np.flatnonzero(np.diff(places[order], prepend=-1))
        for start, end in zip(starts, np.append(starts[1:], len(places)), strict=True):
            file.write(table.take(pa.array(order[start:end])), int(places[order[start]]))

    def _regroup(self, file: RangeFile) -> None:
        for place, ranges in range_sets(self._waiting).items():
            held: list[pa.Table] = []
            for table in ranges.tables():
                held.append(table)
                if sum(one.nbytes for one in held) >= self._memory // 2:
                    file.write(pa.concat_tables(held), place)
                    held = []
            if held:
                file.write(pa.concat_tables(held), place)


@contextmanager
def grouped_file(folder: str, name: str, *, memory: int) -> Iterator[Grouped]:
    """Opens a file of an exchange for rows that are grouped by place. It appears, complete, when the block ends.

    folder: the stage's folder. name: path below it. memory: bytes of rows to buffer.
    """
    with scratch_folder(folder) as scratch:
        grouped = Grouped(join(folder, name), scratch, memory)
        yield grouped
        grouped.close()
    grouped.record = replace(grouped.record, path=name)


class Spill:
    """Routes rows of one round into a file.

    Attributes:
        documents: number of rows that were passed to route().
        weights: {partition: {split: sum of the rows' weights}}, for the round of a Writer.
    """

    def __init__(self, round: Round, partitions: int, to: Grouped) -> None:
        self.round, self.partitions, self.to = round, partitions, to
        self.weights: dict[str, dict[str, int]] = {}
        self.documents = 0

    def add(self, batch: pa.RecordBatch) -> None:
        self.documents += batch.num_rows
        routed = self.round.route(batch)
        places = partition_of(routed.column("_partition_key"), self.partitions)
        if "_weight" in routed.schema.names:
            self._weigh(routed, places)
        self.to.add(routed, places)

    def _weigh(self, routed: pa.RecordBatch, places: npt.NDArray[np.int64]) -> None:
        table = pa.table({"place": places, "split": routed.column("_split"), "weight": routed.column("_weight")})
        sums = table.group_by(["place", "split"], use_threads=False).aggregate([("weight", "sum")])
        for row in sums.to_pylist():
            mine = self.weights.setdefault(str(row["place"]), {})
            mine[row["split"]] = mine.get(row["split"], 0) + row["weight_sum"]


@contextmanager
def spill_file(folder: str, name: str, round: Round, partitions: int, *, memory: int) -> Iterator[Spill]:
    """Opens a spill file, into which a task routes the rows of one round.

    It appears, complete, when the block ends. memory: bytes of rows to buffer.
    """
    with grouped_file(folder, name, memory=memory) as grouped:
        yield Spill(round, partitions, grouped)


def partition_of(keys: pa.Array, partitions: int) -> npt.NDArray[np.int64]:
    """Returns the partition to which each key of a routed row belongs, int64 (rows,).

    keys: uint64. partitions: a power of two.
    """
    bits = partitions.bit_length() - 1
    values: npt.NDArray[np.uint64] = keys.to_numpy()
    if bits == 0:
        return np.zeros(len(values), dtype=np.int64)
    return (values >> np.uint64(64 - bits)).astype(np.int64)


@dataclass(frozen=True)
class UniqueIds:
    """A round before the first Global over documents. Raises DataError, with both places, if an id occurs twice."""

    sort_by: ClassVar[tuple[str, ...]] = ("id", "shard", "row")
    single: ClassVar[bool] = False
    of_documents: ClassVar[bool] = False

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        ids = batch.column("id")
        return pa.RecordBatch.from_pydict(
            {
                "_partition_key": keyed_hash(0, "unique_ids", ids.to_pylist()),
                "id": ids,
                "shard": batch.column("_shard"),
                "row": batch.column("_row"),
            }
        )

    def reduce(self, rows: Iterator[pa.RecordBatch], room: Room) -> Iterator[pa.RecordBatch]:
        last: pa.RecordBatch | None = None
        for batch in rows:
            if not batch.num_rows:
                continue
            here = batch if last is None else pa.concat_batches([last, batch])
            ids = here.column("id")
            again = pc.index(pc.equal(ids[1:], ids[:-1]), True).as_py() if here.num_rows > 1 else -1
            if again >= 0:
                self._refuse(here.slice(again, 2).to_pylist())
            last = here.slice(here.num_rows - 1)
        yield from ()

    def _refuse(self, rows: list[JsonObject]) -> None:
        one, other = (f"shard {row['shard']:06d} row {row['row']}" for row in rows)
        raise DataError(
            f"id {rows[0]['id']!r} occurs twice: {one} and {other}; ids must be unique. Does the recipe read one file "
            "twice? If the rows of tables have equal ids, stages.read_table: {id: make} gives them other ones"
        )
