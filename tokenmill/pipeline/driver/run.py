"""A run: plan, then stage by stage what is missing, then the balance. One driver at a time; resumable wherever it
stops.
"""

import errno
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa
import yaml

from tokenmill.core.errors import DataError, RecipeError, listed
from tokenmill.core.io import parquet, storage
from tokenmill.core.io.storage import join
from tokenmill.core.kinds import JsonObject, Unit
from tokenmill.pipeline.driver.borrow import OtherRun
from tokenmill.pipeline.driver.check import problems, refuse_problems
from tokenmill.pipeline.driver.completeness import Completeness, made_shards, source_manifests
from tokenmill.pipeline.driver.failures import Failures
from tokenmill.pipeline.driver.globals import GlobalStage, Ran
from tokenmill.pipeline.driver.preview import Preview, preview_of
from tokenmill.pipeline.driver.progress import Progress, Totals
from tokenmill.pipeline.driver.recover import run_recovering
from tokenmill.pipeline.driver.reuse import refuse_if_too_large, reuse
from tokenmill.pipeline.engine import Engine, Limits
from tokenmill.pipeline.exchange.ranges import DamagedFile
from tokenmill.pipeline.planning.plan import Origin, PlannedStage, Planning, check_done, consumers, plan
from tokenmill.pipeline.planning.recipe import Recipe, StageSpec
from tokenmill.pipeline.planning.resolve import Stage, excerpt_scrub, resolve, settings_of
from tokenmill.pipeline.record.accepted import accept
from tokenmill.pipeline.record.ledger import PART_ROWS, Ledger, compact
from tokenmill.pipeline.record.lock import Lock, locked
from tokenmill.pipeline.record.log import run_log
from tokenmill.pipeline.record.run_format import check_format, format_line
from tokenmill.pipeline.record.stage_record import record_path
from tokenmill.pipeline.record.task import Task, TaskName, shard_name
from tokenmill.pipeline.tasks.shard import Excerpts, ShardTask

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """What the command line may say about a run.

    Attributes:
        out: the parent folder of runs. Default "runs".
        stage: run this one alone, from the one before it. Default: all.
        mark_only: documents are marked, not dropped. Such a run has a folder of its own.
        limit: read at most so many documents of each source's first shard. Such a run has a folder of its own.
        allow_missing: a Global runs even if input is missing.
        plugins: package whose modules the recipe may name.
        discard: results that are no longer wanted are deleted, not set aside.
        reuse: folder of another run whose matching results are taken over.
        accept_code: results that differ only in the code that made them are kept, and that is recorded.
    """

    out: str = "runs"
    stage: str | None = None
    mark_only: bool = False
    limit: int | None = None
    allow_missing: bool = False
    plugins: str | None = None
    discard: bool = False
    reuse: str | None = None
    accept_code: bool = False

    def folder(self, run: str) -> str:
        """Of the recipe's run, with these options: runs/NAME, runs/NAME--limit-100, runs/NAME--mark-only."""
        limited = f"--limit-{self.limit}" if self.limit is not None else ""
        return join(self.out, run + limited + ("--mark-only" if self.mark_only else ""))


@dataclass
class Result:
    """How a run ended.

    Attributes:
        failures: one line per problem that ends the run with exit code 1.
        warnings: files that were read only in part, and what is missing if that was allowed.
        log: the log file of this run.
    """

    folder: str
    log: str = ""
    failures: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def prepare(recipe: Recipe, options: Options) -> tuple[str, tuple[Stage, ...], list[PlannedStage]]:
    """The run's folder, its stages and its plan. Raises RecipeError; writes nothing."""
    stages = resolve(recipe, plugins=options.plugins)
    folder = options.folder(recipe.run)
    check_format(folder)
    if options.stage is not None:
        recipe.stage(options.stage)
    try:
        planned = plan(recipe, stages, folder, _planning(recipe, options))
    except RecipeError as error:
        raise RecipeError(listed([str(error), *problems(recipe.file, stages, folder)])) from error
    return folder, stages, planned


