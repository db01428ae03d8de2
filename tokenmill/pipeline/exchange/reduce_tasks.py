"""The tasks between a Global's spill and its verdicts.

CountTask    writes the number of rows of each shard into one table
ReduceTask   sorts and reduces one partition, and routes the result to the next round or groups it by shards
MergeTask    merges some spills whose ranges are too small to be read one by one
RecallTask   reads the documents of some shards that a round selected, and routes them to the next round
EarlierTask  routes one file of an earlier corpus, as if it were a shard
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.columns import marked, set_column, widened
from tokenmill.core.errors import DamagedFile, DataError
from tokenmill.core.io import parquet, storage
from tokenmill.core.io.storage import join
from tokenmill.core.kinds import FACTS, EarlierRound, JsonObject, Room, Round
from tokenmill.pipeline.exchange.exchange import Grouped, Spill, grouped_file, spill_file
from tokenmill.pipeline.exchange.ranges import Ranges, RangeSet, whole_file
from tokenmill.pipeline.exchange.room import buffer_bytes, room_for
from tokenmill.pipeline.exchange.shard_rows import SCHEMA, SHARDS, ShardRows
from tokenmill.pipeline.exchange.sorted_rows import sorted_rows
from tokenmill.pipeline.planning.fingerprint import digest
from tokenmill.pipeline.record.manifest import Manifest, from_json, write_manifest
from tokenmill.pipeline.record.task import Position, TaskName, Tell
from tokenmill.pipeline.tasks.pieces import pieces
from tokenmill.pipeline.tasks.shard import ShardTask

ROWS = "work/rows"
"""Folder below the stage's: the rows of shards after their map tasks (SpillTask)."""

COUNTED = "work/shard"
"""Folder below the stage's: the manifests of shards that map tasks wrote, with their counts."""

_AT_A_TIME = 1000  # manifests that are read together

RECALLED_BYTES = 4 << 20
"""Bytes of text that are routed at once when documents are read again. A round may return many times as many bytes."""


@dataclass(frozen=True)
class CountTask:
    """Writes the numbers of rows that earlier tasks counted into one table for all reductions.

    Attributes:
        counted: {shard number: path of the manifest with its number of rows}, in the order of the shards.
        firsts: the first shard of each group of shards that one task covers.
    """

    name: TaskName
    counted: Mapping[int, str]
    firsts: frozenset[int]

    def __call__(self, tell: Tell) -> Manifest:
        began = time.perf_counter()
        tell(Position(0, "count"))
        rows = [manifest.facts["rows"] for manifest in all_needed(self.counted.values())]
        first = [shard in self.firsts for shard in self.counted]
        table = pa.RecordBatch.from_arrays(
            [pa.array(list(self.counted)), pa.array(rows), pa.array(first)], schema=SCHEMA
        )
        path = join(self.name.folder, SHARDS)
        written = replace(parquet.write_table([table], path, schema=SCHEMA, sync=False), path=SHARDS)
        manifest = Manifest(self.name.fingerprint, outputs=[written], timing={"seconds": time.perf_counter() - began})
        write_manifest(self.name.manifest_path, manifest)
        return manifest


@dataclass(frozen=True)
class ReduceTask:
    """Sorts and reduces one partition of one round.

    The result is routed to the next round, if there is one. Otherwise it is verdicts, or selected documents that are
    to be read again, and is grouped by the groups of shards that it is about.

    Attributes:
        ranges: the ranges of the partition.
        memory: memory of a worker, in bytes.
        shard_rows: number of rows of each shard.
        next: the round to which the result is routed. Default none.
        next_partitions: number of partitions of that round. Default 1.
    """

    name: TaskName
    round: Round
    ranges: RangeSet
    memory: int
    shard_rows: ShardRows
    next: Round | None = None
    next_partitions: int = 1

    def __call__(self, tell: Tell) -> Manifest:
        began = time.perf_counter()
        facts: JsonObject = {}
        folder = self.name.folder
        with (
            room_for(folder, memory=self.memory, shard_rows=self.shard_rows) as room,
            grouped_file(folder, ranges_name(self.name), memory=buffer_bytes(self.memory)) as grouped,
        ):
            spill = Spill(self.next, self.next_partitions, grouped) if self.next is not None else None
            rows = sorted_rows(self.ranges.tables(), self.round.sort_by, room)
            for number, batch in enumerate(self.round.reduce(rows, room)):
                tell(Position(number, type(self.round).__name__))
                if FACTS in (batch.schema.metadata or {}):
                    facts["said"] = json.loads(batch.schema.metadata[FACTS])
                batch = batch.replace_schema_metadata(None)
                if spill is not None:
                    spill.add(batch)
                else:
                    grouped.add(batch, self.shard_rows.groups_of(batch.column("shard")))
        return committed(self.name, [grouped], facts, began)


