"""core/limits.py: how much of a source a Global may remove, and the error that says what would have gone."""

import logging
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.core import limits
from tokenmill.core.errors import DataError, RecipeError

Removed = dict[str, dict[str, Any]]


@pytest.mark.parametrize("share", [0, 0.0, 0.5, 1, 1.0])
def test_shares_are_limits(share: float) -> None:
    limits.check_limits({"web": share})
    limits.check_limits({})


@pytest.mark.parametrize("share", [-0.01, 1.01, 50, float("nan"), float("inf")])
def test_what_is_no_share_is_refused_by_name(share: float) -> None:
    with pytest.raises(RecipeError, match=f"max_removed: web: {share}; must be a share of the source, 0 to 1"):
        limits.check_limits({"books": 0.5, "web": share})


def test_a_batch_without_sources_has_null_ones() -> None:
    batch = pa.record_batch({"id": ["a", "b"]})
    assert limits.source_column(batch).to_pylist() == [None, None]
    batch = pa.record_batch({"id": ["a", "b"], "source": ["web", None]})
    assert limits.source_column(batch).to_pylist() == ["web", None]


def test_removals_are_counted_by_source_the_largest_cluster_first() -> None:
    ids = pa.array(["a", "b", "c", "d"])
    sources = np.array(["web", "web", "books", "web", "web", "wiki"], dtype=object)
    kept_for = np.array([2, 1, 0, 2, 0, 3])
    assert limits.removed_by_source(("web", "books", "none"), sources, ids, kept_for) == {
        "web": {"removed": 4, "largest": [["c", 2], ["a", 1], ["b", 1]]},
        "books": {"removed": 1, "largest": [["a", 1]]},
        "none": {"removed": 0, "largest": []},
    }


def test_only_the_twenty_largest_clusters_are_named() -> None:
    ids = pa.array([f"d{number:03d}" for number in range(300)])
    kept_for = np.repeat(np.arange(300), np.arange(1, 301))
    found = limits.removed_by_source(["web"], np.full(len(kept_for), "web"), ids, kept_for)
    assert found["web"]["removed"] == 45_150
    assert found["web"]["largest"] == [[f"d{number}", number + 1] for number in range(299, 279, -1)]


REMOVED = st.dictionaries(
    st.sampled_from(["web", "books", "wiki"]),
    st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 9)).map(
        lambda sizes: {
            "removed": sum(sizes.values()),
            "largest": [[id, size] for id, size in sorted(sizes.items(), key=lambda one: (-one[1], one[0]))],
        }
    ),
)


@settings(max_examples=25)
@given(REMOVED, REMOVED, REMOVED)
def test_counts_add_up_in_any_order(one: Removed, two: Removed, three: Removed) -> None:
    whole = limits.together(limits.together(one, two), three)
    assert whole == limits.together(three, limits.together(two, one))
    assert limits.together(one, {}) == one
    for source, found in whole.items():
        parts = [part[source] for part in (one, two, three) if source in part]
        assert found["removed"] == sum(part["removed"] for part in parts) == sum(size for _, size in found["largest"])


@pytest.mark.parametrize("removed", [0, 49, 50])
def test_as_much_as_the_limit_allows_may_go(removed: int) -> None:
    limits.guard("dedup", {"web": 0.5}, {"web": 100}, {"web": {"removed": removed, "largest": []}})


def test_more_than_the_limit_stops_the_run_and_names_the_clusters() -> None:
    removed = {"web": {"removed": 1501, "largest": [["x", 1400], ["y", 101]]}, "books": {"removed": 9, "largest": []}}
    with pytest.raises(DataError) as caught:
        limits.guard("dedup", {"web": 0.5, "wiki": 0.0}, {"web": 3000, "books": 9, "wiki": 5}, removed)
    assert str(caught.value).startswith(
        "dedup would remove 1,501 of 3,000 documents of source 'web', 50.03%; max_removed allows 50.00%."
    )
    assert "x (1,400), y (101)" in str(caught.value)


def test_the_words_of_the_error_follow_the_step() -> None:
    with pytest.raises(DataError, match=r"^cut would rewrite 1 of 2 lines of source 'web', 50.00%; .* allows 0.00%\."):
        limits.guard("cut", {"web": 0}, {"web": 2}, {"web": {"removed": 1, "largest": []}}, verb="rewrite", of="lines")


def test_a_limit_for_a_source_that_does_not_exist_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        limits.guard("dedup", {"wbe": 0.1}, {"web": 100}, {"web": {"removed": 100, "largest": []}})
    assert "dedup: max_removed names the source 'wbe'" in caplog.text
