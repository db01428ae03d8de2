"""Verifies a whole run: each file that a manifest lists is as it was written, and there are no other files.

The manifest of a damaged result is deleted, because it says that the files are complete; so the next run makes the
result again. A damaged result in `kept/` is deleted, so that it cannot be restored.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from tokenmill.core.io import storage
from tokenmill.core.io.storage import FileRecord, join
from tokenmill.pipeline.record.facts import facts_path, facts_problem
from tokenmill.pipeline.record.kept import KEPT, faults, kept_fingerprints, kept_folder, kept_manifest_path
from tokenmill.pipeline.record.ledger import Ledger, forget, json_path
from tokenmill.pipeline.record.manifest import Manifest, read_manifest
from tokenmill.pipeline.record.stage_record import read_record, record_path, record_problem

KINDS = ("data", "dropped", "corpus")
"""The folders of a stage that must contain exactly the files that manifests list."""


@dataclass
class Checked:
    """The findings about the stage in `folder`. Paths are whole.

    Attributes:
        files, bytes: number and size of the files that manifests list.
        damaged: {file that is gone, cannot be read or is not as it was written: the problem}.
        unreadable: manifests, and tables of manifests, that are damaged or belong to another shard.
        not_files: broken links, pipes and other entries that are neither files nor folders, without those in `damaged`.
        unlisted: files in `data`, `dropped` and `corpus` that no manifest lists.
        unfinished: files of writers that were killed or are still running.
        results: {file in `damaged` that can be read: the manifest that lists it}.
    """

    folder: str
    files: int = 0
    bytes: int = 0
    damaged: dict[str, str] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)
    not_files: list[str] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    results: dict[str, str] = field(default_factory=dict)

    @property
    def stage(self) -> str:
        return self.folder.rpartition("/")[2]

    @property
    def good(self) -> bool:
        return not (self.damaged or self.unreadable or self.not_files or self.unlisted)


Told = Callable[[str, int, int], None]
"""Called with a stage's name, the number of its files that are checked, and the number of all its files."""


def verify_stage(folder: str, *, kept: bool, told: Told) -> Checked:
    """Verifies the stage in `folder`: reads and checks every file, several at the same time.

    kept: also those in `kept/`.
    """
    found = Checked(folder)
    listed = _written_files(folder, found, kept=kept)
    found.files, found.bytes = len(listed), sum(record.bytes for record, _ in listed)
    compared = faults([record for record, _ in listed])
    for number, ((record, manifest), fault) in enumerate(zip(listed, compared, strict=True), start=1):
        told(found.stage, number, len(listed))
        if fault is not None:
            found.damaged[record.path] = fault.text
        if fault is not None and fault.damaged:
            found.results[record.path] = manifest
    stage = read_record(folder)
    wanted = stage is not None and stage.facts and stage.done == stage.shards
    if wanted or storage.exists(facts_path(folder)):
        _check_facts(folder, found)
    if problem := record_problem(folder):
        found.damaged[record_path(folder)] = problem  # the next run writes it again
    known = {one.path for one, _ in listed}
    there = (join(folder, kind, name) for kind in KINDS for name in storage.files_below(join(folder, kind)))
    found.unlisted = [path for path in there if path not in known]
    found.unfinished = storage.unfinished_files(folder)
    found.not_files = [path for path in _not_files(folder) if path not in known and (kept or not is_kept(folder, path))]
    return found


def _not_files(folder: str) -> list[str]:
    """Returns the same as storage.not_files, and also searches folders that are links to folders elsewhere."""
    inside = (storage.not_files(join(folder, name)) for name in storage.list_folders(folder))
    return sorted({*storage.not_files(folder), *(path for paths in inside for path in paths)})


def strangers(run: str, stages: Collection[str]) -> list[str]:
    """Returns the whole paths of entries in a run's folder that belong to no stage of its recipe: folders, such as
    those of stages that the recipe no longer names, and entries that are neither files nor folders.

    stages: the names of the stages in the recipe.
    """
    folders = [name for name in storage.list_folders(run) if name not in (*stages, "logs")]
    names = (path.removeprefix(join(run, "")) for path in storage.not_files(run))
    others = (name for name in names if name.partition("/")[0] in ("logs", name))
    return [join(run, name) for name in sorted([*folders, *others])]


def _check_facts(folder: str, found: Checked) -> None:
    path, problem = facts_path(folder), facts_problem(folder)
    found.files, found.bytes = found.files + 1, found.bytes + max(0, storage.size_of(path))
    if problem:
        found.damaged[path] = problem
        found.results[path] = path  # without it the stage counts as not done


