"""What a recipe would run: every stage's shards with their fingerprints, and which of them are done already.

Fingerprints follow from work and input alone, so the whole plan is known before anything runs.
"""

import logging
from dataclasses import dataclass, replace

from tokenmill.core import storage
from tokenmill.core.errors import RecipeError
from tokenmill.core.kinds import Shard
from tokenmill.core.storage import join
from tokenmill.pipeline.fingerprint import as_json, digest, work_fingerprint
from tokenmill.pipeline.manifest import Manifest, is_done, read_manifest
from tokenmill.pipeline.packs import packed
from tokenmill.pipeline.recipe import Recipe
from tokenmill.pipeline.resolve import Stage

logger = logging.getLogger(__name__)

_ENGINE = ("tokenmill.pipeline.shard",)
_ENGINE_OF_GLOBALS = ("tokenmill.pipeline.shard", "tokenmill.pipeline.exchange", "tokenmill.pipeline.globals")


@dataclass(frozen=True)
class PlannedShard:
    """One shard of a stage: from a source's shard, or from shard `origin` = (stage, number) of a stage before."""

    number: int
    fingerprint: str
    done: bool
    shard: Shard | None = None
    origin: tuple[str, int] | None = None


@dataclass(frozen=True)
class PlannedStage:
    """root: what a Global's result depends on as a whole: the work and all its input."""

    stage: Stage
    folder: str
    root: str
    shards: tuple[PlannedShard, ...]

    @property
    def name(self) -> str:
        return self.stage.name

    @property
    def done(self) -> bool:
        corpus_there = not self.stage.writes_corpus or is_done(self.corpus_manifest, self.root, self.folder)
        return corpus_there and all(shard.done for shard in self.shards)

    @property
    def corpus_manifest(self) -> str:
        return join(self.folder, "manifest", "corpus.json")

    @property
    def released_marker(self) -> str:
        return join(self.folder, "released")

    def manifest_path(self, number: int) -> str:
        return join(self.folder, "manifest", f"{number:06d}.json")

    def data_path(self, number: int) -> str:
        return join(self.folder, "data", f"{number:06d}.parquet")


def plan(
    recipe: Recipe, stages: tuple[Stage, ...], folder: str, *, mark_only: bool, limit: int | None
) -> list[PlannedStage]:
    """Every stage in order. Lists the sources' files; reads manifests, no data. Raises RecipeError for missing
    input.
    """
    planned: dict[str, PlannedStage] = {}
    for stage in stages:
        planned[stage.name] = _plan_stage(recipe, stage, planned, folder, mark_only, limit)
    return _need_released_data(list(planned.values()))


def _plan_stage(
    recipe: Recipe, stage: Stage, before: dict[str, PlannedStage], folder: str, mark_only: bool, limit: int | None
) -> PlannedStage:
    engine = _ENGINE if stage.final is None else _ENGINE_OF_GLOBALS
    work = work_fingerprint(stage.work, engine, mark_only=mark_only, excerpt=recipe.excerpt)
    place = join(folder, stage.name)
    if stage.source is not None:
        shards = _source_shards(stage, limit)
        said = [_identity(shard) for shard in shards]
        origins = [(f"{digest(work, what, limit)}", shard, None) for what, shard in zip(said, shards, strict=True)]
    else:
        inputs = [(name, shard) for name in stage.inputs for shard in before[name].shards]
        origins = [(digest(work, shard.fingerprint), None, (name, shard.number)) for name, shard in inputs]  # type: ignore[misc]
    root = digest(work, [origin[0] for origin in origins])
    keep_numbers = len(stage.inputs) == 1
    planned = []
    for position, (own, shard, origin) in enumerate(origins):
        number = origin[1] if keep_numbers and origin else position
        fingerprint = own if stage.final is None else digest(root, own)
        planned.append(
            PlannedShard(number, fingerprint, False, replace(shard, number=number) if shard else None, origin)
        )
    return check_done(PlannedStage(stage, place, root, tuple(planned)))


