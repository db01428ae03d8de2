"""Compares two runs document by document, and counts the documents whose fate differs, by the rules of both runs."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl
from rich.console import Console
from rich.table import Table

from tokenmill.pipeline.report import RanStage, plain, read_run
from tokenmill.pipeline.report.moves import Move, counted_moves, moves_as_json

KEPT, ABSENT = "kept", "not read"


@dataclass(frozen=True)
class Difference:
    """The difference between two runs, A and B.

    Attributes:
        documents: number of documents in A, in B or in both.
        differ: number of documents whose fate differs.
        kept_a, kept_b: number of documents kept in A and in B.
        moves: the fates of the documents that differ, in A and in B.
    """

    documents: int
    differ: int
    kept_a: int
    kept_b: int
    moves: list[Move]


def diff(run_a: str, run_b: str, *, sample: int = 3) -> Difference:
    """Counts documents by their fates in runs A and B, with `sample` examples of each pair of fates that differ.

    The fate of a document is the rule that dropped (or marked) it, 'kept', or 'not read'. Documents are matched by id.
    """
    a, b = fates(read_run(run_a)), fates(read_run(run_b))
    both = a.join(b, on="id", how="full", coalesce=True, suffix="_b").with_columns(
        pl.coalesce("url", "url_b").alias("url"),
        pl.col("fate").fill_null(ABSENT).alias("before"),
        pl.col("fate_b").fill_null(ABSENT).alias("after"),
    )
    other = both.filter(pl.col("before") != pl.col("after"))
    kept_a, kept_b = (int((both[side] == KEPT).sum()) for side in ("before", "after"))
    return Difference(both.height, other.height, kept_a, kept_b, counted_moves(other, sample))


def fates(stages: list[RanStage]) -> pl.DataFrame:
    """Returns id, url and fate of every document of a run to compare, by the last stage that has the document."""
    parts = [part for stage in stages for part in _fates_of(stage)]
    empty = pl.DataFrame(schema={"id": pl.String, "url": pl.String, "fate": pl.String})
    # the last stage that has a document decides, because it may drop what earlier stages kept
    return pl.concat([empty, *parts]).unique("id", keep="last", maintain_order=True)


def as_json(found: Difference) -> dict[str, object]:
    """Returns the difference between two runs as JSON values."""
    return {**vars(found), "moves": moves_as_json(found.moves, "a", "b")}


def show(found: Difference, console: Console) -> None:
    """Prints the difference between two runs. Crawled text is made safe for the terminal."""
    table = Table(title="documents whose fate differs", title_justify="left")
    for name in ("in A", "in B", "documents", "for example"):
        table.add_column(name, justify="right" if name == "documents" else "left", overflow="fold")
    for move in found.moves:
        some = "\n".join(f"{plain(one.id)}  {plain(one.url)}" for one in move.examples)
        table.add_row(move.before, move.after, f"{move.documents:,}", some.replace("[", "\\["))
    console.print(table)
    console.print(
        f"{found.differ:,} of {found.documents:,} documents differ; kept: A {found.kept_a:,}, B {found.kept_b:,}",
        highlight=False,
    )


def _fates_of(stage: RanStage) -> Iterator[pl.DataFrame]:
    for file in stage.files("data"):
        yield from _read(stage, file)
    for file in stage.files("dropped"):
        yield from _read(stage, file)


def _read(stage: RanStage, file: str) -> Iterator[pl.DataFrame]:
    names = [name for name in ("id", "url", "drop_rule") if name in stage.columns(file).names]
    url, rule = (pl.col(name) if name in names else pl.lit(None) for name in ("url", "drop_rule"))
    fate = rule.cast(pl.String).fill_null(KEPT)
    for batch in stage.batches(file, names):
        rows = pl.DataFrame(pl.from_arrow(batch))
        yield rows.select("id", url.cast(pl.String).alias("url"), fate.alias("fate"))
