"""Steps that only measure and mark: one published rule set or one score per file.

`from tokenmill.filters import GopherQuality` loads gopher_quality.py alone.
"""

import pkgutil
from functools import cache
from typing import Any

from tokenmill.core.lazy import class_name, lazy_class


@cache
def units() -> dict[str, str]:
    """{name of a filter: its module}. Each public file is a filter."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    return {name: f"{__name__}.{name}" for name in names}


def __getattr__(name: str) -> Any:
    return lazy_class(__name__, units(), name)


def __dir__() -> list[str]:
    return [*globals(), *map(class_name, units())]
