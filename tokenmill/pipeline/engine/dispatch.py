"""Decides which task to start next on a cluster: new tasks, tasks that were lost with their node, slow tasks.

It uses neither a cluster nor a clock. A handle is any object by which the engine knows a started task, and the engine
passes the time in seconds. The cost of a method does not depend on the number of tasks that are left.
"""

import heapq
import statistics
from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from tokenmill.pipeline.record.task import Task

LOSSES = 8
"""A task may be lost this often with its node or worker. After one more loss it counts as failed."""

BACK_OFF_SECONDS = 1.0
"""Seconds before a lost task starts again. The wait doubles with each loss, up to BACK_OFF_LIMIT."""

BACK_OFF_LIMIT = 60.0

LAG_SECONDS = 30.0
"""A task lags if it has run for more than LAG_SECONDS and for more than LAG_RATIO times the median of earlier tasks."""

LAG_RATIO = 3.0

_REMEMBERED = 200  # durations for the median; the tasks of a stage take about as long, and recent ones count


Handle = TypeVar("Handle", bound=Hashable)
"""The object by which an engine knows a started task."""


@dataclass
class Job(Generic[Handle]):
    """A task that has no outcome yet.

    Attributes:
        losses: how often all its copies were lost. Default 0.
        handles: handles of the copies that are started now. Default none.
        running_since: time in seconds from which the task may have been running. None: unknown. Default None.
    """

    task: Task
    losses: int = 0
    handles: set[Handle] = field(default_factory=set)
    running_since: float | None = None


class Dispatch(Generic[Handle]):
    """The tasks of one call of Engine.run."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._todo = deque(tasks)
        self._later: list[tuple[float, int, Job[Handle]]] = []
        self._order = 0
        self._seconds: deque[float] = deque(maxlen=_REMEMBERED)
        self.flying: dict[Handle, Job[Handle]] = {}

    @property
    def left(self) -> bool:
        return bool(self._todo or self._later or self.flying)

    @property
    def waiting(self) -> int:
        return len(self._todo) + len(self._later)

    def due(self, now: float, window: int) -> Iterator[Job[Handle]]:
        """Yields the jobs to start, lost ones first, until `window` handles are started.

        The caller must pass each job to started() before it asks for the next.
        """
        while len(self.flying) < window:
            if self._later and self._later[0][0] <= now:
                yield heapq.heappop(self._later)[2]
            elif self._todo:
                yield Job(self._todo.popleft())
            else:
                return

    def started(self, handle: Handle, job: Job[Handle]) -> None:
        job.handles.add(handle)
        self.flying[handle] = job

    def landed(self, handle: Handle, seconds: float) -> tuple[Task, list[Handle]]:
        """Records that `handle` ended after `seconds`. Returns (its task, handles of other copies, to be stopped)."""
        job = self.flying[handle]
        self._seconds.append(seconds)
        for one in job.handles:
            del self.flying[one]
        return job.task, [one for one in job.handles if one != handle]

    def lost(self, handle: Handle, now: float) -> tuple[Job[Handle], float | None]:
        """Records that `handle` died with its node. Returns (the job, seconds until it starts again).

        The seconds are None if it does not start again: because another copy is still started (then the job has
        handles), or because it was lost too often.
        """
        job = self.flying.pop(handle)
        job.handles.discard(handle)
        if job.handles:
            return job, None
        job.losses += 1
        job.running_since = None
        if job.losses > LOSSES:
            return job, None
        wait = min(BACK_OFF_LIMIT, BACK_OFF_SECONDS * 2 ** (job.losses - 1))
        self._order += 1
        heapq.heappush(self._later, (now + wait, self._order, job))
        return job, wait

    def lagging(self, now: float, slots: int) -> list[Job[Handle]]:
        """Returns jobs that run far longer than others did, at most one per free slot; a second copy may be faster.

        slots: number of tasks that the cluster runs at once. The time of a job counts from the first call in which all
        started tasks had a slot and no task was waiting.
        """
        free = slots - len(self.flying)
        if self.waiting or free < 0:
            return []
        for job in self.flying.values():
            job.running_since = now if job.running_since is None else job.running_since
        if not self._seconds:
            return []
        limit = max(LAG_SECONDS, LAG_RATIO * statistics.median(self._seconds))
        alone = (job for job in self.flying.values() if len(job.handles) == 1)
        return [job for job in alone if job.running_since is not None and now - job.running_since > limit][:free]

    def seconds_to_next(self, now: float, most: float) -> float:
        """Returns the seconds until the next lost job is due, at most `most`."""
        return max(0.0, min(most, self._later[0][0] - now)) if self._later else most
