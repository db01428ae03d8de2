"""Calls a step on a batch. Rows that make it raise are dropped one by one, and what it raised is counted."""

import logging
import sys
import traceback
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import pyarrow as pa

from tokenmill.core.columns import drop, widened
from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.kinds import Calling, JsonObject, Step
from tokenmill.core.rules import step_name
from tokenmill.pipeline.record.task import CodeError

logger = logging.getLogger(__name__)

_STEP_ERRORS = (Exception, SystemExit)  # a step that calls sys.exit() must not end the worker, or the caller of run()

RAISED = "raised"
"""Key in a manifest's facts: {step: Raised as JSON} of the steps that raised."""


@dataclass
class Raised:
    """What a step raised on the rows of a shard.

    Attributes:
        rows: how many it was given.
        failed: on how many of them it raised.
        error: the first that it raised, with type and message.
        place: where in the code that was.
        alike: whether all that it raised had this type and place.
    """

    rows: int = 0
    failed: int = 0
    error: str = ""
    place: str = ""
    alike: bool = True

    @property
    def kind(self) -> tuple[str, str]:
        """(type, place): equal for errors that have one cause."""
        return self.error.partition(":")[0], self.place

    @property
    def always(self) -> bool:
        """True if it raised on every row, each time at the same place."""
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
        """Adds what was counted in another shard."""
        if self.failed and other.failed:
            self.alike = self.alike and other.alike and self.kind == other.kind
        elif other.failed:
            self.error, self.place, self.alike = other.error, other.place, other.alike
        self.rows, self.failed = self.rows + other.rows, self.failed + other.failed


def raised_facts(counted: Iterable[dict[str, Raised]]) -> JsonObject:
    """What a manifest says about the steps that raised in some shards; empty if none did."""
    sums: dict[str, Raised] = {}
    for by_step in counted:
        for step, raised in by_step.items():
            sums.setdefault(step, Raised()).add(raised)
    found = {step: asdict(raised) for step, raised in sums.items() if raised.failed}
    return {RAISED: found} if found else {}


def raised_of(facts: JsonObject) -> dict[str, Raised]:
    """What raised_facts() wrote."""
    return {step: Raised(**counts) for step, counts in facts.get(RAISED, {}).items()}


def apply_step(step: Step, batch: pa.RecordBatch, raised: Raised | None = None) -> pa.RecordBatch:
    """The step's result. If it raises, rows run one by one and those that raise are dropped by `<step>.error`.

    Raises CodeError if the step raises on no rows too, which is how its columns are found.
    """
    raised = Raised() if raised is None else raised
    raised.rows += batch.num_rows
    try:
        result = step(batch)
    except (RecipeError, DataError, MemoryError):
        raise
    except _STEP_ERRORS as error:
        logger.debug("%s raised on a batch; running its rows one by one", step_name(step), exc_info=error)
        result = _row_by_row(step, batch, raised)
    if result.num_rows != batch.num_rows or not result.column("id").equals(batch.column("id")):
        raise DataError(
            f"{step_name(step)} returned other rows than it was given; a step must keep rows and their order"
        )
    return result


def _row_by_row(step: Step, batch: pa.RecordBatch, raised: Raised) -> pa.RecordBatch:
    whole = _columns_of(step, batch)
    parts = []
    for row in range(batch.num_rows):
        one = batch.slice(row, 1)
        try:
            parts.append(step(one))
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
    """The deepest line in the code of the step or of a function that its settings name, else the deepest of all."""
    frames = traceback.extract_tb(error.__traceback__)
    called = step.called_functions() if isinstance(step, Calling) else ()
    modules = [type(step).__module__, *(reference.partition(":")[0] for reference in called)]
    own = {getattr(sys.modules.get(module), "__file__", None) for module in modules}
    frame = ([one for one in frames if one.filename in own] or frames)[-1]
    return f"{frame.filename}:{frame.lineno}"
