"""Plans a run: the shards of every stage, their fingerprints, and which of them are done already.

Fingerprints follow from work and input alone, so the whole plan is known before anything runs.
"""

import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tokenmill.core.errors import RecipeError
from tokenmill.core.io import storage
from tokenmill.core.io.storage import join
from tokenmill.core.kinds import JsonObject, Packed, Repeating, Shard, Step, Typing
from tokenmill.pipeline.planning.fingerprint import WorkPrint, code_of, digest, with_code, work_fingerprint
from tokenmill.pipeline.planning.packs import packed
from tokenmill.pipeline.planning.plugins import blaming
from tokenmill.pipeline.planning.recipe import Recipe
from tokenmill.pipeline.planning.resolve import Stage
from tokenmill.pipeline.planning.source_code import remember_code
from tokenmill.pipeline.planning.touched import with_recorded_etags
from tokenmill.pipeline.record.accepted import accepted_codes
from tokenmill.pipeline.record.facts import facts_problem, has_facts
from tokenmill.pipeline.record.kept import kept_fingerprints, kept_manifest
from tokenmill.pipeline.record.ledger import Ledger, is_done, json_path

logger = logging.getLogger(__name__)

ENGINE = ("tokenmill.pipeline.tasks.shard",)
"""The engine's modules that decide the bytes of a stage without a Global. Their code is in its fingerprints."""

ENGINE_OF_GLOBALS = (
    "tokenmill.pipeline.tasks.shard",
    "tokenmill.pipeline.exchange.exchange",
    "tokenmill.pipeline.driver.globals",
)
"""The same for a stage with a Global."""

Origin = tuple[str, int]
"""A shard of an earlier stage: (stage, number)."""


@dataclass(frozen=True, slots=True)
class PlannedShard:
    """One shard of a stage.

    Attributes:
        done: a result with this fingerprint is there.
        shard: the Source's shard from which it is made; None for a stage without a Source.
        origin: the shard of an earlier stage from which it is made; None for a stage with a Source.
    """

    number: int
    fingerprint: str
    done: bool
    shard: Shard | None = None
    origin: Origin | None = None


@dataclass(frozen=True)
class PlannedStage:
    """A stage with its shards.

    Attributes:
        root: fingerprint of a Global's result as a whole: of the work and all its input.
        code: the code part of fingerprints today.
        only_code: number of results that would be made again only because the code differs.
        whole: a Writer's output and a Global's facts are there. True for a stage that has neither, once it is checked.
        released: the stage's data was deleted on purpose.
        ids_differ: an earlier Global has compared the ids of all documents that come to the stage.
        strays: the stage is done, and its folder also has results or files of shards that the plan does not contain.
    """

    stage: Stage
    folder: str
    root: str
    shards: tuple[PlannedShard, ...]
    code: str = ""
    only_code: int = 0
    whole: bool = False
    released: bool = False
    ids_differ: bool = False
    strays: bool = False

    @property
    def name(self) -> str:
        return self.stage.name

    @property
    def done(self) -> bool:
        return self.whole and all(shard.done for shard in self.shards)

    @property
    def accepted(self) -> Counter[str]:
        """{code: number of shards whose results it made}, of other code that was accepted."""
        return Counter(code for shard in self.shards if (code := code_of(shard.fingerprint)) != self.code)

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


@dataclass(frozen=True)
class Planning:
    """Options of a plan, in addition to the recipe.

    Attributes:
        mark_only: documents are marked, not dropped. Default false.
        limit: largest number of documents, read only from each source's first shard. Default: all documents.
        scrub: the Step that edits excerpts. Default none.
        accept_code: results that differ only in the code that made them count as done. Default false.
        made_again: stages whose results of other code do not count, because their deleted data is needed again. Default
            none.
        gaps: {stage: inputs that are accepted as missing}. The stage is planned without them, so its fingerprint is not
            the one with them. Default none.
    """

    mark_only: bool = False
    limit: int | None = None
    scrub: Step | None = None
    accept_code: bool = False
    made_again: frozenset[str] = frozenset()
    gaps: Mapping[str, Collection[Origin]] = field(default_factory=dict)


def plan(recipe: Recipe, stages: tuple[Stage, ...], folder: str, planning: Planning) -> list[PlannedStage]:
    """Plans every stage of a recipe, in order: its shards, their fingerprints, and which are done.

    Lists the sources' files and reads manifests, but no data. Raises RecipeError if a source has no input.
    """
    planned: dict[str, PlannedStage] = {}
    for stage in stages:
        planned[stage.name] = _plan_stage(recipe, stage, planned, folder, planning)
    remember_code()
    found = _need_released_data(list(planned.values()))
    needed = {one.name for one in found if one.accepted and not one.done}
    again = planning.made_again | {name for name in needed if planned[name].released}
    return found if again == planning.made_again else plan(recipe, stages, folder, replace(planning, made_again=again))


