"""Finds the plug-in that `--plugins` names (an importable package, a folder or a file), and its name in recipes.

A folder has its own name, so `./mylab` contains `mylab.long_words`. A file has its name without `.py`. If the folder
around it has an `__init__.py`, that folder's name comes first, and so on upwards: `mylab/filters/long_words.py` is then
`mylab.filters.long_words`. So a plug-in has the same names, and the same fingerprints, however it is given.
"""

import importlib
import inspect
import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from tokenmill.core.errors import DataError, RecipeError, did_you_mean, short
from tokenmill.core.extras import how_to_install
from tokenmill.core.kinds import Calling, Unit

_TAKEN = ("stages", "filters", "tokenize", "tokenmill")


def package_of(plugins: str) -> str:
    """Returns the name of the package or module that `--plugins` names, and makes it importable. Raises RecipeError.

    The folder that holds it, or the working directory, is added to the end of sys.path, so that no file there hides
    another module.
    """
    is_path = plugins.endswith((".py", os.sep)) or os.sep in plugins or plugins in (os.curdir, os.pardir)
    where = f"--plugins {plugins}: "
    if not plugins:
        raise RecipeError("--plugins: empty; give a package, a folder or a file, or leave the option out")
    if is_path:
        path = _existing(plugins, where)
        folder, name = _place_of(path, where)
        search([folder])
        _check_found(imported(name, name, where), path, where)
        return name
    if not all(part.isidentifier() for part in plugins.split(".")):
        raise RecipeError(f"{where}{short(plugins)} cannot be imported; rename it to letters, digits and '_'")
    search([os.getcwd()])
    try:
        imported(plugins, plugins, where)
    except ModuleNotFound as error:
        looked = f"no module {error.missing!r} in the working directory {os.getcwd()} or in Python's path"
        advice = "Give an importable package, a folder (./mylab) or a file (mine.py)"
        raise RecipeError(f"{where}{looked}. {advice}") from error
    return plugins


def search(folders: Iterable[str]) -> None:
    """Adds the folders of plug-ins to the end of sys.path, unless they are in it."""
    sys.path += [folder for folder in dict.fromkeys(folders) if folder not in sys.path]
    importlib.invalidate_caches()  # Python's listings of folders may be older than a file


def folders_of(modules: Iterable[str]) -> tuple[str, ...]:
    """Returns the folders from which Python imported the plug-ins among `modules`. A folder in the working directory is
    relative to it.
    """
    tops = sorted({module.partition(".")[0] for module in modules} - {"tokenmill"})
    found = [os.path.dirname(os.path.abspath(place)) for top in tops for place in _places(sys.modules[top])]
    if not found:
        return ()  # the working directory of a job on a cluster may be gone
    here = os.getcwd()
    return tuple(os.path.relpath(folder, here) if _is_in(folder, here) else folder for folder in dict.fromkeys(found))


def is_inside(name: str, package: str) -> bool:
    """Returns whether a module is that of a plug-in, `package` itself, or a module below it."""
    return name == package or name.startswith(f"{package}.")


def plugin_names(plugins: str) -> list[str]:
    """Returns the sorted names of a plug-in's public modules. Raises RecipeError if it cannot be imported."""
    package = package_of(plugins)
    folders = getattr(imported(package, package, "--plugins: "), "__path__", None)
    return [package] if folders is None else sorted({name for folder in folders for name in _below(folder, package)})


def functions_of(module: str) -> dict[str, str]:
    """Returns {name: first line of its docstring} of the public functions of a plug-in's module.

    Returns nothing if the module defines a class or has not been imported.
    """
    content = vars(sys.modules[module]).values() if module in sys.modules else ()
    own = [value for value in content if getattr(value, "__module__", "") == module]
    if any(isinstance(value, type) for value in own):
        return {}
    functions = [value for value in own if inspect.isfunction(value) and not value.__name__.startswith("_")]
    return {found.__name__: (inspect.getdoc(found) or "").split("\n")[0] for found in functions}


def check_functions(unit: Unit, plugins: str | None, where: str) -> None:
    """Raises RecipeError if a function that a unit calls is not inside `plugins`, does not exist, or is not a function.

    The unit's own module is allowed too, because it has the function of its example.
    """
    if not isinstance(unit, Calling):
        return
    for reference in unit.called_functions():
        module, _, name = reference.partition(":")
        allowed = plugins is not None and is_inside(module, package_of(plugins))
        if not allowed and module != type(unit).__module__:
            given = f"not inside --plugins {plugins}" if plugins else "code of your own"
            advice = f"give --plugins with the package, folder or file that has {module}"
            raise RecipeError(f"{where}the function {reference!r} is {given}; {advice}")
        found = imported(module, module, where)
        if not callable(getattr(found, name, None)):
            known = [key for key, value in vars(found).items() if callable(value) and not key.startswith("_")]
            raise RecipeError(f"{where}{module} has no function {name!r}{did_you_mean(name, known)}")


class ModuleNotFound(RecipeError):
    """There is no such module.

    missing: the name of the module, or of the package that it would be in.
    """

    def __init__(self, message: str, missing: str) -> None:
        super().__init__(message)
        self.missing = missing


