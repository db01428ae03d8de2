"""stages/dedup/url_dedup.py: which one of the documents with the same address is kept."""

import pickle
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from tokenmill.core.columns import documents
from tokenmill.core.errors import RecipeError
from tokenmill.core.kinds import Room
from tokenmill.stages.dedup.url_dedup import UrlDedup


def verdicts(work: UrlDedup, rows: dict[str, list[Any]]) -> dict[str, tuple[str | None, int | None]]:
    """Returns {id: (duplicate of, cluster size)}."""
    batch = documents(rows)
    places = pa.array(range(batch.num_rows), type=pa.int32())
    batch = batch.append_column("_shard", pa.array([0] * batch.num_rows, type=pa.int32()))
    batch = batch.append_column("_row", places)
    (round,) = work.rounds()
    ordered = pa.Table.from_batches([round.route(batch)]).sort_by([(name, "ascending") for name in round.sort_by])
    found = round.reduce(iter(ordered.combine_chunks().to_batches(max_chunksize=2)), Room(1 << 30, "", {}))
    said = [row for part in found for row in part.to_pylist()]
    assert {row["drop_rule"] for row in said} <= {None, "url_dedup.duplicate"}
    return {rows["id"][row["row"]]: (row["duplicate_of"], row["cluster_size"]) for row in said}


def test_the_newest_stays_or_the_longest_and_documents_without_address_are_left_alone() -> None:
    rows = {
        "id": list("abcdefg"),
        "url": ["http://a.org", "https://www.a.org/", "http://a.org/#x", "http://b.org", None, None, ""],
        "date": [datetime(2020 + year, 1, 1, tzinfo=UTC) for year in (0, 2, 1, 0, 0, 0, 0)],
        "text": ["longest of them", "short", "middling", "x", "y", "y", "y"],
    }
    assert verdicts(UrlDedup(), rows) == {"a": ("b", None), "c": ("b", None), "b": (None, 3)}
    assert verdicts(UrlDedup(keep="longest"), rows) == {"b": ("a", None), "c": ("a", None), "a": (None, 3)}


@pytest.mark.parametrize(
    "blank", ["", None, " ", "\t\n", "\u3000", "http://", " https://:443/ ", "//#x", "http://www.?"]
)
def test_an_address_without_anything_in_it_is_none(blank: str | None) -> None:
    rows = {"id": list("abc"), "url": [blank] * 3, "text": ["x", "y", "z"]}
    assert verdicts(UrlDedup(keep="longest"), rows) == {}


def test_it_pickles_says_what_it_reads_and_refuses_half_a_preference() -> None:
    work = UrlDedup(keep="best_score", score="q.s")
    assert pickle.loads(pickle.dumps(work.rounds())) == work.rounds()
    assert work.reads == ("id", "url", "q.s")
    with pytest.raises(RecipeError):
        UrlDedup(keep="best_score")
