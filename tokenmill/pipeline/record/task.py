"""What every task is: a name, a manifest, and a call that goes from files to files."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self, runtime_checkable

from tokenmill.core.io.storage import join
from tokenmill.pipeline.record.manifest import Manifest


@dataclass(frozen=True)
class TaskName:
    """Names a task and the files that it writes.

    Attributes:
        folder: of the stage.
        number: of the shard, or of the first of several; else of the partition or output.
        fingerprint: of what the task makes.
        stem: where the manifest is below the folder, without ".json". Files of the task's own begin with it.
        title: what messages call the task, after the name of the stage.
        finishes: number of shards of the stage that are done when the task is. Default 0.
    """

    folder: str
    number: int
    fingerprint: str
    stem: str
    title: str
    finishes: int = 0

    @property
    def manifest_path(self) -> str:
        return join(self.folder, f"{self.stem}.json")

    @property
    def stage(self) -> str:
        return self.folder.rpartition("/")[2]

    @property
    def label(self) -> str:
        return f"{self.stage} {self.title}"

    @property
    def is_shard(self) -> bool:
        """Whether its manifest makes a shard of the stage done."""
        return self.stem.startswith("manifest/")


def shard_name(folder: str, number: int, fingerprint: str) -> TaskName:
    """The name of the task that makes one shard of the stage in `folder`."""
    return TaskName(folder, number, fingerprint, f"manifest/{number:06d}", f"{number:06d}", 1)


@dataclass(frozen=True)
class Position:
    """Where a worker is.

    Attributes:
        batch: number of the batch, -1 before the first.
        step: name of the step.
        id: the document, if rows run one by one.
        shard: number of the shard, for a task over several.
    """

    batch: int = -1
    step: str = ""
    id: str = ""
    shard: int = -1


NOWHERE = Position()

Tell = Callable[[Position], None]
"""Called by a task as it proceeds. A task that is silent for too long counts as hung."""


class CodeError(Exception):
    """A task raised what no one expected: a bug in a step, or in tokenmill.

    step: where the task was. error: type and message. place: file and line. trace: the whole traceback.
    """

    def __init__(self, step: str, error: str, place: str, trace: str) -> None:
        super().__init__(step, error, place, trace)
        self.step, self.error, self.place, self.trace = step, error, place, trace

    def __str__(self) -> str:
        return f"{self.step or 'it'} raised {self.error} ({self.place})"

    @property
    def kind(self) -> tuple[str, str]:
        """(type, place): equal for errors that have one cause."""
        return self.error.partition(":")[0], self.place


class Task(Protocol):
    """A pure function from files to files. ledger.made_once runs it. It pickles."""

    @property
    def name(self) -> TaskName: ...
    def __call__(self, tell: Tell) -> Manifest: ...


@runtime_checkable
class Probing(Task, Protocol):
    """A task whose documents can kill a worker.

    at() gives the same task, running the batch at `position` row by row. name_at() names the shard that a worker was
    in.
    """

    def at(self, position: Position) -> Self: ...
    def name_at(self, position: Position) -> TaskName: ...
