"""pipeline/exchange.py and sorted_rows.py: rows come back by partition and in order, whatever memory there is."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.core import storage
from tokenmill.core.errors import DataError
from tokenmill.core.kinds import Room
from tokenmill.pipeline import sorted_rows as module
from tokenmill.pipeline.exchange import UniqueIds, grouped_file, partition_of, spill_file
from tokenmill.pipeline.room import room_for
from tokenmill.pipeline.sorted_rows import sorted_rows


class AsTheyAre:
    """Sends on what it gets."""

    sort_by: ClassVar[tuple[str, ...]] = ("key", "name")
    single: ClassVar[bool] = False
    of_documents: ClassVar[bool] = False

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return batch

    def reduce(self, rows: Any, room: Room) -> Any:
        return rows


def rows_of(seed: int, count: int, keys: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    numbers = rng.permutation(count)
    names = [f"{'x' * int(rng.integers(0, 30))}{number:06d}" for number in numbers]
    return pa.table({"key": rng.integers(-keys, keys, count), "name": names, "number": numbers})


@given(
    seed=st.integers(0, 99),
    count=st.integers(0, 3000),
    keys=st.sampled_from([1, 3, 1000]),
    group=st.integers(1, 900),
    limit=st.sampled_from([1, 5_000, 40_000, 10**9]),
    by=st.sampled_from([("key", "name"), ("name",), ("number",)]),
)
@settings(deadline=None, max_examples=40)
def test_it_is_the_sorted_whole_in_any_memory(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int, count: int, keys: int, group: int, limit: int, by: tuple[str, ...],
) -> None:  # fmt: skip
    folder = tmp_path_factory.mktemp("spill")
    table = rows_of(seed, count, keys)
    with storage.row_group_file(str(folder / "spill.parquet"), empty=table.schema) as file:
        groups = [file.write(table.slice(first, group)) for first in range(0, count, group)]
    spills = [(str(folder / "spill.parquet"), number) for number in groups]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_SMALLEST_BATCH", 500)
        found = list(sorted_rows(spills, by, Room(limit * module.SHARE, str(folder), {})))
    got = pa.Table.from_batches(found, schema=table.schema)
    assert got.equals(table.sort_by([(name, "ascending") for name in by]))


def test_nulls_come_last_in_any_memory(tmp_path: Path) -> None:
    table = pa.table({"key": pa.array([3, None, 1, None, 2, None] * 50, pa.int64()), "number": range(300)})
    with storage.row_group_file(str(tmp_path / "s.parquet"), empty=table.schema) as file:
        groups = [file.write(table.slice(first, 7)) for first in range(0, 300, 7)]
    spills = [(str(tmp_path / "s.parquet"), number) for number in groups]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_SMALLEST_BATCH", 50)
        found = list(sorted_rows(spills, ("key", "number"), Room(2000, str(tmp_path), {})))
    assert pa.Table.from_batches(found).equals(table.sort_by([("key", "ascending"), ("number", "ascending")]))


@pytest.mark.parametrize("memory", [1, 3_000, 1 << 30])
@pytest.mark.parametrize("partitions", [1, 2, 8])
def test_a_spill_gives_each_partition_its_rows_in_the_order_they_came(
    tmp_path: Path, partitions: int, memory: int
) -> None:
    rng = np.random.default_rng(1)
    keys = rng.integers(0, 1 << 64, 500, dtype=np.uint64)
    table = pa.table({"_partition_key": keys, "number": np.arange(500)})
    with spill_file(str(tmp_path), "s.parquet", AsTheyAre(), partitions, memory=memory) as spill:
        for batch in table.to_batches(max_chunksize=37):
            spill.add(batch)
    places = partition_of(table.column("_partition_key"), partitions)
    for place in range(partitions):
        groups = spill.to.groups.get(str(place), [])
        got = pa.concat_tables([storage.read_row_group(str(tmp_path / "s.parquet"), group) for group in groups])
        assert got.equals(table.filter(pa.array(places == place)))
    assert spill.documents == spill.to.record.rows == 500
    assert spill.to.record.bytes == (tmp_path / "s.parquet").stat().st_size


def test_a_file_without_rows_is_there_and_one_that_failed_is_not(tmp_path: Path) -> None:
    empty = pa.schema([("shard", pa.int32())])
    with grouped_file(str(tmp_path), "none.parquet", memory=10, empty=empty) as grouped:
        pass
    assert storage.table_schema(str(tmp_path / "none.parquet")) == empty
    assert grouped.groups == {}
    with pytest.raises(ZeroDivisionError), grouped_file(str(tmp_path), "bad.parquet", memory=10, empty=empty):
        raise ZeroDivisionError
    assert [path.name for path in tmp_path.iterdir()] == ["none.parquet"]


@pytest.mark.parametrize("batch_rows", [1, 2, 100])
def test_an_id_that_occurs_twice_is_refused_by_name(batch_rows: int) -> None:
    rows = pa.table({"id": ["a", "b", "b", "c"], "shard": [0, 0, 7, 1], "row": [3, 4, 9, 5]})
    room = Room(1 << 30, "", {})
    with pytest.raises(DataError, match="id 'b' occurs twice: shard 000000 row 4 and shard 000007 row 9"):
        list(UniqueIds().reduce(iter(rows.to_batches(max_chunksize=batch_rows)), room))
    assert list(UniqueIds().reduce(iter(rows.take([0, 1, 3]).to_batches(max_chunksize=batch_rows)), room)) == []


def test_a_room_has_an_empty_folder_that_goes_when_it_is_left(tmp_path: Path) -> None:
    scratch = tmp_path / "work" / "scratch" / "one"
    scratch.mkdir(parents=True)
    (scratch / "left from a death").write_text("x")
    with room_for(str(tmp_path), "one", memory=1 << 30, shard_rows={}) as room:
        assert list(Path(room.scratch).iterdir()) == []
        assert room.memory + room.reserved == 1 << 30
    assert not scratch.exists()
