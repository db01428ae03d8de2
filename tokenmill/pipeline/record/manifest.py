"""Reads and writes the manifest of a task. It is written last: if it exists, the task's outputs are complete.

A manifest whose counts do not balance (rows in + repeated = rows out + drops) is not written. `timing` and `host`
describe this execution of the task; no fingerprint covers them. The last field is the XXH3 of the bytes before it, so a
manifest that is cut, empty or otherwise damaged counts as absent.
"""

import dataclasses
import functools
import json
import logging
import os
import platform
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tokenmill.core.checked_json import parsed, with_checksum
from tokenmill.core.errors import DataError
from tokenmill.core.io import storage
from tokenmill.core.io.storage import FileRecord, join
from tokenmill.core.kinds import JsonObject
from tokenmill.core.version import __version__

logger = logging.getLogger(__name__)

FORMAT = 3
"""The format number of manifests and of the whole run folder; see run_format.py."""


@dataclass(frozen=True)
class Manifest:
    """The result of one task: files and counts.

    Attributes:
        inputs: the files that the task read.
        rows_in: number of documents that it got (a Source: that it read).
        rows_out: number of documents that it wrote.
        repeated: number of copies that it made of documents.
        drops: {rule: dropped documents}.
        marked: {rule: documents}, in a --mark-only run, in which nothing is dropped.
        damage: {file: {rule: records}} of drops by rules that mean a damaged input file.
        unreadable: {file of a pack that could not be read: why}.
        by_source: {source: [rows in, rows out]}.
        edits: {step: [documents whose text it changed, their characters before, after]}.
        missing: inputs that the stage's documents lack and that --allow-missing accepted.
        bytes_in, bytes_out: UTF-8 bytes of `text` in the documents that it got and wrote.
        outputs: the files that it wrote; paths are relative to the stage's folder.
        facts: other results of the task; of a Writer, about its output.
        timing: wall time of this execution in seconds, also by step, and peak memory. No fingerprint covers it.
        host: the machine and versions. No fingerprint covers it.
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
        """Returns whether rows in plus repeated equal rows out plus drops."""
        return self.rows_in + self.repeated == self.rows_out + sum(self.drops.values())

    def files(self, folder: str, kind: str) -> list[FileRecord]:
        """Returns the outputs in the subfolder `kind` of the stage in `folder`, with whole paths."""
        mine = (output for output in self.outputs if output.path.startswith(f"{kind}/"))
        return [dataclasses.replace(output, path=join(folder, output.path)) for output in mine]


def write_manifest(path: str, manifest: Manifest) -> None:
    """Writes the manifest of a task atomically, with this machine as its host.

    Raises DataError if rows in plus repeated differ from rows out plus drops.
    """
    storage.write_bytes(path, _as_written(path, manifest))


def write_manifests(manifests: Mapping[str, Manifest]) -> None:
    """Writes manifests of tasks, {path: manifest}, as write_manifest does, many at the same time."""
    storage.write_many({path: _as_written(path, manifest) for path, manifest in manifests.items()})


def _as_written(path: str, manifest: Manifest) -> bytes:
    if not manifest.balanced():
        gone = sum(manifest.drops.values())
        raise DataError(
            f"{path}: {manifest.rows_in} rows in and {manifest.repeated} repeated, but {manifest.rows_out} out and "
            f"{gone} dropped; a step lost or added rows"
        )
    host = {
        "name": platform.node(),
        "pid": os.getpid(),
        "python": platform.python_version(),
        "tokenmill": __version__,
    }
    return to_json(dataclasses.replace(manifest, host=host))


def read_manifest(path: str) -> Manifest | None:
    """Returns the manifest of a task at `path`; None if there is no file, or no manifest of this format in it."""
    content = storage.read_if_there(path)
    return None if content is None else from_json(content, path)


def to_json(manifest: Manifest) -> bytes:
    """Returns the content of the file of a task's manifest."""
    body = json.dumps({"format": FORMAT, **dataclasses.asdict(manifest)}, sort_keys=True, indent=1).encode()
    return with_checksum(body)


def from_json(content: bytes, path: str) -> Manifest | None:
    """Returns the manifest of a task from its content; None if that is damaged or of another format.

    Such a manifest counts as absent. A damaged one also logs a warning that names `path`.
    """
    try:
        said, checked = parsed(content)
        return None if said.pop("format") != FORMAT else _from_fields(said, checked=checked)
    except (ValueError, KeyError, RecursionError) as error:
        logger.warning("%s: unreadable (%s), so it counts as absent and its task runs again", path, error)
        return None


def _from_fields(said: JsonObject, *, checked: bool) -> Manifest:
    """Builds a manifest. Raises ValueError for missing or unknown fields, and for values of wrong types.

    checked: the checksum matched, so the types need no check.
    """
    kinds = _kinds(Manifest)
    if said.keys() != kinds.keys():
        raise ValueError(f"fields {sorted(said.keys() ^ kinds.keys())} are missing or unknown")
    if not isinstance(said["outputs"], list):
        raise ValueError("outputs: expected a list")
    for output in said["outputs"]:
        if not isinstance(output, dict) or output.keys() != _kinds(FileRecord).keys():
            raise ValueError("outputs: expected file records")
    said["outputs"] = [FileRecord(**output) for output in said["outputs"]]
    wrong = [name for name, kind in kinds.items() if not checked and not _fits(said[name], kind)]
    if wrong:
        raise ValueError(f"fields {wrong} have values of wrong types")
    return Manifest(**said)


@functools.cache
def _kinds(of: type) -> dict[str, Any]:
    """Returns {field: type} of a dataclass."""
    return typing.get_type_hints(of)


def _fits(value: object, kind: Any) -> bool:
    """Returns whether a value is of a type such as dict[str, list[int]]."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return True
    if origin is list:
        return isinstance(value, list) and all(_fits(one, arguments[0]) for one in value)
    if origin is dict:
        return isinstance(value, dict) and all(_fits(one, arguments[1]) for one in value.values())
    if kind is FileRecord:
        return isinstance(value, FileRecord) and all(_fits(vars(value)[name], of) for name, of in _kinds(kind).items())
    return isinstance(value, kind) and not isinstance(value, bool)
