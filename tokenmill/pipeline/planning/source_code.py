"""Hashes the code that a module's results depend on, as syntax trees.

A module of tokenmill or of a plug-in counts together with every module of such code that it imports, at any depth.
Relative imports and imports inside functions count too. Comments, docstrings and formatting do not count, nor do the
modules in NOT_HASHED.
"""

import ast
import functools
import hashlib
import importlib.util
import marshal
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Final

from tokenmill.core.lazy import lazy_modules
from tokenmill.pipeline.planning.known_code import Code, KnownCode
from tokenmill.pipeline.planning.versions import distributions_of

NOT_HASHED: Final = {
    "tokenmill": "the Python API",
    "tokenmill.stages": "a table of names",
    "tokenmill.tokenize": "a table of names",
    "tokenmill.filters": "a table of names",
    "tokenmill.core.errors": "messages",
    "tokenmill.core.memory": "measures memory and returns it to the system",
    "tokenmill.core.version": "the version number",
    "tokenmill.core.corpus.local_copy": "copies files before they are read",
    "tokenmill.core.io.cache_dirs": "says where caches are kept",
    "tokenmill.core.io.http": "moves bytes",
    "tokenmill.core.io.local_input": "identifies and hashes files; its results are in the fingerprint",
    "tokenmill.core.io.manners": "waits between requests",
    "tokenmill.core.io.models": "finds and checks model files; their checksums are in the fingerprint",
    "tokenmill.core.io.remote": "moves bytes",
    "tokenmill.core.io.retry": "waits and tries again",
    "tokenmill.core.io.s3": "moves bytes",
    "tokenmill.core.io.storage": "moves bytes",
    "tokenmill.core.io.url_secrets": "hides passwords in messages",
    "tokenmill.text.kernel.cache_folder": "says where compiled kernels are kept",
    "tokenmill.pipeline.engine.*": "decides where tasks run",
    "tokenmill.pipeline.exchange.room": "memory and scratch folders",
    "tokenmill.pipeline.planning.*": "decides what runs; settings and input are in the fingerprint themselves",
    "tokenmill.pipeline.record.*": "manifests, logs and locks",
    "tokenmill.pipeline.report.*": "reads finished runs",
}
"""{module that moves bytes, retries, logs, plans or reports: what it does}. `folder.*`: all modules in the folder."""

_TABLES: Final = frozenset({"tokenmill.filters", "tokenmill.stages", "tokenmill.tokenize"})
"""Packages whose classes load on use: `from tokenmill.filters import C4` imports tokenmill.filters.c4."""

_NO_VALUE: Final = frozenset({"ctx", "kind", "type_comment", "type_ignores"})  # fields without information


_known = KnownCode(Path(__file__))
_local: dict[str, tuple[Path, bytes]] = {}
"""{module outside of tokenmill: (its file, the content that was hashed)}"""


@functools.cache
def code_hash(module: str) -> str:
    """Returns the hex SHA-256 of the syntax trees of a module and all code that it imports, see reach()."""
    whole = hashlib.sha256()
    for name in sorted(reach(module)):
        whole.update(name.encode() + b"\0" + _code(name).digest)
    return whole.hexdigest()


@functools.cache
def reach(module: str) -> frozenset[str]:
    """Returns the module and all modules of code that it imports, at any depth, without those in NOT_HASHED."""
    own = module.partition(".")[0]
    seen = {module} if _counts(module, own) else set[str]()
    todo = list(seen)
    while todo:
        new = [name for name in _followed(todo.pop(), own) if name not in seen]
        seen.update(new)
        todo += new
    return frozenset(seen)


@functools.cache
def imported_packages(module: str) -> frozenset[str]:
    """Returns the top-level names of third-party packages that the modules in reach(module) import."""
    own = module.partition(".")[0]
    tops = {name.partition(".")[0] for reached in reach(module) for name in _code(reached).imports}
    return frozenset(top for top in tops if top not in sys.stdlib_module_names and not _is_code(top, own))


def imports_of(module: str) -> frozenset[str]:
    """Returns what a module with Python source imports directly: modules, and names in them that may be modules."""
    return _code(module).imports


def is_hashed(module: str) -> bool:
    """Returns False for a module in NOT_HASHED, whose code changes no fingerprint."""
    return module not in NOT_HASHED and f"{module.rpartition('.')[0]}.*" not in NOT_HASHED


