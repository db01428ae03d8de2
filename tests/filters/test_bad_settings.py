"""Every senseless setting of every filter is refused by its name when the recipe is read."""

import dataclasses
import math
import typing
from pathlib import Path
from typing import Any

import pytest

from tokenmill.core.errors import RecipeError
from tokenmill.core.kinds import Exemplary
from tokenmill.pipeline.planning.recipe import WorkSpec
from tokenmill.pipeline.planning.resolve import build, work_class, work_names

FILTERS = {name.partition(".")[2]: work_class(name) for name in work_names() if name.startswith("filters.")}


def example_settings(name: str) -> dict[str, Any]:
    """Returns the settings that a recipe must give in addition to the defaults."""
    found = FILTERS[name]
    work = found.example() if isinstance(found, Exemplary) else found()
    return {
        field.name: list(value) if isinstance(value := getattr(work, field.name), tuple) else value
        for field in dataclasses.fields(work)
        if field.init and getattr(work, field.name) != field.default
    }


def numbers(name: str) -> dict[str, type]:
    """Returns the settings that are numbers, each with its type."""
    hints = typing.get_type_hints(FILTERS[name])
    found = {}
    for field in dataclasses.fields(FILTERS[name]):
        kinds = {hints[field.name], *typing.get_args(hints[field.name])}
        for kind in (int, float):
            if kind in kinds and field.name != "seed":
                found[field.name] = kind
    return found


def refusal(name: str, changed: dict[str, Any]) -> str:
    spec = WorkSpec(f"filters.{name}", example_settings(name) | changed, 1)
    with pytest.raises(RecipeError) as error:
        build(spec, seed=1, plugins=None, where="recipe.yaml:1: ")
    return str(error.value)


@pytest.mark.parametrize("name", FILTERS)
def test_the_example_itself_is_not_refused(name: str) -> None:
    assert build(WorkSpec(f"filters.{name}", example_settings(name), 1), seed=1, plugins=None, where="")


NUMBERS = [(name, setting, kind) for name in FILTERS for setting, kind in numbers(name).items()]


@pytest.mark.parametrize(("name", "setting", "kind"), NUMBERS)
def test_a_number_that_cannot_be_meant_is_refused_by_name(name: str, setting: str, kind: type) -> None:
    bad: list[Any] = [-1, math.nan, math.inf, -math.inf, "many", True, [3], {}]
    bad += [1.5] if kind is int else []
    bad += [1.5, 80] if setting.endswith("_ratio") else []
    for value in bad:
        assert setting in refusal(name, {setting: value}), value


PAIRS = [
    (name, low.low, high.high)
    for name, found in FILTERS.items()
    for low in found.RULES.values()
    for high in found.RULES.values()
    if low.low and high.high and low.signal == high.signal
]


@pytest.mark.parametrize(("name", "low", "high"), PAIRS)
def test_a_low_bound_above_the_high_one_is_refused_by_both_names(name: str, low: str, high: str) -> None:
    told = refusal(name, {low: 0.6, high: 0.4} if low.endswith("_ratio") else {low: 6, high: 4})
    assert low in told and high in told


LISTS = [(name, field.name) for name, found in FILTERS.items() for field in dataclasses.fields(found)
         if "tuple" in str(typing.get_type_hints(found)[field.name])]  # fmt: skip


@pytest.mark.parametrize(("name", "setting"), LISTS)
def test_a_list_that_is_none_is_refused_by_name(name: str, setting: str) -> None:
    for value in ("word", 3, {"a": 1}, [1], [None]):
        assert setting in refusal(name, {setting: value}), value


FILES = [(name, field.name) for name, found in FILTERS.items() for field in dataclasses.fields(found)
         if field.name.endswith(("_file", "folder"))]  # fmt: skip


@pytest.mark.parametrize(("name", "setting"), FILES)
def test_a_list_file_that_is_missing_is_refused_by_its_path(name: str, setting: str, tmp_path: Path) -> None:
    missing = str(tmp_path / "no-such-list")
    other = {"categories": ["adult"]} if setting == "folder" else {}
    assert missing in refusal(name, {setting: missing} | other)


def test_there_is_something_to_refuse() -> None:
    assert len(NUMBERS) > 60 and len(PAIRS) > 2 and len(LISTS) > 10 and len(FILES) > 4
    assert {name for name, _, _ in NUMBERS} >= {"gopher_quality", "c4", "fineweb", "dclm_lines", "code_quality"}


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [
        ("language_in", "keep", ["en", "xx"]),
        ("toxicity", "languages", ["en", "xx"]),
        ("code_quality", "data_languages", ["JSON", "Jason"]),
        ("code_license", "permissive", ["MIT", "MIT AND"]),
    ],
)
def test_an_unknown_name_in_a_list_is_refused(name: str, setting: str, value: list[str]) -> None:
    assert repr(value[1]) in refusal(name, {setting: value})
