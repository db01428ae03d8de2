"""A run of one stage, or an interrupted run, says which results no longer match the recipe."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tokenmill.core.errors import DataError
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run as run_recipe
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning import plan as planning
from tokenmill.pipeline.planning.fingerprint import work_fingerprint
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.report import read_run
from tokenmill.pipeline.report.funnel import funnel
from tokenmill.pipeline.report.summary import Summary, lines, summary_of

RECIPE = """
run: toy
excerpt: 0
stages:
  read: [toolbox.numbered]
  short: [{toolbox.length: {min_characters: MIN}}]
  unique: [stages.exact_dedup]
  last: [BROKEN]
"""


def run(folder: Path, least: int = 20, broken: str = "{toolbox.broken: {on: nothing}}", **options: object) -> Summary:
    (folder / "r.yaml").write_text(RECIPE.replace("MIN", str(least)).replace("BROKEN", broken))
    chosen = Options(out=str(folder / "runs"), plugins="toolbox", **options)  # type: ignore[arg-type]
    run_recipe(load_recipe(folder / "r.yaml"), InProcess(), chosen, progress_for("none"))
    return summary_of(str(folder / "runs" / ("toy--mark-only" if chosen.mark_only else "toy")))


def states(folder: Path) -> dict[str, str]:
    return {one.stage: one.state for one in funnel(read_run(str(folder / "runs/toy")))}


def test_stages_after_one_that_ran_alone_are_out_of_date(tmp_path: Path) -> None:
    """Regression: their old results were added to the new ones without a warning."""
    whole = run(tmp_path)
    assert not whole.warnings
    part = run(tmp_path, 40, stage="short")
    assert part.warnings == ["stages unique, last are out of date: run the whole recipe"]
    assert sum(part.kept.values()) == part.read - sum(part.dropped.values()) and list(part.dropped) == [
        "length.short",
        "numbered.damaged",
    ]
    assert states(tmp_path)["unique"] == "out of date: run the whole recipe"
    assert run(tmp_path, 20, stage="short") == whole and set(states(tmp_path).values()) == {"complete"}
    run(tmp_path, 40, stage="short")
    assert not run(tmp_path, 40).warnings and set(states(tmp_path).values()) == {"complete"}


def test_stages_that_wait_are_named(tmp_path: Path) -> None:
    found = run(tmp_path, stage="read")
    assert found.warnings == ["stages short, unique, last have not run yet: run the whole recipe"]
    assert sum(found.kept.values()) == found.read - found.dropped["numbered.damaged"]


def test_stages_after_one_that_failed_are_out_of_date(tmp_path: Path) -> None:
    """Regression: the record of an earlier run still called them complete."""
    run(tmp_path)
    with pytest.raises(DataError, match="stage 'last' stops"):
        run(tmp_path, 40, broken="toolbox.broken")
    assert states(tmp_path)["unique"] == "complete" and states(tmp_path)["last"] != "complete"
    with pytest.raises(DataError, match="stage 'short' stops"):
        run_broken_first(tmp_path)
    assert states(tmp_path)["unique"] == "out of date: run the whole recipe"


def run_broken_first(folder: Path) -> None:
    text = RECIPE.replace("{toolbox.length: {min_characters: MIN}}", "toolbox.broken").replace(
        "BROKEN", "toolbox.length"
    )
    (folder / "r.yaml").write_text(text)
    chosen = Options(out=str(folder / "runs"), plugins="toolbox")
    run_recipe(load_recipe(folder / "r.yaml"), InProcess(), chosen, progress_for("none"))


def test_a_run_that_marks_says_how_many_would_be_kept(tmp_path: Path) -> None:
    """Regression: it said that all documents were kept."""
    dropped, marked = run(tmp_path), run(tmp_path, mark_only=True)
    assert sum(marked.kept.values()) == marked.read and marked.marked["length.short"] == dropped.dropped["length.short"]
    first, last = lines(marked)
    gone = sum(marked.marked.values())
    assert first == f"documents: {marked.read:,} read, {marked.read - gone:,} would be kept, {gone:,} marked"
    assert last.startswith("marked most by: length.short ")


def test_a_stage_that_lets_nothing_through_is_named_with_its_rule(tmp_path: Path) -> None:
    found = run(tmp_path, 10**6)
    count = found.dropped["length.short"]
    assert sum(found.kept.values()) == 0
    assert found.warnings == [f"stage 'short' kept none of its {count:,} documents; length.short dropped {count:,}"]


def test_documents_on_which_a_step_raised_are_in_a_warning(tmp_path: Path) -> None:
    """Regression: a run that lost such documents ended without a warning."""
    found = run(tmp_path, broken="{toolbox.broken: {on: '7'}}")
    count = found.dropped["broken.error"]
    assert found.warnings == [
        f"{count} documents were dropped because a step raised (broken.error); the log says where"
    ]


def test_each_branch_has_a_count_of_its_own(tmp_path: Path) -> None:
    """Regression: their sum was reported as the number of documents that the run kept, 200 % of those that it read."""
    branches = "  left: {from: [read], steps: [toolbox.length]}\n  right: {from: [read], steps: [toolbox.length]}\n"
    (tmp_path / "r.yaml").write_text("run: toy\nstages:\n  read: [toolbox.numbered]\n" + branches)
    options = Options(out=str(tmp_path / "runs"), plugins="toolbox")
    run_recipe(load_recipe(tmp_path / "r.yaml"), InProcess(), options, progress_for("none"))
    found = summary_of(str(tmp_path / "runs/toy"))
    assert found.kept.keys() == {"left", "right"}
    assert lines(found)[0].endswith(f"kept: {found.kept['left']:,} in left, {found.kept['right']:,} in right")


GAPS = """
run: toy
excerpt: 0
stages:
  read: [{toolbox.numbered: {unreadable: [f2]}}]
  unique: [{stages.exact_dedup: {normalize: UNIQUE}}]
  last: [{toolbox.length: {min_characters: LAST}}]
