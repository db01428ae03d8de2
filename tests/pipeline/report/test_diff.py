"""A diff names every document whose fate differs between two runs, and no other."""

from pathlib import Path

import pytest

from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run as run_recipe
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.report import read_run
from tokenmill.pipeline.report.audit import dropped
from tokenmill.pipeline.report.diff import diff

RECIPE = """
run: toy
excerpt: 0
stages:
  read: [{toolbox.numbered: {files: [f0, f1]}}]
  short: [{toolbox.length: {min_characters: 60}}]
  unique: [stages.exact_dedup]
"""


def run(folder: Path, out: str, text: str, *, mark_only: bool = False) -> str:
    (folder / "r.yaml").write_text(text)
    options = Options(out=str(folder / out), plugins="toolbox", mark_only=mark_only)
    assert not run_recipe(load_recipe(folder / "r.yaml"), InProcess(), options, progress_for("none")).failures
    return options.folder("toy")


def test_a_run_does_not_differ_from_itself_nor_from_its_marks(tmp_path: Path) -> None:
    plain, marked = (run(tmp_path, out, RECIPE, mark_only=out == "m") for out in "pm")
    for other in (plain, marked):
        found = diff(plain, other)
        assert found.differ == 0 and found.documents == 80 and found.kept_a == found.kept_b > 0


@pytest.mark.parametrize("mark_only", [False, True])
def test_documents_that_another_threshold_moves_are_named(tmp_path: Path, mark_only: bool) -> None:
    a = run(tmp_path, "a", RECIPE, mark_only=mark_only)
    b = run(tmp_path, "b", RECIPE.replace("60", "120"))
    found = diff(a, b, sample=1000)
    gone = {row["id"] for row in dropped(read_run(b), "length").to_dicts() if int(row["drop_measured"]) >= 60}
    [move] = found.moves
    assert (move.before, move.after, move.documents) == ("kept", "length.short", len(gone))
    assert {one.id for one in move.examples} == gone and str(move.examples[0].url).startswith("http://toy/")
    assert found.kept_a - found.kept_b == len(gone) > 0


def test_documents_of_one_run_alone_are_not_read_in_the_other(tmp_path: Path) -> None:
    found = diff(run(tmp_path, "a", RECIPE), run(tmp_path, "b", RECIPE.replace("f0, f1", "f1")))
    assert {move.after for move in found.moves} == {"not read"} and found.differ == 40
