"""Runs one shard through one stage: reads it, runs the steps, writes documents, drop records and manifest.

A task is a pure function from files to files, the same on all engines. Rows come batch by batch from a Source or from
the stage before. Each step runs on a batch. After each step the marked rows are removed from the batch and become drop
records, so later steps spend no time on them. With --mark-only no row is removed. The manifest is written last; a task
without a manifest is not done.
"""

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.columns import (
    DOCUMENT,
    MARKS,
    as_mask,
    drop,
    marked,
    set_column,
    split,
    widened,
)
from tokenmill.core.io import parquet
from tokenmill.core.io.storage import FileRecord, join
from tokenmill.core.kinds import JsonObject, Shard, Source, Step
from tokenmill.core.memory import give_back, peak_rss_bytes
from tokenmill.core.rules import step_name
from tokenmill.pipeline.record.manifest import Manifest, write_manifest
from tokenmill.pipeline.record.notes import ByStep, notes_facts
from tokenmill.pipeline.record.task import Position, TaskName, Tell
from tokenmill.pipeline.tasks import quarantine
from tokenmill.pipeline.tasks.drop_records import DROPPED, NO_EXCERPTS, Excerpts, drop_records
from tokenmill.pipeline.tasks.edits import text_changes
from tokenmill.pipeline.tasks.mark_only import with_first_marks, without_marks
from tokenmill.pipeline.tasks.pieces import PIECE_BYTES, pieces
from tokenmill.pipeline.tasks.source_rows import Hashes, input_records, source_rows
from tokenmill.pipeline.tasks.step_call import Raised, apply_step, raised_facts

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ShardTask:
    """The task of one shard of one stage. It reads `shard` of `source`, or else the Parquet file `input`.

    Attributes:
        schema: the columns that the input gets, if the stage reads several stages with different columns.
        mark_only: rows are marked, not removed.
        limit: largest number of documents to read.
        missing: names of the inputs that the stage lacks, for the manifest.
        probe: number of the batch to run row by row, to find the document that killed a worker.
    """

    name: TaskName
    steps: tuple[Step, ...]
    excerpts: Excerpts
    source: Source | None = None
    shard: Shard | None = None
    input: FileRecord | None = None
    schema: pa.Schema | None = None
    mark_only: bool = False
    limit: int | None = None
    missing: tuple[str, ...] = ()
    probe: int | None = None

    def at(self, position: Position) -> Self:
        """Returns the same task, which runs the batch at `position` row by row."""
        return replace(self, probe=position.batch)

    def name_at(self, position: Position) -> TaskName:
        return self.name

    def __call__(self, tell: Tell) -> Manifest:
        began = time.perf_counter()
        tally = Tally()
        rows = alive_rows(self, tally, tell)
        written = [
            write_part(self.name, "data", rows, output_schema(self)),
            write_part(self.name, "dropped", tally.dropped, DROPPED),
        ]
        manifest = tally.manifest(self, written, time.perf_counter() - began)
        write_manifest(self.name.manifest_path, manifest)
        return manifest


