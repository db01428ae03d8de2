"""Builds the units of work that a recipe names. A name is a file's path; the class is the file's name in CamelCase."""

import dataclasses
import difflib
import functools
import importlib
import itertools
import json
import typing
from types import ModuleType, UnionType
from typing import Any

import pydantic

from tokenmill.core.errors import RecipeError, did_you_mean, listed, short
from tokenmill.core.io.url_secrets import shown
from tokenmill.core.kinds import Completing, Concluding, Global, JsonObject, Source, Step, Unit, Writer
from tokenmill.core.lazy import class_name
from tokenmill.core.memory import LEAST_MEMORY
from tokenmill.core.rules import class_step_name
from tokenmill.pipeline.planning.contract import contract_problem, rounds_problem
from tokenmill.pipeline.planning.plugins import blaming, check_functions, imported, is_inside, package_of, plugin_names
from tokenmill.pipeline.planning.recipe import Recipe, StageSpec, WorkSpec


@dataclasses.dataclass(frozen=True)
class Stage:
    """A stage whose work is built: an optional Source, then Steps, then an optional Global.

    Attributes:
        inputs: names of the stages that it reads; none if it has a Source.
        columns: names of the columns that it passes to the stages that read it.
    """

    spec: StageSpec
    inputs: tuple[str, ...]
    source: Source | None
    steps: tuple[Step, ...]
    final: Global | None
    columns: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def work(self) -> tuple[Unit, ...]:
        """All units in order."""
        return tuple(unit for unit in (self.source, *self.steps, self.final) if unit is not None)

    @property
    def named_work(self) -> list[tuple[str, Unit]]:
        """All units in order, each with its name in recipes: (`stages.read_warc`, the unit)."""
        return list(zip((work.name for work in self.spec.work), self.work, strict=True))

    @property
    def writes_corpus(self) -> bool:
        """True if the stage ends in files of its own (token shards) instead of documents."""
        return isinstance(self.final, Writer)

    @property
    def has_facts(self) -> bool:
        """True if the stage has a facts.json with the counts of its Global."""
        return isinstance(self.final, Concluding)


def resolve(recipe: Recipe, *, plugins: str | None = None) -> tuple[Stage, ...]:
    """Builds the units of every stage of a recipe and checks that each column that a unit reads is there.

    Reads no data. plugins: an importable package, a folder or a file whose modules the recipe may also name. Raises
    RecipeError.
    """
    if plugins is not None:
        package_of(plugins)
    built, problems = _built(recipe, plugins)
    if problems:
        raise RecipeError(listed(problems))
    stages: list[Stage] = []
    for spec in recipe.stages:
        stages.append(_stage(spec, recipe, stages, built[spec.name]))
    return tuple(stages)


def _built(recipe: Recipe, plugins: str | None) -> tuple[dict[str, list[Unit]], list[str]]:
    """Returns ({stage: its units of work}, the messages about units that could not be built)."""
    built: dict[str, list[Unit]] = {spec.name: [] for spec in recipe.stages}
    problems: list[str] = []
    for stage, work in ((spec.name, work) for spec in recipe.stages for work in spec.work):
        where = f"{recipe.file}:{work.line}: stage {stage!r}: "
        try:
            built[stage].append(build(work, seed=recipe.seed, plugins=plugins, where=where))
        except RecipeError as error:
            problems.append(str(error))
    try:
        excerpt_scrub(recipe, plugins=plugins)
    except RecipeError as error:
        problems.append(str(error))
    return built, list(dict.fromkeys(problems))