"""


def run_with_gaps(folder: Path, *, unique: str = "false", last: int = 20, **options: object) -> dict[str, bool]:
    """Runs the recipe and returns {stage: whether it is out of date}."""
    text = GAPS.replace("UNIQUE", unique).replace("LAST", str(last))
    (folder / "r.yaml").write_text(text)
    chosen = Options(out=str(folder / "runs"), plugins="toolbox", **options)  # type: ignore[arg-type]
    run_recipe(load_recipe(folder / "r.yaml"), InProcess(), chosen, progress_for("none"))
    return {one.stage: one.stale for one in funnel(read_run(str(folder / "runs/toy")))}


def upgrade(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """From now on, all code has this version."""

    def other(*args: Any, **options: Any) -> object:
        return replace(work_fingerprint(*args, **options), code=code * 16)

    monkeypatch.setattr(planning, "work_fingerprint", other)


@pytest.mark.parametrize("changed", [{"unique": "true"}, {"last": 40}, {"unique": "true", "last": 40}])
def test_accepted_gaps_hide_no_changed_settings(tmp_path: Path, changed: dict[str, Any]) -> None:
    """Regression: with --allow-missing, a stage that lacks inputs was never out of date; the report said "accepted"."""
    fresh = dict.fromkeys(("read", "unique", "last"), False)
    assert run_with_gaps(tmp_path, allow_missing=True) == fresh
    again = run_with_gaps(tmp_path, **changed, stage="read", allow_missing=True)
    assert again == fresh | dict.fromkeys(changed, True)
    assert run_with_gaps(tmp_path, **changed, allow_missing=True) == fresh


def test_accepted_gaps_hide_no_changed_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade(monkeypatch, "a")
    fresh = run_with_gaps(tmp_path, allow_missing=True)
    upgrade(monkeypatch, "b")
    assert run_with_gaps(tmp_path, stage="read", allow_missing=True) == fresh | {"unique": True, "last": True}


def test_gaps_alone_make_no_stage_out_of_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade(monkeypatch, "a")
    fresh = run_with_gaps(tmp_path, allow_missing=True)
    assert not any(fresh.values()) and run_with_gaps(tmp_path, stage="read") == fresh
    upgrade(monkeypatch, "b")
    assert run_with_gaps(tmp_path, allow_missing=True, accept_code=True) == fresh
    assert run_with_gaps(tmp_path, stage="read") == fresh  # accepted code counts as today's code
    before = sorted(path.stat().st_mtime_ns for path in tmp_path.glob("runs/toy/*/data/*"))
    assert run_with_gaps(tmp_path, allow_missing=True) == fresh
    assert sorted(path.stat().st_mtime_ns for path in tmp_path.glob("runs/toy/*/data/*")) == before
