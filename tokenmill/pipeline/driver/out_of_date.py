"""Stages whose finished results are no longer what the recipe asks for, while a run makes others.

The mark stands in a stage's record from the moment the run begins, so that a run of one stage, or one that is
interrupted, leaves no record that calls old results complete.
"""

from collections.abc import Iterable
from dataclasses import replace

from tokenmill.pipeline.planning.plan import PlannedStage, check_done
from tokenmill.pipeline.record.ledger import Ledger
from tokenmill.pipeline.record.stage_record import StageRecord, read_record, write_record


def mark_out_of_date(stages: Iterable[PlannedStage]) -> None:
    """Writes into each stage's record whether its results are out of date."""
    for planned in stages:
        record = read_record(planned.folder)
        stale = _out_of_date(planned, record)
        if stale != (record is not None and record.stale):
            write_record(planned.folder, replace(record or StageRecord(len(planned.shards), 0), stale=stale))


def _out_of_date(planned: PlannedStage, record: StageRecord | None) -> bool:
    """True if the stage has results, and some are not those that the plan wants."""
    now = check_done(planned)  # in the plan a stage whose data was deleted may count as not done
    if now.done or (record is not None and record.missing and record.allowed):
        return False  # over accepted gaps a Global has other fingerprints than the plan, which knows of no gap
    results = Ledger(planned.folder).fingerprints
    wanted = {shard.number: shard.fingerprint for shard in now.shards}
    others = any(wanted.get(number) != fingerprint for number, fingerprint in results.items())
    return others or (bool(results) and record is not None and not record.missing)
