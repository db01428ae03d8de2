"""Documents that killed a worker (segfault, memory, hang): on record by shard, and never run again for the same work.

The verdict is re-applied on every rerun with the same fingerprint, so outputs stay equal; other code or settings forget
it.
"""

import json
import logging
from collections.abc import Mapping

from tokenmill.core.io import storage
from tokenmill.pipeline.record.task import TaskName, shard_name

logger = logging.getLogger(__name__)

_FIELDS = ("id", "step", "cause", "fingerprint")


def path(folder: str, number: int) -> str:
    """Where a shard's record lies, if any document of it ever killed a worker."""
    return storage.join(folder, "quarantine", f"{number:06d}.json")


def load(task: TaskName) -> dict[str, str]:
    """{document id: name of the step it killed} for this very work."""
    found = entries(task.folder, task.number)
    return {entry["id"]: entry["step"] for entry in found if entry["fingerprint"] == task.fingerprint}


def entries(folder: str, number: int) -> list[dict[str, str]]:
    """The record of a shard: id, step, cause (how the worker ended) and fingerprint of the work, per document. One that
    is damaged says nothing: a document that kills a worker is found again.
    """
    content = storage.read_if_there(path(folder, number))
    if content is None:
        return []
    try:
        found = json.loads(content)
        return [{name: str(entry[name]) for name in _FIELDS} for entry in found]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        logger.warning("%s: unreadable (%s), so it counts as not there", path(folder, number), error)
        return []


def count(folder: str, fingerprints: Mapping[int, str]) -> int:
    """How many documents of these shards are on record for this very work; the folder is listed once."""
    names = (name.removesuffix(".json") for name in storage.list_files(storage.join(folder, "quarantine")))
    numbers = [int(name) for name in names if name.isdecimal()]
    return sum(len(load(shard_name(folder, number, fingerprints.get(number, "")))) for number in numbers)


def add(task: TaskName, *, id: str, step: str, cause: str) -> None:
    """Records a document. Entries of other work are removed, because its fault may be fixed."""
    same_work = (entry for entry in entries(task.folder, task.number) if entry["fingerprint"] == task.fingerprint)
    kept = [entry for entry in same_work if entry["id"] != id]
    kept.append({"id": id, "step": step, "cause": cause, "fingerprint": task.fingerprint})
    kept.sort(key=lambda entry: entry["id"])
    storage.write_bytes(path(task.folder, task.number), json.dumps(kept, indent=1, sort_keys=True).encode())
