"""Reads a recipe: YAML in, checked stages out. Every error names file, line, what was found and what was expected.

A stage is a list of units, or a mapping {from, steps, memory, timeout, keep, resources}. Without `from` its input is
the stage before it, unless it begins with a Source. The grammar is strict: an unknown key, a duplicate key or a wrong
type is a RecipeError. Nothing is interpolated, and neither environment variables nor command-line options change a
recipe.
"""

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tokenmill.core.errors import RecipeError, did_you_mean, short
from tokenmill.core.kinds import JsonObject
from tokenmill.pipeline.planning.yaml_nodes import Types, YamlFile

STAGE_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")

_LONGEST_NAME = 100  # file systems allow 255 bytes, and names of folders get suffixes
_TAKEN = ("lock", "logs")  # names in a run's folder, next to the folders of stages
_LONGEST_EXCERPT = 1_000_000
_LEAST_MEMORY, _MOST_MEMORY = 1 << 20, 1 << 60  # bytes
_LONGEST_TIMEOUT = 10_000_000  # seconds: four months

_RECIPE_KEYS: dict[str, Types] = {"run": str, "seed": int, "excerpt": (int, dict), "stages": dict}
_STAGE_KEYS: dict[str, Types] = {
    "from": (str, list),
    "steps": list,
    "memory": (str, int),
    "timeout": (int, float),
    "keep": bool,
    "resources": dict,
}
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30,
          "TIB": 2**40}  # fmt: skip


@dataclass(frozen=True)
class WorkSpec:
    """One unit of work as the recipe names it, for example `filters.c4`, and its settings.

    line: its line in the recipe.
    """

    name: str
    settings: JsonObject
    line: int


@dataclass(frozen=True)
class ExcerptSpec:
    """The excerpts of texts in drop records.

    Attributes:
        chars: number of characters, 0 to 1,000,000; 0 for no excerpts. Default 200.
        scrub: the Step that removes personal data from the excerpts. Default: the one that the table of stages names.
    """

    chars: int = 200
    scrub: WorkSpec | None = None


@dataclass(frozen=True)
class StageSpec:
    """A stage as the recipe describes it.

    Attributes:
        inputs: the stages named in `from`. Default none: the stage before it, or a Source.
        memory: bytes that a worker may use, 1 MiB to 1,048,576 TiB. Default 4 GiB.
        timeout: seconds without progress before a worker counts as hung, above 0 and at most 10,000,000. Default 600.
        keep: whether the stage's documents stay after all stages that read them are done. Default true.
        resources: what a task reserves on a cluster: num_cpus (default 1), num_gpus, memory in bytes, and resources
            that the cluster itself names.
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
    """A recipe with correct grammar. Names and settings of work are not checked yet."""

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
        """Returns a hash of the run's name, the seed, and the names, inputs and work with settings of all stages."""
        said = [self.run, self.seed, [[s.name, s.inputs, [[w.name, w.settings] for w in s.work]] for s in self.stages]]
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()


def load_recipe(path: str | Path) -> Recipe:
    """Reads a recipe from a YAML file and checks its grammar.

    `resolve` checks names and settings of work. Raises RecipeError.
    """
    return _read(YamlFile(str(path)))


def read_recipe(text: str, name: str) -> Recipe:
    """Returns the recipe in a YAML text, checked as by load_recipe.

    name: begins every message, instead of the path of a file.
    """
    return _read(YamlFile(name, text.encode()))


def _read(yaml_file: YamlFile) -> Recipe:
    return _Reader(yaml_file).recipe(yaml_file.root())