@dataclass
class Tally:
    """The counts of one task, its drop records and its input hashes, collected while its rows pass.

    Attributes:
        repeated: number of rows that a Repeating Global added.
        marked: {rule: rows that it marked first}, with --mark-only.
        damage: {input file: {rule: rows that mean damage}}.
        by_source: {source: [rows in, rows out]}.
        edits: {step: [documents with a changed text, their code points before, after]}.
        notes: {step: {topic: its notes}}.
    """

    rows_in: int = 0
    rows_out: int = 0
    repeated: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    drops: dict[str, int] = field(default_factory=dict)
    marked: dict[str, int] = field(default_factory=dict)
    damage: dict[str, dict[str, int]] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    by_source: dict[str, list[int]] = field(default_factory=dict)
    edits: dict[str, list[int]] = field(default_factory=dict)
    step_seconds: dict[str, float] = field(default_factory=dict)
    dropped: list[pa.RecordBatch] = field(default_factory=list)
    raised: dict[str, Raised] = field(default_factory=dict)
    notes: ByStep = field(default_factory=dict)
    hashes: Hashes = field(default_factory=dict)
    _unsettled: list[tuple[int, pa.RecordBatch]] = field(default_factory=list)

    def come_in(self, batch: pa.RecordBatch) -> None:
        self.rows_in += batch.num_rows
        self.bytes_in += _text_bytes(batch)
        self._count_sources(batch, 0)

    def go_out(self, batch: pa.RecordBatch) -> None:
        self.rows_out += batch.num_rows
        self.bytes_out += _text_bytes(batch)
        self._count_sources(batch, 1)

    def drop(self, gone: pa.RecordBatch, excerpts: Excerpts, *, place: int | None = None) -> None:
        """Counts marked rows by rule and adds their drop records.

        place: number of the step in the stage. Its records wait until settle() puts them in order. None: they do not.
        """
        if gone.num_rows:
            count_rules(gone, self.drops)
            records = drop_records(gone, excerpts)
            if place is None:
                self.dropped.append(records)
            else:
                self._unsettled.append((place, records))

    def edit(self, step: str, before: pa.RecordBatch, after: pa.RecordBatch) -> None:
        """Counts the documents whose text a step changed, and their characters before and after."""
        changed = text_changes(before, after)
        if changed[0]:
            self.edits[step] = [a + b for a, b in zip(self.edits.get(step, (0, 0, 0)), changed, strict=True)]

    def settle(self) -> None:
        """Orders the drop records of the batch by step, as if the batch had not been cut into pieces."""
        self.dropped += [records for _, records in sorted(self._unsettled, key=lambda placed: placed[0])]
        self._unsettled.clear()

    def manifest(self, task: ShardTask, outputs: list[FileRecord], seconds: float) -> Manifest:
        return Manifest(
            fingerprint=task.name.fingerprint,
            inputs=self._inputs(task),
            rows_in=self.rows_in,
            rows_out=self.rows_out,
            repeated=self.repeated,
            drops=dict(sorted(self.drops.items())),
            marked=dict(sorted(self.marked.items())),
            damage={file: dict(sorted(counts.items())) for file, counts in sorted(self.damage.items())},
            unreadable=dict(sorted(self.unreadable.items())),
            by_source=dict(sorted(self.by_source.items())),
            edits=dict(sorted(self.edits.items())),
            missing=list(task.missing),
            bytes_in=self.bytes_in,
            bytes_out=self.bytes_out,
            outputs=outputs,
            facts=raised_facts([self.raised]) | notes_facts(self.notes),
            timing={
                "seconds": round(seconds, 3),
                "steps": {name: round(value, 4) for name, value in self.step_seconds.items()},
                "peak_rss_bytes": peak_rss_bytes(),
            },
        )

    def _inputs(self, task: ShardTask) -> list[JsonObject]:
        if task.shard is None:
            return [{"file": _committed(task).path}]
        # with a limit only a few documents of a file are read, and hashing the whole file would cost more than that
        return input_records(task.shard, self.hashes, hashed=task.limit is None)

    def _count_sources(self, batch: pa.RecordBatch, place: int) -> None:
        if "source" in batch.schema.names and batch.num_rows:
            for pair in pc.value_counts(batch.column("source")).to_pylist():
                self.by_source.setdefault(str(pair["values"]), [0, 0])[place] += pair["counts"]


def alive_rows(task: ShardTask, tally: Tally, tell: Tell) -> Iterator[pa.RecordBatch]:
    """Yields the rows of a shard's task after its steps, piece by piece. Counts and drop records go to the tally."""
    banned = quarantine.load(task.name)
    for number, batch in enumerate(_read(task, tell, tally)):
        tally.come_in(batch)
        _count_damage(batch, task, tally.damage)
        batch, poison = _without(batch, banned)
        tally.drop(poison, NO_EXCERPTS)
        for part in _one_by_one(batch) if number == task.probe else pieces(batch, PIECE_BYTES):
            known = np.zeros(part.num_rows, dtype=np.bool_) if task.source is not None else marked(part)
            part = _run_steps(task, part, number, tally, tell)
            if task.mark_only:
                count_rules(part.filter(pa.array(marked(part) & ~known)), tally.marked)
            tally.go_out(part)
            give_back()  # otherwise the memory that the steps used is still held while the writer needs its own
            yield part
        tally.settle()
        batch = part = None  # otherwise they stay in memory while the next batch is read


def output_schema(task: ShardTask) -> pa.Schema:
    """Returns the columns of the output of a shard's task, without transient columns (`_…`).

    They are found by running the steps on an empty batch. Raises CodeError for a step that raises on it.
    """
    empty = pa.RecordBatch.from_pylist([], schema=input_schema(task))
    for step in task.steps:
        empty = _apply(task, step, empty)
    if task.mark_only:
        for name in MARKS.names:
            empty = empty if name in empty.schema.names else set_column(empty, name, pa.nulls(0, pa.string()))
    return pa.schema([column for column in empty.schema if not column.name.startswith("_")])


def input_schema(task: ShardTask) -> pa.Schema:
    """Returns the columns that the task of a shard reads, in order."""
    if task.schema is not None:
        return task.schema
    if task.source is not None:
        own = [DOCUMENT.field(name) for name in task.source.adds if name in DOCUMENT.names]
        return pa.schema([*own, *task.source.traits.signals])
    return parquet.checked_schema(_committed(task))


