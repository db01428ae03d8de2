"""Removes lines or paragraphs that occur in many places of the corpus: menus, notices, cookie texts, quoted mails.

The method is that of CCNet (Wenzek et al. 2020, 3.1: the first occurrence of a paragraph stays) and, for paragraphs, of
Dolma (Soldaini et al. 2024), but over the whole corpus at once and exactly, without a Bloom filter.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.chance import keyed_hash
from tokenmill.core.columns import drop, set_column, source_column
from tokenmill.core.kinds import FACTS, Room, Round
from tokenmill.core.rules import check_numbers, signal_columns
from tokenmill.stages.dedup.groups import group_sizes, group_starts, with_carried
from tokenmill.stages.dedup.preference import Keep
from tokenmill.stages.dedup.settings import check_settings, columns_read, conclude, limited_sources, preferences
from tokenmill.text.similarity.passages import kept_text, passage_keys, passages

RULE = "line_dedup.emptied"


@dataclass(frozen=True)
class LineDedup:
    """Keeps one of the lines that are alike, and drops a text that consists only of removed lines.

    Two lines are alike if they differ only in case, punctuation and digits.

    Attributes:
        unit: what is compared: line, or paragraph (blank lines separate paragraphs). Default line.
        max_count: a line that occurs at most this often stays everywhere. At least 1. Default 1.
        keep_first: keep one of the lines that occur more often. Default true.
        min_words: smallest number of words of a line that is compared, because headings such as "Introduction" are
            meant to repeat. At least 1. Default 3.
        keep: the document whose line is kept: longest, earliest, latest, best_score or source_order; ties go by a hash
            of the id. Within a document the first line is kept. Default longest.
        score: column to rank by, for `keep: best_score`. Default none.
        sources: the sources in order of preference, for `keep: source_order`. Default none.
        max_removed: {source: largest share of its compared lines that may be removed, 0 to 1}. Above it, the run stops.
            Default: no limit.
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
        check_settings(self)
        check_numbers(self, "max_count", "min_words", low=1)

    @property
    def reads(self) -> tuple[str, ...]:
        return columns_read(self, "id", "text")

    def rounds(self) -> list[Round]:
        return [SameLine(self)]

    def conclude(self, facts: list[dict[str, Any]], sources: Mapping[str, int]) -> dict[str, Any]:
        """Returns the numbers of documents, compared lines and removed lines.

        Raises DataError if max_removed would be exceeded.
        """
        lines: Counter[str] = Counter()
        for part in facts:
            lines.update(part["lines_by_source"])
        return conclude(self, facts, sources, ("lines", "removed"), totals=lines, unit=f"{self.unit}s")

    def rewrite(self, batch: pa.RecordBatch, removed_lines: pa.Table) -> pa.RecordBatch:
        """Returns the batch without the given lines, with their number and their share of the bytes as signals.

        removed_lines: rows of SAID. A text that would lose all of its lines is dropped, and keeps them for the drop
        record.
        """
        cut = passages(batch, paragraphs=self.unit == "paragraph")
        rows, places = removed_lines.column("row").to_numpy(), removed_lines.column("piece").to_numpy()
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
    """Sorts lines by key, and lines of one key by the preference of their documents."""

    settings: LineDedup

    sort_by: ClassVar[tuple[str, ...]] = ("_partition_key", "preference", "tie", "shard", "row", "piece")
    single: ClassVar[bool] = False
    of_documents: ClassVar[bool] = False

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        settings = self.settings
        cut = passages(batch, paragraphs=settings.unit == "paragraph")
        keys, words = passage_keys(cut)
        row_of = np.repeat(np.arange(batch.num_rows), np.diff(cut.first))
        of_document = {
            "preference": preferences(batch, settings),
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
        """Streams its input. Carries over at most max_count rows of the last key, or only their number."""
        max_count, first_removed = self.settings.max_count, int(self.settings.keep_first)
        carried: pa.RecordBatch | None = None
        last_key, num_decided = np.uint64(0), 0  # decided rows of the last key are not carried over
        counts = LineCounts(limited_sources(self.settings))
        for batch in rows:
            counts.add_lines(batch)
            lines = with_carried(carried, batch)
            if not lines.num_rows:
                continue
            keys = lines.column("_partition_key").to_numpy()
            starts = group_starts(keys)
            sizes = group_sizes(starts, len(keys))
            before = np.zeros(len(starts), dtype=np.int64)
            before[0] = num_decided if keys[0] == last_key else 0
            count = np.repeat(before + sizes, sizes)
            rank = np.arange(len(keys)) - np.repeat(starts - before, sizes)
            removed = lines.filter(pa.array((count > max_count) & (rank >= first_removed)))
            counts.add_removed(removed)
            yield removed.select(LineDedup.SAID.names)
            last_key, undecided = keys[-1], count[-1] <= max_count
            num_decided = 0 if undecided else int(count[-1])
            carried = lines.slice(int(starts[-1]) if undecided else lines.num_rows)
        yield pa.RecordBatch.from_pylist([], schema=LineDedup.SAID.with_metadata({FACTS: counts.facts()}))


class LineCounts:
    """Counts compared and removed lines, in all, and by source for the sources in `limited`."""

    def __init__(self, limited: tuple[str, ...]) -> None:
        self.limited = limited
        self.lines = self.removed = 0
        self.lines_by_source: Counter[str] = Counter()
        self.removed_by_source: Counter[str] = Counter()

    def add_lines(self, batch: pa.RecordBatch) -> None:
        self.lines += batch.num_rows
        self._count(batch, self.lines_by_source)

    def add_removed(self, batch: pa.RecordBatch) -> None:
        self.removed += batch.num_rows
        self._count(batch, self.removed_by_source)

    def facts(self) -> bytes:
        """Returns the counts as JSON, for the metadata of the last batch."""
        removed = {source: {"removed": count, "largest": []} for source, count in self.removed_by_source.items()}
        facts = {
            "lines": self.lines,
            "removed": self.removed,
            "lines_by_source": self.lines_by_source,
            "removed_by_source": removed,
        }
        return json.dumps(facts).encode()

    def _count(self, batch: pa.RecordBatch, counts: Counter[str]) -> None:
        for source in self.limited:
            counts[source] += pc.sum(pc.equal(batch.column("source"), source)).as_py() or 0
