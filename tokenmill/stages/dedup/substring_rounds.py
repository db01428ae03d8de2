"""The rounds of substring deduplication.

SharedGrams       groups the chosen grams of all documents; returns those that occur in two documents or more
SharingDocuments  returns one row for each document with such grams
SharedWindows     groups the windows of these documents that contain such a gram; returns those that occur in an earlier
                  document
MergedWindows     groups these windows by document and merges them into the spans to remove
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.chance import keyed_hash, spread
from tokenmill.core.columns import source_column
from tokenmill.core.kinds import FACTS, Room
from tokenmill.stages.dedup.groups import Positions, group_sizes, group_starts, with_carried
from tokenmill.stages.dedup.settings import DedupSettings, preferences
from tokenmill.text.edit.spaces import without_blank_texts
from tokenmill.text.similarity.windows import chosen_grams, windows_with

Documents = npt.NDArray[np.int64]
"""Documents, as int64 with the shard in the upper 32 bits and the row in the lower ones."""

SAID = pa.schema([("shard", pa.int32()), ("row", pa.int32()), ("start", pa.int32()), ("end", pa.int32())])
"""Columns of a span of characters to remove, from `start` to before `end`. Spans of one document do not overlap."""

_OF_DOCUMENT = ("_partition_key", "shard", "row", "place")


@dataclass(frozen=True)
class SharedGrams:
    """Sorts the chosen grams by hash. Texts without a visible character have none, so that no document loses them."""

    length: int

    sort_by: ClassVar[tuple[str, ...]] = _OF_DOCUMENT
    single: ClassVar[bool] = False
    of_documents: ClassVar[bool] = False

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        batch = batch.set_column(
            batch.schema.get_field_index("text"), "text", without_blank_texts(batch.column("text"))
        )
        hashes, places, first = chosen_grams(batch, self.length)
        times = np.diff(first)
        shard, row = (np.repeat(batch.column(name).to_numpy(), times) for name in ("_shard", "_row"))
        keys = spread(hashes)  # winnowing chooses the smallest hashes, so they are close together
        return pa.RecordBatch.from_pydict({"_partition_key": keys, "shard": shard, "row": row, "place": places})

    def reduce(self, rows: Iterator[pa.RecordBatch], room: Room) -> Iterator[pa.RecordBatch]:
        """Streams its input. Carries over the rows of the last gram while they are of one document."""
        carried: pa.RecordBatch | None = None
        shared_key = None  # the last gram, if it is known to be shared
        for batch in rows:
            grams = with_carried(carried, batch)
            if not grams.num_rows:
                continue
            keys, documents = grams.column("_partition_key").to_numpy(), documents_of(grams)
            starts = group_starts(keys)
            sizes = group_sizes(starts, len(keys))
            shared = documents[starts] != documents[starts + sizes - 1]  # a gram's rows are sorted by document
            shared[0] |= shared_key is not None and keys[0] == shared_key
            yield grams.filter(pa.array(np.repeat(shared, sizes))).select(["shard", "row", "place"])
            carried = grams.slice(len(keys) if shared[-1] else int(starts[-1]))
            shared_key = keys[-1] if shared[-1] else None


@dataclass(frozen=True)
class SharingDocuments:
    """Sorts the places of shared grams by document, and returns one row per document."""

    sort_by: ClassVar[tuple[str, ...]] = _OF_DOCUMENT
    single: ClassVar[bool] = False
    of_documents: ClassVar[bool] = False

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return _by_document(batch)

    def reduce(self, rows: Iterator[pa.RecordBatch], room: Room) -> Iterator[pa.RecordBatch]:
        """Streams its input and carries over the last document. Yields shard, row, and places as int32 in bytes."""
        carried: pa.RecordBatch | None = None
        for batch in rows:
            grams = with_carried(carried, batch)
            if not grams.num_rows:
                continue
            starts = group_starts(documents_of(grams))
            yield _one_row_each(grams, starts)
            carried = grams.slice(int(starts[-1]))
        if carried is not None and carried.num_rows:
            yield _one_row_each(carried, np.array([0, carried.num_rows]))


@dataclass(frozen=True)
class SharedWindows:
    """Sorts the windows that contain a shared gram by hash, and windows of one hash by preference.

    limited: sources whose cut documents are counted. The column `of` is the position of a row's source in `limited`,
    or -1.
    """

    length: int
    settings: DedupSettings
    limited: tuple[str, ...]

    sort_by: ClassVar[tuple[str, ...]] = ("_partition_key", "low", "preference", "tie", "shard", "row", "place")
    single: ClassVar[bool] = False
    of_documents: ClassVar[bool] = True

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        grams, first = _places_of(batch.column("places"))
        row_of, places, high, low = windows_with(batch, self.length, grams, first)
        wanted = preferences(batch, self.settings)
        tie = keyed_hash(0, "substring_dedup", batch.column("id").to_pylist())
        shard, row = (batch.column(name).to_numpy() for name in ("_shard", "_row"))
        return pa.RecordBatch.from_pydict(
            {
                "_partition_key": spread(high),
                "low": low,
                "preference": wanted[row_of],
                "tie": tie[row_of],
                "shard": shard[row_of],
                "row": row[row_of],
                "place": places,
                "of": self._limited(batch)[row_of],
            }
        )

    def _limited(self, batch: pa.RecordBatch) -> npt.NDArray[np.int16]:
        found = pc.fill_null(pc.index_in(source_column(batch), pa.array(self.limited, pa.string())), -1)
        places: npt.NDArray[np.int16] = found.to_numpy(zero_copy_only=False).astype(np.int16)
        return places

    def reduce(self, rows: Iterator[pa.RecordBatch], room: Room) -> Iterator[pa.RecordBatch]:
        """Streams its input. Keeps the first document of the last window."""
        last: tuple[Any, Any, int] | None = None  # (high, low, first document)
        for batch in rows:
            if not batch.num_rows:
                continue
            high, low = batch.column("_partition_key").to_numpy(), batch.column("low").to_numpy()
            documents = documents_of(batch)
            starts = group_starts(high, low)
            owner = documents[starts]
            if last is not None and (high[0], low[0]) == last[:2]:
                owner[0] = last[2]
            again = documents != np.repeat(owner, group_sizes(starts, len(high)))
            yield batch.filter(pa.array(again)).select(["shard", "row", "place", "of"])
            last = (high[-1], low[-1], int(owner[-1]))


@dataclass(frozen=True)
class MergedWindows:
    """Sorts the windows to remove by document, and merges those that touch or overlap into spans."""

    length: int
    limited: tuple[str, ...]

    sort_by: ClassVar[tuple[str, ...]] = _OF_DOCUMENT
    single: ClassVar[bool] = False
    of_documents: ClassVar[bool] = False

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return _by_document(batch, "of")

    def reduce(self, rows: Iterator[pa.RecordBatch], room: Room) -> Iterator[pa.RecordBatch]:
        """Yields rows of SAID. The last batch has the facts."""
        spans = characters = 0
        cut = np.zeros(len(self.limited) + 1, dtype=np.int64)  # by source; the last place is for all others
        for part in self._merged(_counting_documents(rows, cut)):
            yield part
            spans += part.num_rows
            characters += int((part.column("end").to_numpy().astype(np.int64) - part.column("start").to_numpy()).sum())
        by_source = {
            source: {"removed": count, "largest": []}
            for source, count in zip(self.limited, cut[:-1].tolist(), strict=True)
        }
        facts = {"cut": int(cut.sum()), "spans": spans, "characters": characters, "removed_by_source": by_source}
        yield pa.RecordBatch.from_pylist([], schema=SAID.with_metadata({FACTS: json.dumps(facts).encode()}))

    def _merged(self, rows: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Streams its input. Carries over the last span, because the next batch may extend it."""
        document, start, end = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        for batch in rows:
            place = batch.column("place").to_numpy().astype(np.int64)
            document = np.append(document, documents_of(batch))
            start, end = np.append(start, place), np.append(end, place + self.length)
            apart = (document[1:] != document[:-1]) | (start[1:] > end[:-1])
            begins = np.flatnonzero(np.append(True, apart)[: len(start)])
            ends = end[np.append(begins[1:], len(end)) - 1] if len(begins) else end
            document, start, end = document[begins], start[begins], ends
            if len(start) > 1:
                yield _spans(document[:-1], start[:-1], end[:-1])
                document, start, end = document[-1:], start[-1:], end[-1:]
        if len(start):
            yield _spans(document, start, end)


