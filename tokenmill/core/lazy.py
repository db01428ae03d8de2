"""Classes that are imported on first use, so that importing a package of units of work costs no time."""

import importlib
from collections.abc import Mapping

from tokenmill.core.errors import did_you_mean


def class_name(name: str) -> str:
    """Returns the class name of a unit: `ScrubPii` for `stages.scrub_pii`."""
    return "".join(part.capitalize() for part in name.rpartition(".")[2].split("_"))


def lazy_modules(modules: Mapping[str, str]) -> dict[str, str]:
    """Returns {class name: its module} for {name of a unit of work: its module}."""
    return {class_name(unit): module for unit, module in modules.items()}


def lazy_class(package: str, modules: Mapping[str, str], name: str) -> type:
    """Imports and returns the class `name` of a unit of work, when a package is first asked for it.

    modules: {name of a unit of work: its module}. Raises AttributeError if `name` is not the class of one of them.
    """
    units = lazy_modules(modules)
    if name not in units:
        near = "" if name.startswith("__") else did_you_mean(name, units)
        raise AttributeError(f"module {package!r} has no attribute {name!r}{near}")
    found: type = getattr(importlib.import_module(units[name]), name)
    return found
