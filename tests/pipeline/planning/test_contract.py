"""A class that breaks the contract of units is refused by name, with the remedy, when the recipe is read."""

import dataclasses
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pytest

from tokenmill.core.errors import RecipeError
from tokenmill.core.kinds import SourceTraits
from tokenmill.core.lazy import class_name
from tokenmill.core.rules import Rule
from tokenmill.pipeline.planning.contract import contract_problem
from tokenmill.pipeline.planning.fingerprint import work_fingerprint
from tokenmill.pipeline.planning.recipe import WorkSpec
from tokenmill.pipeline.planning.resolve import build, work_class


@dataclasses.dataclass(frozen=True)
class Good:
    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = ()

    def __call__(self, batch: object) -> object:
        return batch


def variant(**members: object) -> type:
    """Returns a class like Good with other members; None removes a member."""
    kept = {name: value for name, value in vars(Good).items() if not name.startswith("__") or name == "__call__"}
    found = {name: value for name, value in (kept | members).items() if value is not None}
    return dataclasses.dataclass(frozen=True)(type("Variant", (), found))


def source(traits: object, **members: object) -> type:
    return variant(**{"shards": list, "read": list, "traits": traits} | members)


READS: dict[str, object] = {"rounds": lambda self: [], "__call__": None}
SETTING: dict[str, object] = {"__annotations__": {"least": int}, "least": 3}


@pytest.mark.parametrize(
    ("work", "problem"),
    [
        (Good, ""),
        (variant(reads=None), "a step has __call__, reads, adds; Variant lacks reads; write reads: ClassVar[tuple["),
        (source(SourceTraits(), adds=None), "a source has shards, read, adds, traits; Variant lacks adds; write adds:"),
        (source(None), "lacks traits; write traits: ClassVar[SourceTraits] = SourceTraits()"),
        (
            source(SourceTraits(), read=None),
            "lacks read; is 'reads' meant as 'read'? Rename it; write def read(self, sh",
        ),
        (source(SourceTraits(), shards=None), "lacks shards; write def shards(self) -> list[Shard]"),
        (variant(**READS), ""),
        (variant(**READS, reads=None), "a global has rounds, reads, adds; Variant lacks reads"),
        (variant(__annotations__={"repeat": int}, repeat=3), "the setting 'repeat' has the name of a method"),
        (variant(__annotations__={"files": str}, files="*.txt"), ""),
        (variant(files=lambda self: {}), "Variant.files is called file_checksums now"),
        (variant(shards=list, read=list), "lacks traits"),
        (source(SourceTraits(), DAMAGE=("x",)), "Variant.DAMAGE is called traits now"),
        (Good(), "expected a class"),
        (type("Bare", (), {"__call__": Good.__call__, "reads": (), "adds": ()}), "Bare is not a dataclass"),
        (dataclasses.dataclass(type("Bare", (), dict(vars(Good)))), "Bare can be changed after it was checked"),
        (variant(adds="text"), "Variant.adds is the str 'text', expected names of columns as a tuple"),
        (variant(adds=lambda self: ("text",)), "Variant.adds is the function <function"),
        (variant(adds=property(lambda self: ("text",))), ""),
        (
            variant(file_checksums={"list": "1f"}),
            "Variant.file_checksums is the dict {'list': '1f'}, expected a method",
        ),
        (variant(__annotations__={"keep": "Langauge"}, keep="en"), "annotations cannot be read: NameError"),
        (source(SourceTraits(), __annotations__={"traits": SourceTraits}), "Variant.traits is a setting"),
    ],
)
def test_a_class_that_breaks_the_contract_is_refused_by_name(work: type, problem: str) -> None:
    found = contract_problem(work)
    assert problem in found if problem else found == ""


@pytest.mark.parametrize(
    ("work", "problem"),
    [
        (variant(__call__=None), "Variant has none of shards, read (a source), rounds (a global), __call__ (a step)"),
        (int, "int has none of shards, read (a source), rounds (a global)"),
        (variant(__call__=None, roundz=list), "; is 'roundz' meant as 'rounds'? Rename it"),
        (variant(__annotations__={"read": int}, read=3), "the setting 'read' has the name of a method that the engine"),
        (variant(reads=None, raeds=("text",)), "lacks reads; is 'raeds' meant as 'reads'? Rename it"),
    ],
)
def test_a_misspelt_member_is_not_taken_for_another_kind_of_work(work: type, problem: str) -> None:
    """Regression: for a Global with `round`, the message was that a step has __call__; for a filter with a setting
    `read`, that a source has it.
    """
    assert problem in contract_problem(work)


@pytest.mark.parametrize(
    ("traits", "problem"),
    [
        (SourceTraits(), ""),
        (SourceTraits(damage=("variant.bad_json",), signals=pa.schema([("x", pa.string())]), unhashed=("least",)), ""),
        (SourceTraits(signals=pa.schema([("x", pa.string())])), ""),
        ({}, "Variant.traits is the dict {}, expected SourceTraits: write traits = SourceTraits(…)"),
        (property(lambda self: SourceTraits()), "Variant.traits is the property"),
        (SourceTraits(damage="text"), "damage is the str 'text', expected a tuple of names: ('text',)"),  # type: ignore[arg-type]
        (SourceTraits(unhashed=["least"]), "unhashed is the list ['least'], expected a tuple"),  # type: ignore[arg-type]
        (SourceTraits(signals=("a",)), "signals is the tuple ('a',), expected a schema"),
        (SourceTraits(damage=("bad_json",)), "damage names the rule 'bad_json'; write 'variant.bad_json'"),
        (SourceTraits(damage=("varaint.bad_json",)), "'varaint.bad_json'; write 'variant.bad_json'"),
        (SourceTraits(unhashed=("laest",)), "unhashed names 'laest', which is not a setting of Variant; did you mean"),
    ],
)
def test_wrong_traits_of_a_source_are_refused(traits: object, problem: str) -> None:
    """Regression: they raised in the middle of a run, or had no effect: damage that names no rule never led to a
    warning.
    """
    found = contract_problem(source(traits, **SETTING))
    assert problem in found if problem else found == ""


