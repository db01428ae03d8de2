"""A damaged result of earlier code that was accepted is made again by today's code, and the records say so."""

import errno
import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.io import parquet
from tokenmill.core.io.storage import FileRecord
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.reuse import reuse
from tokenmill.pipeline.driver.run import Result, prepare, preview, run
from tokenmill.pipeline.engine import Engine, Limits, Outcome, Watch
from tokenmill.pipeline.engine.local import InProcess, LocalPool
from tokenmill.pipeline.planning import plan as planning
from tokenmill.pipeline.planning.fingerprint import code_of, work_fingerprint
from tokenmill.pipeline.planning.plan import PlannedStage
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.record.ledger import Ledger

RECIPE = """
run: toy
excerpt: 0
stages:
  read: [{toolbox.numbered: {files: [f0, f1, f2], rows: 8}}, toolbox.versioned]
  short: [toolbox.versioned]
  unique: [stages.exact_dedup]
  loud: [toolbox.versioned]
"""
SHORT = RECIPE.replace("short: [", "short: [toolbox.length, ")
UNIQUE = RECIPE.replace("stages.exact_dedup", "{stages.exact_dedup: {normalize: true}}")
LOUD = RECIPE.replace("loud: [", "loud: [toolbox.length, ")
STAGES = ("read", "short", "unique", "loud")
Codes = dict[str, str]
"""{stage: one letter per shard, the code that made its results}."""