@functools.cache
def file_of(module: str) -> Path | None:
    """Returns the path of a module's Python source, without importing the module; None if there is no source."""
    loaded = getattr(sys.modules.get(module), "__file__", None)
    if loaded and loaded.endswith(".py"):
        return Path(loaded)
    parent, _, name = module.rpartition(".")
    if not parent:
        spec = importlib.util.find_spec(name) if name not in sys.modules else None
        return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None
    for folder in _folders(parent):
        for place in (f"{name}/__init__.py", f"{name}.py"):
            if place.partition("/")[0] in _names_in(folder) and (folder / place).is_file():
                return folder / place
    return None


@functools.cache
def _followed(module: str, own: str) -> tuple[str, ...]:
    """Returns the modules of code that a module imports directly, without those in NOT_HASHED."""
    imports = (found for name in _code(module).imports for found in _modules_of(name))
    parent = module.rpartition(".")[0]  # Python runs it first; in tokenmill it only describes its folder
    above = (parent,) if parent and not module.startswith("tokenmill.") else ()
    return tuple(name for name in (*above, *imports) if _counts(name, own))


def _modules_of(name: str) -> Iterable[str]:
    """Returns the module that an import of this name loads, or all modules that a whole table may load."""
    table, _, unit = name.rpartition(".")
    if table not in _TABLES:
        return (name,)
    units: dict[str, str] = importlib.import_module(table).units()
    return units.values() if unit == "*" else (lazy_modules(units).get(unit, name),)


def _counts(module: str, own: str) -> bool:
    return is_hashed(module) and _is_code(module.partition(".")[0], own) and file_of(module) is not None


@functools.cache
def _is_code(top: str, own: str) -> bool:
    """Returns True for tokenmill, for the plug-in `own`, and for other local code, which is source that no installed
    distribution contains.
    """
    if top in ("tokenmill", own):
        return True
    if top in sys.stdlib_module_names or distributions_of(top):
        return False
    return bool(_folders(top)) or file_of(top) is not None


@functools.cache
def _folders(package: str) -> tuple[Path, ...]:
    """Returns the folders of a package's modules; none for a module that is not a package."""
    loaded = getattr(sys.modules.get(package), "__path__", None)
    if loaded is not None:
        return tuple(map(Path, loaded))
    parent, _, name = package.rpartition(".")
    if parent:
        return tuple(folder / name for folder in _folders(parent) if (folder / name).is_dir())
    spec = importlib.util.find_spec(name) if name not in sys.modules else None
    return tuple(map(Path, spec.submodule_search_locations or ())) if spec else ()


@functools.cache
def _names_in(folder: Path) -> frozenset[str]:
    return frozenset(os.listdir(folder)) if folder.is_dir() else frozenset()


@functools.cache
def _code(module: str) -> Code:
    path = file_of(module)
    assert path is not None  # callers pass only modules with a file
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    content = path.read_bytes()
    if not module.startswith("tokenmill."):
        _local[module] = path, content
    return _known.of(content, package, lambda: _parsed(content, path, package))


def forget_edited_code(package: str | None) -> bool:
    """Forgets local modules outside of tokenmill if they, or modules that they reach, were edited after they were
    hashed, so that they are imported and hashed again. Returns whether there were any.

    In a notebook, results of an edited plug-in would otherwise be recorded as results of the earlier code.

    package: the plug-in. If one of its modules was imported, edited and never hashed, all are imported again too.
    """
    inside = [name for name in sys.modules if package and f"{name}.".startswith(f"{package}.")]
    if any(name not in _local and _was_edited(sys.modules[name]) for name in inside):
        for name in inside:
            del sys.modules[name]
    edited = {name for name, (path, was) in _local.items() if not path.is_file() or path.read_bytes() != was}
    if not edited:
        return False
    tops = {name.partition(".")[0] for name in _local if edited & reach(name)}
    for name in [name for name in _local if name.partition(".")[0] in tops]:
        sys.modules.pop(name, None)
        del _local[name]
    importlib.invalidate_caches()
    for cached in (code_hash, reach, imported_packages, file_of, _followed, _is_code, _folders, _names_in, _code):
        cached.cache_clear()
    return True


