"""Runs a recipe: plans it, then runs stage by stage the tasks that are not done, and records what is missing.

One driver at a time works on a run. A run can be continued wherever it stopped.
"""

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from tokenmill.core.errors import DamagedFile, DataError, RecipeError, listed
from tokenmill.core.io import storage
from tokenmill.core.io.storage import join
from tokenmill.pipeline.driver.borrow import OtherRun
from tokenmill.pipeline.driver.check import plan_problems, refuse_problems
from tokenmill.pipeline.driver.completeness import (
    Completeness,
    absent_inputs,
    damage_lines,
    refuse_gaps,
    source_manifests,
)
from tokenmill.pipeline.driver.failures import Failures, raise_if_fatal
from tokenmill.pipeline.driver.filled_recipe import filled_recipe
from tokenmill.pipeline.driver.globals import GlobalStage, Ran
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.out_of_date import mark_out_of_date
from tokenmill.pipeline.driver.preview import Preview, preview_of
from tokenmill.pipeline.driver.progress import Progress, totals_of
from tokenmill.pipeline.driver.recover import run_recovering
from tokenmill.pipeline.driver.released import consumed, release, released_inputs
from tokenmill.pipeline.driver.remake import PlanAgain, Remake, lost_results, not_made, replanning
from tokenmill.pipeline.driver.reuse import refuse_if_too_large, results_outlook, reuse
from tokenmill.pipeline.driver.shard_tasks import tasks_of_shards
from tokenmill.pipeline.engine import Engine, Limits
from tokenmill.pipeline.planning.fingerprint import forget_edited_code
from tokenmill.pipeline.planning.plan import Origin, PlannedStage, Planning, check_done, plan
from tokenmill.pipeline.planning.plugins import package_of
from tokenmill.pipeline.planning.recipe import Recipe
from tokenmill.pipeline.planning.resolve import Stage, excerpt_scrub, resolve
from tokenmill.pipeline.record.accepted import accept
from tokenmill.pipeline.record.ledger import PART_ROWS, compact
from tokenmill.pipeline.record.lock import Lock, locked
from tokenmill.pipeline.record.log import run_log
from tokenmill.pipeline.record.run_format import check_format
from tokenmill.pipeline.record.stage_record import record_path
from tokenmill.pipeline.record.task import Task, TaskName
from tokenmill.pipeline.tasks.drop_records import Excerpts
from tokenmill.pipeline.tasks.shard import ShardTask

logger = logging.getLogger(__name__)


@dataclass
class Result:
    """How a run ended.

    Attributes:
        folder: the run's folder.
        log: the log file of this call. Default "".
        failures: one line for each problem that ends the run with exit code 1. Default none.
        warnings: one line for each file with damaged records, and for missing inputs if these are allowed. Default
            none.
    """

    folder: str
    log: str = ""
    failures: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def prepare(recipe: Recipe, options: Options) -> tuple[str, tuple[Stage, ...], list[PlannedStage]]:
    """Returns the folder of a run, its stages and its plan, before anything runs.

    Raises RecipeError with all problems. Writes nothing.
    """
    forget_edited_code(package_of(options.plugins) if options.plugins is not None else None)
    stages = resolve(recipe, plugins=options.plugins)
    folder = options.folder(recipe.run)
    check_format(folder)
    options.stages(recipe)
    try:
        planned = plan(recipe, stages, folder, _planning(recipe, options))
    except RecipeError as error:
        raise RecipeError(listed([str(error), *plan_problems(recipe.file, stages, folder)])) from error
    return folder, stages, planned


def _planning(recipe: Recipe, options: Options) -> Planning:
    return Planning(options.mark_only, options.limit, _excerpts(recipe, options).scrub, options.accept_code)


def run(recipe: Recipe, engine: Engine, options: Options, progress: Progress) -> Result:
    """Runs the tasks of a recipe that are not done, stage by stage.

    Raises RecipeError or DataError if the run must stop. Shards that failed are in the result's failures.
    """
    folder, _, planned = prepare(recipe, options)
    refuse_problems(recipe, planned, folder, engine.workers)
    other = OtherRun(options.reuse) if options.reuse else None
    with locked(folder) as lock:
        if not options.discard:
            refuse_if_too_large(folder, [one for one in planned if one.name in options.stages(recipe)])
        storage.write_bytes(join(folder, "recipe.yaml"), filled_recipe(recipe, planned, plugins=options.plugins))
        with run_log(folder) as log:
            result = Result(folder, log)
            excerpts = _excerpts(recipe, options)
            _Driver(recipe, engine, options, progress, planned, result, lock, excerpts, other).run()
            return result


