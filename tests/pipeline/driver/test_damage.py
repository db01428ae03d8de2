"""A file of a stage that is damaged after its task ended is named and made again, wherever the damage is."""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
from toolbox.numbered import Numbered

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import Result
from tokenmill.pipeline.driver.run import run as run_recipe
from tokenmill.pipeline.engine import Engine, Limits, Outcome, Watch
from tokenmill.pipeline.engine.local import InProcess, LocalPool
from tokenmill.pipeline.exchange import reduce_tasks
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.record.stage_record import read_record
from tokenmill.pipeline.record.verify import verify_stage
from tokenmill.pipeline.report import read_run
from tokenmill.pipeline.report.funnel import funnel

RECIPE = """
run: toy
excerpt: 0
stages:
  read: [{toolbox.numbered: {rows: 8}}]
  short: [toolbox.length]
  unique: [stages.exact_dedup]
  loud: [toolbox.shout]
"""
STAGES = ("read", "short", "unique", "loud")


def run(folder: Path, text: str = RECIPE, *, engine: Engine | None = None, **options: Any) -> Result:
    (folder / "r.yaml").write_text(text)
    chosen = Options(out=str(folder / "runs"), plugins="toolbox", **options)
    engine = engine or InProcess()
    try:
        return run_recipe(load_recipe(folder / "r.yaml"), engine, chosen, progress_for("none"))
    finally:
        engine.close()


def bytes_of(folder: Path) -> dict[str, bytes]:
    root = folder / "runs/toy"
    files = (path for kind in ("data", "dropped") for path in root.glob(f"*/{kind}/*"))
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def flip(path: Path, seed: int) -> None:
    content, random = bytearray(path.read_bytes()), Random(seed)
    content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    path.write_bytes(bytes(content))


