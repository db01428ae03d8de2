"""Finds the rule of each document of a run now, and if steps judge with other thresholds, from the stored signals."""

from collections.abc import Iterator

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.columns import BoolMask
from tokenmill.core.errors import DataError
from tokenmill.core.kinds import Filter
from tokenmill.core.rules import Rule, verdicts
from tokenmill.pipeline.report.question import Question
from tokenmill.pipeline.report.thresholds import Rejudged
from tokenmill.pipeline.tasks.mark_only import rule_column

FATE = {"id": pl.String, "url": pl.String, "now": pl.String, "then": pl.String, "sure": pl.Boolean}
"""A document's rule now and with the other thresholds, null if it is kept. `then` has no meaning if `sure` is false."""

_MEASURED_DIGITS = 5e-6  # largest relative rounding error: drop records have six significant digits


def fates(question: Question) -> Iterator[pl.DataFrame]:
    """Yields the rule of every document on disk now and with the thresholds of a what-if question, columns FATE."""
    last = question.chain[-1]
    for file in last.files("data"):
        names = set(last.columns(file).names)
        columns = [name for name in _columns(question) if name in names]
        for batch in last.batches(file, columns):
            yield (_marked_rows if question.mark_only else _kept_rows)(question, batch, file)
    if not question.mark_only:
        types = last.columns(last.files("data")[0])
        for stage in question.chain:
            for file in stage.files("dropped"):
                for batch in stage.batches(file, ["id", "url", "drop_rule", "drop_measured"]):
                    yield _dropped_rows(question, batch, types)


def _signals(judge: Rejudged) -> list[str]:
    return list(dict.fromkeys(f"{judge.step}.{rule.signal}" for rule in judge.work.RULES.values()))


def _columns(question: Question) -> list[str]:
    marks = ["drop_rule", *map(rule_column, question.later)] if question.mark_only else []
    return ["id", "url", *marks, *(signal for judge in question.judges for signal in _signals(judge))]


def _judged(judge: Rejudged, batch: pa.RecordBatch, file: str) -> pl.Series:
    """Returns for each row the first rule by which the step would drop it; null if there is none."""
    for signal in _signals(judge):
        if signal not in batch.schema.names:
            raise DataError(f"{file}: no column {signal!r}, though {judge.step} measures it; was the run made with it?")
    names = [f"{judge.step}.{rule}" for rule in judge.work.RULES]
    first = np.full(batch.num_rows, -1, dtype=np.int64)
    for number, rule in enumerate(judge.work.RULES.values()):
        for fires, _ in verdicts(rule, batch.column(f"{judge.step}.{rule.signal}"), judge.work):
            first[fires & (first < 0)] = number
    return pl.Series(pa.array(names, type=pa.large_string()).take(pa.array(first, mask=first < 0)))


def _fate(batch: pa.RecordBatch, now: pl.Series, then: pl.Series, sure: pl.Series | BoolMask) -> pl.DataFrame:
    url = batch.column("url") if "url" in batch.schema.names else pa.nulls(batch.num_rows, pa.string())
    columns = {"id": pl.Series(batch.column("id")), "url": pl.Series(url.cast(pa.large_string()))}
    return pl.DataFrame(columns | {"now": now, "then": then, "sure": sure}, schema=FATE)


def _kept_rows(question: Question, batch: pa.RecordBatch, file: str) -> pl.DataFrame:
    """Returns the fates of kept documents, for a run that drops."""
    then = [_judged(judge, batch, file) for judge in question.judges]
    return _fate(batch, _nulls(batch), _first(then), np.ones(batch.num_rows, dtype=np.bool_))