def _planning(recipe: Recipe, options: Options) -> Planning:
    return Planning(options.mark_only, options.limit, _excerpts(recipe, options).scrub, options.accept_code)


def run(recipe: Recipe, engine: Engine, options: Options, progress: Progress) -> Result:
    """Run what is missing. Raises RecipeError or DataError when nothing more can be done; shards that fail are in the
    result.
    """
    folder, _, planned = prepare(recipe, options)
    refuse_problems(recipe, planned, folder, engine.workers)
    with locked(folder) as lock:
        if not options.discard:
            refuse_if_too_large(folder, [one for one in planned if options.stage in (None, one.name)])
        storage.write_bytes(join(folder, "recipe.yaml"), _filled(recipe, options, planned))
        with run_log(folder) as log:
            result = Result(folder, log)
            other = OtherRun(options.reuse) if options.reuse else None
            excerpts = _excerpts(recipe, options)
            _Driver(recipe, engine, options, progress, planned, result, lock, excerpts, other).run()
            return result


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
    other: OtherRun | None = None
    loose: int = 0  # manifests written by this driver's tasks that are in no table yet
    complete: Completeness = field(default_factory=Completeness)
    gaps: dict[str, tuple[Origin, ...]] = field(default_factory=dict)  # by stage: missing inputs that are accepted

    def run(self) -> None:
        for planned in self.planned if self.options.accept_code else ():
            accept(planned.folder, planned.accepted, counts_as=planned.code)
        for index in range(len(self.planned)):
            if self.options.stage in (None, self.planned[index].name):
                self._accept_gaps(self.planned[index])
                planned = self.planned[index]
                logger.info("stage %s begins", planned.name)
                try:
                    planned = self.planned[index] = self._run_stage(planned)
                finally:
                    self._finish(planned)
                self._release()
        self._tell_of_damage()

    def _accept_gaps(self, planned: PlannedStage) -> None:
        """With --allow-missing a Global is planned over the inputs that are there, so that its result says so."""
        made = made_shards(self.planned)
        absent = tuple(shard.origin for shard in planned.shards if shard.origin and shard.origin not in made)
        if planned.stage.final is not None and absent and self.options.allow_missing:
            self.gaps[planned.name] = absent
            stages = tuple(one.stage for one in self.planned)
            planning = replace(_planning(self.recipe, self.options), gaps=self.gaps)
            self.planned = plan(self.recipe, stages, self.result.folder, planning)

    def _finish(self, planned: PlannedStage) -> None:
        record = self.complete.finish(planned, self.planned, allowed=self.options.allow_missing)
        logger.info("stage %s ends: %d of %d shards, %s", planned.name, record.done, record.shards, record)
        if self.complete.missing_before(planned, self.planned):
            self._forgivable().append(f"{planned.name}: {record}")

    def _forgivable(self) -> list[str]:
        """Where gaps are reported: they end the run with exit code 1 unless they are accepted."""
        return self.result.warnings if self.options.allow_missing else self.result.failures

    def _run_stage(self, planned: PlannedStage) -> PlannedStage:
        storage.delete(record_path(planned.folder))
        if planned.done or (planned.stage.spec.keep is False and self._consumed(planned)):
            self.progress.skip(planned.name, len(planned.shards))
            return planned
        planned = reuse(planned, discard=self.options.discard)
        if self.other is not None:
            planned = self.other.lend(planned)
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
        self.progress.end(_totals(planned))
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
        missing = tuple(sorted(self.complete.missing_before(planned, self.planned)))
        return GlobalStage(
            planned, final, tasks, lambda tasks: self._run_tasks(tasks, limits), self.recipe.sha256(), missing
        )

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
        failures = Failures(tasks[0].name.stage, tasks[0].name.folder) if tasks else Failures("", "")
        self.loose = 0
        for outcome in run_recovering(self.engine, tasks, limits, self.progress.watch):
            self.lock.check()
            if outcome.manifest is not None:
                failures.done(outcome.task, outcome.manifest)
                self.progress.task_done(outcome.task, outcome.manifest)
                self._compact(outcome.task.name)
            elif isinstance(outcome.error, DamagedFile):
                logger.warning("%s: %s", outcome.task.name.label, outcome.error)
                damaged.add(outcome.error.file)
            elif outcome.error is not None:
                good = False
                self._fail(outcome.task, outcome.error, failures)
            self._stop_if_broken(failures, tasks, ended=False)
        self._stop_if_broken(failures, tasks, ended=True)
        failures.log_counts()
        self.result.failures += failures.lines(forgiven=False)
        self.result.warnings += failures.lines(forgiven=True)
        return Ran(good, frozenset(damaged))

    def _compact(self, task: TaskName) -> None:
        """Keeps the manifests that are not in a table few, so that a resume needs few reads."""
        self.loose += task.is_shard
        if self.loose >= PART_ROWS:
            self.loose = 0
            compact(task.folder)

    def _stop_if_broken(self, failures: Failures, tasks: Sequence[Task], *, ended: bool) -> None:
        why = failures.broken(ended=ended)
        if why:
            self.engine.close()  # or tasks that are under way would commit what is withdrawn here
            failures.withdraw(tasks)
            raise DataError(why)

    def _fail(self, task: Task, error: BaseException, failures: Failures) -> None:
        if isinstance(error, RecipeError):
            raise error
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DataError(
                f"{task.name.label}: the disk is full ({error}). What is committed stays valid; make room, run again"
            ) from error
        if task.name.is_shard:
            self.complete.errors[task.name.stage, task.name.number] = str(error).partition("\n")[0]
        failures.failed(task, error, forgiven=self.options.allow_missing and isinstance(error, DataError))

    def _shard_tasks(self, planned: PlannedStage) -> Iterator[ShardTask]:
        stage = planned.stage
        data = self._committed_data(stage)
        schema = _common_schema(data) if len(stage.inputs) > 1 else None
        missing = tuple(sorted(self.complete.missing_before(planned, self.planned)))
        for shard in planned.shards:
            if shard.origin and shard.origin not in data:
                continue  # its stage's record names it
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
                missing=missing,
            )

    def _committed_data(self, stage: Stage) -> dict[tuple[str, int], str]:
        """{(stage, shard number): data file} of all shards that are there of a stage's inputs."""
        before = [planned for planned in self.planned if planned.name in stage.inputs]
        return {(p.name, shard.number): p.data_path(shard.number) for p in before for shard in p.shards if shard.done}

    def _refuse_missing(self, planned: PlannedStage, tasks: tuple[ShardTask, ...]) -> None:
        missing = len(planned.shards) - len(tasks)
        packs = (one for one in self._before(planned) if any(s.shard and s.shard.parts for s in one.shards))
        unread = sum(len(manifest.unreadable) for one in packs for manifest in source_manifests(one))
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
            for manifest in source_manifests(planned):
                for file, counts in manifest.damage.items():
                    what = ", ".join(f"{count} × {rule}" for rule, count in counts.items())
                    self.result.warnings.append(f"{file}: read only in part ({what})")
                told = self._forgivable()
                told += [f"{planned.name}: {problem}" for problem in manifest.unreadable.values()]


def _totals(planned: PlannedStage) -> Totals:
    """A stage's sums, those of earlier runs included."""
    ledger = Ledger(planned.folder)
    made = [ledger[shard.number] for shard in planned.shards if shard.done]
    return Totals(len(made), sum(one.rows_in for one in made), sum(one.rows_out for one in made))


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
    return format_line() + yaml.safe_dump(said, sort_keys=False, allow_unicode=True).encode()