@dataclass(frozen=True)
class _Reader:
    """Builds a Recipe from YAML nodes, because they know their lines; plain values do not."""

    nodes: YamlFile

    def recipe(self, node: yaml.Node) -> Recipe:
        keys = dict(self.nodes.mapping(node, "the recipe"))
        values = self.nodes.typed(keys, _RECIPE_KEYS, "the recipe", skip={"stages"})
        for required in ("run", "stages"):
            if required not in keys:
                raise RecipeError(f"{self.nodes.file}: no key {required!r}; a recipe has run and stages")
        run = values["run"]
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", run) or len(run) > _LONGEST_NAME:
            expected = f"use up to {_LONGEST_NAME} letters, digits, '.', '_' and '-', and begin with a letter or digit"
            raise self.nodes.error(keys["run"], f"run: {short(run)} cannot name a folder; {expected}")
        stages: list[StageSpec] = []
        for name, stage in self.nodes.mapping(keys["stages"], "stages"):
            stages.append(self.stage(name, stage, stages))
        if not stages:
            raise self.nodes.error(keys["stages"], "stages: none; expected at least one")
        excerpt = self.excerpt(keys["excerpt"]) if "excerpt" in keys else ExcerptSpec()
        return Recipe(self.nodes.file, run, values.get("seed", 0), excerpt, tuple(stages))

    def excerpt(self, node: yaml.Node) -> ExcerptSpec:
        """Reads `excerpt`: a number of characters, or {chars, scrub}."""
        if not isinstance(node, yaml.MappingNode):
            return ExcerptSpec(self.excerpt_chars(node, self.nodes.value(node)))
        keys = dict(self.nodes.mapping(node, "excerpt"))
        values = self.nodes.typed(keys, {"chars": int, "scrub": object}, "excerpt", skip={"scrub"})
        scrub = self.work(keys["scrub"], "excerpt: scrub") if "scrub" in keys else None
        return ExcerptSpec(self.excerpt_chars(node, values.get("chars", ExcerptSpec.chars)), scrub)

    def excerpt_chars(self, node: yaml.Node, chars: int) -> int:
        if not 0 <= chars <= _LONGEST_EXCERPT:
            raise self.nodes.error(node, f"excerpt: found {chars}, expected 0 to {_LONGEST_EXCERPT:,} characters")
        return chars

    def stage(self, name: str, node: yaml.Node, before: list[StageSpec]) -> StageSpec:
        if not STAGE_NAME.match(name) or len(name) > _LONGEST_NAME or name in _TAKEN:
            rule = f"a stage's name has 1 to {_LONGEST_NAME} lower-case letters, digits and '_', begins with a letter"
            rule += f", and is not {' or '.join(_TAKEN)}"
            raise self.nodes.error(node, f"stage {short(name)}: {rule}")
        options: JsonObject = {}
        steps = node
        if isinstance(node, yaml.MappingNode):
            keys = dict(self.nodes.mapping(node, f"stage {name!r}"))
            options = self.nodes.typed(keys, _STAGE_KEYS, f"stage {name!r}", skip={"steps"})
            if "steps" not in keys:
                raise self.nodes.error(node, f"stage {name!r}: no key 'steps'; expected a list of units")
            steps = keys["steps"]
        if not isinstance(steps, yaml.SequenceNode) or not steps.value:
            raise self.nodes.error(node, f"stage {name!r}: expected a list of units, for example [filters.c4]")
        work = tuple(self.work(item, f"stage {name!r}") for item in steps.value)
        return StageSpec(
            name,
            work,
            node.start_mark.line + 1,
            self.inputs(options.get("from"), name, node, before),
            self.memory(options.get("memory", 4 << 30), name, node),
            self.timeout(options.get("timeout", 600.0), name, node),
            options.get("keep", True),
            self.resources(options.get("resources", {}), name, node, options.get("memory")),
        )

    def inputs(
        self, given: str | list[object] | None, name: str, node: yaml.Node, before: list[StageSpec]
    ) -> tuple[str, ...]:
        if given is None:
            return ()
        known = [stage.name for stage in before]
        names: list[str] = []
        for wanted in [given] if isinstance(given, str) else given:
            if not isinstance(wanted, str) or wanted not in known:
                hint = did_you_mean(str(wanted), known)
                raise self.nodes.error(node, f"stage {name!r}: from {short(wanted)}, which is no earlier stage{hint}")
            if wanted in names:
                raise self.nodes.error(node, f"stage {name!r}: from {wanted!r} twice; name each stage once")
            names.append(wanted)
        if not names:
            raise self.nodes.error(node, f"stage {name!r}: from names no stage; name one, or leave `from` out")
        return tuple(names)

    def work(self, node: yaml.Node, place: str) -> WorkSpec:
        line = node.start_mark.line + 1
        if isinstance(node, yaml.ScalarNode) and isinstance(self.nodes.value(node), str):
            return WorkSpec(node.value, {}, line)
        if isinstance(node, yaml.MappingNode) and len(node.value) == 1:
            [(name, settings)] = self.nodes.mapping(node, place)
            if isinstance(settings, yaml.ScalarNode) and self.nodes.value(settings) is None:
                return WorkSpec(name, {}, line)
            if isinstance(settings, yaml.MappingNode):
                given = self.nodes.mapping(settings, short(name))
                return WorkSpec(name, {key: self.nodes.value(value) for key, value in given}, line)
            raise self.nodes.error(
                settings, f"{place}: {short(name)}: expected its settings as a mapping, {{setting: value}}"
            )
        raise self.nodes.error(node, f"{place}: expected a name such as filters.c4, or {{name: {{setting: value}}}}")

    def memory(self, given: object, name: str, node: yaml.Node) -> int:
        match = re.fullmatch(r"\s*(\d{1,18}(?:\.\d{1,18})?)\s*([A-Za-z]*)\s*", str(given), re.ASCII)
        size = int(float(match[1]) * _UNITS.get(match[2].upper(), 0)) if match else 0
        if not _LEAST_MEMORY <= size <= _MOST_MEMORY:
            expected = "a number with B, KB, MB, GB, TB, KiB, MiB, GiB or TiB, from 1MiB to 1048576TiB, such as 2GB"
            raise self.nodes.error(node, f"stage {name!r}: memory {short(given)}; expected {expected}")
        return size

    def timeout(self, given: float, name: str, node: yaml.Node) -> float:
        if not 0 < given <= _LONGEST_TIMEOUT:
            expected = f"seconds above 0, at most {_LONGEST_TIMEOUT:,}"
            raise self.nodes.error(node, f"stage {name!r}: timeout: found {given}, expected {expected}")
        return float(given)

    def resources(self, given: JsonObject, name: str, node: yaml.Node, memory: object) -> dict[str, float]:
        """Returns what a task reserves on a cluster, including the stage's memory if the recipe states it."""
        amounts: dict[str, float] = {}
        for key, amount in (({"memory": memory} if memory is not None else {}) | given).items():
            value = self.memory(amount, name, node) if key == "memory" else amount
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                expected = "a number of 0 or more, such as {num_cpus: 2, num_gpus: 1, fast_disk: 1}"
                what = f"resources: {short(key)}: found {short(amount)}, expected {expected}"
                raise self.nodes.error(node, f"stage {name!r}: {what}")
            amounts[key] = value
        return amounts
