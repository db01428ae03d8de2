"""Committed results are on the disk before any record names them: no power cut leaves a manifest without its files."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tokenmill.core.io import storage
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run as run_recipe
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.record import ledger as ledger_module

RECIPE = """
run: toy
excerpt: 0
stages:
  read: [toolbox.numbered]
  unique: [toolbox.length, stages.exact_dedup]
  loud: [toolbox.shout]
  lines: [{stages.write_jsonl: {file_bytes: 9000}}]
"""


class Disk:
    """Tracks which files and names would exist after a power cut."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.content: set[tuple[int, int]] = set()  # the files whose content is on the disk
        self.names: dict[str, tuple[int, int]] = {}  # the names that are on the disk
        self.lost: list[str] = []
        self._sync, self._replace = os.fsync, os.replace
        patch.setattr(storage.os, "fsync", self.fsync)
        patch.setattr(storage.os, "replace", self.replace)

    def fsync(self, file: int) -> None:
        self._sync(file)
        path = os.readlink(f"/proc/self/fd/{file}")
        if not os.path.isdir(path):
            self.content.add(_file(path))
            return
        self.names.update({entry.path: _file(entry.path) for entry in os.scandir(path)})

    def replace(self, old: str, new: str) -> None:
        """Before a manifest gets its name, checks whether the files that it lists would survive a power cut."""
        if new.endswith(".json") and "/manifest/" in new and _file(old) in self.content:
            stage = new.partition("/manifest/")[0]
            listed = [f"{stage}/{output['path']}" for output in json.loads(Path(old).read_bytes())["outputs"]]
            self.lost += [path for path in listed if not self.safe(path)]
        self._replace(old, new)

    def safe(self, path: str) -> bool:
        """Returns whether the file with its content, and every folder above it, would survive a power cut."""
        found = self.names.get(path) == _file(path) and _file(path) in self.content
        above = [str(one) for one in Path(path).parents if str(one).partition("/runs")[1]]
        return found and all(self.names.get(one) == _file(one) for one in above)


def _file(path: str) -> tuple[int, int]:
    about = os.stat(path)
    return about.st_dev, about.st_ino


def run(folder: Path, text: str, **options: Any) -> None:
    (folder / "r.yaml").write_text(text)
    chosen = Options(out=str(folder / "runs"), plugins="toolbox", **options)
    assert not run_recipe(load_recipe(folder / "r.yaml"), InProcess(), chosen, progress_for("none")).failures


def committed(folder: Path) -> list[str]:
    files = (path for path in (folder / "runs").rglob("*") if path.is_file() and "logs" not in path.parts)
    return [str(path) for path in files if path.suffix != ".log"]


@pytest.mark.parametrize("tables", [3, 1000], ids=["in tables", "in files"])
def test_a_run_is_on_the_disk_when_it_ends(tmp_path: Path, tables: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Regression: nothing was ever synced."""
    monkeypatch.setattr(ledger_module, "PART_ROWS", tables)
    disk = Disk(monkeypatch)
    run(tmp_path, RECIPE)
    assert disk.lost == []
    assert len(committed(tmp_path)) > 20
    assert [path for path in committed(tmp_path) if not disk.safe(path)] == []
    run(tmp_path, RECIPE.replace("[toolbox.length", "[{toolbox.length: {min_characters: 60}}"))
    run(tmp_path, RECIPE.replace("[toolbox.numbered]", "[{toolbox.numbered: {files: [f1, f3]}}]"))
    assert list((tmp_path / "runs").glob("toy/*/kept/*")) and disk.lost == []
    assert [path for path in committed(tmp_path) if not disk.safe(path)] == []


def test_spills_and_scratch_files_are_not_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    monkeypatch.setattr(storage.os, "fsync", lambda file: synced.append(os.readlink(f"/proc/self/fd/{file}")))
    run(tmp_path, RECIPE)
    assert synced and not [
        path for path in synced if ".ranges" in path or "/work/rows" in path or "/work/scratch/" in path
    ]
