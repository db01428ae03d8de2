"""Finds problems before anything is compiled or read: the output folder, model files, memory.

All problems are reported at once. Errors in the recipe itself are found earlier, by planning/resolve.
"""

import logging
import os
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

from tokenmill.core.errors import DataError, RecipeError, listed
from tokenmill.core.io import http, storage
from tokenmill.core.io.storage import join
from tokenmill.core.kinds import NeedsFiles
from tokenmill.core.memory import machine_memory
from tokenmill.pipeline.planning.plan import PlannedStage
from tokenmill.pipeline.planning.recipe import Recipe, StageSpec
from tokenmill.pipeline.planning.resolve import Stage

logger = logging.getLogger(__name__)


def refuse_problems(recipe: Recipe, planned: Iterable[PlannedStage], folder: str, workers: int) -> None:
    """Raises RecipeError with all problems that prevent the stages of a run that are not done from running.

    Logs warnings. workers: number of workers on this machine. If it is 0, this machine need not have the files that
    units need.
    """
    to_do = [one.stage for one in planned if not one.done]
    found = plan_problems(recipe.file, to_do if workers else (), folder)
    if found:
        raise RecipeError(listed(found))
    for warning in warnings(to_do, workers):
        logger.warning("%s", warning)


def plan_problems(recipe: str, stages: Iterable[Stage], folder: str) -> list[str]:
    """Returns the reasons why these stages of a run cannot run here with results in `folder`, each with what to do.

    recipe: path of the recipe, for messages. To test the folder, or the nearest folder that exists, a file is written
    there and deleted again.
    """
    return [*_missing_files(recipe, stages), *_unwritable(folder)]


def warnings(stages: Iterable[Stage], workers: int) -> list[str]:
    """Returns a warning for each stage whose memory, as the recipe states it, times `workers` exceeds this machine's.

    The default memory is only compared for a single worker.
    """
    there = machine_memory()
    found = []
    for spec in (stage.spec for stage in stages):
        if spec.memory * workers > there and (spec.memory != StageSpec.memory or spec.memory > there):
            found.append(
                f"stage {spec.name!r}: memory {spec.memory / 1e9:,.1f} GB x {workers} workers is more than the "
                f"{there / 1e9:,.1f} GB of this machine, which may end workers; use fewer --workers or less memory"
            )
    return found


def _missing_files(recipe: str, stages: Iterable[Stage]) -> Iterator[str]:
    for stage in stages:
        for unit, spec in zip(stage.work, stage.spec.work, strict=True):
            if isinstance(unit, NeedsFiles):
                try:
                    unit.check_files()
                except RecipeError as error:
                    yield f"{recipe}:{spec.line}: stage {stage.name!r}: {spec.name}: {error}"


def _unwritable(folder: str) -> Iterator[str]:
    """Yields at most one problem: why `folder` cannot be written to."""
    if http.is_http(folder):
        yield f"--out: {folder}: an HTTP server cannot be written to; give a local folder or a store such as s3://bucket/runs"
        return
    place = folder if storage.is_url(folder) else _nearest_folder(folder)
    if not storage.is_url(folder) and not os.path.isdir(place):
        yield f"--out: {folder}: {place} is a file, not a folder; name another place"
        return
    probe = join(place, f".tokenmill-{uuid.uuid4().hex[:12]}")
    try:
        storage.write_bytes(probe, b"")
        storage.delete(probe)
    except OSError as error:
        yield f"--out: {folder}: {place} cannot be written to ({error.strerror or error}); name a writable folder"
    except (RecipeError, DataError, NotImplementedError) as error:
        yield f"--out: {folder}: cannot be written to ({error or 'URLs of this scheme can only be read'})"


def _nearest_folder(folder: str) -> str:
    """Returns the folder itself if it exists, otherwise the nearest parent that exists."""
    path = Path(folder).absolute()
    return str(next(one for one in (path, *path.parents) if os.path.lexists(one)))
