"""Shows a what-if answer for people and for machines, and says for each setting whether the answer is exact."""

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from tokenmill.pipeline.report import plain
from tokenmill.pipeline.report.moves import moves_as_json
from tokenmill.pipeline.report.thresholds import Bound, Rejudged, Threshold
from tokenmill.pipeline.report.what_if import Answer


@dataclass(frozen=True)
class Standing:
    """Whether the answer for one setting is exact. says: what the answer is based on, in words."""

    setting: str
    was: Bound
    would_be: Bound
    exact: bool
    says: str


@dataclass(frozen=True)
class RuleChange:
    """How many documents a rule drops.

    Attributes:
        now, then: in the run and with the other thresholds.
        leave: documents that it no longer drops.
        come: documents that it drops in addition.
    """

    rule: str
    now: int
    then: int
    leave: int
    come: int


def settings(answer: Answer) -> list[Standing]:
    """Returns how exact a what-if answer is for each setting of the question."""
    return [
        Standing(one.setting, one.was, one.would_be, exact, says)
        for judge in answer.question.judges
        for one in judge.thresholds
        for exact, says in [_standing(answer, judge, one)]
    ]


def _standing(answer: Answer, judge: Rejudged, one: Threshold) -> tuple[bool, str]:
    unsure = sum(count for rule, count in answer.unsure_of.items() if (rule or "").startswith(f"{judge.step}."))
    if not one.tighter and not one.looser:
        return True, "the same value as before"
    if answer.question.mark_only:
        if not one.looser or not judge.edits_text or judge.step == answer.question.later[-1]:
            return True, "exact: every step measured every document"
        return False, (
            f"exact only for tighter values: {judge.step} edits the texts that it keeps, so the measurements of later "
            f"steps for {unsure:,} documents that it would no longer drop are not valid"
        )
    if not one.looser:
        return True, "exact for kept documents; dropped ones stay dropped, but their first rule was not measured"
    return False, (
        f"bounds only: {unsure:,} documents that {judge.step} dropped would pass it, but the rules after it never "
        "measured them. A run with --mark-only gives exact numbers"
    )


def rules(answer: Answer) -> list[RuleChange]:
    """Returns every rule whose number of documents changes or may change in a what-if answer, sorted by name."""
    names = {rule for rule in [*answer.now, *answer.then] if rule}
    steps = {judge.step for judge in answer.question.judges}
    changes = [move for move in answer.moves if move.before != move.after]
    found = []
    for rule in sorted(names):
        leave = sum(move.documents for move in changes if move.before == rule)
        come = sum(move.documents for move in changes if move.after == rule)
        if leave or come or rule.partition(".")[0] in steps:
            now = answer.now.get(rule, 0)
            found.append(RuleChange(rule, now, now - leave + come, leave, come))
    return found


def notes(answer: Answer) -> list[str]:
    """Returns notes about what the figures of a what-if answer include and what they do not."""
    said = []
    question = answer.question
    where = question.chain[-1].name
    if question.barrier:
        said.append(
            f"counted in stage {where}, before {question.barrier} compares documents: it would judge again; "
            f"{answer.orphans:,} documents were removed as duplicates of a document that leaves"
        )
    else:
        said.append(f"counted at the end of stage {where}")
    if answer.unsure:
        said.append(
            f"{answer.unsure:,} documents cannot be judged from the signals; they are in 'leave', not in any 'come'"
        )
    return said


def as_json(answer: Answer) -> dict[str, object]:
    """Returns the whole answer to a what-if question as JSON values."""
    now, least, most = answer.kept
    return {
        "run": answer.question.folder,
        "mark_only": answer.question.mark_only,
        "settings": [vars(one) for one in settings(answer)],
        "documents": answer.documents,
        "kept": {"now": now, "then": [least, most]},
        "cannot_tell": answer.unsure,
        "orphaned_duplicates": answer.orphans,
        "rules": [vars(one) for one in rules(answer)],
        "moves": moves_as_json(answer.moves, "now", "then"),
        "notes": notes(answer),
    }


def show(answer: Answer, console: Console) -> None:
    """Prints the answer to a what-if question. Crawled text is made safe for the terminal."""
    for one in settings(answer):
        console.print(f"[bold]{one.setting}[/]: {one.was} → {one.would_be}", highlight=False)
        console.print(f"  {one.says}", markup=False, highlight=False)
    table = Table(title="documents dropped by rule", title_justify="left")
    for name in ("rule", "now", "then", "leave", "come"):
        table.add_column(name, justify="left" if name == "rule" else "right", overflow="fold")
    for row in rules(answer):
        table.add_row(row.rule, *(f"{count:,}" for count in (row.now, row.then, row.leave, row.come)))
    console.print(table)
    now, least, most = answer.kept
    then = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    console.print(f"kept of {answer.documents:,} documents: now {now:,}, then {then}", highlight=False)
    for note in notes(answer):
        console.print(note, markup=False, highlight=False)
    for move in answer.moves:
        console.print(f"{move.before} → {move.after}: {move.documents:,}", markup=False, highlight=False)
        for document in move.examples:
            console.print(f"  {plain(document.id)}  {plain(document.url)}", markup=False, highlight=False)
