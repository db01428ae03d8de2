"""stages/dedup/exact_dedup.py: one of the documents with the same text is kept."""

import json
import pickle
from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.core.columns import documents
from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.kinds import FACTS, VERDICT, Room
from tokenmill.stages.dedup.exact_dedup import ExactDedup


def verdicts(
    work: Any, rows: dict[str, list[Any]], *, batch_rows: int = 3, partitions: int = 4
) -> dict[str, dict[str, Any]]:
    """Routes the rows, then sorts each partition and reduces it in batches. Returns {id: its verdict without its
    place}.
    """
    whole = documents(rows)
    whole = whole.append_column("_shard", pa.array(np.zeros(whole.num_rows, dtype=np.int32)))
    whole = whole.append_column("_row", pa.array(np.arange(whole.num_rows, dtype=np.int32)))
    (round,) = work.rounds()
    routed = pa.Table.from_batches(
        [round.route(whole.slice(i, batch_rows)) for i in range(0, max(1, whole.num_rows), batch_rows)]
    )
    places = np.array([key * partitions >> 64 for key in routed.column("_partition_key").to_pylist()], dtype=np.int64)
    room = Room(1 << 30, "", {0: whole.num_rows})
    found = {}
    for partition in range(partitions):
        mine = routed.filter(pa.array(places == partition)).sort_by([(name, "ascending") for name in round.sort_by])
        for batch in round.reduce(iter(mine.combine_chunks().to_batches(max_chunksize=batch_rows)), room):
            assert batch.schema.equals(VERDICT)
            for verdict in batch.to_pylist():
                id = rows["id"][verdict.pop("row")]
                assert id not in found
                found[id] = {name: value for name, value in verdict.items() if value is not None and name != "shard"}
    return found


def plain(texts: list[str | None], *, normalize: bool) -> dict[str, dict[str, Any]]:
    """Groups equal texts. The longest stays, and among equal lengths the one with the smallest id, which is its place
    here.
    """
    groups = defaultdict(list)
    for place, text in enumerate(texts):
        folded = " ".join((text or "").lower().split()) if normalize else text
        if folded and folded.strip():
            groups[folded].append((-len((text or "").encode()), f"{place:03d}"))
    found: dict[str, dict[str, Any]] = {}
    for members in groups.values():
        (_, kept), *others = sorted(members)
        if others:
            found[kept] = {"cluster_size": len(members)}
        for _, id in others:
            found[id] = {
                "drop_rule": "exact_dedup.duplicate", "drop_measured": "1", "drop_threshold": "1",
                "duplicate_of": kept, "similarity": 1.0,
            }  # fmt: skip
    return found


TEXTS = st.lists(st.one_of(st.none(), st.text(st.sampled_from("aB \n\u00a0\u2003é"), max_size=3)), max_size=30)


@given(TEXTS, st.booleans(), st.integers(1, 40), st.sampled_from([1, 2, 16]))
@settings(deadline=None)
def test_it_removes_what_plain_grouping_removes(
    texts: list[str | None], normalize: bool, rows: int, partitions: int
) -> None:
    columns = {"id": [f"{i:03d}" for i in range(len(texts))], "text": texts}
    found = verdicts(ExactDedup(normalize=normalize), columns, batch_rows=rows, partitions=partitions)
    assert found == plain(texts, normalize=normalize)


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("blank", ["", None, " ", "\n\t \r", "\u00a0\u3000", "\u200b", "\ufeff\n", "\x00\x1f"])
def test_a_blank_text_is_no_duplicate(blank: str | None, normalize: bool) -> None:
    """Guards against an earlier fault: pages without a visible character were duplicates of each other."""
    rows = {"id": list("abcdef"), "text": [blank, blank, "x", blank, "x", f"{blank or ''}x"]}
    found = verdicts(ExactDedup(normalize=normalize), rows)
    assert "e" in found and not {"a", "b", "d"} & set(found)


