"""What a Global's driver asks of files and manifests."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from tokenmill.core.io import storage
from tokenmill.core.io.storage import join
from tokenmill.pipeline.exchange.reduce_tasks import all_needed
from tokenmill.pipeline.record.manifest import Manifest
from tokenmill.pipeline.record.task import Task
from tokenmill.pipeline.tasks.shard import ShardTask


def input_bytes(task: ShardTask) -> int:
    """Of a shard's input, as it is stored."""
    return task.shard.length if task.shard is not None else task.input.bytes if task.input is not None else 0


def manifests(tasks: Iterable[Task]) -> Iterator[Manifest]:
    """Of tasks that have ended, in order."""
    return all_needed(task.name.manifest_path for task in tasks)


def shards_title(tasks: tuple[ShardTask, ...]) -> str:
    """What messages call some successive shards."""
    first, last = tasks[0].name, tasks[-1].name
    return first.title if len(tasks) == 1 else f"{first.title} to {last.title}"


def delete_unlisted(folder: str, made: list[Manifest]) -> None:
    """Deletes what an interrupted run with other settings left: users glob the corpus, so it holds what is listed."""
    listed = {output.path for manifest in made for output in manifest.outputs}
    found = (f"corpus/{path}" for path in storage.files_below(join(folder, "corpus")))
    storage.delete_files(join(folder, path) for path in found if path not in listed)


def of_shard(counted: Manifest) -> Manifest:
    """A shard's own manifest from what its map task counted: of what was written, the drop records are the shard's."""
    dropped = [output for output in counted.outputs if output.path.startswith("dropped/")]
    return replace(counted, outputs=dropped, facts={})
