"""Runs the task of a dead worker again: first to find the document that killed it, then without this document.

A batch in which a worker died runs again row by row. If a worker dies again, the document that it was on goes to
quarantine. If none dies, the cause was outside (the kernel, an operator) and the result is valid. A task fails after
three deaths for which no document was found.
"""

import logging
from collections.abc import Iterable, Iterator

from tokenmill.pipeline.engine import Engine, Limits, Outcome, Watch
from tokenmill.pipeline.engine.local import OUT_OF_MEMORY
from tokenmill.pipeline.record.task import Probing, Task
from tokenmill.pipeline.tasks import quarantine

logger = logging.getLogger(__name__)

MAX_DEATHS = 3
# the system sends signal 9 to a process when it is out of memory
_OUT_OF_MEMORY = ("memory", f"exit {OUT_OF_MEMORY}", "signal 9")


def run_recovering(engine: Engine, tasks: Iterable[Task], limits: Limits, watch: Watch) -> Iterator[Outcome]:
    """Runs tasks in spite of dead workers and yields one outcome per task, with a manifest or an error.

    Tasks whose worker died run again, as above.
    """
    todo = list(tasks)
    deaths: dict[int, int] = {}
    while todo:
        again: list[Task] = []
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


def _next_try(outcome: Outcome, deaths: dict[int, int]) -> Task | None:
    task, at = outcome.task, outcome.at
    again = task.at(at) if isinstance(task, Probing) else task
    label, number = task.name.label, task.name.number
    if at.id and isinstance(task, Probing):
        what = f"document {at.id} killed a worker in {at.step} ({outcome.cause})"
        logger.warning("%s: %s; it goes to quarantine", label, what)
        quarantine.add(task.name_at(at), id=at.id, step=at.step, cause=outcome.cause)
        deaths.pop(number, None)
        return again
    deaths[number] = deaths.get(number, 0) + 1
    logger.warning("%s: a worker died (%s) in %s; trying again", label, outcome.cause, at.step or "its start")
    return again if deaths[number] < MAX_DEATHS else None


def _gave_up(outcome: Outcome) -> str:
    return (
        f"{outcome.task.name.label}: {MAX_DEATHS} workers died ({outcome.cause}) in {outcome.at.step or 'their start'} "
        f"at batch {outcome.at.batch}; {_remedy(outcome.cause)}"
    )


def _remedy(cause: str) -> str:
    if cause == "hang":
        return "give the stage more timeout, or check that part of the input"
    if cause in _OUT_OF_MEMORY:
        return "give the stage more memory, or use fewer --workers"
    if cause.startswith("exit"):  # Python ended by itself and printed the reason
        return "see what they wrote to standard error"
    return "check that part of the input, and the log of the system"