def _dropped_rows(question: Question, batch: pa.RecordBatch, types: pa.Schema) -> pl.DataFrame:
    """Returns the fates of drop records, for a run that drops.

    A document that its rule may keep with the other thresholds is not sure, because no later rule measured it.
    """
    now = pl.Series(batch.column("drop_rule").cast(pa.large_string()))
    sure = np.ones(batch.num_rows, dtype=np.bool_)
    for judge in question.judges:
        for name, rule in judge.work.RULES.items():
            mine = pc.equal(batch.column("drop_rule"), f"{judge.step}.{name}").to_numpy(zero_copy_only=False)
            if mine.any():
                kind = types.field(f"{judge.step}.{rule.signal}").type
                passes = _may_pass(rule, batch.column("drop_measured").filter(pa.array(mine)), kind, judge.work)
                sure[np.flatnonzero(mine)[passes]] = False
    if question.final:
        removed = now.str.starts_with(f"{question.final}.").to_numpy()
        now = pl.select(pl.when(pl.lit(pl.Series(removed))).then(None).otherwise(pl.lit(now))).to_series()
        if any(judge.tighter for judge in question.judges):
            sure &= ~removed
    return _fate(batch, now, now, sure)


def _may_pass(rule: Rule, measured: pa.Array, kind: pa.DataType, work: Filter) -> BoolMask:
    """Returns whether each value may be within the rule's bounds. Values in drop records are rounded."""
    if not pa.types.is_floating(kind):
        readings = [measured.cast(kind)]
    else:
        value = measured.cast(pa.float64())
        readings = [pc.multiply(value, 1 + slack) for slack in (-_MEASURED_DIGITS, 0.0, _MEASURED_DIGITS)]
    passes = np.zeros(len(measured), dtype=np.bool_)
    for reading in readings:
        fires = np.zeros(len(measured), dtype=np.bool_)
        for hit, _ in verdicts(rule, reading, work):
            fires |= hit
        passes |= ~fires
    return passes


def _marked_rows(question: Question, batch: pa.RecordBatch, file: str) -> pl.DataFrame:
    """Returns the fates of documents that reached the chain, for a --mark-only run, in which all steps judged them."""
    rules = [_text_column(batch, rule_column(step)) for step in question.later]
    judges = {judge.step: judge for judge in question.judges}
    then: list[pl.Series] = []
    sure = pl.repeat(True, batch.num_rows, eager=True)
    for step, own in zip(question.later, rules, strict=True):
        if step in judges:
            own, released = _judged_again(judges[step], own, batch, file)
            if judges[step].edits_text and step != question.later[-1]:
                sure &= ~(released & _first([_nulls(batch), *then]).is_null())
        then.append(own)
    mark = _text_column(batch, "drop_rule")
    by = mark.str.split(".").list.first()
    before = mark.is_not_null() & ~by.is_in([*question.later, question.final])
    fixed = pl.select(pl.when(pl.lit(before)).then(pl.lit(mark))).to_series()
    reached = mark.is_null() | by.is_in(list(question.steps))
    return _fate(batch, _first([fixed, *rules]), _first([fixed, *then]), sure | before).filter(reached)


def _judged_again(judge: Rejudged, own: pl.Series, batch: pa.RecordBatch, file: str) -> tuple[pl.Series, pl.Series]:
    """Returns (the step's rule for each row by the new thresholds, whether it would keep a row that it dropped).

    A mark by a rule that is not declared, for example an error, stays as it is.
    """
    declared = own.is_in([f"{judge.step}.{rule}" for rule in judge.work.RULES])
    stands = pl.lit(own.is_not_null() & ~declared)
    news = pl.select(pl.when(stands).then(pl.lit(own)).otherwise(pl.lit(_judged(judge, batch, file)))).to_series()
    return news, declared.fill_null(False) & news.is_null()


def _nulls(batch: pa.RecordBatch) -> pl.Series:
    return pl.Series([None] * batch.num_rows, dtype=pl.String)


def _text_column(batch: pa.RecordBatch, name: str) -> pl.Series:
    if name not in batch.schema.names:
        return _nulls(batch)
    return pl.Series(batch.column(name).cast(pa.large_string()))


def _first(columns: list[pl.Series]) -> pl.Series:
    return pl.select(pl.coalesce([pl.lit(column) for column in columns])).to_series()
