"""Bounds are inclusive, `above` is strict, a null never breaks a rule, and rules mark in their declared order."""

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pyarrow as pa
import pytest

from tokenmill.core.columns import documents
from tokenmill.core.errors import RecipeError
from tokenmill.core.rules import (
    Rule,
    breaks_rule,
    check_bounds,
    check_known,
    check_lists,
    check_numbers,
    judge,
    verdicts,
)


@dataclass(frozen=True)
class Measured:
    min_n: int | None = 2
    max_n: int | None = 4
    min_score: float = 0.5
    keep: tuple[str, ...] = ("en", "de")

    RULES: ClassVar[dict[str, Rule]] = {
        "few": Rule("n", low="min_n"),
        "many": Rule("n", high="max_n"),
        "unsure": Rule("score", above="min_score"),
        "other": Rule("lang", one_of="keep"),
    }


def rules_of(n: int | None, score: float | None, lang: str | None, work: Measured = Measured()) -> str | None:
    batch = documents({"id": ["a"]})
    signals = {
        "n": pa.array([n], pa.int64()),
        "score": pa.array([score], pa.float64()),
        "lang": pa.array([lang], pa.string()),
    }
    judged = judge(batch, work, signals, name="measured")
    assert {"measured.n", "measured.score", "measured.lang"} <= set(judged.schema.names)
    return judged.column("drop_rule")[0].as_py() if "drop_rule" in judged.schema.names else None


@pytest.mark.parametrize(
    ("n", "score", "lang", "rule"),
    [
        (2, 0.6, "en", None),
        (4, 0.6, "de", None),
        (1, 0.6, "en", "measured.few"),
        (5, 0.6, "en", "measured.many"),
        (3, 0.5, "en", "measured.unsure"),
        (3, 0.6, "fr", "measured.other"),
        (1, 0.1, "fr", "measured.few"),
        (None, None, None, None),
    ],
)
def test_rules_fire_as_declared(n: int | None, score: float | None, lang: str | None, rule: str | None) -> None:
    assert rules_of(n, score, lang) == rule


def test_a_bound_of_none_is_off_and_settings_may_be_a_mapping() -> None:
    assert rules_of(1, 0.6, "en", Measured(min_n=None)) is None
    [(fires, bound)] = verdicts(Rule("n", low="min_n"), pa.array([1, 2, 3]), {"min_n": 3})
    assert fires.tolist() == [True, True, False] and bound == 3


def test_breaks_rule_is_true_for_the_rows_that_judge_marks() -> None:
    signals = {"n": pa.array([1, 3, 5, None]), "score": pa.array([0.6] * 4), "lang": pa.array(["en", "en", "de", "fr"])}
    judged = judge(documents({"id": list("abcd")}), Measured(), signals)
    assert breaks_rule(Measured(), signals).tolist() == judged.column("drop_rule").is_valid().to_pylist()
    no_rule = replace(Measured(), min_n=None, max_n=None, min_score=0, keep=("en", "de", "fr"))
    assert breaks_rule(no_rule, signals).tolist() == [False] * 4


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"min_n": -1}, "measured.min_n: found -1, expected a number from 0 up, or null for no bound"),
        ({"max_n": math.inf}, "measured.max_n: found inf, expected a number from 0 up, or null for no bound"),
        ({"min_n": 5}, "measured: found min_n 5 above max_n 4, expected min_n to be at most max_n"),
    ],
)
def test_bounds_that_cannot_be_meant_are_refused_by_name(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError) as error:
        check_bounds(Measured(**settings))
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("value", "limits", "expected"),
    [
        (-1, {}, "a number from 0 up"),
        (math.nan, {}, "a number from 0 up"),
        (0, {"low": 1}, "a number from 1 up"),
        (1.5, {"high": 1}, "a share from 0 to 1"),
        (9, {"low": 1, "high": 8}, "a number from 1 to 8"),
        (0, {"low": 1, "optional": True}, "a number from 1 up, or null for no bound"),
        ("5", {}, "a number from 0 up"),
        (1 << 63, {}, "a number from 0 up"),
        (0, {"ends": "(]"}, "a number above 0"),
        (2.0, {"high": 2, "ends": "[)"}, "a number from 0 to below 2"),
        (0.0, {"high": 2, "ends": "()"}, "a number above 0 and below 2"),
        (0.0, {"high": 2, "ends": "(]"}, "a number above 0 and at most 2"),
    ],
)
def test_a_number_outside_its_range_is_refused_with_the_range(
    value: float, limits: dict[str, Any], expected: str
) -> None:
    with pytest.raises(RecipeError) as error:
        check_numbers(Measured(min_n=1, min_score=value), "min_n", "min_score", **limits)
    assert str(error.value) == f"measured.min_score: found {value!r}, expected {expected}"


def test_the_ends_of_a_range_and_an_optional_none_are_allowed() -> None:
    check_numbers(Measured(min_n=1, max_n=8), "min_n", "max_n", low=1, high=8)
    check_numbers(Measured(min_n=None), "min_n", optional=True)


def test_a_list_is_not_one_string_and_has_known_names() -> None:
    one_string: Any = "en"
    with pytest.raises(RecipeError, match=r"measured\.keep: found 'en', expected a list$"):
        check_lists(Measured(keep=one_string), "keep")
    with pytest.raises(RecipeError, match=r"measured\.keep: found \(\), expected a list of languages"):
        check_lists(Measured(keep=()), "keep", expected="a list of languages", filled=True)
    check_lists(Measured(keep=()), "keep")
    check_known(Measured(), "keep", {"en", "de"}, expected="a language")
    with pytest.raises(RecipeError, match=r"measured\.keep: found 'de', expected a language; known: en$"):
        check_known(Measured(), "keep", {"en"}, expected="a language")
