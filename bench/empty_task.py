"""A task for measuring the overhead of an engine. It has its own file so that workers can import it."""

from dataclasses import dataclass

from tokenmill.pipeline.record.manifest import Manifest
from tokenmill.pipeline.record.task import TaskName, Tell, shard_name


@dataclass(frozen=True)
class Nothing:
    """A task that does nothing and writes nothing."""

    name: TaskName

    def __call__(self, tell: Tell) -> Manifest:
        return Manifest(self.name.fingerprint)


def nothings(folder: str, count: int) -> list[Nothing]:
    """Returns `count` tasks of the stage in `folder`."""
    return [Nothing(shard_name(folder, number, "")) for number in range(count)]