def write_part(task: TaskName, kind: str, rows: Iterable[pa.RecordBatch], schema: pa.Schema) -> FileRecord:
    """Writes rows of a shard to `<kind>/<number>.parquet` in the stage's folder.

    The path in the result is relative to it.
    """
    name = f"{kind}/{task.number:06d}.parquet"
    sync = not kind.startswith("work/")
    return replace(parquet.write_table(rows, join(task.folder, name), schema=schema, sync=sync), path=name)


def count_rules(batch: pa.RecordBatch, counts: dict[str, int]) -> None:
    """Adds the number of rows of a batch that each rule marked to `counts`."""
    if "drop_rule" in batch.schema.names:
        for pair in pc.value_counts(batch.column("drop_rule").drop_null()).to_pylist():
            counts[pair["values"]] = counts.get(pair["values"], 0) + pair["counts"]


def _read(task: ShardTask, tell: Tell, tally: "Tally") -> Iterator[pa.RecordBatch]:
    tell(Position(-1, "read"))
    if task.source is not None and task.shard is not None:
        batches = source_rows(task.source, task.shard, tally.unreadable, tally.hashes)
    else:
        batches = parquet.read_checked(_committed(task))
    left = task.limit
    for number, batch in enumerate(batches):
        if left is not None:
            batch, left = batch.slice(0, left), max(0, left - batch.num_rows)
        yield widened(batch, task.schema)
        del batch  # otherwise it stays in memory while the next one is read
        tell(Position(number, "read"))
        if left == 0:
            return


def _committed(task: ShardTask) -> FileRecord:
    assert task.input is not None  # because the task has no source
    return task.input


def _without(batch: pa.RecordBatch, banned: dict[str, str]) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """Returns (rows that may run, rows that killed a worker before, marked).

    The latter are removed in every mode, also with --mark-only.
    """
    if not banned:
        return batch, batch.slice(0, 0)
    ids = batch.column("id")
    poison = as_mask(pc.is_in(ids, value_set=pa.array(sorted(banned), type=ids.type)))
    if not poison.any():
        return batch, batch.slice(0, 0)
    gone = batch.filter(pa.array(poison))
    for id, step in banned.items():
        gone = drop(gone, pc.equal(gone.column("id"), id), f"{step}.quarantined", None, None)
    return batch.filter(pa.array(~poison)), gone


def _one_by_one(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    return (batch.slice(row, 1) for row in range(batch.num_rows))


def _run_steps(task: ShardTask, batch: pa.RecordBatch, number: int, tally: Tally, tell: Tell) -> pa.RecordBatch:
    id = batch.column("id")[0].as_py() if task.probe == number else ""
    batch = _compact(task, batch, tally, 0)
    for place, step in enumerate(task.steps, start=1):
        name = step_name(step)
        tell(Position(number, name, id))
        began = time.perf_counter()
        before = batch
        batch = _apply(task, step, batch, tally.raised.setdefault(name, Raised()), tally.notes)
        tally.edit(name, before, batch)
        del before  # otherwise its text stays in memory while the next step runs
        tally.step_seconds[name] = tally.step_seconds.get(name, 0.0) + time.perf_counter() - began
        batch = _compact(task, batch, tally, place)
    tell(Position(number, "write", id))
    return batch


def _compact(task: ShardTask, batch: pa.RecordBatch, tally: Tally, place: int) -> pa.RecordBatch:
    if task.mark_only:
        return batch
    batch, gone = split(batch)
    tally.drop(gone, task.excerpts, place=place)
    return batch


def _apply(
    task: ShardTask, step: Step, batch: pa.RecordBatch, raised: Raised | None = None, notes: ByStep | None = None
) -> pa.RecordBatch:
    if not task.mark_only:
        return apply_step(step, batch, raised, notes)
    return with_first_marks(apply_step(step, without_marks(batch), raised, notes), batch, step_name(step))


def _count_damage(batch: pa.RecordBatch, task: ShardTask, damage: dict[str, dict[str, int]]) -> None:
    """Counts the rows of a Source that mean a damaged file, by file and rule."""
    if task.source is None or task.shard is None or "drop_rule" not in batch.schema.names:
        return
    bad = batch.filter(pc.is_in(batch.column("drop_rule"), pa.array(task.source.traits.damage, pa.string())))
    places = bad.column("locator").to_pylist() if "locator" in bad.schema.names else [None] * bad.num_rows
    for place, rule in zip(places, bad.column("drop_rule").to_pylist(), strict=True):
        counts = damage.setdefault(place["file"] if place else task.shard.file, {})
        counts[rule] = counts.get(rule, 0) + 1


def _text_bytes(batch: pa.RecordBatch) -> int:
    if "text" not in batch.schema.names or not batch.num_rows:
        return 0
    return int(pc.sum(pc.binary_length(batch.column("text"))).as_py() or 0)
