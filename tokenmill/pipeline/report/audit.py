"""Shows a sample of the documents that a rule dropped.

Manifests count the drop records of each shard by rule. So only shards with records of the rule are read, and for a
sample only those that contain records of the sample.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
from rich.console import Console

from tokenmill.core.chance import keyed_hash
from tokenmill.core.errors import DataError, RecipeError, did_you_mean
from tokenmill.pipeline.report import RanStage, plain


@dataclass(frozen=True)
class DroppedDocument:
    """One drop record.

    Attributes:
        measured, threshold: the measured value and the rule's bound, as text; null if the rule has none.
        duplicate_of, similarity: null unless it was dropped as a duplicate.
        excerpt: the excerpt of its text; null if none was written.
        file, offset: the input file with the document, and its offset in bytes; null if the source does not give them.
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
class _ShardRecords:
    """A shard of a stage, and the number of its drop records that are asked for."""

    stage: RanStage
    shard: int
    records: int


_NO_RECORDS = {"id": pl.String, "stage": pl.String, "drop_rule": pl.String}


def dropped(stages: list[RanStage], rule: str | None = None) -> pl.DataFrame:
    """Returns all drop records of a run, with the stage's name in the column `stage`.

    rule: a whole rule, or a step's name for all its rules. Default: all. Raises RecipeError if it dropped nothing.
    """
    parts = [_records(one, rule) for one in _counted(stages, rule)]
    return pl.concat(parts, how="vertical") if parts else pl.DataFrame(schema=_NO_RECORDS)


def sample(stages: list[RanStage], rule: str | None, size: int, seed: int = 0) -> list[DroppedDocument]:
    """Returns a random sample of a run's drop records, at most `size` of those that dropped() returns.

    All have the same chance. For one run, the choice depends only on the rule, the size and the seed.
    """
    counted = _counted(stages, rule)
    ends = np.cumsum([one.records for one in counted], dtype=np.int64)
    chosen = _draw(int(ends[-1]) if len(ends) else 0, size, seed)
    owners = np.searchsorted(ends, chosen, side="right").tolist()
    records = {owner: _records(counted[owner], rule) for owner in sorted(set(owners))}
    return [
        _document(records[owner], place - int(ends[owner]) + counted[owner].records)
        for owner, place in zip(owners, chosen, strict=True)
    ]


def _counted(stages: list[RanStage], rule: str | None) -> list[_ShardRecords]:
    """Returns the shards with drop records of the rule. Raises RecipeError if a rule is given and has none."""
    counted: list[_ShardRecords] = []
    known: set[str] = set()
    for stage in stages:
        for shard, manifest in stage.manifests.items():
            records = sum(count for name, count in manifest.drops.items() if _is_of(name, rule))
            known |= manifest.drops.keys()
            if records and stage.file("dropped", shard):
                counted.append(_ShardRecords(stage, shard, records))
    if rule is not None and not counted:
        raise RecipeError(f"no document was dropped by {rule!r}{did_you_mean(rule, known)}")
    return counted


def _is_of(name: str, rule: str | None) -> bool:
    return rule is None or name == rule or name.startswith(f"{rule}.")


def _records(one: _ShardRecords, rule: str | None) -> pl.DataFrame:
    """Returns a shard's drop records of the rule. Raises DataError if their number is not that in the manifest."""
    file = one.stage.file("dropped", one.shard)
    parts = [pl.DataFrame(pl.from_arrow(batch)) for batch in one.stage.batches(file)]
    every = pl.concat(parts, how="vertical") if parts else pl.DataFrame(schema=_NO_RECORDS)
    chosen = every.filter([_is_of(name, rule) for name in every["drop_rule"].to_list()])
    if chosen.height != one.records:
        raise DataError(
            f"{file}: {chosen.height} records of {rule or 'all rules'}, but its manifest says {one.records}"
        )
    return chosen.with_columns(pl.lit(one.stage.name).alias("stage"))


def _draw(total: int, size: int, seed: int) -> list[int]:
    """Returns `size` different numbers below `total`, or all of them if there are not more."""
    if total <= size:
        return list(range(total))
    drawn: dict[int, None] = {}  # a set that keeps the order
    for turn in itertools.count():  # a turn may draw nothing new, so its number and not len(drawn) is hashed
        hashes = keyed_hash(seed, "audit", [f"{turn}/{number}" for number in range(size)])
        drawn.update(dict.fromkeys(int(hash % total) for hash in hashes.tolist()))
        if len(drawn) >= size:
            break
    return list(drawn)[:size]


def _document(records: pl.DataFrame, place: int) -> DroppedDocument:
    row = records.row(place, named=True)
    same = ("id", "url", "stage", "duplicate_of", "similarity", "excerpt")
    named = {"rule": "drop_rule", "measured": "drop_measured", "threshold": "drop_threshold"}
    locator = row["locator"] or {"file": None, "offset": None}
    return DroppedDocument(
        **{name: row[name] for name in same},
        **{name: row[column] for name, column in named.items()},
        file=locator["file"],
        offset=locator["offset"],
    )


def show(documents: Iterable[DroppedDocument], console: Console) -> None:
    """Prints a sample of a run's drop records. Crawled text is made safe for the terminal."""
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
