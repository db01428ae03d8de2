"""The tasks between a Global's spill and its verdicts.

ReduceTask  one partition: sort, reduce, and route on to the next round, or to the shards the result is about
RecallTask  one shard: the documents that a round named, routed to the next one
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core import storage
from tokenmill.core.columns import marked, set_column
from tokenmill.core.errors import DataError
from tokenmill.core.kinds import FACTS, VERDICT, Room, Round
from tokenmill.core.storage import join
from tokenmill.pipeline.exchange import Grouped, Spill, grouped_file, spill_file
from tokenmill.pipeline.manifest import Manifest, read_manifest, write_manifest
from tokenmill.pipeline.pieces import pieces
from tokenmill.pipeline.room import buffer_bytes, room_for
from tokenmill.pipeline.shard import Position, ShardTask, Tell, widened
from tokenmill.pipeline.sorted_rows import sorted_rows

RECALLED_BYTES = 4 << 20
"""Of text, routed at once when documents are read again: a round may make many times as much of them."""

Spills = tuple[tuple[str, int], ...]
"""(file, row group) of each piece of a partition, or of what is said about a shard."""


@dataclass(frozen=True)
class ReduceTask:
    """One partition of one round. spills: what to read. next: the round its result is routed to, if any.

    Without a next round the result is grouped by the shards it is about: verdicts, or the documents that the next round
    wants. memory: of a worker, in bytes.
    """

    folder: str
    number: int
    fingerprint: str
    stage_round: int
    round: Round
    spills: Spills
    memory: int
    shard_rows: Mapping[int, int]
    next: Round | None = None
    next_partitions: int = 1

    reads_input: ClassVar[bool] = False

    @property
    def name(self) -> str:
        return f"work/reduce/{self.stage_round}.{self.number:06d}"

    @property
    def manifest_path(self) -> str:
        return join(self.folder, f"{self.name}.json")

    @property
    def label(self) -> str:
        return f"{self.folder.rpartition('/')[2]} round {self.stage_round} partition {self.number}"

    def at(self, position: Position) -> "ReduceTask":
        return self

    def __call__(self, tell: Tell) -> Manifest:
        began = time.perf_counter()
        facts: dict[str, Any] = {}
        scratch = self.name.rpartition("/")[2]
        with (
            room_for(self.folder, scratch, memory=self.memory, shard_rows=self.shard_rows) as room,
            self._sink() as sink,
        ):
            rows = sorted_rows(self.spills, self.round.sort_by, room)
            for number, batch in enumerate(self.round.reduce(rows, room)):
                tell(Position(number, type(self.round).__name__))
                if FACTS in (batch.schema.metadata or {}):
                    facts["said"] = json.loads(batch.schema.metadata[FACTS])
                _send(batch.replace_schema_metadata(None), sink)
        grouped = sink.to if isinstance(sink, Spill) else sink
        facts |= {"spills": [grouped.groups]} if isinstance(sink, Spill) else {"shards": grouped.groups}
        timing = {"seconds": time.perf_counter() - began}
        manifest = Manifest(self.fingerprint, outputs=[grouped.record], facts=facts, timing=timing)
        write_manifest(self.manifest_path, manifest)
        return manifest

    @contextmanager
    def _sink(self) -> Iterator[Spill | Grouped]:
        name, memory = f"{self.name}.parquet", buffer_bytes(self.memory)
        if self.next is not None:
            with spill_file(self.folder, name, self.next, self.next_partitions, memory=memory) as spill:
                yield spill
        else:
            with grouped_file(self.folder, name, memory=memory, empty=VERDICT) as grouped:
                yield grouped


def _send(batch: pa.RecordBatch, sink: Spill | Grouped) -> None:
    if isinstance(sink, Spill):
        sink.add(batch)
    elif batch.num_rows:
        sink.add(batch, batch.column("shard").to_numpy().astype(np.int64))


@dataclass(frozen=True)
class RecallTask:
    """One shard's documents again: those named in `said`, with what was said of them, routed to `round`."""

    task: ShardTask
    stage_round: int
    round: Round
    partitions: int
    columns: tuple[str, ...]
    said: Spills
    memory: int

    reads_input: ClassVar[bool] = False

    @property
    def folder(self) -> str:
        return self.task.folder

    @property
    def number(self) -> int:
        return self.task.number

    @property
    def fingerprint(self) -> str:
        return self.task.fingerprint

    @property
    def name(self) -> str:
        return f"work/recall/{self.stage_round}.{self.number:06d}"

    @property
    def manifest_path(self) -> str:
        return join(self.folder, f"{self.name}.json")

    @property
    def label(self) -> str:
        return f"{self.task.label} round {self.stage_round}"

    def at(self, position: Position) -> "RecallTask":
        return self

    def __call__(self, tell: Tell) -> Manifest:
        began = time.perf_counter()
        memory = buffer_bytes(self.memory)
        with spill_file(self.folder, f"{self.name}.parquet", self.round, self.partitions, memory=memory) as spill:
            if self.said:
                said = _all_said(self.said)
                for number, batch in enumerate(numbered_rows(self.task, self.columns)):
                    tell(Position(number, type(self.round).__name__))
                    for part in pieces(_with_what_was_said(batch, said), RECALLED_BYTES):
                        spill.add(part)
        facts = {"spills": [spill.to.groups]}
        timing = {"seconds": time.perf_counter() - began}
        manifest = Manifest(self.fingerprint, outputs=[spill.to.record], facts=facts, timing=timing)
        write_manifest(self.manifest_path, manifest)
        return manifest


