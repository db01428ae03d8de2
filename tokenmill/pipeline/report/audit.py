"""Shows removals: a sample of what a rule dropped, and the story of one document."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import polars as pl
import pyarrow.compute as pc
from rich.console import Console

from tokenmill.core.chance import keyed_hash
from tokenmill.core.errors import RecipeError, did_you_mean
from tokenmill.pipeline.report import RanStage, plain


@dataclass(frozen=True)
class DroppedDocument:
    """One drop record. duplicate_of, similarity: null unless it was dropped as a duplicate. excerpt: of its text.

    file, offset: where the record lies, with the offset in bytes; null if its source does not say.
    """

    id: str
    url: str | None
    stage: str
    rule: str
    measured: str | None
    threshold: str | None
    duplicate_of: str | None
    similarity: float | None
    excerpt: str | None
    file: str | None
    offset: int | None


@dataclass(frozen=True)
class Chapter:
    """What one stage did with a document. row: its columns if it was kept, else its drop record."""

    stage: str
    shard: str
    kept: bool
    row: dict[str, object]


_NO_RECORDS = {"id": pl.String, "stage": pl.String, "drop_rule": pl.String}


def dropped(stages: list[RanStage], rule: str | None = None) -> pl.DataFrame:
    """All drop records of a run with the stage's name; `rule` is a whole rule or a step's name for all its rules."""
    parts = [
        pl.DataFrame(pl.from_arrow(batch)).with_columns(pl.lit(stage.name).alias("stage"))
        for stage in stages
        for file in stage.files("dropped")
        for batch in stage.batches(file)
    ]
    records = pl.concat(parts, how="vertical") if parts else pl.DataFrame(schema=_NO_RECORDS)
    if rule is None:
        return records
    chosen = records.filter((pl.col("drop_rule") == rule) | pl.col("drop_rule").str.starts_with(f"{rule}."))
    if chosen.is_empty():
        known = records["drop_rule"].unique().to_list()
        raise RecipeError(f"no document was dropped by {rule!r}{did_you_mean(rule, known)}")
    return chosen


def sample(records: pl.DataFrame, size: int, seed: int = 0) -> list[DroppedDocument]:
    """At most `size` records, the same ones for the same seed, in whatever order they come."""
    if records.is_empty():
        return []
    order = pl.Series("_order", keyed_hash(seed, "audit", records["id"].to_list()), dtype=pl.UInt64)
    names = {"rule": "drop_rule", "measured": "drop_measured", "threshold": "drop_threshold"}
    plain_names = ("id", "url", "stage", "duplicate_of", "similarity", "excerpt")
    chosen = records.with_columns(order).sort("_order", "id").head(size)
    columns = chosen.select(
        *plain_names,
        *(pl.col(column).alias(name) for name, column in names.items()),
        *(pl.col("locator").struct.field(name) for name in ("file", "offset")),
    )
    return [DroppedDocument(**row) for row in columns.iter_rows(named=True)]


def show(documents: Iterable[DroppedDocument], console: Console) -> None:
    """Print drop records, crawled text made safe."""
    say = console.print
    for one in documents:
        say(f"[bold]{plain(one.rule)}[/] in {one.stage}", highlight=False)
        say(f"  measured {plain(one.measured)}, threshold {plain(one.threshold)}", markup=False)
        say(f"  {plain(one.id)}  {plain(one.url)}", markup=False)
        if one.duplicate_of:
            alike = "" if one.similarity is None else f", similarity {one.similarity:.4f}"
            say(f"  duplicate of {plain(one.duplicate_of)}{alike}", markup=False)
        if one.file is not None:
            say(f"  {one.file} at byte {one.offset}", markup=False)
        if one.excerpt:
            say(f"  {plain(one.excerpt)}", markup=False)


def story(stages: list[RanStage], id: str) -> Iterator[Chapter]:
    """What each stage did with a document, in order. Raises RecipeError if no stage knows the id."""
    seen = False
    for stage in stages:
        for kind in ("data", "dropped"):
            for file in stage.files(kind):
                for row in _rows_of(stage, file, id):
                    seen = True
                    yield Chapter(stage.name, file.rpartition("/")[2][:6], kind == "data", row)
    if not seen:
        raise RecipeError(
            f"no stage of this run knows a document {id!r}; ids are case-sensitive, as in data/ and dropped/"
        )


def _rows_of(stage: RanStage, file: str, id: str) -> Iterator[dict[str, object]]:
    """The rows of a document in a file; of other row groups only the ids are read."""
    groups = [pc.any(pc.equal(batch.column("id"), id)).as_py() for batch in stage.batches(file, ["id"])]
    for batch in stage.batches(file) if any(groups) else ():
        yield from batch.filter(pc.equal(batch.column("id"), id)).to_pylist()


def show_story(chapters: Iterable[Chapter], console: Console, *, text_characters: int = 300) -> None:
    """Print a document's way through the run, with the first `text_characters` of its text."""
    for chapter in chapters:
        verdict = "kept" if chapter.kept else f"dropped by {chapter.row['drop_rule']}"
        console.print(f"[bold]{chapter.stage}[/] shard {chapter.shard}: {verdict}", highlight=False)
        for name, value in chapter.row.items():
            if value is None:
                continue
            shown = plain(str(value))
            if name == "text":
                shown = f"{len(str(value)):,} characters: {shown[:text_characters]}"
            console.print(f"  {name}: {shown}", markup=False, highlight=False)
