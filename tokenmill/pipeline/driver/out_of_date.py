"""Marks the stages whose finished results are no longer those that the recipe asks for.

The mark is written into a stage's record when the run starts. So a run of one stage, or an interrupted run, leaves no
record that calls old results complete.
"""

from collections.abc import Iterable
from dataclasses import replace

from tokenmill.pipeline.planning.fingerprint import with_code, work_of
from tokenmill.pipeline.planning.plan import PlannedStage, check_done
from tokenmill.pipeline.record.accepted import accepted_codes
from tokenmill.pipeline.record.ledger import Ledger
from tokenmill.pipeline.record.stage_record import StageRecord, read_record, write_record


def mark_out_of_date(stages: Iterable[PlannedStage]) -> None:
    """Writes into the record of each stage of a run whether its results are out of date."""
    across: set[str] = set()  # Globals, and stages after one
    for planned in stages:
        if planned.stage.final is not None or across.intersection(planned.stage.inputs):
            across.add(planned.name)
        record = read_record(planned.folder)
        stale = _out_of_date(planned, record, across=planned.name in across)
        if stale != (record is not None and record.stale):
            write_record(planned.folder, replace(record or StageRecord(len(planned.shards), 0), stale=stale))


def _out_of_date(planned: PlannedStage, record: StageRecord | None, *, across: bool) -> bool:
    """Returns True if the stage has results and some of them are not those that the plan wants.

    across: the results depend on all documents that a Global got.
    """
    now = check_done(planned)  # in the plan a stage whose data was deleted may count as not done
    if now.done:
        return False
    results = Ledger(planned.folder).fingerprints
    if across and record is not None and record.missing and record.allowed:
        return _other_work(planned, results.values())
    wanted = {shard.number: shard.fingerprint for shard in now.shards}
    others = any(wanted.get(number) != fingerprint for number, fingerprint in results.items())
    return others or (bool(results) and record is not None and not record.missing)


def _other_work(planned: PlannedStage, results: Iterable[str]) -> bool:
    """Returns True if some of these fingerprints have other settings or code than the plan.

    Inputs are not compared. If gaps were accepted, they differ from those of the plan, which does not know the gaps.
    """
    codes = {planned.code, *accepted_codes(planned.folder, counts_as=planned.code)}
    wanted = {work_of(with_code(planned.root, code)) for code in codes}
    return any(work_of(fingerprint) not in wanted for fingerprint in results)
