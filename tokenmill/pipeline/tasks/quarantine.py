"""Records the documents that killed a worker (segfault, memory, hang), one file per shard.

A recorded document is dropped in every rerun with the same fingerprint, so the outputs stay equal. With other code or
settings it runs again.
"""

import json
import logging
from collections.abc import Mapping

from tokenmill.core.io import storage
from tokenmill.pipeline.record.task import TaskName, shard_name

logger = logging.getLogger(__name__)

_FIELDS = ("id", "step", "cause", "fingerprint")


def path(folder: str, number: int) -> str:
    """Returns the path of a shard's quarantine file. It exists if a document of the shard has killed a worker."""
    return storage.join(folder, "quarantine", f"{number:06d}.json")


def load(task: TaskName) -> dict[str, str]:
    """Returns {document id: name of the step in which the worker died}, for the task's fingerprint."""
    found = entries(task.folder, task.number)
    return {entry["id"]: entry["step"] for entry in found if entry["fingerprint"] == task.fingerprint}


def entries(folder: str, number: int) -> list[dict[str, str]]:
    """Reads a shard's quarantine file: per document its id, the step, the cause (how the worker ended) and the
    fingerprint of the task.

    Returns [] if the file is damaged, because a document that kills a worker is found again.
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
    """Returns the number of documents that killed a worker, as recorded for all shards in the folder.

    The folder is listed once. fingerprints: {shard number: fingerprint}; entries with another fingerprint do not count.
    """
    names = (name.removesuffix(".json") for name in storage.list_files(storage.join(folder, "quarantine")))
    numbers = [int(name) for name in names if name.isdecimal()]
    return sum(len(load(shard_name(folder, number, fingerprints.get(number, "")))) for number in numbers)


def add(task: TaskName, *, id: str, step: str, cause: str) -> None:
    """Records a document that killed a worker in its shard's quarantine file.

    Removes entries with other fingerprints, because their cause may be fixed.
    """
    same_work = (entry for entry in entries(task.folder, task.number) if entry["fingerprint"] == task.fingerprint)
    kept = [entry for entry in same_work if entry["id"] != id]
    kept.append({"id": id, "step": step, "cause": cause, "fingerprint": task.fingerprint})
    kept.sort(key=lambda entry: entry["id"])
    storage.write_bytes(path(task.folder, task.number), json.dumps(kept, indent=1, sort_keys=True).encode())
