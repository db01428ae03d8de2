"""Take out lines, or paragraphs, that stand in many places of the corpus: menus, notices, cookie texts, quoted mails.

As CCNet does (Wenzek et al. 2020, 3.1: a paragraph stays where it is met first) and Dolma for paragraphs (Soldaini et
al. 2024), but over the whole corpus at once and exactly, without a Bloom filter.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce as fold
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.chance import keyed_hash
from tokenmill.core.columns import drop, set_column
from tokenmill.core.errors import RecipeError
from tokenmill.core.kinds import FACTS, Room, Round
from tokenmill.core.limits import Removed, check_limits, guard, source_column, together
from tokenmill.core.rules import signal_columns
from tokenmill.stages.dedup.preference import Keep, check_preference, preference, preference_column
from tokenmill.text.similarity.passages import kept_text, passage_keys, passages

RULE = "line_dedup.emptied"


@dataclass(frozen=True)
class LineDedup:
    """Of lines that are alike, one stays. Case, punctuation and digits make no difference; a text of nothing but such
    lines is dropped.

    unit: "line", or "paragraph" (what blank lines separate). max_count: lines that occur at most so often all stay.
    keep_first: whether one stays of those that occur more often. min_words: shorter lines are left alone; headings
    such as "Introduction" repeat for good reasons. keep: the document whose line stays, ties by a hash of the id, in it
    the first one. score, sources: what `keep` ranks by, for best_score and source_order.
    max_removed: by source, the largest share (0..1) of its lines of min_words words or more that may go; beyond it the
    run stops first.
    """

    unit: Literal["line", "paragraph"] = "line"
    max_count: int = 1
    keep_first: bool = True
    min_words: int = 3
    keep: Keep = "longest"
    score: str = ""
    sources: tuple[str, ...] = ()
    max_removed: dict[str, float] = field(default_factory=dict)

    adds: ClassVar[tuple[str, ...]] = signal_columns("line_dedup", "removed_lines", "removed_ratio")
    SAID: ClassVar[pa.Schema] = pa.schema([("shard", pa.int32()), ("row", pa.int32()), ("piece", pa.int64())])

    def __post_init__(self) -> None:
        check_preference(self.keep, score=self.score, sources=self.sources)
        check_limits(self.max_removed)
        for name in ("max_count", "min_words"):
            if getattr(self, name) < 1:
                raise RecipeError(f"{name}: {getattr(self, name)}; must be at least 1")

    @property
    def reads(self) -> tuple[str, ...]:
        by_source = ["source"] if self.max_removed else []
        return tuple(dict.fromkeys(["id", "text", preference_column(self.keep, score=self.score), *by_source]))

    def rounds(self) -> list[Round]:
        return [SameLine(self)]

    def conclude(self, facts: list[dict[str, Any]], sources: Mapping[str, int]) -> dict[str, Any]:
        """What was counted in lines. DataError if more of a source goes than its limit allows."""
        lines: Counter[str] = Counter()
        for part in facts:
            lines.update(part["by_source"])
        nothing: Removed = {}
        removed = fold(together, (part["removed_by_source"] for part in facts), nothing)
        guard("line_dedup", self.max_removed, lines, removed, of=f"{self.unit}s")
        counts = {name: sum(part[name] for part in facts) for name in ("lines", "removed")}
        return {"documents": sum(sources.values()), **counts}

    def rewrite(self, batch: pa.RecordBatch, said: pa.Table) -> pa.RecordBatch:
        """The batch without the pieces named, with the signals of how many and how much of the bytes they were. A text
        that loses all of it stays as it is, for the record of its drop.
        """
        cut = passages(batch, paragraphs=self.unit == "paragraph")
        rows, places = said.column("row").to_numpy(), said.column("piece").to_numpy()
        keep = np.ones(len(cut.bounds) - 1, dtype=np.bool_)
        keep[cut.first[rows] + places] = False
        removed = np.bincount(rows, minlength=batch.num_rows).astype(np.int64)
        before = pc.fill_null(pc.binary_length(batch.column("text")), 0).to_numpy()
        texts = pc.if_else(pa.array(removed > 0), kept_text(cut, keep), batch.column("text"))
        after = pc.fill_null(pc.binary_length(texts), 0).to_numpy()
        ratio = (before - after) / np.maximum(before, 1)
        emptied = (removed > 0) & (after == 0)
        batch = set_column(batch, "text", pc.if_else(pa.array(emptied), batch.column("text"), texts))
        batch = set_column(batch, "line_dedup.removed_lines", pa.array(removed))
        batch = set_column(batch, "line_dedup.removed_ratio", pa.array(ratio))
        return drop(batch, emptied, RULE, removed, "all of its lines")


@dataclass(frozen=True)
class SameLine:
    """Lines of one key are next to each other, that of the most wanted document first."""

    settings: LineDedup

    sort_by: ClassVar[tuple[str, ...]] = ("_partition_key", "preference", "tie", "shard", "row", "piece")
    single: ClassVar[bool] = False
    of_documents: ClassVar[bool] = False

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        settings = self.settings
        cut = passages(batch, paragraphs=settings.unit == "paragraph")
        keys, words = passage_keys(cut)
        row_of = np.repeat(np.arange(batch.num_rows), np.diff(cut.first))
        wanted = preference(batch, settings.keep, score=settings.score, sources=settings.sources)
        of_document = {
            "preference": wanted,
            "tie": keyed_hash(0, "line_dedup", batch.column("id").to_pylist()),
            "shard": batch.column("_shard").to_numpy(),
            "row": batch.column("_row").to_numpy(),
        }
        long = words >= settings.min_words
        place = np.arange(len(keys)) - cut.first[row_of]
        columns = {"_partition_key": keys[long], **{name: values[row_of][long] for name, values in of_document.items()}}
        if settings.max_removed:
            columns["source"] = source_column(batch).take(pa.array(row_of[long]))
        return pa.RecordBatch.from_pydict(columns | {"piece": place[long]})

    def reduce(self, rows: Iterator[pa.RecordBatch], room: Room) -> Iterator[pa.RecordBatch]:
        """Streams: of the key that may go on in the next batch, at most max_count rows are held, or their number."""
        most, first = self.settings.max_count, int(self.settings.keep_first)
        held, key, passed = None, np.uint64(0), 0
        counted = Counted(sorted(self.settings.max_removed))
        for batch in rows:
            counted.come(batch)
            here = batch if held is None else pa.concat_batches([held, batch])
            if not here.num_rows:
                continue
            keys = here.column("_partition_key").to_numpy()
            starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
            sizes = np.diff(np.append(starts, len(keys)))
            seen = np.zeros(len(starts), dtype=np.int64)
            seen[0] = passed if keys[0] == key else 0
            count = np.repeat(seen + sizes, sizes)
            rank = np.arange(len(keys)) - np.repeat(starts - seen, sizes)
            gone = here.filter(pa.array((count > most) & (rank >= first)))
            counted.go(gone)
            yield gone.select(LineDedup.SAID.names)
            key, undecided = keys[-1], count[-1] <= most
            passed = 0 if undecided else int(count[-1])
            held = here.slice(int(starts[-1]) if undecided else here.num_rows)
        yield pa.RecordBatch.from_pylist([], schema=LineDedup.SAID.with_metadata({FACTS: counted.facts()}))


class Counted:
    """Lines there are and lines that go, in all and of some sources."""

    def __init__(self, limited: list[str]) -> None:
        self.limited = limited
        self.lines = self.removed = 0
        self.by_source: Counter[str] = Counter()
        self.removed_by_source: Counter[str] = Counter()

    def come(self, batch: pa.RecordBatch) -> None:
        self.lines += batch.num_rows
        self._count(batch, self.by_source)

    def go(self, batch: pa.RecordBatch) -> None:
        self.removed += batch.num_rows
        self._count(batch, self.removed_by_source)

    def facts(self) -> bytes:
        removed = {source: {"removed": count, "largest": []} for source, count in self.removed_by_source.items()}
        said = {"lines": self.lines, "removed": self.removed, "by_source": self.by_source, "removed_by_source": removed}
        return json.dumps(said).encode()

    def _count(self, batch: pa.RecordBatch, counts: Counter[str]) -> None:
        for source in self.limited:
            counts[source] += pc.sum(pc.equal(batch.column("source"), source)).as_py() or 0
