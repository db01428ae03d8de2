"""mypy checks calls of kernels: the decorator keeps the function's type, and every kernel has a type."""

import importlib
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import pytest

import tokenmill
from tokenmill.text.kernel import cache, cache_folder
from tokenmill.text.kernel.points import length_in_points

CALLS = """
import numpy as np
from tokenmill.text.kernel.points import length_in_points, point_at
text, numbers = np.zeros(2, dtype=np.uint8), np.zeros(2, dtype=np.int64)
count: int = length_in_points(text, 0, 2) + sum(point_at(text, 0, 2))
length_in_points(numbers, 0, 2)  # wrong
length_in_points("text", 0, 2)  # wrong
length_in_points(text, 0, None)  # wrong
length_in_points(text, 0)  # wrong
length_in_points(text, 0, 2)[0]  # wrong
point_at(numbers, 0, 2)  # wrong
point_at(text, 0, 2) + 1  # wrong
"""


@pytest.mark.slow
def test_mypy_finds_wrong_calls_and_passes_right_ones(tmp_path: Path) -> None:
    """The test shares the cache of the project's own mypy runs: it takes 1 s, or 5 s for the first run without that
    cache.
    """
    (tmp_path / "calls.py").write_text(CALLS)
    root = Path(tokenmill.__file__).parents[1]
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", tmp_path / "calls.py"],
        env={**os.environ, "MYPYPATH": str(root)},
        cwd=root,
        capture_output=True,
        text=True,
    )
    found = {int(line) for line in re.findall(r"calls\.py:(\d+): error", run.stdout)}
    wrong = {number for number, line in enumerate(CALLS.splitlines(), start=1) if "# wrong" in line}
    assert found == wrong, run.stdout + run.stderr


def test_the_decorators_return_the_type_that_they_are_given() -> None:
    for decorator in (cache.kernel, cache.inlined):
        hints = get_type_hints(decorator)
        assert hints["return"] is hints["function"] is cache.Function


def test_every_kernel_is_annotated() -> None:
    kernels = [
        each.py_func
        for path in cache_folder.sources()
        for each in cache.kernels_of(importlib.import_module(cache_folder.module_name(path)))
    ]
    bare = [
        function.__qualname__
        for function in kernels
        if set(get_type_hints(function)) != {*inspect.signature(function).parameters, "return"}
    ]
    assert len(kernels) > 300
    assert bare == []


def test_a_kernel_is_a_kernel_at_run_time() -> None:
    assert cache.as_kernel(length_in_points).py_func.__name__ == "length_in_points"
    with pytest.raises(TypeError, match="is not a kernel"):
        cache.as_kernel(cache.frozen)
