"""The package keeps its layers: which folder may import which, how large folders and files are, what starts fast."""

import ast
import importlib
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import tokenmill
from tokenmill.core.lazy import class_name
from tokenmill.pipeline.planning.resolve import work_class, work_names
from tokenmill.pipeline.planning.source_code import reach

ROOT = Path(tokenmill.__file__).parent
IO = "core core/io"
MAY_IMPORT = {
    # the shared vocabulary
    "core": "",
    "core/io": "core",
    "core/corpus": IO,
    # kernels; each folder may also use kernel/ and words/
    "text": "",
    "text/kernel": IO,
    "text/words": f"{IO} text/kernel",
    "text/edit": f"{IO} text/kernel text/words",
    "text/similarity": f"{IO} text/kernel text/words",
    "text/powers": f"{IO} text/kernel",
    "text/html": f"{IO} text/kernel text/words text/powers",
    "text/mathml": "",
    "text/measure": f"{IO} text/kernel text/words text/html",
    "text/templates": f"{IO} text/kernel text/words",
    "text/wikitext": f"{IO} text/kernel text/words text/templates text/powers",
    "text/pii": f"{IO} text/kernel text/words",
    "text/url": f"{IO} text/kernel text/words",
    "text/code": f"{IO} text/kernel text/words",
    "text/lang": f"{IO} text/kernel text/words",
    "text/toxicity": f"{IO} text/kernel text/words",
    # units of work; the folders of stages may import reading/, but not each other
    "stages": f"{IO}",
    "stages/reading": f"{IO} text/*",
    "stages/web": f"{IO} text/* stages/reading",
    "stages/wiki": f"{IO} text/* stages/reading",
    "stages/code": f"{IO} text/* stages/reading",
    "stages/tables": f"{IO} text/* stages/reading",
    "stages/dedup": f"{IO} text/*",
    "stages/scoring": f"{IO} text/*",
    "stages/scrubbing": f"{IO} text/*",
    "filters": f"{IO} text/*",
    "tokenize": f"{IO} core/corpus text/*",
    # how work is run, lowest layer first
    "pipeline": "",
    "pipeline/record": IO,
    "pipeline/planning": f"{IO} pipeline/record",
    "pipeline/tasks": f"{IO} pipeline/record pipeline/planning",
    "pipeline/exchange": f"{IO} pipeline/record pipeline/planning pipeline/tasks",
    "pipeline/engine": f"{IO} text/kernel pipeline/record pipeline/planning pipeline/tasks",
    "pipeline/report": f"{IO} pipeline/record pipeline/planning pipeline/tasks",
    "pipeline/driver": f"{IO} pipeline/*",
    "train": f"{IO} core/corpus",
    "mini": IO,
    # on top
    "audits": "core core/* text/* stages/* pipeline/*",
    "api": "core core/* pipeline/*",
    "cli": "core core/* pipeline/* train mini audits",
}
"""{folder: the other folders that its files may import}. `text/*` stands for all folders in text/."""

UNIT_FOLDERS = ("stages", "filters", "tokenize")
MAX_FILES = 25
MAX_LINES = 400


def modules() -> Iterator[Path]:
    return iter(sorted(ROOT.rglob("*.py")))


def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


@cache
def imported(path: Path) -> frozenset[str]:
    names: set[str] = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; imports are absolute"
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(names)


def ours(path: Path) -> set[str]:
    return {name for name in imported(path) if name.split(".")[0] == "tokenmill"}


def strings(path: Path) -> Iterator[str]:
    """Yields all string constants of a file that are not docstrings."""
    found = nodes(path)
    docstrings = {id(node.value) for node in found if isinstance(node, ast.Expr)}
    for node in found:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def folder_of(path: Path) -> str:
    return path.relative_to(ROOT).parent.as_posix()


def folders_imported(path: Path) -> set[str]:
    """Returns the folders, other than its own, of our modules that a file imports."""
    found = set()
    for name in ours(path):
        place = ROOT.joinpath(*name.split(".")[1:])
        if place.with_suffix(".py").is_file():
            found.add(folder_of(place))
        elif (place / "__init__.py").is_file() and place != ROOT:
            found.add(folder_of(place / "__init__.py"))
    return found - {folder_of(path)}


def test_each_folder_imports_only_what_the_table_allows() -> None:
    for path in modules():
        folder = folder_of(path)
        if folder == ".":
            continue
        allowed = MAY_IMPORT[folder].split()
        for other in sorted(folders_imported(path)):
            fits = other in allowed or f"{other.partition('/')[0]}/*" in allowed
            inside = any(one.startswith(f"{other}/") for one in allowed)  # `from tokenmill.core import io` names core
            assert fits or inside, f"{path}: {folder} may not import from {other}"