def ranges_name(task: TaskName) -> str:
    """Returns the path of the file of ranges that a Global's task writes, below the stage's folder."""
    return f"{task.stem}.ranges"


def committed(task: TaskName, files: list[Grouped], facts: JsonObject, began: float) -> Manifest:
    """Writes and returns the manifest of a Global's task that wrote these files and counts no documents.

    began: time.perf_counter() at the start of the task.
    """
    manifest = Manifest(
        task.fingerprint,
        outputs=[file.record for file in files],
        facts=facts | {"spills": [file.ranges.facts() for file in files]},
        timing={"seconds": time.perf_counter() - began},
    )
    write_manifest(task.manifest_path, manifest)
    return manifest


@dataclass(frozen=True)
class MergeTask:
    """Merges some spills of a round into one, with one or few ranges per partition.

    Attributes:
        inputs: (path of a manifest, index of the spill among the files of its task), per spill.
        memory: memory of a worker, in bytes.
    """

    name: TaskName
    inputs: tuple[tuple[str, int], ...]
    memory: int

    def __call__(self, tell: Tell) -> Manifest:
        began = time.perf_counter()
        folder = self.name.folder
        with grouped_file(folder, ranges_name(self.name), memory=buffer_bytes(self.memory)) as grouped:
            for number, (path, place) in enumerate(self.inputs):
                tell(Position(number, "merge"))
                file, ranges = spilled(folder, needed(path), place)
                for table, at in whole_file(file, ranges):
                    for batch in table.combine_chunks().to_batches():
                        grouped.add(batch, np.full(batch.num_rows, at, dtype=np.int64))
        return committed(self.name, [grouped], {}, began)


def needed(path: str) -> Manifest:
    """Reads the manifest of a task of a Global's stage that has ended. Raises DamagedFile if it is gone or damaged."""
    [manifest] = all_needed([path])
    return manifest


def all_needed(paths: Iterable[str]) -> Iterator[Manifest]:
    """Yields the manifests of tasks of a Global's stage that have ended, in order.

    Raises DamagedFile if one is gone or damaged. Manifests on an object store are read many at a time.
    """
    todo = iter(paths)
    while some := list(islice(todo, _AT_A_TIME)):
        for path, content in zip(some, storage.read_many(some), strict=True):
            manifest = None if content is None else from_json(content, path)
            if manifest is None:
                raise DamagedFile(path, "is gone or unreadable though its task had ended")
            yield manifest


def spilled(folder: str, manifest: Manifest, place: int) -> tuple[str, Ranges]:
    """Returns (path, ranges) of a spill that a Global's task has written.

    place: its index among the files of its task.
    """
    return join(folder, manifest.outputs[place].path), Ranges.of(manifest.facts["spills"][place])


@dataclass(frozen=True)
class RecallTask:
    """Reads the documents of some shards again that the previous round selected, adds that round's columns, and routes
    them to `round`.

    Attributes:
        columns: the columns of documents to read.
        said: the rows of the previous round about these shards, with `shard` and `row`.
        memory: memory of a worker, in bytes.
    """

    name: TaskName
    tasks: tuple[ShardTask, ...]
    round: Round
    partitions: int
    columns: tuple[str, ...]
    said: RangeSet
    memory: int

    def __call__(self, tell: Tell) -> Manifest:
        began = time.perf_counter()
        memory = buffer_bytes(self.memory)
        with spill_file(self.name.folder, ranges_name(self.name), self.round, self.partitions, memory=memory) as spill:
            said = all_said(self.said)
            for task in self.tasks if said is not None else ():
                mine = about(said, task.name.number).combine_chunks()
                for number, batch in enumerate(numbered_rows(task, self.columns) if mine.num_rows else ()):
                    tell(Position(number, type(self.round).__name__))
                    for part in pieces(_with_what_was_said(batch, mine), RECALLED_BYTES):
                        spill.add(part)
        return committed(self.name, [spill.to], {}, began)


def group_name(tasks: tuple[ShardTask, ...], stem: str, title: str, *, finishes: int = 0) -> TaskName:
    """Returns the name of a Global's task over several shards. Its number is that of the first shard.

    stem: the start of the manifest's path, before that number. finishes: number of shards that the task completes.
    """
    first = tasks[0].name
    fingerprint = digest([task.name.fingerprint for task in tasks])
    return TaskName(first.folder, first.number, fingerprint, f"{stem}{first.number:06d}", title, finishes)


