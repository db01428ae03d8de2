"""Tests for your own Steps and filters: check_step tests the contract of a Step, check_examples a filter's EXAMPLES.

A test of your own only has to call them, for example check_step(LongWords()).
"""

import datetime
import pickle
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import pyarrow as pa

from tokenmill.core.columns import MARKS, table_of, without_transient
from tokenmill.core.columns import documents as batch_of
from tokenmill.core.kinds import Filter, Step
from tokenmill.core.rules import class_step_name
from tokenmill.pipeline.planning.contract import contract_problem, kind_of

Documents: TypeAlias = pa.RecordBatch | pa.Table | Iterable[Mapping[str, Any]]

_HTML = "<p>Call me, please: jane.doe@example.com or +1 202 555 0143.</p><p>A second line.</p>"
_TEXTS = (
    "The cat sat with that dog, and they have to be home soon. " * 10,
    None,
    "",
    f"<html><body>{_HTML}</body></html>",
    "{ lorem ipsum } javascript # ... … [1] [edit] “quoted” — 10km don't stop.\r\n\x0b\x85 e\u0301 \u2028 \x00 é ßẞ İ",
    "中文没有空格。它只是一行。ภาษาไทยไม่มีช่องว่าง 日本語です。",
    "a\n\na\n\na\n\nb b b b b b b b b b b b b b b b b b b b b b b b",
    " \t\n ",
    "🙂" * 50 + ".:;!?" * 20,
    "def f(x):\n    return x  # code\n" * 5,
)
_LANGUAGES = ("en", None, "en", "de", "fr", "zh", "en", None, "en", "en")


