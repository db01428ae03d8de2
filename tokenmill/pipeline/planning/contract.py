"""Checks whether a class can be a unit of work, before anything runs. core/kinds.py has the contract.

The protocols there look for members only by name. So without these checks a member of a wrong type, or a reference to a
setting that does not exist, would be found in the middle of a run, or never.
"""

import difflib
import functools
import inspect
import re
import typing
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

import pyarrow as pa

from tokenmill.core.columns import DOCUMENT
from tokenmill.core.errors import did_you_mean, short
from tokenmill.core.kinds import Global, SourceTraits
from tokenmill.core.rules import Rule, class_step_name

Kind = typing.Literal["source", "global", "step"]

_MEMBERS: dict[Kind, tuple[str, ...]] = {
    "source": ("shards", "read", "adds", "traits"),
    "global": ("rounds", "reads", "adds"),
    "step": ("__call__", "reads", "adds"),
}
_OF_ROUNDS = ("sort_by", "single", "of_documents", "route", "reduce")
_METHODS = (
    "read", "shards", "rounds", "cuts", "write", "finish", "file_checksums", "outlook", "conclude", "earlier",
    "rewrite", "repeat", "completed", "packages", "column_types", "called_functions", "check_files",
)  # fmt: skip
_WRITE = {
    "__call__": "def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch",
    "shards": "def shards(self) -> list[Shard]",
    "read": "def read(self, shard: Shard) -> Iterator[pa.RecordBatch]",
    "rounds": "def rounds(self) -> list[Round]",
    "reads": 'reads: ClassVar[tuple[str, ...]] = ("text",)',
    "adds": 'adds: ClassVar[tuple[str, ...]] = ("mine.signal",)',
    "traits": "traits: ClassVar[SourceTraits] = SourceTraits()",
}
"""{member: the code that the message about a missing member suggests}"""
_NO_SETTINGS = ("traits", "RULES", "SAID")  # class attributes that the engine reads
_FORMER = {
    "DAMAGE": "traits", "SIGNALS": "traits", "HOW": "traits", "files": "file_checksums",
}  # fmt: skip
"""{name of a member in earlier versions: its name today}"""


def kind_of(unit_class: type) -> Kind:
    """Returns the kind of a unit of work, by its methods. A setting that has the name of a method does not count."""
    if _is_method(unit_class, "shards") or _is_method(unit_class, "read"):
        return "source"
    return "global" if _is_method(unit_class, "rounds") else "step"


def contract_problem(unit_class: object) -> str:
    """Returns a message that says why a class cannot be a unit of work and what to do; "" if it can be one."""
    if not isinstance(unit_class, type):
        return f"found {short(unit_class)}, expected a class"
    checks = (_of_settings, _of_members, _of_methods, _of_names, _of_annotations, _of_rules, _of_traits)
    return next((problem for check in checks for problem in check(unit_class)), "")


def rounds_problem(unit: Global) -> str:
    """Returns a message that says what the rounds of a Global lack and what to do; "" if they are complete."""
    rounds = unit.rounds()
    if not rounds:
        return f"{type(unit).__name__}.rounds() returned no round; return a list of one or more"
    for each in rounds:
        missing = [name for name in _OF_ROUNDS if not hasattr(each, name)]
        if missing:
            has = f"a round of a global has {', '.join(_OF_ROUNDS)}"
            return f"{has}; {type(each).__name__} lacks {', '.join(missing)} (tokenmill/core/kinds.py, Round)"
    return ""


def _of_settings(cls: type) -> Iterator[str]:
    for name in _settings(cls):
        if name in _METHODS:
            yield f"the setting {name!r} has the name of a method that the engine calls; choose another name"
        if name in _NO_SETTINGS:
            yield f"{cls.__name__}.{name} is a setting, but is for the engine; annotate it as ClassVar"


def _of_members(cls: type) -> Iterator[str]:
    kind = kind_of(cls)
    if kind == "step" and _member(cls, "__call__") is None:
        near = _near(cls, ("shards", "read", "rounds", "__call__"))
        yield f"{cls.__name__} has none of shards, read (a source), rounds (a global), __call__ (a step){near}"
    missing = [name for name in _MEMBERS[kind] if _member(cls, name) is None]
    if missing:
        has = f"a {kind} has {', '.join(_MEMBERS[kind])}"
        advice = f"write {' and '.join(_WRITE[name] for name in missing)}"
        yield f"{has}; {cls.__name__} lacks {', '.join(missing)}{_near(cls, missing)}; {advice}"
    if not is_dataclass(cls):
        yield f"{cls.__name__} is not a dataclass, but its settings are its fields: write @dataclass(frozen=True)"
    elif not cls.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        yield f"{cls.__name__} can be changed after it was checked and hashed: write @dataclass(frozen=True)"
    for name, now in _FORMER.items():
        found = getattr(cls, name, None)
        if callable(found) if name == "files" else (kind == "source" and found is not None):
            yield f"{cls.__name__}.{name} is called {now} now (tokenmill/core/kinds.py)"


