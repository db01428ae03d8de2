"""The notes of steps are added over batches, shards and stages, whatever runs them, and none is lost."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from tokenmill.cli.app import app
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run
from tokenmill.pipeline.engine.local import InProcess, LocalPool
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.record.notes import KEPT_NAMES, SHOWN_NAMES, ByStep, Notes, add_facts, add_notes, notes_facts
from tokenmill.pipeline.record.stage_record import read_record
from tokenmill.pipeline.report import read_run
from tokenmill.pipeline.report.funnel import funnel

TEXTS = ["a ?b ?c", "?b again", "nothing", "?b ! ?d", "?[red] ?c"]
COUNTS = {"?b": 2, "?c": 2, "?[red]": 1}  # the row that raises has no notes
STAGES = {
    "alone": "[toolbox.noting]",
    "before a global": "[toolbox.noting, stages.exact_dedup]",
}


def run_texts(folder: Path, stage: str, workers: int = 0, *, mark_only: bool = False) -> str:
    for number, text in enumerate(TEXTS):
        (folder / f"{number}.jsonl").write_text(json.dumps({"id": str(number), "text": text}) + "\n")
    read = f"{{stages.read_table: {{paths: '{folder}/*.jsonl', shard_bytes: 1}}}}"
    recipe = f"run: r\nexcerpt: 0\nstages:\n  read: [{read}]\n  work: {stage}\n"
    (folder / "r.yaml").write_text(recipe)
    options = Options(out=str(folder), plugins="toolbox", mark_only=mark_only)
    run(load_recipe(folder / "r.yaml"), LocalPool(workers) if workers else InProcess(), options, progress_for("none"))
    return str(folder / ("r--mark-only" if mark_only else "r"))


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("mark_only", [False, True])
def test_the_report_and_the_record_have_the_notes_of_all_shards(tmp_path: Path, stage: str, mark_only: bool) -> None:
    folder = run_texts(tmp_path, STAGES[stage], mark_only=mark_only)
    notes = funnel(read_run(folder))[1].notes["noting"]["odd words"]
    assert {name: times for name, (times, _) in notes.names.items()} == COUNTS and notes.total == 5
    assert notes.names["?c"] == [2, "a ?b ?c"]
    record = read_record(f"{folder}/work")
    assert record is not None and record.notes["noting"]["odd words"]["total"] == 5
    assert [name for name, _, _ in record.notes["noting"]["odd words"]["names"]] == ["?b", "?c", "?[red]"]


def test_workers_make_the_same_notes(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    one, two = (
        run_texts(folder, STAGES["before a global"], workers) for folder, workers in zip(folders, (0, 2), strict=True)
    )
    assert vars(read_record(f"{one}/work"))["notes"] == vars(read_record(f"{two}/work"))["notes"] != {}


def test_commands_show_the_notes(tmp_path: Path) -> None:
    folder = run_texts(tmp_path, STAGES["alone"])
    reported = CliRunner().invoke(app, ["report", folder])
    assert "work: 5 odd words in noting" in reported.output and "?[red]" in reported.output
    as_json = json.loads(CliRunner().invoke(app, ["report", folder, "--json"]).output)
    assert as_json[1]["notes"]["noting"]["odd words"]["names"][0] == ["?b", 2, "a ?b ?c"]
    audited = CliRunner().invoke(app, ["audit", folder, "--templates"])
    assert "?[red]" in audited.output and "a ?b ?c" in audited.output
    found = json.loads(CliRunner().invoke(app, ["audit", folder, "--templates", "--json"]).output)
    assert found["work"]["noting"]["odd words"]["total"] == 5
    assert CliRunner().invoke(app, ["audit", folder, "--templates", "--rule", "x"]).exit_code != 0


NAMES = st.sampled_from([f"n{number}" for number in range(12)])
BATCHES = st.lists(st.dictionaries(NAMES, st.tuples(st.integers(1, 5), st.text(max_size=3)), max_size=5), max_size=6)


@given(BATCHES, BATCHES)
def test_the_sum_of_two_shards_is_that_of_their_batches(
    one: list[dict[str, tuple[int, str]]], other: list[dict[str, tuple[int, str]]]
) -> None:
    whole: ByStep = {}
    shards: ByStep = {}
    for batches in (one, other):
        shard: ByStep = {}
        for batch in batches:
            for sums in (shard, whole):
                add_notes(sums, "step", {"topic": batch} if batch else {})
        add_facts(shards, json.loads(json.dumps(notes_facts(shard))))
    assert shards == whole
    if whole:
        counted: Counter[str] = Counter()
        for batch in one + other:
            counted.update({name: times for name, (times, _) in batch.items()})
        assert {name: times for name, (times, _) in whole["step"]["topic"].names.items()} == counted


def test_rare_names_of_a_shard_only_count() -> None:
    notes = Notes()
    for number in range(30_000):
        notes.count(f"n{number:05d}", 1 + (number == 7), "x" * 999)
    facts: Any = notes_facts({"step": {"topic": notes}})
    sums: ByStep = {}
    add_facts(sums, facts)
    add_facts(sums, facts)
    kept = sums["step"]["topic"]
    assert kept.total == 2 * 30_001 and len(kept.names) == KEPT_NAMES and len(notes.names) < 30_000
    assert kept.most_frequent(SHOWN_NAMES)[0] == ("n00007", 4, "x" * 200)
