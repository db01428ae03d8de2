"""Summarises a run in a few lines: documents, tokens, the rules that dropped most, and warnings."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tokenmill.pipeline.report import read_run
from tokenmill.pipeline.report.funnel import Funnel, funnel

RULES_SHOWN = 5


@dataclass(frozen=True)
class Summary:
    """The results of a run, as far as they are up to date.

    Attributes:
        read: number of documents that the sources gave.
        kept: {stage: documents that came out}, for stages that have results and that no other such stage reads.
        tokens: {split: tokens}.
        dropped: {rule: documents}, the largest number first.
        marked: {rule: documents}, in a --mark-only run, in which nothing is dropped. Default none.
        warnings: facts that the counts alone do not show. Default none.
    """

    read: int
    kept: dict[str, int]
    tokens: dict[str, int]
    dropped: dict[str, int]
    marked: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def summary_of(run: str) -> Summary:
    """Returns the summary of a run: the sums of all stages that are on disk and up to date."""
    stages = read_run(run)
    every = funnel(stages)
    funnels = [one for one in every if one.begun and not one.stale]
    there = {one.stage for one in funnels}
    consumed = {name for stage in stages if stage.name in there for name in stage.inputs}
    drops: Counter[str] = Counter()
    marked: Counter[str] = Counter()
    tokens: Counter[str] = Counter()
    for one in funnels:
        drops.update(one.drops)
        marked.update(one.marked)
        tokens.update(one.tokens)
    read = sum(one.rows_in for one in funnels if one.expected_in is None)
    kept = {one.stage: one.rows_out for one in funnels if one.stage not in consumed}
    warnings = [*_not_up_to_date(every), *_emptied(funnels), *_raised(drops, marked)]
    return Summary(read, kept, dict(tokens), dict(drops.most_common()), dict(marked.most_common()), warnings)


def lines(summary: Summary, *, failed: bool = False) -> list[str]:
    """Returns the summary of a run as lines for people."""
    found = [f"documents: {summary.read:,} read, {_kept(summary)}{' so far' if failed else ''}"]
    if summary.tokens:
        found.append("tokens: " + ", ".join(f"{count:,} in {split}" for split, count in summary.tokens.items()))
    for word, counts in (("dropped", summary.dropped), ("marked", summary.marked)):
        if counts:
            most = list(counts.items())[:RULES_SHOWN]
            found.append(f"{word} most by: " + ", ".join(f"{rule} {count:,}" for rule, count in most))
    return found


def _kept(summary: Summary) -> str:
    """Returns the text about kept documents.

    If a recipe branches, a document is kept once in each of its last stages, so these counts are not added.
    """
    if len(summary.kept) > 1:
        return "kept: " + ", ".join(f"{count:,} in {stage}" for stage, count in summary.kept.items())
    count = sum(summary.kept.values())
    if summary.marked:
        gone = sum(summary.marked.values())
        return f"{count - gone:,} would be kept, {gone:,} marked"
    return f"{count:,} kept" + (f", {count / summary.read:.1%}" if summary.read else "")


def _not_up_to_date(funnels: list[Funnel]) -> Iterator[str]:
    stale = [one.stage for one in funnels if one.stale]
    if stale:
        yield f"{_stages(stale)} {'are' if len(stale) > 1 else 'is'} out of date: run the whole recipe"
    waiting = [one.stage for one in funnels if not one.begun and one.record is None]
    if waiting:
        yield f"{_stages(waiting)} {'have' if len(waiting) > 1 else 'has'} not run yet: run the whole recipe"


def _stages(names: list[str]) -> str:
    return f"stage{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _emptied(funnels: list[Funnel]) -> Iterator[str]:
    """Yields a warning for each stage that kept no document, with the rule that dropped most."""
    for one in funnels:
        if one.rows_in and not one.rows_out:
            rule, count = max(one.drops.items(), key=lambda item: item[1], default=("", 0))
            by = f"; {rule} dropped {count:,}" if rule else ""
            yield f"stage {one.stage!r} kept none of its {one.rows_in:,} documents{by}"


def _raised(drops: Counter[str], marked: Counter[str]) -> Iterator[str]:
    for word, counts in (("dropped", drops), ("marked", marked)):
        errors = {rule: count for rule, count in counts.items() if rule.endswith(".error")}
        if errors:
            rules = ", ".join(errors)
            yield f"{sum(errors.values()):,} documents were {word} because a step raised ({rules}); the log says where"
