"""Shows a plan as a table: each stage's work, its shards, how many are done, and the sizes of their inputs."""

import statistics
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from tokenmill.core.kinds import Advising
from tokenmill.core.rules import step_name
from tokenmill.pipeline.planning.plan import PlannedStage

_COLUMNS = ("stage", "work", "shards", "done", "input MB", "MB/shard: least", "median", "most")


def show(folder: str, stages: list[PlannedStage], console: Console) -> None:
    """Prints the plan of the run in `folder`."""
    table = Table(title=f"plan for {folder}", title_justify="left")
    for name in _COLUMNS:
        table.add_column(name, justify="left" if name in ("stage", "work") else "right")
    for planned in stages:
        work = " → ".join(step_name(unit) for unit in planned.stage.work)
        done = sum(shard.done for shard in planned.shards)
        table.add_row(planned.name, work, str(len(planned.shards)), str(done), *_input_sizes(planned))
    console.print(table)


def as_json(planned: PlannedStage) -> dict[str, object]:
    """Returns one stage of the plan of a run as JSON values.

    input_bytes: bytes of a Source's shards, in all, of the smallest and of the largest; null for other stages.
    """
    sizes = [shard.shard.length for shard in planned.shards if shard.shard]
    return {
        "stage": planned.name,
        "work": [step_name(unit) for unit in planned.stage.work],
        "shards": len(planned.shards),
        "done": sum(shard.done for shard in planned.shards),
        "input_bytes": {"sum": sum(sizes), "smallest": min(sizes), "largest": max(sizes)} if sizes else None,
    }


def outlooks(planned: PlannedStage) -> Iterator[str]:
    """Yields lines about a stage before it runs: how many results are of other code, and its units' outlooks."""
    if planned.only_code:
        yield f"{planned.only_code:,} results differ only in the version of code or packages; --accept-code keeps them"
    if accepted := planned.accepted.total():
        yield f"{accepted:,} results of other code count as done (--accept-code)"
    for unit in planned.stage.work:
        if isinstance(unit, Advising):
            yield unit.outlook()


def _input_sizes(planned: PlannedStage) -> list[str]:
    """Returns the sum, smallest, median and largest size of a source's shards in MB; nothing without a source."""
    sizes = [shard.shard.length / 1e6 for shard in planned.shards if shard.shard]
    spread = [sum(sizes), min(sizes), statistics.median(sizes), max(sizes)] if sizes else []
    return [f"{size:,.3g}" if size < 1 else f"{size:,.1f}" for size in spread]
