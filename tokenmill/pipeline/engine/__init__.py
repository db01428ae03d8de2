"""Where tasks run. An engine takes tasks and yields outcomes in any order. All engines call the same task function."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tokenmill.core.kinds import Unit
from tokenmill.pipeline.record.manifest import Manifest
from tokenmill.pipeline.record.task import NOWHERE, Position, Task


@dataclass(frozen=True)
class Limits:
    """What a worker may use.

    Attributes:
        memory: bytes that a worker may hold (resident). Default 4 GiB.
        timeout: seconds without a sign of progress before it counts as hung. Default 600.
        resources: what a task reserves on a cluster, in the recipe's words. Default none.
    """

    memory: int = 4 << 30
    timeout: float = 600.0
    resources: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """How a task ended.

    Attributes:
        manifest: of a task that succeeded.
        error: what it raised.
        cause: how its worker died ("signal 11", "memory", "hang"). Default "", it did not.
        at: where the worker was.
    """

    task: Task
    manifest: Manifest | None = None
    error: BaseException | None = None
    cause: str = ""
    at: Position = NOWHERE


@dataclass(frozen=True)
class Ending:
    """An Outcome without its task: what a worker sends back, because the driver has the task."""

    manifest: Manifest | None = None
    error: BaseException | None = None
    cause: str = ""
    at: Position = NOWHERE

    def of(self, task: Task) -> Outcome:
        return Outcome(task, self.manifest, self.error, self.cause, self.at)


Watch = Callable[[Task, Position], None]
"""Called when a worker reports where it is."""


class Engine(Protocol):
    """make_ready() is called with a stage's work before its tasks; run() may be called several times per stage; close()
    ends what the engine started. workers: how many tasks run at once on this machine; 0 if tasks run elsewhere.
    """

    @property
    def workers(self) -> int: ...
    def make_ready(self, units: Sequence[Unit]) -> None: ...
    def run(self, tasks: Iterable[Task], limits: Limits, watch: Watch) -> Iterator[Outcome]: ...
    def close(self) -> None: ...
