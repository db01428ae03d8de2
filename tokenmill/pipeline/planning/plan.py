"""What a recipe would run: every stage's shards with their fingerprints, and which of them are done already.

Fingerprints follow from work and input alone, so the whole plan is known before anything runs.
"""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from tokenmill.core.errors import RecipeError
from tokenmill.core.io import storage
from tokenmill.core.io.storage import join
from tokenmill.core.kinds import Packed, Shard
from tokenmill.pipeline.planning.fingerprint import digest, work_fingerprint
from tokenmill.pipeline.planning.packs import packed
from tokenmill.pipeline.planning.recipe import Recipe
from tokenmill.pipeline.planning.resolve import Stage
from tokenmill.pipeline.record.ledger import Ledger, json_path, whole_manifest

logger = logging.getLogger(__name__)

_ENGINE = ("tokenmill.pipeline.tasks.shard",)
_ENGINE_OF_GLOBALS = (
    "tokenmill.pipeline.tasks.shard",
    "tokenmill.pipeline.exchange.exchange",
    "tokenmill.pipeline.driver.globals",
)


Origin = tuple[str, int]
"""A shard of a stage before: (stage, number)."""

_Input = tuple[str, Shard | None, Origin | None]  # fingerprint, and one of the two it comes from


@dataclass(frozen=True, slots=True)
class PlannedShard:
    """One shard of a stage: from a source's shard, or from shard `origin` = (stage, number) of a stage before."""

    number: int
    fingerprint: str
    done: bool
    shard: Shard | None = None
    origin: Origin | None = None


@dataclass(frozen=True)
class PlannedStage:
    """root: what a Global's result depends on as a whole: the work and all its input. whole: what a Writer writes
    besides its shards is there. released: its data was deleted on purpose.
    """

    stage: Stage
    folder: str
    root: str
    shards: tuple[PlannedShard, ...]
    whole: bool = False
    released: bool = False

    @property
    def name(self) -> str:
        return self.stage.name

    @property
    def done(self) -> bool:
        return self.whole and all(shard.done for shard in self.shards)

    @property
    def corpus_manifest(self) -> str:
        return join(self.folder, "manifest", "corpus.json")

    @property
    def released_marker(self) -> str:
        return join(self.folder, "released")

    def manifest_path(self, number: int) -> str:
        return json_path(self.folder, number)

    def data_path(self, number: int) -> str:
        return join(self.folder, "data", f"{number:06d}.parquet")


def plan(
    recipe: Recipe,
    stages: tuple[Stage, ...],
    folder: str,
    *,
    mark_only: bool,
    limit: int | None,
    gaps: Mapping[str, Collection[Origin]] = MappingProxyType({}),
) -> list[PlannedStage]:
    """Every stage in order. Lists the sources' files; reads manifests, no data. Raises RecipeError for missing input.

    gaps: by stage, inputs that are accepted as missing: its result is planned without them, and differs from that with
    them.
    """
    planned: dict[str, PlannedStage] = {}
    for stage in stages:
        planned[stage.name] = _plan_stage(recipe, stage, planned, folder, mark_only, limit, gaps.get(stage.name, ()))
    return _need_released_data(list(planned.values()))


def _plan_stage(
    recipe: Recipe,
    stage: Stage,
    before: dict[str, PlannedStage],
    folder: str,
    mark_only: bool,
    limit: int | None,
    gaps: Collection[Origin],
) -> PlannedStage:
    engine = _ENGINE if stage.final is None else _ENGINE_OF_GLOBALS
    work = work_fingerprint(stage.work, engine, mark_only=mark_only, excerpt=recipe.excerpt.chars)
    place = join(folder, stage.name)
    origins: list[_Input]
    if stage.source is not None:
        shards = _source_shards(stage, limit)
        origins = [(digest(work, _identity(shard), limit), shard, None) for shard in shards]
    else:
        inputs = [
            (name, shard) for name in stage.inputs for shard in before[name].shards if (name, shard.number) not in gaps
        ]
        origins = [(digest(work, shard.fingerprint), None, (name, shard.number)) for name, shard in inputs]
    root = digest(work, [origin[0] for origin in origins])
    keep_numbers = len(stage.inputs) == 1
    planned = PlannedStage(stage, place, root, ())
    ledger, planned = _looked_up(planned)
    shards_of = []
    for position, (own, shard, origin) in enumerate(origins):
        number = origin[1] if keep_numbers and origin else position
        fingerprint = own if stage.final is None else digest(root, own)
        done = ledger.done(number, fingerprint, released=planned.released)
        if shard is not None and shard.number != number:
            shard = replace(shard, number=number)
        shards_of.append(PlannedShard(number, fingerprint, done, shard, origin))
    return replace(planned, shards=tuple(shards_of))


def _identity(shard: Shard) -> dict[str, object]:
    """What of a source's shard its results hang on: not its number, nor the signature that its address bears today."""
    said = {name: value for name, value in vars(shard).items() if name not in ("number", "secret", "parts", "name")}
    if shard.name:
        said["name"] = shard.name
    return said | {"parts": [_identity(part) for part in shard.parts]}


def check_done(planned: PlannedStage, ledger: Ledger | None = None) -> PlannedStage:
    """The same plan with what is done looked up again. ledger: what is on disk of the stage, if that is known."""
    ledger, planned = _looked_up(planned, ledger)
    found = (ledger.done(shard.number, shard.fingerprint, released=planned.released) for shard in planned.shards)
    shards = zip(planned.shards, found, strict=True)
    return replace(
        planned, shards=tuple(shard if shard.done == done else replace(shard, done=done) for shard, done in shards)
    )


def _looked_up(planned: PlannedStage, ledger: Ledger | None = None) -> tuple[Ledger, PlannedStage]:
    """What is on disk of the stage, and the plan with what it says of the stage as a whole."""
    corpus = whole_manifest(planned.corpus_manifest, planned.folder) if planned.stage.writes_corpus else None
    whole = not planned.stage.writes_corpus or (corpus is not None and corpus.fingerprint == planned.root)
    released = storage.exists(planned.released_marker)
    return Ledger(planned.folder) if ledger is None else ledger, replace(planned, whole=whole, released=released)


def consumers(planned: PlannedStage, stages: list[PlannedStage]) -> list[PlannedStage]:
    """The stages that read this one."""
    return [other for other in stages if planned.name in other.stage.inputs]


def _source_shards(stage: Stage, limit: int | None) -> list[Shard]:
    assert stage.source is not None
    shards = stage.source.shards()
    if not shards:
        raise RecipeError(f"stage {stage.name!r}: {stage.spec.work[0].name} found no input")
    if limit is not None:
        return shards[:1]
    return packed(shards, stage.source.shard_bytes if isinstance(stage.source, Packed) else 0)


def _need_released_data(stages: list[PlannedStage]) -> list[PlannedStage]:
    """A stage whose data was deleted must run again if one that reads it is not done."""
    for index in range(len(stages) - 1, -1, -1):
        planned = stages[index]
        hungry = any(not reader.done for reader in consumers(planned, stages))
        if hungry and planned.released:
            stages[index] = replace(planned, shards=tuple(replace(shard, done=False) for shard in planned.shards))
    return stages
