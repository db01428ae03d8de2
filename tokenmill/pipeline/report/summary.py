"""The end of a run in a few lines: documents, tokens, and the rules that dropped most."""

from collections import Counter
from dataclasses import dataclass

from tokenmill.pipeline.report import read_run
from tokenmill.pipeline.report.funnel import funnel

RULES_SHOWN = 5


@dataclass(frozen=True)
class Summary:
    """What a run made.

    Attributes:
        read: documents that its sources gave.
        kept: documents that came out of the stages that no other stage reads.
        tokens: by split.
        dropped: documents by rule, the most first.
    """

    read: int
    kept: int
    tokens: dict[str, int]
    dropped: dict[str, int]


def summary_of(run: str) -> Summary:
    """The sums of all stages of a run that are on disk."""
    stages = read_run(run)
    consumed = {name for stage in stages for name in stage.inputs}
    funnels = funnel(stages)
    drops: Counter[str] = Counter()
    tokens: Counter[str] = Counter()
    for one in funnels:
        drops.update(one.drops)
        tokens.update(one.tokens)
    read = sum(one.rows_in for one in funnels if one.expected_in is None)
    kept = sum(one.rows_out for one in funnels if one.stage not in consumed)
    return Summary(read, kept, dict(tokens), dict(drops.most_common()))


def lines(summary: Summary) -> list[str]:
    """For people."""
    share = f", {summary.kept / summary.read:.1%}" if summary.read else ""
    found = [f"documents: {summary.read:,} read, {summary.kept:,} kept{share}"]
    if summary.tokens:
        found.append("tokens: " + ", ".join(f"{count:,} in {split}" for split, count in summary.tokens.items()))
    if summary.dropped:
        most = list(summary.dropped.items())[:RULES_SHOWN]
        found.append("dropped most by: " + ", ".join(f"{rule} {count:,}" for rule, count in most))
    return found
