"""All manifests of one stage, read with a few listings instead of several requests per shard.

A task writes `manifest/000007.json`. When there are 1,024 of them, the driver puts them into a table in the same
folder, `part-000003-CHECKSUM.parquet`, with one row per shard; so for a stage of 100,000 shards a hundred files are
read. The table is complete before the files in it are deleted, so a crash may leave a manifest twice, but never loses
one. A JSON file takes precedence over any row, and a later table over an earlier one. Before a shard is made again the
driver removes its row (`forget`), because the task deletes only its JSON file, and no row may list files that are being
replaced.

A damaged manifest or table counts as absent: its shards are not done.
"""

import functools
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from tokenmill.core.errors import DataError
from tokenmill.core.io import parquet, storage
from tokenmill.core.io.storage import join
from tokenmill.pipeline.record.manifest import Manifest, from_json, read_manifest
from tokenmill.pipeline.record.task import Task, TaskName, Tell

logger = logging.getLogger(__name__)

T = TypeVar("T", bound=Task)

PART_ROWS = 1024
"""Largest number of manifests in a table, and the number of JSON files from which on tables are written."""

_OUTPUTS = pa.list_(pa.struct([("path", pa.string()), ("bytes", pa.int64())]))
_ROWS = pa.schema(
    [("number", pa.int32()), ("fingerprint", pa.string()), ("outputs", _OUTPUTS), ("manifest", pa.large_binary())]
)
_PART = re.compile(r"part-(\d+)(?:-([0-9a-f]{16}))?\.parquet")  # its number and its XXH3; older versions wrote no XXH3


class _Place(NamedTuple):
    """The place of a manifest: path of its table ("" for a JSON file), row group, row in the group."""

    part: str
    group: int
    row: int


_JSON = _Place("", 0, 0)


class Ledger(Mapping[int, Manifest]):
    """{shard number: manifest} of the stage in `folder`, as it is on disk when the ledger is created.

    Fingerprints and sizes are held in memory. Manifests in tables are read on access, so that iterating needs little
    memory. unreadable: paths of damaged manifests and tables.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.fingerprints: dict[int, str] = {}
        self._files: dict[int, list[tuple[str, int]]] = {}
        self._at: dict[int, _Place] = {}
        self._json: dict[int, bytes] = {}
        self._rows: dict[str, list[int]] = {}
        self._names: dict[str, dict[str, int]] = {}
        self._group = functools.lru_cache(maxsize=4)(self._read_group)
        self.unreadable: list[str] = []
        names = storage.list_files(join(folder, "manifest"))
        self.parts = [join(folder, "manifest", name) for name in names if _PART.fullmatch(name)]
        for part, content in zip(self.parts, storage.read_many(self.parts), strict=True):
            if content is not None:
                self._take_part(part, content)
        numbers = [int(name[:-5]) for name in names if _is_json(name)]
        files = [json_path(folder, number) for number in numbers]
        for number, content in zip(numbers, storage.read_many(files), strict=True):
            if content is not None:
                self._take_json(number, content)

    def __getitem__(self, number: int) -> Manifest:
        part, group, row = self._at[number]
        content = self._group(part, group)[row] if part else self._json[number]
        manifest = from_json(content, part or json_path(self.folder, number))
        if manifest is None:
            raise DataError(f"{part}: damaged since this command first read it; run the command again")
        return manifest

    def __contains__(self, number: object) -> bool:
        return number in self._at  # Mapping's method would read the manifest, whose table forget() may have deleted

    def __iter__(self) -> Iterator[int]:
        return iter(sorted(self._at))

    def __len__(self) -> int:
        return len(self._at)

    def done(self, number: int, fingerprint: str, *, released: bool = False) -> bool:
        """Returns True if the shard's result has this fingerprint and each of its files has the listed size.

        released: the stage's data was deleted on purpose after the stages that read it were done; then it need not be
        there.
        """
        return self.fingerprints.get(number) == fingerprint and self.whole(number, released=released)

    def whole(self, number: int, *, released: bool = False) -> bool:
        """Returns True if each file that the manifest lists has the listed size."""
        for path, size in self._files[number]:
            kind, _, name = path.rpartition("/")
            if not (released and kind == "data") and self.names(kind).get(name) != size:
                return False
        return True

    def lacking(self, *, released: bool = False) -> list[str]:
        """Returns the whole paths of files that manifests list and that are gone or have another size."""
        found = []
        for number in self:
            for path, size in self._files[number]:
                kind, _, name = path.rpartition("/")
                if not (released and kind == "data") and self.names(kind).get(name) != size:
                    found.append(join(self.folder, path))
        return found

    def names(self, kind: str) -> dict[str, int]:
        """Returns {name: bytes} of the files in an output folder, as they were at the first call."""
        if kind not in self._names:
            self._names[kind] = storage.sizes(join(self.folder, kind))
        return self._names[kind]

    def numbers(self, kind: str) -> dict[str, int]:
        """Returns {name: shard number} of the files of shards in an output folder, listed or not."""
        return {name: int(name[:-8]) for name in self.names(kind) if _is_output(name)}

    def part_of(self, number: int) -> str:
        """Returns the path of the table with the shard's manifest; "" if it is in a JSON file or not there."""
        return self._at.get(number, _JSON).part

    def parts_with(self, numbers: set[int]) -> list[str]:
        """Returns the paths of the tables with a row of any of these shards, also rows that are no longer valid."""
        return [part for part, rows in self._rows.items() if not numbers.isdisjoint(rows)]

    def files(self, kind: str) -> list[str]:
        """Returns the paths of the outputs in the folder `kind` that are listed and there, in order of shards."""
        listed = (path for number in self for path, _ in self._files[number] if path.startswith(f"{kind}/"))
        return [join(self.folder, path) for path in listed if path.rpartition("/")[2] in self.names(kind)]

    def file(self, kind: str, number: int) -> str:
        """Returns the path of the shard's output in the folder `kind`; "" if it is not listed or not there."""
        path = next((path for path, _ in self._files[number] if path.startswith(f"{kind}/")), "")
        there = path and path.rpartition("/")[2] in self.names(kind)
        return join(self.folder, path) if there else ""

    def _take_part(self, part: str, content: bytes) -> None:
        try:
            tables = list(_tables(part, content))
        except (ValueError, OSError, KeyError, pa.ArrowException) as error:
            logger.warning("%s: unreadable (%s), so the shards in it count as not done", part, error)
            self.unreadable.append(part)
            return
        for group, table in enumerate(tables):
            numbers = table.column("number").to_pylist()
            outputs = table.column("outputs").combine_chunks()
            flat = pc.list_flatten(outputs)
            files = list(zip(flat.field("path").to_pylist(), flat.field("bytes").to_pylist(), strict=True))
            ends = np.cumsum(pc.list_value_length(outputs).to_numpy()).tolist()
            self.fingerprints.update(zip(numbers, table.column("fingerprint").to_pylist(), strict=True))
            self._files.update(zip(numbers, (files[a:b] for a, b in pairwise([0, *ends])), strict=True))
            self._at.update((number, _Place(part, group, row)) for row, number in enumerate(numbers))
            self._rows.setdefault(part, []).extend(numbers)

    def _take_json(self, number: int, content: bytes) -> None:
        manifest = from_json(content, json_path(self.folder, number))
        if manifest is None:
            self.unreadable.append(json_path(self.folder, number))
            return
        before = self.fingerprints.get(number)
        if before not in (None, manifest.fingerprint):
            logger.warning("%s: shard %06d has a newer manifest than its row in a table", self.folder, number)
        self.fingerprints[number] = manifest.fingerprint
        self._files[number] = [(output.path, output.bytes) for output in manifest.outputs]
        self._at[number], self._json[number] = _JSON, content

    def _read_group(self, part: str, group: int) -> list[bytes]:
        found: list[bytes] = parquet.read_row_group(part, group).column("manifest").to_pylist()
        return found


