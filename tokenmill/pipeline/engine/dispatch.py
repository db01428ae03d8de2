"""Which task to start next on a cluster: what is due, what was lost with its node, what lags behind.

Knows nothing of any cluster and no clock: handles are whatever the engine holds for a started task, and times are given
in seconds. Every method costs the same with 100,000 tasks left as with ten.
"""

import heapq
import statistics
from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from tokenmill.pipeline.record.task import Task

LOSSES = 8
"""How often a task may be lost with its node or worker before it counts as failed."""

BACK_OFF_SECONDS = 1.0
"""The wait before a lost task starts again; it doubles with each loss, up to BACK_OFF_LIMIT."""

BACK_OFF_LIMIT = 60.0

LAG_SECONDS = 30.0
"""A task may lag when it has run so long, and LAG_RATIO times the median of those before it."""

LAG_RATIO = 3.0

_REMEMBERED = 200  # durations; a stage's tasks cost about the same, and what they cost lately counts


Handle = TypeVar("Handle", bound=Hashable)
"""What an engine holds for a started task."""


@dataclass
class Job(Generic[Handle]):
    """A task on its way to an outcome. handles: of its copies that are started now."""

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
        """The jobs to start, until `window` are started; lost ones first. Each must be given to started()."""
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
        """(the task, the handles of its other copies, to be stopped): `handle` ended after so many seconds."""
        job = self.flying[handle]
        self._seconds.append(seconds)
        for one in job.handles:
            del self.flying[one]
        return job.task, [one for one in job.handles if one != handle]

    def lost(self, handle: Handle, now: float) -> tuple[Job[Handle], float | None]:
        """(the job, the seconds until it starts again): `handle` died with its node. None: it does not.

        Not because another copy is under way (then it has handles), or because it was lost too often.
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
        """Jobs that run far longer than others did, when slots are free: a copy elsewhere may be faster.

        slots: how many tasks the cluster runs at once. A job's time counts from when all that is started could run.
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
        """How long nothing is due, at most `most`."""
        return max(0.0, min(most, self._later[0][0] - now)) if self._later else most
