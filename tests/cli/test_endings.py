"""If anything goes wrong, a command ends with its exit code and one short message that says what and where."""

import errno
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from tokenmill.cli import app as cli_app
from tokenmill.cli.endings import MAX_CHARACTERS, MAX_LINES, ending_of, fitting
from tokenmill.core.errors import DataError, RecipeError

Call = Callable[..., Any]
Pipeline = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(autouse=True)
def tracebacks_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts files with tracebacks into the test's folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.mark.parametrize(
    ("error", "code", "parts"),
    [
        (RecipeError("r.yaml:3: no"), 2, ["r.yaml:3: no"]),
        (DataError("f: no"), 1, ["f: no"]),
        (PermissionError(errno.EACCES, "Permission denied", "/out/lock"), 1, ["/out/lock", "name another place"]),
        (OSError(errno.ENOSPC, "No space left on device", "/out/x"), 1, ["/out/x", "make room", "continues"]),
        (OSError(errno.EROFS, "Read-only file system", "/out"), 1, ["/out", "can be written"]),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory", "/f/lock"), 1, ["/f/lock", "a file is where a folder"]),
        (FileNotFoundError(errno.ENOENT, "No such file", "a", None, "b"), 1, ["a and b", "check the path"]),
        (ConnectionRefusedError("refused"), 1, ["ConnectionRefusedError: refused"]),
        (ModuleNotFoundError("no", name="torch"), 2, ['pip install "tokenmill[train]"']),
        (ModuleNotFoundError("no", name="ray.job"), 2, ['pip install "tokenmill[ray]"']),
        (ModuleNotFoundError("no", name="gcsfs"), 2, ["pip install gcsfs"]),
        (MemoryError(), 1, ["out of memory", "fewer --workers"]),
        (pa.ArrowInvalid("bad magic"), 1, ["a file is damaged", "bad magic", "traceback is in"]),
        (pl.exceptions.ComputeError("bad magic"), 1, ["a file is damaged", "bad magic"]),
        (ZeroDivisionError("by zero"), 1, ["ZeroDivisionError: by zero", "a bug in tokenmill", "traceback is in"]),
    ],
)
def test_each_error_has_its_code_and_its_remedy(error: Exception, code: int, parts: list[str]) -> None:
    message, found = ending_of(error)
    assert found == code and all(part in message for part in parts), message


def test_the_traceback_of_a_bug_is_in_the_file_that_is_named(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Regression: a bug printed its traceback of fifty lines, and the message was the last line."""

    def broken(standalone_mode: bool) -> None:
        raise KeyError("x" * 1_000_000)

    monkeypatch.setattr(cli_app, "app", broken)
    ended = call("report", "runs/x")
    assert ended.code == 1 and ended.err.count("\n") == 1 and len(ended.err) < MAX_CHARACTERS + 20
    file = Path(ended.err.rpartition("traceback is in ")[2].strip())
    assert "raise KeyError" in file.read_text() and "Traceback" in file.read_text()


def test_no_message_fills_more_than_a_screen() -> None:
    lines = [f"line {number}" for number in range(1000)]
    shown = fitting("\n".join(lines)).splitlines()
    assert len(shown) == MAX_LINES and shown[0] == "line 0" and shown[-1] == "line 999"
    assert shown[10] == "… 981 lines left out …"
    assert len(fitting("x" * 50_000_000)) < MAX_CHARACTERS + 10
    assert fitting("short\nones") == "short\nones"


def test_damaged_files_of_a_run_are_named_in_a_few_lines(tmp_path: Path, call: Call, toy_recipe: str) -> None:
    """Regression: errors of polars and pyarrow came out as tracebacks, and none of them named the file."""
    (tmp_path / "r.yaml").write_text(toy_recipe)
    assert call("run", "r.yaml", "--plugins", "toolbox", "--workers", "0").code == 0
    document = pl.read_parquet(tmp_path / "runs/toy/short/data/000002.parquet")["id"][0]
    commands = {
        "dropped": [("audit", "x", "--sample", "999"), ("explain", "x", document), ("diff", "x", "runs/toy")],
        "data": [("explain", "x", document), ("diff", "runs/toy", "x"), ("what-if", "x", "length.min_characters=30")],
    }
    for kind, ways in commands.items():
        for damage in (b"", bytes(range(256)) * 9):
            shutil.copytree(tmp_path / "runs/toy", tmp_path / "x")
            file = tmp_path / f"x/short/{kind}/000002.parquet"
            file.write_bytes(damage)
            for way in ways:
                plugins = ("--plugins", "toolbox") if way[0] == "what-if" else ()
                ended = call(*way, *plugins)
                assert ended.code == 1 and f"x/short/{kind}/000002.parquet" in ended.err, ended
                assert ended.err.count("\n") <= 3 and "Traceback" not in ended.err
            shutil.rmtree(tmp_path / "x")


def test_places_that_cannot_be_written_are_named(tmp_path: Path, call: Call, toy_recipe: str) -> None:
    """Regression: --out on a file, or on a read-only file system, ended with a traceback from the lock."""
    (tmp_path / "r.yaml").write_text(toy_recipe)
    (tmp_path / "file").write_text("in the way")
    for out in ("file", "file/below", "/proc/runs"):
        for command in (("plan",), ("run", "--workers", "0")):
            ended = call(*command, "r.yaml", "--plugins", "toolbox", "--out", out)
            assert ended.code == 2 and out in ended.err and ended.err.count("\n") <= 3, ended
    assert (tmp_path / "file").read_text() == "in the way"


def test_audit_of_a_run_that_made_nothing_says_so(tmp_path: Path, call: Call, toy_recipe: str) -> None:
    """Regression: the command ended with polars' ColumnNotFoundError."""
    (tmp_path / "r.yaml").write_text(
        toy_recipe.replace("toolbox.numbered", "{toolbox.numbered: {files: [a], unreadable: [a]}}")
    )
    assert call("run", "r.yaml", "--plugins", "toolbox", "--workers", "0").code == 1
    assert call("audit", "runs/toy", "--sample", "1").code == 0


def test_json_results_have_no_messages_among_them(tmp_path: Path, call: Call, toy_recipe: str) -> None:
    (tmp_path / "r.yaml").write_text(toy_recipe)
    ended = call("run", "r.yaml", "--plugins", "toolbox", "--workers", "0", "--json")
    assert json.loads(ended.out.splitlines()[-1])["failures"] == []


def test_a_folder_that_hides_a_module_of_python_is_named(tmp_path: Path, pipeline: Pipeline) -> None:
    """Regression: each worker died when a library needed the module, and the message asked for more memory."""
    (tmp_path / "tokenize").mkdir()
    assert pipeline("models", "list").returncode == 0  # a folder without __init__.py hides nothing
    (tmp_path / "tokenize/__init__.py").touch()
    ended = pipeline("models", "list")
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1, ended.stderr
    assert f"error: {tmp_path}/tokenize/__init__.py hides Python's own module 'tokenize'; rename it" in ended.stderr


def test_modules_behind_the_standard_library_hide_nothing(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """setuptools replaces Python's distutils with its own."""
    monkeypatch.setattr(sys.modules["tokenize"], "__file__", f"{tmp_path}/tokenize.py")
    assert call("models", "list").code == 0
    monkeypatch.syspath_prepend(tmp_path)
    assert call("models", "list").code == 2
