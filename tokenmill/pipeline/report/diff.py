"""Two runs document by document: whose fate differs, by the rules of both."""

from collections.abc import Iterator
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table

from tokenmill.core.io import parquet
from tokenmill.pipeline.report import RanStage, plain, read_run

KEPT, ABSENT = "kept", "not read"


def diff(run_a: str, run_b: str, *, sample: int = 3) -> dict[str, Any]:
    """Documents by fate in A and in B, most first, with ids and urls of a few of those whose fate differs.

    A fate is the rule that dropped (or marked) a document, 'kept', or 'not read'; documents are matched by id.
    """
    a, b = fates(read_run(run_a)), fates(read_run(run_b))
    both = a.join(b, on="id", how="full", coalesce=True, suffix="_b").with_columns(
        pl.coalesce("url", "url_b").alias("url"),
        pl.col("fate").fill_null(ABSENT).alias("a"),
        pl.col("fate_b").fill_null(ABSENT).alias("b"),
    )
    other = both.filter(pl.col("a") != pl.col("b"))
    moves = (
        other.group_by("a", "b")
        .agg(pl.len().alias("documents"), pl.struct("id", "url").sort_by("id").head(sample).alias("sample"))
        .sort("documents", "a", "b", descending=[True, False, False])
    )
    counts = {name: int((both[side] == KEPT).sum()) for name, side in (("kept_a", "a"), ("kept_b", "b"))}
    return {"documents": both.height, "differ": other.height, **counts, "moves": moves.to_dicts()}


def fates(stages: list[RanStage]) -> pl.DataFrame:
    """id, url and fate of every document of a run, as far as it got."""
    parts = [part for place in range(len(stages)) for part in _fates_of(stages, place)]
    empty = pl.DataFrame(schema={"id": pl.String, "url": pl.String, "fate": pl.String})
    return pl.concat([empty, *parts]).unique("id", keep="last", maintain_order=True)


def _fates_of(stages: list[RanStage], place: int) -> Iterator[pl.DataFrame]:
    """A later stage knows better than those before: a document kept here may be dropped there."""
    for file in stages[place].files("data"):
        yield _read(file, pl.col("drop_rule") if "drop_rule" in parquet.table_schema(file).names else pl.lit(None))
    for file in stages[place].files("dropped"):
        yield _read(file, pl.col("drop_rule"))


def _read(file: str, rule: pl.Expr) -> pl.DataFrame:
    url = pl.col("url") if "url" in parquet.table_schema(file).names else pl.lit(None, dtype=pl.String)
    fate = rule.cast(pl.String).fill_null(KEPT)
    return pl.scan_parquet(file).select("id", url.alias("url"), fate.alias("fate")).collect()


def show(found: dict[str, Any], console: Console) -> None:
    """Print it; crawled text made safe."""
    table = Table(title="documents whose fate differs", title_justify="left")
    for name in ("in A", "in B", "documents", "for example"):
        table.add_column(name, justify="right" if name == "documents" else "left", overflow="fold")
    for move in found["moves"]:
        some = "\n".join(f"{plain(one['id'])}  {plain(one['url'])}" for one in move["sample"])
        table.add_row(move["a"], move["b"], f"{move['documents']:,}", some.replace("[", "\\["))
    console.print(table)
    console.print(
        f"{found['differ']:,} of {found['documents']:,} documents differ; kept: A {found['kept_a']:,}, "
        f"B {found['kept_b']:,}",
        highlight=False,
    )
