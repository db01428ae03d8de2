"""Commands that read a run name a damaged file and the remedy; none shows its contents or a traceback."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tokenmill.core.errors import DataError
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run as run_recipe
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.report import read_run
from tokenmill.pipeline.report.audit import dropped
from tokenmill.pipeline.report.diff import diff
from tokenmill.pipeline.report.explain import story
from tokenmill.pipeline.report.what_if import what_if

RECIPE = """
run: toy
excerpt: 30
stages:
  read: [{toolbox.numbered: {rows: 8}}]
  short: [toolbox.length]
  unique: [stages.exact_dedup]
"""

COMMANDS: dict[str, Callable[[str], object]] = {
    "audit": lambda run: dropped(read_run(run)),
    "explain": lambda run: list(story(read_run(run), "f2-0-3")),
    "what-if": lambda run: what_if(run, ["length.min_characters=60"], plugins="toolbox"),
    "diff": lambda run: diff(run, run),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    (folder / "r.yaml").write_text(RECIPE)
    options = Options(out=str(folder / "runs"), plugins="toolbox")
    assert not run_recipe(load_recipe(folder / "r.yaml"), InProcess(), options, progress_for("none")).failures
    return folder / "runs/toy"


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "toy")
    return tmp_path / "toy"


def damage(path: Path, seed: int) -> None:
    content, random = bytearray(path.read_bytes()), Random(seed)
    if seed < 3:
        content = [content[:-5], bytearray(len(content)), bytearray(b"")][seed]
    elif seed < 6:  # in the footer
        content[-random.randrange(1, 900)] ^= 1 << random.randrange(8)
    else:
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_sound_run_can_be_looked_at(made: Path, command: str) -> None:
    assert COMMANDS[command](str(made)) is not None


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(
    ("command", "file"),
    [
        ("audit", "short/dropped/000001"),
        ("explain", "unique/dropped/000002"),
        ("explain", "read/data/000002"),
        ("what-if", "short/data/000000"),
        ("what-if", "short/dropped/000003"),
        ("what-if", "unique/dropped/000001"),
        ("diff", "read/data/000003"),
        ("diff", "unique/dropped/000000"),
    ],
)
def test_a_damaged_file_is_named(run: Path, command: str, file: str, seed: int) -> None:
    damaged = run / f"{file}.parquet"
    damage(damaged, seed)
    with pytest.raises(DataError, match=r"pipeline verify .*run the recipe again") as caught:
        COMMANDS[command](str(run))
    assert str(damaged) in str(caught.value)


@pytest.mark.parametrize("command", ["audit", "explain"])
def test_the_program_ends_with_one_line(run: Path, command: str) -> None:
    damage(run / "short/dropped/000003.parquet", 7)
    arguments = [command, str(run), *(["f3-1-7"] if command == "explain" else ["--sample", "999"])]
    ended = subprocess.run([sys.executable, "-m", "tokenmill", *arguments], capture_output=True, text=True, check=False)
    assert ended.returncode == 1 and len(ended.stderr.splitlines()) == 1 and "short/dropped/000003" in ended.stderr
