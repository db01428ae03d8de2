"""Finds the MinHash stage of a finished run: its unit of work and its results on disk."""

from dataclasses import dataclass

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.io import storage
from tokenmill.core.io.storage import join
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.planning.resolve import Stage, resolve
from tokenmill.pipeline.record.facts import facts_path
from tokenmill.pipeline.report import RanStage, read_run
from tokenmill.stages.dedup.minhash import Minhash


@dataclass(frozen=True)
class MinhashStage:
    """A finished stage that ends in MinHash.

    Attributes:
        stage: the stage with its units, built from the recipe.
        minhash: its last unit.
        ran: its results on disk.
        before: the results on disk of the stages whose documents it reads.
    """

    stage: Stage
    minhash: Minhash
    ran: RanStage
    before: tuple[RanStage, ...]

    @property
    def name(self) -> str:
        return self.stage.name


def finished_minhash(run: str, stage: str | None, plugins: str | None) -> MinhashStage:
    """Returns the stage of a run that ends in MinHash, for an audit or an index. stage: its name, if there are several.

    Raises RecipeError if there is no such stage or more than one, and DataError if it is not done or only marked what
    it would remove.
    """
    ran = {one.name: one for one in read_run(run)}
    planned, minhash = _minhash_stage(resolve(load_recipe(join(run, "recipe.yaml")), plugins=plugins), stage)
    name = planned.name
    found = MinhashStage(planned, minhash, ran[name], tuple(ran[one] for one in ran if one in planned.inputs))
    if found.ran.unfinished or not storage.exists(facts_path(found.ran.folder)):
        raise DataError(f"{run}: stage {name!r} is not done; run the recipe again: it continues from there")
    data = found.ran.files("data")
    if data and "drop_rule" in found.ran.columns(data[0]).names:
        raise DataError(f"{run}: made with --mark-only, so stage {name!r} removed nothing; run it without")
    return found


def _minhash_stage(stages: tuple[Stage, ...], name: str | None) -> tuple[Stage, Minhash]:
    found = [(one, one.final) for one in stages if isinstance(one.final, Minhash) and name in (None, one.name)]
    if len(found) != 1:
        names = ", ".join(repr(one.name) for one, _ in found) or "none"
        todo = "choose one by --stage" if found else "only such a stage can be audited or added to an index"
        raise RecipeError(f"stages that end in stages.minhash: {names}; {todo}")
    return found[0]
