"""Documents that killed a worker (segfault, memory, hang): on record by shard, and never run again for the same work.

The verdict is re-applied on every rerun with the same fingerprint, so outputs stay equal; other code or settings forget
it.
"""

import json
from collections.abc import Mapping
from typing import Any

from tokenmill.core.io import storage


def path(folder: str, number: int) -> str:
    """Where a shard's record lies, if any document of it ever killed a worker."""
    return storage.join(folder, "quarantine", f"{number:06d}.json")


def load(folder: str, number: int, fingerprint: str) -> dict[str, str]:
    """{document id: name of the step it killed} for this very work."""
    return {entry["id"]: entry["step"] for entry in entries(folder, number) if entry["fingerprint"] == fingerprint}


def entries(folder: str, number: int) -> list[dict[str, Any]]:
    """What is on record for a shard: id, step, cause (how the worker ended), fingerprint of the work."""
    content = storage.read_if_there(path(folder, number))
    found: list[dict[str, Any]] = json.loads(content) if content is not None else []
    return found


def count(folder: str, fingerprints: Mapping[int, str]) -> int:
    """How many documents of these shards are on record for this very work; the folder is listed once."""
    numbers = [int(name.partition(".")[0]) for name in storage.list_files(storage.join(folder, "quarantine"))]
    return sum(len(load(folder, number, fingerprints.get(number, ""))) for number in numbers)


def add(folder: str, number: int, *, id: str, step: str, cause: str, fingerprint: str) -> None:
    """Put a document on record. Entries of other work are forgotten: the fault may be mended."""
    kept = [entry for entry in entries(folder, number) if entry["fingerprint"] == fingerprint and entry["id"] != id]
    kept.append({"id": id, "step": step, "cause": cause, "fingerprint": fingerprint})
    kept.sort(key=lambda entry: str(entry["id"]))
    storage.write_bytes(path(folder, number), json.dumps(kept, indent=1, sort_keys=True).encode())
