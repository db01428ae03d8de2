"""A run: plan, then stage by stage what is missing, then the balance. One driver at a time; resumable wherever it
stops.
"""

import errno
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from tokenmill.core.errors import DamagedFile, DataError, RecipeError, listed
from tokenmill.core.io import storage
from tokenmill.core.io.storage import join
from tokenmill.pipeline.driver.borrow import OtherRun
from tokenmill.pipeline.driver.check import problems, refuse_problems
from tokenmill.pipeline.driver.completeness import Completeness, damage_lines, made_shards, source_manifests
from tokenmill.pipeline.driver.failures import Failures
from tokenmill.pipeline.driver.filled_recipe import filled_recipe
from tokenmill.pipeline.driver.globals import GlobalStage, Ran
from tokenmill.pipeline.driver.out_of_date import mark_out_of_date
from tokenmill.pipeline.driver.preview import Preview, preview_of
from tokenmill.pipeline.driver.progress import Progress, totals_of
from tokenmill.pipeline.driver.recover import run_recovering
from tokenmill.pipeline.driver.remake import CommittedData, Remake, not_made, released_inputs
from tokenmill.pipeline.driver.reuse import refuse_if_too_large, reuse
from tokenmill.pipeline.engine import Engine, Limits
from tokenmill.pipeline.planning.plan import Origin, PlannedStage, Planning, check_done, consumers, plan
from tokenmill.pipeline.planning.recipe import Recipe
from tokenmill.pipeline.planning.resolve import Stage, excerpt_scrub, resolve
from tokenmill.pipeline.record.accepted import accept
from tokenmill.pipeline.record.ledger import PART_ROWS, compact
from tokenmill.pipeline.record.lock import Lock, locked
from tokenmill.pipeline.record.log import run_log
from tokenmill.pipeline.record.run_format import check_format
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
        plugins: package, folder or file whose modules the recipe may name.
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
        warnings: files with damaged records, and what is missing if that was allowed.
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
    """Run what is missing. Raises RecipeError or DataError if it must stop; the result names shards that failed."""
    folder, _, planned = prepare(recipe, options)
    refuse_problems(recipe, planned, folder, engine.workers)
    other = OtherRun(options.reuse) if options.reuse else None
    with locked(folder) as lock:
        if not options.discard:
            refuse_if_too_large(folder, [one for one in planned if options.stage in (None, one.name)])
        storage.write_bytes(join(folder, "recipe.yaml"), filled_recipe(recipe, planned, plugins=options.plugins))
        with run_log(folder) as log:
            result = Result(folder, log)
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
    remake: Remake = field(default_factory=Remake)
    loose: int = 0  # manifests written by this driver's tasks that are in no table yet
    complete: Completeness = field(default_factory=Completeness)
    gaps: dict[str, tuple[Origin, ...]] = field(default_factory=dict)  # by stage: missing inputs that are accepted

    def run(self) -> None:
        for planned in self.planned if self.options.accept_code else ():
            accept(planned.folder, planned.accepted, counts_as=planned.code)
        mark_out_of_date(self.planned)
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
        tasks = self._shard_tasks(planned)
        self._make_all_ready()
        self.progress.start(planned.name, sum(shard.done for shard in planned.shards), len(planned.shards))
        if planned.stage.final is None:
            todo = {shard.number for shard in planned.shards if not shard.done}
            self._run_tasks([task for task in tasks if task.name.number in todo], planned)
        elif not planned.done and not self._global_stage(planned, tasks).run():
            raise DataError(f"stage {planned.name!r} cannot be finished: " + "; ".join(self.result.failures[:3]))
        storage.delete_unfinished(planned.folder)
        compact(planned.folder)
        planned = check_done(planned)
        self.progress.end(totals_of(planned))
        return planned

    def _make_all_ready(self) -> None:
        """For all that this call still runs: the text kernels of all stages compile at the same time."""
        self._make_ready(*(each for each in self.planned if not each.done and self.options.stage in (None, each.name)))

    def _make_ready(self, *stages: PlannedStage) -> None:
        scrub = [self.excerpts.scrub] if self.excerpts.scrub else []
        self.engine.make_ready([*(unit for each in stages for unit in each.stage.work), *scrub])

    def _global_stage(self, planned: PlannedStage, tasks: tuple[ShardTask, ...]) -> GlobalStage:
        self._refuse_missing(planned, tasks)
        final = planned.stage.final
        assert final is not None  # its callers look
        missing = tuple(sorted(self.complete.missing_before(planned, self.planned)))
        return GlobalStage(
            planned, final, tasks, lambda tasks: self._run_tasks(tasks, planned), self.recipe.sha256(), missing
        )

    def preview(self, name: str, sample: int) -> Preview:
        [planned] = [each for each in self.planned if each.name == name]
        stage = self._global_stage(planned, self._shard_tasks(planned))
        self._make_all_ready()
        self.progress.start(planned.name, 0, len(planned.shards))
        decided = stage.decide()
        if decided is None:
            raise DataError(f"stage {name!r} cannot be looked at: " + "; ".join(self.result.failures[:3]))
        return preview_of(stage, decided, sample=sample, excerpts=self.excerpts)

    def _run_tasks(self, tasks: Sequence[Task], planned: PlannedStage) -> Ran:
        good = True
        damaged: dict[str, list[Task]] = {}
        failures = Failures(planned.name, planned.folder)
        self.loose = 0
        for outcome in run_recovering(self.engine, tasks, _limits(planned), self.progress.watch):
            self.lock.check()
            if outcome.manifest is not None:
                failures.done(outcome.task, outcome.manifest)
                self.progress.task_done(outcome.task, outcome.manifest)
                self._compact(outcome.task.name)
            elif isinstance(outcome.error, DamagedFile):
                logger.warning("%s: %s", outcome.task.name.label, outcome.error)
                damaged.setdefault(outcome.error.file, []).append(outcome.task)
            elif outcome.error is not None:
                good = False
                self._fail(outcome.task, outcome.error, failures)
            self._stop_if_broken(failures, tasks, ended=False)
        self._stop_if_broken(failures, tasks, ended=True)
        waiting = {file: damaged.pop(file) for file in sorted(damaged) if not file.startswith(f"{planned.folder}/")}
        again = self._run_again(waiting, planned, failures) if waiting else Ran(True)
        failures.log_counts()
        self.result.failures += failures.lines(forgiven=False)
        self.result.warnings += failures.lines(forgiven=True)
        return Ran(good and again.good, again.damaged | damaged.keys())

    def _run_again(self, waiting: dict[str, list[Task]], planned: PlannedStage, failures: Failures) -> Ran:
        """Runs tasks after the damaged files that they read, of earlier stages, were made again."""
        lost = self._make_again(waiting)
        for file, why in lost.items():
            for task in waiting.pop(file):
                self._fail(task, why, failures)
        self._make_ready(planned)
        again = self._run_tasks([task for some in waiting.values() for task in some], planned)
        return Ran(again.good and not lost, again.damaged)

    def _make_again(self, files: Iterable[str]) -> dict[str, DataError]:
        """Runs the tasks again that wrote files of earlier stages; {file: why it cannot be made again}."""
        lost: dict[str, DataError] = {}
        for index, numbers in self.remake.take_off_record(files, self.planned).items():
            planned = self.planned[index] = check_done(self.planned[index])
            why = released_inputs(planned, self.planned)
            if not why:
                self._make_ready(planned)
                tasks = self._shard_tasks(planned)
                if planned.stage.final is None:
                    self._run_tasks([task for task in tasks if task.name.number in numbers], planned)
                else:
                    self._global_stage(planned, tasks).run()
                planned = self.planned[index] = check_done(planned)
            left = {shard.number for shard in planned.shards if not shard.done} & numbers.keys()
            lost |= {numbers[number]: not_made(numbers[number], why) for number in left}
            if left:
                self.complete.finish(planned, self.planned, allowed=self.options.allow_missing)
        return lost

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

    def _shard_tasks(self, planned: PlannedStage) -> tuple[ShardTask, ...]:
        """A task for each shard whose input is there."""
        while True:
            try:
                return tuple(self._tasks_of_shards(planned))
            except DamagedFile as error:  # the driver reads columns; how often is bounded by _make_again
                self._make_again([error.file])

    def _tasks_of_shards(self, planned: PlannedStage) -> Iterator[ShardTask]:
        stage = planned.stage
        data = CommittedData([one for one in self.planned if one.name in stage.inputs])
        schema = data.common_schema() if len(stage.inputs) > 1 else None
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
                input=data[shard.origin] if shard.origin else None,
                schema=schema,
                mark_only=self.options.mark_only,
                limit=self.options.limit if stage.source is not None else None,
                missing=missing,
            )

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
                self.result.warnings += damage_lines(manifest, self.result.folder)
                told = self._forgivable()
                told += [f"{planned.name}: {problem}" for problem in manifest.unreadable.values()]


def _limits(planned: PlannedStage) -> Limits:
    spec = planned.stage.spec
    return Limits(spec.memory, spec.timeout, spec.resources)


def _excerpts(recipe: Recipe, options: Options) -> Excerpts:
    named = excerpt_scrub(recipe, plugins=options.plugins)
    return Excerpts(recipe.excerpt.chars, named[1] if named else None)
