"""Every command that needs the user's own units takes them as a folder and as a file, without PYTHONPATH."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import tokenmill
from tokenmill.core.errors import RecipeError

if TYPE_CHECKING:
    from conftest import Call

FILTER = '''
"""Drops texts that are too long."""
from dataclasses import dataclass
from typing import ClassVar
import pyarrow.compute as pc
from tokenmill.core.rules import Rule, judge

@dataclass(frozen=True)
class TooLong:
    """Attributes:
        max_characters: the longest text. Default 5.
    """
    max_characters: int = 5

    RULES: ClassVar = {"long": Rule("characters", high="max_characters")}
    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = ("too_long.characters",)

    def __call__(self, batch):
        return judge(batch, self, {"characters": pc.utf8_length(batch.column("text"))})
'''
CHECKS = '''
def polite(document):
    """Keeps what says please."""
    return "please" in document["text"]

def _own(document): ...
'''
RECIPE = """
run: own
stages:
  read: [{stages.read_table: {paths: rows.jsonl}}, UNIT]
  near: [stages.minhash]
"""


@pytest.fixture(autouse=True)
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "cli_lab").mkdir()
    (tmp_path / "cli_lab/too_long.py").write_text(FILTER)
    (tmp_path / "cli_lab/checks.py").write_text(CHECKS)
    (tmp_path / "too_long.py").write_text(FILTER)
    (tmp_path / "rows.jsonl").write_text('{"id": "a", "text": "short"}\n{"id": "b", "text": "longer than that"}')
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("cli_lab", "too_long"):
            del sys.modules[name]


def test_steps_list_and_describe_a_folder_and_a_file(call: "Call") -> None:
    listed = call("steps", "--plugins", "./cli_lab").out
    assert "\ncli_lab.too_long             step     Drops texts that are too long.\n" in listed
    assert "\ncli_lab.checks:polite        callable Keeps what says please.\n" in listed and "_own" not in listed
    assert "\ntoo_long                     step     Drops texts" in call("steps", "--plugins", "too_long.py").out
    for name, given in [("cli_lab.too_long", "cli_lab/"), ("too_long", "./too_long.py")]:
        shown = call("steps", name, "--plugins", given).out
        assert f"{name} (step)\n" in shown and "max_characters: int = 5\n      the longest text. Default 5." in shown
        assert "  too_long.long: too_long.characters, high max_characters" in shown
    absent = call("steps", "--plugins", "./nowhere")
    assert absent.code == 2 and "error: --plugins ./nowhere: no such file or folder; looked for /" in absent.err


@pytest.mark.parametrize(("unit", "given"), [("cli_lab.too_long", "./cli_lab"), ("too_long", "too_long.py")])
def test_each_command_takes_them_and_says_so_if_they_are_missing(
    call: "Call", tmp_path: Path, unit: str, given: str
) -> None:
    (tmp_path / "r.yaml").write_text(RECIPE.replace("UNIT", unit))
    commands = [
        ("plan", "r.yaml"),
        ("kernels", "build", "--recipe", "r.yaml"),
        ("run", "r.yaml", "--workers", "0", "--stage", "read"),
        ("dedup", "preview", "r.yaml", "--stage", "near"),
        ("run", "r.yaml", "--workers", "0"),
        ("what-if", "runs/own", "too_long.max_characters=2"),
        ("dedup", "audit", "runs/own"),
        ("dedup", "index", "runs/own", "--out", "index"),
    ]
    for command in commands:
        missing = call(*command)
        assert missing.code == 2 and f"unknown unit '{unit}'" in missing.err and "give --plugins" in missing.err, (
            command
        )
        ended = call(*command, "--plugins", given)
        assert ended.code == 0, (command, ended.err)


def test_the_api_takes_paths_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    stages = {"read": [{"stages.read_table": {"paths": "rows.jsonl"}}, "cli_lab.too_long"]}
    run = tokenmill.run({"run": "own", "stages": stages}, plugins=tmp_path / "cli_lab", workers=0, progress="none")
    assert run.documents().collect()["id"].to_list() == ["a"]
    for opened in (run, tokenmill.open_run("runs/own", plugins=Path("cli_lab"))):
        assert opened.what_if({"too_long.max_characters": 2}).kept[0] == 1
    kept = tokenmill.apply("too_long", [{"text": "short"}, {"text": "longer"}], plugins=Path("too_long.py"))
    assert [one["text"] for one in kept] == ["short"]
    with pytest.raises(RecipeError, match="give --plugins cli_lab"):
        tokenmill.open_run("runs/own").what_if({"too_long.max_characters": 2})


def test_a_question_about_another_filter_names_the_option_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    work = [{"stages.read_table": {"paths": "rows.jsonl"}}, "filters.gopher_quality", "cli_lab.too_long"]
    recipe = {"run": "own", "stages": {"read": work}}
    run = tokenmill.run(recipe, plugins="./cli_lab", workers=0, mark_only=True, progress="none")
    assert run.what_if({"gopher_quality.min_words": 1})
    with pytest.raises(
        RecipeError, match=r"cli_lab\.too_long is a unit of your own; give --plugins, with the same value"
    ):
        tokenmill.open_run(run.folder).what_if({"gopher_quality.min_words": 1})
