"""Lists all units of work, and describes one by its docstrings, settings and rules."""

import dataclasses
import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tokenmill.core.errors import RecipeError
from tokenmill.core.kinds import Filter
from tokenmill.pipeline.planning.contract import kind_of
from tokenmill.pipeline.planning.plugins import functions_of, plugin_names
from tokenmill.pipeline.planning.resolve import work_class, work_names

_SETTING = re.compile(r"(\w+(?:, \w+)*): (.*)")


@dataclass(frozen=True)
class Listed:
    """A line of the list: a unit, or a function that stages.function and filters.function can call.

    Attributes:
        name: what a recipe writes.
        kind: source, step, global or callable (a function); "" for a module that cannot be used.
        summary: the first line of its docstring, or why the module cannot be used.
    """

    name: str
    kind: str
    summary: str


@dataclass(frozen=True)
class Setting:
    """A setting of a unit.

    Attributes:
        type: the annotation, as Python writes it.
        default: as in a recipe; None if the setting is required.
        meaning: the entry under `Attributes:` in the docstring of the class, in lines.
    """

    name: str
    type: str
    default: str | None
    meaning: tuple[str, ...]


@dataclass(frozen=True)
class UnitHelp:
    """The description of a unit, taken from its code.

    Attributes:
        text: the docstring of its module.
        reads, adds: names of columns; None if they depend on settings.
        rules: {rule: the comparison that drops a document}, in order.
    """

    name: str
    kind: str
    text: str
    reads: tuple[str, ...] | None
    adds: tuple[str, ...] | None
    settings: tuple[Setting, ...]
    rules: dict[str, str]


def overview(*, plugins: str | None = None) -> Iterator[Listed]:
    """Yields all units of work, and the units and public functions of `plugins`, as a list.

    A function is named `module:function`.
    """
    for name in [*work_names(), *(plugin_names(plugins) if plugins else ())]:
        try:
            cls = work_class(name, plugins=plugins)
        except RecipeError as problem:
            functions = functions_of(name)
            for function, text in functions.items():
                yield Listed(f"{name}:{function}", "callable", text)
            if not functions:
                yield Listed(name, "", str(problem))
            continue
        yield Listed(name, kind_of(cls), _docstring(cls).split("\n")[0])


def describe(name: str, *, plugins: str | None = None) -> UnitHelp:
    """Returns the description of one unit of work: its docstrings, settings and rules.

    Raises RecipeError if there is no unit of this name.
    """
    if ":" in name:
        raise RecipeError(
            f"{name} is a function, which filters.function and stages.function can call (docs/plugins.md)"
        )
    cls = work_class(name, plugins=plugins)
    meanings = _meanings(cls)
    assert dataclasses.is_dataclass(cls)
    settings = [
        Setting(field.name, _type(field.type), _default(field), tuple(meanings.get(field.name, ())))
        for field in dataclasses.fields(cls)
    ]
    step = name.rpartition(".")[2]
    rules = {
        f"{step}.{rule}": ", ".join(
            [f"{step}.{what.signal}", *(f"{how} {bound}" for how, bound in what.bounds.items())]
        )
        for rule, what in (cls.RULES if isinstance(cls, Filter) else {}).items()
    }
    columns = {title: _columns(vars(cls).get(title, ())) for title in ("reads", "adds")}
    return UnitHelp(name, kind_of(cls), _docstring(cls), columns["reads"], columns["adds"], tuple(settings), rules)


def lines(unit: UnitHelp) -> Iterator[str]:
    """Yields the description of a unit of work as lines for a terminal."""
    yield f"{unit.name} ({unit.kind})"
    yield from [*unit.text.splitlines(), ""]
    for title, columns in (("reads", unit.reads), ("adds", unit.adds)):
        if columns is not None:
            yield f"{title}: {', '.join(columns) or '-'}"
    yield from (f"{title}: depends on the settings" for title in ("reads", "adds") if getattr(unit, title) is None)
    yield "settings:" if unit.settings else "settings: -"
    for setting in unit.settings:
        yield f"  {setting.name}: {setting.type}" + ("" if setting.default is None else f" = {setting.default}")
        yield from (f"      {line}" for line in setting.meaning)
    if unit.rules:
        yield "rules, in order:"
    yield from (f"  {rule}: {comparison}" for rule, comparison in unit.rules.items())


def page(*, plugins: str | None = None) -> Iterator[str]:
    """Yields a Markdown page about all units of work, or about those of `plugins`. docs/units.md is such a page."""
    listed = [one for one in overview(plugins=plugins) if one.kind not in ("", "callable")]
    known = set(work_names())
    units = [describe(one.name, plugins=plugins) for one in listed if not plugins or one.name not in known]
    yield from ["# Units of work", "", "Written by `pipeline steps --markdown`.", ""]
    yield from ["| unit | kind | |", "|---|---|---|"]
    yield from (f"| [{one.name}](#{_anchor(one.name)}) | {one.kind} | {one.text.splitlines()[0]} |" for one in units)
    for unit in units:
        yield from ["", *_section(unit)]


def _section(unit: UnitHelp) -> Iterator[str]:
    yield from [f"## {unit.name}", "", *unit.text.splitlines(), ""]
    yield f"- kind: {unit.kind}"
    for title, columns in (("reads", unit.reads), ("adds", unit.adds)):
        if columns:
            yield f"- {title}: {', '.join(f'`{name}`' for name in columns)}"
    if unit.settings:
        yield from ["", "| setting | type | default | meaning |", "|---|---|---|---|"]
    for setting in unit.settings:
        default = "required" if setting.default is None else _code(setting.default)
        cells = (_code(setting.name), _code(setting.type), default, " ".join(setting.meaning))
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
    if unit.rules:
        yield from ["", "Rules, in order:", ""]
    yield from (f"- `{rule}`: {comparison}" for rule, comparison in unit.rules.items())


def _code(text: str) -> str:
    """Returns the text as code in Markdown. Its fence is longer than each row of backticks in the text."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}{text}{fence}" if fence == "`" else f"{fence} {text} {fence}"


def _anchor(heading: str) -> str:
    """Returns the anchor that GitHub gives a heading."""
    return heading.replace(".", "")


def _meanings(cls: type) -> dict[str, list[str]]:
    """Returns {setting: lines} from the section `Attributes:` of the docstring."""
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


def _docstring(cls: type) -> str:
    """Returns the docstring of the unit's module, or of the class if the module has none."""
    return inspect.getdoc(inspect.getmodule(cls)) or inspect.getdoc(cls) or ""


def _columns(found: object) -> tuple[str, ...] | None:
    return found if isinstance(found, tuple) else None


def _type(kind: object) -> str:
    return (kind.__name__ if isinstance(kind, type) else str(kind)).replace("typing.", "")


def _default(field: dataclasses.Field[object]) -> str | None:
    if field.default is not dataclasses.MISSING:
        return json.dumps(field.default, default=sorted)
    if field.default_factory is not dataclasses.MISSING:
        return json.dumps(field.default_factory(), default=sorted)
    return None
