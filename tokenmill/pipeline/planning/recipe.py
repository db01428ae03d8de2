"""The recipe: YAML in, checked stages out. Every refusal names file, line, what was found, what was expected.

A stage is a list of work, or a mapping {from, steps, memory, timeout, keep, resources}. Its input is the stage before
it, unless it begins with a Source. Strict: an unknown key, a duplicate key or a wrong type is a RecipeError. There is
no interpolation and no environment; flags of the command line set nothing in here.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tokenmill.core.errors import RecipeError, did_you_mean
from tokenmill.core.io import storage
from tokenmill.core.kinds import JsonObject

STAGE_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
Types = type | tuple[type, ...]
"""What isinstance takes."""

_RECIPE_KEYS: dict[str, Types] = {"run": str, "seed": int, "excerpt": (int, dict), "stages": dict}
_STAGE_KEYS: dict[str, Types] = {
    "from": (str, list),
    "steps": list,
    "memory": (str, int),
    "timeout": (int, float),
    "keep": bool,
    "resources": dict,
}
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


@dataclass(frozen=True)
class WorkSpec:
    """One unit of work as the recipe names it: `filters.c4` and its settings; line: where in the recipe."""

    name: str
    settings: JsonObject
    line: int


@dataclass(frozen=True)
class ExcerptSpec:
    """What a drop record shows of the text.

    Attributes:
        chars: characters; 0 for none. Default 200.
        scrub: the Step that removes personal data first. Default: the one that the table of stages names.
    """

    chars: int = 200
    scrub: WorkSpec | None = None


@dataclass(frozen=True)
class StageSpec:
    """What a recipe says about a stage.

    Attributes:
        memory: bytes that a worker may hold. Default 4 GiB.
        timeout: seconds without progress before a worker counts as hung. Default 600.
        keep: whether the stage's documents stay once all stages that read them are done. Default true.
        resources: what a task reserves on a cluster: num_cpus (default 1), num_gpus, memory in bytes, the cluster's
            own names.
    """

    name: str
    work: tuple[WorkSpec, ...]
    line: int
    inputs: tuple[str, ...] = ()
    memory: int = 4 << 30
    timeout: float = 600.0
    keep: bool = True
    resources: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """A recipe whose grammar is right. Names and settings of work are not checked yet."""

    file: str
    run: str
    seed: int
    excerpt: ExcerptSpec
    stages: tuple[StageSpec, ...]

    def stage(self, name: str) -> StageSpec:
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise RecipeError(f"{self.file}: no stage {name!r}{did_you_mean(name, (s.name for s in self.stages))}")

    def sha256(self) -> str:
        """Hash of what the recipe says, apart from where its file lies."""
        said = [self.run, self.seed, [[s.name, s.inputs, [[w.name, w.settings] for w in s.work]] for s in self.stages]]
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()


def load_recipe(path: str | Path) -> Recipe:
    """Read and check a recipe's grammar; names and settings of work are checked by resolve. Raises RecipeError."""
    file = str(path)
    try:
        text = storage.read_bytes(file).decode("utf-8")
    except OSError as error:
        raise RecipeError(f"{file}: cannot read the recipe: {error.strerror}; give the path of a YAML file") from error
    except UnicodeDecodeError as error:
        raise RecipeError(f"{file}: not UTF-8 at byte {error.start}; a recipe is a YAML text file") from error
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise RecipeError(f"{file}: not valid YAML: {error}") from error
    if node is None:
        raise RecipeError(f"{file}: empty; expected the keys run and stages")
    return _Reader(file).recipe(node)