def _plan_stage(
    recipe: Recipe, stage: Stage, before: dict[str, PlannedStage], folder: str, planning: Planning
) -> PlannedStage:
    engine = ENGINE if stage.final is None else ENGINE_OF_GLOBALS
    chars = recipe.excerpt.chars
    work = work_fingerprint(stage.work, engine, mark_only=planning.mark_only, excerpt=chars, scrub=planning.scrub)
    shards, inputs = _shards(stage, recipe, before, planning)
    ledger = Ledger(join(folder, stage.name))
    prints = _fingerprints(stage, work, inputs)
    own = [shard.shard for shard in shards if shard.shard is not None]
    found = with_recorded_etags(own, prints, ledger)
    if found != own:
        shards = [replace(shard, shard=one) for shard, one in zip(shards, found, strict=True)]
        inputs = _source_inputs(found, planning)
        prints = _fingerprints(stage, work, inputs)
    root = work.on(digest(inputs))
    ids_differ = _ids_differ([before[name] for name in stage.inputs])
    planned = PlannedStage(stage, ledger.folder, root, (), work.code, ids_differ=ids_differ)
    if stage.name not in planning.made_again:
        prints, planned = _with_results_of_other_code(prints, planned, ledger, accept_code=planning.accept_code)
    numbered = zip(shards, prints, strict=True)
    planned = replace(planned, shards=tuple(replace(shard, fingerprint=own) for shard, own in numbered))
    return check_done(planned, ledger)


def _fingerprints(stage: Stage, work: WorkPrint, inputs: Sequence[JsonObject | str]) -> list[str]:
    if stage.final is None:
        return [work.on(described) for described in inputs]
    everything = digest(inputs)
    return [work.on(everything, described) for described in inputs]


def _source_inputs(shards: Sequence[Shard], planning: Planning) -> list[JsonObject | str]:
    return [{"shard": _identity(shard), "limit": planning.limit} for shard in shards]


def _shards(
    stage: Stage, recipe: Recipe, before: dict[str, PlannedStage], planning: Planning
) -> tuple[list[PlannedShard], list[JsonObject | str]]:
    """Returns the stage's shards without fingerprints, and a description of each shard's input, to be hashed."""
    if stage.source is not None:
        found = enumerate(_source_shards(stage, recipe, planning.limit))
        own = [PlannedShard(number, "", False, replace(shard, number=number)) for number, shard in found]
        return own, _source_inputs([one.shard for one in own if one.shard is not None], planning)
    gaps = planning.gaps.get(stage.name, ())
    every = ((name, shard) for name in stage.inputs for shard in before[name].shards)
    inputs = [(name, shard) for name, shard in every if (name, shard.number) not in gaps]
    keep_numbers = len(stage.inputs) == 1
    shards = [
        PlannedShard(shard.number if keep_numbers else place, "", False, origin=(name, shard.number))
        for place, (name, shard) in enumerate(inputs)
    ]
    if keep_numbers:
        return shards, [shard.fingerprint for _, shard in inputs]
    columns = [_columns(before[name], before) for name in stage.inputs]  # all shards get the columns of all inputs
    return shards, [{"input": shard.fingerprint, "columns": columns} for _, shard in inputs]


def _columns(planned: PlannedStage, before: Mapping[str, PlannedStage]) -> list[object]:
    """Returns the names of a stage's columns, and what its settings, and those of earlier stages, say about types."""
    types: list[object] = [unit.column_types() for unit in planned.stage.work if isinstance(unit, Typing)]
    return [planned.stage.columns, types, *(_columns(before[name], before) for name in planned.stage.inputs)]


def _ids_differ(inputs: list[PlannedStage]) -> bool:
    """Returns whether a Global has compared the ids of all documents of these stages.

    Steps keep ids, so this is true for all later stages until documents of several stages come together or a Global
    makes copies.
    """
    if len(inputs) != 1:
        return False
    [before] = inputs
    return before.ids_differ if before.stage.final is None else not isinstance(before.stage.final, Repeating)


def _with_results_of_other_code(
    prints: list[str], planned: PlannedStage, ledger: Ledger, *, accept_code: bool
) -> tuple[list[str], PlannedStage]:
    """Returns the shards' fingerprints and the plan, with results of accepted code.

    Such a result keeps its fingerprint, so that the input of the stages that read it does not change. For a Global all
    results are accepted or none, because they are parts of one decision.
    """
    wanted = accepted_codes(planned.folder, counts_as=planned.code)
    likes = _finished_by_other_code(prints, planned, ledger, preferred=wanted)
    if not any(likes):
        return prints, planned
    if not accept_code:
        planned = replace(planned, only_code=sum(bool(like) and code_of(like) not in wanted for like in likes))
        likes = [like if code_of(like) in wanted else "" for like in likes]
    if planned.stage.final is None:
        return [like or own for own, like in zip(prints, likes, strict=True)], planned
    made_by = {code_of(like) for like in likes}
    if len(made_by) != 1 or "" in made_by:
        return prints, planned
    root = with_code(planned.root, made_by.pop())
    if planned.stage.writes_corpus and not _has_corpus(planned, root):
        return prints, planned
    if planned.stage.has_facts and not has_facts(planned.folder, root):
        return prints, planned  # today's code would count the facts of results that other code made
    return likes, replace(planned, root=root)