def preview(
    recipe: Recipe, engine: Engine, options: Options, progress: Progress, *, stage: str, sample: int
) -> Preview:
    """Returns what the Global of a stage would remove or edit, without writing results.

    A later run continues from the work of the preview. The stages before must have run. sample: number of documents to
    show per cluster. Raises RecipeError or DataError.
    """
    options = replace(options, stage=stage)
    folder, _, planned = prepare(recipe, options)
    mine = next(each for each in planned if each.name == stage)
    if mine.stage.final is None or mine.stage.writes_corpus:
        raise RecipeError(f"stage {stage!r} does not end in a deduplication, so there is nothing to preview")
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
    gaps: dict[str, tuple[Origin, ...]] = field(default_factory=dict)  # {stage: missing inputs that are accepted}

    def run(self) -> None:
        self._accept_code()
        mark_out_of_date(self.planned)
        replanning(lambda: self._run_stages(self._names), self._start_over)
        self._tell_of_damage()

    def _accept_code(self) -> None:
        for planned in self.planned if self.options.accept_code else ():
            accept(planned.folder, planned.accepted, counts_as=planned.code)

    def _start_over(self) -> None:
        """Plans again and forgets all failures, because the failed tasks run again."""
        self.result.failures.clear()
        self.result.warnings.clear()
        self.complete = Completeness()
        self._plan_again()
        mark_out_of_date(self.planned)
        if not self.options.discard:
            refuse_if_too_large(self.result.folder, [one for one in self.planned if one.name in self._names])

    @property
    def _names(self) -> set[str]:
        """The stages that this call runs, and those with damaged files that must be made again."""
        return self.options.stages(self.recipe) | self.remake.damaged.keys()

    def _run_stages(self, names: Collection[str]) -> None:
        for index in range(len(self.planned)):
            if self.planned[index].name in names:
                self._accept_gaps(self.planned[index])
                planned = self.planned[index]
                logger.info("stage %s begins", planned.name)
                try:
                    planned = self.planned[index] = self._run_stage(planned)
                finally:
                    self._finish(planned)
                release(self.planned)

    def _accept_gaps(self, planned: PlannedStage) -> None:
        """With --allow-missing, plans a Global over the inputs that exist, so that its result records the gap."""
        absent = absent_inputs(planned, self.planned)
        known = self.gaps.get(planned.name, ())
        if planned.stage.final is not None and absent != known and self.options.allow_missing:
            self.gaps[planned.name] = absent
            self._plan_again()

    def _plan_again(self) -> None:
        stages = tuple(one.stage for one in self.planned)
        planning = replace(_planning(self.recipe, self.options), gaps=self.gaps)
        self.planned = plan(self.recipe, stages, self.result.folder, planning)
        self._accept_code()

    def _finish(self, planned: PlannedStage) -> None:
        record = self.complete.finish(planned, self.planned, allowed=self.options.allow_missing)
        logger.info("stage %s ends: %d of %d shards, %s", planned.name, record.done, record.shards, record)
        if self.complete.missing_before(planned, self.planned):
            self._forgivable().append(f"{planned.name}: {record}")

    def _forgivable(self) -> list[str]:
        """Returns the list to which gaps are added: the failures, or the warnings if gaps are accepted."""
        return self.result.warnings if self.options.allow_missing else self.result.failures

    def _run_stage(self, planned: PlannedStage) -> PlannedStage:
        storage.delete(record_path(planned.folder))
        if planned.done or consumed(planned, self.planned):
            storage.delete(join(planned.folder, "work"))  # of an unfinished Global whose wanted results came back
            self.progress.skip(planned.name, len(planned.shards))
            return reuse(planned, discard=self.options.discard) if planned.strays else planned
        if self._is_hopeless(planned):
            self._refuse_gaps(planned)  # before its results are set aside
        planned = reuse(planned, discard=self.options.discard)
        if self.other is not None:
            planned = self.other.lend(planned)
        self.remake.refuse_lost_results(planned)
        self._refuse_released(planned)
        storage.delete(planned.released_marker)
        tasks = self._shard_tasks(planned)
        self._make_all_ready()
        self.progress.start(planned.name, sum(shard.done for shard in planned.shards), len(planned.shards))
        if planned.stage.final is None:
            todo = {shard.number for shard in planned.shards if not shard.done}
            self._run_tasks([task for task in tasks if task.name.number in todo], planned)
        elif not planned.done and not self._global_stage(planned, tasks).run():
            raise DataError(f"stage {planned.name!r} cannot be finished: " + "; ".join(self.result.failures[:3]))
        if planned.stage.final is not None:
            storage.delete(join(planned.folder, "work"))
        storage.delete_unfinished(planned.folder)
        compact(planned.folder)
        planned = check_done(planned)
        self.progress.end(totals_of(planned))
        return planned

    def _make_all_ready(self) -> None:
        """Compiles the text kernels of all stages that this call still runs, at the same time."""
        self._make_ready(*(each for each in self.planned if not each.done and each.name in self._names))

    def _make_ready(self, *stages: PlannedStage) -> None:
        scrub = [self.excerpts.scrub] if self.excerpts.scrub else []
        self.engine.make_ready([*(unit for each in stages for unit in each.stage.work), *scrub])

    def _global_stage(self, planned: PlannedStage, tasks: tuple[ShardTask, ...]) -> GlobalStage:
        self._refuse_gaps(planned)
        final = planned.stage.final
        assert final is not None  # the callers have checked this
        missing = tuple(sorted(self.complete.missing_before(planned, self.planned)))
        return GlobalStage(
            planned, final, tasks, lambda tasks: self._run_tasks(tasks, planned), self.recipe.sha256(), missing
        )

    def _is_hopeless(self, planned: PlannedStage) -> bool:
        """True if inputs are missing for a stage that was asked for, and no other results can take their place."""
        asked = planned.name in self.options.stages(self.recipe)
        missing = asked and self.other is None and absent_inputs(planned, self.planned)
        return bool(missing) and not results_outlook(planned).back

    def _refuse_gaps(self, planned: PlannedStage) -> None:
        if planned.stage.final is not None:
            refuse_gaps(planned, self.planned, running=self._names, allowed=self.options.allow_missing)

    def preview(self, name: str, sample: int) -> Preview:
        return replanning(lambda: self._preview(name, sample), self._start_over)

    def _preview(self, name: str, sample: int) -> Preview:
        self._run_stages(set(self.remake.damaged))
        [planned] = [each for each in self.planned if each.name == name]
        if lost_results(planned):
            raise RecipeError(f"stage {name!r} has run already; `pipeline run` brings its results back from kept/")
        stage = self._global_stage(planned, self._shard_tasks(planned))
        self._make_all_ready()
        self.progress.start(planned.name, 0, len(planned.shards))
        decided = stage.decide()
        if decided is None:
            raise DataError(f"stage {name!r} cannot be previewed: " + "; ".join(self.result.failures[:3]))
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
        """Makes damaged files of earlier stages again, then runs the tasks that read them. waiting: {file: tasks}."""
        lost = self._make_again(waiting)
        for file, why in lost.items():
            for task in waiting.pop(file):
                self._fail(task, why, failures)
        self._make_ready(planned)
        again = self._run_tasks([task for some in waiting.values() for task in some], planned)
        return Ran(again.good and not lost, again.damaged)

    def _make_again(self, files: Iterable[str]) -> dict[str, DataError]:
        """Makes files of earlier stages again, by their tasks. Returns {file: why it cannot be made again}."""
        lost: dict[str, DataError] = {}
        for index, numbers in self.remake.take_off_record(files, self.planned).items():
            planned = self.planned[index] = check_done(self.planned[index])
            if lost_results(planned):
                raise PlanAgain(planned.name)
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

    def _refuse_released(self, planned: PlannedStage) -> None:
        """Raises DataError if a stage runs only for a damaged file, and its input was deleted after use."""
        why = released_inputs(planned, self.planned)
        if why and planned.name not in self.options.stages(self.recipe):
            raise not_made(self.remake.damaged[planned.name], why)

    def _compact(self, task: TaskName) -> None:
        """Counts a finished task. Puts manifests into a table when there are many, so that a resume needs few reads."""
        self.loose += task.is_shard
        if self.loose >= PART_ROWS:
            self.loose = 0
            compact(task.folder)

    def _stop_if_broken(self, failures: Failures, tasks: Sequence[Task], *, ended: bool) -> None:
        why = failures.broken(ended=ended)
        if why:
            self.engine.close()  # otherwise running tasks could commit results that are withdrawn here
            failures.withdraw(tasks)
            raise DataError(why)

    def _fail(self, task: Task, error: BaseException, failures: Failures) -> None:
        raise_if_fatal(task, error)
        if task.name.is_shard:
            self.complete.errors[task.name.stage, task.name.number] = str(error).partition("\n")[0]
        failures.failed(task, error, forgiven=self.options.allow_missing and isinstance(error, DataError))

    def _shard_tasks(self, planned: PlannedStage) -> tuple[ShardTask, ...]:
        """Returns a task for each shard whose input exists. Makes damaged input files again."""
        missing = tuple(sorted(self.complete.missing_before(planned, self.planned)))
        mark_only, limit = self.options.mark_only, self.options.limit
        while True:
            try:
                return tuple(
                    tasks_of_shards(
                        planned, self.planned, self.excerpts, mark_only=mark_only, limit=limit, missing=missing
                    )
                )
            except DamagedFile as error:  # the driver reads columns of files; _make_again limits the number of tries
                self._make_again([error.file])

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
