"""audit.py and explain.py read only the shards that a question is about."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run as run_recipe
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.report import read_run
from tokenmill.pipeline.report.audit import DroppedDocument, _draw, dropped, sample
from tokenmill.pipeline.report.explain import story

FRUIT = """
run: toy
excerpt: 0
stages:
  fruit: {keep: KEEP, steps: [{toolbox.numbered: {files: [apple, pear, plum], rows: 16}}]}
  trees: {keep: KEEP, steps: [{toolbox.numbered: {files: [oak, elm], rows: 9}}]}
  table: {keep: KEEP, steps: [{stages.read_table: {paths: "FOLDER/*.jsonl"}}]}
  short: {from: [fruit, trees, table], steps: [{toolbox.length: {min_characters: 40}}]}
  unique: [stages.exact_dedup]
  copies: [{tokenize.rehydrate: {limits: [1], copies: [2], size: exact_dedup.cluster_size}}]
  loud: [toolbox.shout]
  lines: [stages.write_jsonl]
"""


def made_run(folder: Path, *, keep: bool) -> Path:
    for file in range(3):
        texts = [f"{file} {row} " + "grain " * (row + 1) for row in range(12)]
        rows = ({"id": f"{file * 31 + row:08x}", "text": text, "source": "table"} for row, text in enumerate(texts))
        (folder / f"{file}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    recipe = folder / "r.yaml"
    recipe.write_text(FRUIT.replace("KEEP", str(keep).lower()).replace("FOLDER", str(folder)))
    options = Options(out=str(folder / "runs"), plugins="toolbox")
    result = run_recipe(load_recipe(recipe), InProcess(), options, progress_for("none"))
    assert not result.failures
    return folder / "runs/toy"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_run(tmp_path_factory.mktemp("kept"), keep=True)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_run(tmp_path_factory.mktemp("released"), keep=False)


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "toy")
    return tmp_path / "toy"


def tables(run: Path) -> Iterator[tuple[str, str, str, pl.DataFrame]]:
    """Yields (stage, shard, kind, rows) for all files."""
    for stage in read_run(str(run)):
        for shard in stage.manifests:
            for kind in ("data", "dropped"):
                path = run / stage.name / kind / f"{shard:06d}.parquet"
                if path.exists():
                    yield stage.name, f"{shard:06d}", kind, pl.read_parquet(path)


def ruin(run: Path, needed: set[tuple[str, str, str]]) -> int:
    """Makes all files unreadable except those in `needed`. Returns the number of files that stay readable."""
    left = 0
    for stage, shard, kind, _ in list(tables(run)):
        path = run / stage / kind / f"{shard}.parquet"
        if (stage, shard, kind) in needed:
            left += 1
        else:
            path.write_bytes(b"\0" * path.stat().st_size)
    return left


@pytest.mark.parametrize("which", ["made", "released"])
def test_a_story_is_that_of_a_search_through_all_files(which: str, request: pytest.FixtureRequest) -> None:
    run = request.getfixturevalue(which)
    stages = read_run(str(run))
    places: dict[str, list[tuple[str, str, bool]]] = {}
    for stage, shard, kind, rows in tables(run):
        for id in rows["id"]:
            places.setdefault(id, []).append((stage, shard, kind == "data"))
    assert sum("+2" in id for id in places) > 20 and any(id.startswith("0000") for id in places)
    for id, expected in sorted(places.items())[::6]:
        assert [(one.stage, one.shard, one.kept) for one in story(stages, id)] == expected, id


@pytest.mark.parametrize("id", ["apple-0-3", "elm-1-7", "plum-0-13"])
def test_a_story_is_read_from_one_shard_of_each_stage(run: Path, id: str) -> None:
    """An id names a file of the source, and so its shard."""
    before = list(story(read_run(str(run)), id))
    numbers = {(one.stage, one.shard) for one in before} | {("lines", before[-1].shard)}  # `lines` has no data of it
    ruin(run, {(stage, shard, kind) for stage, shard in numbers for kind in ("data", "dropped")})
    assert list(story(read_run(str(run)), id)) == before


def test_without_a_name_in_the_id_one_stage_is_searched(run: Path) -> None:
    before = list(story(read_run(str(run)), "0000001f"))
    shards = {(one.stage, one.shard) for one in before}
    shards |= {(stage, shard) for stage, shard, _, _ in tables(run) if stage in ("fruit", "trees", "table")}
    ruin(run, {(stage, shard, kind) for stage, shard in shards for kind in ("data", "dropped")})
    assert list(story(read_run(str(run)), "0000001f")) == before


def owners(run: Path, documents: list[DroppedDocument]) -> set[tuple[str, str, str]]:
    ids = {(one.stage, one.id) for one in documents}
    return {
        (stage, shard, kind)
        for stage, shard, kind, rows in tables(run)
        if kind == "dropped" and any((stage, id) in ids for id in rows["id"])
    }


@pytest.mark.parametrize("seed", range(4))
def test_a_sample_is_read_from_the_shards_that_it_falls_into(run: Path, seed: int) -> None:
    before = sample(read_run(str(run)), "length", 2, seed)
    needed = owners(run, before)
    assert len(before) == 2 and ruin(run, needed) == len(needed) <= 2
    assert sample(read_run(str(run)), "length", 2, seed) == before


def test_shards_without_the_rule_are_not_read(run: Path) -> None:
    before = dropped(read_run(str(run)), "numbered")
    assert before.height == 6
    ruin(run, {("fruit", f"{shard:06d}", "dropped") for shard in range(3)})
    assert dropped(read_run(str(run)), "numbered").equals(before)
    with pytest.raises(RecipeError, match=r"no document was dropped by 'length.shorter'.*length.short"):
        dropped(read_run(str(run)), "length.shorter")


def test_each_record_is_drawn_as_often_as_any_other(made: Path) -> None:
    stages = read_run(str(made))
    every = {(one.stage, one.id) for one in sample(stages, None, 10_000)}
    records = dropped(stages)
    assert every == set(zip(records["stage"], records["id"], strict=True))
    times = dict.fromkeys(every, 0)
    for seed in range(120):
        drawn = sample(stages, None, 8, seed)
        assert len({(one.stage, one.id) for one in drawn}) == 8
        for one in drawn:
            times[one.stage, one.id] += 1
    wanted = 120 * 8 / len(every)
    deviation = sum((count - wanted) ** 2 / wanted for count in times.values())
    assert deviation < len(every) + 4 * (2 * len(every)) ** 0.5  # chi-square, four standard deviations


def test_records_that_contradict_the_manifest_are_refused(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = read_run(str(made))
    short = next(stage for stage in stages if stage.name == "short")
    number = next(number for number, manifest in short.manifests.items() if manifest.drops)
    other = next(n for n in short.manifests if n != number)
    monkeypatch.setattr(type(short), "file", lambda self, kind, shard: f"{made}/short/dropped/{other:06d}.parquet")
    with pytest.raises(DataError, match="but its manifest says"):
        dropped([short], "length.short")


@pytest.mark.parametrize("size", [2, 10, 20])
def test_a_sample_of_almost_all_ends(size: int) -> None:
    """Regression: a turn that drew nothing new was repeated forever."""
    for seed in range(100):
        for total in (size + 1, 2 * size, 3 * size):
            drawn = _draw(total, size, seed)
            assert len(set(drawn)) == size and min(drawn) >= 0 and max(drawn) < total