def test_a_group_longer_than_many_batches_has_one_kept_document() -> None:
    found = verdicts(ExactDedup(), {"id": [f"{i:03d}" for i in range(200)], "text": ["same"] * 200}, batch_rows=7)
    assert found["000"] == {"cluster_size": 200}
    assert {verdict["duplicate_of"] for id, verdict in found.items() if id != "000"} == {"000"}


def test_the_hash_is_xxh3_of_the_text() -> None:
    texts = ["a", "", None, "Zwölf  Boxkämpfer\u200b ", "x" * 1000]
    high, low, filled = ExactDedup().keys(pa.record_batch({"text": pa.array(texts, type=pa.large_string())}))
    wanted = [xxhash.xxh3_128_intdigest((text or "").encode()) for text in texts]
    assert [int(h) << 64 | int(low) for h, low in zip(high, low, strict=True)] == wanted
    assert filled.tolist() == [True, False, False, True, True]


@pytest.mark.parametrize(
    ("work", "kept"),
    [
        (ExactDedup(), "a"),
        (ExactDedup(keep="earliest"), "b"),
        (ExactDedup(keep="latest"), "c"),
        (ExactDedup(keep="best_score", score="s.score"), "d"),
        (ExactDedup(keep="source_order", sources=("wiki", "web")), "e"),
    ],
)
def test_keep_says_which_one_stays(work: ExactDedup, kept: str) -> None:
    days = ["2021-01-01", "2020-01-01", "2023-01-01", None, "2022-01-01"]
    rows = {
        "id": list("abcde"),
        "source": ["web", "web", "other", "web", "wiki"],
        "date": [None if day is None else datetime.fromisoformat(day).replace(tzinfo=UTC) for day in days],
        "text": ["same text"] * 5,
        "s.score": [0.2, None, 0.3, 0.7, float("nan")],
    }
    assert verdicts(work, rows)[kept] == {"cluster_size": 5}


def test_it_pickles_and_says_what_it_reads_and_refuses() -> None:
    work = ExactDedup(keep="latest", normalize=True)
    assert pickle.loads(pickle.dumps(work.rounds())) == work.rounds()
    assert work.reads == ("id", "text", "date")
    with pytest.raises(RecipeError, match="score"):
        ExactDedup(keep="best_score")


@pytest.mark.parametrize("batch_rows", [1, 4, 40])
def test_max_removed_stops_before_any_verdict_and_shows_the_clusters(batch_rows: int) -> None:
    rows = {
        "id": [f"{i:02d}" for i in range(14)],
        "source": ["web"] * 9 + ["wiki"] * 5,
        "text": ["same"] * 6 + ["other"] * 5 + ["alone", "too", "three"],
    }
    with pytest.raises(DataError, match=r"7 of 9 documents of source 'web', 77\.78%.* 70\.00%.*: 00 \(5\), 06 \(2\)"):
        conclude(ExactDedup(max_removed={"web": 0.7, "wiki": 1.0}), rows, batch_rows)
    counted = conclude(ExactDedup(max_removed={"web": 0.8, "wiki": 0.4, "books": 0.1}), rows, batch_rows)
    assert counted == {"documents": 14, "removed": 9, "clusters": 2}
    with pytest.raises(RecipeError, match="max_removed: web: 80"):
        ExactDedup(max_removed={"web": 80})
    assert ExactDedup(max_removed={"web": 0.5}).reads == ("id", "text", "source")


def conclude(work: ExactDedup, rows: dict[str, list[Any]], batch_rows: int) -> dict[str, Any]:
    whole = documents(rows)
    whole = whole.append_column("_shard", pa.array(np.zeros(whole.num_rows, dtype=np.int32)))
    whole = whole.append_column("_row", pa.array(np.arange(whole.num_rows, dtype=np.int32)))
    (round,) = work.rounds()
    routed = pa.Table.from_batches([round.route(whole)]).sort_by([(name, "ascending") for name in round.sort_by])
    made = round.reduce(iter(routed.combine_chunks().to_batches(max_chunksize=batch_rows)), Room(1 << 30, "", {}))
    said = [json.loads(batch.schema.metadata[FACTS]) for batch in made if batch.schema.metadata]
    return work.conclude(said, Counter(rows["source"]))