def take_off_record(folder: str, checked: Checked) -> None:
    """Deletes the manifests of the stage's damaged results, so that the next run makes them again. Damaged results in
    `kept/` are deleted with their files. The caller holds the run's lock.

    A driver may have replaced a result before the lock was taken. So the damaged files are compared once more.
    """
    now = Checked(folder)
    listed = {record.path: (record, manifest) for record, manifest in _written_files(folder, now, kept=True)}
    suspects = [listed[path] for path in checked.results if path in listed]
    compared = faults([record for record, _ in suspects])
    damaged = {path for (_, path), fault in zip(suspects, compared, strict=True) if fault and fault.damaged}
    damaged |= {path for path in checked.results.values() if path == facts_path(folder) and facts_problem(folder)}
    ledger = Ledger(folder)
    forget(ledger, [number for number in ledger if json_path(folder, number) in damaged])
    manifests = damaged | {*checked.unreadable} & {*now.unreadable}
    kept = {path for path in manifests if is_kept(folder, path)}
    storage.delete_files(manifests - kept)
    for path in sorted(kept):
        storage.delete(path.rpartition("/")[0])


def is_kept(folder: str, path: str) -> bool:
    """Returns True for a file of a result that a run has set aside in `kept/`."""
    return path.startswith(join(folder, KEPT, ""))


def _written_files(folder: str, found: Checked, *, kept: bool) -> list[tuple[FileRecord, str]]:
    """Returns (file with its whole path, path that its manifest has as a JSON file) for all files of all results."""
    ledger = Ledger(folder)
    found.unreadable += ledger.unreadable
    there = _there(ledger) if storage.exists(join(folder, "released")) else None
    listed: list[tuple[FileRecord, str]] = []
    for number, manifest in ledger.items():
        if not ledger.part_of(number) and not _is_of(number, manifest):
            found.unreadable.append(json_path(folder, number))
            continue
        files = _files(folder, manifest)
        if there is not None:  # the data of shards may have been deleted after use
            files = [one for one in files if one.path in there or not one.path.startswith(f"{folder}/data/")]
        listed += [(one, json_path(folder, number)) for one in files]
    others = [(folder, join(folder, "manifest", "corpus.json"))]
    if kept:
        others += [(kept_folder(folder, name), kept_manifest_path(folder, name)) for name in kept_fingerprints(folder)]
    for place, path in others:
        other = read_manifest(path)
        if other is not None:
            listed += [(one, path) for one in _files(place, other)]
        elif storage.exists(path):
            found.unreadable.append(path)
    return listed


def _is_of(number: int, manifest: Manifest) -> bool:
    """Returns False for a manifest of another shard, because the files of that shard would be listed twice."""
    return all(one.path.rpartition("/")[2] == f"{number:06d}.parquet" for one in manifest.outputs)


def _there(ledger: Ledger) -> set[str]:
    return {join(ledger.folder, "data", name) for name in ledger.names("data")}


def _files(folder: str, manifest: Manifest) -> list[FileRecord]:
    return [one for kind in KINDS for one in manifest.files(folder, kind)]


def lines(checked: Sequence[Checked], strange: Sequence[str], *, off_record: bool) -> Iterable[str]:
    """Yields the findings of the verification of a run as lines for people.

    strange: the result of strangers(). off_record: take_off_record() has deleted the manifests of damaged results.
    """
    for one in checked:
        yield f"{one.stage}: {one.files:,} files, {one.bytes / 1e6:,.1f} MB" + (", as they were written" * one.good)
        yield from (f"  {path}: {problem}{_aside(one, path)}" for path, problem in one.damaged.items())
        yield from (f"  {path}: unreadable, or another shard's{_aside(one, path)}" for path in one.unreadable)
        if one.unlisted:
            yield f"  {len(one.unlisted):,} files that no manifest lists:"
            yield from (f"  {path}" for path in one.unlisted)
        if one.not_files:
            yield f"  {len(one.not_files):,} broken links, or other entries that are neither files nor folders:"
            yield from (f"  {path}" for path in one.not_files)
        if one.unfinished:
            yield f"  {len(one.unfinished):,} unfinished files (.tmp); a run deletes those that no writer uses"
    if strange:
        yield f"{len(strange):,} folders, or broken links, that belong to no stage of the run's recipe:"
        yield from (f"  {path}" for path in strange)
    bad = [is_kept(one.folder, path) for one in checked for path in (*one.damaged, *one.unreadable)]
    if bad and not off_record:
        yield "A driver is working on this run. When it has ended, verify again, then run the recipe again"
    elif bad:
        if not all(bad):
            yield "Run the recipe again: it makes damaged results again"
        if any(bad):
            yield "Damaged results in kept/ were deleted, so that they cannot return"
    if any(one.unlisted for one in checked):
        yield "Readers treat files that no manifest lists as results: run the recipe to its end, or delete them"
    if any(one.not_files for one in checked):
        yield "Readers of a folder stop at broken links: restore their targets, or delete them"
    if strange:
        yield "Checks and reports ignore them: name these stages in the recipe again, or delete them"


def _aside(checked: Checked, path: str) -> str:
    return " (set aside in kept/)" if is_kept(checked.folder, path) else ""
