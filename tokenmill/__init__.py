"""tokenmill turns raw crawls into training tokens and records every removal.

This module is the Python API: `run`, `open_run`, `apply`, `Run`, `RecipeError`, `DataError`. Each is imported on first
use.
"""

import importlib
from typing import TYPE_CHECKING

from tokenmill.core.version import __version__

if TYPE_CHECKING:
    from tokenmill.api.memory import apply
    from tokenmill.api.run import Run, open_run, run
    from tokenmill.core.errors import DataError, RecipeError

__all__ = ["DataError", "RecipeError", "Run", "__version__", "apply", "open_run", "run"]

_MODULES = {
    "DataError": "tokenmill.core.errors",
    "RecipeError": "tokenmill.core.errors",
    "Run": "tokenmill.api.run",
    "apply": "tokenmill.api.memory",
    "open_run": "tokenmill.api.run",
    "run": "tokenmill.api.run",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *_MODULES]
