"""packs.py: small shards are read together, one more file changes little, and a broken file affects only itself."""

import gzip
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenmill.core.errors import DataError
from tokenmill.core.kinds import Shard
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import Result, prepare
from tokenmill.pipeline.driver.run import run as run_recipe
from tokenmill.pipeline.engine.local import InProcess, LocalPool
from tokenmill.pipeline.planning.packs import FILE_BYTES, packed, parts_of
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.record.manifest import read_manifest
from tokenmill.pipeline.report import read_run
from tokenmill.pipeline.report.audit import dropped
from tokenmill.pipeline.report.funnel import funnel

SIZE = 64 << 20


def shards(sizes: list[int], names: list[str] | None = None) -> list[Shard]:
    names = names or [f"data/{number:05d}.gz" for number in range(len(sizes))]
    return [
        Shard(n, "s", name, 0, size, size, f"etag{name}")
        for n, (name, size) in enumerate(zip(names, sizes, strict=True))
    ]


def cost(shard: Shard) -> int:
    return sum(part.length + FILE_BYTES for part in parts_of(shard))


@given(st.lists(st.integers(0, 200 << 20), max_size=60), st.sampled_from([0, 1, 1 << 20, SIZE]))
def test_packs_hold_all_shards_in_order_and_are_no_larger_than_wanted(sizes: list[int], size: int) -> None:
    found = packed(shards(sizes), size)
    parts = [part for pack in found for part in parts_of(pack)]
    assert [(part.file, part.length, part.etag) for part in parts] == [
        (s.file, s.length, s.etag) for s in shards(sizes)
    ]
    assert [pack.number for pack in found] == list(range(len(found)))
    for pack in found:
        assert cost(pack) <= size or not pack.parts
        assert pack.length == pack.size == sum(part.length for part in parts_of(pack))


def test_packs_of_many_small_files_are_alike() -> None:
    random = Random(1)
    # As in sdists: a median of 160 kB, and a long tail.
    sizes = [min(int(random.lognormvariate(12, 1.5)), 8 << 20) for _ in range(20_000)]
    found = packed(shards(sizes), SIZE)
    costs = sorted(cost(pack) for pack in found)
    assert costs[-1] <= SIZE
    assert costs[0] >= 0.3 * SIZE
    assert costs[-1] / costs[len(costs) // 2] < 2


def test_one_file_more_changes_the_pack_that_it_falls_into() -> None:
    random = Random(2)
    names = [f"data/{number:06d}.gz" for number in range(0, 40_000, 10)]
    sizes = {name: random.randint(1, 1 << 20) for name in names}
    before = {pack.parts for pack in packed(shards(list(sizes.values()), names), SIZE)}
    redone = []
    for _ in range(40):
        more = sizes | {f"data/{random.randint(0, 40_000):06d}x.gz": random.randint(1, 1 << 20)}
        after = packed(shards([more[name] for name in sorted(more)], sorted(more)), SIZE)
        redone.append(sum(pack.parts not in before for pack in after))
    assert sorted(redone)[20] == 1
    assert sum(redone) / len(redone) < 3 < len(before)


RECIPE = """
run: toy
excerpt: 0
stages:
  read:
    - stages.read_table: {{paths: "data/*", shard_bytes: {size}}}
  unique: [stages.exact_dedup]
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The places where packs are cut depend on the files' paths, so the tests use the same relative paths each time."""
    monkeypatch.chdir(tmp_path)


def write(number: int, count: int = 5) -> Path:
    path = Path("data") / f"{number:03d}.jsonl.gz"
    path.parent.mkdir(exist_ok=True)
    lines = [json.dumps({"id": f"{number}-{row}", "text": f"text {number} {row}"}) for row in range(count)]
    path.write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))
    return path


def run(folder: Path, *, workers: int = 0, size: int = 8 * (FILE_BYTES + 200), **options: Any) -> Result:
    (folder / "r.yaml").write_text(RECIPE.format(size=size))
    engine = LocalPool(workers) if workers else InProcess()
    try:
        return run_recipe(
            load_recipe(folder / "r.yaml"), engine, Options(out=str(folder / "runs"), **options), progress_for("none")
        )
    finally:
        engine.close()


