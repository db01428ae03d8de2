"""A run: plan, then stage by stage what is missing, then the balance. One driver at a time; resumable wherever it
stops.
"""

import errno
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa
import yaml

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.io import parquet, storage
from tokenmill.core.io.storage import join
from tokenmill.core.kinds import JsonObject, Unit
from tokenmill.pipeline.driver.globals import GlobalStage, Ran
from tokenmill.pipeline.driver.preview import Preview, preview_of
from tokenmill.pipeline.driver.progress import Progress
from tokenmill.pipeline.driver.recover import run_recovering
from tokenmill.pipeline.driver.reuse import reuse
from tokenmill.pipeline.engine import Engine, Limits
from tokenmill.pipeline.exchange.ranges import DamagedFile
from tokenmill.pipeline.planning.plan import PlannedStage, Planning, check_done, consumers, plan
from tokenmill.pipeline.planning.recipe import Recipe, StageSpec
from tokenmill.pipeline.planning.resolve import Stage, excerpt_scrub, resolve, settings_of
from tokenmill.pipeline.record.accepted import accept
from tokenmill.pipeline.record.ledger import PART_ROWS, Ledger, compact
from tokenmill.pipeline.record.lock import Lock, locked
from tokenmill.pipeline.record.manifest import Manifest
from tokenmill.pipeline.record.task import Task, TaskName, shard_name
from tokenmill.pipeline.tasks.shard import Excerpts, ShardTask

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """What the command line may say of a run; all but `workers` and `allow_missing` are part of its fingerprints.

    stage: run this one alone, from the one before it. limit: read at most so many documents, of each source's first
    shard. accept_code: keep results that differ only in the code that made them, and write that down.
    """

    out: str = "runs"
    stage: str | None = None
    mark_only: bool = False
    limit: int | None = None
    allow_missing: bool = False
    plugins: str | None = None
    accept_code: bool = False


@dataclass
class Result:
    """failures: a line for each shard that could not be done. warnings: for files read only in part."""

    folder: str
    failures: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def prepare(recipe: Recipe, options: Options) -> tuple[str, tuple[Stage, ...], list[PlannedStage]]:
    """The run's folder, its stages and its plan. Raises RecipeError; writes nothing."""
    stages = resolve(recipe, plugins=options.plugins)
    folder = join(options.out, recipe.run)
    if options.stage is not None:
        recipe.stage(options.stage)
    scrub = _excerpts(recipe, options).scrub
    planning = Planning(options.mark_only, options.limit, scrub, options.accept_code)
    return folder, stages, plan(recipe, stages, folder, planning)


def run(recipe: Recipe, engine: Engine, options: Options, progress: Progress) -> Result:
    """Run what is missing. Raises RecipeError or DataError when nothing more can be done; shards that fail are in the
    result.
    """
    folder, _, planned = prepare(recipe, options)
    with locked(folder) as lock:
        storage.write_bytes(join(folder, "recipe.yaml"), _filled(recipe, options, planned))
        driver = _Driver(recipe, engine, options, progress, planned, Result(folder), lock, _excerpts(recipe, options))
        driver.run()
        return driver.result


def preview(
    recipe: Recipe, engine: Engine, options: Options, progress: Progress, *, stage: str, sample: int
) -> Preview:
    """What a Global's stage would remove, without a word of it written; the work it took is there for the run to go on
    from. The stages before must have run. Raises RecipeError or DataError.
    """
    folder, _, planned = prepare(recipe, replace(options, stage=stage))
    mine = next(each for each in planned if each.name == stage)
    if mine.stage.final is None or mine.stage.writes_corpus:
        raise RecipeError(f"stage {stage!r} does not end in work that removes documents for being like others")
    if mine.done:
        raise RecipeError(f"stage {stage!r} has run already: `pipeline audit {folder}` shows what it removed")
    with locked(folder) as lock:
        driver = _Driver(recipe, engine, options, progress, planned, Result(folder), lock, _excerpts(recipe, options))
        return driver.preview(stage, sample)


