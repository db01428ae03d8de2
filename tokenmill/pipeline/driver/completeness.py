"""Records what each stage lacks: inputs that could not be read, shards that were not made."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from tokenmill.core.errors import DataError
from tokenmill.core.kinds import JsonObject, Noting, Shard
from tokenmill.pipeline.planning.packs import parts_of
from tokenmill.pipeline.planning.plan import Origin, PlannedStage, check_done
from tokenmill.pipeline.record.ledger import Ledger
from tokenmill.pipeline.record.manifest import Manifest
from tokenmill.pipeline.record.notes import SHOWN_NAMES, ByStep, add_facts, as_json
from tokenmill.pipeline.record.stage_record import StageRecord, read_record, write_record

Stages = list[PlannedStage]


@dataclass
class Completeness:
    """The missing inputs and shards that a driver knows of while it works.

    Attributes:
        errors: {(stage, shard number): why the shard could not be made}.
        records: {stage: its record}, of stages that the driver has finished or asked for.
    """

    errors: dict[Origin, str] = field(default_factory=dict)
    records: dict[str, StageRecord] = field(default_factory=dict)

    def finish(self, planned: PlannedStage, stages: Stages, *, allowed: bool) -> StageRecord:
        """Writes the stage's record and returns it. allowed: gaps are accepted (`--allow-missing`)."""
        planned = check_done(planned)
        missing, stage = self._missing(planned, stages), planned.stage
        record = StageRecord(
            len(planned.shards),
            _done(planned),
            missing,
            allowed,
            corpus=stage.writes_corpus,
            facts=stage.has_facts,
            notes=_notes(planned),
        )
        self.records[planned.name] = record
        write_record(planned.folder, record)
        return record

    def missing_before(self, planned: PlannedStage, stages: Stages) -> dict[str, str]:
        """Returns {input that is missing from the stages before: why}."""
        found: dict[str, str] = {}
        for name in planned.stage.inputs:
            found |= self._record_of(name, stages).missing
        return found

    def _missing(self, planned: PlannedStage, stages: Stages) -> dict[str, str]:
        found = self.missing_before(planned, stages)
        made = made_shards(stages)
        for shard in planned.shards:
            if not shard.done and (shard.origin is None or shard.origin in made):
                file = f" ({', '.join(_files(shard.shard))})" if shard.shard else ""
                why = self.errors.get((planned.name, shard.number), "not made")
                found[f"{planned.name} {shard.number:06d}{file}"] = why
        for manifest in source_manifests(planned):
            found |= {f"{planned.name}: {file}": why for file, why in manifest.unreadable.items()}
        return found

    def _record_of(self, name: str, stages: Stages) -> StageRecord:
        """Returns the record of an earlier stage: of this run, otherwise of an earlier run if it is still current.

        If there is neither, it is computed from the stage's results. It is not written then.
        """
        if name not in self.records:
            [planned] = [one for one in stages if one.name == name]
            left = read_record(planned.folder)
            current = left is not None and (left.shards, left.done) == (len(planned.shards), _done(planned))
            if left is None or not current:
                left = StageRecord(len(planned.shards), _done(planned), self._missing(planned, stages))
            self.records[name] = left
        return self.records[name]


def made_shards(stages: Stages) -> set[Origin]:
    """Returns the finished shards of all stages of a plan."""
    return {(planned.name, shard.number) for planned in stages for shard in planned.shards if shard.done}


def absent_inputs(planned: PlannedStage, stages: Stages) -> tuple[Origin, ...]:
    """Returns the shards that a stage lacks: those of its input stages that are not done, in order."""
    made, by_name = made_shards(stages), {one.name: one for one in stages}
    every = ((name, shard.number) for name in planned.stage.inputs for shard in by_name[name].shards)
    return tuple(origin for origin in every if origin not in made)


def refuse_gaps(planned: PlannedStage, stages: Stages, *, running: Collection[str], allowed: bool) -> None:
    """Raises DataError if a Global's stage would not get all documents.

    running: names of the stages that this call runs. allowed: gaps are accepted, unless all documents are missing.
    """
    absent = absent_inputs(planned, stages)
    total = sum(len(one.shards) for one in stages if one.name in planned.stage.inputs)
    packs = (one for one in _before(planned, stages) if any(s.shard and s.shard.parts for s in one.shards))
    unread = sum(len(manifest.unreadable) for one in packs for manifest in source_manifests(one))
    if not (absent or unread) or (allowed and len(absent) < max(1, total)):
        return
    what = f"{len(absent)} of its {total} input shards" if absent else f"{unread} unreadable files"
    waiting = [name for name in planned.stage.inputs if name not in running and name in {stage for stage, _ in absent}]
    advice = (
        f"run {' and '.join(waiting)} first" if waiting else "repair the inputs that are named above, and run again"
    )
    accept = "" if len(absent) == total > 0 else ", or accept the gap with --allow-missing"
    raise DataError(f"stage {planned.name!r} compares all documents, but {what} are missing; {advice}{accept}")


def _before(planned: PlannedStage, stages: Stages) -> Stages:
    """Returns the stages that this one reads, directly or through others."""
    found = [one for one in stages if one.name in planned.stage.inputs]
    return found + [earlier for one in found for earlier in _before(one, stages)]


def source_manifests(planned: PlannedStage) -> Iterator[Manifest]:
    """Yields the manifests of the finished shards of a stage with a Source; none for other stages."""
    if planned.stage.source is not None:
        ledger = Ledger(planned.folder)
        yield from (ledger[shard.number] for shard in planned.shards if shard.done)


def damage_lines(manifest: Manifest, run: str) -> Iterator[str]:
    """Yields one line of a run's warnings for each input file with damage.

    The drop records say how much of the file was lost. run: the run's folder, for the messages.
    """
    for file, counts in manifest.damage.items():
        total = sum(counts.values())
        what = ", ".join(f"{count} × {rule}" for rule, count in counts.items())
        records = "1 damaged record is" if total == 1 else f"{total:,} damaged records are"
        rule = next(iter(counts))
        yield f"{file}: {records} marked as dropped ({what}); see `pipeline audit {run} --rule {rule}`"


def _notes(planned: PlannedStage) -> dict[str, dict[str, JsonObject]]:
    """Returns the notes of a stage for its record. Only stages with a Noting step have their manifests read."""
    sums: ByStep = {}
    if any(isinstance(step, Noting) for step in planned.stage.steps):
        ledger = Ledger(planned.folder)
        for shard in planned.shards:
            if shard.done:
                add_facts(sums, ledger[shard.number].facts)
    return as_json(sums, SHOWN_NAMES)


def _files(shard: Shard) -> list[str]:
    """Returns the files of a shard, each once, in order."""
    return list(dict.fromkeys(part.file for part in parts_of(shard)))


def _done(planned: PlannedStage) -> int:
    return sum(shard.done for shard in planned.shards)
