"""A run folder of another format is refused before anything in it is used or changed, and the error says what to do."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tokenmill.core.errors import RecipeError
from tokenmill.core.version import __version__
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import prepare, run
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.record.kept import clean_run
from tokenmill.pipeline.record.manifest import FORMAT
from tokenmill.pipeline.record.run_format import check_format, format_line
from tokenmill.pipeline.report import read_run

RECIPE = """
run: toy
excerpt: 0
stages:
  read: [{toolbox.numbered: {files: [f0]}}]
"""


def made(folder: Path) -> Path:
    """Returns the folder of a finished run."""
    (folder / "r.yaml").write_text(RECIPE)
    run(load_recipe(folder / "r.yaml"), InProcess(), _options(folder), progress_for("none"))
    return folder / "runs/toy"


def _options(folder: Path) -> Options:
    return Options(str(folder / "runs"), plugins="toolbox")


def state(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


OPENINGS: list[Callable[[Path], object]] = [
    lambda folder: prepare(load_recipe(folder / "r.yaml"), _options(folder)),
    lambda folder: run(load_recipe(folder / "r.yaml"), InProcess(), _options(folder), progress_for("none")),
    lambda folder: read_run(str(folder / "runs/toy")),
    lambda folder: clean_run(str(folder / "runs/toy")),
    lambda folder: run(
        load_recipe(folder / "r.yaml"),
        InProcess(),
        Options(str(folder / "other"), plugins="toolbox", reuse=str(folder / "runs/toy")),
        progress_for("none"),
    ),
]


@pytest.mark.parametrize("opening", OPENINGS, ids=["plan", "run", "report", "clean", "reuse"])
@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"", r"format 2, written by an earlier tokenmill\. .*Use an earlier tokenmill, or give another folder"),
        (
            b"# run folder of format 999, written by tokenmill 7.1\n",
            r"toy: a run folder of format 999, written by tokenmill 7\.1\. This is tokenmill .*, which uses format \d\."
            r" Upgrade tokenmill, or give another folder with --out",
        ),
        (b"# run folder of format 1, written by tokenmill 0.0.1\n", r"Use tokenmill 0\.0\.1, or give another folder"),
    ],
    ids=["unmarked", "newer", "older"],
)
def test_a_folder_of_another_format_is_refused_and_not_changed(
    tmp_path: Path, line: bytes, told: str, opening: Callable[[Path], object]
) -> None:
    recipe = made(tmp_path) / "recipe.yaml"
    recipe.write_bytes(line + recipe.read_bytes().partition(b"\n")[2])
    before = state(tmp_path)
    with pytest.raises(RecipeError, match=told):
        opening(tmp_path)
    assert state(tmp_path) == before


def test_a_run_has_the_format_of_its_manifests_and_the_version_that_wrote_it(tmp_path: Path) -> None:
    folder = made(tmp_path)
    first = (folder / "recipe.yaml").read_bytes().splitlines(keepends=True)[0]
    assert first == format_line() == f"# run folder of format {FORMAT}, written by tokenmill {__version__}\n".encode()
    check_format(str(folder))
    check_format(str(tmp_path / "no run here"))
