"""The exit codes of commands are those of this table, so that they change only on purpose."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Call

CODES = {
    "run good.yaml": 0,
    "report runs/good": 0,
    "verify runs/good": 0,
    "plan good.yaml": 0,
    "--version": 0,
    "run new.yaml --stage short": 1,  # its input has not been made
    "report runs/new": 1,
    "run unreadable.yaml --allow-missing": 0,
    "report runs/unreadable --json": 0,
    "run unreadable.yaml": 1,
    "report runs/unreadable": 1,  # a shard is missing
    "run damaged.yaml": 0,
    "verify runs/damaged": 1,
    "tokens verify nowhere": 1,
    "report nowhere": 2,
    "run wrong.yaml": 2,
    "run missing.yaml": 2,
    "run good.yaml --workers x": 2,
    "run good.yaml --nothing": 2,
    "run": 2,
    "nothing": 2,
    "": 2,
}
"""{command: exit code}. The test damages the run of damaged.yaml after it. Code 130, for Ctrl-C, is tested by
test_run.py, test_ctrl_c_ends_with_130_and_the_next_run_goes_on.
"""


def test_an_empty_argument_is_refused(call: "Call", tmp_path: Path) -> None:
    """Regression: `dedup index RUN --out ""` wrote to the root of the disk, and `--from ""` ran the whole recipe."""
    for arguments in (
        ("mini", ""),
        ("dedup", "index", "x", "--out", ""),
        ("run", "x.yaml", "--from="),
        ("tokens", "cat", ""),
    ):
        ended = call(*arguments)
        assert (ended.code, ended.out) == (2, "") and "empty; give a value, or leave it out" in ended.err
    assert not list(tmp_path.iterdir())


def test_a_program_with_closed_streams_ends_with_its_code() -> None:
    """Regression: it ended with a traceback, or with another code."""
    for arguments, closed, code in (("--version", ">&-", 0), ("report nowhere", ">&- 2>&-", 2), ("steps", ">&-", 0)):
        shell = f"{sys.executable} -m tokenmill {arguments} {closed}"
        assert subprocess.run(shell, shell=True, capture_output=True, check=False).returncode == code


def test_a_run_that_stops_prints_its_error_as_a_json_line(call: "Call", toy_recipe: str, tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text(toy_recipe.replace("toolbox.length", "toolbox.lenght"))
    ended = call("run", "wrong.yaml", "--plugins", "toolbox", "--json")
    event = json.loads(ended.out)
    assert ended.code == 2 and event["event"] == "failed" and "toolbox.lenght" in event["error"]


def test_commands_end_with_the_codes_of_the_table(tmp_path: Path, call: "Call", toy_recipe: str) -> None:
    for name, old, new in (
        ("good", "", ""),
        ("damaged", "", ""),
        ("new", "", ""),
        ("unreadable", "toolbox.numbered", "{toolbox.numbered: {unreadable: [f2]}}"),
        ("wrong", "toolbox.length", "toolbox.lenght"),
    ):
        (tmp_path / f"{name}.yaml").write_text(toy_recipe.replace("run: toy", f"run: {name}").replace(old, new))
    found = {}
    for command in CODES:
        arguments = command.split()
        if ".yaml" in command:
            arguments += ["--plugins", "toolbox"]
        if command.startswith("run ") and "--workers" not in command:
            arguments += ["--workers", "0"]
        found[command] = call(*arguments).code
        if command == "run damaged.yaml":
            (tmp_path / "runs/damaged/short/data/000002.parquet").write_bytes(b"damaged")
    assert found == CODES


@pytest.mark.parametrize(
    ("package", "extra", "command"),
    [
        ("torch", "train", "train run x.yaml --data corpus --out model"),
        ("ray", "ray", "run toy.yaml --plugins toolbox --engine ray"),
    ],
)
def test_a_command_whose_package_is_not_installed_names_its_extra(
    package: str, extra: str, command: str, tmp_path: Path, toy_recipe: str
) -> None:
    """Regression: a traceback. The package is hidden from a real process, as if it were not installed."""
    (tmp_path / "toy.yaml").write_text(toy_recipe)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    script = f"import sys; sys.modules[{package!r}] = None; sys.argv[1:] = {command.split()!r}\n"
    script += "from tokenmill.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (
        done.returncode == 2 and f'pip install "tokenmill[{extra}]"' in done.stderr and "Traceback" not in done.stderr
    )
