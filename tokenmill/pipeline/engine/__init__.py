"""Where tasks run. An engine takes tasks and gives outcomes, in any order; both engines call the same task function."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, runtime_checkable

from tokenmill.pipeline.tasks.shard import NOWHERE, Position, Tell

__all__ = ["Engine", "Limits", "OfSeveral", "Outcome", "Task", "Watch"]


class Task(Protocol):
    """A pure function from files to files; manifest.made_once runs it. `at` gives the task that looks for the document
    that killed it.
    """

    folder: str
    number: int
    fingerprint: str
    manifest_path: str
    reads_input: ClassVar[bool]  # whether its rows count as progress of the stage

    @property
    def label(self) -> str: ...
    def at(self, position: Position) -> "Task": ...
    def __call__(self, tell: Tell) -> Any: ...


@runtime_checkable
class OfSeveral(Protocol):
    """A task over several shards; `part` is the one that a worker was in."""

    def part(self, position: Position) -> Task: ...


@dataclass(frozen=True)
class Limits:
    """memory: bytes a worker may hold (resident). timeout: seconds without a sign of progress before it counts as
    hung. resources: what a task reserves on a cluster, as the recipe says it.
    """

    memory: int = 4 << 30
    timeout: float = 600.0
    resources: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """How a task ended. error: what it raised. cause: how its worker died ('signal 11', 'memory', 'hang'); at:
    where.
    """

    task: Any
    manifest: Any = None
    error: BaseException | None = None
    cause: str = ""
    at: Position = NOWHERE


Watch = Callable[[Any, Position], None]


class Engine(Protocol):
    """make_ready() is told of a stage's work before its tasks; run() may be called several times a stage; close() ends
    what the engine started.
    """

    def make_ready(self, units: list[Any]) -> None: ...
    def run(self, tasks: Iterable[Any], limits: Limits, watch: Watch) -> Iterator[Outcome]: ...
    def close(self) -> None: ...
