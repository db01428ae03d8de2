"""A Global's stage, driven: spill all shards, reduce round by round, then apply the verdicts or cut the corpus."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from tokenmill.core import storage
from tokenmill.core.errors import DataError
from tokenmill.core.kinds import Cut, Round
from tokenmill.core.storage import join
from tokenmill.pipeline.exchange import UniqueIds, partition_count
from tokenmill.pipeline.fingerprint import digest
from tokenmill.pipeline.global_tasks import ApplyTask, CutTask, ReduceTask, SpillTask
from tokenmill.pipeline.manifest import Manifest, is_done, read_manifest, write_manifest
from tokenmill.pipeline.plan import PlannedStage
from tokenmill.pipeline.shard import ShardTask

FACTS = "facts.json"
"""In the stage's folder: what the last round counted besides its rows, a partition each (pairs never examined)."""

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
        if not self._reduce(-1, UniqueIds(), self._spilled(spills, manifests, 1), None, 1):
            return False
        if self.planned.stage.writes_corpus:
            done = self._write_corpus(final, rounds[0], self._spilled(spills, manifests, 0), manifests)
        else:
            done = self._judge(rounds, counts, self._spilled(spills, manifests, 0))
        if done:
            storage.delete(join(self.planned.folder, "work"))
        return done

    def _judge(self, rounds: list[Round], counts: list[int], parts: dict[int, list[tuple[str, int]]]) -> bool:
        tasks: list[ReduceTask] = []
        for place, round in enumerate(rounds):
            follow = rounds[place + 1] if place + 1 < len(rounds) else None
            tasks_done = self._reduce(place, round, parts, follow, counts[place + 1] if follow else 1)
            if not tasks_done:
                return False
            tasks = self._reduce_tasks(place, round, parts, follow, counts[place + 1] if follow else 1)
            if follow is not None:
                parts = self._spilled(tasks, [self._read(task.manifest_path) for task in tasks], 0)
        verdicts: dict[int, list[tuple[str, int]]] = {}
        for task in tasks:
            manifest = self._read(task.manifest_path)
            for shard, group in manifest.facts.get("verdicts", {}).items():
                verdicts.setdefault(int(shard), []).append((join(self.planned.folder, manifest.outputs[0].path), group))
        said = [manifest.facts["said"] for manifest in map(self._read_of, tasks) if "said" in manifest.facts]
        if said:
            storage.write_bytes(join(self.planned.folder, FACTS), json.dumps(said, indent=1, sort_keys=True).encode())
        applies = [
            ApplyTask(task, self.planned.stage.final, tuple(verdicts.get(task.number, ()))) for task in self.shard_tasks
        ]
        return self._finish(applies)

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
        tokens = {
            split: sum(m.facts["tokens"] for m in made if m.facts["split"] == split) for split in ("train", "val")
        }
        facts = {"documents": documents, "tokens": tokens}
        write_manifest(self.planned.corpus_manifest, Manifest(self.planned.root, outputs=outputs, facts=facts))

    def _reduce(
        self, place: int, round: Round, parts: dict[int, list[tuple[str, int]]], follow: Round | None, follow_count: int
    ) -> bool:
        return self._finish(self._reduce_tasks(place, round, parts, follow, follow_count))

    def _reduce_tasks(
        self, place: int, round: Round, parts: dict[int, list[tuple[str, int]]], follow: Round | None, follow_count: int
    ) -> list[ReduceTask]:
        root = digest(self.planned.root, "reduce", place)
        final_round = follow is None and place >= 0
        return [
            ReduceTask(
                self.planned.folder, number, root, place, round, tuple(parts[number]), follow, follow_count, final_round
            )
            for number in sorted(parts)
        ]

    def _spilled(self, tasks: Iterable[Any], manifests: list[Manifest], place: int) -> dict[int, list[tuple[str, int]]]:
        """{partition: [(file, row group)]} in the order of the tasks."""
        parts: dict[int, list[tuple[str, int]]] = {}
        for _, manifest in zip(tasks, manifests, strict=True):
            spills = manifest.facts.get("spills", [])
            if place >= len(spills):
                continue
            file = [output.path for output in manifest.outputs if "rows/" not in output.path][place]
            for number, group in spills[place].items():
                parts.setdefault(int(number), []).append((join(self.planned.folder, file), group))
        return parts

    def _spill_task(self, task: ShardTask, first: Round, count: int, id_count: int) -> SpillTask:
        corpus = self.planned.stage.writes_corpus
        return SpillTask(
            task,
            rounds=(first, UniqueIds()),
            partitions=(count, id_count),
            keep_rows=not corpus and (task.source is not None or bool(task.steps)),
            dropped_to="dropped" if corpus else "work/dropped",
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
        root = digest(self.planned.root, "cut", cut.split, cut.low, cut.high)
        return CutTask(self.planned.folder, number, root, final, round, cut, start or 0, tuple(inside))

    def _finish(self, tasks: Iterable[Any]) -> bool:
        return self.run_tasks([t for t in tasks if not is_done(t.manifest_path, t.fingerprint, t.folder)])

    def _read_of(self, task: Any) -> Manifest:
        return self._read(task.manifest_path)

    def _read(self, path: str) -> Manifest:
        manifest = read_manifest(path)
        if manifest is None:
            raise DataError(f"{path}: the manifest is gone though its task had ended; run again")
        return manifest


def _input_bytes(task: ShardTask) -> int:
    return task.shard.size if task.shard is not None else max(0, storage.size_of(task.input))
