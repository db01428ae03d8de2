"""Lists all units of work, and describes one by its docstring, settings and rules."""

import dataclasses
import inspect
import re
from collections.abc import Iterator

from tokenmill.core.errors import RecipeError
from tokenmill.core.kinds import Filter
from tokenmill.pipeline.planning.contract import kind_of
from tokenmill.pipeline.planning.plugins import functions_of, plugin_names
from tokenmill.pipeline.planning.resolve import work_class, work_names

_SETTING = re.compile(r"(\w+(?:, \w+)*): (.*)")


def overview(*, plugins: str | None = None) -> Iterator[str]:
    """Yields one line per unit: its name, its kind and the first line of its module's docstring.

    Units of `plugins` are included. So are public functions of its modules without classes, as `module:function`.
    """
    for name in [*work_names(), *(plugin_names(plugins) if plugins else ())]:
        try:
            cls = work_class(name, plugins=plugins)
        except RecipeError as problem:
            functions = functions_of(name)
            for function, text in functions.items():
                yield f"{name + ':' + function:28} {'call':7} {text}"
            if not functions:
                yield f"{name:28} {problem}"
            continue
        yield f"{name:28} {kind_of(cls):7} {_first_line(cls)}"


def describe(name: str, *, plugins: str | None = None) -> Iterator[str]:
    """Yields a description of one unit, line by line."""
    cls = work_class(name, plugins=plugins)
    yield f"{name} ({kind_of(cls)})"
    yield inspect.getdoc(inspect.getmodule(cls)) or ""
    yield ""
    for title in ("reads", "adds"):
        columns = vars(cls).get(title, ())
        if isinstance(columns, tuple):  # otherwise they depend on settings
            yield f"{title}: {', '.join(columns) or '-'}"
    meanings = _meanings(cls)
    if not meanings:  # the docstring describes the settings in sentences
        yield from [*(inspect.getdoc(cls) or "").splitlines(), ""]
    yield "settings:"
    assert dataclasses.is_dataclass(cls)
    for field in dataclasses.fields(cls):
        yield f"  {field.name}: {_type(field.type)} = {_default(field)}"
        yield from (f"      {line}" for line in meanings.get(field.name, ()))
    rules = cls.RULES if isinstance(cls, Filter) else {}
    if rules:
        yield "rules, in order:"
    step = name.rpartition(".")[2]
    for rule, what in rules.items():
        bounds = [f"{kind} {setting}" for kind, setting in what.bounds.items()]
        yield f"  {step}.{rule}: {step}.{what.signal}, {', '.join(bounds)}"


def _meanings(cls: type) -> dict[str, list[str]]:
    """Returns {setting: lines of its description under `Attributes:` in the docstring}."""
    found: dict[str, list[str]] = {}
    own: list[str] = []
    text = inspect.cleandoc((inspect.getdoc(cls) or "").partition("Attributes:\n")[2].partition("\n\n")[0])
    for line in text.splitlines():
        begins = _SETTING.fullmatch(line)
        if begins:
            own = [begins[2]]
            found |= dict.fromkeys(begins[1].split(", "), own)
        else:
            own.append(line.strip())
    return found


def _first_line(cls: type) -> str:
    module = inspect.getmodule(cls)
    return (inspect.getdoc(module) or inspect.getdoc(cls) or "").split("\n")[0]


def _type(kind: object) -> str:
    return kind.__name__ if isinstance(kind, type) else str(kind)


def _default(field: dataclasses.Field[object]) -> str:
    if field.default is not dataclasses.MISSING:
        return repr(field.default)
    if field.default_factory is not dataclasses.MISSING:
        return repr(field.default_factory())
    return "(required)"
