"""Loads test files, so that fuzz targets can use their plain twins of kernels and the pieces for building texts."""

import functools
import importlib.util
from pathlib import Path
from types import ModuleType

_TESTS = Path(__file__).parents[2]


@functools.cache
def test_module(path: str) -> ModuleType:
    """Returns the test file at `path`, relative to tests/, as a module."""
    place = _TESTS / path
    spec = importlib.util.spec_from_file_location(f"twins_of_{place.stem}", place)
    assert spec and spec.loader, place
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