def excerpt_scrub(recipe: Recipe, *, plugins: str | None) -> tuple[str, Step] | None:
    """Returns the name of the Step that scrubs excerpts of dropped texts, and the Step; None if none are kept.

    Raises RecipeError. A scrub that is named although no excerpts are kept is checked too, because they may be switched
    on later.
    """
    if not recipe.excerpt.chars and recipe.excerpt.scrub is None:
        return None
    work = _excerpt_work(recipe)
    where = f"{recipe.file}:{work.line}: excerpt: "
    scrub = build(work, seed=recipe.seed, plugins=plugins, where=where)
    if isinstance(scrub, Source | Global) or "text" not in scrub.adds:
        raise RecipeError(f"{where}scrub: {work.name} edits no texts; name a Step that has 'text' in `adds`")
    if not set(scrub.reads) <= {"id", "text"}:
        raise RecipeError(f"{where}scrub: {work.name} reads {', '.join(scrub.reads)}; an excerpt has only id and text")
    return (work.name, scrub) if recipe.excerpt.chars else None


def classes_of(recipe: Recipe, *, plugins: str | None) -> tuple[type[Unit], ...]:
    """Returns the classes of all units that a recipe names, including the scrubber of excerpts. Checks no settings."""
    works = [work for spec in recipe.stages for work in spec.work]
    if recipe.excerpt.chars:
        works.append(_excerpt_work(recipe))
    return tuple(work_class(each.name, plugins=plugins, where=f"{recipe.file}:{each.line}: ") for each in works)


def _excerpt_work(recipe: Recipe) -> WorkSpec:
    return recipe.excerpt.scrub or WorkSpec(importlib.import_module("tokenmill.stages").EXCERPT_SCRUB, {}, 1)


def work_names() -> list[str]:
    """Returns the sorted names of all units of work that come with tokenmill: `filters.c4`, …"""
    return sorted(_unit_modules())


def work_class(name: str, *, plugins: str | None = None, where: str = "") -> type[Unit]:
    """Returns the class of the unit of work for which a name in a recipe stands.

    Raises RecipeError for any name that is neither a unit of tokenmill nor a module of `plugins`, and for a class that
    is not a valid unit. where: begins the message.
    """
    if plugins and is_inside(name, package_of(plugins)):
        module = imported(name, name, where)
    elif name in _unit_modules():
        module = imported(_unit_modules()[name], name, where)
    else:
        hint = "" if plugins else _plugins_hint(name)
        raise RecipeError(f"{where}unknown unit {name!r}; `pipeline steps` lists all{hint}{_nearest(name, plugins)}")
    wanted = class_name(name)
    if not hasattr(module, wanted):
        rule = "a unit's class has the name of its file in CamelCase"
        raise RecipeError(f"{where}{module.__name__} has no class {wanted}; {rule}{_classes_in(module)}")
    found: type[Unit] = getattr(module, wanted)
    problem = contract_problem(found)
    if not problem and class_step_name(found) != name.rpartition(".")[2]:
        step = class_step_name(found)
        problem = f"its signals and rules are called {step!r}, so name the file {step}.py"
    if problem:
        raise RecipeError(f"{where}{name}: {problem}")
    return found


def settings_of(work: Unit) -> JsonObject:
    """Returns all settings of a unit of work, including defaults, as JSON values. URLs have no passwords or signatures.

    If the settings are saved, loaded and saved again, they are the same.
    """
    assert dataclasses.is_dataclass(work)
    values = {field.name: getattr(work, field.name) for field in dataclasses.fields(work)}
    filled: JsonObject = json.loads(json.dumps(values, default=lambda value: sorted(map(str, value))))
    types = typing.get_type_hints(type(work))
    return {name: _without_secrets(_with_floats(value, types[name])) for name, value in filled.items()}


