"""A task's manifest: written last, its presence means that the task's outputs are whole.

Counts must balance (rows in = rows out + drops) or it refuses to be written. `timing` and `host` are facts about this
run of the task; no hash covers them.
"""

import dataclasses
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field

from tokenmill.core.errors import DataError
from tokenmill.core.io import storage
from tokenmill.core.io.storage import FileRecord
from tokenmill.core.kinds import JsonObject
from tokenmill.core.version import __version__

FORMAT = 2


@dataclass(frozen=True)
class Manifest:
    """What a task made.

    Attributes:
        inputs: the files that it read.
        rows_in: documents it was given (a Source: read).
        repeated: copies that it made of them.
        drops: dropped documents by rule.
        marked: documents by rule, in a --mark-only run, where nothing is dropped.
        damage: {file: {rule: records}} of the drops that mean a damaged input file.
        unreadable: {file of a pack that could not be read: why}.
        by_source: {source: [rows in, rows out]}.
        edits: {step: [documents whose text it changed, their characters before, after]}.
        missing: inputs that the stage's documents lack, accepted by --allow-missing.
        bytes_in, bytes_out: UTF-8 bytes of `text`.
        outputs: the files; paths are relative to the stage's folder.
        facts: what the task says besides; of a Writer, about its output.
        timing: seconds of wall time, of this execution alone; seconds by step. No hash covers it.
        host: the machine and versions. No hash covers it.
    """

    fingerprint: str
    inputs: list[JsonObject] = field(default_factory=list)
    rows_in: int = 0
    rows_out: int = 0
    repeated: int = 0
    drops: dict[str, int] = field(default_factory=dict)
    marked: dict[str, int] = field(default_factory=dict)
    damage: dict[str, dict[str, int]] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    by_source: dict[str, list[int]] = field(default_factory=dict)
    edits: dict[str, list[int]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    bytes_in: int = 0
    bytes_out: int = 0
    outputs: list[FileRecord] = field(default_factory=list)
    facts: JsonObject = field(default_factory=dict)
    timing: JsonObject = field(default_factory=dict)
    host: JsonObject = field(default_factory=dict)

    def balanced(self) -> bool:
        return self.rows_in + self.repeated == self.rows_out + sum(self.drops.values())


def write_manifest(path: str, manifest: Manifest) -> None:
    """Write it, whole or not at all, with this machine as its host. Raises DataError if rows in plus repeated differ
    from rows out plus drops.
    """
    storage.write_bytes(path, _as_written(path, manifest))


def write_manifests(manifests: Mapping[str, Manifest]) -> None:
    """As write_manifest, by path, many at a time."""
    storage.write_many({path: _as_written(path, manifest) for path, manifest in manifests.items()})


def _as_written(path: str, manifest: Manifest) -> bytes:
    if not manifest.balanced():
        gone = sum(manifest.drops.values())
        raise DataError(
            f"{path}: {manifest.rows_in} rows in and {manifest.repeated} repeated, but {manifest.rows_out} out and "
            f"{gone} dropped; a step lost or made rows"
        )
    host = {
        "name": platform.node(),
        "pid": os.getpid(),
        "python": platform.python_version(),
        "tokenmill": __version__,
    }
    return to_json(dataclasses.replace(manifest, host=host))


def read_manifest(path: str) -> Manifest | None:
    """The manifest, or None where there is none or it is not a manifest of this format."""
    content = storage.read_if_there(path)
    return None if content is None else from_json(content, path)


def to_json(manifest: Manifest) -> bytes:
    """The manifest as it is written."""
    return json.dumps({"format": FORMAT, **dataclasses.asdict(manifest)}, sort_keys=True, indent=1).encode()


def from_json(content: bytes, path: str) -> Manifest | None:
    """A manifest as it was written, None if it is of another format. path: for the DataError if it is broken."""
    try:
        said = json.loads(content)
    except ValueError as error:
        raise DataError(
            f"{path}: not JSON ({error}); delete the file and run again, its task will be redone"
        ) from error
    if said.pop("format", None) != FORMAT:
        return None
    said["outputs"] = [FileRecord(**output) for output in said["outputs"]]
    return Manifest(**said)