def _counting_documents(rows: Iterator[pa.RecordBatch], counts: npt.NDArray[np.int64]) -> Iterator[pa.RecordBatch]:
    """Yields the rows, which are sorted by document, unchanged. Counts each document once in counts[of]."""
    seen = -1
    for batch in rows:
        if batch.num_rows:
            documents = documents_of(batch)
            new = documents != np.append(seen, documents[:-1])
            np.add.at(counts, batch.column("of").to_numpy()[new], 1)
            seen = int(documents[-1])
        yield batch


def documents_of(rows: pa.RecordBatch) -> Documents:
    """Returns, for substring deduplication, the document of each row as one number of shard and row, int64 (rows,)."""
    shard = rows.column("shard").to_numpy().astype(np.int64)
    documents: Documents = shard << 32 | rows.column("row").to_numpy().astype(np.int64)
    return documents


def _by_document(batch: pa.RecordBatch, *more: str) -> pa.RecordBatch:
    columns = {name: batch.column(name) for name in ("shard", "row", "place", *more)}
    return pa.RecordBatch.from_pydict({"_partition_key": spread(documents_of(batch).astype(np.uint64)), **columns})


def _one_row_each(rows: pa.RecordBatch, bounds: Positions) -> pa.RecordBatch:
    """Returns one row for each document, with all of its places. bounds: first row of each document, and the end."""
    offsets = (bounds - bounds[0]) * 4
    places = np.ascontiguousarray(rows.column("place").to_numpy()[bounds[0] : bounds[-1]])
    packed = pa.Array.from_buffers(
        pa.large_binary(), len(bounds) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(places)]
    )
    firsts = rows.take(pa.array(bounds[:-1]))
    return pa.RecordBatch.from_pydict({"shard": firsts.column("shard"), "row": firsts.column("row"), "places": packed})


def _places_of(packed: pa.Array) -> tuple[npt.NDArray[np.int32], Positions]:
    """Returns (places, position of each row's first place) from a column of _one_row_each."""
    _, offset_buffer, data = packed.buffers()
    offsets = np.frombuffer(offset_buffer, dtype=np.int64)[packed.offset : packed.offset + len(packed) + 1] // 4
    values = np.frombuffer(data, dtype=np.int32) if data is not None else np.empty(0, dtype=np.int32)
    return values, offsets


def _spans(document: Documents, start: Positions, end: Positions) -> pa.RecordBatch:
    """Returns rows of SAID."""
    columns = (document >> 32, document & 0xFFFFFFFF, start, end)
    return pa.RecordBatch.from_arrays([pa.array(column.astype(np.int32)) for column in columns], schema=SAID)