def _with_floats(value: object, wanted: Any) -> object:
    """Returns the JSON value with 3 as 3.0 wherever its type is float, as a recipe's 3 is loaded."""
    kinds = typing.get_args(wanted) if typing.get_origin(wanted) in (UnionType, typing.Union) else (wanted,)
    if type(value) is int:
        return float(value) if float in kinds and int not in kinds else value
    if isinstance(value, dict):
        item = next((typing.get_args(kind)[1] for kind in kinds if typing.get_origin(kind) is dict), object)
        return {key: _with_floats(one, item) for key, one in value.items()}
    if isinstance(value, list):
        items = next((typing.get_args(kind) for kind in kinds if typing.get_origin(kind) in (list, tuple)), (object,))
        each = items if len(items) == len(value) and ... not in items else itertools.repeat(items[0])
        return [_with_floats(one, item) for one, item in zip(value, each, strict=False)]
    return value


def _without_secrets(value: object) -> object:
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    return {key: _without_secrets(item) for key, item in value.items()} if isinstance(value, dict) else value


def build(spec: WorkSpec, *, seed: int, plugins: str | None, where: str) -> Unit:
    """Returns the unit of work for a recipe's entry, after checking its settings against the types of the fields.

    seed: for a unit that has this setting, if the entry does not give it. where: begins every message. Raises
    RecipeError.
    """
    cls = work_class(spec.name, plugins=plugins, where=where)
    assert dataclasses.is_dataclass(cls)
    fields = {field.name: field for field in dataclasses.fields(cls) if field.init}
    hints = typing.get_type_hints(cls)
    values: JsonObject = {}
    for key, value in spec.settings.items():
        if key not in fields:
            raise RecipeError(f"{where}{spec.name} has no setting {key!r}{did_you_mean(key, fields)}")
        values[key] = _checked(value, hints[key], f"{where}{spec.name}: {key}")
    if "seed" in fields and "seed" not in values:
        values["seed"] = seed
    for key, field in fields.items():
        needed = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if needed and key not in values:
            raise RecipeError(f"{where}{spec.name} needs the setting {key!r}; write {spec.name}: {{{key}: …}}")
    try:
        with blaming(cls, ""):
            unit: Unit = cls(**values)
    except (ValueError, OSError, RecipeError) as error:
        raise RecipeError(f"{where}{spec.name}: {error}") from error
    with blaming(cls, where):  # isinstance() of a protocol reads these properties too, in any order
        _ = unit.adds, getattr(unit, "reads", ())
    check_functions(unit, plugins, f"{where}{spec.name}: ")
    if isinstance(unit, Global) and spec.name not in _unit_modules() and (problem := rounds_problem(unit)):
        raise RecipeError(f"{where}{spec.name}: {problem}")
    return unit


def _stage(spec: StageSpec, recipe: Recipe, before: list[Stage], units: list[Unit]) -> Stage:
    where = f"{recipe.file}:{spec.line}: stage {spec.name!r}: "
    source: Source | None = None
    final: Global | None = None
    steps: list[Step] = []
    for place, (unit, work) in enumerate(zip(units, spec.work, strict=True)):
        if isinstance(unit, Source):
            if place > 0:
                raise RecipeError(f"{where}{work.name} makes documents, so it must come first in its stage")
            source = unit
        elif isinstance(unit, Global):
            if place < len(units) - 1:
                raise RecipeError(f"{where}{work.name} looks across all documents, so it must come last in its stage")
            final = unit
        else:
            steps.append(unit)
    if final is not None and spec.memory < LEAST_MEMORY:
        raise RecipeError(
            f"{where}memory: {spec.memory:,} bytes; {spec.work[-1].name} looks across all documents; the least "
            f"that works is {LEAST_MEMORY >> 20}MiB"
        )
    inputs = _inputs(spec, source, before, where)
    if isinstance(final, Completing):
        final = final.completed(steps)
    columns = _columns(spec, units, [stage for stage in before if stage.name in inputs], where)
    return Stage(spec, inputs, source, tuple(steps), final, columns)


