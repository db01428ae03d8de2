"""THIRD_PARTY.md names every model that can be downloaded and every data file in the wheel."""

import re
from pathlib import Path

import tokenmill
from tokenmill.core.io.models import MODELS

PACKAGE = Path(tokenmill.__file__).parent
PAGE = PACKAGE.parent / "THIRD_PARTY.md"


def rows(heading: str) -> list[list[str]]:
    section = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def test_the_models_are_those_of_the_table() -> None:
    listed = {row[0].strip("`"): tuple(row[1:5]) for row in rows("Downloaded")}
    assert listed == {
        name: (f"`{model.file}`", model.licence, f"{model.bytes:,}", f"the package `{model.package}`")
        for name, model in MODELS.items()
    }


def test_each_data_file_of_the_wheel_is_listed() -> None:
    """A row names a file, a folder, or several files in one folder."""
    listed = set()
    for row in rows("In the wheel"):
        first, *others = re.findall(r"`([^`]+)`", row[0])
        parent = first.rstrip("/").rpartition("/")[0]
        listed |= {first, *(f"{parent}/{name}" for name in others)}
    folders = tuple(name for name in listed if name.endswith("/"))
    root = PACKAGE.parent
    assert all((root / name).exists() for name in listed)
    shipped = [path for kind in ("*.txt", "*.tsv", "*.json") for path in PACKAGE.rglob(kind)]
    files = {path.relative_to(root).as_posix() for path in shipped}
    assert files and {name for name in files if name not in listed and not name.startswith(folders)} == set()