@dataclass
class _Driver:
    recipe: Recipe
    engine: Engine
    options: Options
    progress: Progress
    planned: list[PlannedStage]
    result: Result
    lock: Lock
    excerpts: Excerpts
    loose: int = 0  # manifests written by this driver's tasks that are in no table yet

    def run(self) -> None:
        for planned in self.planned if self.options.accept_code else ():
            accept(planned.folder, planned.accepted, counts_as=planned.code)
        for index, planned in enumerate(self.planned):
            if self.options.stage in (None, planned.name):
                self.planned[index] = self._run_stage(planned)
                self._release()
        self._tell_of_damage()

    def _run_stage(self, planned: PlannedStage) -> PlannedStage:
        if planned.done or (planned.stage.spec.keep is False and self._consumed(planned)):
            self.progress.skip(planned.name, len(planned.shards))
            return planned
        planned = reuse(planned)
        storage.delete(planned.released_marker)
        tasks = tuple(self._shard_tasks(planned))
        self.engine.make_ready(self._work_left())
        self.progress.start(planned.name, sum(shard.done for shard in planned.shards), len(planned.shards))
        if planned.stage.final is None:
            todo = {shard.number for shard in planned.shards if not shard.done}
            self._run_tasks([task for task in tasks if task.name.number in todo], _limits(planned))
        elif not planned.done and not self._global_stage(planned, tasks).run():
            raise DataError(f"stage {planned.name!r} cannot be finished: " + "; ".join(self.result.failures[:3]))
        storage.delete_unfinished(planned.folder)
        compact(planned.folder)
        planned = check_done(planned)
        self.progress.end(sum(shard.done for shard in planned.shards))
        return planned

    def _work_left(self) -> list[Unit]:
        """What this call still runs, and the scrubber of excerpts: the text kernels of all compile at the same time."""
        stages = [each for each in self.planned if not each.done and self.options.stage in (None, each.name)]
        scrub = [self.excerpts.scrub] if self.excerpts.scrub else []
        return [*(unit for each in stages for unit in each.stage.work), *scrub]

    def _global_stage(self, planned: PlannedStage, tasks: tuple[ShardTask, ...]) -> GlobalStage:
        self._refuse_missing(planned, tasks)
        limits = _limits(planned)
        final = planned.stage.final
        assert final is not None  # its callers look
        return GlobalStage(planned, final, tasks, lambda tasks: self._run_tasks(tasks, limits), self.recipe.sha256())

    def preview(self, name: str, sample: int) -> Preview:
        [planned] = [each for each in self.planned if each.name == name]
        stage = self._global_stage(planned, tuple(self._shard_tasks(planned)))
        self.engine.make_ready(self._work_left())
        self.progress.start(planned.name, 0, len(planned.shards))
        decided = stage.decide()
        if decided is None:
            raise DataError(f"stage {name!r} cannot be looked at: " + "; ".join(self.result.failures[:3]))
        return preview_of(stage, decided, sample=sample, excerpts=self.excerpts)

    def _run_tasks(self, tasks: Sequence[Task], limits: Limits) -> Ran:
        good, damaged = True, set()
        for outcome in run_recovering(self.engine, tasks, limits, self.progress.watch):
            self.lock.check()
            if outcome.manifest is not None:
                self.progress.task_done(outcome.task, outcome.manifest)
                self._compact(outcome.task.name)
            elif isinstance(outcome.error, DamagedFile):
                logger.warning("%s: %s", outcome.task.name.label, outcome.error)
                damaged.add(outcome.error.file)
            elif outcome.error is not None:
                good = False
                self._fail(outcome.task.name.label, outcome.error)
        return Ran(good, frozenset(damaged))

    def _compact(self, task: TaskName) -> None:
        """Keeps the manifests that are not in a table few, so that a resume needs few reads."""
        self.loose += task.is_shard
        if self.loose >= PART_ROWS:
            self.loose = 0
            compact(task.folder)

    def _fail(self, label: str, error: BaseException) -> None:
        if isinstance(error, RecipeError):
            raise error
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DataError(
                f"{label}: the disk is full ({error}). What is committed stays valid; make room, run again"
            ) from error
        logger.error("%s: %s", label, error)
        self.result.failures.append(f"{label}: {str(error).splitlines()[0]}")

    def _shard_tasks(self, planned: PlannedStage) -> Iterator[ShardTask]:
        stage = planned.stage
        data = self._committed_data(stage)
        schema = _common_schema(data) if len(stage.inputs) > 1 else None
        for shard in planned.shards:
            if shard.origin and shard.origin not in data:
                logger.warning("%s %06d: its input %s %06d is missing", planned.name, shard.number, *shard.origin)
                continue
            yield ShardTask(
                shard_name(planned.folder, shard.number, shard.fingerprint),
                stage.steps,
                self.excerpts,
                source=stage.source,
                shard=shard.shard,
                input=data[shard.origin] if shard.origin else "",
                schema=schema,
                mark_only=self.options.mark_only,
                limit=self.options.limit if stage.source is not None else None,
            )

    def _committed_data(self, stage: Stage) -> dict[tuple[str, int], str]:
        """{(stage, shard number): data file} of all shards that are there of a stage's inputs."""
        before = [planned for planned in self.planned if planned.name in stage.inputs]
        return {(p.name, shard.number): p.data_path(shard.number) for p in before for shard in p.shards if shard.done}

    def _refuse_missing(self, planned: PlannedStage, tasks: tuple[ShardTask, ...]) -> None:
        missing = len(planned.shards) - len(tasks)
        packs = (one for one in self._before(planned) if any(s.shard and s.shard.parts for s in one.shards))
        unread = sum(len(manifest.unreadable) for one in packs for manifest in _source_manifests(one))
        if (missing or unread) and not self.options.allow_missing:
            what = f"{missing} of {len(planned.shards)} input shards" if missing else f"{unread} unreadable files"
            raise DataError(
                f"stage {planned.name!r} looks across all documents, but {what} are missing. Mend what is named above "
                "and run the stage before it again, or accept the gap with --allow-missing"
            )

    def _before(self, planned: PlannedStage) -> list[PlannedStage]:
        """The stages whose documents come to this one."""
        found = [one for one in self.planned if one.name in planned.stage.inputs]
        return found + [earlier for one in found for earlier in self._before(one)]

    def _consumed(self, planned: PlannedStage) -> bool:
        readers = consumers(planned, self.planned)
        return bool(readers) and all(reader.done for reader in readers) and planned.released

    def _release(self) -> None:
        """Delete the data of stages with keep: false once all that read them have committed."""
        for planned in self.planned:
            readers = consumers(planned, self.planned)
            if planned.stage.spec.keep or not readers or not planned.done or not all(reader.done for reader in readers):
                continue
            if not storage.exists(planned.released_marker):
                storage.write_bytes(
                    planned.released_marker, b"its data was deleted after its consumers had committed\n"
                )
                storage.delete(join(planned.folder, "data"))

    def _tell_of_damage(self) -> None:
        for planned in self.planned:
            for manifest in _source_manifests(planned):
                for file, counts in manifest.damage.items():
                    what = ", ".join(f"{count} × {rule}" for rule, count in counts.items())
                    self.result.warnings.append(f"{file}: read only in part ({what})")
                self.result.failures += [f"{planned.name}: {problem}" for problem in manifest.unreadable.values()]