def forget_from(folder: Path, stage: str) -> None:
    """Deletes the stage and those after it, as if they had never run."""
    for name in STAGES[STAGES.index(stage) :]:
        shutil.rmtree(folder / "runs/toy" / name)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    assert not run(folder).failures
    return folder


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made / "runs", tmp_path / "runs")
    return tmp_path


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("stage", STAGES[:-1])
def test_a_flipped_bit_is_found_and_the_shard_is_made_again(
    made: Path, copy: Path, stage: str, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Regression: the next stage accepted what it read, or ended in each run with an error that named no file."""
    damaged = copy / f"runs/toy/{stage}/data/{seed % 4:06d}.parquet"
    flip(damaged, seed)
    forget_from(copy, STAGES[STAGES.index(stage) + 1])
    assert run(copy).failures == []
    assert bytes_of(copy) == bytes_of(made)
    assert f"{damaged} is damaged; the shard is made again" in caplog.text


@pytest.mark.parametrize("how", ["gone", "cut", "zeros", "other", "empty"])
def test_any_other_damage_too(made: Path, copy: Path, how: str) -> None:
    for stage in ("read", "short"):
        path = copy / f"runs/toy/{stage}/data/000001.parquet"
        content = path.read_bytes()
        path.unlink()
        if how != "gone":
            damage = {"cut": content[:-9], "zeros": b"\0" * len(content), "other": b"PAR1" * 99, "empty": b""}
            path.write_bytes(damage[how])
    forget_from(copy, "unique")
    assert run(copy).failures == []
    assert bytes_of(copy) == bytes_of(made)


def test_a_file_whose_own_input_is_damaged_too(made: Path, copy: Path, caplog: pytest.LogCaptureFixture) -> None:
    for stage in ("read", "short"):
        flip(copy / f"runs/toy/{stage}/data/000002.parquet", 7)
    forget_from(copy, "unique")
    assert run(copy, stage="unique").failures == [] and run(copy).failures == []
    assert bytes_of(copy) == bytes_of(made)
    assert caplog.text.count("the shard is made again") == 2


@pytest.mark.slow
def test_in_worker_processes(made: Path, copy: Path) -> None:
    flip(copy / "runs/toy/read/data/000001.parquet", 1)
    flip(copy / "runs/toy/read/data/000003.parquet", 2)
    forget_from(copy, "short")
    assert run(copy, engine=LocalPool(2)).failures == []
    assert bytes_of(copy) == bytes_of(made)


@pytest.mark.parametrize("number", [0, 2])
def test_columns_that_the_driver_cannot_read(tmp_path: Path, number: int) -> None:
    """If a stage has several inputs, the driver reads the columns of one shard of each input."""
    text = RECIPE.partition("  unique")[0] + "  both:\n    from: [read, short]\n    steps: [toolbox.shout]\n"
    assert not run(tmp_path, text).failures
    whole = bytes_of(tmp_path)
    shutil.rmtree(tmp_path / "runs/toy/both")
    for path in (tmp_path / "runs/toy/short/data").iterdir():
        content = path.read_bytes()
        path.write_bytes(content[:-40] + b"\xff" * 36 + content[-4:])
    assert not run(tmp_path, text).failures and bytes_of(tmp_path) == whole


def test_columns_of_stages_of_which_nothing_is_made(tmp_path: Path) -> None:
    """Regression: the run ended with pyarrow's error for an empty list of schemas."""
    text = RECIPE.partition("  unique")[0] + "  both:\n    from: [read, short]\n    steps: [toolbox.shout]\n"
    assert run(tmp_path, text, stage="read").failures == []
    shutil.rmtree(tmp_path / "runs/toy/read")
    [failure] = run(tmp_path, text, stage="both").failures
    assert failure.startswith("both: incomplete: 4 inputs missing: read 000000 (f0): not made")


def test_a_file_whose_input_was_deleted_after_use(tmp_path: Path) -> None:
    text = RECIPE.replace("[{toolbox.numbered: {rows: 8}}]", "{keep: false, steps: [{toolbox.numbered: {rows: 8}}]}")
    assert not run(tmp_path, text).failures and not (tmp_path / "runs/toy/read/data").exists()
    whole = bytes_of(tmp_path)
    flip(tmp_path / "runs/toy/short/data/000001.parquet", 3)
    forget_from(tmp_path, "unique")
    with pytest.raises(DataError, match=r"short/data/000001.parquet.*stage 'read', was deleted after use \(keep: fal"):
        run(tmp_path, text)
    assert not run(tmp_path, text).failures and bytes_of(tmp_path) == whole


def test_a_file_that_cannot_be_made_again_fails_the_shard_alone(
    made: Path, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(self: Numbered, shard: object) -> Iterator[None]:
        raise DataError("the disk with the crawl is not there")
        yield

    damaged = copy / "runs/toy/read/data/000001.parquet"
    flip(damaged, 3)
    forget_from(copy, "short")
    with monkeypatch.context() as patch:
        patch.setattr(Numbered, "read", read)
        result = run(copy, stage="short")
    assert any("the disk with the crawl is not there" in line for line in result.failures)
    assert any(line.startswith(f"short 000001: {damaged}: damaged, and it cannot be made") for line in result.failures)
    assert [path.name for path in sorted((copy / "runs/toy/short/data").iterdir())] == [
        "000000.parquet",
        "000002.parquet",
        "000003.parquet",
    ]
    assert run(copy).failures == [] and bytes_of(copy) == bytes_of(made)


@dataclass
class Ruining(InProcess):
    """Ruins all data of a stage as soon as it is written."""

    stage: str
    ruined: list[str] = field(default_factory=list)

    def run(self, tasks: Iterable[Any], limits: Limits, watch: Watch) -> Iterator[Outcome]:
        for outcome in super().run(tasks, limits, watch):
            if outcome.manifest is not None and outcome.task.name.stage == self.stage:
                for data in outcome.manifest.files(outcome.task.name.folder, "data"):
                    Path(data.path).write_bytes(b"\0" * data.bytes)
            yield outcome


@pytest.mark.parametrize("stage", ["read", "short"])
def test_a_disk_that_ruins_all_it_gets_ends_the_run(tmp_path: Path, stage: str) -> None:
    with pytest.raises(DataError, match=rf"{stage}/data/00000\d.parquet: was damaged 3 times"):
        run(tmp_path, engine=Ruining(stage))


def test_what_map_tasks_counted_is_counted_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: Path) -> None:
    """The damage is in the middle of a Global's stage: its map tasks have ended, and the counts of one are damaged."""

    class Damaging(InProcess):
        done = False

        def run(self, tasks: Iterable[Any], limits: Limits, watch: Watch) -> Iterator[Outcome]:
            for outcome in super().run(tasks, limits, watch):
                if type(outcome.task).__name__ == "SpillTask" and not self.done:
                    self.done = True
                    Path(reduce_tasks.shard_manifest_path(outcome.task.tasks[0])).write_bytes(b"")
                yield outcome

    assert run(tmp_path, engine=Damaging()).failures == []
    assert bytes_of(tmp_path) == bytes_of(made)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"format": 3}', b"\xff\xfe", b"null"])
