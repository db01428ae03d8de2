"""What a dead worker's task gets: first the guilty document is looked for, then the task runs without it.

A batch in which a worker died is run again row by row. If it dies again, the document it was on goes to quarantine; if
it does not, the death came from outside (the kernel, an operator) and the result stands. Three deaths without a culprit
fail the task.
"""

import logging
from collections.abc import Iterable, Iterator
from typing import Any

from tokenmill.pipeline.engine import Engine, Limits, OfSeveral, Outcome, Watch
from tokenmill.pipeline.tasks import quarantine

logger = logging.getLogger(__name__)

MAX_DEATHS = 3


def run_recovering(engine: Engine, tasks: Iterable[Any], limits: Limits, watch: Watch) -> Iterator[Outcome]:
    """Outcomes with a manifest or an error, one a task; tasks whose worker died are run again as above."""
    todo = list(tasks)
    deaths: dict[int, int] = {}
    while todo:
        again: list[Any] = []
        for outcome in engine.run(todo, limits, watch):
            if not outcome.cause:
                yield outcome
                continue
            retry = _next_try(outcome, deaths)
            if retry is None:
                yield Outcome(outcome.task, error=RuntimeError(_gave_up(outcome)))
            else:
                again.append(retry)
        todo = again


def _next_try(outcome: Outcome, deaths: dict[int, int]) -> Any:
    task, at = outcome.task, outcome.at
    if at.id:
        logger.warning(
            "%s: document %s killed a worker in %s (%s); it goes to quarantine",
            task.label,
            at.id,
            at.step,
            outcome.cause,
        )
        part = task.part(at) if isinstance(task, OfSeveral) else task
        quarantine.add(
            part.folder, part.number, id=at.id, step=at.step, cause=outcome.cause, fingerprint=part.fingerprint
        )
        deaths.pop(task.number, None)
        return task.at(at)
    deaths[task.number] = deaths.get(task.number, 0) + 1
    logger.warning("%s: a worker died (%s) in %s; trying again", task.label, outcome.cause, at.step or "its start")
    return task.at(at) if deaths[task.number] < MAX_DEATHS else None


def _gave_up(outcome: Outcome) -> str:
    return (
        f"{outcome.task.label}: {MAX_DEATHS} workers died ({outcome.cause}) in {outcome.at.step or 'their start'} "
        f"at batch {outcome.at.batch}; give the stage more memory or timeout, or look at that part of the input"
    )
