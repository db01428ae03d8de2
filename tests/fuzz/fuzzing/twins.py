"""Takes the plain twins of kernels, and the pieces that their tests build texts from, out of the tests they are in."""

import functools
import importlib.util
from pathlib import Path
from types import ModuleType

_TESTS = Path(__file__).parents[2]


@functools.cache
def test_module(path: str) -> ModuleType:
    """The test file at `path` under tests/, as a module."""
    place = _TESTS / path
    spec = importlib.util.spec_from_file_location(f"twins_of_{place.stem}", place)
    assert spec and spec.loader, place
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