class Lab:
    """A run folder that several versions of the code use. Each version puts its name into texts."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._monkeypatch = folder, monkeypatch

    def upgrade(self, code: str) -> None:
        """From now on, all code has this version."""

        def other(*args: Any, **options: Any) -> object:
            return replace(work_fingerprint(*args, **options), code=code * 16)

        self._monkeypatch.setattr(planning, "work_fingerprint", other)
        self._monkeypatch.setenv("TOOLBOX_VERSION", code)

    def run(self, text: str = RECIPE, *, engine: Engine | None = None, **options: Any) -> Result:
        engine = engine or InProcess()
        try:
            return run(self._recipe(text), engine, self._options(**options), progress_for("none"))
        finally:
            engine.close()

    def preview(self, text: str, stage: str) -> object:
        return preview(self._recipe(text), InProcess(), self._options(), progress_for("none"), stage=stage, sample=9)

    def plan(self, text: str = RECIPE, **options: Any) -> dict[str, PlannedStage]:
        return {one.name: one for one in prepare(self._recipe(text), self._options(**options))[2]}

    def done(self, text: str = RECIPE, **options: Any) -> list[str]:
        return [name for name, planned in self.plan(text, **options).items() if planned.done]

    def codes(self, *stages: str) -> Codes:
        """Returns {stage: code of each shard} from the fingerprints of these stages. Checks that each is true."""
        self.refuse_lies(*stages)
        return {stage: "".join(self._codes(stage).values()) for stage in stages or STAGES}

    def refuse_lies(self, *stages: str) -> None:
        """Checks that each text ends in the codes of the results that it comes from: the earlier ones, then its own."""
        for stage in stages or STAGES:
            line = [self._codes(one) for one in STAGES[: STAGES.index(stage) + 1] if one != "unique"]
            for file in self._stage(stage).glob("data/*.parquet"):
                codes = [one.get(int(file.stem)) for one in line]
                if int(file.stem) in self._codes(stage) and None not in codes:
                    assert {tuple(text.split()[-len(codes) :]) for text in texts(file)} == {tuple(codes)}, file

    def flip(self, stage: str, number: int = 1) -> Path:
        path = self._stage(stage) / f"data/{number:06d}.parquet"
        flip(path)
        return path

    def files(self) -> dict[str, int]:
        """Returns {result: time of its last change}."""
        found = (path for kind in ("data", "dropped", "manifest") for path in self._stage("").glob(f"*/{kind}/*"))
        return {str(path): path.stat().st_mtime_ns for path in found}

    def _codes(self, stage: str) -> dict[int, str]:
        ledger = Ledger(str(self._stage(stage)))
        return {number: code_of(ledger.fingerprints[number])[:1] for number in ledger}

    def _stage(self, name: str) -> Path:
        return self.folder / "runs/toy" / name

    def _options(self, **options: Any) -> Options:
        return Options(str(self.folder / "runs"), plugins="toolbox", **options)

    def _recipe(self, text: str) -> Any:
        (self.folder / "r.yaml").write_text(text)
        return load_recipe(self.folder / "r.yaml")


def texts(file: Path) -> list[str]:
    found: list[str] = pq.read_table(file, columns=["text"]).column("text").to_pylist()
    return found


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink()  # it may be a link to another file, which must not change
    path.write_bytes(bytes(content))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the folder of a finished run of code "a"."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        lab = Lab(folder, patch)
        lab.upgrade("a")
        assert not lab.run().failures
    return folder


@pytest.fixture
def lab(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """Returns the lab with a copy of this run; the code is now "b"."""
    shutil.copytree(made / "runs", tmp_path / "runs")
    lab = Lab(tmp_path, monkeypatch)
    lab.upgrade("b")
    return lab


CASES = [
    (SHORT, ["read"], {"read": "aba", "short": "bbb", "unique": "bbb", "loud": "bbb"}),
    (UNIQUE, ["short"], {"read": "aaa", "short": "aba", "unique": "bbb", "loud": "bbb"}),
    (UNIQUE, ["read", "short"], {"read": "aba", "short": "aba", "unique": "bbb", "loud": "bbb"}),
    (LOUD, ["unique"], {"read": "aaa", "short": "aaa", "unique": "bbb", "loud": "bbb"}),
    (LOUD, ["short", "unique"], {"read": "aaa", "short": "aba", "unique": "bbb", "loud": "bbb"}),
    (LOUD, ["read", "short", "unique"], {"read": "aba", "short": "aba", "unique": "bbb", "loud": "bbb"}),
]


@pytest.mark.parametrize("accept_code", [pytest.param(True, marks=pytest.mark.slow), False])
@pytest.mark.parametrize(("text", "damaged", "made_by"), CASES)
def test_it_is_made_again_under_the_code_of_today(
    lab: Lab, text: str, damaged: list[str], made_by: Codes, accept_code: bool
) -> None:
    """Regression: its new bytes had the fingerprint of the earlier code, and what read it ended with "damaged 3 times".

    accept_code: whether the run that meets the damage has the option. The run before it always has it.
    """
    lab.run(accept_code=True)
    for stage in damaged:
        lab.flip(stage)
    assert not lab.run(text, accept_code=accept_code).failures
    assert lab.codes() == made_by
    before = lab.files()
    assert lab.done(text) == list(STAGES) == lab.done(text, accept_code=True)
    assert not lab.run(text).failures and not lab.run(text, accept_code=True).failures
    assert lab.files() == before


@pytest.mark.parametrize("accept_code", [pytest.param(True, marks=pytest.mark.slow), False])
@pytest.mark.parametrize("damaged", [["short"], ["read", "short"]])
def test_a_run_of_one_stage_makes_only_what_it_needs(lab: Lab, damaged: list[str], accept_code: bool) -> None:
    lab.run(accept_code=True)
    for stage in damaged:
        lab.flip(stage)
    assert not lab.run(UNIQUE, stage="unique", accept_code=accept_code).failures
    read = "aba" if "read" in damaged else "aaa"
    assert lab.codes("read", "short", "unique") == {"read": read, "short": "aba", "unique": "bbb"}
    assert lab.done(UNIQUE) == ["read", "short", "unique"]
    assert not lab.run(UNIQUE).failures and lab.done(UNIQUE) == list(STAGES)
    assert lab.codes() == {"read": read, "short": "aba", "unique": "bbb", "loud": "bbb"}


def test_what_else_reads_a_file_that_was_made_again_is_out_of_date(lab: Lab) -> None:
    """The run makes one stage, and another stage also reads the file."""
    aside = "  aside: {from: [read], steps: [toolbox.shout]}\n"
    lab.run(RECIPE + aside, accept_code=True)
    lab.flip("read")
    assert not lab.run(SHORT + aside, stage="short", accept_code=True).failures
    assert lab.done(SHORT + aside) == ["read", "short"]
    record = json.loads((lab.folder / "runs/toy/aside/record.json").read_text())
    assert record["stale"]
    assert not lab.run(SHORT + aside).failures
    assert lab.done(SHORT + aside) == [*STAGES, "aside"]


def test_results_that_were_not_accepted_are_made_again_by_the_same_work(lab: Lab) -> None:
    """Then the run is not planned again, because the new file is the same."""
    assert not lab.run().failures
    before, paths = lab.files(), [lab.flip("read"), lab.flip("short")]
    assert not lab.run(UNIQUE).failures
    assert lab.codes() == dict.fromkeys(STAGES, "bbb")
    changed = {path for path, time in lab.files().items() if before.get(path) != time}
    assert {*map(str, paths)} <= changed and not any("/read/data/000002" in path for path in changed)


@dataclass
class Killed(InProcess):
    """The driver dies after this shard was made."""

    stage: str
    number: int = 1

    def run(self, tasks: Iterable[Any], limits: Limits, watch: Watch) -> Iterator[Outcome]:
        for outcome in super().run(tasks, limits, watch):
            if outcome.task.name.stage == self.stage and outcome.task.name.number == self.number:
                raise KeyboardInterrupt
            yield outcome


@pytest.mark.slow
@pytest.mark.parametrize("next_code", ["a", "b", "c"])
@pytest.mark.parametrize("accept_code", [True, False])
@pytest.mark.parametrize("killed", ["read", "short", "unique"])
def test_a_run_that_was_killed_in_between_goes_on(lab: Lab, killed: str, accept_code: bool, next_code: str) -> None:
    """Whichever code continues, each result comes from the code that its fingerprint names."""
    lab.run(accept_code=True)
    lab.flip("read")
    lab.flip("short")
    with pytest.raises(KeyboardInterrupt):
        lab.run(UNIQUE, engine=Killed(killed, 0 if killed == "unique" else 1), accept_code=True)
    lab.refuse_lies()
    lab.upgrade(next_code)
    assert not lab.run(UNIQUE, accept_code=accept_code).failures
    assert lab.done(UNIQUE) == list(STAGES)
    lab.refuse_lies()
    if next_code == "b":
        assert lab.codes() == {"read": "aba", "short": "aba", "unique": "bbb", "loud": "bbb"}


@pytest.mark.parametrize("stage", [None, "loud"])
def test_data_that_was_deleted_after_use(lab: Lab, stage: str | None) -> None:
    def released(text: str) -> str:
        return text.replace("short: [toolbox.versioned]", "short: {keep: false, steps: [toolbox.versioned]}")

    lab.upgrade("a")
    assert not lab.run(released(RECIPE)).failures
    assert not list((lab.folder / "runs/toy/short").glob("data/*"))
    lab.upgrade("b")
    lab.run(released(RECIPE), accept_code=True)
    lab.flip("unique")
    if stage is not None:
        with pytest.raises(DataError, match=r"unique/data/000001.parquet.*stage 'short', was deleted after use"):
            lab.run(released(LOUD), accept_code=True, stage=stage)
    assert not lab.run(released(LOUD), accept_code=True).failures
    assert lab.codes() == {"read": "aaa", "short": "bbb", "unique": "bbb", "loud": "bbb"}
    assert lab.done(released(LOUD)) == list(STAGES) and not list((lab.folder / "runs/toy/short").glob("data/*"))


@pytest.mark.parametrize("stage", STAGES)
def test_a_damaged_result_in_kept_is_made_by_the_code_of_today(lab: Lab, stage: str) -> None:
    """Regression: today's code made it, but under the fingerprint of the earlier code."""
    for one in STAGES:
        reuse(lab.plan()[one])
    for path in (lab.folder / "runs/toy" / stage).glob("kept/*/data/000001.parquet"):
        flip(path)
    assert not lab.run(accept_code=True).failures
    lab.refuse_lies()
    made_again = "bbb" if stage == "unique" else "aba"
    after = {"read": made_again} if stage == "read" else {}
    assert lab.codes(stage) == {stage: made_again} and after.items() <= lab.codes().items()
    assert lab.done() == list(STAGES)


