"""exchange.py and sorted_rows.py: rows come back by partition and in order, with any amount of memory."""

import json
import os
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.core.errors import DataError
from tokenmill.core.io import storage
from tokenmill.core.kinds import Room
from tokenmill.pipeline.exchange import exchange
from tokenmill.pipeline.exchange import sorted_rows as module
from tokenmill.pipeline.exchange.exchange import (
    UniqueIds,
    grouped_file,
    map_groups,
    partition_of,
    spill_file,
    wants_merging,
)  # fmt: skip
from tokenmill.pipeline.exchange.ranges import DamagedFile, Ranges, range_file, range_sets, whole_file
from tokenmill.pipeline.exchange.room import room_for
from tokenmill.pipeline.exchange.sorted_rows import sorted_rows


class AsTheyAre:
    """Routes and reduces the rows without a change."""

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
    tables = [table.slice(first, group) for first in range(0, count, group)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_SMALLEST_BATCH", 500)
        found = list(sorted_rows(tables, by, Room(limit * module.SHARE, str(folder), {})))
    got = pa.Table.from_batches(found, schema=table.schema)
    assert got.equals(table.sort_by([(name, "ascending") for name in by]))


def test_nulls_come_last_in_any_memory(tmp_path: Path) -> None:
    table = pa.table({"key": pa.array([3, None, 1, None, 2, None] * 50, pa.int64()), "number": range(300)})
    tables = [table.slice(first, 7) for first in range(0, 300, 7)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_SMALLEST_BATCH", 50)
        found = list(sorted_rows(tables, ("key", "number"), Room(2000, str(tmp_path), {})))
    assert pa.Table.from_batches(found).equals(table.sort_by([("key", "ascending"), ("number", "ascending")]))


@pytest.mark.parametrize("memory", [1, 3_000, 1 << 30])
@pytest.mark.parametrize("partitions", [1, 2, 8])
def test_a_spill_gives_each_partition_its_rows_in_the_order_they_came(
    tmp_path: Path, partitions: int, memory: int
) -> None:
    rng = np.random.default_rng(1)
    keys = rng.integers(0, 1 << 64, 500, dtype=np.uint64)
    table = pa.table({"_partition_key": keys, "number": np.arange(500)})
    with spill_file(str(tmp_path), "s.ranges", AsTheyAre(), partitions, memory=memory) as spill:
        for batch in table.to_batches(max_chunksize=37):
            spill.add(batch)
    places = partition_of(table.column("_partition_key"), partitions)
    pieces = range_sets([(str(tmp_path / "s.ranges"), spill.to.ranges)])
    assert sorted(pieces) == sorted(set(places.tolist()))
    for place, mine in pieces.items():
        assert pa.concat_tables(list(mine.tables())).equals(table.filter(pa.array(places == place)))
        assert len(mine) == 1 or memory < 10_000
    assert spill.documents == spill.to.record.rows == 500
    assert storage.file_record(str(tmp_path / "s.ranges"), 500) == replace(
        spill.to.record, path=str(tmp_path / "s.ranges")
    )
    assert os.listdir(tmp_path / "work/scratch") == []


def test_ranges_of_several_files_are_read_in_the_order_of_the_files(tmp_path: Path) -> None:
    named = []
    for number in range(3):
        with range_file(str(tmp_path / str(number))) as file:
            for place in (5, number, 5):
                file.write(pa.table({"x": [number * 10 + place]}), place)
        named.append((str(tmp_path / str(number)), Ranges.of(json.loads(json.dumps(file.ranges.facts())))))
    found = {place: [table["x"][0].as_py() for table in mine.tables()] for place, mine in range_sets(named).items()}
    assert found == {0: [0], 1: [11], 2: [22], 5: [5, 5, 15, 15, 25, 25]}
    assert [(table["x"][0].as_py(), place) for table, place in whole_file(*named[1])] == [(15, 5), (11, 1), (15, 5)]
    assert range_sets([]) == {}


@pytest.mark.parametrize("damage", ["flip", "cut", "gone"])
def test_damage_to_a_range_is_found_when_it_is_read(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "s"
    with range_file(str(path)) as file:
        for place in range(3):
            file.write(pa.table({"x": np.arange(100) * place}), place)
    content, pieces = path.read_bytes(), range_sets([(str(path), file.ranges)])
    middle = int(file.ranges.offsets[1]) + int(file.ranges.lengths[1]) // 2
    flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    path.write_bytes({"flip": flipped, "cut": content[:middle], "gone": b""}[damage])
    if damage == "gone":
        path.unlink()
    with pytest.raises(DamagedFile) as caught:
        list(pieces[1].tables())
    assert pickle.loads(pickle.dumps(caught.value)).file == str(path)
    with pytest.raises(DamagedFile):
        list(whole_file(str(path), file.ranges))
    if damage != "gone":
        assert next(pieces[0].tables()).num_rows == 100


def test_a_file_without_rows_is_there_and_one_that_failed_is_not(tmp_path: Path) -> None:
    with grouped_file(str(tmp_path), "none.ranges", memory=10) as grouped:
        pass
    assert (tmp_path / "none.ranges").read_bytes() == b""
    assert range_sets([("none.ranges", grouped.ranges)]) == {}
    with pytest.raises(ZeroDivisionError), grouped_file(str(tmp_path), "bad.ranges", memory=10):
        raise ZeroDivisionError
    assert sorted(path.name for path in tmp_path.iterdir()) == ["none.ranges", "work"]


@given(st.lists(st.integers(0, 10**9), max_size=300))
def test_map_tasks_cover_all_shards_in_order(sizes: list[int]) -> None:
    groups = map_groups(sizes)
    assert [number for group in groups for number in group] == list(range(len(sizes)))
    for group in groups:
        held = sum(sizes[number] for number in group)
        assert len(group) == 1 or held <= min(exchange.SPILL_BYTES, sum(sizes) / exchange.MAP_TASKS)


def test_a_snapshot_of_many_files_is_read_in_ranges_of_a_megabyte() -> None:
    """90,000 files of 45 MB, whose documents a MinHash round reduces to a seventh of their bytes."""
    groups = map_groups([45_000_000] * 90_000)
    assert 3_000 < len(groups) < 5_000
    size, partitions = 90_000 * 45_000_000 // 7, exchange.partition_count(90_000 * 45_000_000)
    assert partitions == 1024
    assert wants_merging(len(groups) * partitions, size)
    merged = -(-size // exchange.SPILL_BYTES)
    assert not wants_merging(merged * partitions, size * 1.1)


@pytest.mark.parametrize("batch_rows", [1, 2, 100])
def test_an_id_that_occurs_twice_is_refused_by_name(batch_rows: int) -> None:
    rows = pa.table({"id": ["a", "b", "b", "c"], "shard": [0, 0, 7, 1], "row": [3, 4, 9, 5]})
    room = Room(1 << 30, "", {})
    with pytest.raises(DataError, match="id 'b' occurs twice: shard 000000 row 4 and shard 000007 row 9"):
        list(UniqueIds().reduce(iter(rows.to_batches(max_chunksize=batch_rows)), room))
    assert list(UniqueIds().reduce(iter(rows.take([0, 1, 3]).to_batches(max_chunksize=batch_rows)), room)) == []


def test_a_room_has_an_empty_folder_of_its_own_that_goes_when_it_is_left(tmp_path: Path) -> None:
    with room_for(str(tmp_path), memory=1 << 30, shard_rows={}) as room:
        with room_for(str(tmp_path), memory=1 << 30, shard_rows={}) as other:
            assert room.scratch != other.scratch
        assert list(Path(room.scratch).iterdir()) == []
        assert room.memory + room.reserved == 1 << 30
    assert not Path(room.scratch).exists()
