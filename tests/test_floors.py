"""The house keeps its floors: who may import whom, checked in the syntax tree and in a fresh process."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import tokenmill
from tokenmill.pipeline.resolve import work_names

ROOT = Path(tokenmill.__file__).parent
MAY_IMPORT = {
    "core": {"core"},
    "text": {"core", "text"},
    "stages": {"core", "text", "stages"},
    "filters": {"core", "text", "filters"},
    "tokenize": {"core", "text", "tokenize"},
    "mini": {"core", "mini"},
    "pipeline": {"core", "text", "pipeline"},
    "train": {"core", "train"},
}
TRAIN_MAY_USE = {
    "tokenmill.core.token_shard",
    "tokenmill.core.storage",
    "tokenmill.core.errors",
    "tokenmill.core.token_layout",
}
UNIT_FOLDERS = ("stages", "filters", "tokenize")


def modules() -> Iterator[Path]:
    return iter(sorted(ROOT.rglob("*.py")))


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; imports are absolute"
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def ours(path: Path) -> set[str]:
    return {name for name in imported(path) if name.split(".")[0] == "tokenmill"}


def test_each_folder_imports_only_the_floors_below() -> None:
    for path in modules():
        floor = path.relative_to(ROOT).parts[0]
        if floor not in MAY_IMPORT:
            continue
        for name in ours(path):
            parts = name.split(".")
            if len(parts) > 1 and (ROOT / parts[1]).is_dir():
                assert parts[1] in MAY_IMPORT[floor], f"{path}: {floor} may not import {name}"


def test_units_of_work_never_import_each_other() -> None:
    units = {f"tokenmill.{name}" for name in work_names()}
    for folder in UNIT_FOLDERS:
        for path in (ROOT / folder).glob("*.py"):
            others = ours(path) & units
            assert not others, f"{path}: imports the units {sorted(others)}; share code in core/ or text/"


def test_train_knows_only_the_token_shards_of_the_rest() -> None:
    for path in (ROOT / "train").glob("*.py"):
        for name in ours(path):
            known = name.startswith("tokenmill.train") or any(
                name == allowed or name.startswith(f"{allowed}.") for allowed in TRAIN_MAY_USE
            )
            assert known or (ROOT.joinpath(*name.split(".")[1:])).is_dir(), f"{path}: {name}"


def test_ray_is_imported_by_its_engine_alone_and_torch_only_to_train_or_score() -> None:
    for path in modules():
        place = path.relative_to(ROOT).as_posix()
        tops = {name.split(".")[0] for name in imported(path)}
        assert "ray" not in tops or place.startswith("pipeline/engine/ray"), place
        assert "torch" not in tops or place.startswith(("train/", "filters/")), place


def test_no_init_file_under_tests() -> None:
    """With one, pytest's importlib mode would find tests/tokenize as the package `tokenize`."""
    assert not list(Path(__file__).parent.rglob("__init__.py"))


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("tokenmill", ["numpy", "pyarrow"]),
        ("tokenmill.cli", ["torch", "numba", "pyarrow", "polars", "ray"]),
        ("tokenmill.pipeline.run", ["torch", "ray", "numba", "fasttext", "tokenizers"]),
    ],
)
def test_importing_a_floor_loads_nothing_heavy(module: str, heavy: list[str]) -> None:
    code = f"import json, sys, {module}; print(json.dumps([m for m in {heavy!r} if m in sys.modules]))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert json.loads(loaded) == []