def json_path(folder: str, number: int) -> str:
    """Returns the path at which a task of the stage in `folder` writes its manifest."""
    return join(folder, "manifest", f"{number:06d}.json")


def to_do(tasks: Sequence[T]) -> list[T]:
    """Returns the tasks of one stage that lack a manifest with their fingerprint, or a file of the listed size."""
    names = [task.name for task in tasks]
    if names and all(name.is_shard for name in names):
        ledger = Ledger(names[0].folder)
        return [task for task in tasks if not ledger.done(task.name.number, task.name.fingerprint)]
    size_of = _sizes()
    begun = [name for name in names if size_of(name.manifest_path) >= 0]
    done = set()
    for start in range(0, len(begun), PART_ROWS):
        some = begun[start : start + PART_ROWS]
        for name, content in zip(some, storage.read_many(name.manifest_path for name in some), strict=True):
            manifest = from_json(content, name.manifest_path) if content is not None else None
            if _made(manifest, name.fingerprint, name.folder, size_of):
                done.add(name.manifest_path)
    return [task for task in tasks if task.name.manifest_path not in done]


def made_once(task: Task, tell: Tell) -> Manifest:
    """Returns the task's manifest: the valid one on disk if there is one (see standing()); else runs the task.

    A task may run twice at the same time, because its node looked lost or was slow. Both runs write the same bytes, and
    the manifest that is there first stays valid.
    """
    return standing(task.name) or task(tell)


def standing(task: TaskName) -> Manifest | None:
    """Returns the task's manifest if it has the task's fingerprint and its files have the listed sizes. Otherwise the
    manifest is deleted.

    If there is no manifest, nothing is deleted, so that a copy of a task never deletes files that the other copy has
    just committed.
    """
    content = storage.read_if_there(task.manifest_path)
    if content is None:
        return None
    manifest = from_json(content, task.manifest_path)
    # one request per file, but no listing of the files of all shards
    if _made(manifest, task.fingerprint, task.folder, storage.size_of):
        return manifest
    storage.delete_files([task.manifest_path])
    return None


