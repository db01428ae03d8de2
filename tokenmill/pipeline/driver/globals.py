"""Runs a Global's stage: spills all shards, reduces round by round, then applies the verdicts or cuts the corpus."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tokenmill.core.errors import DamagedFile, DataError
from tokenmill.core.io import storage
from tokenmill.core.io.storage import join
from tokenmill.core.kinds import Concluding, Cut, EarlierRound, Global, JsonObject, Remembering, Round, Writer
from tokenmill.pipeline.driver.outputs import delete_unlisted, whole_record, write_shard_manifests
from tokenmill.pipeline.exchange.exchange import UniqueIds, map_groups, merge_groups, partition_count, wants_merging
from tokenmill.pipeline.exchange.global_tasks import ApplyTask, CutTask, SpillTask
from tokenmill.pipeline.exchange.ranges import NO_RANGE_SET, RangeSet, range_sets
from tokenmill.pipeline.exchange.reduce_tasks import (
    CountTask,
    EarlierTask,
    MergeTask,
    RecallTask,
    ReduceTask,
    all_needed,
    group_name,
    shard_manifest_path,
    spilled,
)
from tokenmill.pipeline.exchange.shard_rows import SHARDS, ShardRows
from tokenmill.pipeline.planning.fingerprint import digest
from tokenmill.pipeline.planning.plan import PlannedStage
from tokenmill.pipeline.record.facts import write_facts
from tokenmill.pipeline.record.ledger import to_do
from tokenmill.pipeline.record.manifest import Manifest, write_manifest
from tokenmill.pipeline.record.task import Task, TaskName
from tokenmill.pipeline.tasks.shard import ShardTask

logger = logging.getLogger(__name__)

REMADE = 3
"""A damaged file is made again at most this often. Then the stage fails."""

Parts = dict[int, RangeSet]
"""{partition, or group of shards: its ranges}"""


class RunTasks(Protocol):
    """Runs the tasks that it is given."""

    def __call__(self, tasks: Sequence[Task]) -> "Ran": ...


@dataclass(frozen=True)
class Ran:
    """How tasks ended.

    Attributes:
        good: no task failed, except because of damaged files.
        damaged: damaged files of this stage, which must be made again. Default none.
    """

    good: bool
    damaged: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Decided:
    """The verdicts of a Global. parts: by group of shards. said: the facts of each partition of the last round."""

    parts: Parts
    said: list[JsonObject]


@dataclass(frozen=True)
class GlobalStage:
    """Runs the stage of a Global. shard_tasks: one task per shard, as a stage without a Global would run them."""

    planned: PlannedStage
    final: Global
    shard_tasks: tuple[ShardTask, ...]
    run_tasks: RunTasks
    recipe_sha256: str
    missing: tuple[str, ...] = ()
    _makers: dict[str, Task] = field(default_factory=dict)  # by file: the task that wrote it

    def run(self) -> bool:
        """Runs the Global, from the tasks on that an earlier try finished. Returns whether its stage is complete."""
        for _ in range(REMADE):
            try:
                return self._run()
            except DamagedFile as error:  # a manifest that the driver itself reads
                if not self._make_again([error.file]):
                    return False
        return self._run()

    def _run(self) -> bool:
        if isinstance(self.final, Writer):
            done = self._write_corpus(self.final)
        else:
            decided = self.decide()
            if decided is not None:
                self._put_on_record(self.conclude(decided))
            done = decided is not None and self._apply(decided.parts)
        if done:
            storage.delete(join(self.planned.folder, "work"))
        return done

    @property
    def memory(self) -> int:
        return self.planned.stage.spec.memory

    @property
    def _size(self) -> int:
        return sum(input_bytes(task) for task in self.shard_tasks)

    @property
    def _groups(self) -> list[tuple[ShardTask, ...]]:
        """Returns the groups of shards that one task covers, in order."""
        groups = map_groups([input_bytes(task) for task in self.shard_tasks])
        return [tuple(self.shard_tasks[number] for number in group) for group in groups]

    def decide(self) -> Decided | None:
        """Returns the verdicts; None if a task failed. Only writes to `work/`, from which run() continues."""
        rounds = self.final.rounds()
        counts = [1 if round.single else partition_count(self._size) for round in rounds]
        spills = self._spill(rounds[0], counts[0])
        if spills is None:
            return None
        earlier = self._earlier_tasks(0, rounds[0], counts[0], {})
        if not self._finish(earlier):
            return None
        shard_rows = self._shard_rows(earlier)
        if shard_rows is None:
            return None
        parts = self._parts(0, [*spills, *earlier])
        for place, round in enumerate(rounds):
            follow = rounds[place + 1] if place + 1 < len(rounds) else None
            to = None if follow is None or follow.of_documents else follow
            reduces = self._reduce_tasks(place, round, parts or {}, shard_rows, to, counts)
            if parts is None or not self._finish(reduces):
                return None
            parts = self._parts(2 * place + 1, reduces)
            if follow is not None and follow.of_documents and parts is not None:
                again: list[Task] = [*self._recall_tasks(place + 1, follow, counts[place + 1], parts)]
                again += self._earlier_tasks(place + 1, follow, counts[place + 1], parts)
                parts = self._parts(2 * place + 2, again) if self._finish(again) else None
        if parts is None:
            return None
        said = [one.facts["said"] for one in _manifests(reduces) if "said" in one.facts]
        return Decided(parts, said)

    def _shard_rows(self, earlier: Sequence[EarlierTask]) -> ShardRows | None:
        """Returns the number of rows of each shard, including files of earlier corpora; None if a task failed."""
        counted = {task.name.number: shard_manifest_path(task) for task in self.shard_tasks}
        counted |= {task.name.number: task.name.manifest_path for task in earlier}
        firsts = (*(group[0].name.number for group in self._groups), *(task.name.number for task in earlier))
        name = TaskName(self.planned.folder, 0, digest(self.planned.root, "count"), "work/shards", "rows of all shards")
        count = CountTask(name, counted, frozenset(firsts))
        self._makers[join(self.planned.folder, SHARDS)] = count
        if not self._finish([count]):
            return None
        [manifest] = _manifests([count])
        [written] = manifest.files(self.planned.folder, "work")
        return ShardRows(written)

    def conclude(self, decided: Decided) -> JsonObject | None:
        """Returns the Global's conclusion from all counts. Raises DataError if the Global stops the run."""
        return self.final.conclude(decided.said, self.sources()) if isinstance(self.final, Concluding) else None

    def sources(self) -> Counter[str]:
        """Returns {source: number of unmarked documents}. decide() must have returned before."""
        sources: Counter[str] = Counter()
        for manifest in all_needed(map(shard_manifest_path, self.shard_tasks)):
            sources.update(manifest.facts["sources"])
        return sources

    def _put_on_record(self, facts: JsonObject | None) -> None:
        if facts is not None:
            write_facts(self.planned.folder, facts, self.planned.root)

    def _spill(self, first: Round, count: int) -> list[SpillTask] | None:
        """Runs the map tasks, and compares ids if that is needed. Returns the map tasks; None if a task failed."""
        corpus, compare_ids = self.planned.stage.writes_corpus, not self.planned.ids_differ
        spills = [
            SpillTask(
                group_name(group, "work/spill/", _shards_title(group)),
                group,
                rounds=(first, UniqueIds()) if compare_ids else (first,),
                partitions=(count, partition_count(self._size)) if compare_ids else (count,),
                keep_rows=not corpus and (group[0].source is not None or bool(group[0].steps)),
                dropped_to="dropped" if corpus else "work/dropped",
                memory=self.memory,
            )
            for group in self._groups
        ]
        for spill in spills:
            self._makers.update({join(self.planned.folder, name): spill for name in spill.row_files})
        if not self._finish(spills):
            return None
        return spills if not compare_ids or self._ids_compared(spills) else None

    def _ids_compared(self, spills: list[SpillTask]) -> bool:
        """Returns False if a task failed. Raises DataError if an id occurs twice."""
        ids = self._parts(-1, spills, spill=1)
        return ids is not None and self._finish(self._reduce_tasks(-1, UniqueIds(), ids, ShardRows(), None, []))

    def _apply(self, verdicts: Parts) -> bool:
        tasks = [
            ApplyTask(
                group_name(group, "work/apply/", f"{_shards_title(group[:1])} apply", finishes=len(group)),
                group,
                self.final,
                verdicts.get(number, NO_RANGE_SET),
            )
            for number, group in enumerate(self._groups)
        ]
        return self._finish(tasks)

    def _write_corpus(self, final: Writer) -> bool:
        [round] = final.rounds()
        spills = self._spill(round, partition_count(self._size))
        parts = self._parts(0, spills) if spills is not None else None
        if spills is None or parts is None:
            return False
        weights: dict[int, Counter[str]] = {}
        routed = 0
        for manifest in _manifests(spills):
            routed += manifest.facts["routed"]
            for place, by_split in manifest.facts["weights"][0].items():
                weights.setdefault(int(place), Counter()).update(by_split)
        totals = sum(weights.values(), Counter[str]())
        cuts = [
            self._cut_task(number, final, round, cut, parts, weights)
            for number, cut in enumerate(final.cuts(dict(totals)))
        ]
        if not self._finish(cuts):
            return False
        made = list(_manifests(cuts))
        corpus = join(self.planned.folder, "corpus")
        delete_unlisted(self.planned.folder, made)
        facts = [manifest.facts for manifest in made]
        finished = final.finish(facts, corpus, recipe_sha256=self.recipe_sha256, missing=self.missing)
        record = whole_record(self.planned, routed, made, finished, self.missing)
        write_shard_manifests(self.shard_tasks)
        write_manifest(self.planned.corpus_manifest, record)
        return True

    def _reduce_tasks(
        self,
        place: int,
        round: Round,
        parts: Parts,
        shard_rows: ShardRows,
        follow: Round | None,
        counts: list[int],
    ) -> list[ReduceTask]:
        root = digest(self.planned.root, "reduce", place)
        return [
            ReduceTask(
                self._name("reduce", place, number, root, f"partition {number}"),
                round,
                parts[number],
                self.memory,
                shard_rows,
                follow,
                counts[place + 1] if follow is not None else 1,
            )
            for number in sorted(parts)
        ]

    def _name(self, kind: str, place: int, number: int, fingerprint: str, title: str) -> TaskName:
        """Returns the name of a task of round `place`."""
        stem = f"work/{kind}/{place}.{number:06d}"
        return TaskName(self.planned.folder, number, fingerprint, stem, f"round {place} {title}")

    def _recall_tasks(self, place: int, round: Round, count: int, said: Parts) -> list[RecallTask]:
        columns = tuple(self.final.reads)
        return [
            RecallTask(
                group_name(group, f"work/recall/{place}.", f"{_shards_title(group[:1])} round {place}"),
                group,
                round,
                count,
                columns,
                said.get(number, NO_RANGE_SET),
                self.memory,
            )
            for number, group in enumerate(self._groups)
        ]

    def _earlier_tasks(self, place: int, round: Round, count: int, said: Parts) -> list[EarlierTask]:
        """Returns tasks for the files of earlier corpora. Their shard numbers follow all others; each is one group."""
        files = self.final.earlier() if isinstance(self.final, Remembering) else {}
        if not files:
            return []
        if not isinstance(round, EarlierRound):
            raise TypeError(f"{type(round).__name__}: a round of a Global with earlier() needs route_earlier()")
        first = 1 + max((task.name.number for task in self.shard_tasks), default=-1)
        root, groups = digest(self.planned.root, "earlier", place), len(self._groups)
        return [
            EarlierTask(
                self._name("earlier", place, first + number, root, f"of {file}"),
                file,
                xxh3,
                round,
                count,
                self.memory,
                said.get(groups + number, NO_RANGE_SET) if place else None,
            )
            for number, (file, xxh3) in enumerate(files.items())
        ]

    def _parts(self, step: int, tasks: Sequence[Task], spill: int = 0) -> Parts | None:
        """Returns the ranges of each place in the files of tasks. Merges them first if they are too many and too small.

        Returns None if merging failed. step: a unique number. spill: index of the file among those of each task.
        """
        files = [spilled(self.planned.folder, manifest, spill) for manifest in _manifests(tasks)]
        self._makers.update({file: task for (file, _), task in zip(files, tasks, strict=True)})
        sizes = [int(ranges.lengths.sum()) for _, ranges in files]
        count = sum(len(ranges.places) for _, ranges in files)
        if len(files) < 2 or not wants_merging(count, sum(sizes)):
            return range_sets(files)
        merges = self._merge_tasks(step, tasks, spill, sizes)
        logger.info(
            "%s: %d small ranges of %d files are merged into %d", self.planned.name, count, len(files), len(merges)
        )
        if not self._finish(merges):
            return None
        merged = [spilled(self.planned.folder, manifest, 0) for manifest in _manifests(merges)]
        self._makers.update({file: task for (file, _), task in zip(merged, merges, strict=True)})
        return range_sets(merged)

    def _merge_tasks(self, step: int, tasks: Sequence[Task], spill: int, sizes: list[int]) -> list[MergeTask]:
        return [
            MergeTask(
                self._name("merge", step, number, self._merged_fingerprint(step, tasks, group), f"merge {number}"),
                tuple((tasks[each].name.manifest_path, spill) for each in group),
                self.memory,
            )
            for number, group in enumerate(merge_groups(sizes))
        ]

    def _merged_fingerprint(self, step: int, tasks: Sequence[Task], group: range) -> str:
        return digest(self.planned.root, "merge", step, [tasks[each].name.fingerprint for each in group])

    def _cut_task(
        self, number: int, final: Writer, round: Round, cut: Cut, parts: Parts, weights: dict[int, Counter[str]]
    ) -> CutTask:
        """Returns the task of a cut. It only reads the partitions that overlap the cut."""
        before, start, inside = 0, None, []
        for place in sorted(parts):
            weight = weights.get(place, Counter())[cut.split]
            if weight and before < cut.high and before + weight > cut.low:
                start = before if start is None else start
                inside.append(parts[place])
            before += weight
        root = digest(self.planned.root, "cut", cut.split, cut.low, cut.high)
        title = f"{cut.split} {cut.number:06d}"
        name = TaskName(self.planned.folder, number, root, f"work/cuts/{number:06d}", title)
        return CutTask(name, final, round, cut, start or 0, self.memory, tuple(inside))

    def _finish(self, tasks: Sequence[Task]) -> bool:
        """Runs the tasks that are not done. Damaged files are made again by the tasks that wrote them."""
        for _ in range(REMADE + 1):
            ran = self.run_tasks(to_do(tasks))
            if not ran.damaged:
                return ran.good
            if not self._make_again(ran.damaged):
                return False
        raise DataError(
            f"{self.planned.folder}: {', '.join(sorted(ran.damaged))} was damaged {REMADE} times after it had been "
            "written; check the disk"
        )

    def _make_again(self, files: Iterable[str]) -> bool:
        unknown = [file for file in sorted(files) if file not in self._makers]
        if unknown:
            raise DataError(f"{unknown[0]}: damaged while it was in use; check the disk")
        makers = {task.name.manifest_path: task for task in (self._makers[file] for file in sorted(files))}
        for task in makers.values():
            logger.warning("%s: a file it wrote is damaged; it is made again", task.name.label)
            storage.delete(task.name.manifest_path)
        return self._finish(list(makers.values()))


def input_bytes(task: ShardTask) -> int:
    """Returns the stored bytes of the input of a shard, from which a Global's stage plans its tasks."""
    return task.shard.length if task.shard is not None else task.input.bytes if task.input is not None else 0


def _manifests(tasks: Iterable[Task]) -> Iterator[Manifest]:
    """Yields the manifests of tasks that have ended, in order."""
    return all_needed(task.name.manifest_path for task in tasks)


def _shards_title(tasks: tuple[ShardTask, ...]) -> str:
    first, last = tasks[0].name, tasks[-1].name
    return first.title if len(tasks) == 1 else f"{first.title} to {last.title}"
