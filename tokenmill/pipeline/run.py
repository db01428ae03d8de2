"""A run: plan, then stage by stage what is missing, then the balance. One driver at a time; resumable wherever it
stops.
"""

import errno
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import yaml

from tokenmill.core import storage
from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.storage import join
from tokenmill.pipeline.engine import Engine, Limits
from tokenmill.pipeline.engine.warm import make_kernels_ready
from tokenmill.pipeline.globals import GlobalStage
from tokenmill.pipeline.ledger import PART_ROWS, Ledger, compact, json_path
from tokenmill.pipeline.lock import locked
from tokenmill.pipeline.plan import PlannedStage, check_done, consumers, plan
from tokenmill.pipeline.progress import Progress
from tokenmill.pipeline.recipe import Recipe
from tokenmill.pipeline.recover import run_recovering
from tokenmill.pipeline.resolve import Stage, resolve, settings_of, work_class
from tokenmill.pipeline.reuse import reuse
from tokenmill.pipeline.shard import Excerpts, ShardTask

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """What the command line may say of a run; all but `workers` and `allow_missing` are part of its fingerprints.

    stage: run this one alone, from the one before it. limit: read at most so many documents, of each source's first
    shard.
    """

    out: str = "runs"
    stage: str | None = None
    mark_only: bool = False
    limit: int | None = None
    allow_missing: bool = False
    plugins: str | None = None


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
    return folder, stages, plan(recipe, stages, folder, mark_only=options.mark_only, limit=options.limit)


def run(recipe: Recipe, engine: Engine, options: Options, progress: Progress) -> Result:
    """Run what is missing. Raises RecipeError or DataError when nothing more can be done; shards that fail are in the
    result.
    """
    folder, _, planned = prepare(recipe, options)
    with locked(folder):
        storage.write_bytes(join(folder, "recipe.yaml"), _filled(recipe, planned))
        driver = _Driver(recipe, engine, options, progress, planned, Result(folder))
        driver.run()
        return driver.result


@dataclass
class _Driver:
    recipe: Recipe
    engine: Engine
    options: Options
    progress: Progress
    planned: list[PlannedStage]
    result: Result
    loose: int = 0  # manifests written by this driver's tasks that are in no table yet

    def run(self) -> None:
        for index, planned in enumerate(self.planned):
            if self.options.stage in (None, planned.name):
                self.planned[index] = self._run_stage(planned)
                self._release()
        self._warn_of_damage()

    def _run_stage(self, planned: PlannedStage) -> PlannedStage:
        if planned.done or (planned.stage.spec.keep is False and self._consumed(planned)):
            self.progress.skip(planned.name, len(planned.shards))
            return planned
        planned = reuse(planned)
        storage.delete(planned.released_marker)
        tasks = tuple(self._shard_tasks(planned))
        make_kernels_ready(list(planned.stage.work))
        self.progress.start(planned.name, sum(shard.done for shard in planned.shards), len(planned.shards))
        limits = Limits(planned.stage.spec.memory, planned.stage.spec.timeout)
        if planned.stage.final is None:
            todo = {shard.number for shard in planned.shards if not shard.done}
            self._run_tasks([task for task in tasks if task.number in todo], limits)
        elif not planned.done:
            self._refuse_missing(planned, tasks)
            stage = GlobalStage(planned, tasks, lambda some: self._run_tasks(some, limits), self.recipe.sha256())
            if not stage.run():
                raise DataError(f"stage {planned.name!r} cannot be finished: " + "; ".join(self.result.failures[:3]))
        planned = check_done(planned)
        self.progress.end(sum(shard.done for shard in planned.shards))
        return planned

    def _run_tasks(self, tasks: Iterable[Any], limits: Limits) -> bool:
        good = True
        for outcome in run_recovering(self.engine, tasks, limits, self.progress.watch):
            if outcome.error is None:
                self.progress.task_done(outcome.task, outcome.manifest)
                self._compact(outcome.task)
                continue
            good = False
            self._fail(outcome.task.label, outcome.error)
        return good

    def _compact(self, task: Any) -> None:
        """Keep the manifests that lie loose few, so that a resume finds its way by a few reads."""
        self.loose += task.manifest_path == json_path(task.folder, task.number)
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
        excerpts = Excerpts(self.recipe.excerpt, work_class("stages.scrub_pii")() if self.recipe.excerpt else None)
        data = self._committed_data(stage)
        schema = _common_schema(data) if len(stage.inputs) > 1 else None
        for shard in planned.shards:
            if shard.origin and shard.origin not in data:
                logger.warning("%s %06d: its input %s %06d is missing", planned.name, shard.number, *shard.origin)
                continue
            yield ShardTask(
                folder=planned.folder,
                number=shard.number,
                fingerprint=shard.fingerprint,
                steps=stage.steps,
                excerpts=excerpts,
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
        if missing and not self.options.allow_missing:
            raise DataError(
                f"stage {planned.name!r} looks across all documents, but {missing} of {len(planned.shards)} input "
                "shards are missing. Run the stage before it again, or accept the gap with --allow-missing"
            )

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

    def _warn_of_damage(self) -> None:
        for planned in (one for one in self.planned if one.stage.source is not None):
            manifests = Ledger(planned.folder)
            for shard in (one for one in planned.shards if one.done and one.shard):
                damage = manifests[shard.number].damage
                if damage and shard.shard:
                    what = ", ".join(f"{count} × {rule}" for rule, count in damage.items())
                    self.result.warnings.append(f"{shard.shard.file}: read only in part ({what})")


def _common_schema(data: dict[tuple[str, int], str]) -> pa.Schema:
    """All columns of several stages that come together; one shard speaks for its stage."""
    one_each = {name: path for (name, _), path in data.items()}
    return pa.unify_schemas([storage.table_schema(path) for path in one_each.values()], promote_options="permissive")


def _filled(recipe: Recipe, planned: list[PlannedStage]) -> bytes:
    """The recipe with all defaults in, as it is saved with the run."""
    stages = {}
    for stage in (one.stage for one in planned):
        work = [{type(unit).__module__.removeprefix("tokenmill."): settings_of(unit)} for unit in stage.work]
        spec = stage.spec
        options = {"memory": f"{spec.memory}B", "timeout": spec.timeout, "keep": spec.keep, "resources": spec.resources}
        stages[stage.name] = ({"from": list(stage.inputs)} if stage.inputs else {}) | options | {"steps": work}
    said = {"run": recipe.run, "seed": recipe.seed, "excerpt": recipe.excerpt, "stages": stages}
    return yaml.safe_dump(said, sort_keys=False, allow_unicode=True).encode()
