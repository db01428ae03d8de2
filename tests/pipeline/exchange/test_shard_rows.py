"""shard_rows.py: tasks do not carry the row counts of all shards."""

import pickle
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tokenmill.core.errors import DamagedFile
from tokenmill.core.io import parquet
from tokenmill.pipeline.driver import globals as global_stage
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run as run_recipe
from tokenmill.pipeline.engine import Limits, Outcome, Watch
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.exchange.shard_rows import SCHEMA, ShardRows
from tokenmill.pipeline.planning.recipe import load_recipe

RECIPE = """
run: toy
excerpt: 0
stages:
  read: [{{toolbox.numbered: {{files: {files}, rows: 2}}}}]
  unique: [{work}]
"""


@dataclass
class Weighing(InProcess):
    """Records the pickled size of each ReduceTask."""

    sizes: list[int] = field(default_factory=list)

    def run(self, tasks: Iterable[Any], limits: Limits, watch: Watch) -> Iterator[Outcome]:
        tasks = list(tasks)
        self.sizes += [len(pickle.dumps(task)) for task in tasks if type(task).__name__ == "ReduceTask"]
        yield from super().run(tasks, limits, watch)


def reduce_sizes(folder: Path, work: str, shards: int) -> list[int]:
    folder.mkdir()
    recipe = folder / "r.yaml"
    recipe.write_text(RECIPE.format(files=[f"f{number:04d}" for number in range(shards)], work=work))
    engine = Weighing()
    run_recipe(load_recipe(recipe), engine, Options(out=str(folder / "runs"), plugins="toolbox"), progress_for("none"))
    return engine.sizes


@pytest.mark.parametrize("work", ["stages.exact_dedup", "stages.minhash"])
def test_a_reduction_is_no_larger_for_more_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: str) -> None:
    """Regression: a reduction of three rounds carried the row counts of all shards: 0.7 MB at 90,000 shards."""

    def four_groups(sizes: Sequence[int]) -> list[range]:
        return [range(first, first + len(sizes) // 4) for first in range(0, len(sizes), len(sizes) // 4)]

    monkeypatch.setattr(global_stage, "map_groups", four_groups)
    few, many = (reduce_sizes(tmp_path / f"{shards}", work, shards) for shards in (8, 80))
    assert len(few) == len(many) > 0
    # The paths of folders and the size of a file have more digits.
    assert max(abs(a - b) for a, b in zip(few, many, strict=True)) < 20


def written(folder: Path, rows: dict[int, int], firsts: set[int]) -> ShardRows:
    columns = [pa.array(list(rows)), pa.array(list(rows.values())), pa.array([shard in firsts for shard in rows])]
    batch = pa.RecordBatch.from_arrays(columns, schema=SCHEMA)
    return ShardRows(parquet.write_table([batch], str(folder / "shards.parquet"), schema=SCHEMA))


def test_it_is_the_rows_by_shard_and_knows_the_groups(tmp_path: Path) -> None:
    rows = {0: 7, 1: 0, 2: 5, 5: 1}
    found = pickle.loads(pickle.dumps(written(tmp_path, rows, {0, 2, 5})))
    assert dict(found) == rows and len(found) == 4 and found[2] == 5 and 3 not in found
    assert found.groups_of(pa.array([0, 1, 2, 5, 5, 1], pa.int32())).tolist() == [0, 0, 1, 2, 2, 0]
    assert dict(ShardRows()) == {}


def test_the_file_is_read_at_the_first_use_and_then_kept(tmp_path: Path) -> None:
    rows = written(tmp_path, {0: 7, 1: 3}, {0})
    content = Path(rows.written.path).read_bytes() if rows.written else b""
    Path(f"{tmp_path}/shards.parquet").unlink()
    with pytest.raises(DamagedFile, match="is gone"):
        rows[0]
    Path(f"{tmp_path}/shards.parquet").write_bytes(content)
    assert rows[0] == 7
    Path(f"{tmp_path}/shards.parquet").unlink()
    assert rows[1] == 3


def test_another_content_in_the_same_place_is_read_again(tmp_path: Path) -> None:
    """A worker of a cluster stays alive while a run is repeated with other inputs."""
    before = written(tmp_path, {0: 7}, {0})
    assert dict(before) == {0: 7}
    after = written(tmp_path, {0: 8}, {0})
    assert dict(after) == {0: 8}
    with pytest.raises(DamagedFile):
        dict(replace(before))
