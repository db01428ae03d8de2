"""Runs Steps on documents in memory, to try a filter or to use it without a run."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.columns import MARKS, set_column, split, table_of, without_transient
from tokenmill.core.columns import documents as batch_of
from tokenmill.core.errors import RecipeError, short
from tokenmill.core.kinds import Global, Source, Step, Unit
from tokenmill.core.rules import step_name
from tokenmill.pipeline.planning.contract import contract_problem
from tokenmill.pipeline.planning.fingerprint import forget_edited_code
from tokenmill.pipeline.planning.plugins import package_of
from tokenmill.pipeline.planning.recipe import WorkSpec
from tokenmill.pipeline.planning.resolve import build
from tokenmill.pipeline.tasks.mark_only import with_first_marks, without_marks
from tokenmill.pipeline.tasks.step_call import apply_step

OneStep = Step | str | Mapping[str, Mapping[str, Any] | None]
"""A Step, its name, or its name with settings."""

_WRONG_VALUES = (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError, UnicodeEncodeError)

BATCH_ROWS = 1000
"""Number of documents per call of a step."""

MAX_DEPTH = 100
"""How deep values may be nested. pyarrow converts them recursively and overflows the stack, which ends the process."""


def apply(
    steps: OneStep | Sequence[OneStep],
    documents: pa.Table | Iterable[Mapping[str, Any]],
    *,
    mark_only: bool = False,
    plugins: str | os.PathLike[str] | None = None,
    seed: int = 0,
) -> Any:
    """Runs Steps on documents in memory, without a run, and returns the documents that no step dropped.

    Args:
        steps: one or several of: a Step, its name ("filters.c4"), or its name with settings as in a recipe
            ({"filters.c4": {"min_sentences": 3}}).
        documents: a table, or dicts with at least `text`. If they have no `id`, they are numbered from 0.
        mark_only: return all documents. Those that a step would drop have `drop_rule`, `drop_measured` and
            `drop_threshold`; the rule of each step is in `<step>.rule`. Default False.
        plugins: a package, folder or `.py` file with steps that may be named. Default none.
        seed: seed of named steps that use random numbers and have no setting `seed`. Default 0.

    Returns a table for a table, else a list of dicts, in the order of the documents and with the columns that the steps
    added. A document on which a step raises is dropped by the rule `<step>.error`. Raises RecipeError for a name or a
    setting that does not exist, a Source or a Global, a missing column, and a column of another type.
    """
    named = None if plugins is None else os.fspath(plugins)
    forget_edited_code(package_of(named) if named is not None else None)
    chosen = _steps(steps, named, seed)
    if isinstance(documents, pa.Table):
        return _applied_to_table(chosen, documents, mark_only=mark_only)
    dicts = _dicts(documents)
    if not dicts:  # an empty list has no columns
        return []
    try:
        table = table_of(dicts)
    except _WRONG_VALUES as error:
        raise RecipeError(f"the documents have values that do not fit into one column: {error}") from error
    return _applied_to_table(chosen, table, mark_only=mark_only).to_pylist()


def _dicts(documents: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if isinstance(documents, str | bytes | Mapping) or not isinstance(documents, Iterable):
        raise RecipeError(f"the documents: found {short(documents)}, expected a table or a list of dicts")
    found = list(documents)
    for number, one in enumerate(found):
        if not isinstance(one, Mapping):
            raise RecipeError(f"document {number}: found {short(one)}, expected a dict such as {{'text': 'A text.'}}")
        if not all(isinstance(name, str) for name in one):
            raise RecipeError(f"document {number}: found {short(one)}, expected names of columns as keys")
        if _is_deep(one):
            raise RecipeError(f"document {number}: lists or dicts more than {MAX_DEPTH} deep; flatten them")
    return [dict(one) for one in found]


def _is_deep(value: object, depth: int = 0) -> bool:
    if depth > MAX_DEPTH:
        return True
    if isinstance(value, Mapping):
        value = tuple(value.values())
    return isinstance(value, list | tuple) and any(_is_deep(one, depth + 1) for one in value)


def _applied_to_table(steps: list[Step], table: pa.Table, *, mark_only: bool) -> pa.Table:
    batch = _documents(table)
    _refuse_missing_columns(steps, batch.schema.names)
    parts = [_applied(steps, part, mark_only=mark_only) for part in _parts(batch)]
    return pa.concat_tables([pa.Table.from_batches([part]) for part in parts], promote_options="permissive")


def _applied(steps: list[Step], batch: pa.RecordBatch, *, mark_only: bool) -> pa.RecordBatch:
    for step in steps:
        if mark_only:
            batch = with_first_marks(apply_step(step, without_marks(batch)), batch, step_name(step))
        else:
            batch, _ = split(apply_step(step, batch))
    for name in MARKS.names if mark_only else ():
        batch = batch if name in batch.schema.names else set_column(batch, name, pa.nulls(batch.num_rows, pa.string()))
    return without_transient(batch)


def _parts(batch: pa.RecordBatch) -> list[pa.RecordBatch]:
    """Returns slices of BATCH_ROWS rows. An empty batch gives one empty slice, so that the columns are known."""
    starts = range(0, max(1, batch.num_rows), BATCH_ROWS)
    return [batch.slice(start, BATCH_ROWS) for start in starts]


def _documents(table: pa.Table) -> pa.RecordBatch:
    """Returns the documents with an id each, and with the column types of the document schema."""
    names = table.schema.names
    if len(set(names)) < len(names):
        raise RecipeError(f"the documents have two columns of one name; found {', '.join(names)}")
    if set(MARKS.names) & set(names) not in (set(), set(MARKS.names)):
        raise RecipeError(f"the documents have some of the columns {', '.join(MARKS.names)}; give all of them, or none")
    columns = {name: table.column(name).combine_chunks() for name in table.schema.names}
    ids = columns.pop("id", pa.nulls(table.num_rows)).cast(pa.string())
    if ids.null_count:
        ids = pc.coalesce(ids, pa.array([str(row) for row in range(table.num_rows)]))
    columns = {"id": ids} | columns
    try:
        return batch_of(columns)
    except _WRONG_VALUES as error:
        raise RecipeError(f"the documents have a column of another type than tokenmill's: {error}") from error


def _refuse_missing_columns(steps: list[Step], have: list[str]) -> None:
    known = set(have)
    for step in steps:
        missing = [name for name in step.reads if name not in known]
        if missing:
            raise RecipeError(f"{step_name(step)} reads the column {missing[0]!r}, which the documents do not have")
        known.update(step.adds)


def _steps(given: OneStep | Sequence[OneStep], plugins: str | None, seed: int) -> list[Step]:
    several = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    return [_step(one, plugins, seed) for one in several]


def _step(given: OneStep, plugins: str | None, seed: int) -> Step:
    unit = _built(given, plugins, seed) if isinstance(given, str | Mapping) else given
    if isinstance(unit, Source | Global):
        raise RecipeError(f"{type(unit).__name__} is not a Step; apply() runs steps, run() runs whole recipes")
    problem = contract_problem(type(unit))
    if problem:
        raise RecipeError(f"found {short(unit)}, expected a Step such as C4(), or the name of one: {problem}")
    return unit


def _built(named: str | Mapping[str, Mapping[str, Any] | None], plugins: str | None, seed: int) -> Unit:
    work = {named: None} if isinstance(named, str) else named
    if len(work) != 1:
        raise RecipeError(f"{short(dict(work))}: expected one name with its settings, such as {{'filters.c4': {{}}}}")
    [(name, settings)] = work.items()
    if not isinstance(name, str) or not isinstance(settings, Mapping | None):
        raise RecipeError(f"{short(dict(work))}: expected a name and its settings as a dict")
    if not all(isinstance(setting, str) for setting in settings or {}):
        raise RecipeError(f"{short(dict(work))}: expected names of settings as keys")
    return build(WorkSpec(name, dict(settings or {}), 0), seed=seed, plugins=plugins, where="")
