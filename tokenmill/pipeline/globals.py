"""A Global's stage, driven: spill all shards, reduce round by round, then apply the verdicts or cut the corpus."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from tokenmill.core import storage
from tokenmill.core.errors import DataError
from tokenmill.core.kinds import Concluding, Cut, Remembering, Round
from tokenmill.core.storage import join
from tokenmill.pipeline.exchange import UniqueIds, partition_count
from tokenmill.pipeline.fingerprint import digest
from tokenmill.pipeline.global_tasks import ApplyTask, CutTask, SpillTask
from tokenmill.pipeline.ledger import unfinished
from tokenmill.pipeline.manifest import Manifest, read_manifest, write_manifest
from tokenmill.pipeline.plan import PlannedStage
from tokenmill.pipeline.reduce_tasks import EarlierTask, RecallTask, ReduceTask
from tokenmill.pipeline.shard import ShardTask

FACTS = "facts.json"
"""In the stage's folder: what the Global counted besides its verdicts (pairs never examined)."""

RunTasks = Callable[[Iterable[Any]], bool]


@dataclass(frozen=True)
class GlobalStage:
    """shard_tasks: what a map stage would run, one a shard; run_tasks: runs those not done, False if any failed."""

    planned: PlannedStage
    shard_tasks: tuple[ShardTask, ...]
    run_tasks: RunTasks
    recipe_sha256: str

    def run(self) -> bool:
        """True when the stage is complete. What is left of an earlier try is used if it belongs to the same work."""
        final = self.planned.stage.final
        assert final is not None
        rounds: list[Round] = final.rounds()
        size = sum(_input_bytes(task) for task in self.shard_tasks)
        counts = [1 if round.single else partition_count(size) for round in rounds]
        spills = [self._spill_task(task, rounds[0], counts[0], partition_count(size)) for task in self.shard_tasks]
        if not self._finish(spills):
            return False
        manifests = [self._read(task.manifest_path) for task in spills]
        unique = self._reduce_tasks(-1, UniqueIds(), self._spilled(manifests, 1), {}, None, 1)
        if not self._finish(unique):
            return False
        if self.planned.stage.writes_corpus:
            done = self._write_corpus(final, rounds[0], self._spilled(manifests, 0), manifests)
        else:
            done = self._judge(rounds, counts, manifests)
        if done:
            storage.delete(join(self.planned.folder, "work"))
        return done

    def _judge(self, rounds: list[Round], counts: list[int], manifests: list[Manifest]) -> bool:
        earlier = self._earlier_tasks(0, rounds[0], counts[0], None)
        if not self._finish(earlier):
            return False
        remembered = [self._read(task.manifest_path) for task in earlier]
        numbers = [task.number for task in self.shard_tasks] + [task.number for task in earlier]
        shard_rows = {n: m.facts["rows"] for n, m in zip(numbers, manifests + remembered, strict=True)}
        parts = self._spilled(manifests, 0)
        _add(parts, self._spilled(remembered, 0))
        made: list[Manifest] = []
        for place, round in enumerate(rounds):
            follow = rounds[place + 1] if place + 1 < len(rounds) else None
            recalled = follow is not None and follow.of_documents
            to = None if recalled else follow
            reduces = self._reduce_tasks(place, round, parts, shard_rows, to, counts[place + 1] if to else 1)
            if not self._finish(reduces):
                return False
            made = [self._read(task.manifest_path) for task in reduces]
            if follow is not None and recalled:
                said = self._about_shards(made)
                recalls: list[Any] = [
                    *self._recall_tasks(place + 1, follow, counts[place + 1], said),
                    *self._earlier_tasks(place + 1, follow, counts[place + 1], said),
                ]
                if not self._finish(recalls):
                    return False
                parts = self._spilled([self._read(task.manifest_path) for task in recalls], 0)
            elif follow is not None:
                parts = self._spilled(made, 0)
        self._conclude([m.facts["said"] for m in made if "said" in m.facts], manifests)
        verdicts = self._about_shards(made)
        final = self.planned.stage.final
        return self._finish(ApplyTask(task, final, tuple(verdicts.get(task.number, ()))) for task in self.shard_tasks)

    def _conclude(self, said: list[dict[str, Any]], manifests: list[Manifest]) -> None:
        final = self.planned.stage.final
        if not isinstance(final, Concluding):
            return
        sources: Counter[str] = Counter()
        for manifest in manifests:
            sources.update(manifest.facts["sources"])
        facts = final.conclude(said, sources)
        storage.write_bytes(join(self.planned.folder, FACTS), json.dumps(facts, indent=1, sort_keys=True).encode())

    def _about_shards(self, manifests: list[Manifest]) -> dict[int, list[tuple[str, int]]]:
        """{shard: [(file, row group)]} of what reductions said about documents."""
        about: dict[int, list[tuple[str, int]]] = {}
        for manifest in manifests:
            file = join(self.planned.folder, manifest.outputs[0].path)
            for shard, groups in manifest.facts["shards"].items():
                about.setdefault(int(shard), []).extend((file, group) for group in groups)
        return about

    def _write_corpus(
        self, final: Any, round: Round, parts: dict[int, list[tuple[str, int]]], manifests: list[Manifest]
    ) -> bool:
        weights: dict[int, dict[str, int]] = {}
        for manifest in manifests:
            for place, by_split in manifest.facts["weights"][0].items():
                mine = weights.setdefault(int(place), {})
                for split, weight in by_split.items():
                    mine[split] = mine.get(split, 0) + weight
        totals: dict[str, int] = {}
        for by_split in weights.values():
            for split, weight in by_split.items():
                totals[split] = totals.get(split, 0) + weight
        cuts = final.cuts(totals)
        tasks = [self._cut_task(number, final, round, cut, parts, weights) for number, cut in enumerate(cuts)]
        if not self._finish(tasks):
            return False
        made = [self._read(task.manifest_path) for task in tasks]
        corpus = join(self.planned.folder, "corpus")
        files = final.finish([manifest.facts for manifest in made], corpus, recipe_sha256=self.recipe_sha256)
        self._settle(manifests, made, files)
        return True

    def _settle(self, spilled: list[Manifest], made: list[Manifest], files: list[str]) -> None:
        """The shards' manifests say what was dropped; the corpus' says which files there are."""
        documents = sum(manifest.facts.get("documents", 0) for manifest in made)
        routed = sum(manifest.facts["routed"] for manifest in spilled)
        if documents != routed:
            raise DataError(f"{self.planned.folder}: {routed} documents were routed, but {documents} are in the corpus")
        for shard, manifest in zip(self.shard_tasks, spilled, strict=True):
            dropped = [output for output in manifest.outputs if output.path.startswith("dropped/")]
            write_manifest(self.planned.manifest_path(shard.number), replace(manifest, outputs=dropped, facts={}))
        prefix = self.planned.folder.rstrip("/") + "/"
        extra = [replace(storage.file_record(file), path=file.removeprefix(prefix)) for file in files]
        outputs = [output for manifest in made for output in manifest.outputs] + extra
        counted = [manifest.facts for manifest in made if "tokens" in manifest.facts]
        tokens = {
            split: sum(fact["tokens"] for fact in counted if fact["split"] == split) for split in ("train", "val")
        }
        facts = {"documents": documents} | ({"tokens": tokens} if counted else {})
        write_manifest(self.planned.corpus_manifest, Manifest(self.planned.root, outputs=outputs, facts=facts))

    def _reduce_tasks(
        self,
        place: int,
        round: Round,
        parts: dict[int, list[tuple[str, int]]],
        shard_rows: dict[int, int],
        follow: Round | None,
        follow_count: int,
    ) -> list[ReduceTask]:
        root = digest(self.planned.root, "reduce", place)
        memory = self.planned.stage.spec.memory
        return [
            ReduceTask(
                self.planned.folder, number, root, place, round, tuple(parts[number]), memory, shard_rows, follow,
                follow_count,
            )
            for number in sorted(parts)
        ]  # fmt: skip

    def _recall_tasks(
        self, place: int, round: Round, count: int, said: dict[int, list[tuple[str, int]]]
    ) -> list[RecallTask]:
        final, memory = self.planned.stage.final, self.planned.stage.spec.memory
        assert final is not None
        return [
            RecallTask(task, place, round, count, tuple(final.reads), tuple(said.get(task.number, ())), memory)
            for task in self.shard_tasks
        ]

    def _earlier_tasks(
        self, place: int, round: Round, count: int, said: dict[int, list[tuple[str, int]]] | None
    ) -> list[EarlierTask]:
        """The files of earlier corpora as shards behind all others."""
        final = self.planned.stage.final
        files = final.earlier() if isinstance(final, Remembering) else []
        first = 1 + max((task.number for task in self.shard_tasks), default=-1)
        root, memory = digest(self.planned.root, "earlier", place), self.planned.stage.spec.memory
        return [
            EarlierTask(
                self.planned.folder, number, root, file, place, round, count, memory,
                tuple(said.get(number, ())) if said is not None else None,
            )
            for number, file in enumerate(files, start=first)
        ]  # fmt: skip

    def _spilled(self, manifests: list[Manifest], place: int) -> dict[int, list[tuple[str, int]]]:
        """{partition: [(file, row group)]} in the order of the tasks."""
        parts: dict[int, list[tuple[str, int]]] = {}
        for manifest in manifests:
            file = [output.path for output in manifest.outputs if "rows/" not in output.path][place]
            for number, groups in manifest.facts["spills"][place].items():
                pieces = [(join(self.planned.folder, file), group) for group in groups]
                parts.setdefault(int(number), []).extend(pieces)
        return parts

    def _spill_task(self, task: ShardTask, first: Round, count: int, id_count: int) -> SpillTask:
        corpus = self.planned.stage.writes_corpus
        return SpillTask(
            task,
            rounds=(first, UniqueIds()),
            partitions=(count, id_count),
            keep_rows=not corpus and (task.source is not None or bool(task.steps)),
            dropped_to="dropped" if corpus else "work/dropped",
            memory=self.planned.stage.spec.memory,
        )

    def _cut_task(
        self,
        number: int,
        final: Any,
        round: Round,
        cut: Cut,
        parts: dict[int, list[tuple[str, int]]],
        weights: dict[int, dict[str, int]],
    ) -> CutTask:
        """Only the partitions that overlap the cut are read."""
        before, start, inside = 0, None, []
        for place in sorted(parts):
            weight = weights.get(place, {}).get(cut.split, 0)
            if weight and before < cut.high and before + weight > cut.low:
                start = before if start is None else start
                inside.append(tuple(parts[place]))
            before += weight
        memory = self.planned.stage.spec.memory
        root = digest(self.planned.root, "cut", cut.split, cut.low, cut.high)
        return CutTask(self.planned.folder, number, root, final, round, cut, start or 0, memory, tuple(inside))

    def _finish(self, tasks: Iterable[Any]) -> bool:
        return self.run_tasks(unfinished(tasks))

    def _read(self, path: str) -> Manifest:
        manifest = read_manifest(path)
        if manifest is None:
            raise DataError(f"{path}: the manifest is gone though its task had ended; run again")
        return manifest


def _input_bytes(task: ShardTask) -> int:
    return task.shard.size if task.shard is not None else max(0, storage.size_of(task.input))


def _add(parts: dict[int, list[tuple[str, int]]], more: dict[int, list[tuple[str, int]]]) -> None:
    for number, pieces in more.items():
        parts.setdefault(number, []).extend(pieces)