def _of_methods(cls: type) -> Iterator[str]:
    for name in _METHODS:
        member = getattr(cls, name, None)
        if member is not None and not callable(member):
            yield f"{cls.__name__}.{name} is {_shown(member)}, expected a method: write def {name}(self, …)"


def _of_names(cls: type) -> Iterator[str]:
    for name in ("reads", "adds"):
        member = _member(cls, name)
        if not isinstance(member, property | functools.cached_property | None) and not _are_names(member):
            expected = f'names of columns as a tuple, {name} = ("text",), or a property that gives one'
            yield f"{cls.__name__}.{name} is {_shown(member)}, expected {expected}"


def _of_annotations(cls: type) -> Iterator[str]:
    try:
        types = typing.get_type_hints(cls)
    except Exception as error:  # an annotation may be any expression
        what = f"its annotations cannot be read: {type(error).__name__}: {error}"
        yield f"{cls.__name__}: {what}; import the names that they use at the top of the module"
        return
    if kind_of(cls) != "source" or isinstance(getattr(cls, "shard_bytes", 0), property):
        return
    said = types["shard_bytes"] if "shard_bytes" in _settings(cls) else int
    for found in (said, type(getattr(cls, "shard_bytes", 0))):
        if found is not int:
            name = getattr(found, "__name__", found)
            yield f"{cls.__name__}.shard_bytes is of type {name}, but it is a number of bytes: write shard_bytes: int"


def _of_rules(cls: type) -> Iterator[str]:
    rules = getattr(cls, "RULES", {})
    if not isinstance(rules, dict) or not all(isinstance(rule, Rule) for rule in rules.values()):
        yield f"{cls.__name__}.RULES is {_shown(rules)}, expected {{name: Rule(signal, low=setting)}}"
        return
    for name, rule in rules.items():
        for kind, setting in rule.bounds.items():
            if setting not in _settings(cls):
                hint = did_you_mean(str(setting), _settings(cls))
                what = f"{kind}={setting!r}, but {cls.__name__} has no setting {setting!r}"
                yield f"{cls.__name__}.RULES[{name!r}] says {what}{hint}"


def _of_traits(cls: type) -> Iterator[str]:
    if kind_of(cls) != "source":
        return
    traits = _member(cls, "traits")
    if not isinstance(traits, SourceTraits):
        yield f"{cls.__name__}.traits is {_shown(traits)}, expected SourceTraits: write traits = SourceTraits(…)"
        return
    for name in ("damage", "unhashed"):
        value = getattr(traits, name)
        if not _are_names(value):
            yield f"{cls.__name__}.traits: {name} is {_shown(value)}, expected a tuple of names: ({_first(value)!r},)"
            return
    if not isinstance(traits.signals, pa.Schema):
        found = _shown(traits.signals)
        yield f'{cls.__name__}.traits: signals is {found}, expected a schema: pa.schema([("name", pa.string())])'
        return
    adds = _member(cls, "adds")
    typed = {*DOCUMENT.names, *traits.signals.names}
    for name in (name for name in adds if name not in typed) if _are_names(adds) else ():
        advice = f'write traits = SourceTraits(signals=pa.schema([("{name}", pa.string())])), or another type'
        yield f"{cls.__name__}.adds names the column {name!r}, which no document has and which has no type; {advice}"
    for rule in traits.damage:
        if not re.fullmatch(rf"{class_step_name(cls)}\.\w+", rule):
            wanted = f"{class_step_name(cls)}.{rule.rpartition('.')[2]}"
            yield f"{cls.__name__}.traits: damage names the rule {rule!r}; write {wanted!r}, as in the call of drop()"
    for setting in traits.unhashed:
        if setting not in _settings(cls):
            hint = did_you_mean(setting, _settings(cls))
            yield f"{cls.__name__}.traits: unhashed names {setting!r}, which is not a setting of {cls.__name__}{hint}"


def _settings(cls: type) -> list[str]:
    return [field.name for field in fields(cls)] if is_dataclass(cls) else []


def _member(cls: type, name: str) -> object:
    """Returns the member as the class or one of its bases defines it; None if none of them does.

    getattr would also find members of the metaclass.
    """
    return inspect.getattr_static(cls, name, None) if any(name in vars(base) for base in cls.__mro__) else None


def _is_method(cls: type, name: str) -> bool:
    return name not in _settings(cls) and callable(getattr(cls, name, None))


def _near(cls: type, missing: typing.Iterable[str]) -> str:
    """Returns a question about the first member whose name is similar to that of a missing one; "" if there is none."""
    own = [name for name in vars(cls) if not name.startswith("__") and name not in _MEMBERS[kind_of(cls)]]
    for wanted in missing:
        for found in difflib.get_close_matches(wanted, own, n=1, cutoff=0.75):
            return f"; is {found!r} meant as {wanted!r}? Rename it"
    return ""


def _are_names(value: object) -> typing.TypeGuard[tuple[str, ...]]:
    return isinstance(value, tuple) and all(isinstance(name, str) for name in value)


def _first(value: object) -> str:
    return value if isinstance(value, str) else "name"


def _shown(value: object) -> str:
    return f"the {type(value).__name__} {short(value, limit=60)}"