def _inputs(spec: StageSpec, source: Source | None, before: list[Stage], where: str) -> tuple[str, ...]:
    if source is not None:
        if spec.inputs:
            raise RecipeError(f"{where}begins with {spec.work[0].name}, so it has no 'from'")
        return ()
    if not spec.inputs and not before:
        raise RecipeError(f"{where}the first stage must begin with a Source such as stages.read_warc")
    inputs = spec.inputs or (before[-1].name,)
    for stage in before:
        if stage.name in inputs and stage.writes_corpus:
            raise RecipeError(
                f"{where}its input {stage.name!r} writes files of its own, not documents; name another in 'from'"
            )
    return inputs


def _columns(spec: StageSpec, units: list[Unit], inputs: list[Stage], where: str) -> tuple[str, ...]:
    have: list[str] = []
    for stage in inputs:
        have += [column for column in stage.columns if column not in have]
    for unit, work in zip(units, spec.work, strict=True):
        for column in () if isinstance(unit, Source) else unit.reads:
            if column not in have:
                raise RecipeError(
                    f"{where}{work.name} reads the column {column!r}, which is not there{_who_adds(column)}"
                )
        have += [column for column in unit.adds if column not in have]
    return tuple(column for column in have if not column.startswith("_"))


def _who_adds(column: str) -> str:
    for name in work_names():
        try:
            adds: object = work_class(name).adds
        except RecipeError:
            continue  # its optional package is missing, so do not suggest it
        if isinstance(adds, tuple) and column in adds:
            return f"; put {name} before it"
    return ""


def _checked(value: object, wanted: Any, place: str) -> object:  # wanted: a type, or a union such as str | None
    try:
        return pydantic.TypeAdapter(wanted).validate_json(json.dumps(value, default=str), strict=True)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        inside = ".".join(map(str, first["loc"]))
        at = f"{place}.{inside}" if inside and isinstance(value, (list, dict)) else place
        hint = _quotes(first["input"], first["type"])
        raise RecipeError(
            f"{at}: found {short(first['input'])}; {first['msg'][0].lower()}{first['msg'][1:]}{hint}"
        ) from error


def _quotes(found: object, problem: str) -> str:
    """A hint for YAML's two surprises: `no` is a boolean, and "20" is a text."""
    if isinstance(found, str) and problem in ("int_type", "float_type", "bool_type"):
        return "; remove the quotes" if found.replace(".", "", 1).isdigit() else ""
    return '; write a text in quotes, such as "no"' if problem == "string_type" else ""


def _nearest(name: str, plugins: str | None) -> str:
    names = [*work_names(), *(plugin_names(plugins) if plugins else ())]
    last = {full.rpartition(".")[2]: full for full in names}
    near = difflib.get_close_matches(name, names, n=1) or [
        last[match] for match in difflib.get_close_matches(name.rpartition(".")[2], last, n=1)
    ]
    return f"; did you mean {near[0]!r}?" if near else ""


def _plugins_hint(name: str) -> str:
    """Returns a hint about --plugins for an unknown name; "" if the name begins like those of tokenmill's units."""
    folder = name.partition(".")[0]
    if folder in ("stages", "filters", "tokenize"):
        return ""
    return f"; give --plugins {folder}" if folder != name else f"; if it is your own, give --plugins {name}.py"


def _classes_in(module: ModuleType) -> str:
    classes = [value for value in vars(module).values() if isinstance(value, type)]
    own = sorted({found.__name__ for found in classes if found.__module__ == module.__name__})
    return f". It has {', '.join(own)}" if own else ""


@functools.cache
def _unit_modules() -> dict[str, str]:
    """Returns {name in recipes: module}. stages and tokenize have tables; each public file in filters is a filter.

    The packages are imported by name, so that the code hashes of this module, and of modules that import it, do not
    depend on the tables.
    """
    tables = {folder: importlib.import_module(f"tokenmill.{folder}").UNITS for folder in ("stages", "tokenize")}
    tables["filters"] = importlib.import_module("tokenmill.filters").units()
    return {f"{folder}.{name}": module for folder, table in tables.items() for name, module in table.items()}