def _was_edited(module: ModuleType) -> bool:
    """Returns True if Python's bytecode cache differs from the module's file. Without a cached file it is not known."""
    file, cached = getattr(module, "__file__", None), getattr(module, "__cached__", None)
    if not (file and cached and os.path.isfile(file) and os.path.isfile(cached)):
        return False
    try:
        imported = marshal.loads(Path(cached).read_bytes()[16:])  # after the header of 16 bytes
        return bool(imported != compile(Path(file).read_bytes(), file, "exec", dont_inherit=True))
    except (ValueError, EOFError, TypeError, SyntaxError):
        return True


def remember_code() -> None:
    """Writes the results of parsing Python source to the user's cache, so that the next start need not parse again."""
    _known.save()


def _parsed(content: bytes, path: Path, package: str) -> Code:
    writer = _TreeWriter(package)
    writer.write(ast.parse(content, str(path)))
    return Code(hashlib.sha256(" ".join(writer.words).encode()).digest(), frozenset(writer.imports))


class _TreeWriter:
    """Writes a syntax tree as words, the same for each Python version, and collects the imports.

    ast.dump would take twice as long, and its output differs between Python versions.
    """

    def __init__(self, package: str) -> None:
        self.words: list[str] = []
        self.imports: set[str] = set()
        self._package = package
        self._fields: dict[type[ast.AST], tuple[str, ...]] = {}

    def write(self, node: ast.AST, *, runs: bool = True) -> None:
        """Appends the words of a node. runs: False inside `if TYPE_CHECKING`, whose imports are not executed."""
        kind = type(node)
        if kind not in self._fields:
            self._fields[kind] = tuple(name for name in kind._fields if name not in _NO_VALUE)
        if runs:
            self._collect(node)
        never = "body" if kind is ast.If and _is_type_checking(node) else ""
        self.words += ("(", kind.__name__)
        values = vars(node)
        for name in self._fields[kind]:
            value = values.get(name)
            if isinstance(value, ast.AST):
                self.words.append(name)
                self.write(value, runs=runs)
            elif isinstance(value, list):
                if value:
                    self.words += (name, "[")
                    self._write_all(value, runs and name != never)
                    self.words.append("]")
            elif value is not None:
                self.words += (name, repr(value))
        self.words.append(")")

    def _write_all(self, values: list[object], runs: bool) -> None:
        for value in values:
            if not isinstance(value, ast.AST):
                self.words.append(repr(value))
            elif not _is_docstring(value):
                self.write(value, runs=runs)

    def _collect(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self.imports.update((alias.name, *_whole(alias.name)))
                if alias.asname is None:  # `import a.b` gives the name a
                    self.imports.add(alias.name.partition(".")[0])
        elif isinstance(node, ast.ImportFrom):
            base = self._absolute("." * node.level + (node.module or ""))
            self.imports.add(base)
            for inside in (f"{base}.{alias.name}" for alias in node.names):
                self.imports.update((inside, *(_whole(inside) if base == "tokenmill" else ())))
        elif isinstance(node, ast.Call) and node.args and _is_import_module(node.func):
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                self.imports.add(self._absolute(name.value))

    def _absolute(self, name: str) -> str:
        """Returns the absolute name: `mylab.filters.helper` for `.helper` in a module of mylab.filters."""
        plain = name.lstrip(".")
        above = len(name) - len(plain) - 1
        if above < 0:
            return plain
        parts = self._package.split(".")
        return ".".join([*parts[: len(parts) - above], *([plain] if plain else [])])


def _whole(module: str) -> tuple[str, ...]:
    """Returns `tokenmill.filters.*` for an import of a whole table, because any of its classes may be used; else ()."""
    return (f"{module}.*",) if module in _TABLES else ()


def _is_docstring(node: ast.AST) -> bool:
    """Returns True for a string as a statement: a docstring, or the description of a constant."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_type_checking(node: ast.AST) -> bool:
    test = getattr(node, "test", None)
    return "TYPE_CHECKING" in (getattr(test, "id", None), getattr(test, "attr", None))


def _is_import_module(function: ast.AST) -> bool:
    """Returns True for importlib.import_module, import_module and __import__."""
    names = (getattr(function, "id", None), getattr(function, "attr", None))
    return "import_module" in names or "__import__" in names
