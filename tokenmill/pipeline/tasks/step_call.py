"""Calls a step on a batch. Drops the rows on which it raises, one by one, and counts the errors."""

import json
import logging
import sys
import traceback
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import pyarrow as pa

from tokenmill.core.columns import NOTES, drop, widened
from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.kinds import Calling, JsonObject, Step
from tokenmill.core.rules import step_name
from tokenmill.pipeline.record.notes import ByStep, add_notes
from tokenmill.pipeline.record.task import CodeError

logger = logging.getLogger(__name__)

_STEP_ERRORS = (Exception, SystemExit)  # a step that calls sys.exit() must not end the worker, or the caller of run()

RAISED = "raised"
"""Key in a manifest's facts. The value is {step: Raised as JSON} for the steps that raised."""


@dataclass
class Raised:
    """The errors that a step raised on the rows of a shard.

    Attributes:
        rows: number of rows that the step was called with.
        failed: number of rows on which it raised.
        error: type and message of the first error, at most 500 characters.
        place: `file:line` where the first error was raised.
        alike: True if all errors had this type and place.
    """

    rows: int = 0
    failed: int = 0
    error: str = ""
    place: str = ""
    alike: bool = True

    @property
    def kind(self) -> tuple[str, str]:
        """Returns (type, place), which is equal for errors with the same cause."""
        return self.error.partition(":")[0], self.place

    @property
    def always(self) -> bool:
        """True if the step raised on every row, each time at the same place."""
        return bool(self.rows) and self.failed == self.rows and self.alike

    def count(self, error: BaseException, step: Step) -> None:
        """Counts a row on which the step raised."""
        one = Raised(1, 1, _text_of(error), _place_of(error, step))
        if self.failed and one.kind != self.kind:
            self.alike = False
        if not self.failed:
            self.error, self.place = one.error, one.place
        self.failed += 1

    def add(self, other: "Raised") -> None:
        """Adds the counts of another shard."""
        if self.failed and other.failed:
            self.alike = self.alike and other.alike and self.kind == other.kind
        elif other.failed:
            self.error, self.place, self.alike = other.error, other.place, other.alike
        self.rows, self.failed = self.rows + other.rows, self.failed + other.failed


def raised_facts(counted: Iterable[dict[str, Raised]]) -> JsonObject:
    """Sums the counts of errors that steps raised on several shards and returns them as facts of a manifest.

    Returns {} if no step raised. counted: {step: its counts}, per shard.
    """
    sums: dict[str, Raised] = {}
    for by_step in counted:
        for step, raised in by_step.items():
            sums.setdefault(step, Raised()).add(raised)
    found = {step: asdict(raised) for step, raised in sums.items() if raised.failed}
    return {RAISED: found} if found else {}


def raised_of(facts: JsonObject) -> dict[str, Raised]:
    """Reads {step: Raised}, the errors that steps raised, from a manifest's facts, as raised_facts() returned them."""
    return {step: Raised(**counts) for step, counts in facts.get(RAISED, {}).items()}


def apply_step(
    step: Step, batch: pa.RecordBatch, raised: Raised | None = None, notes: ByStep | None = None
) -> pa.RecordBatch:
    """Calls a step on a batch of documents. Adds its notes to `notes`.

    If it raises, calls it row by row and drops the failing rows by `<step>.error`. Rows and errors are counted in
    `raised`. Raises CodeError if the step also raises on an empty batch, because an empty batch is used to find its
    columns. Raises DataError if the step returns other rows. RecipeError, DataError and MemoryError that the step
    raises pass through.
    """
    raised = Raised() if raised is None else raised
    raised.rows += batch.num_rows
    notes = {} if notes is None else notes
    try:
        result = step(batch)
    except (RecipeError, DataError, MemoryError):
        raise
    except _STEP_ERRORS as error:
        logger.debug("%s raised on a batch; running its rows one by one", step_name(step), exc_info=error)
        result = _row_by_row(step, batch, raised, notes)
    if not isinstance(result, pa.RecordBatch):
        raise DataError(f"{step_name(step)} returned {type(result).__name__}; a step returns a pyarrow.RecordBatch")
    result = _without_notes(step, result, notes)
    lost = sorted(name for name in set(batch.schema.names) - set(result.schema.names) if not name.startswith("_"))
    if lost:
        raise DataError(
            f"{step_name(step)} returned a batch without the column {lost[0]!r}; a step must keep all columns"
        )
    if result.num_rows != batch.num_rows or not result.column("id").equals(batch.column("id")):
        raise DataError(
            f"{step_name(step)} returned other rows than it was given; a step must keep rows and their order"
        )
    return result


def _without_notes(step: Step, result: pa.RecordBatch, notes: ByStep) -> pa.RecordBatch:
    """Returns what a step returned, without its notes, which are added to `notes`."""
    metadata = result.schema.metadata
    if not metadata or NOTES not in metadata:
        return result
    add_notes(notes, step_name(step), json.loads(metadata.pop(NOTES)))
    return result.replace_schema_metadata(metadata or None)


def _row_by_row(step: Step, batch: pa.RecordBatch, raised: Raised, notes: ByStep) -> pa.RecordBatch:
    whole = _columns_of(step, batch)
    parts = []
    for row in range(batch.num_rows):
        one = batch.slice(row, 1)
        try:
            parts.append(_without_notes(step, step(one), notes))
        except (RecipeError, DataError, MemoryError):
            raise
        except _STEP_ERRORS as error:
            failed = widened(one.select([name for name in one.schema.names if name in whole.names]), whole)
            parts.append(drop(failed, [True], f"{step_name(step)}.error", type(error).__name__, None))
            logger.debug("%s raised on document %s", step_name(step), one.column("id")[0], exc_info=error)
            raised.count(error, step)
    table = pa.concat_tables([pa.Table.from_batches([part]) for part in parts], promote_options="default")
    return table.combine_chunks().to_batches()[0]


def _columns_of(step: Step, batch: pa.RecordBatch) -> pa.Schema:
    try:
        return step(batch.slice(0, 0)).schema
    except (RecipeError, DataError, MemoryError):
        raise
    except _STEP_ERRORS as error:
        trace = "".join(traceback.format_exception(error, chain=False))
        raise CodeError(step_name(step), _text_of(error), _place_of(error, step), trace) from error


def _text_of(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(error)).strip()[:500]


def _place_of(error: BaseException, step: Step) -> str:
    """Returns `file:line` of the deepest frame in the code of the step or of a function that its settings name.

    If there is no such frame, the deepest of all counts.
    """
    frames = traceback.extract_tb(error.__traceback__)
    called = step.called_functions() if isinstance(step, Calling) else ()
    modules = [type(step).__module__, *(reference.partition(":")[0] for reference in called)]
    own = {getattr(sys.modules.get(module), "__file__", None) for module in modules}
    frame = ([one for one in frames if one.filename in own] or frames)[-1]
    return f"{frame.filename}:{frame.lineno}"