def _source_manifests(planned: PlannedStage) -> Iterator[Manifest]:
    """The manifests of the shards of a Source that are done."""
    if planned.stage.source is not None:
        ledger = Ledger(planned.folder)
        yield from (ledger[shard.number] for shard in planned.shards if shard.done)


def _limits(planned: PlannedStage) -> Limits:
    spec = planned.stage.spec
    return Limits(spec.memory, spec.timeout, spec.resources)


def _excerpts(recipe: Recipe, options: Options) -> Excerpts:
    named = excerpt_scrub(recipe, plugins=options.plugins)
    return Excerpts(recipe.excerpt.chars, named[1] if named else None)


def _common_schema(data: dict[tuple[str, int], str]) -> pa.Schema:
    """All columns of several stages that come together; one shard speaks for its stage."""
    one_each = {name: path for (name, _), path in data.items()}
    return pa.unify_schemas([parquet.table_schema(path) for path in one_each.values()], promote_options="permissive")


def _filled(recipe: Recipe, options: Options, planned: list[PlannedStage]) -> bytes:
    """The recipe with all defaults in, as it is saved with the run."""
    stages = {}
    for stage in (one.stage for one in planned):
        work = [{name: settings_of(unit)} for name, unit in stage.named_work]
        spec = stage.spec
        limits: JsonObject = {"timeout": spec.timeout, "keep": spec.keep, "resources": spec.resources}
        if spec.memory != StageSpec.memory:  # stated memory is reserved on a cluster, the default is not
            limits["memory"] = f"{spec.memory}B"
        stages[stage.name] = ({"from": list(stage.inputs)} if stage.inputs else {}) | limits | {"steps": work}
    named = excerpt_scrub(recipe, plugins=options.plugins)
    excerpt: JsonObject = {"chars": recipe.excerpt.chars}
    if named:
        excerpt["scrub"] = {named[0]: settings_of(named[1])}
    said = {"run": recipe.run, "seed": recipe.seed, "excerpt": excerpt, "stages": stages}
    return yaml.safe_dump(said, sort_keys=False, allow_unicode=True).encode()