def imported(module: str, name: str, where: str) -> ModuleType:
    """Imports and returns the module of the unit of work `name`.

    If a plug-in cannot be imported, the RecipeError gives file and line.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and is_inside(module, error.name):
            message = f"{where}no module {error.name!r} for {name!r}; correct the name, or name its place in --plugins"
            raise ModuleNotFound(message, error.name) from error
        if error.name and is_inside(error.name, module.partition(".")[0]):
            advice = "write the file, or correct the import"
            raise RecipeError(f"{where}{name}: {_line_of(error)}: no module {error.name!r}; {advice}") from error
        own = _own_place(error)
        if own is not None:
            module = (error.name or "").partition(".")[0]
            advice = f"give --plugins {own}, and write {module}.NAME for its units"
            raise RecipeError(f"{where}{name}: {_line_of(error)}: no module {error.name!r}; {advice}") from error
        raise RecipeError(f"{where}{how_to_install(error, user=name)}") from error
    except (Exception, SystemExit) as error:  # code that is not ours may raise anything
        if module != name:  # a module of tokenmill
            raise
        said = traceback.format_exception_only(error)[-1].strip()
        raise RecipeError(f"{where}{name}: {_line_of(error)}: {said}. Correct this plug-in") from error


@contextmanager
def blaming(unit: object, where: str) -> Iterator[None]:
    """Names the plug-in, with its line, if its code raises anything but a RecipeError while a run is planned.

    unit: a unit or its class. Errors of tokenmill's own units, and those of data and memory, pass through.
    """
    cls = unit if isinstance(unit, type) else type(unit)
    try:
        yield
    except (RecipeError, DataError, OSError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        if cls.__module__.startswith("tokenmill."):
            raise
        frames = traceback.extract_tb(error.__traceback__)
        file = getattr(sys.modules.get(cls.__module__), "__file__", None)
        frame = ([one for one in frames if one.filename == file] or frames)[-1]
        said = short(traceback.format_exception_only(error)[-1].strip(), limit=1000)
        place = f"{frame.filename}:{frame.lineno}"
        raise RecipeError(f"{where}{cls.__name__}: {place}: {said}. Correct this plug-in") from error


def _own_place(error: ModuleNotFoundError) -> Path | None:
    """Returns the folder or file of a missing module, if it is next to the importing file, above it, or here."""
    importing = Path(_line_of(error).rpartition(":")[0])
    missing = (error.name or "").partition(".")[0]
    for folder in (Path.cwd(), *importing.parents[:2]):
        for place in (folder / missing, folder / f"{missing}.py"):
            if missing and place.exists():
                return place.relative_to(Path.cwd()) if Path.cwd() in place.parents else place
    return None


def _line_of(error: BaseException) -> str:
    """Returns `file:line` of the top-level code at which an exception ended a module's import."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    module = [frame.filename for frame in frames if frame.name == "<module>"][-1:]
    inside = [frame for frame in frames if frame.filename in module]  # bodies of classes have frames too
    place = (inside or list(frames))[-1]
    return f"{place.filename}:{place.lineno}"


def _existing(plugins: str, where: str) -> Path:
    path = Path(os.path.abspath(plugins))
    if not path.exists():
        raise RecipeError(f"{where}no such file or folder; looked for {path}")
    if path.is_file() and path.suffix != ".py":
        raise RecipeError(f"{where}found a file, expected a folder or a Python file (.py)")
    return path


def _place_of(path: Path, where: str) -> tuple[str, str]:
    """Returns (the folder from which Python imports a file or folder, the name under which it imports it)."""
    parts, above = [path.name.removesuffix(".py") if path.is_file() else path.name], path.parent
    while (above / "__init__.py").is_file():
        parts, above = [above.name, *parts], above.parent
    for part in parts:
        if not part.isidentifier():
            raise RecipeError(f"{where}{short(part)} cannot be imported; rename it to letters, digits and '_'")
    if parts[0] in _TAKEN:
        raise RecipeError(f"{where}units of tokenmill have names that begin with {parts[0]!r}; rename yours")
    return str(above), ".".join(parts)


def _check_found(module: ModuleType, path: Path, where: str) -> None:
    """Raises RecipeError if Python finds another file or folder under the module's name."""
    found = _places(module)[:1]
    if [os.path.realpath(place) for place in found] != [os.path.realpath(path)]:
        other = found[0] if found else "which is built in"
        raise RecipeError(f"{where}Python has another module {module.__name__!r}, {other}; rename yours")


def _places(module: ModuleType) -> list[str]:
    """Returns the folders of a package, or the file of a module; nothing for a built-in module."""
    file = getattr(module, "__file__", None)
    return list(getattr(module, "__path__", [file] if file else []))


def _below(folder: str, package: str) -> Iterator[str]:
    for path in Path(folder).rglob("*.py"):
        parts = path.relative_to(folder).with_suffix("").parts
        if all(part.isidentifier() and not part.startswith("_") for part in parts):
            yield ".".join([package, *parts])


def _is_in(folder: str, above: str) -> bool:
    return os.path.commonpath([folder, above]) == above