class _Reader:
    """Walks YAML nodes, which know their lines, instead of plain values, which do not."""

    def __init__(self, file: str) -> None:
        self.file = file

    def recipe(self, node: yaml.Node) -> Recipe:
        keys = dict(self.mapping(node, "the recipe"))
        values = self.typed(keys, _RECIPE_KEYS, "the recipe", skip={"stages"})
        for required in ("run", "stages"):
            if required not in keys:
                raise RecipeError(f"{self.file}: no key {required!r}; a recipe has run and stages")
        run = values["run"]
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", run):
            raise self.error(keys["run"], f"run: {run!r} cannot name a folder; use letters, digits, '.', '_' and '-'")
        stages: list[StageSpec] = []
        for name, stage in self.mapping(keys["stages"], "stages"):
            stages.append(self.stage(name, stage, stages))
        if not stages:
            raise self.error(keys["stages"], "stages: none; expected at least one")
        excerpt = self.excerpt(keys["excerpt"]) if "excerpt" in keys else ExcerptSpec()
        return Recipe(self.file, run, values.get("seed", 0), excerpt, tuple(stages))

    def excerpt(self, node: yaml.Node) -> ExcerptSpec:
        """A number of characters, or {chars, scrub}."""
        if not isinstance(node, yaml.MappingNode):
            return ExcerptSpec(self.value(node))
        keys = dict(self.mapping(node, "excerpt"))
        values = self.typed(keys, {"chars": int, "scrub": object}, "excerpt", skip={"scrub"})
        scrub = self.work(keys["scrub"], "excerpt: scrub") if "scrub" in keys else None
        return ExcerptSpec(values.get("chars", ExcerptSpec.chars), scrub)

    def stage(self, name: str, node: yaml.Node, before: list[StageSpec]) -> StageSpec:
        if not STAGE_NAME.match(name):
            raise self.error(node, f"stage {name!r}: a stage's name is lower-case letters, digits and '_'")
        options: JsonObject = {}
        steps = node
        if isinstance(node, yaml.MappingNode):
            keys = dict(self.mapping(node, f"stage {name!r}"))
            options = self.typed(keys, _STAGE_KEYS, f"stage {name!r}", skip={"steps"})
            if "steps" not in keys:
                raise self.error(node, f"stage {name!r}: no key 'steps'; expected a list of work")
            steps = keys["steps"]
        if not isinstance(steps, yaml.SequenceNode) or not steps.value:
            raise self.error(node, f"stage {name!r}: expected a list of work, for example [filters.c4]")
        work = tuple(self.work(item, f"stage {name!r}") for item in steps.value)
        return StageSpec(
            name,
            work,
            node.start_mark.line + 1,
            self.inputs(options.get("from"), name, node, before),
            self.memory(options.get("memory", 4 << 30), name, node),
            float(options.get("timeout", 600.0)),
            options.get("keep", True),
            self.resources(options.get("resources", {}), name, node, options.get("memory")),
        )

    def inputs(
        self, given: str | list[str] | None, name: str, node: yaml.Node, before: list[StageSpec]
    ) -> tuple[str, ...]:
        known = [stage.name for stage in before]
        if given is None:
            return ()
        names = [given] if isinstance(given, str) else given
        for wanted in names:
            if wanted not in known:
                hint = did_you_mean(str(wanted), known)
                raise self.error(node, f"stage {name!r}: from {wanted!r}, which is no stage before it{hint}")
        return tuple(names)

    def work(self, node: yaml.Node, place: str) -> WorkSpec:
        line = node.start_mark.line + 1
        if isinstance(node, yaml.ScalarNode) and isinstance(self.value(node), str):
            return WorkSpec(node.value, {}, line)
        if isinstance(node, yaml.MappingNode) and len(node.value) == 1:
            [(name, settings)] = self.mapping(node, f"{place}")
            if isinstance(settings, yaml.ScalarNode) and self.value(settings) is None:
                return WorkSpec(name, {}, line)
            if isinstance(settings, yaml.MappingNode):
                return WorkSpec(name, {key: self.value(value) for key, value in self.mapping(settings, name)}, line)
            raise self.error(settings, f"{place}: {name}: expected its settings as a mapping, {{setting: value}}")
        raise self.error(node, f"{place}: expected a name such as filters.c4, or {{name: {{setting: value}}}}")

    def memory(self, given: object, name: str, node: yaml.Node) -> int:
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", str(given))
        if not match or match[2].upper() not in _UNITS:
            raise self.error(node, f"stage {name!r}: memory {given!r}; expected a size such as 2GB or 512MiB")
        return int(float(match[1]) * _UNITS[match[2].upper()])

    def resources(self, given: JsonObject, name: str, node: yaml.Node, memory: object) -> dict[str, float]:
        """What a task reserves on a cluster; the stage's memory too, if the recipe states it."""
        amounts: dict[str, float] = {}
        for key, amount in (({"memory": memory} if memory is not None else {}) | given).items():
            value = self.memory(amount, name, node) if key == "memory" else amount
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
                expected = "a number of 0 or more, such as {num_cpus: 2, num_gpus: 1, fast_disk: 1}"
                raise self.error(node, f"stage {name!r}: resources: {key}: found {amount!r}, expected {expected}")
            amounts[str(key)] = value
        return amounts

    def mapping(self, node: yaml.Node, what: str) -> Iterator[tuple[str, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            raise self.error(node, f"{what}: expected a mapping, {{key: value}}")
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise self.error(key, f"{what}: key {key.value!r} stands twice; the first would be lost")
            seen.add(key.value)
            yield key.value, value

    def typed(self, keys: dict[str, yaml.Node], types: dict[str, Types], what: str, skip: set[str]) -> JsonObject:
        values = {}
        for key, node in keys.items():
            if key not in types:
                raise self.error(node, f"{what}: unknown key {key!r}{did_you_mean(key, types)}")
            if key in skip:
                continue
            value = self.value(node)
            if not isinstance(value, types[key]) or (isinstance(value, bool) and types[key] is not bool):
                raise self.error(node, f"{what}: {key}: found {value!r}, expected {_type_name(types[key])}")
            values[key] = value
        return values

    def value(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.MappingNode):
            return {key: self.value(value) for key, value in self.mapping(node, "settings")}
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item) for item in node.value]
        loader = yaml.SafeLoader("")
        try:
            return loader.construct_object(node, deep=True)
        finally:
            loader.dispose()

    def error(self, node: yaml.Node, message: str) -> RecipeError:
        return RecipeError(f"{self.file}:{node.start_mark.line + 1}: {message}")


def _type_name(types: Types) -> str:
    names = {
        str: "text",
        int: "a whole number",
        float: "a number",
        bool: "true or false",
        list: "a list",
        dict: "a mapping",
    }
    many = types if isinstance(types, tuple) else (types,)
    return " or ".join(names[kind] for kind in many)