def _finished_by_other_code(
    prints: list[str], planned: PlannedStage, ledger: Ledger, *, preferred: Collection[str]
) -> list[str]:
    """Returns for each shard the fingerprint of a complete result that differs only in its code; "" if there is none,
    or if there is one of today's code.

    preferred: codes that come first. Within each group, results in their place come before those in kept/.
    """
    numbers = {found: number for number, found in ledger.fingerprints.items()}
    kept = kept_fingerprints(planned.folder)
    others = {code_of(found) for found in numbers.keys() | kept} - {planned.code, ""}
    if not others:
        return [""] * len(prints)
    released = storage.exists(planned.released_marker)

    def finished(like: str) -> bool:
        in_place = like in numbers and ledger.whole(numbers[like], released=released)
        return in_place or (like in kept and kept_manifest(planned.folder, like) is not None)

    def likes(own: str) -> list[str]:
        found = [with_code(own, code) for code in sorted(others)]
        return sorted(found, key=lambda like: (code_of(like) not in preferred, like not in numbers))

    return ["" if own in numbers else next(filter(finished, likes(own)), "") for own in prints]


def _has_corpus(planned: PlannedStage, root: str) -> bool:
    """Returns whether a Writer's output with this fingerprint is in its place or in kept/."""
    in_place = is_done(planned.corpus_manifest, root, planned.folder)
    return in_place or kept_manifest(planned.folder, root) is not None


def _identity(shard: Shard) -> JsonObject:
    """Returns the fields of a source's shard that its results depend on: all but the number and the secret of its
    address, and the name only if there is one.
    """
    said = {name: value for name, value in vars(shard).items() if name not in ("number", "secret", "parts", "name")}
    if shard.name:
        said["name"] = shard.name
    return said | {"parts": [_identity(part) for part in shard.parts]}


def check_done(planned: PlannedStage, ledger: Ledger | None = None) -> PlannedStage:
    """Returns the plan of a stage after looking up again what is done.

    ledger: the stage's ledger, if it has been read already.
    """
    ledger = Ledger(planned.folder) if ledger is None else ledger
    whole = not planned.stage.writes_corpus or is_done(planned.corpus_manifest, planned.root, planned.folder)
    whole = whole and not (planned.stage.has_facts and facts_problem(planned.folder, planned.root))
    planned = replace(planned, whole=whole, released=storage.exists(planned.released_marker))
    found = (ledger.done(shard.number, shard.fingerprint, released=planned.released) for shard in planned.shards)
    shards = zip(planned.shards, found, strict=True)
    planned = replace(
        planned, shards=tuple(shard if shard.done == done else replace(shard, done=done) for shard, done in shards)
    )
    return replace(planned, strays=planned.done and _has_strays(planned, ledger))


def _has_strays(planned: PlannedStage, ledger: Ledger) -> bool:
    there = {*ledger, *ledger.numbers("data").values(), *ledger.numbers("dropped").values()}
    return not there <= {shard.number for shard in planned.shards}


def consumers(planned: PlannedStage, stages: list[PlannedStage]) -> list[PlannedStage]:
    """Returns the stages of a plan that read this one."""
    return [other for other in stages if planned.name in other.stage.inputs]


def _source_shards(stage: Stage, recipe: Recipe, limit: int | None) -> list[Shard]:
    assert stage.source is not None
    work = stage.spec.work[0]
    where = f"{recipe.file}:{work.line}: stage {stage.name!r}: {work.name}"
    try:
        with blaming(stage.source, ""):
            shards = list(stage.source.shards())
    except RecipeError as error:
        raise RecipeError(f"{where}: {error}") from error
    if not shards:
        raise RecipeError(f"{where} found no input")
    if limit is not None:
        return shards[:1]
    return packed(shards, stage.source.shard_bytes if isinstance(stage.source, Packed) else 0)


def _need_released_data(stages: list[PlannedStage]) -> list[PlannedStage]:
    """Returns the plan in which a stage whose data was deleted is not done if a stage that reads it is not done."""
    for index in range(len(stages) - 1, -1, -1):
        planned = stages[index]
        hungry = any(not reader.done for reader in consumers(planned, stages))
        if hungry and planned.released:
            stages[index] = replace(planned, shards=tuple(replace(shard, done=False) for shard in planned.shards))
    return stages