def _identity(shard: Shard) -> dict[str, object]:
    """What of a source's shard its results hang on: not its number, nor the signature that its address bears today."""
    said = {name: value for name, value in as_json(shard).items() if name not in ("number", "secret", "parts")}
    return said | {"parts": [_identity(part) for part in shard.parts]}


def check_done(planned: PlannedStage) -> PlannedStage:
    """The same plan with `done` looked up again."""
    released = storage.exists(planned.released_marker)
    shards = (
        replace(s, done=is_done(planned.manifest_path(s.number), s.fingerprint, planned.folder, released=released))
        for s in planned.shards
    )
    return replace(planned, shards=tuple(shards))


def consumers(planned: PlannedStage, stages: list[PlannedStage]) -> list[PlannedStage]:
    """The stages that read this one."""
    return [other for other in stages if planned.name in other.stage.inputs]


def _source_shards(stage: Stage, limit: int | None) -> list[Shard]:
    assert stage.source is not None
    shards: list[Shard] = stage.source.shards()
    if not shards:
        raise RecipeError(f"stage {stage.name!r}: {stage.spec.work[0].name} found no input")
    return shards[:1] if limit is not None else packed(shards, getattr(stage.source, "shard_bytes", 0))


def _need_released_data(stages: list[PlannedStage]) -> list[PlannedStage]:
    """A stage whose data was deleted must run again if one that reads it is not done."""
    for index in range(len(stages) - 1, -1, -1):
        planned = stages[index]
        hungry = any(not reader.done for reader in consumers(planned, stages))
        if hungry and storage.exists(planned.released_marker):
            stages[index] = replace(planned, shards=tuple(replace(shard, done=False) for shard in planned.shards))
    return stages


def reuse(planned: PlannedStage) -> PlannedStage:
    """Bring results that are still valid to the numbers they have now, and remove and name what is not.

    One input file more shifts the numbers of those after it; their results are moved, not made again.
    """
    folder = join(planned.folder, "manifest")
    found = {name: read_manifest(join(folder, name)) for name in storage.list_files(folder) if name != "corpus.json"}
    at = {manifest.fingerprint: int(name[:6]) for name, manifest in found.items() if manifest}
    moves = [(at[s.fingerprint], s.number) for s in planned.shards if not s.done and s.fingerprint in at]
    moves = [(old, new) for old, new in moves if old != new]
    held = [_take_up(planned, old) for old, _ in moves]
    wanted = {shard.number for shard in planned.shards if shard.done}
    stale = [number for number in at.values() if number not in wanted and number not in {old for old, _ in moves}]
    for number in stale:
        _remove(planned, number)
    for (_, new), manifest in zip(moves, held, strict=True):
        _put_down(planned, manifest, new)
    if moves or stale:
        logger.info("%s: %d shards reused under a new number, %d stale", planned.name, len(moves), len(stale))
    return check_done(planned)


def _take_up(planned: PlannedStage, number: int) -> Manifest:
    manifest = read_manifest(planned.manifest_path(number))
    assert manifest is not None
    storage.delete(planned.manifest_path(number))
    for output in manifest.outputs:
        held = join(planned.folder, "moving", manifest.fingerprint, output.path)
        storage.move(join(planned.folder, output.path), held)
    return manifest


def _put_down(planned: PlannedStage, manifest: Manifest, number: int) -> None:
    outputs = [
        replace(output, path=f"{output.path.partition('/')[0]}/{number:06d}.parquet") for output in manifest.outputs
    ]
    for old, new in zip(manifest.outputs, outputs, strict=True):
        storage.move(join(planned.folder, "moving", manifest.fingerprint, old.path), join(planned.folder, new.path))
    from tokenmill.pipeline.manifest import write_manifest

    write_manifest(planned.manifest_path(number), replace(manifest, outputs=outputs))


def _remove(planned: PlannedStage, number: int) -> None:
    storage.delete(planned.manifest_path(number))
    for kind in ("data", "dropped"):
        storage.delete(join(planned.folder, kind, f"{number:06d}.parquet"))
