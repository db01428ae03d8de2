"""Finished results that no current manifest lists: set aside in `<stage>/kept/<fingerprint>/`, and restored from there.

A result is a shard's files with its manifest, or a Writer's whole output with its record. It is copied (on a local disk
linked) before it is deleted, and manifests come last and go first. So wherever this stops, the result is whole in its
place or in `kept/`.

Before a result returns, all its bytes are compared: it may have lain there for long, and many readers of a corpus do
not compare checksums. A damaged one is deleted, and made again.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import NamedTuple

from tokenmill.core.errors import DamagedFile, RecipeError
from tokenmill.core.io import parquet, storage
from tokenmill.core.io.storage import FileRecord, join
from tokenmill.pipeline.record.lock import locked
from tokenmill.pipeline.record.manifest import Manifest, read_manifest, to_json
from tokenmill.pipeline.record.run_format import check_format

logger = logging.getLogger(__name__)

KEPT = "kept"
_MANIFEST = "manifest.json"
_AT_ONCE = 8  # files that are compared


@dataclass(frozen=True)
class Amount:
    """A number of results and the bytes of their files."""

    results: int = 0
    bytes: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.results + other.results, self.bytes + other.bytes)

    def __str__(self) -> str:
        return f"{self.results:,} results, {self.bytes / 1e6:,.1f} MB"


NOTHING = Amount()


def amount_of(manifests: Iterable[Manifest]) -> Amount:
    """How much these results are."""
    found = [sum(output.bytes for output in manifest.outputs) for manifest in manifests]
    return Amount(len(found), sum(found))


def keep_copy(folder: str, manifest: Manifest) -> None:
    """Copies a result of the stage in `folder` into its place below `kept/`. The caller deletes the original."""
    place = kept_folder(folder, manifest.fingerprint)
    for output in manifest.outputs:
        storage.copy(join(folder, output.path), join(place, output.path))
    storage.write_bytes(kept_manifest_path(folder, manifest.fingerprint), to_json(manifest))


def kept_fingerprints(folder: str) -> set[str]:
    """The fingerprints of results that may be in `kept/`; sound_manifest() finds those that are whole."""
    return set(storage.list_folders(join(folder, KEPT)))


def kept_manifest(folder: str, fingerprint: str) -> Manifest | None:
    """The manifest of a kept result whose files all have the size that it lists; else None."""
    place = kept_folder(folder, fingerprint)
    manifest = _results_set_aside(folder, fingerprint)
    if manifest is None:
        return None
    whole = all(storage.size_of(join(place, output.path)) == output.bytes for output in manifest.outputs)
    return manifest if whole else None


def sound_manifest(folder: str, fingerprint: str) -> Manifest | None:
    """The manifest of a kept result whose files are as they were written; else None, with a warning for each other
    file. A damaged result is deleted; one that cannot be read now stays.
    """
    manifest = _results_set_aside(folder, fingerprint)
    if manifest is None:
        return None
    place = kept_folder(folder, fingerprint)
    found = faults_of(place, manifest)
    damaged = any(fault.damaged for fault in found.values())
    for path, fault in found.items():
        what = "is deleted from kept/" if damaged else "stays in kept/"
        logger.warning("%s: %s; the result %s and is made again", path, fault.text, what)
    if damaged:
        storage.delete(place)
    return None if found else manifest


def _results_set_aside(folder: str, fingerprint: str) -> Manifest | None:
    manifest = read_manifest(kept_manifest_path(folder, fingerprint))
    return manifest if manifest is not None and manifest.fingerprint == fingerprint else None


class Fault(NamedTuple):
    """Why a file is not as it was written. damaged: False if it cannot be read now, which says nothing about it."""

    text: str
    damaged: bool


def faults_of(folder: str, manifest: Manifest) -> dict[str, Fault]:
    """{file of a result with its whole path: what is wrong with it}, of those that are not as they were written."""
    files = [replace(output, path=join(folder, output.path)) for output in manifest.outputs]
    return {file.path: fault for file, fault in zip(files, faults(files), strict=True) if fault is not None}


def faults(files: Sequence[FileRecord]) -> Iterator[Fault | None]:
    """What is wrong with each of these files, None if it is as it was written; all of each is read, some at once."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(_fault, files)


def _fault(written: FileRecord) -> Fault | None:
    try:
        parquet.refuse_damage(written, whole=True)
    except DamagedFile as error:
        return Fault(error.problem, damaged=True)
    except OSError as error:
        return Fault(f"cannot be read ({error})", damaged=False)
    return None


def restore(folder: str, manifest: Manifest, manifest_path: str, *, paths: dict[str, str]) -> None:
    """Brings a sound kept result back: its files to `paths` ({path in kept: path in the folder}), then its manifest."""
    place = kept_folder(folder, manifest.fingerprint)
    outputs = [replace(output, path=paths.get(output.path, output.path)) for output in manifest.outputs]
    for old, new in zip(manifest.outputs, outputs, strict=True):
        storage.copy(join(place, old.path), join(folder, new.path))
    storage.write_bytes(manifest_path, to_json(replace(manifest, outputs=outputs)))
    storage.delete(place)


def clean_run(run: str) -> Amount:
    """Deletes what is kept of all stages of a run. Raises RecipeError if the folder holds no run, or one of another
    format.
    """
    if not storage.exists(join(run, "recipe.yaml")):
        raise RecipeError(f"{run}: no run here (no recipe.yaml); give the run's folder, for example runs/mini")
    check_format(run)
    with locked(run):
        return sum((_clean_stage(join(run, stage)) for stage in storage.list_folders(run)), NOTHING)


def _clean_stage(folder: str) -> Amount:
    manifests = (read_manifest(kept_manifest_path(folder, name)) for name in kept_fingerprints(folder))
    amount = amount_of(manifest for manifest in manifests if manifest is not None)
    storage.delete(join(folder, KEPT))
    return amount


def kept_manifest_path(folder: str, fingerprint: str) -> str:
    """Where the manifest of a kept result is."""
    return join(kept_folder(folder, fingerprint), _MANIFEST)


def kept_folder(folder: str, fingerprint: str) -> str:
    """Where a result of the stage in `folder` is kept."""
    return join(folder, KEPT, fingerprint)
