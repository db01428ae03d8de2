"""Each script in bench/ says how it is called, before it needs anything else."""

import ast
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench"
SCRIPTS = sorted(path.stem for path in BENCH.glob("*.py") if "__main__" in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_script_reads_its_arguments_with_argparse_and_is_listed(name: str) -> None:
    """`python -m bench.dedup_datatrove --help` raised IndexError."""
    tree = ast.parse((BENCH / f"{name}.py").read_text(encoding="utf-8"))
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert "argparse.ArgumentParser" in called
    assert f"`{name}`" in (BENCH / "README.md").read_text(encoding="utf-8")
