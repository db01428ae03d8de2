"""The first and the last tasks of a Global's stage. The tasks between them are in reduce_tasks.py.

SpillTask   runs the steps of some shards, keeps their rows and routes them into partitions
ApplyTask   applies the verdicts to the rows of some shards and writes data and drop records
CutTask     writes one output of a Writer from the rows of the sorted whole that belong to it
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.columns import drop, marked, set_column, split, widened
from tokenmill.core.errors import DataError
from tokenmill.core.io import parquet, storage
from tokenmill.core.io.storage import join
from tokenmill.core.kinds import VERDICT, Cut, Global, JsonObject, Repeating, Rewriting, Room, Round, Writer
from tokenmill.core.rules import step_name
from tokenmill.pipeline.exchange.exchange import Spill, spill_file
from tokenmill.pipeline.exchange.ranges import RangeSet
from tokenmill.pipeline.exchange.reduce_tasks import (
    COUNTED,
    ROWS,
    about,
    alive,
    all_said,
    kept_rows,
    numbered,
    shard_manifest_path,
)
from tokenmill.pipeline.exchange.room import buffer_bytes, room_for
from tokenmill.pipeline.exchange.sorted_rows import sorted_rows
from tokenmill.pipeline.record.ledger import standing
from tokenmill.pipeline.record.manifest import Manifest, write_manifest
from tokenmill.pipeline.record.notes import FACT as NOTES_FACT
from tokenmill.pipeline.record.task import Position, TaskName, Tell
from tokenmill.pipeline.tasks import quarantine
from tokenmill.pipeline.tasks.drop_records import DROPPED
from tokenmill.pipeline.tasks.shard import (
    ShardTask,
    Tally,
    alive_rows,
    count_rules,
    input_schema,
    output_schema,
    write_part,
)  # fmt: skip
from tokenmill.pipeline.tasks.step_call import raised_facts, raised_of


@dataclass(frozen=True)
class SpillTask:
    """Runs the steps of some shards of a Global's stage, keeps their rows for later, and routes them in one spill.

    Attributes:
        rounds: the rounds that get the rows: the first of the Global, then UniqueIds if ids must be compared.
        partitions: number of partitions of each round.
        keep_rows: write the rows after the steps, because the input does not have them in this state.
        dropped_to: folder of the drop records: work/dropped if an ApplyTask adds to them; dropped in a Writer's stage,
            where they are final.
        memory: memory of a worker, in bytes.
    """

    name: TaskName
    tasks: tuple[ShardTask, ...]
    rounds: tuple[Round, ...]
    partitions: tuple[int, ...]
    keep_rows: bool
    dropped_to: str
    memory: int

    @property
    def row_files(self) -> list[str]:
        """Returns the paths of the files per shard that it writes for later tasks, below the stage's folder."""
        numbers = [f"{task.name.number:06d}" for task in self.tasks]
        tables = [f"{kind}/{number}.parquet" for kind in (ROWS, self.dropped_to) for number in numbers]
        return [*tables, *(f"{COUNTED}/{number}.json" for number in numbers)]

    def name_at(self, position: Position) -> TaskName:
        return self._at(position).name

    def at(self, position: Position) -> Self:
        guilty = self._at(position)
        return replace(self, tasks=tuple(task.at(position) if task is guilty else task for task in self.tasks))

    def _at(self, position: Position) -> ShardTask:
        return next((task for task in self.tasks if task.name.number == position.shard), self.tasks[0])

    def __call__(self, tell: Tell) -> Manifest:
        began = time.perf_counter()
        with ExitStack() as stack:
            spills = [stack.enter_context(self._spill(place)) for place in range(len(self.rounds))]
            shards = [self._shard(task, spills, tell) for task in self.tasks]
        manifest = Manifest(
            self.name.fingerprint,
            rows_in=sum(one.rows_in for one in shards),
            rows_out=sum(one.rows_out for one in shards),
            drops=dict(sum((Counter(one.drops) for one in shards), Counter())),
            bytes_in=sum(one.bytes_in for one in shards),
            outputs=[spill.to.record for spill in spills] + [output for one in shards for output in one.outputs],
            facts={
                "spills": [spill.to.ranges.facts() for spill in spills],
                "weights": [spill.weights for spill in spills],
                "routed": spills[0].documents,
                **raised_facts(raised_of(one.facts) for one in shards),
            },
            timing={"seconds": time.perf_counter() - began},
        )
        write_manifest(self.name.manifest_path, manifest)
        return manifest

    def _shard(self, task: ShardTask, spills: list[Spill], tell: Tell) -> Manifest:
        began = time.perf_counter()
        tally = Tally()
        outputs: list[storage.FileRecord] = []
        sources: dict[str, int] = {}
        rows = alive_rows(task, tally, lambda at: tell(replace(at, shard=task.name.number)))
        rows = self._routed(task, rows, spills, sources)
        if self.keep_rows or quarantine.load(task.name):
            outputs.append(write_part(task.name, ROWS, rows, output_schema(task)))
        else:
            for _ in rows:
                pass  # the rows are only routed
        for problem in tally.unreadable.values():
            raise DataError(problem)  # a Global must not run if input is missing
        outputs.append(write_part(task.name, self.dropped_to, tally.dropped, DROPPED))
        manifest = tally.manifest(task, outputs, time.perf_counter() - began)
        facts: JsonObject = {"rows": tally.rows_out, "sources": sources, **manifest.facts}
        manifest = replace(manifest, facts=facts)
        write_manifest(shard_manifest_path(task), manifest)
        return manifest

    def _spill(self, place: int) -> AbstractContextManager[Spill]:
        name, memory = f"{self.name.stem}.{place}.ranges", buffer_bytes(self.memory) // len(self.rounds)
        return spill_file(self.name.folder, name, self.rounds[place], self.partitions[place], memory=memory)

    def _routed(
        self, task: ShardTask, batches: Iterator[pa.RecordBatch], spills: list[Spill], sources: dict[str, int]
    ) -> Iterator[pa.RecordBatch]:
        first = 0
        for batch in batches:
            living = alive(numbered(batch, task.name.number, first))
            first += batch.num_rows
            for spill in spills:
                spill.add(living)
            _count_sources(living, sources)
            yield batch


