"""Defines tasks: each has a name, and a call that goes from files to files and returns a manifest."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self, runtime_checkable

from tokenmill.core.io.storage import join
from tokenmill.pipeline.record.manifest import Manifest


@dataclass(frozen=True)
class TaskName:
    """Names a task and the files that it writes.

    Attributes:
        folder: the stage's folder.
        number: number of the shard, or of the first of several shards; for other tasks, of the partition or output.
        fingerprint: fingerprint of the task's result.
        stem: path of the manifest below the folder, without ".json". The names of the task's own files begin with it.
        title: name of the task in messages, after the name of the stage.
        finishes: number of the stage's shards that are done when the task is done. Default 0.
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
        """True if a shard of the stage is done when the task's manifest is there."""
        return self.stem.startswith("manifest/")


def shard_name(folder: str, number: int, fingerprint: str) -> TaskName:
    """Returns the name of the task that makes one shard of the stage in `folder`."""
    return TaskName(folder, number, fingerprint, f"manifest/{number:06d}", f"{number:06d}", 1)


@dataclass(frozen=True)
class Position:
    """Where a worker is in its task.

    Attributes:
        batch: number of the batch, from 0; -1 before the first. Default -1.
        step: name of the step. Default "".
        id: id of the document, if rows run one by one. Default "".
        shard: number of the shard, for a task over several shards. Default -1.
    """

    batch: int = -1
    step: str = ""
    id: str = ""
    shard: int = -1


NOWHERE = Position()

Tell = Callable[[Position], None]
"""Called by a task as it proceeds. A task that is silent for too long counts as hung."""


class CodeError(Exception):
    """A task raised an unexpected exception: a bug in a step, or in tokenmill.

    Attributes:
        step: the step in which the task was, or "".
        error: type and message of the exception.
        place: file and line.
        trace: the whole traceback.
    """

    def __init__(self, step: str, error: str, place: str, trace: str) -> None:
        super().__init__(step, error, place, trace)
        self.step, self.error, self.place, self.trace = step, error, place, trace

    def __str__(self) -> str:
        return f"{self.step or 'it'} raised {self.error} ({self.place})"

    @property
    def kind(self) -> tuple[str, str]:
        """(type, place): equal for errors with the same cause."""
        return self.error.partition(":")[0], self.place


class Task(Protocol):
    """A pure function from files to files, which ledger.made_once runs. It can be pickled."""

    @property
    def name(self) -> TaskName: ...
    def __call__(self, tell: Tell) -> Manifest: ...


@runtime_checkable
class Probing(Task, Protocol):
    """A task whose documents can kill a worker.

    at() returns the same task, but it runs the batch at `position` row by row. name_at() returns the name of the shard
    in which a worker was.
    """

    def at(self, position: Position) -> Self: ...
    def name_at(self, position: Position) -> TaskName: ...
