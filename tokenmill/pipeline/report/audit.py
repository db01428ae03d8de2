"""Looking at removals: a sample of what a rule dropped, and one document's whole story."""

from collections.abc import Iterator
from typing import Any

import polars as pl
from rich.console import Console

from tokenmill.core.chance import keyed_hash
from tokenmill.core.errors import RecipeError, did_you_mean
from tokenmill.pipeline.report import RanStage, plain


def dropped(stages: list[RanStage], rule: str | None = None) -> pl.DataFrame:
    """All drop records of a run with the stage's name; `rule` is a whole rule or a step's name for all its rules."""
    parts = [
        pl.read_parquet(file).with_columns(pl.lit(stage.name).alias("stage"))
        for stage in stages
        for file in stage.files("dropped")
    ]
    records = (
        pl.concat(parts, how="vertical") if parts else pl.DataFrame(schema={"stage": pl.String, "drop_rule": pl.String})
    )
    if rule is None:
        return records
    chosen = records.filter((pl.col("drop_rule") == rule) | pl.col("drop_rule").str.starts_with(f"{rule}."))
    if chosen.is_empty():
        known = records["drop_rule"].unique().to_list()
        raise RecipeError(f"no document was dropped by {rule!r}{did_you_mean(rule, known)}")
    return chosen


def sample(records: pl.DataFrame, size: int, seed: int = 0) -> list[dict[str, Any]]:
    """At most `size` records, the same ones for the same seed, whatever order they lie in."""
    order = keyed_hash(seed, "audit", records["id"].to_list() if records.height else [])
    return (
        records.with_columns(pl.Series("_order", order, dtype=pl.UInt64))
        .sort("_order", "id")
        .head(size)
        .drop("_order")
        .to_dicts()
    )


def show(records: list[dict[str, Any]], console: Console) -> None:
    """Print drop records, crawled text made safe."""
    for record in records:
        say = console.print
        say(f"[bold]{plain(record['drop_rule'])}[/] in {record['stage']}", highlight=False)
        say(f"  measured {plain(record['drop_measured'])}, threshold {plain(record['drop_threshold'])}", markup=False)
        say(f"  {plain(record['id'])}  {plain(record['url'])}", markup=False)
        if record["duplicate_of"]:
            alike = "" if record["similarity"] is None else f", similarity {record['similarity']:.4f}"
            say(f"  duplicate of {plain(record['duplicate_of'])}{alike}", markup=False)
        if record["locator"]:
            say(f"  {record['locator']['file']} at byte {record['locator']['offset']}", markup=False)
        if record["excerpt"]:
            say(f"  {plain(record['excerpt'])}", markup=False)


def story(stages: list[RanStage], id: str) -> Iterator[dict[str, Any]]:
    """What each stage says of a document: {stage, shard, kept, row}; row is its columns, or its drop record.

    Raises RecipeError if no stage knows the id.
    """
    seen = False
    for stage in stages:
        for kind in ("data", "dropped"):
            for file in stage.files(kind):
                rows = pl.scan_parquet(file).filter(pl.col("id") == id).collect().to_dicts()
                for row in rows:
                    seen = True
                    yield {
                        "stage": stage.name,
                        "shard": file.rpartition("/")[2][:6],
                        "kept": kind == "data",
                        "row": row,
                    }
    if not seen:
        raise RecipeError(
            f"no stage of this run knows a document {id!r}; ids are case-sensitive, as in data/ and dropped/"
        )


def show_story(entries: Iterator[dict[str, Any]], console: Console, *, text_characters: int = 300) -> None:
    """Print a document's way through the run."""
    for entry in entries:
        verdict = "kept" if entry["kept"] else f"dropped by {entry['row']['drop_rule']}"
        console.print(f"[bold]{entry['stage']}[/] shard {entry['shard']}: {verdict}", highlight=False)
        for name, value in entry["row"].items():
            if value is None:
                continue
            shown = plain(str(value))
            if name == "text":
                shown = f"{len(value):,} characters: {shown[:text_characters]}"
            console.print(f"  {name}: {shown}", markup=False, highlight=False)
