"""After an upgrade, `--accept-code` keeps results whose settings and input are the same, and records that it did."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.reuse import reuse
from tokenmill.pipeline.driver.run import prepare, run
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning import plan as planning
from tokenmill.pipeline.planning.fingerprint import work_fingerprint
from tokenmill.pipeline.planning.plan import PlannedStage
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.report import read_run
from tokenmill.pipeline.report.funnel import funnel
from tokenmill.pipeline.report.plan_table import outlooks

STAGES = ("read", "short", "unique", "lines")
RECIPE = """
run: toy
excerpt: 0
stages:
  read: [{toolbox.numbered: {files: [f0, f1, f2]}}]
  short: [toolbox.length]
  unique: [stages.exact_dedup]
  lines: [stages.write_jsonl]
"""


class Lab:
    """A run folder that several versions of the code use."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._monkeypatch = folder, monkeypatch

    def upgrade(self, code: str) -> None:
        """From now on, all code has this version."""

        def other(*args: Any, **options: Any) -> object:
            return replace(work_fingerprint(*args, **options), code=code * 16)

        self._monkeypatch.setattr(planning, "work_fingerprint", other)

    def run(self, text: str = RECIPE, *, accept_code: bool = False) -> None:
        options = Options(str(self.folder / "runs"), plugins="toolbox", accept_code=accept_code)
        assert not run(self._recipe(text), InProcess(), options, progress_for("none")).failures

    def plan(self, text: str = RECIPE, *, accept_code: bool = False) -> dict[str, PlannedStage]:
        options = Options(str(self.folder / "runs"), plugins="toolbox", accept_code=accept_code)
        return {planned.name: planned for planned in prepare(self._recipe(text), options)[2]}

    def done(self, text: str = RECIPE, *, accept_code: bool = False) -> list[str]:
        return [name for name, planned in self.plan(text, accept_code=accept_code).items() if planned.done]

    def files(self, *stages: str) -> dict[str, int]:
        """Returns {result: time of its last change} for these stages."""
        found = (path for stage in stages for path in (self.folder / "runs/toy" / stage).rglob("*") if path.is_file())
        kept = (path for path in found if path.name not in ("accepted.json", "released", "record.json"))
        return {str(path): path.stat().st_mtime_ns for path in kept}

    def accepted(self, stage: str) -> list[dict[str, object]]:
        path = self.folder / "runs/toy" / stage / "accepted.json"
        found: list[dict[str, object]] = json.loads(path.read_text())["accepted"] if path.exists() else []
        return found

    def _recipe(self, text: str) -> Any:
        (self.folder / "r.yaml").write_text(text)
        return load_recipe(self.folder / "r.yaml")


def results(files: dict[str, int]) -> dict[str, int]:
    """Returns the files without manifests, which are written again when a result returns."""
    return {path: changed for path, changed in files.items() if "/manifest/" not in path}


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """Returns the lab after a finished run of code "a"; the code is now "b"."""
    lab = Lab(tmp_path, monkeypatch)
    lab.upgrade("a")
    lab.run()
    lab.upgrade("b")
    return lab


def test_results_of_other_code_are_not_done_and_plan_says_how_to_keep_them(lab: Lab) -> None:
    planned = lab.plan()
    assert not [name for name in STAGES if planned[name].done]
    assert planned["read"].only_code == 3
    assert next(outlooks(planned["read"])).endswith("--accept-code keeps them")


def test_accepted_results_stay_for_all_later_runs_of_this_code(lab: Lab) -> None:
    before = lab.files(*STAGES)
    assert lab.done(accept_code=True) == list(STAGES)
    lab.run(accept_code=True)
    assert lab.files(*STAGES) == before and lab.done() == list(STAGES)
    lab.run()
    assert lab.files(*STAGES) == before
    assert lab.accepted("short") == [{"made_by": "a" * 16, "counts_as": "b" * 16, "results": 3}]
    assert [one.accepted for one in funnel(read_run(str(lab.folder / "runs/toy")))] == [3, 3, 3, 3]
    lab.upgrade("c")
    assert lab.done() == []
    lab.upgrade("a")
    assert lab.done() == list(STAGES)


