"""Estimates the requests of a Global's exchange, for `plan`. Object stores bill them, and many make a stage slow."""

from tokenmill.core.io import storage
from tokenmill.core.kinds import Writer
from tokenmill.pipeline.exchange.exchange import SPILL_BYTES, map_groups, partition_count, wants_merging
from tokenmill.pipeline.planning.plan import PlannedShard, PlannedStage


def requests_outlook(planned: PlannedStage, stages: list[PlannedStage]) -> str:
    """Returns a plan's line about the exchange of a Global's stage: tasks, partitions, range reads; "" for others.

    It is an estimate. If an earlier stage has not run, its output is assumed to be as large as its input. The rows of a
    round are assumed to be as large as the stage's input; Globals of this package send less, except if they route
    whole documents.
    """
    final = planned.stage.final
    if final is None:
        return ""
    sizes = [_size(shard, {stage.name: stage for stage in stages}) for shard in planned.shards]
    rounds = final.rounds()
    groups, partitions = len(map_groups(sizes)), partition_count(sum(sizes))
    reads, merges = range_reads(groups, partitions, sum(sizes))
    several = [round for round in rounds if not round.single]
    average = sum(sizes) / max(1, groups * partitions if not merges else merges * partitions)
    again = f", after {groups:,} files are merged into {merges:,}" if merges else ""
    kind = "outputs" if isinstance(final, Writer) else "verdicts"
    return (
        f"{len(planned.shards):,} shards in {groups:,} map tasks, {partitions:,} partitions, {len(rounds)} rounds, "
        f"then {kind}; at most {reads:,} range reads per round, of {average / 1e6:,.1f} MB on average{again}; "
        f"{reads * len(several) + groups * len(rounds):,} requests in all"
    )


def range_reads(groups: int, partitions: int, size: int) -> tuple[int, int]:
    """Estimates a Global's exchange: (requests that read a round's rows, files that they are merged into first, or 0).

    groups: number of map tasks. size: bytes of the stage's input.
    """
    ranges = groups * partitions
    if groups < 2 or not wants_merging(ranges, size):
        return ranges, 0
    merges = max(1, -(-size // SPILL_BYTES))
    return groups + merges * partitions, merges


def _size(shard: PlannedShard, stages: dict[str, PlannedStage]) -> int:
    if shard.shard is not None:
        return shard.shard.length
    if shard.origin is None:
        return 0
    before = stages[shard.origin[0]]
    made = storage.size_of(before.data_path(shard.origin[1])) if before.done else -1
    if made >= 0:
        return made
    number = {each.number: each for each in before.shards}
    return _size(number[shard.origin[1]], stages)
