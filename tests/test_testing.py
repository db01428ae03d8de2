"""check_step finds each way to break the contract of Steps, and says what to correct."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pytest

from tokenmill.core.columns import drop, set_column
from tokenmill.core.rules import Rule, judge
from tokenmill.filters.language_in import LanguageIn
from tokenmill.testing import check_examples, check_step, sample_documents

COUNT = itertools.count()


def lengths(batch: pa.RecordBatch) -> list[int]:
    return [len(text or "") for text in batch.column("text").to_pylist()]


WAYS: dict[str, Callable[[pa.RecordBatch], Any]] = {
    "good": lambda batch: set_column(batch, "own.n", pa.array(lengths(batch), pa.int64())),
    "marks": lambda batch: drop(WAYS["good"](batch), [n > 9 for n in lengths(batch)], "own.long", 1, 2),
    "fewer rows": lambda batch: WAYS["good"](batch.slice(0, max(0, batch.num_rows - 1))),
    "other order": lambda batch: WAYS["good"](batch.take(list(range(batch.num_rows))[::-1])),
    "lost column": lambda batch: WAYS["good"](batch.drop_columns(["meta"])),
    "changed column": lambda batch: set_column(WAYS["good"](batch), "url", ["x"] * batch.num_rows),
    "not added": lambda batch: batch,
    "no batch": lambda batch: batch.to_pylist(),
    "empty": lambda batch: set_column(batch, "own.n", [max(lengths(batch))] * batch.num_rows),
    "empty type": lambda batch: set_column(batch, "own.n", lengths(batch)),
    "null text": lambda batch: set_column(
        batch, "own.n", pa.array([len(text) for text in batch.column("text").to_pylist()], pa.int64())
    ),
    "state": lambda batch: set_column(batch, "own.n", pa.array([next(COUNT)] * batch.num_rows, pa.int64())),
    "batched": lambda batch: set_column(batch, "own.n", pa.array([batch.num_rows] * batch.num_rows, pa.int64())),
}  # fmt: skip


@dataclass(frozen=True)
class Own:
    way: str = "good"

    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = ("own.n",)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return WAYS[self.way](batch)


@dataclass(frozen=True)
class Held(Own):
    held: Any = None


class Unequal(Own):
    def __eq__(self, other: object) -> bool:
        return self is other


class Bare:
    reads = ("text",)
    adds = ()

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return batch


@dataclass(frozen=True)
class Wants(Own):
    reads: ClassVar[tuple[str, ...]] = ("stars",)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (Own(), ""),
        (Own("marks"), ""),
        (Own("fewer rows"), "Own returned other rows or another order; mark rows with drop() instead of removing them"),
        (Own("other order"), "Own returned other rows or another order"),
        (Own("lost column"), "Own lost the columns meta; use set_column and drop, which keep the others"),
        (Own("changed column"), "Own changed the column 'url'; name it in `adds`"),
        (Own("not added"), "Own did not add own.n, which `adds` names"),
        (Own("no batch"), "Own returned list, expected a pyarrow.RecordBatch"),
        (Own("empty"), "Own raised ValueError on a batch without rows: "),
        (
            Own("empty type"),
            "Own: the column 'own.n' is null if there are no rows, else int64; give the array its type",
        ),
        (Own("null text"), "Own raised TypeError on "),
        (Own("state"), "Own called a second time gives another result; use keyed_hash for chance, and keep no state"),
        (
            Own("batched"),
            "Own: 'own.n' depends on how documents are batched; a result must depend on its document alone",
        ),
        (Held(held=lambda: 0), "Held does not pickle: "),
        (Unequal(), "the copy of Unequal that pickle makes is not equal to it; write @dataclass(frozen=True)"),
        (Bare(), "Bare is not a dataclass"),
        (Wants(), "Wants reads stars: give `documents` with such columns"),
    ],
)
def test_each_way_to_break_the_contract_is_named(step: Any, message: str) -> None:
    if not message:
        check_step(step)
        return
    with pytest.raises(AssertionError) as caught:
        check_step(step)
    assert message in str(caught.value)


def test_a_null_text_is_tried_whatever_the_documents_are() -> None:
    with pytest.raises(AssertionError, match="Own raised TypeError on a document whose text is null"):
        check_step(Own("null text"), [{"id": "a", "text": "b"}, {"id": "c", "text": "d"}])


def test_an_input_that_was_changed_is_noticed() -> None:
    numbers = np.arange(3)
    batch = pa.RecordBatch.from_pydict({"id": list("abc"), "text": list("abc"), "numbers": pa.array(numbers)})

    @dataclass(frozen=True)
    class Overwrites(Own):
        def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
            numbers[0] = 7
            return WAYS["good"](batch)

    with pytest.raises(AssertionError, match="Overwrites changed its input; make new arrays instead"):
        check_step(Overwrites(), batch)


def test_documents_are_a_table_or_dicts_too() -> None:
    rows = [{"id": "a", "text": "b", "stars": 3}, {"id": "c", "text": None, "stars": None}]
    for given in (rows, pa.Table.from_pylist(rows), pa.RecordBatch.from_pylist(rows)):
        check_step(Wants(), given)
    with pytest.raises(AssertionError, match="give at least two documents"):
        check_step(Own(), rows[:1])
    with pytest.raises(AssertionError, match="is a source; check_step checks Steps"):
        from tokenmill.stages.tables.read_table import ReadTable

        check_step(ReadTable("x"))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Long:
    max_n: int = 3

    RULES: ClassVar[dict[str, Rule]] = {"long": Rule("n", high="max_n")}
    EXAMPLES: ClassVar[list[tuple[str, str | None]]] = [("abc", None), ("abcd", "long")]
    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = ("long.n",)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return judge(batch, self, {"n": pa.array(lengths(batch), pa.int64())})


def test_examples_of_a_filter_are_checked() -> None:
    check_examples(Long())
    check_examples(LanguageIn.example())
    with pytest.raises(AssertionError, match=r"Long: the example 'abc': found long\.long, expected None"):
        check_examples(Long(max_n=2))


def test_the_sample_has_texts_that_are_null_and_empty() -> None:
    assert {None, ""} < set(sample_documents().column("text").to_pylist())
