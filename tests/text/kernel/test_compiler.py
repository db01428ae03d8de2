"""Only entries have machine code, helpers do not. The results and the cache are as with stock numba."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import tokenmill
from tokenmill.text.kernel import cache, compiler
from tokenmill.text.kernel.points import length_in_points

KERNELS = """
import sys
import numpy as np
from tokenmill.text.kernel import compiler
if "stock" in sys.argv:
    compiler.TESTED = ()
from tokenmill.text.kernel.cache import as_kernel, kernel

@kernel
def fib(n: int) -> int:
    return n if n < 2 else fib(n - 1) + fib(n - 2)

@kernel
def told(n: int) -> int:
    print("helper", n)
    return fib(n)

@kernel
def added(numbers, n: int) -> int:
    return told(n) + told(n + 1) + numbers[0]

print(added(np.array([5]), 4))
print(fib(3))
print([sum(as_kernel(each).dispatcher.stats.cache_misses.values()) for each in (fib, told, added)])
"""

CONSTANTS = """
from tokenmill.text.kernel.cache import as_kernel, kernel

@kernel
def less(n: int, m: int) -> int:
    return n - m

@kernel
def all_of(n: int) -> int:
    return less(n, 1) + less(5, n) + less(m=2, n=n)

print(all_of(4), [[str(one) for one in form] for form in as_kernel(less).dispatcher._helper.overloads])
"""

BESIDE = """
import sys
import numba
import numpy as np
from tokenmill.text.kernel.cache import kernel

@kernel
def twice(n: int) -> int:
    return n + n

twice(1)
print("scipy.linalg" in sys.modules)

@numba.njit
def product(a):
    return np.dot(a, a), np.convolve(a, a)[0]

print(product(np.array([1.0, 2.0, 3.0])))
print("scipy.linalg" in sys.modules)
"""


def run(folder: Path, *arguments: str, program: str = KERNELS) -> list[str]:
    (folder / "kernels.py").write_text(program)
    environment = os.environ | {
        "PYTHONPATH": str(Path(tokenmill.__file__).parents[1]),
        "XDG_CACHE_HOME": str(folder / arguments[0] if arguments else folder / "home"),
    }
    command = [sys.executable, "kernels.py", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.slow
def test_helpers_give_what_stock_numba_gives_and_only_entries_are_kept(tmp_path: Path) -> None:
    """This also holds if a helper calls itself, prints, or is called from Python, and if it comes from the cache."""
    said = ["helper 4", "helper 5", "13", "2"]
    assert run(tmp_path) == [*said, "[1, 0, 1]"]
    assert run(tmp_path) == [*said, "[0, 0, 0]"]
    assert len(list((tmp_path / "home").rglob("*.nbc"))) == 2
    assert run(tmp_path, "stock") == [*said, "[1, 1, 1]"]
    assert len(list((tmp_path / "stock").rglob("*.nbc"))) == 3


@pytest.mark.slow
def test_a_helper_has_one_form_for_all_constants(tmp_path: Path) -> None:
    assert run(tmp_path, program=CONSTANTS) == ["6 [['int64', 'int64']]"]


@pytest.mark.slow
def test_kernels_do_not_import_scipy_and_other_users_of_numba_have_it(tmp_path: Path) -> None:
    pytest.importorskip("scipy")
    assert run(tmp_path, program=BESIDE) == ["False", "(14.0, 1.0)", "True"]


def test_the_installed_numba_is_a_tested_one() -> None:
    """After an upgrade of numba: run all tests, compare the speed of kernels, and add the version."""
    assert isinstance(cache.as_kernel(length_in_points).dispatcher, compiler._Entry)
