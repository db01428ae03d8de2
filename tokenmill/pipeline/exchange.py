"""How rows of all shards meet: routed rows are spilled by partition, and a partition is read back sorted.

A spill is a Parquet file with one row group a partition, so that a reader takes just its part; which group is which
stands in the manifest. Partitions are ranges of the uint64 key: their order is the order of the whole. A partition is
sorted in memory.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core import storage
from tokenmill.core.chance import keyed_hash
from tokenmill.core.errors import DataError
from tokenmill.core.kinds import Round
from tokenmill.core.storage import join

TARGET_PARTITION_BYTES = 256 << 20


def partition_count(input_bytes: int) -> int:
    """A power of two, so that partitions are ranges of the key's highest bits; a function of the input's size alone."""
    count = 1
    while count * TARGET_PARTITION_BYTES < input_bytes and count < 1024:
        count *= 2
    return count


class Spill:
    """Routed rows of one round, held until they are written sorted by partition. documents: rows given to route."""

    def __init__(self, round: Round, partitions: int) -> None:
        self.round, self.partitions = round, partitions
        self.held: list[pa.RecordBatch] = []
        self.weights: dict[str, dict[str, int]] = {}
        self.documents = 0

    def add(self, batch: pa.RecordBatch) -> None:
        self.documents += batch.num_rows
        self.held.append(self.round.route(batch))

    def write(self, folder: str, name: str) -> tuple[storage.FileRecord, dict[str, int]]:
        """The file's record and {partition: row group}."""
        table = pa.Table.from_batches(self.held).combine_chunks() if self.held else None
        self.held = []
        if table is None:
            return write_groups([], folder, name, pa.schema([("_partition_key", pa.uint64())]))
        places = partition_of(table.column("_partition_key"), self.partitions)
        parts = ((int(place), table.filter(pa.array(places == place))) for place in np.unique(places))
        return write_groups(self._weighed(parts), folder, name, table.schema)

    def _weighed(self, parts: Iterable[tuple[int, pa.Table]]) -> Iterator[tuple[int, pa.Table]]:
        for place, part in parts:
            if "_weight" in part.schema.names:
                sums = part.group_by("_split", use_threads=False).aggregate([("_weight", "sum")]).to_pylist()
                self.weights[str(place)] = {row["_split"]: row["_weight_sum"] for row in sums}
            yield place, part


def write_groups(
    parts: Iterable[tuple[int, pa.Table]], folder: str, name: str, schema: pa.Schema
) -> tuple[storage.FileRecord, dict[str, int]]:
    """Write each part as one row group; {part number: row group}."""
    groups: dict[str, int] = {}

    def tables() -> Iterator[pa.Table]:
        for place, part in parts:
            groups[str(place)] = len(groups)
            yield part

    record = storage.write_row_groups(tables(), join(folder, name), schema=schema)
    return replace(record, path=name), groups


def partition_of(keys: Any, partitions: int) -> Any:
    """int64 (rows,): the range of the uint64 key space that each key lies in."""
    bits = partitions.bit_length() - 1
    values = keys.to_numpy()
    if bits == 0:
        return np.zeros(len(values), dtype=np.int64)
    return (values >> np.uint64(64 - bits)).astype(np.int64)


def sorted_rows(spills: Iterable[tuple[str, int]], sort_by: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    """The rows of the row groups given, in order of sort_by."""
    tables = [storage.read_row_group(file, group) for file, group in spills]
    if not tables:
        return
    table = pa.concat_tables(tables)
    order = pc.sort_indices(table, sort_keys=[(name, "ascending") for name in sort_by])
    yield from table.take(order).combine_chunks().to_batches()


@dataclass(frozen=True)
class UniqueIds:
    """A round before every Global: two documents with one id are a DataError that names both places."""

    sort_by: ClassVar[tuple[str, ...]] = ("id", "shard", "row")
    single: ClassVar[bool] = False

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

    def reduce(self, rows: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        last: tuple[str, int, int] | None = None
        for batch in rows:
            for id, shard, row in zip(*(batch.column(name).to_pylist() for name in self.sort_by), strict=True):
                if last is not None and last[0] == id:
                    raise DataError(
                        f"id {id!r} occurs twice: shard {last[1]:06d} row {last[2]} and shard {shard:06d} row {row}; "
                        "ids must be unique. Does the recipe read one file twice?"
                    )
                last = (id, shard, row)
        yield from ()
