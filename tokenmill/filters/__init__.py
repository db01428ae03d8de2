"""Filters: Steps that measure documents and mark those that break a rule.

Each file has one filter: a published rule set, a score, or rules from lists and functions of the user. c4, dclm_lines
and line_filter also edit the text. `from tokenmill.filters import GopherQuality` imports only gopher_quality.py.
"""

import pkgutil
from functools import cache
from typing import Any

from tokenmill.core.lazy import class_name, lazy_class


@cache
def units() -> dict[str, str]:
    """Returns {name of a filter: its module}. Each public file is a filter."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    return {name: f"{__name__}.{name}" for name in names}


def __getattr__(name: str) -> Any:
    return lazy_class(__name__, units(), name)


def __dir__() -> list[str]:
    return [*globals(), *map(class_name, units())]
