"""stages/dedup/verdicts.py: what Globals report about duplicates, in the columns of VERDICT."""

import numpy as np
import pyarrow as pa
import pytest

from tokenmill.core.kinds import VERDICT
from tokenmill.stages.dedup.verdicts import cluster_sizes, removals, same_key

NOTHING = dict.fromkeys(VERDICT.names)


def rows_of(*places: tuple[int, int]) -> pa.RecordBatch:
    shards, rows = [place[0] for place in places], [place[1] for place in places]
    return pa.record_batch({"row": pa.array(rows, pa.int64()), "x": rows, "shard": pa.array(shards, pa.int64())})


@pytest.mark.parametrize(
    ("similarity", "measured"),
    [(1.0, "1"), (0.8, "0.8"), (0.8123456789, "0.812346"), (0.79999996, "0.8"), (0.0, "0"), (1e-9, "1e-09")],
)
def test_a_removal_names_rule_measure_threshold_and_the_document_that_stays(similarity: float, measured: str) -> None:
    found = removals(
        rows_of((3, 7), (0, 1)),
        "minhash.near",
        duplicate_of=pa.array(["kept", "other"]),
        similarity=np.array([similarity, 0.9]),
        threshold=0.75,
    )
    assert found.schema == VERDICT
    said = {**NOTHING, "drop_rule": "minhash.near", "drop_threshold": "0.75"}
    assert found.to_pylist() == [
        {**said, "shard": 3, "row": 7, "drop_measured": measured, "duplicate_of": "kept", "similarity": similarity},
        {**said, "shard": 0, "row": 1, "drop_measured": "0.9", "duplicate_of": "other", "similarity": 0.9},
    ]


def test_documents_with_the_same_key_have_no_similarity() -> None:
    found = same_key(rows_of((1, 2)), "url_dedup.url", duplicate_of=pa.array(["kept"]), key="address")
    expected = {
        **NOTHING,
        "shard": 1,
        "row": 2,
        "drop_rule": "url_dedup.url",
        "drop_measured": "the same address",
        "drop_threshold": "one document per address",
        "duplicate_of": "kept",
    }
    assert (found.schema, found.to_pylist()) == (VERDICT, [expected])


def test_a_cluster_size_keeps_its_document() -> None:
    found = cluster_sizes(rows_of((1, 2), (4, 0)), np.array([2, 900], dtype=np.uint64))
    assert found.schema == VERDICT
    assert found.to_pylist() == [
        {**NOTHING, "shard": 1, "row": 2, "cluster_size": 2},
        {**NOTHING, "shard": 4, "row": 0, "cluster_size": 900},
    ]


def test_no_rows_give_no_verdicts() -> None:
    none, ids = rows_of().cast(pa.schema([("row", pa.int64()), ("x", pa.int64()), ("shard", pa.int64())])), pa.array([])
    for found in (
        removals(none, "r", duplicate_of=ids, similarity=np.array([], dtype=np.float64), threshold=0.5),
        same_key(none, "r", duplicate_of=ids, key="k"),
        cluster_sizes(none, np.array([], dtype=np.int64)),
    ):
        assert (found.schema, found.num_rows) == (VERDICT, 0)


def test_a_place_that_is_no_int32_is_an_error_and_not_another_place() -> None:
    with pytest.raises(pa.ArrowInvalid):
        cluster_sizes(rows_of((0, 1 << 31)), np.array([2]))