def test_a_run_over_packs_reads_each_file_once_and_names_all(tmp_path: Path) -> None:
    files = [write(number) for number in range(40)]
    assert not run(tmp_path).failures
    [read, unique] = read_run(str(tmp_path / "runs" / "toy"))
    assert 5 <= len(read.manifests) <= 14
    said = [entry for number in sorted(read.manifests) for entry in read.manifests[number].inputs]
    assert [entry["file"] for entry in said] == [str(file) for file in files]
    assert all(len(entry["xxh3"]) == 32 for entry in said)
    assert [one.rows_out for one in funnel([read, unique])] == [200, 200]


def test_a_file_more_redoes_its_pack_alone(tmp_path: Path) -> None:
    for number in range(0, 120, 2):
        write(number)
    run(tmp_path)
    folder = tmp_path / "runs" / "toy" / "read" / "data"
    before = {path.stat().st_ino for path in folder.iterdir()}
    write(77)
    run(tmp_path)
    kept = [path for path in folder.iterdir() if path.stat().st_ino in before]
    assert len(kept) >= len(list(folder.iterdir())) - 2
    assert sum(one.rows_out for one in funnel(read_run(str(tmp_path / "runs" / "toy")))[:1]) == 61 * 5


def test_a_file_that_cannot_be_read_is_named_and_the_others_of_its_pack_are_read(tmp_path: Path) -> None:
    for number in range(6):
        write(number)
    broken = Path("data/003.jsonl.gz")
    broken.write_bytes(b"\x1f\x8b\x08\x00broken")
    with pytest.raises(DataError, match="1 unreadable files are missing"):
        run(tmp_path, size=1 << 30)
    for _ in range(2):  # the second run has nothing left to do, and warns again
        result = run(tmp_path, size=1 << 30, allow_missing=True)
        assert not result.failures and any(str(broken) in warning for warning in result.warnings)
    folder = tmp_path / "runs" / "toy" / "read"
    manifest = read_manifest(str(folder / "manifest" / "000000.json"))
    assert manifest is not None and list(manifest.unreadable) == [str(broken)] and manifest.rows_out == 25


def test_a_damaged_file_of_a_pack_is_named_in_the_warning(tmp_path: Path) -> None:
    for number in range(4):
        write(number, count=2000)
    damaged = Path("data/002.jsonl.gz")
    damaged.write_bytes(damaged.read_bytes()[:-900])
    result = run(tmp_path, size=1 << 30)
    [warning] = result.warnings
    assert warning.startswith(
        f"{damaged}: 1 damaged record is marked as dropped (1 × read_table.bad_compression); see "
    )
    [row] = dropped(read_run(str(tmp_path / "runs" / "toy")), "read_table.bad_compression").to_dicts()
    assert row["locator"]["file"] == str(damaged)


@pytest.mark.slow
def test_any_number_of_workers_gives_the_same_bytes(tmp_path: Path) -> None:
    for number in range(20):
        write(number)
    found = []
    for workers in (0, 2):
        run(tmp_path, workers=workers)
        runs = (tmp_path / "runs").rename(tmp_path / f"runs{workers}")
        files = sorted((runs / "toy" / "read" / "data").iterdir())
        found.append({path.name: path.read_bytes() for path in files})
    assert found[0] == found[1] and len(found[0]) > 1


def test_a_limit_reads_the_first_file_alone(tmp_path: Path) -> None:
    for number in range(3):
        write(number)
    (tmp_path / "r.yaml").write_text(RECIPE.format(size=1 << 30))
    options = Options(out=str(tmp_path / "runs"), limit=3)
    _, _, [read, _] = prepare(load_recipe(tmp_path / "r.yaml"), options)
    assert [shard.shard.parts for shard in read.shards if shard.shard] == [()]
