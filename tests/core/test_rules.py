"""Bounds are inclusive, `above` is strict, null never fires, and rules mark in their declared order."""

from dataclasses import dataclass
from typing import ClassVar

import pytest

from tokenmill.core.columns import documents
from tokenmill.core.rules import Rule, judge, verdicts


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
    import pyarrow as pa

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
    import pyarrow as pa

    [(fires, bound)] = verdicts(Rule("n", low="min_n"), pa.array([1, 2, 3]), {"min_n": 3})
    assert fires.tolist() == [True, True, False] and bound == 3
