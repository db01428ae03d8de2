"""Finds versions that a result depends on, in addition to our code: of packages, and of Python's Unicode tables."""

import functools
import importlib.metadata
import importlib.util
import unicodedata
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError
from pathlib import Path

_COMPILERS = frozenset({"numba", "llvmlite"})  # kernels count in integers and with strict floating point


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Returns {distribution: version} of those Python packages of a result that are installed.

    packages: top-level names of modules, or names of distributions.
    """
    found = {name for package in packages for name in distributions_of(package)} - _COMPILERS
    return {name: version_of(name) for name in sorted(found)}


@functools.cache
def version_of(distribution: str) -> str:
    """Returns the installed version of a Python distribution; a look-up takes one or two milliseconds."""
    return importlib.metadata.version(distribution)


def unicode_version() -> str:
    """Returns the version of Python's Unicode tables, those of str methods and unicodedata.

    The kernels' tables are built from them.
    """
    return unicodedata.unidata_version


@functools.cache
def distributions_of(package: str) -> tuple[str, ...]:
    """Returns the Python distributions that contain a top-level module, or that have its name; none for local code.

    The distribution of the same name is tried first, because reading the contents of all distributions takes most of a
    second.
    """
    try:
        found = importlib.metadata.distribution(package)
    except PackageNotFoundError:
        return tuple(sorted(_all_distributions().get(package, ()))) if _is_installed(package) else ()
    tops = found.read_text("top_level.txt")
    if tops is None or package in tops.split() or not _is_installed(package):
        return (found.metadata["Name"],)
    return tuple(sorted(_all_distributions().get(package, ())))


@functools.cache
def _all_distributions() -> dict[str, list[str]]:
    return {top: list(names) for top, names in importlib.metadata.packages_distributions().items()}


def _is_installed(package: str) -> bool:
    """Returns whether a folder of installed packages has such a module."""
    try:
        spec = importlib.util.find_spec(package)
    except (ValueError, ModuleNotFoundError):  # __main__ has no spec; a name with a dot is that of a distribution
        return False
    places = [spec.origin, *(spec.submodule_search_locations or ())] if spec else []
    parts = {part for place in places if place for part in Path(place).parts}
    return bool(parts & {"site-packages", "dist-packages"})