@pytest.mark.parametrize(("adds", "problem"), [(("id", "text", "x"), ""), (("id", "y"), "adds names the column 'y'")])
def test_a_column_of_a_source_has_a_type(adds: tuple[str, ...], problem: str) -> None:
    """Regression: a column without a type was not written, and nothing reported it."""
    found = contract_problem(source(SourceTraits(signals=pa.schema([("x", pa.string())])), adds=adds))
    assert problem in found if problem else found == ""


@pytest.mark.parametrize(
    ("kind", "default", "problem"),
    [
        (int, 1 << 20, ""),
        (str, "64MB", "Variant.shard_bytes is of type str"),
        (int, "64MB", "Variant.shard_bytes is of type str"),
        (float, 1e9, "Variant.shard_bytes is of type float, but it is a number of bytes: write shard_bytes: int"),
    ],
)
def test_the_size_of_packs_is_a_whole_number(kind: type, default: object, problem: str) -> None:
    work = source(SourceTraits(), __annotations__={"shard_bytes": kind}, shard_bytes=default)
    found = contract_problem(work)
    assert problem in found if problem else found == ""


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ({"short": Rule("words", low="least")}, ""),
        ({"short": Rule("words", low="laest")}, "RULES['short'] says low='laest', but Variant has no setting 'laest'"),
        ({"short": Rule("words", low="laest")}, "; did you mean 'least'?"),
        ({"short": Rule("words", high=7)}, "RULES['short'] says high=7, but Variant has no setting 7"),  # type: ignore[arg-type]
        ({"short": "least"}, "Variant.RULES is the dict"),
        ([Rule("words", low="least")], "expected {name: Rule(signal, low=setting)}"),
    ],
)
def test_a_rule_names_a_setting_that_exists(rules: object, problem: str) -> None:
    found = contract_problem(variant(**SETTING, RULES=rules))
    assert problem in found if problem else found == ""


@pytest.mark.parametrize(
    ("name", "text", "parts"),
    [
        (
            "misspelt",
            "from tokenmill.core.kinds import SourceTraits\n\ntraits = SourceTraits(damge=())\n",
            ["misspelt.py:3: TypeError: ", "'damge'", "Correct this plug-in"],
        ),
        ("unclosed", "x = 1\ny = (\n", ["unclosed.py:2: SyntaxError: "]),
        ("absent", "from tokenmill.core.kinds import Sorce\n", ["absent.py:1: ImportError: ", "'Sorce'"]),
        ("above", "import ownlab.below\n", ["ownlab/below.py:2: ZeroDivisionError: division by zero"]),
    ],
)
def test_a_plug_in_that_cannot_be_imported_is_told_so_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, parts: list[str]
) -> None:
    """Regression: any error of the plug-in was reported as a bug in tokenmill or in a plug-in."""
    lab = tmp_path / "ownlab"
    lab.mkdir()
    (lab / f"{name}.py").write_text(text)
    (lab / "below.py").write_text("\n1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "ownlab", raising=False)
    with pytest.raises(RecipeError) as caught:
        work_class(f"ownlab.{name}", plugins="ownlab", where="r.yaml:4: ")
    message = str(caught.value)
    assert message.startswith(f"r.yaml:4: ownlab.{name}: ") and all(part in message for part in parts), message


def test_rounds_of_a_global_that_lack_a_member_are_refused_when_the_recipe_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regression: they raised AttributeError in a worker, after the earlier stages had run."""
    text = """
from dataclasses import dataclass

class Half:
    sort_by = ()
    single = False
    def route(self, batch): ...

@dataclass(frozen=True)
class NAME:
    reads = ("text",)
    adds = ()
    def rounds(self):
        return [ROUNDS]
"""
    for name, rounds, problem in [
        ("half_way", "Half()", "a round of a global has sort_by, single, of_documents, route, reduce; Half lacks of_d"),
        ("no_round", "", "NoRound.rounds() returned no round; return a list of one or more"),
    ]:
        (tmp_path / f"{name}.py").write_text(text.replace("NAME", class_name(name)).replace("ROUNDS", rounds))
        monkeypatch.setattr("sys.path", [*__import__("sys").path])
        with pytest.raises(RecipeError) as caught:
            build(WorkSpec(name, {}, 1), seed=0, plugins=str(tmp_path / f"{name}.py"), where="r.yaml:4: ")
        assert f"r.yaml:4: {name}: {problem}" in str(caught.value)


@dataclasses.dataclass(frozen=True)
class Rows:
    paths: str = "x"
    gap: int = 1

    adds: ClassVar[tuple[str, ...]] = ("text",)
    traits: ClassVar[SourceTraits] = SourceTraits(unhashed=("gap",))
    shards: ClassVar[object] = list
    read: ClassVar[object] = list


def test_paths_are_never_in_a_fingerprint_whatever_else_is_left_out() -> None:
    """Regression: if a source named another setting in `unhashed`, one more file made all its results again."""

    def print_of(work: Rows) -> str:
        return work_fingerprint([work], (), mark_only=False, excerpt=0).settings  # type: ignore[list-item]

    assert print_of(Rows()) == print_of(Rows(paths="y")) == print_of(Rows(gap=2))
