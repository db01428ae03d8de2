"""What a fingerprint covers: the code that a unit of work reaches, and no other unit's."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tokenmill

PRINT = """
import json
from tokenmill.pipeline.planning.fingerprint import work_fingerprint
from tokenmill.pipeline.planning.resolve import work_class, work_names
found = {}
for name in work_names():
    if name.startswith("filters."):
        cls = work_class(name)
        work = cls.example() if hasattr(cls, "example") else cls()
        found[name] = work_fingerprint([work], (), mark_only=False, excerpt=0)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package that tests may edit."""
    folder = tmp_path_factory.mktemp("copy")
    source = Path(tokenmill.__file__).parent
    shutil.copytree(source, folder / "tokenmill", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def fingerprints(folder: Path) -> dict[str, str]:
    """{filter: fingerprint of its example} as a fresh process of the copy computes them."""
    environment = os.environ | {"PYTHONPATH": str(folder)}
    call = [sys.executable, "-c", PRINT]
    done = subprocess.run(call, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def before(copied: Path) -> dict[str, str]:
    return fingerprints(copied)


def edited(folder: Path, *paths: str) -> dict[str, str]:
    """The fingerprints while one more line stands in each of these files."""
    files = {folder / "tokenmill" / path: (folder / "tokenmill" / path).read_text() for path in paths}
    for file, text in files.items():
        file.write_text(text + "\nEDITED = True\n")
    try:
        return fingerprints(folder)
    finally:
        for file, text in files.items():
            file.write_text(text)


def test_an_edit_of_one_filter_changes_no_other_filters_fingerprint(copied: Path, before: dict[str, str]) -> None:
    after = edited(copied, "filters/gopher_quality.py")
    assert {name for name in before if before[name] != after[name]} == {"filters.gopher_quality"}


def test_the_package_and_the_tables_of_names_are_in_no_fingerprint(copied: Path, before: dict[str, str]) -> None:
    """An API in tokenmill/__init__.py, or one more unit in a table, must not make every result anew."""
    tables = ("stages/__init__.py", "tokenize/__init__.py", "filters/__init__.py")
    assert edited(copied, "__init__.py", *tables) == before
