"""The contract of engines, which run tasks. An engine takes tasks and yields their outcomes in any order.

All engines call the same task functions.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tokenmill.core.kinds import Unit
from tokenmill.pipeline.record.manifest import Manifest
from tokenmill.pipeline.record.task import NOWHERE, Position, Task


@dataclass(frozen=True)
class Limits:
    """The resources that a worker may use.

    Attributes:
        memory: largest resident memory of a worker, in bytes. Default 4 GiB.
        timeout: seconds without progress after which a worker counts as hung. Default 600.
        resources: {resource: amount} that a task reserves on a cluster, with the names of the recipe. Default none.
    """

    memory: int = 4 << 30
    timeout: float = 600.0
    resources: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """How a task ended.

    Attributes:
        manifest: the manifest of a task that succeeded. Default none.
        error: the exception that the task raised. Default none.
        cause: how its worker died, for example "signal 11", "memory" or "hang". Default "": it did not die.
        at: the last position that a dead worker reported.
    """

    task: Task
    manifest: Manifest | None = None
    error: BaseException | None = None
    cause: str = ""
    at: Position = NOWHERE


@dataclass(frozen=True)
class Ending:
    """An Outcome without its task. A worker sends this back, because the driver already has the task."""

    manifest: Manifest | None = None
    error: BaseException | None = None
    cause: str = ""
    at: Position = NOWHERE

    def of(self, task: Task) -> Outcome:
        return Outcome(task, self.manifest, self.error, self.cause, self.at)


Watch = Callable[[Task, Position], None]
"""Called with each position that a worker reports, and by some engines with NOWHERE as a regular signal."""


class Engine(Protocol):
    """Runs tasks.

    make_ready() is called with the units of stages before their tasks run. run() may be called several times per stage.
    close() ends the processes that the engine started. workers: number of tasks that run at once on this machine; 0 if
    tasks run on other machines.
    """

    @property
    def workers(self) -> int: ...
    def make_ready(self, units: Sequence[Unit]) -> None: ...
    def run(self, tasks: Iterable[Task], limits: Limits, watch: Watch) -> Iterator[Outcome]: ...
    def close(self) -> None: ...
