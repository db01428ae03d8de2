"""Each script in bench/ explains its arguments before it needs anything else."""

import ast
import importlib.util
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench"
SCRIPTS = sorted(path.stem for path in BENCH.glob("*.py") if "__main__" in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_script_reads_its_arguments_with_argparse_and_is_listed(name: str) -> None:
    """Regression: `python -m bench.dedup_datatrove --help` raised IndexError."""
    tree = ast.parse((BENCH / f"{name}.py").read_text(encoding="utf-8"))
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert "argparse.ArgumentParser" in called
    assert f"`{name}`" in (BENCH / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(path.stem for path in BENCH.glob("*.py")))
def test_each_name_that_a_script_imports_from_here_exists(name: str) -> None:
    """Regression: `python -m bench.checked_bytes` imported a function that had been renamed."""
    tree = ast.parse((BENCH / f"{name}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "tokenmill":
            module = importlib.import_module(node.module or "")
            for alias in node.names:
                assert hasattr(module, alias.name) or importlib.util.find_spec(f"{node.module}.{alias.name}")