def is_done(path: str, fingerprint: str, folder: str) -> bool:
    """Returns True if a task's manifest at `path` has this fingerprint and its files have the listed sizes."""
    manifest = whole_manifest(path, folder)
    return manifest is not None and manifest.fingerprint == fingerprint


def whole_manifest(path: str, folder: str) -> Manifest | None:
    """Returns the manifest of a task at `path` if the files that it lists have the listed sizes; else None."""
    manifest = read_manifest(path)
    return manifest if manifest is not None and _made(manifest, manifest.fingerprint, folder, _sizes()) else None


def lacking(manifest: Manifest, folder: str) -> list[str]:
    """Returns the whole paths of a finished result's files that are gone or have another size.

    Lists each folder once.
    """
    size_of = _sizes()
    files = ((join(folder, output.path), output.bytes) for output in manifest.outputs)
    return [path for path, size in files if size_of(path) != size]


def _made(manifest: Manifest | None, fingerprint: str, folder: str, size_of: Callable[[str], int]) -> bool:
    if manifest is None or manifest.fingerprint != fingerprint:
        return False
    return all(size_of(join(folder, output.path)) == output.bytes for output in manifest.outputs)


def _sizes() -> Callable[[str], int]:
    """Returns a function that gives a file's size in bytes, -1 if there is no file, and lists each folder once."""
    listed = functools.cache(storage.sizes)

    def size_of(path: str) -> int:
        folder, _, name = path.rpartition("/")
        return listed(folder).get(name, -1)

    return size_of


def compact(folder: str) -> None:
    """Puts the JSON manifests of a stage's tasks into tables, if there are at least PART_ROWS of them."""
    place = join(folder, "manifest")
    names = storage.list_files(place)
    loose = [name for name in names if _is_json(name)]
    if len(loose) < PART_ROWS:
        return
    first = _next_part(names)
    for number, start in enumerate(range(0, len(loose), PART_ROWS), start=first):
        some = loose[start : start + PART_ROWS]
        rows = []
        for name, content in zip(some, storage.read_many(join(place, name) for name in some), strict=True):
            manifest = None if content is None else from_json(content, join(place, name))
            if content is not None and manifest is not None:
                rows.append((int(name[:-5]), manifest, content))
        if rows:
            _write_part(place, number, _table(rows))
            storage.delete_files(json_path(folder, number) for number, _, _ in rows)


def forget(ledger: Ledger, numbers: Iterable[int]) -> None:
    """Removes all rows of these shards from the tables of a stage's manifests; JSON files stay.

    The ledger is out of date afterwards: it still has the shards, but not their manifests.
    """
    gone = set(numbers)
    place = join(ledger.folder, "manifest")
    parts = ledger.parts_with(gone)
    for number, part in enumerate(parts, start=_next_part(storage.list_files(place))):
        table = pa.concat_tables(pa.Table.from_batches([batch]) for batch in parquet.read_table(part))
        kept = [n not in gone and ledger.part_of(n) == part for n in table.column("number").to_pylist()]
        if any(kept):
            _write_part(place, number, table.filter(pa.array(kept)))
        storage.delete_files([part])


def _is_output(name: str) -> bool:
    return name.endswith(".parquet") and name[:-8].isdecimal()


def _is_json(name: str) -> bool:
    return name.endswith(".json") and name[:-5].isdecimal()


def _next_part(names: Iterable[str]) -> int:
    """Returns the number after those of the tables among these files."""
    return 1 + max((int(found[1]) for found in map(_PART.fullmatch, names) if found), default=-1)


def _write_part(place: str, number: int, table: pa.Table) -> None:
    content = parquet.encoded(table)
    storage.write_bytes(join(place, f"part-{number:06d}-{xxhash.xxh3_64_hexdigest(content)}.parquet"), content)


def _tables(part: str, content: bytes) -> Iterator[pa.Table]:
    """Yields the row groups of a table, without the column of manifests. Raises ValueError and pyarrow's errors if the
    table is damaged.

    A table of an older version has no checksum; its manifests are read and checked instead.
    """
    checksum = part.removesuffix(".parquet").rpartition("-")[2]
    older = len(checksum) != 16
    if not older and xxhash.xxh3_64_hexdigest(content) != checksum:
        raise ValueError("its checksum does not match")
    for table in parquet.decoded(content, _ROWS.names if older else _ROWS.names[:-1]):
        if older and any(from_json(one, part) is None for one in table.column("manifest").to_pylist()):
            raise ValueError("a manifest in it is damaged")
        yield table


def _table(rows: list[tuple[int, Manifest, bytes]]) -> pa.Table:
    numbers, manifests, contents = zip(*rows, strict=True)
    outputs = [[{"path": output.path, "bytes": output.bytes} for output in manifest.outputs] for manifest in manifests]
    columns = [numbers, [manifest.fingerprint for manifest in manifests], outputs, contents]
    return pa.table([pa.array(column, kind.type) for column, kind in zip(columns, _ROWS, strict=True)], schema=_ROWS)
