"""stages/dedup/preference.py: the order in which duplicates are preferred, as numbers."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenmill.core.columns import documents
from tokenmill.core.errors import RecipeError
from tokenmill.stages.dedup.preference import check_preference, preference, preference_column


def ranked(columns: dict[str, list[Any]], keep: Any, **how: Any) -> list[int]:
    """Returns the rows from the most to the least preferred, ties in row order."""
    numbers = preference(documents(columns), keep, **how).tolist()
    return sorted(range(len(numbers)), key=lambda row: numbers[row])


def test_longest_counts_bytes_and_null_as_none() -> None:
    assert ranked({"text": ["aaa", None, "éé", ""]}, "longest") == [2, 0, 1, 3]


def test_dates_go_either_way_and_those_without_come_last() -> None:
    dates = [datetime(2021, 1, 1, tzinfo=UTC), None, datetime(1969, 1, 1, tzinfo=UTC), datetime(2022, 1, 1, tzinfo=UTC)]
    assert ranked({"date": dates}, "earliest") == [2, 0, 3, 1]
    assert ranked({"date": dates}, "latest") == [3, 0, 2, 1]


def test_sources_go_as_listed_and_others_last() -> None:
    assert ranked({"source": ["x", None, "wiki", "web"]}, "source_order", sources=["web", "wiki"]) == [3, 2, 0, 1]


@given(st.lists(st.one_of(st.none(), st.floats())))
def test_the_best_score_comes_first_and_none_and_nan_last(scores: list[float | None]) -> None:
    numbers = preference(documents({"s.score": scores}), "best_score", score="s.score").tolist()
    wanted = [float("-inf") if score is None or score != score else score for score in scores]
    measured = [score is not None and score == score for score in scores]
    for i in range(len(scores)):
        for k in range(len(scores)):
            before = (not measured[i], -wanted[i]) < (not measured[k], -wanted[k])
            assert (numbers[i] < numbers[k]) == before


def test_whole_numbers_are_scores_too() -> None:
    assert ranked({"s.score": [3, None, 5, -1]}, "best_score", score="s.score") == [2, 0, 3, 1]


def test_each_keep_says_the_column_it_reads_and_what_it_needs() -> None:
    keeps: list[Any] = ["longest", "earliest", "latest", "source_order", "best_score"]
    assert [preference_column(keep, score="s.score") for keep in keeps] == [
        "text",
        "date",
        "date",
        "source",
        "s.score",
    ]
    check_preference("best_score", score="s.score", sources=())
    check_preference("source_order", score="", sources=("web",))
    for keep, score, sources in [
        ("best_score", "", ()),
        ("longest", "s", ()),
        ("source_order", "", ()),
        ("latest", "", ("a",)),
    ]:
        with pytest.raises(RecipeError):
            check_preference(keep, score=score, sources=sources)  # type: ignore[arg-type]
