"""Answers what other thresholds would change in a finished run, from its stored signals. No text is read.

Documents are counted at the end of the last stage before a Global, because with other thresholds the Global would
compare other documents. A --mark-only run answers any threshold, because every step measured every row. One exception
is a step that edits the texts of the documents that it keeps (c4): later steps measured the unedited texts of documents
that it dropped, so only tighter thresholds have exact answers. In a run that drops, only kept rows have signals: the
answers for tighter thresholds are exact for kept documents, and those for looser ones are bounds, from the measured
values in the drop records.
"""

from dataclasses import dataclass, field

import polars as pl

from tokenmill.pipeline.report.fates import FATE, fates
from tokenmill.pipeline.report.moves import Move, counted_moves
from tokenmill.pipeline.report.question import Question, ask


@dataclass
class Answer:
    """The answer to a question, as counts.

    Attributes:
        documents: number of all documents.
        unsure: number of documents whose rule the signals cannot determine.
        now, then: {rule: documents} in the run and with the other thresholds; None stands for kept.
        moves: the documents whose rule changes or is unsure.
        unsure_of: {rule now: documents} of the unsure ones.
        orphans: number of documents removed later as duplicates of a document that would be dropped.
    """

    question: Question = field(repr=False)
    documents: int = 0
    unsure: int = 0
    now: dict[str | None, int] = field(default_factory=dict)
    then: dict[str | None, int] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    unsure_of: dict[str | None, int] = field(default_factory=dict)
    orphans: int = 0

    @property
    def kept(self) -> tuple[int, int, int]:
        """Number of kept documents: (now, then at least, then at most)."""
        least = self.then.get(None, 0)
        return self.now.get(None, 0), least, least + self.unsure


def what_if(folder: str, wishes: list[str], *, plugins: str | None = None, sample: int = 3) -> Answer:
    """Answers a what-if question, such as `gopher_quality.min_words=30`, with at most `sample` examples per move.

    Raises RecipeError if the question cannot be answered.
    """
    question = ask(folder, wishes, plugins)
    answer, moved = Answer(question), []
    for part in fates(question):
        answer.documents += part.height
        unsure = part.filter(~pl.col("sure"))
        answer.unsure += unsure.height
        _count(answer.now, part["now"])
        _count(answer.then, part.filter("sure")["then"])
        _count(answer.unsure_of, unsure["now"])
        moved.append(part.filter(pl.col("now").ne_missing(pl.col("then")) | ~pl.col("sure")))
    all_moved = pl.concat(moved) if moved else pl.DataFrame(schema=FATE)
    answer.moves = _moves(all_moved, sample)
    answer.orphans = _orphans(question, all_moved)
    return answer


def _count(counts: dict[str | None, int], rules: pl.Series) -> None:
    for rule, count in rules.value_counts().iter_rows():
        counts[rule] = counts.get(rule, 0) + count


def _moves(moved: pl.DataFrame, sample: int) -> list[Move]:
    before = pl.col("now").fill_null("kept")
    after = pl.when("sure").then(pl.col("then").fill_null("kept")).otherwise(pl.lit("unknown"))
    return counted_moves(moved.with_columns(before.alias("before"), after.alias("after")), sample)


def _orphans(question: Question, moved: pl.DataFrame) -> int:
    """Returns the number of documents that a later Global removed as duplicates of one that would be dropped."""
    leave = moved.filter(pl.col("now").is_null() & (pl.col("then").is_not_null() | ~pl.col("sure"))).select("id")
    names = [stage.name for stage in question.stages]
    files = [
        (stage, file)
        for stage in question.stages[names.index(question.chain[0].name) :]
        for file in stage.files("data" if question.mark_only else "dropped")
        if "duplicate_of" in stage.columns(file).names
    ]
    if leave.is_empty() or not files:
        return 0
    batches = (batch for stage, file in files for batch in stage.batches(file, ["id", "duplicate_of"]))
    parts = [pl.DataFrame(pl.from_arrow(batch)).select("id", "duplicate_of").drop_nulls() for batch in batches]
    if not parts:
        return 0
    return pl.concat(parts).unique("id").join(leave, left_on="duplicate_of", right_on="id", how="semi").height