def _count_sources(batch: pa.RecordBatch, counts: dict[str, int]) -> None:
    if "source" not in batch.schema.names:
        counts[""] = counts.get("", 0) + batch.num_rows
        return
    for pair in pc.value_counts(pc.fill_null(batch.column("source"), "")).to_pylist():
        counts[pair["values"]] = counts.get(pair["values"], 0) + pair["counts"]


@dataclass(frozen=True)
class ApplyTask:
    """Applies the verdicts to some shards.

    The rows of a shard are those that its spill kept, otherwise those of its input, in the same order. A shard that is
    done is not written again.
    """

    name: TaskName
    tasks: tuple[ShardTask, ...]
    final: Global
    verdicts: RangeSet

    def __call__(self, tell: Tell) -> Manifest:
        began = time.perf_counter()
        said = all_said(self.verdicts)
        decided = self._nothing_said() if said is None else said
        outputs: list[storage.FileRecord] = []
        change = 0
        for task in self.tasks:
            tell(Position(0, "apply"))
            made, before = self._shard(task, about(decided, task.name.number))
            outputs += made.outputs
            change += made.rows_out - before
        manifest = Manifest(
            self.name.fingerprint,
            outputs=outputs,
            facts={"rows_change": change},
            timing={"seconds": time.perf_counter() - began},
        )
        write_manifest(self.name.manifest_path, manifest)
        return manifest

    def _shard(self, task: ShardTask, decided: pa.Table) -> tuple[Manifest, int]:
        """Returns (the shard's manifest, its number of rows before the verdicts; after them if it was already done)."""
        made_before = standing(task.name)
        if made_before is not None:
            return made_before, made_before.rows_out
        began = time.perf_counter()
        spilled, rows = kept_rows(task)
        tally = Tally(drops=dict(spilled.drops), marked=dict(spilled.marked))
        [dropped] = spilled.files(task.name.folder, "work/dropped")
        tally.dropped = list(parquet.read_checked(dropped))
        outputs = [
            write_part(task.name, "data", self._judged(rows, decided, tally), self._schema(rows)),
            write_part(task.name, "dropped", tally.dropped, DROPPED),
        ]
        made = tally.manifest(rows, outputs, time.perf_counter() - began)
        manifest = replace(
            made,
            inputs=spilled.inputs,
            rows_in=spilled.rows_in,
            bytes_in=spilled.bytes_in,
            damage=spilled.damage,
            unreadable=spilled.unreadable,
            edits=spilled.edits | made.edits,
            facts=made.facts | {name: spilled.facts[name] for name in (NOTES_FACT,) if name in spilled.facts},
            by_source={
                name: [counts[0], made.by_source.get(name, [0, 0])[1]] for name, counts in spilled.by_source.items()
            },
            timing={
                "seconds": round(made.timing["seconds"] + spilled.timing["seconds"], 3),
                "steps": spilled.timing["steps"] | {step_name(self.final): made.timing["seconds"]},
                "peak_rss_bytes": max(made.timing["peak_rss_bytes"], spilled.timing["peak_rss_bytes"]),
            },
        )
        write_manifest(task.name.manifest_path, manifest)
        return manifest, spilled.rows_out

    def _judged(self, rows: ShardTask, verdicts: pa.Table, tally: Tally) -> Iterator[pa.RecordBatch]:
        first = 0
        assert rows.input is not None  # the spill keeps the rows of a Source
        for batch in parquet.read_checked(rows.input):
            batch = widened(batch, rows.schema)
            marked_before, before = marked(batch), batch
            batch = self._told(batch, verdicts, first)
            tally.edit(step_name(self.final), before, batch)
            del before
            first += batch.num_rows
            if rows.mark_only:
                count_rules(batch.filter(pa.array(marked(batch) & ~marked_before)), tally.marked)
                tally.go_out(batch)
                yield batch
                continue
            alive, gone = split(batch)
            tally.drop(gone, rows.excerpts)
            yield from self._repeated(_without_verdict(alive), tally)

    def _repeated(self, alive: pa.RecordBatch, tally: Tally) -> Iterator[pa.RecordBatch]:
        tally.repeated -= alive.num_rows
        for part in self.final.repeat(alive) if isinstance(self.final, Repeating) else (alive,):
            tally.repeated += part.num_rows
            tally.go_out(part)
            yield part

    def _schema(self, rows: ShardTask) -> pa.Schema:
        empty = pa.RecordBatch.from_pylist([], schema=input_schema(rows))
        judged = self._told(empty, self._nothing_said(), 0)
        return judged.schema if rows.mark_only else _without_verdict(judged).schema

    def _nothing_said(self) -> pa.Table:
        return self.final.SAID.empty_table() if isinstance(self.final, Rewriting) else VERDICT.empty_table()

    def _told(self, batch: pa.RecordBatch, said: pa.Table, first: int) -> pa.RecordBatch:
        """Applies the Global's verdicts, or its rewrite, to the rows of a shard that begin at row `first`."""
        rows = said.column("row").to_numpy()
        about = (rows >= first) & (rows < first + batch.num_rows)
        if not isinstance(self.final, Rewriting):
            return _with_verdicts(batch, said.filter(pa.array(about)).combine_chunks(), first, self.final)
        inside = said.filter(pa.array(about | (rows < 0))).combine_chunks()
        place = inside.schema.get_field_index("row")
        return self.final.rewrite(batch, inside.set_column(place, "row", pc.subtract(inside.column("row"), first)))