def test_a_result_in_kept_that_cannot_be_read_ends_the_run(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    for one in STAGES:
        reuse(lab.plan()[one])

    def no_luck(path: str) -> FileRecord:
        raise OSError(errno.EIO, "Input/output error", path)

    with monkeypatch.context() as patch:
        patch.setattr(parquet, "file_record", no_luck)
        with pytest.raises(DataError, match=r"toy/read: 3 results of earlier code.*cannot be read now"):
            lab.run(accept_code=True)
    lab.refuse_lies()
    assert not lab.run(accept_code=True).failures
    assert lab.codes() == dict.fromkeys(STAGES, "aaa")


def test_facts_of_earlier_code_are_not_counted_by_the_code_of_today(lab: Lab) -> None:
    """Regression: today's code counted them again, but under the fingerprint of the earlier code."""
    lab.run(accept_code=True)
    flip(lab.folder / "runs/toy/unique/facts.json")
    assert not lab.run().failures
    assert lab.codes() == {"read": "aaa", "short": "aaa", "unique": "bbb", "loud": "bbb"}
    assert lab.done() == list(STAGES)


def test_a_preview_over_a_damaged_file(lab: Lab) -> None:
    lab.run(accept_code=True)
    lab.flip("short")
    lab.flip("read")
    lab.preview(UNIQUE, "unique")
    assert lab.codes("read", "short") == {"read": "aba", "short": "aba"}
    assert lab.plan(UNIQUE)["unique"].shards[0].fingerprint != Ledger(f"{lab.folder}/runs/toy/unique").fingerprints[0]
    assert not lab.run(UNIQUE).failures
    assert lab.codes() == {"read": "aba", "short": "aba", "unique": "bbb", "loud": "bbb"}


def test_a_preview_of_results_in_kept_makes_nothing_under_their_name(lab: Lab) -> None:
    lab.run(accept_code=True)
    reuse(replace(lab.plan()["unique"], shards=()))
    with pytest.raises(RecipeError, match="`pipeline run` brings its results back from kept/"):
        lab.preview(RECIPE, "unique")
    assert not (lab.folder / "runs/toy/unique/work").exists()


@dataclass
class Ruining(InProcess):
    """Ruins all data of a stage as soon as it is written."""

    stage: str

    def run(self, tasks: Iterable[Any], limits: Limits, watch: Watch) -> Iterator[Outcome]:
        for outcome in super().run(tasks, limits, watch):
            if outcome.manifest is not None and outcome.task.name.stage == self.stage:
                for data in outcome.manifest.files(outcome.task.name.folder, "data"):
                    flip(Path(data.path))
            yield outcome


@pytest.mark.parametrize("stage", ["read", "short"])
def test_a_disk_that_ruins_what_is_made_again_ends_the_run(lab: Lab, stage: str) -> None:
    lab.run(accept_code=True)
    lab.flip(stage)
    with pytest.raises(DataError, match=rf"{stage}/data/00000\d.parquet: was damaged 3 times"):
        lab.run(SHORT if stage == "read" else UNIQUE, engine=Ruining(stage))
    assert not lab.run(SHORT if stage == "read" else UNIQUE).failures
    lab.refuse_lies()


def test_accepted_gaps_stay_accepted(lab: Lab) -> None:
    """The stages after a gap are planned without the missing shards, also when they are planned again."""

    def gap(text: str) -> str:
        return text.replace("rows: 8", "rows: 8, unreadable: [f2]")

    lab.upgrade("a")
    lab.run(gap(RECIPE), allow_missing=True)
    lab.upgrade("b")
    lab.run(gap(RECIPE), allow_missing=True, accept_code=True)
    assert lab.codes() == dict.fromkeys(STAGES, "aa")
    lab.flip("short")
    result = lab.run(gap(UNIQUE), allow_missing=True)
    assert not result.failures and len(result.warnings) == len({*result.warnings})
    assert lab.codes() == {"read": "aa", "short": "ab", "unique": "bb", "loud": "bb"}


@pytest.mark.slow
@pytest.mark.parametrize(("text", "damaged", "made_by"), CASES)
def test_in_worker_processes(lab: Lab, text: str, damaged: list[str], made_by: Codes) -> None:
    lab.run(accept_code=True)
    for stage in damaged:
        lab.flip(stage)
    assert not lab.run(text, engine=LocalPool(2)).failures
    assert lab.codes() == made_by and lab.done(text) == list(STAGES)
