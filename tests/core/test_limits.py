"""core/limits.py: removals are counted by source, however the rows are split, and too many of them stop the run."""

import logging

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.limits import (
    CLUSTERS_SHOWN,
    RemovedBySource,
    check_max_removed,
    enforce_max_removed,
    merge_removed,
    removed_by_source,
)

IDS = pa.array([f"id{number}" for number in range(4)])


def counted(removals: list[tuple[str, int]]) -> RemovedBySource:
    sources = np.array([source for source, _ in removals], dtype=object)
    return removed_by_source(["web", "wiki"], sources, IDS, np.array([kept for _, kept in removals], dtype=np.int64))


def test_removals_are_counted_by_source_and_kept_document() -> None:
    removals = [("web", 2), ("wiki", 0), ("web", 1), ("web", 2), ("books", 3)]
    assert counted(removals) == {
        "web": {"removed": 3, "largest": [["id2", 2], ["id1", 1]]},
        "wiki": {"removed": 1, "largest": [["id0", 1]]},
    }


@given(st.lists(st.tuples(st.sampled_from(["web", "wiki", "books"]), st.integers(0, 3))), st.integers(0, 20))
def test_counts_of_parts_merge_to_the_counts_of_the_whole(removals: list[tuple[str, int]], cut: int) -> None:
    assert merge_removed(counted(removals[:cut]), counted(removals[cut:])) == counted(removals)


def test_only_the_largest_clusters_are_kept() -> None:
    parts: list[RemovedBySource] = [
        {"web": {"removed": 100, "largest": [[f"{part}{number:02d}", number] for number in range(15, 0, -1)]}}
        for part in "ab"
    ]
    merged = merge_removed(*parts)["web"]
    assert merged["removed"] == 200
    assert merged["largest"][:3] == [["a15", 15], ["b15", 15], ["a14", 14]]
    assert len(merged["largest"]) == CLUSTERS_SHOWN


def test_a_share_at_the_limit_is_allowed_and_one_above_is_not() -> None:
    removed: RemovedBySource = {"web": {"removed": 2, "largest": [["id2", 2]]}}
    enforce_max_removed("step", {"web": 0.5}, {"web": 4}, removed)
    enforce_max_removed("step", {"wiki": 0.0}, {"web": 4, "wiki": 1}, removed)
    message = r"step would cut 2 of 4 lines of source 'web', 50\.00%; max_removed allows 40\.00%.*: id2 \(2\)\."
    with pytest.raises(DataError, match=message):
        enforce_max_removed("step", {"web": 0.4}, {"web": 4}, removed, verb="cut", unit="lines")


def test_a_source_without_documents_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        enforce_max_removed("step", {"wbe": 0.4}, {"web": 4}, {})
    assert "step: max_removed names the source 'wbe', of which there are no documents" in caplog.text


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_limit_that_is_no_share_is_refused(share: float) -> None:
    check_max_removed({"web": 0.0, "wiki": 1.0})
    with pytest.raises(RecipeError, match="max_removed: web: "):
        check_max_removed({"web": share})
