"""Shows removals: a sample of what a rule dropped.

Manifests say how many records of each rule a shard has, so only shards with the rule are read, and for a sample only
those that it falls into.
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
class _ShardRecords:
    """A shard of a stage whose drop records a question is about, and how many there are."""

    stage: RanStage
    shard: int
    records: int


_NO_RECORDS = {"id": pl.String, "stage": pl.String, "drop_rule": pl.String}


def dropped(stages: list[RanStage], rule: str | None = None) -> pl.DataFrame:
    """All drop records of a run with the stage's name; `rule` is a whole rule or a step's name for all its rules.
    Raises RecipeError if nothing was dropped by it.
    """
    parts = [_records(one, rule) for one in _counted(stages, rule)]
    return pl.concat(parts, how="vertical") if parts else pl.DataFrame(schema=_NO_RECORDS)


def sample(stages: list[RanStage], rule: str | None, size: int, seed: int = 0) -> list[DroppedDocument]:
    """At most `size` of the records that dropped() gives. All have the same chance; they depend on the seed alone."""
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
    """The shards that dropped something by the rule. Raises RecipeError if there is none."""
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
    """The drop records of a shard by the rule. Raises DataError if they are not as many as its manifest says."""
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
    """`size` different numbers below `total`, or all of them."""
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
