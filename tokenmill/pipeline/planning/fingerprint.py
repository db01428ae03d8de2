"""What a result depends on, as a hash: the work's names and settings, its code, its packages, its models, its input.

Code is hashed by content: a unit's module and every tokenmill module it imports, transitively, found in the syntax
tree.
"""

import ast
import functools
import hashlib
import importlib.metadata
import importlib.util
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from tokenmill.core.kinds import Fingerprinted, JsonObject, Source, Unit
from tokenmill.core.rules import step_name
from tokenmill.pipeline.planning.resolve import settings_of

_JSON = json.JSONEncoder(sort_keys=True)  # json.dumps would make one a call, and there is a call a shard


def digest(*parts: object) -> str:
    """Hex SHA-256 of JSON values; key order does not matter."""
    return hashlib.sha256(_JSON.encode(parts).encode()).hexdigest()


def work_fingerprint(units: Iterable[Unit], engine_modules: Iterable[str], *, mark_only: bool, excerpt: int) -> str:
    """Hash of fused units of work in order, and of the engine's modules that decide the bytes."""
    said = []
    for unit in units:
        module = type(unit).__module__
        said.append([step_name(unit), _settings(unit), code_hash(module), packages(module), _models(unit)])
    engine = [[module, code_hash(module)] for module in engine_modules]
    return digest(said, engine, packages("tokenmill.core.io.parquet"), mark_only, excerpt)


@functools.cache
def code_hash(module: str) -> str:
    """Hex SHA-256 over the source of a module and of all modules of its own package that it imports."""
    whole = hashlib.sha256()
    for name in sorted(reach(module)):
        whole.update(name.encode() + b"\0" + _source(name) + b"\0")
    return whole.hexdigest()


@functools.cache
def packages(module: str) -> dict[str, str]:
    """Versions of the third-party distributions that a module and what it imports name in their imports."""
    owners = _distributions()
    tops = {name.partition(".")[0] for reached in reach(module) for name in _imports(reached)}
    found = {dist for top in tops if top not in sys.stdlib_module_names for dist in owners.get(top, ())}
    return {dist: importlib.metadata.version(dist) for dist in sorted(found) if dist != "tokenmill"}


def _settings(unit: Unit) -> JsonObject:
    """The settings that affect results. `paths` of a Source only says which shards there are, and each shard's own file
    is hashed with it, so that one more path in a list leaves the results of the others valid.
    """
    aside = ("paths", *unit.traits.unhashed) if isinstance(unit, Source) else ()
    return {name: value for name, value in settings_of(unit).items() if name not in aside}


def _models(unit: Unit) -> dict[str, str]:
    return unit.file_checksums() if isinstance(unit, Fingerprinted) else {}


@functools.cache
def _distributions() -> dict[str, list[str]]:
    return dict(importlib.metadata.packages_distributions())


@functools.cache
def reach(module: str) -> frozenset[str]:
    """The module and all modules of its own package that it imports, transitively, by name."""
    top = module.partition(".")[0]
    seen: set[str] = set()
    todo = [module]
    while todo:
        name = todo.pop()
        if name not in seen and _path(name) is not None:
            seen.add(name)
            todo += [found for found in _imports(name) if found.partition(".")[0] == top]
    return frozenset(seen)


@functools.cache
def _imports(module: str) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(_source(module))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(found)


def _source(module: str) -> bytes:
    path = _path(module)
    return path.read_bytes() if path else b""


@functools.cache
def _path(module: str) -> Path | None:
    loaded = getattr(sys.modules.get(module), "__file__", None)
    if loaded:
        return Path(loaded)
    try:
        spec = importlib.util.find_spec(module)
    except (ModuleNotFoundError, AttributeError):
        return (
            None  # `from tokenmill.core.errors import DataError` also asks for a module DataError, which there is not
        )
    return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None