def sample_documents() -> pa.RecordBatch:
    """Returns ten varied documents with all columns of a document, to test Steps.

    Some texts are null, empty or hostile.
    """
    rows = range(len(_TEXTS))
    columns: dict[str, Any] = {
        "id": [f"id{row}" for row in rows],
        "source": ["web"] * len(_TEXTS),
        "url": [None if row == 1 else f"https://host{row}.example.com/page?n={row}" for row in rows],
        "path": [f"src/file{row}.py" for row in rows],
        "license": ["MIT", None] * (len(_TEXTS) // 2),
        "date": [datetime.datetime(2024, 1, 1 + row, tzinfo=datetime.UTC) for row in rows],
        "text": list(_TEXTS),
        "lang": list(_LANGUAGES),
        "lang_score": [None if language is None else 0.6 + row / 30 for row, language in enumerate(_LANGUAGES)],
        "code_lang": [None] * (len(_TEXTS) - 1) + ["Python"],
        "locator": [{"file": "crawl.warc.gz", "offset": row, "length": 1} for row in rows],
        "meta": [None if row == 2 else '{"status":200}' for row in rows],
    }
    return batch_of(columns)


def check_step(step: Step, documents: Documents | None = None) -> None:
    """Raises AssertionError, which says what to correct, if a Step breaks the contract that the engine relies on.

    - The Step returns the same rows in the same order, and changes only the columns that it names in `adds`.
    - An empty batch gives the same columns with the same types. A null text raises no error.
    - The result for a document depends on that document alone: f(a + b) == f(a) + f(b). It is the same each time.
    - The input is not changed.
    - The Step can be pickled, and the copy is equal to it.

    documents: a batch, a table or dicts, with `id` and the columns that the step reads; at least two documents.
    Default: sample_documents().
    """
    name = type(step).__name__
    problem = contract_problem(type(step))
    assert not problem, problem
    assert kind_of(type(step)) == "step", f"{name} is a {kind_of(type(step))}; check_step checks Steps"
    batch = _batch(step, documents)
    before = batch.serialize().to_pybytes()
    out = _called(step, batch)
    assert batch.serialize().to_pybytes() == before, f"{name} changed its input; make new arrays instead"
    _check_rows(step, batch, out)
    _check_empty(step, batch, out)
    _check_null_text(step, batch)
    _check_repeats(step, batch, out)
    _check_cuts(step, batch, out)


def check_examples(step: Filter) -> None:
    """Raises AssertionError if a filter does not decide on its EXAMPLES as expected, or a rule has no example.

    EXAMPLES is a list of (text or {column: value}, name of the rule that drops it or None).
    """
    name = class_step_name(type(step))
    examples: list[tuple[Any, str | None]] = getattr(step, "EXAMPLES", [])
    assert examples, f"{type(step).__name__} has no EXAMPLES; write EXAMPLES = [(text, None), (text, rule)]"
    rows = [{"text": example} if isinstance(example, str) else dict(example) for example, _ in examples]
    names = dict.fromkeys(["text", *(column for row in rows for column in row)])
    columns = {column: [row.get(column) for row in rows] for column in names}
    out = _called(step, batch_of({"id": [f"example{number}" for number in range(len(rows))], **columns}))
    for (example, rule), found in zip(examples, _settled(out)["drop_rule"], strict=True):
        wanted = f"{name}.{rule}" if rule else None
        assert found == wanted, f"{type(step).__name__}: the example {example!r}: found {found}, expected {wanted}"
    unused = set(step.RULES) - {rule for _, rule in examples}
    assert not unused, f"{type(step).__name__} has no example that is dropped by {', '.join(sorted(unused))}"


def _batch(step: Step, given: Documents | None) -> pa.RecordBatch:
    if given is None:
        batch = sample_documents()
    elif isinstance(given, pa.RecordBatch):
        batch = given
    else:
        table = given if isinstance(given, pa.Table) else table_of([dict(one) for one in given])
        batch = batch_of({name: table.column(name).combine_chunks() for name in table.schema.names})
    missing = sorted({"id", *step.reads} - set(batch.schema.names))
    assert not missing, f"{type(step).__name__} reads {', '.join(missing)}: give `documents` with such columns"
    assert batch.num_rows > 1, "give at least two documents, so that batches of one and of several can be compared"
    return batch


def _called(step: Step, batch: pa.RecordBatch, what: str = "") -> pa.RecordBatch:
    try:
        return step(batch)
    except Exception as error:
        where = what or f"{batch.num_rows} documents"
        raise AssertionError(f"{type(step).__name__} raised {type(error).__name__} on {where}: {error}") from error


def _check_rows(step: Step, batch: pa.RecordBatch, out: pa.RecordBatch) -> None:
    name = type(step).__name__
    assert isinstance(out, pa.RecordBatch), f"{name} returned {type(out).__name__}, expected a pyarrow.RecordBatch"
    lost = [column for column in batch.schema.names if column not in out.schema.names]
    assert not lost, f"{name} lost the columns {', '.join(lost)}; use set_column and drop, which keep the others"
    same = out.column("id").to_pylist() == batch.column("id").to_pylist()
    assert same, f"{name} returned other rows or another order; mark rows with drop() instead of removing them"
    for column in batch.schema.names:
        kept = column in step.adds or out.column(column).equals(batch.column(column))
        assert kept, f"{name} changed the column {column!r}; name it in `adds`"
    absent = [column for column in step.adds if column not in out.schema.names]
    assert not absent, f"{name} did not add {', '.join(absent)}, which `adds` names"


def _check_empty(step: Step, batch: pa.RecordBatch, out: pa.RecordBatch) -> None:
    empty = _called(step, batch.slice(0, 0), "a batch without rows")
    assert empty.num_rows == 0, f"{type(step).__name__} made {empty.num_rows} rows of a batch without rows"
    found = {field.name: field.type for field in empty.schema}
    for field in out.schema:
        if field.name in MARKS.names or field.name.startswith("_"):
            continue
        said = f"{type(step).__name__}: the column {field.name!r} is {found.get(field.name)} if there are no rows"
        assert found.get(field.name) == field.type, f"{said}, else {field.type}; give the array its type"


def _check_null_text(step: Step, batch: pa.RecordBatch) -> None:
    if "text" not in step.reads or "text" not in batch.schema.names:
        return
    row = batch.slice(0, 1)
    index = row.schema.get_field_index("text")
    null = row.set_column(index, row.schema.field("text"), pa.nulls(1, row.schema.field("text").type))
    _called(step, null, "a document whose text is null")


def _check_repeats(step: Step, batch: pa.RecordBatch, out: pa.RecordBatch) -> None:
    name = type(step).__name__
    try:
        copy = pickle.loads(pickle.dumps(step))
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise AssertionError(f"{name} does not pickle: {error}. Hold no open files, locks or lambdas") from error
    assert copy == step, f"the copy of {name} that pickle makes is not equal to it; write @dataclass(frozen=True)"
    for again, what in ((step, "a second time"), (copy, "as a pickled copy")):
        same = _settled(_called(again, batch)) == _settled(out)
        assert same, f"{name} called {what} gives another result; use keyed_hash for chance, and keep no state"


def _check_cuts(step: Step, batch: pa.RecordBatch, out: pa.RecordBatch) -> None:
    whole = _settled(out)
    for cut in sorted({1, 4, batch.num_rows - 1} & set(range(1, batch.num_rows))):
        parts = [_settled(_called(step, part)) for part in (batch.slice(0, cut), batch.slice(cut))]
        for column, values in whole.items():
            joined = [value for part in parts for value in part.get(column, [])]
            rule = "a result must depend on its document alone"
            assert joined == values, f"{type(step).__name__}: {column!r} depends on how documents are batched; {rule}"


def _settled(batch: pa.RecordBatch) -> dict[str, list[Any]]:
    """Returns {column: values} without transient columns. The mark columns are always there; null means no mark."""
    columns: dict[str, list[Any]] = without_transient(batch).to_pydict()
    return {**{name: [None] * batch.num_rows for name in MARKS.names}, **columns}
