"""Fixtures that run the program: in its own process, as a person at a terminal starts it, or in the test's process."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import tokenmill
from tokenmill.cli import main

PLUGINS = Path(__file__).parents[1] / "plugins"

Pipeline = Callable[..., "subprocess.CompletedProcess[str]"]


@dataclass(frozen=True)
class Called:
    """The result of a command that ran in this process."""

    code: int
    out: str
    err: str


Call = Callable[..., Called]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs `pipeline ARGUMENTS` in tmp_path and in this process, which saves the time to start another one."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Called:
        monkeypatch.setattr(sys, "argv", ["pipeline", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Called(ended.value.code, out, err)

    return call


def environment() -> dict[str, str]:
    """Returns an environment in which this package and the tests' plug-ins are importable in any working directory."""
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(PLUGINS), str(Path(tokenmill.__file__).parents[1])])}


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """Runs `pipeline ARGUMENTS` in tmp_path."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tokenmill", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., "subprocess.Popen[str]"]:
    """Starts `pipeline ARGUMENTS` in tmp_path and returns at once."""

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tokenmill", *arguments]
        return subprocess.Popen(command, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True)

    return start


@pytest.fixture
def toy_recipe() -> str:
    """Returns a recipe that reads numbered documents and drops short ones, with units of the tests' plug-ins."""
    return "run: toy\nexcerpt: 0\nstages:\n  read: [toolbox.numbered]\n  short: [toolbox.length]\n"
