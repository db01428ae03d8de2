"""THIRD_PARTY.md names every model that can be downloaded, and every file in the wheel with data of others."""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

import tokenmill
from tokenmill.core.io.models import MODELS

PACKAGE = Path(tokenmill.__file__).parent
ROOT = PACKAGE.parent
PAGE = ROOT / "THIRD_PARTY.md"
RULES_ONLY = {
    "tokenmill/stages/code/content.py",
    "tokenmill/text/words/sentences.py",
    "tokenmill/text/words/split.py",
}
"""Python files that follow the rules of another project but contain no list of it."""


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


@pytest.mark.parametrize("project", ["spaCy", "Linguist"])
def test_each_python_file_with_a_list_of_another_project_is_listed(project: str) -> None:
    """Looks for the project in docstrings of modules and in comments."""
    found = {path.relative_to(ROOT).as_posix() for path in PACKAGE.rglob("*.py") if project in remarks(path)}
    assert found - RULES_ONLY
    assert found - RULES_ONLY - listed() == set()


def test_files_with_the_rules_of_another_project_exist() -> None:
    assert all((ROOT / name).is_file() for name in RULES_ONLY) and not RULES_ONLY & listed()


def test_each_data_file_of_the_wheel_is_listed() -> None:
    names = listed()
    folders = tuple(name for name in names if name.endswith("/"))
    assert [name for name in names if not (ROOT / name).exists()] == []
    shipped = [path for kind in ("*.txt", "*.tsv", "*.json") for path in PACKAGE.rglob(kind)]
    files = {path.relative_to(ROOT).as_posix() for path in shipped}
    assert files and {name for name in files if name not in names and not name.startswith(folders)} == set()


def listed() -> set[str]:
    """Returns the files and folders of the table. A row names one, or several, of which the first has its folder."""
    found = set()
    for row in rows("In the wheel"):
        first, *others = re.findall(r"`([^`]+)`", row[0])
        parent = first.rstrip("/").rpartition("/")[0]
        found |= {first, *(name if name.startswith("tokenmill/") else f"{parent}/{name}" for name in others)}
    return found


def remarks(path: Path) -> str:
    """Returns the docstring of a module and its comments."""
    text = path.read_text(encoding="utf-8")
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    comments = [token.string for token in tokens if token.type == tokenize.COMMENT]
    return "\n".join([ast.get_docstring(ast.parse(text)) or "", *comments])