@dataclass(frozen=True)
class EarlierTask:
    """Routes the rows of one file of an earlier corpus (see Remembering), as if it were a shard.

    Attributes:
        file: path of the file.
        xxh3: XXH3-128 that it must have. Otherwise the task raises DataError.
        memory: memory of a worker, in bytes.
        said: the rows of the previous round that select rows of the file. None: all rows. Default None.
    """

    name: TaskName
    file: str
    xxh3: str
    round: EarlierRound
    partitions: int
    memory: int
    said: RangeSet | None = None

    def __call__(self, tell: Tell) -> Manifest:
        began, rows = time.perf_counter(), 0
        said = all_said(self.said) if self.said is not None else None
        wanted = self.said is None or said is not None
        if wanted and storage.file_record(self.file).xxh3 != self.xxh3:
            raise DataError(f"{self.file}: damaged, its XXH3 is not {self.xxh3}; get a sound copy, or make it again")
        earlier = Earlier(self.round)
        memory = buffer_bytes(self.memory)
        with spill_file(self.name.folder, ranges_name(self.name), earlier, self.partitions, memory=memory) as spill:
            for number, batch in enumerate(parquet.read_table(self.file) if wanted else ()):
                tell(Position(number, type(self.round).__name__))
                here = numbered(batch, self.name.number, rows)
                rows += batch.num_rows
                spill.add(here if said is None else _with_what_was_said(here, said))
        return committed(self.name, [spill.to], {"rows": rows}, began)


@dataclass(frozen=True)
class Earlier:
    """A round that routes documents of earlier corpora, by route_earlier()."""

    round: EarlierRound

    sort_by: ClassVar[tuple[str, ...]] = ()
    single: ClassVar[bool] = False
    of_documents: ClassVar[bool] = False

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return self.round.route_earlier(batch)

    def reduce(self, rows: Iterator[pa.RecordBatch], room: Room) -> Iterator[pa.RecordBatch]:
        yield from self.round.reduce(rows, room)


def all_said(told: RangeSet) -> pa.Table | None:
    """Reads the rows that a Global's round returned about a group of shards, sorted by shard and row.

    Returns None if there are no rows.
    """
    tables = list(told.tables())
    if not tables:
        return None
    said = pa.concat_tables(tables)
    return said.take(pc.sort_indices(said, sort_keys=[("shard", "ascending"), ("row", "ascending")])).combine_chunks()


def about(said: pa.Table, shard: int) -> pa.Table:
    """Returns the rows of `said`, which a Global's round returned, that are about one shard."""
    return said.filter(pc.equal(said.column("shard"), shard))


def _with_what_was_said(batch: pa.RecordBatch, said: pa.Table) -> pa.RecordBatch:
    """Returns the rows of the batch that `said` selects, with the other columns of `said` added."""
    rows, extra = said.column("row").to_numpy(), said.drop_columns(["shard", "row"])
    first = batch.column("_row")[0].as_py() if batch.num_rows else 0
    low, high = np.searchsorted(rows, [first, first + batch.num_rows])
    batch = batch.take(pa.array(rows[low:high] - first))
    for name in extra.schema.names:
        batch = set_column(batch, name, extra.column(name).slice(low, high - low).combine_chunks())
    return batch


def shard_manifest_path(task: ShardTask) -> str:
    """Returns the path of the manifest that a Global's map task writes for one of its shards."""
    return join(task.name.folder, COUNTED, f"{task.name.number:06d}.json")


def kept_rows(task: ShardTask) -> tuple[Manifest, ShardTask]:
    """Returns (a shard's manifest by a Global's map task, a task that reads the rows after the map task)."""
    counted = needed(shard_manifest_path(task))
    kept = counted.files(task.name.folder, ROWS)
    return counted, replace(task, input=kept[0], schema=None, source=None, shard=None) if kept else task


def numbered_rows(task: ShardTask, columns: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    """Yields the rows of a shard as a Global's map task saw them.

    They have `_shard`, `_row` and those of `columns` that exist. Raises DamagedFile if the file is not as it was
    written.
    """
    _, rows = kept_rows(task)
    assert rows.input is not None  # the spill keeps the rows of a Source
    parquet.refuse_damage(rows.input)
    have = parquet.checked_schema(rows.input).names
    wanted = [name for name in have if name in columns]
    first = 0
    for batch in parquet.read_table(rows.input.path, wanted):
        yield numbered(widened(batch, _only(rows.schema, columns)), task.name.number, first)
        first += batch.num_rows


def numbered(batch: pa.RecordBatch, shard: int, first: int) -> pa.RecordBatch:
    """Returns the batch with the columns `_shard` and `_row`, by which a Global's verdicts find documents.

    first: number of the shard's rows before the batch.
    """
    rows = np.arange(first, first + batch.num_rows, dtype=np.int32)
    batch = set_column(batch, "_shard", pa.array(np.full(batch.num_rows, shard, dtype=np.int32)))
    return set_column(batch, "_row", pa.array(rows))


def alive(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Returns the rows of a batch that go to a Global: those that no rule has marked."""
    return batch.filter(pa.array(~marked(batch)))


def _only(schema: pa.Schema | None, columns: tuple[str, ...]) -> pa.Schema | None:
    return pa.schema([field for field in schema if field.name in columns]) if schema is not None else None
