"""The commands, options and help are those in golden/help.txt, so that they change only on purpose."""

import difflib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from tokenmill.cli.app import app
from tokenmill.cli.sections import EXAMPLES, SECTIONS
from tokenmill.core.version import __version__

GOLDEN = Path(__file__).parents[1] / "golden" / "help.txt"
WRITE = "TOKENMILL_WRITE_HELP"
"""An environment variable. If it is set, the test writes the file instead of comparing it."""


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, command in sorted(group.commands.items()):
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


def test_commands_and_help_are_the_recorded_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    parts = []
    for path in commands(get_command(app)):
        done = CliRunner().invoke(app, [*path, "-h"], prog_name="pipeline")
        assert done.exit_code == 0, path
        parts.append(done.output)
    found = "\n".join(parts)
    if os.environ.get(WRITE):
        GOLDEN.write_text(found)
    changed = difflib.unified_diff(GOLDEN.read_text().splitlines(), found.splitlines(), "recorded", "now", lineterm="")
    assert found == GOLDEN.read_text(), "\n".join([*changed, f"If this is wanted: {WRITE}=1 pytest {__file__}"])


def test_every_command_has_a_section() -> None:
    names = [name for names in SECTIONS.values() for name in names]
    assert sorted(names) == sorted(get_command(app).commands)  # type: ignore[attr-defined]
    assert set(EXAMPLES) <= set(names)


def test_examples_name_options_that_exist() -> None:
    for name, lines in EXAMPLES.items():
        text = CliRunner().invoke(app, [name, "--help"]).output.partition("Examples:")[0]
        for line in lines:
            assert line.split()[0] == name
            for option in re.findall(r"--[a-z-]+", line):
                assert option in text, line


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--version"], 0, f"tokenmill {__version__}"),
        (["--help"], 0, "Look at a run:"),
        (["dedup", "-h"], 0, "Measure the share of near-duplicates that MinHash found, by true"),
        (["nothing"], 2, "No such command"),
        (["run"], 2, "Missing argument"),
        (["run", "r.yaml", "--nothing"], 2, "No such option"),
        (["run", "r.yaml", "--limit", "0"], 2, "Invalid value"),
    ],
)
def test_exit_codes_of_the_program_itself(arguments: list[str], code: int, said: str) -> None:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == code and said in done.output


@pytest.mark.parametrize("group", [[], ["dedup"]])
def test_a_program_or_group_without_a_command_shows_its_whole_help(group: list[str]) -> None:
    """Regression: its middle was left out, as in a message that is longer than a screen."""
    program = [sys.executable, "-m", "tokenmill", *group]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    asked = subprocess.run([*program, "-h"], capture_output=True, text=True, check=True)
    assert (done.returncode, done.stdout, done.stderr.strip()) == (2, "", asked.stdout.strip())


def test_commands_that_show_a_result_have_it_as_json() -> None:
    groups = {"", "dedup", "kernels", "models", "tokens", "train"}
    assert {" ".join(path) for path in commands(get_command(app)) if "--json" not in helped(path)} == groups | {
        "submit"
    }  # it passes --json on to `pipeline run`


def helped(path: tuple[str, ...]) -> str:
    return CliRunner().invoke(app, [*path, "-h"]).output