@pytest.mark.parametrize("stage", STAGES)
def test_a_shard_with_an_unreadable_manifest_is_made_again(
    made: Path, copy: Path, stage: str, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Regression: an empty manifest, as a power cut leaves it, stopped every later run."""
    path = copy / f"runs/toy/{stage}/manifest/000002.json"
    path.write_bytes(content)
    assert run(copy).failures == []
    assert str(path) in caplog.text and path.read_bytes() != content
    assert bytes_of(copy) == bytes_of(made)


@pytest.mark.parametrize("name", ["facts.json", "released", "record.json", "accepted.json", "quarantine/000001.json"])
def test_other_records_that_are_unreadable_stop_no_run(made: Path, copy: Path, name: str) -> None:
    for stage in STAGES:
        path = copy / "runs/toy" / stage / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"\xff{")
    forget_from(copy, "loud")
    assert run(copy).failures == []
    assert bytes_of(copy) == bytes_of(made)


def test_an_edited_record_is_named_by_verify_and_written_again(copy: Path) -> None:
    path = copy / "runs/toy/short/record.json"
    before = path.read_bytes()
    path.write_bytes(before.replace(b'"shards": ', b'"shards": 1'))
    found = verify_stage(str(path.parent), kept=True, told=lambda stage, done, of: None)
    assert list(found.damaged) == [str(path)] and not found.good
    assert read_record(str(path.parent)) is None
    assert run(copy).failures == [] and path.read_bytes() == before


def test_work_that_was_left_over_is_deleted_when_the_stage_is_done(copy: Path) -> None:
    """A Global that was killed leaves such work if results of other settings return afterwards.

    Regression: `report` called the stage unfinished.
    """
    left = copy / "runs/toy/unique/work/scratch"
    left.mkdir(parents=True)
    assert run(copy).failures == []
    assert not left.parent.exists() and all(one.good for one in funnel(read_run(str(copy / "runs/toy"))))


def test_columns_of_one_name_and_two_types_are_refused_by_name(tmp_path: Path) -> None:
    add = "{{stages.function: {{function: 'toolbox.calls:nothing', columns: {{score: {}}}}}}}"
    text = RECIPE.partition("stages:")[0] + (
        "stages:\n  one: [{toolbox.numbered: {files: [apple], rows: 3}}, " + add.format("int") + "]\n"
        "  two: [{toolbox.numbered: {files: [oak], rows: 3}}, " + add.format("text") + "]\n"
        "  both: {from: [one, two], steps: [toolbox.shout]}\n"
    )
    with pytest.raises(RecipeError, match=r"the stages 'one' and 'two', .* score .*; rename it, or give it one type"):
        run(tmp_path, text)
