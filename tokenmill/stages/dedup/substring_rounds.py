"""The rounds of substring deduplication.

SharedGrams       chosen grams of all documents meet; those of two documents or more are told
SharingDocuments  each document with such grams, in one row
SharedWindows     the windows of these documents that hold such a gram meet; those met in an earlier document are told
Spans             the windows of a document that go, as spans
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
from tokenmill.core.kinds import FACTS, Room
from tokenmill.core.limits import source_column
from tokenmill.stages.dedup.preference import Keep, preference
from tokenmill.text.similarity.windows import chosen_grams, windows_with

Documents = npt.NDArray[np.int64]
"""Shard and row in one number, as they are told of in rows."""

SAID = pa.schema([("shard", pa.int32()), ("row", pa.int32()), ("start", pa.int32()), ("end", pa.int32())])
"""A span of characters that goes; spans of one document do not overlap."""

_OF_DOCUMENT = ("_partition_key", "shard", "row", "place")


@dataclass(frozen=True)
class SharedGrams:
    """Each chosen gram, by its hash."""

    length: int

    sort_by: ClassVar[tuple[str, ...]] = _OF_DOCUMENT
    single: ClassVar[bool] = False
    of_documents: ClassVar[bool] = False

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        hashes, places, first = chosen_grams(batch, self.length)
        times = np.diff(first)
        shard, row = (np.repeat(batch.column(name).to_numpy(), times) for name in ("_shard", "_row"))
        keys = spread(hashes)  # being the least of many, they lie close together
        return pa.RecordBatch.from_pydict({"_partition_key": keys, "shard": shard, "row": row, "place": places})

    def reduce(self, rows: Iterator[pa.RecordBatch], room: Room) -> Iterator[pa.RecordBatch]:
        """Streams: of the gram that may go on in the next batch, the rows of its first document are held."""
        held: pa.RecordBatch | None = None
        shared_key = None  # of a gram that went on and is known to be shared
        for batch in rows:
            here = batch if held is None else _joined(held, batch)
            if not here.num_rows:
                continue
            keys, documents = here.column("_partition_key").to_numpy(), documents_of(here)
            starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
            sizes = np.diff(np.append(starts, len(keys)))
            shared = documents[starts] != documents[starts + sizes - 1]  # they are sorted
            shared[0] |= shared_key is not None and keys[0] == shared_key
            settled = sizes.copy()
            settled[-1] *= shared[-1]
            yield here.filter(pa.array(np.repeat(shared, sizes))).select(["shard", "row", "place"])
            held = here.slice(len(keys) - int(sizes[-1] - settled[-1]))
            shared_key = keys[-1] if shared[-1] else None


@dataclass(frozen=True)
class SharingDocuments:
    """Places of shared grams, by document."""

    sort_by: ClassVar[tuple[str, ...]] = _OF_DOCUMENT
    single: ClassVar[bool] = False
    of_documents: ClassVar[bool] = False

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return _by_document(batch)

    def reduce(self, rows: Iterator[pa.RecordBatch], room: Room) -> Iterator[pa.RecordBatch]:
        """Rows (shard, row, places: its grams', int32 little-endian)."""
        held: pa.RecordBatch | None = None
        for batch in rows:
            here = batch if held is None else _joined(held, batch)
            if not here.num_rows:
                continue
            starts = _starts(documents_of(here))
            yield _placed(here, starts)
            held = here.slice(int(starts[-1]))
        if held is not None and held.num_rows:
            yield _placed(held, np.array([0, held.num_rows]))


@dataclass(frozen=True)
class SharedWindows:
    """Windows that hold a shared gram, by their hash, the most wanted document first.

    limited: sources of which cut documents are counted; `of` is a row's place among them, or -1.
    """

    length: int
    keep: Keep
    score: str
    sources: tuple[str, ...]
    limited: tuple[str, ...]

    sort_by: ClassVar[tuple[str, ...]] = ("_partition_key", "low", "preference", "tie", "shard", "row", "place")
    single: ClassVar[bool] = False
    of_documents: ClassVar[bool] = True

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        grams, first = _places_of(batch.column("places"))
        row_of, places, high, low = windows_with(batch, self.length, grams, first)
        wanted = preference(batch, self.keep, score=self.score, sources=self.sources)
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
        """Streams: of the window that may go on in the next batch, the first document is remembered."""
        last: tuple[Any, Any, int] | None = None
        for batch in rows:
            if not batch.num_rows:
                continue
            high, low = batch.column("_partition_key").to_numpy(), batch.column("low").to_numpy()
            documents = documents_of(batch)
            starts = np.flatnonzero(np.append(True, (high[1:] != high[:-1]) | (low[1:] != low[:-1])))
            sizes = np.diff(np.append(starts, len(high)))
            owner = documents[starts]
            if last is not None and (high[0], low[0]) == last[:2]:
                owner[0] = last[2]
            again = documents != np.repeat(owner, sizes)
            yield batch.filter(pa.array(again)).select(["shard", "row", "place", "of"])
            last = (high[-1], low[-1], int(owner[-1]))


@dataclass(frozen=True)
class Spans:
    """Windows that go, by document."""

    length: int
    limited: tuple[str, ...]

    sort_by: ClassVar[tuple[str, ...]] = _OF_DOCUMENT
    single: ClassVar[bool] = False
    of_documents: ClassVar[bool] = False

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return _by_document(batch, "of")

    def reduce(self, rows: Iterator[pa.RecordBatch], room: Room) -> Iterator[pa.RecordBatch]:
        """Rows of SAID; last, what was counted."""
        spans = characters = 0
        cut = np.zeros(len(self.limited) + 1, dtype=np.int64)  # documents by source, the last place for all others
        for part in self._merged(_counting_documents(rows, cut)):
            yield part
            spans += part.num_rows
            characters += int((part.column("end").to_numpy().astype(np.int64) - part.column("start").to_numpy()).sum())
        by_source = dict(zip(self.limited, cut[:-1].tolist(), strict=True))
        facts = json.dumps({"cut": int(cut.sum()), "spans": spans, "characters": characters, "by_source": by_source})
        yield pa.RecordBatch.from_pylist([], schema=SAID).replace_schema_metadata({FACTS: facts.encode()})

    def _merged(self, rows: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Streams: the span that may go on in the next batch is held. Windows that touch are one span."""
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
                yield _said(document[:-1], start[:-1], end[:-1])
                document, start, end = document[-1:], start[-1:], end[-1:]
        if len(start):
            yield _said(document, start, end)


def _counting_documents(rows: Iterator[pa.RecordBatch], counts: npt.NDArray[np.int64]) -> Iterator[pa.RecordBatch]:
    """The same rows, sorted by document; each document is counted once at its `of`."""
    seen = -1
    for batch in rows:
        if batch.num_rows:
            mine = documents_of(batch)
            new = mine != np.append(seen, mine[:-1])
            np.add.at(counts, batch.column("of").to_numpy()[new], 1)
            seen = int(mine[-1])
        yield batch


def documents_of(rows: pa.RecordBatch) -> Documents:
    """int64 (rows,): shard and row in one number."""
    shard = rows.column("shard").to_numpy().astype(np.int64)
    found: Documents = shard << 32 | rows.column("row").to_numpy().astype(np.int64)
    return found


def _by_document(batch: pa.RecordBatch, *more: str) -> pa.RecordBatch:
    columns = {name: batch.column(name) for name in ("shard", "row", "place", *more)}
    return pa.RecordBatch.from_pydict({"_partition_key": spread(documents_of(batch).astype(np.uint64)), **columns})


def _starts(documents: Documents) -> npt.NDArray[np.int64]:
    return np.flatnonzero(np.append(True, documents[1:] != documents[:-1]))


def _placed(rows: pa.RecordBatch, bounds: npt.NDArray[np.int64]) -> pa.RecordBatch:
    """One row for each document but that after the last bound."""
    offsets = (bounds - bounds[0]) * 4
    places = np.ascontiguousarray(rows.column("place").to_numpy()[bounds[0] : bounds[-1]])
    packed = pa.Array.from_buffers(
        pa.large_binary(), len(bounds) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(places)]
    )
    firsts = rows.take(pa.array(bounds[:-1]))
    return pa.RecordBatch.from_pydict({"shard": firsts.column("shard"), "row": firsts.column("row"), "places": packed})


def _places_of(packed: pa.Array) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """(places, where each row's begin) of what _placed made."""
    _, offset_buffer, data = packed.buffers()
    offsets = np.frombuffer(offset_buffer, dtype=np.int64)[packed.offset : packed.offset + len(packed) + 1] // 4
    values = np.frombuffer(data, dtype=np.int32) if data is not None else np.empty(0, dtype=np.int32)
    return values, offsets


def _said(document: Documents, start: Documents, end: Documents) -> pa.RecordBatch:
    columns = (document >> 32, document & 0xFFFFFFFF, start, end)
    return pa.RecordBatch.from_arrays([pa.array(column.astype(np.int32)) for column in columns], schema=SAID)


def _joined(one: pa.RecordBatch, other: pa.RecordBatch) -> pa.RecordBatch:
    return pa.concat_batches([one, other])
