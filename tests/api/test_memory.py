"""tokenmill.apply: steps give the same results on documents in memory as in a run."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tokenmill
from tokenmill import filters, stages, tokenize
from tokenmill.core.lazy import class_name
from tokenmill.filters import C4, GopherQuality
from tokenmill.pipeline.planning.resolve import work_class, work_names

GOOD = "A sentence that ends well. " * 5
BAD = "lorem ipsum dolor"


@dataclass(frozen=True)
class Failing:
    """Raises if a text is BAD."""

    reads = ("text",)
    adds = ()

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if BAD in batch.column("text").to_pylist():
            raise ValueError("not this")
        return batch


DEEP: list[Any] = []
for _ in range(5000):  # so deep that pyarrow's conversion overflows the stack
    DEEP = [DEEP]


def test_every_unit_is_importable_by_its_class() -> None:
    packages: dict[str, Any] = {"stages": stages, "filters": filters, "tokenize": tokenize}
    for name in work_names():
        folder, _, unit = name.partition(".")
        assert getattr(packages[folder], class_name(unit)) is work_class(name)
        assert class_name(unit) in dir(packages[folder])
    with pytest.raises(AttributeError, match="did you mean 'GopherQuality'"):
        _ = filters.GopherQualty
    with pytest.raises(AttributeError, match="has no attribute 'runs'"):
        _ = tokenmill.runs
    assert set(tokenmill.__all__) <= set(dir(tokenmill))


@pytest.mark.parametrize(
    "steps", [C4(min_sentences=1), {"filters.c4": {"min_sentences": 1}}, [C4(min_sentences=1), "filters.toxicity"]]
)
def test_dicts_and_tables_keep_what_passes(steps: Any) -> None:
    kept = tokenmill.apply(steps, [{"text": GOOD, "mine": 1}, {"text": BAD, "mine": 2}])
    assert [(one["id"], one["mine"]) for one in kept] == [("0", 1)] and "drop_rule" not in kept[0]
    table = tokenmill.apply(steps, pa.table({"id": ["a", "b"], "text": [BAD, GOOD]}))
    assert isinstance(table, pa.Table) and table["id"].to_pylist() == ["b"]


def test_a_column_that_only_some_dicts_have_is_kept() -> None:
    kept = tokenmill.apply(C4(min_sentences=1), [{"text": GOOD}, {"text": GOOD, "url": "u"}])
    assert [one["url"] for one in kept] == [None, "u"]


def test_mark_only_returns_all_with_the_first_mark() -> None:
    found = tokenmill.apply([C4(), GopherQuality()], [{"text": BAD}, {"text": GOOD * 10}], mark_only=True)
    assert found[0]["drop_rule"] == found[0]["c4.rule"] and found[0]["gopher_quality.rule"]
    assert found[1]["drop_rule"] == (found[1]["c4.rule"] or found[1]["gopher_quality.rule"])
    assert tokenmill.apply(C4(), [], mark_only=True) == []


@dataclass(frozen=True)
class Losing(Failing):
    def __call__(self, batch: pa.RecordBatch) -> Any:
        return batch.drop_columns(["n"]) if batch.num_rows else None


def test_a_step_that_loses_a_column_is_refused() -> None:
    """Regression: the column was lost without a message."""
    with pytest.raises(tokenmill.DataError, match="losing returned a batch without the column 'n'"):
        tokenmill.apply(Losing(), [{"text": GOOD, "n": 1}])


def test_only_documents_without_an_id_are_numbered() -> None:
    given = [{"id": "a", "text": GOOD}, {"text": GOOD}, {"id": None, "text": GOOD}]
    assert [one["id"] for one in tokenmill.apply(C4(), given)] == ["a", "1", "2"]
    assert [one["id"] for one in tokenmill.apply(C4(), given[2:])] == ["0"]


def test_a_step_that_raises_drops_that_document() -> None:
    assert [one["text"] for one in tokenmill.apply(Failing(), [{"text": BAD}, {"text": GOOD}])] == [GOOD]
    marked = tokenmill.apply(Failing(), [{"text": BAD}], mark_only=True)
    assert (marked[0]["drop_rule"], marked[0]["drop_measured"]) == ("failing.error", "ValueError")


@pytest.mark.parametrize(
    ("steps", "documents", "message"),
    [
        ("filters.c5", [], "unknown unit 'filters.c5'"),
        ({"filters.c4": {"min_sentence": 1}}, [], "has no setting 'min_sentence'; did you mean 'min_sentences'"),
        ("stages.exact_dedup", [], "ExactDedup is not a Step"),
        ({"stages.read_table": {"paths": "x"}}, [], "ReadTable is not a Step"),
        ("filters.language_in", [{"text": GOOD}], "needs the setting 'keep'"),
        ({"filters.language_in": {"keep": ["en"]}}, [{"text": GOOD}], "language_in reads the column 'lang'"),
        (C4(), [{"txt": GOOD}], "c4 reads the column 'text', which the documents do not have"),
        (C4(), [{"text": [1]}], "of another type"),
        ({}, [{"text": 1}], "expected one name with its settings"),
        (C4, [{"text": GOOD}], "expected a Step such as C4"),
        (42, [{"text": GOOD}], "found 42, expected a Step"),
        (C4(), [{"text": GOOD}, {"text": 5}], "values that do not fit into one column"),
        (C4(), [{"text": "\ud800"}], "values that do not fit into one column"),
        (C4(), [{"text": GOOD, "n": 10**30}], "values that do not fit into one column"),
        (C4(), ["a"], "document 0: found 'a', expected a dict"),
        (C4(), "abc", "the documents: found 'abc', expected a table or a list of dicts"),
        (C4(), {"text": GOOD}, "expected a table or a list of dicts"),
        (C4(), None, "the documents: found None"),
        (C4(), [{"text": GOOD, 1: 2}], "document 0: found .* expected names of columns as keys"),
        (C4(), [{"text": GOOD, "deep": DEEP}], "document 0: lists or dicts more than 100 deep"),
        (C4(), [{"text": GOOD, "drop_rule": "x"}], "some of the columns drop_rule, drop_measured, drop_threshold"),
        ({"filters.c4": 5}, [{"text": GOOD}], "expected a name and its settings as a dict"),
        ({5: {}}, [{"text": GOOD}], "expected a name and its settings as a dict"),
        ({"filters.c4": {1: 2}}, [{"text": GOOD}], "expected names of settings as keys"),
        (C4(), pa.table([["a"], ["b"]], names=["text", "text"]), "two columns of one name"),
    ],
)
def test_what_cannot_run_is_refused(steps: Any, documents: Any, message: str) -> None:
    with pytest.raises(tokenmill.RecipeError, match=message):
        tokenmill.apply(steps, documents)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from([GOOD, BAD, "", None, "x"]), max_size=12), st.integers(0, 12))
def test_documents_do_not_see_each_other(texts: list[str | None], cut: int) -> None:
    whole = [{"id": str(number), "text": text} for number, text in enumerate(texts)]
    steps = [C4(), GopherQuality(min_words=3)]
    assert tokenmill.apply(steps, whole) == tokenmill.apply(steps, whole[:cut]) + tokenmill.apply(steps, whole[cut:])