def _without_verdict(batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch.select([name for name in batch.schema.names if name not in ("duplicate_of", "similarity")])


def _with_verdicts(batch: pa.RecordBatch, inside: pa.Table, first: int, final: Global) -> pa.RecordBatch:
    """Marks the rows of a shard that begin at row `first` by their verdicts, and adds the verdicts' signals.

    inside: the verdicts about these rows.
    """
    passed_over = marked(batch)
    place = np.full(batch.num_rows, -1, dtype=np.int64)
    place[inside.column("row").to_numpy() - first] = np.arange(inside.num_rows)
    found = pa.array(place, mask=place < 0)
    about = {name: inside.column(name).combine_chunks().take(found) for name in VERDICT.names}
    for rule in sorted(set(about["drop_rule"].drop_null().to_pylist())):
        hit = pc.equal(about["drop_rule"], rule)
        batch = drop(batch, hit, rule, about["drop_measured"], about["drop_threshold"])
    for name in ("duplicate_of", "similarity"):
        known = name in batch.schema.names  # with --mark-only, from an earlier Global
        batch = set_column(batch, name, pc.coalesce(batch.column(name), about[name]) if known else about[name])
    size = f"{step_name(final)}.cluster_size"
    if size in final.adds:
        sizes = pc.fill_null(about["cluster_size"], 1)
        batch = set_column(batch, size, pc.if_else(pa.array(passed_over), pa.scalar(None, sizes.type), sizes))
    return batch


@dataclass(frozen=True)
class CutTask:
    """Writes one output of a Writer.

    Attributes:
        before: sum of the weights of the cut's split in all partitions before the first of `partitions`.
        memory: memory of a worker, in bytes.
        partitions: the ranges of each partition that the output overlaps, in the order of the partitions. Default none.
    """

    name: TaskName
    final: Writer
    round: Round
    cut: Cut
    before: int
    memory: int
    partitions: tuple[RangeSet, ...] = field(default=())

    def __call__(self, tell: Tell) -> Manifest:
        began = time.perf_counter()
        tell(Position(0, "write"))
        folder = self.name.folder
        with room_for(folder, memory=self.memory, shard_rows={}) as room:
            files, facts = self.final.write(self.cut, self._rows(room), join(folder, "corpus"))
        outputs = [_relative(file, folder) for file in files]
        manifest = Manifest(
            self.name.fingerprint, outputs=outputs, facts=facts, timing={"seconds": time.perf_counter() - began}
        )
        write_manifest(self.name.manifest_path, manifest)
        return manifest

    def _rows(self, room: Room) -> Iterator[pa.RecordBatch]:
        total = self.before
        for partition in self.partitions:
            for batch in self.round.reduce(sorted_rows(partition.tables(), self.round.sort_by, room), room):
                mine = batch.filter(pc.equal(batch.column("_split"), self.cut.split))
                weights = mine.column("_weight").to_numpy(zero_copy_only=False)
                starts = total + np.cumsum(weights) - weights
                total += int(weights.sum())
                inside = (starts >= self.cut.low) & (starts < self.cut.high)
                if inside.any():
                    yield mine.filter(pa.array(inside))


def _relative(file: str, folder: str) -> storage.FileRecord:
    record = storage.file_record(file)
    return replace(record, path=file.removeprefix(folder.rstrip("/") + "/"))