@dataclass(frozen=True)
class EarlierTask:
    """One file of an earlier corpus (Remembering) as shard `number`: all of it, or the rows named in `said`."""

    folder: str
    number: int
    fingerprint: str
    file: str
    stage_round: int
    round: Any
    partitions: int
    memory: int
    said: Spills | None = None

    reads_input: ClassVar[bool] = False

    @property
    def name(self) -> str:
        return f"work/earlier/{self.stage_round}.{self.number:06d}"

    @property
    def manifest_path(self) -> str:
        return join(self.folder, f"{self.name}.json")

    @property
    def label(self) -> str:
        return f"{self.folder.rpartition('/')[2]} round {self.stage_round} of {self.file}"

    def at(self, position: Position) -> "EarlierTask":
        return self

    def __call__(self, tell: Tell) -> Manifest:
        began, rows = time.perf_counter(), 0
        said = _all_said(self.said) if self.said else None
        earlier = Earlier(self.round)
        memory = buffer_bytes(self.memory)
        with spill_file(self.folder, f"{self.name}.parquet", earlier, self.partitions, memory=memory) as spill:
            for number, batch in enumerate(storage.read_table(self.file) if self.said != () else ()):
                tell(Position(number, type(self.round).__name__))
                here = numbered(batch, self.number, rows)
                rows += batch.num_rows
                spill.add(here if said is None else _with_what_was_said(here, said))
        facts = {"spills": [spill.to.groups], "rows": rows}
        timing = {"seconds": time.perf_counter() - began}
        manifest = Manifest(self.fingerprint, outputs=[spill.to.record], facts=facts, timing=timing)
        write_manifest(self.manifest_path, manifest)
        return manifest


@dataclass(frozen=True)
class Earlier:
    """A round as documents of earlier corpora see it."""

    round: Any

    sort_by: ClassVar[tuple[str, ...]] = ()
    single: ClassVar[bool] = False
    of_documents: ClassVar[bool] = False

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        routed: pa.RecordBatch = self.round.route_earlier(batch)
        return routed

    def reduce(self, rows: Iterator[pa.RecordBatch], room: Room) -> Iterator[pa.RecordBatch]:
        yield from self.round.reduce(rows, room)


def _all_said(told: Spills) -> pa.Table:
    """What was said about a shard, by row."""
    said = pa.concat_tables([storage.read_row_group(file, group) for file, group in told])
    return said.take(pc.sort_indices(said, sort_keys=[("row", "ascending")])).combine_chunks()


def _with_what_was_said(batch: pa.RecordBatch, said: pa.Table) -> pa.RecordBatch:
    """The rows of the batch that something was said about, with that as columns."""
    rows, extra = said.column("row").to_numpy(), said.drop_columns(["shard", "row"])
    first = batch.column("_row")[0].as_py() if batch.num_rows else 0
    low, high = np.searchsorted(rows, [first, first + batch.num_rows])
    batch = batch.take(pa.array(rows[low:high] - first))
    for name in extra.schema.names:
        batch = set_column(batch, name, extra.column(name).slice(low, high - low).combine_chunks())
    return batch


def kept_rows(task: ShardTask) -> tuple[Manifest, ShardTask]:
    """(the manifest of the shard's spill; a task whose input is the rows as they were then)."""
    spilled = read_manifest(join(task.folder, "work/spill", f"{task.number:06d}.json"))
    if spilled is None:
        raise DataError(f"{task.folder}: the spill of shard {task.number:06d} is gone; run again")
    kept = [join(task.folder, output.path) for output in spilled.outputs if output.path.startswith("work/rows/")]
    return spilled, replace(task, input=kept[0], schema=None, source=None, shard=None) if kept else task


def numbered_rows(task: ShardTask, columns: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    """The rows of a shard as its spill saw them, with `_shard` and `_row`; just the columns named, as far as known."""
    _, rows = kept_rows(task)
    have = storage.table_schema(rows.input).names
    wanted = [name for name in have if name in columns]
    first = 0
    for batch in storage.read_table(rows.input, wanted):
        yield numbered(widened(batch, _only(rows.schema, columns)), task.number, first)
        first += batch.num_rows


def numbered(batch: pa.RecordBatch, shard: int, first: int) -> pa.RecordBatch:
    """The batch with `_shard` and `_row`, of a shard whose rows before it were so many."""
    rows = np.arange(first, first + batch.num_rows, dtype=np.int32)
    batch = set_column(batch, "_shard", pa.array(np.full(batch.num_rows, shard, dtype=np.int32)))
    return set_column(batch, "_row", pa.array(rows))


def alive(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The rows that no rule has marked."""
    return batch.filter(pa.array(~marked(batch)))


def _only(schema: pa.Schema | None, columns: tuple[str, ...]) -> pa.Schema | None:
    return pa.schema([field for field in schema if field.name in columns]) if schema is not None else None
