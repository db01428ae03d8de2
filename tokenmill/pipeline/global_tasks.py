"""The tasks of a Global's stage.

SpillTask   one shard: run its steps, keep its rows, route them into partitions
ReduceTask  one partition: sort, reduce, and route on to the next round (or to the shards the verdicts are about)
ApplyTask   one shard: its rows and the verdicts about them become data and dropped
CutTask     one output of a Writer: the rows of the sorted whole that fall into it
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core import storage
from tokenmill.core.columns import drop, marked, set_column, split
from tokenmill.core.errors import DataError
from tokenmill.core.kinds import VERDICT, Cut, Round
from tokenmill.core.rules import step_name
from tokenmill.core.storage import join
from tokenmill.pipeline import quarantine
from tokenmill.pipeline.exchange import Spill, sorted_rows, write_groups
from tokenmill.pipeline.manifest import Manifest, read_manifest, write_manifest
from tokenmill.pipeline.shard import (
    DROPPED,
    Position,
    ShardTask,
    Tally,
    Tell,
    alive_rows,
    count_rules,
    input_schema,
    output_schema,
    widened,
    write_part,
)  # fmt: skip


@dataclass(frozen=True)
class SpillTask:
    """One shard of a Global's stage: its steps, its rows kept for later, and its first routes.

    task: the shard and its steps. keep_rows: write the rows that survive the steps, because the input does not hold
    them as they are now. dropped_to: where the drop records go: an ApplyTask will add to them, a Writer's are final.
    """

    task: ShardTask
    rounds: tuple[Round, ...]
    partitions: tuple[int, ...]
    keep_rows: bool
    dropped_to: str

    reads_input: ClassVar[bool] = True

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
    def manifest_path(self) -> str:
        return join(self.folder, "work/spill", f"{self.number:06d}.json")

    @property
    def label(self) -> str:
        return self.task.label

    def at(self, position: Position) -> "SpillTask":
        return replace(self, task=self.task.at(position))

    def __call__(self, tell: Tell) -> Manifest:
        storage.delete(self.manifest_path)
        began = time.perf_counter()
        tally = Tally()
        spills = [Spill(round, count) for round, count in zip(self.rounds, self.partitions, strict=True)]
        rows = self._routed(alive_rows(self.task, tally, tell), spills)
        outputs = []
        if self.keep_rows or quarantine.load(self.folder, self.number, self.fingerprint):
            outputs.append(write_part(self.folder, "work/rows", self.number, rows, output_schema(self.task)))
        else:
            for _ in rows:
                pass  # routing is all there is to do
        facts: dict[str, Any] = {"spills": [], "weights": [], "routed": spills[0].documents}
        for place, spill in enumerate(spills):
            record, groups = spill.write(self.folder, f"work/spill/{self.number:06d}.{place}.parquet")
            outputs.append(record)
            facts["spills"].append(groups)
            facts["weights"].append(spill.weights)
        outputs.append(write_part(self.folder, self.dropped_to, self.number, tally.dropped, DROPPED))
        manifest = replace(tally.manifest(self.task, outputs, time.perf_counter() - began), facts=facts)
        write_manifest(self.manifest_path, manifest)
        return manifest

    def _routed(self, batches: Iterator[pa.RecordBatch], spills: list["Spill"]) -> Iterator[pa.RecordBatch]:
        first = 0
        for batch in batches:
            numbered = _numbered(batch, self.number, first)
            first += batch.num_rows
            alive = numbered.filter(pa.array(~marked(numbered)))
            for spill in spills:
                spill.add(alive)
            yield batch


@dataclass(frozen=True)
class ReduceTask:
    """One partition of one round. spills: (file, row group) to read. next: the round its result is routed to, if any.

    Without a next round the result is verdicts (routed to the shards they are about), or nothing at all (UniqueIds).
    """

    folder: str
    number: int
    fingerprint: str
    stage_round: int
    round: Round
    spills: tuple[tuple[str, int], ...]
    next: Round | None = None
    next_partitions: int = 1
    verdicts: bool = False

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
        storage.delete(self.manifest_path)
        began = time.perf_counter()
        tell(Position(0, type(self.round).__name__))
        rows = list(self.round.reduce(sorted_rows(self.spills, self.round.sort_by)))
        table = (
            pa.Table.from_batches([batch for batch in rows if batch.num_rows])
            if any(b.num_rows for b in rows)
            else None
        )
        outputs: list[storage.FileRecord] = []
        facts: dict[str, Any] = {}
        said = (table.schema.metadata or {}).get(b"facts") if table is not None else None
        if table is not None and self.next is not None:
            spill = Spill(self.next, self.next_partitions)
            for batch in table.to_batches():
                spill.add(batch)
            record, groups = spill.write(self.folder, f"{self.name}.parquet")
            outputs, facts = [record], {"spills": [groups], "weights": [spill.weights]}
        elif table is not None and self.verdicts:
            record, groups = write_groups(_by_shard(table), self.folder, f"{self.name}.parquet", VERDICT)
            outputs, facts = [record], {"verdicts": groups}
        if said:
            facts["said"] = json.loads(said)  # what the round counted besides its rows
        manifest = Manifest(
            self.fingerprint, outputs=outputs, facts=facts, timing={"seconds": time.perf_counter() - began}
        )
        write_manifest(self.manifest_path, manifest)
        return manifest


def _by_shard(verdicts: pa.Table) -> Iterator[tuple[int, pa.Table]]:
    table = verdicts.cast(VERDICT).sort_by([("shard", "ascending"), ("row", "ascending")])
    shards = table.column("shard").to_numpy()
    for shard in np.unique(shards):
        low, high = np.searchsorted(shards, [shard, shard + 1])
        yield int(shard), table.slice(low, high - low)


@dataclass(frozen=True)
class ApplyTask:
    """One shard gets its verdicts. Its rows are those its spill kept, or else those of its input, in the same order."""

    task: ShardTask
    final: Any
    verdicts: tuple[tuple[str, int], ...]

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
    def manifest_path(self) -> str:
        return self.task.manifest_path

    @property
    def label(self) -> str:
        return f"{self.task.label} apply"

    def at(self, position: Position) -> "ApplyTask":
        return self

    def __call__(self, tell: Tell) -> Manifest:
        storage.delete(self.manifest_path)
        began = time.perf_counter()
        tell(Position(0, "apply"))
        spilled = read_manifest(join(self.folder, "work/spill", f"{self.number:06d}.json"))
        if spilled is None:
            raise DataError(f"{self.folder}: the spill of shard {self.number:06d} is gone; run again")
        kept = [join(self.folder, output.path) for output in spilled.outputs if output.path.startswith("work/rows/")]
        rows = replace(self.task, input=kept[0], schema=None, source=None, shard=None) if kept else self.task
        tally = Tally(drops=dict(spilled.drops), marked=dict(spilled.marked))
        tally.dropped = list(storage.read_table(join(self.folder, f"work/dropped/{self.number:06d}.parquet")))
        verdicts = [storage.read_row_group(file, group) for file, group in self.verdicts]
        decided = pa.concat_tables(verdicts) if verdicts else VERDICT.empty_table()
        outputs = [
            write_part(self.folder, "data", self.number, self._judged(rows, decided, tally), self._schema(rows)),
            write_part(self.folder, "dropped", self.number, tally.dropped, DROPPED),
        ]
        made = tally.manifest(rows, outputs, time.perf_counter() - began)
        manifest = replace(
            made,
            inputs=spilled.inputs,
            rows_in=spilled.rows_in,
            bytes_in=spilled.bytes_in,
            damage=spilled.damage,
            by_source={
                name: [counts[0], made.by_source.get(name, [0, 0])[1]] for name, counts in spilled.by_source.items()
            },
            timing={
                "seconds": round(made.timing["seconds"] + spilled.timing["seconds"], 3),
                "steps": spilled.timing["steps"] | {step_name(self.final): made.timing["seconds"]},
                "peak_rss_bytes": max(made.timing["peak_rss_bytes"], spilled.timing["peak_rss_bytes"]),
            },
        )
        write_manifest(self.manifest_path, manifest)
        return manifest

    def _judged(self, rows: ShardTask, verdicts: pa.Table, tally: Tally) -> Iterator[pa.RecordBatch]:
        first = 0
        for batch in storage.read_table(rows.input):
            batch = widened(batch, rows.schema)
            marked_before = marked(batch)
            batch = _with_verdicts(batch, verdicts, first, self.final)
            first += batch.num_rows
            if rows.mark_only:
                count_rules(batch.filter(pa.array(marked(batch) & ~marked_before)), tally.marked)
                alive = batch
            else:
                alive, gone = split(batch)
                alive = alive.drop_columns(["duplicate_of", "similarity"])
                tally.drop(gone, rows.excerpts)
            tally.go_out(alive)
            yield alive

    def _schema(self, rows: ShardTask) -> pa.Schema:
        empty = pa.RecordBatch.from_pylist([], schema=input_schema(rows))
        judged = _with_verdicts(empty, VERDICT.empty_table(), 0, self.final)
        return judged.schema if rows.mark_only else judged.drop_columns(["duplicate_of", "similarity"]).schema


def _with_verdicts(batch: pa.RecordBatch, verdicts: pa.Table, first: int, final: Any) -> pa.RecordBatch:
    """The rows first, first + 1, … of a shard, marked and with the signals their verdicts bring."""
    rows = verdicts.column("row").to_numpy()
    inside = verdicts.filter(pa.array((rows >= first) & (rows < first + batch.num_rows))).combine_chunks()
    passed_over = marked(batch)
    place = np.full(batch.num_rows, -1, dtype=np.int64)
    place[inside.column("row").to_numpy() - first] = np.arange(inside.num_rows)
    found = pa.array(place, mask=place < 0)
    about = {name: inside.column(name).combine_chunks().take(found) for name in VERDICT.names}
    for rule in sorted(set(about["drop_rule"].drop_null().to_pylist())):
        hit = pc.equal(about["drop_rule"], rule)
        batch = drop(batch, hit, rule, about["drop_measured"], about["drop_threshold"])
    for name in ("duplicate_of", "similarity"):
        known = name in batch.schema.names  # of a row that a Global before marked, with --mark-only
        batch = set_column(batch, name, pc.coalesce(batch.column(name), about[name]) if known else about[name])
    size = f"{step_name(final)}.cluster_size"
    if size in final.adds:
        sizes = pc.fill_null(about["cluster_size"], 1)
        batch = set_column(batch, size, pc.if_else(pa.array(passed_over), pa.scalar(None, sizes.type), sizes))
    return batch


@dataclass(frozen=True)
class CutTask:
    """One output of a Writer. spills: (file, row group, partition) of the partitions it overlaps, in partition order.

    before: cumulative weight of the cut's split in all partitions before the first of these.
    """

    folder: str
    number: int
    fingerprint: str
    final: Any
    round: Round
    cut: Cut
    before: int
    spills: tuple[tuple[tuple[str, int], ...], ...] = field(default=())

    reads_input: ClassVar[bool] = False

    @property
    def manifest_path(self) -> str:
        return join(self.folder, "work/cuts", f"{self.number:06d}.json")

    @property
    def label(self) -> str:
        return f"{self.folder.rpartition('/')[2]} {self.cut.split} {self.cut.number:06d}"

    def at(self, position: Position) -> "CutTask":
        return self

    def __call__(self, tell: Tell) -> Manifest:
        storage.delete(self.manifest_path)
        began = time.perf_counter()
        tell(Position(0, "write"))
        files, facts = self.final.write(self.cut, self._rows(), join(self.folder, "corpus"))
        outputs = [_relative(file, self.folder) for file in files]
        manifest = Manifest(
            self.fingerprint, outputs=outputs, facts=facts, timing={"seconds": time.perf_counter() - began}
        )
        write_manifest(self.manifest_path, manifest)
        return manifest

    def _rows(self) -> Iterator[pa.RecordBatch]:
        total = self.before
        for partition in self.spills:
            for batch in self.round.reduce(sorted_rows(partition, self.round.sort_by)):
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


def _numbered(batch: pa.RecordBatch, shard: int, first: int) -> pa.RecordBatch:
    rows = np.arange(first, first + batch.num_rows, dtype=np.int32)
    batch = set_column(batch, "_shard", pa.array(np.full(batch.num_rows, shard, dtype=np.int32)))
    return set_column(batch, "_row", pa.array(rows))
