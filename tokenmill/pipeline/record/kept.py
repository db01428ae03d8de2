"""Sets finished results that the plan does not want aside in `<stage>/kept/<fingerprint>/`, and restores them.

A result is a shard's files with its manifest, or a Writer's whole output with its manifest. It is copied (on a local
disk linked) before it is deleted. Its manifest is written last and deleted first. So wherever this stops, the result is
complete in its place or in `kept/`.

Before a result is restored, all its bytes are compared, because it may be old and many readers of a corpus do not
compare checksums. A damaged result is deleted and made again.
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
_AT_ONCE = 8  # files that are compared at the same time


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
    """Returns how many finished results these manifests describe, and the bytes of their files."""
    found = [sum(output.bytes for output in manifest.outputs) for manifest in manifests]
    return Amount(len(found), sum(found))


def keep_copy(folder: str, manifest: Manifest) -> None:
    """Copies a finished result of the stage in `folder` to its folder in `kept/`. The caller deletes the original."""
    place = kept_folder(folder, manifest.fingerprint)
    for output in manifest.outputs:
        storage.copy(join(folder, output.path), join(place, output.path))
    storage.write_bytes(kept_manifest_path(folder, manifest.fingerprint), to_json(manifest))


def kept_fingerprints(folder: str) -> set[str]:
    """Returns the fingerprints of finished results that may be set aside in `kept/`.

    sound_manifest() says which of them are complete.
    """
    return set(storage.list_folders(join(folder, KEPT)))


def kept_manifest(folder: str, fingerprint: str) -> Manifest | None:
    """Returns the manifest of a result in `kept/` if all files have the sizes that it lists; else None."""
    place = kept_folder(folder, fingerprint)
    manifest = _results_set_aside(folder, fingerprint)
    if manifest is None:
        return None
    whole = all(storage.size_of(join(place, output.path)) == output.bytes for output in manifest.outputs)
    return manifest if whole else None


def sound_manifest(folder: str, fingerprint: str) -> Manifest | None:
    """Returns the manifest of a result in `kept/` if its files are as they were written; else None.

    Each file that is not gives a warning. A damaged result is deleted. A result that cannot be read now stays.
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
    """Why a file is not as it was written.

    damaged: False if the file cannot be read now, so that it is not known whether it is damaged.
    """

    text: str
    damaged: bool


def faults_of(folder: str, manifest: Manifest) -> dict[str, Fault]:
    """Returns {whole path: fault} of the files of a finished result that are not as they were written."""
    files = [replace(output, path=join(folder, output.path)) for output in manifest.outputs]
    return {file.path: fault for file, fault in zip(files, faults(files), strict=True) if fault is not None}


def faults(files: Sequence[FileRecord]) -> Iterator[Fault | None]:
    """Yields the fault of each file of finished results, None if it is as it was written.

    Reads whole files, several at the same time.
    """
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
    """Restores a result from `kept/` that was found sound: first its files, then its manifest.

    paths: {path in kept: path in the folder}, for files whose path changes.
    """
    place = kept_folder(folder, manifest.fingerprint)
    outputs = [replace(output, path=paths.get(output.path, output.path)) for output in manifest.outputs]
    for old, new in zip(manifest.outputs, outputs, strict=True):
        storage.copy(join(place, old.path), join(folder, new.path))
    storage.write_bytes(manifest_path, to_json(replace(manifest, outputs=outputs)))
    storage.delete(kept_manifest_path(folder, manifest.fingerprint))
    storage.delete(place)


def clean_run(run: str) -> Amount:
    """Deletes the results in `kept/` of all stages of a run and returns how much that was.

    Raises RecipeError if the folder is not a run, or a run of another format.
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
    """Returns the path of the manifest of a result in `kept/`."""
    return join(kept_folder(folder, fingerprint), _MANIFEST)


def kept_folder(folder: str, fingerprint: str) -> str:
    """Returns the folder in `kept/` of a result of the stage in `folder` that is set aside."""
    return join(folder, KEPT, fingerprint)