def test_the_table_names_the_folders_that_there_are() -> None:
    assert {folder_of(path) for path in modules()} - {"."} == set(MAY_IMPORT)


def test_folders_import_in_one_direction() -> None:
    """There is no circle: every folder can be put before all folders that import it."""
    above = {
        folder: {other for path in (ROOT / folder).glob("*.py") for other in folders_imported(path)}
        for folder in MAY_IMPORT
    }
    TopologicalSorter(above).prepare()


def test_nothing_imports_the_package_itself_or_a_table_of_names() -> None:
    """Such an import would put the whole API, and the name of every unit, into every fingerprint."""
    for path in modules():
        tables = {"tokenmill", "tokenmill.stages", "tokenmill.tokenize", "tokenmill.filters"}
        found = {
            node.module if isinstance(node, ast.ImportFrom) else alias.name
            for node in nodes(path)
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for alias in node.names
        }
        assert not found & tables, path


def test_the_tables_of_names_are_those_of_the_files() -> None:
    """A module is a unit of work if the class of its name has `adds`. The table names exactly these."""
    on_disk = {}
    for folder in UNIT_FOLDERS:
        for path in (ROOT / folder).rglob("[a-z]*.py"):
            module = "tokenmill." + ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found = getattr(importlib.import_module(module), class_name(path.stem), None)
            if hasattr(found, "adds") and found.__module__ == module:
                on_disk[f"{folder}.{path.stem}"] = module
    assert {name: work_class(name).__module__ for name in work_names()} == on_disk


def test_units_of_work_never_import_each_other() -> None:
    units = {work_class(name).__module__ for name in work_names()}
    for folder in UNIT_FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            others = ours(path) & units
            assert not others, f"{path}: imports the units {sorted(others)}; share code in core/ or text/"


def test_no_folder_holds_too_many_files_and_no_file_too_many_lines() -> None:
    files = Counter(folder_of(path) for path in modules())
    assert {folder: count for folder, count in files.items() if count > MAX_FILES} == {}
    lines = {path.relative_to(ROOT).as_posix(): len(path.read_bytes().splitlines()) for path in modules()}
    assert {path: count for path, count in lines.items() if count > MAX_LINES} == {}


def test_pipeline_names_no_unit_of_work() -> None:
    """It finds work only by the names in a recipe. A message may mention a unit within a sentence, as an example."""
    names = set(work_names())
    steps = {name.rpartition(".")[2] for name in names}
    found = {
        (path.relative_to(ROOT).as_posix(), text)
        for path in (ROOT / "pipeline").rglob("*.py")
        for text in strings(path)
        if text in names or (re.fullmatch(r"[\w.]+", text) and text.partition(".")[0] in steps)
    }
    assert found == set()


def test_ray_is_imported_by_its_engine_alone_and_torch_only_to_train_or_score() -> None:
    for path in modules():
        place = path.relative_to(ROOT).as_posix()
        tops = {name.split(".")[0] for name in imported(path)}
        assert "ray" not in tops or place.startswith("pipeline/engine/ray"), place
        assert "torch" not in tops or place.startswith(("train/", "filters/")), place


def test_no_fingerprint_covers_how_bytes_travel_and_what_reports_say() -> None:
    covered = reach("tokenmill.pipeline.tasks.shard") | reach("tokenmill.pipeline.driver.globals")
    assert "tokenmill.core.io.parquet" in covered
    assert not [name for name in covered if name.startswith(("tokenmill.core.io.s3", "tokenmill.pipeline.report"))]


def test_no_init_file_under_tests() -> None:
    """With such a file, pytest's importlib mode would find tests/tokenize as the package `tokenize`."""
    assert not list(Path(__file__).parent.rglob("__init__.py"))


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("tokenmill", ["numpy", "pyarrow"]),
        ("tokenmill.cli", ["torch", "numba", "pyarrow", "polars", "ray"]),
        ("tokenmill.filters.gopher_quality", ["numba"]),
        ("tokenmill.filters.code_license", ["license_expression"]),
        ("tokenmill.stages.dedup.minhash", ["numba"]),
        ("tokenmill.pipeline.driver.run", ["torch", "ray", "numba", "fasttext", "tokenizers"]),
    ],
)
def test_importing_a_floor_loads_nothing_heavy(module: str, heavy: list[str]) -> None:
    code = f"import json, sys, {module}; print(json.dumps([m for m in {heavy!r} if m in sys.modules]))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert json.loads(loaded) == []