def test_what_runs_after_accepted_stages_is_made_once(lab: Lab) -> None:
    changed = RECIPE.replace("toolbox.length", "{toolbox.length: {min_characters: 50}}")
    before = lab.files("read")
    lab.run(changed, accept_code=True)
    assert lab.files("read") == before and lab.accepted("short") == []
    made = lab.files(*STAGES)
    lab.run(changed)
    assert lab.files(*STAGES) == made
    funnels = funnel(read_run(str(lab.folder / "runs/toy")))
    assert [one.accepted for one in funnels] == [3, 0, 0, 0] and all(one.balanced for one in funnels)


def test_results_in_kept_are_accepted_and_return(lab: Lab) -> None:
    """Regression: a run without --accept-code had set them aside; the next one did not find them and made all again."""
    before = lab.files(*STAGES)
    for stage in STAGES:
        reuse(lab.plan()[stage])
    assert lab.done() == [] and lab.plan()["read"].only_code == 3
    assert all(one.accepted for one in lab.plan(accept_code=True).values())
    lab.run(accept_code=True)
    assert lab.files(*STAGES).items() >= results(before).items()
    assert lab.done() == list(STAGES)


def test_results_of_accepted_code_come_before_those_in_kept(lab: Lab) -> None:
    lab.run()  # the results of code a go to kept/
    lab.upgrade("c")
    lab.run(accept_code=True)
    assert [one["made_by"] for one in lab.accepted("short")] == ["b" * 16]
    assert lab.done() == list(STAGES)


def test_results_of_input_that_was_made_again_are_not_accepted(lab: Lab) -> None:
    for stage in ("short", "unique", "lines"):
        lab.folder.joinpath("runs/toy", stage).rename(lab.folder / stage)
    lab.run(RECIPE.partition("  unique")[0])  # code b makes read and short again
    for stage in ("unique", "lines"):
        (lab.folder / stage).rename(lab.folder / "runs/toy" / stage)
    assert lab.done(accept_code=True) == ["read", "short"]


def test_a_result_that_is_not_whole_is_not_accepted(lab: Lab) -> None:
    (lab.folder / "runs/toy/read/data/000001.parquet").write_bytes(b"")
    planned = lab.plan(accept_code=True)["read"]
    assert [shard.done for shard in planned.shards] == [True, False, True]
    assert planned.shards[1].fingerprint.split("-")[1] == "b" * 16


@pytest.mark.parametrize("stage", ["unique", "lines"])
def test_a_global_is_accepted_as_a_whole_or_not_at_all(lab: Lab, stage: str) -> None:
    """Its results are parts of one decision, so other code must not make the rest of them."""
    (lab.folder / "runs/toy" / stage / "manifest/000001.json").unlink()
    planned = lab.plan(accept_code=True)[stage]
    assert not planned.accepted and not any(shard.done for shard in planned.shards)


def test_a_writers_results_are_accepted_only_with_its_files(lab: Lab) -> None:
    (lab.folder / "runs/toy/lines/manifest/corpus.json").unlink()
    assert not lab.plan(accept_code=True)["lines"].accepted


def test_deleted_data_that_is_needed_again_is_made_by_the_code_of_today(lab: Lab) -> None:
    text = RECIPE.replace("  short: [toolbox.length]", "  short: {keep: false, steps: [toolbox.length]}")
    lab.upgrade("a")
    lab.run(text)
    assert not list((lab.folder / "runs/toy/short").glob("data/*"))
    lab.upgrade("b")
    assert lab.done(text, accept_code=True) == list(STAGES)
    changed = text.replace("stages.exact_dedup", "{stages.exact_dedup: {normalize: true}}")
    planned = lab.plan(changed, accept_code=True)
    assert planned["read"].accepted and not planned["short"].accepted and not planned["short"].done
