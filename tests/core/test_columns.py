"""set_column, drop and split are the only functions that change a batch, and the first mark wins."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenmill.core.columns import DOCUMENT, documents, drop, marked, set_column, source_column, split


def batch() -> pa.RecordBatch:
    return documents({"id": ["a", "b", "c"], "text": ["one", None, "three"], "_words": [1, 2, 3]})


def test_columns_have_the_types_of_the_schema() -> None:
    assert batch().schema.field("text").type == DOCUMENT.field("text").type
    assert set_column(batch(), "lang_score", [0.5, 1, None]).schema.field("lang_score").type == pa.float32()


def test_setting_text_removes_what_was_measured_on_the_old_text() -> None:
    assert set_column(batch(), "text", ["x", "y", "z"]).schema.names == ["id", "text"]
    assert set_column(batch(), "lang", ["en"] * 3).schema.names == ["id", "text", "_words", "lang"]


def test_the_first_mark_wins_and_null_does_not_mark() -> None:
    once = drop(batch(), pa.array([True, None, False]), "a.first", np.array([1.23456789, 2, 3]), 5)
    twice = drop(once, [True, True, False], "b.second", ["x", "y", "z"], None)
    alive, gone = split(twice)
    assert alive.column("id").to_pylist() == ["c"] and "drop_rule" not in alive.schema.names
    assert gone.select(["drop_rule", "drop_measured", "drop_threshold"]).to_pylist() == [
        {"drop_rule": "a.first", "drop_measured": "1.23457", "drop_threshold": "5"},
        {"drop_rule": "b.second", "drop_measured": "y", "drop_threshold": None},
    ]
    assert marked(twice).tolist() == [True, True, False]


def test_nothing_marked_leaves_the_batch_alone() -> None:
    assert drop(batch(), [False] * 3, "a.b", 1, 2) is not None
    assert "drop_rule" not in drop(batch(), [False] * 3, "a.b", 1, 2).schema.names
    alive, gone = split(batch())
    assert alive.num_rows == 3 and gone.num_rows == 0


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_split_loses_nothing(rows: int) -> None:
    some = batch().slice(0, rows)
    alive, gone = split(drop(some, [True, False, True][:rows], "a.b", 1, 1))
    assert alive.num_rows + gone.num_rows == rows


@given(st.lists(st.tuples(st.booleans(), st.one_of(st.none(), st.text(max_size=5))), max_size=12), st.integers(0, 3))
def test_rows_are_those_that_a_filter_would_take(rows: list[tuple[bool, str | None]], first: int) -> None:
    ids = [str(number) for number in range(len(rows))]
    some = documents({"id": ids, "text": [text for _, text in rows], "_words": ids}).slice(first)
    wanted = pa.array([gone for gone, _ in rows][first:], type=pa.bool_())
    alive, gone = split(drop(some, wanted, "a.b", 1, 1))
    assert alive.equals(some.filter(pa.array([not one for one in wanted.to_pylist()], type=pa.bool_())))
    assert gone.select(["id", "text"]).equals(some.filter(wanted).select(["id", "text"]))
    assert "_words" not in gone.schema.names or not gone.num_rows


def test_texts_that_stay_take_no_more_room_than_they_need() -> None:
    long = documents({"id": list("abcd"), "text": [letter * 1000 for letter in "abcd"]})
    alive, gone = split(drop(long, [False, True, False, False], "a.b", 1, 1))
    assert [part.column("text").buffers()[2].size for part in (alive, gone)] == [3000, 1000]


def test_without_the_column_all_sources_are_null() -> None:
    assert source_column(pa.record_batch({"id": ["a", "b"]})).to_pylist() == [None, None]
    assert source_column(pa.record_batch({"source": ["web"]})).to_pylist() == ["web"]
