"""Web pages out of WARC and ARC files: one row a document record, its body decoded to text, HTML as it is.

Responses, conversions (WET), resources and revisits are document records; requests, metadata, warcinfo and DNS are not.
A record that is refused is a row too, marked with the rule that refused it, and so is each damaged span of a file.
Which types count is FineWeb's choice (Penedo et al. 2024; datatrove's WARC reader), but the status must be 200 and the
declared charset is looked at.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pyarrow as pa
from resiliparse.parse.encoding import detect_mime

from tokenmill.core import storage
from tokenmill.core.columns import LOCATOR, documents, drop
from tokenmill.core.dates import timestamps
from tokenmill.core.errors import RecipeError, did_you_mean
from tokenmill.core.inputs import file_shards
from tokenmill.core.kinds import Shard
from tokenmill.stages.charset import decode
from tokenmill.stages.http_body import Head, content_type, read_body, read_head
from tokenmill.stages.warc_records import Damage, Record, read_records

_NO_DOCUMENTS = ("warcinfo", "request", "metadata")
_DOCUMENTS = ("response", "conversion", "resource")
_HEAD_BYTES = 1 << 16  # of a block, besides max_bytes of body
_UNKNOWN_MIME = ("", "application/octet-stream", "application/unknown", "unknown/unknown", "*/*")
_BINARY = {
    b"%PDF-": "application/pdf", b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif",
    b"RIFF": "audio/riff", b"PK\x03\x04": "application/zip", b"\x1f\x8b\x08": "application/gzip",
}  # fmt: skip
_STATUS = 200
_MAX_ROWS = 65_536
_HTML_STARTS = (
    b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<style", b"<title", b"<meta", b"<link", b"<div",
    b"<p", b"<h1", b"<table", b"<font", b"<a", b"<b", b"<br", b"<iframe", b"<!--",
)  # fmt: skip


@dataclass(frozen=True)
class ReadWarc:
    """A Source of web pages.

    paths: globs of .warc, .arc, and either with .gz or .zst. records: the types that make documents; `conversion` for
    WET files. mime: types accepted, besides the plain text of conversions. max_bytes: of a body; the rest is cut off,
    and meta says so. max_growth: how many times its size a compressed body that reaches max_bytes may grow. max_bad:
    highest share of bytes that could not be decoded or are control characters. shard_bytes: of files, for one task:
    small ones are put together. batch_bytes: of text, about, in a batch.
    """

    paths: str | tuple[str, ...]
    source: str = "web"
    records: tuple[str, ...] = ("response",)
    mime: tuple[str, ...] = ("text/html", "application/xhtml+xml")
    max_bytes: int = 10 << 20
    max_growth: float = 100.0
    max_bad: float = 0.01
    shard_bytes: int = 64 << 20
    batch_bytes: int = 16 << 20

    adds: ClassVar[tuple[str, ...]] = ("id", "source", "url", "date", "text", "locator", "meta")
    DAMAGE: ClassVar[tuple[str, ...]] = ("read_warc.corrupt",)

    def __post_init__(self) -> None:
        for kind in self.records:
            if kind not in _DOCUMENTS:
                raise RecipeError(f"records: {kind!r} is no kind of document{did_you_mean(kind, _DOCUMENTS)}")

    def shards(self) -> list[Shard]:
        """One a file."""
        return file_shards(self.paths, self.source)

    def read(self, shard: Shard) -> Iterator[pa.RecordBatch]:
        """The file's documents in order, and a row for each damaged span. Raises DataError for another kind of file."""
        rows = _Rows(self, shard)
        with storage.open_input(shard.address) as file:
            for item in read_records(file, shard.size, shard.file, self.max_bytes + _HEAD_BYTES):
                if isinstance(item, Damage):
                    rows.add_damage(item)
                else:
                    rows.add_record(item)
                if rows.bytes >= self.batch_bytes or len(rows.ids) >= _MAX_ROWS:
                    yield rows.batch()
                    rows = _Rows(self, shard)
        if rows.ids:
            yield rows.batch()


@dataclass
class _Drop:
    """Why rows were refused: for each rule the row numbers, what was measured and the threshold."""

    rows: list[int] = field(default_factory=list)
    measured: list[Any] = field(default_factory=list)
    threshold: Any = ""


class _Rows:
    """The columns of a batch while it is filled."""

    def __init__(self, work: ReadWarc, shard: Shard) -> None:
        self.work, self.shard, self.name = work, shard, os.path.basename(shard.file)
        self.ids: list[str] = []
        self.urls: list[str | None] = []
        self.dates: list[str] = []
        self.offsets: list[int] = []
        self.lengths: list[int | None] = []
        self.bodies: list[bytes | None] = []
        self.labels: list[str] = []
        self.facts: list[dict[str, Any]] = []
        self.drops: dict[str, _Drop] = {}
        self.bytes = 0

    def add_damage(self, span: Damage) -> None:
        """A row for a span that is no record."""
        self._start(self._place_name(span), "", "", span)
        self._drop("corrupt", span.problem, "a whole record")

    def add_record(self, record: Record) -> None:
        """A row for a record, if it is a document's."""
        fields = record.fields
        kind = _text(fields.get(b"warc-type", b"")).lower()
        url = _text(fields.get(b"warc-target-uri", b"")).strip("<>")  # wget writes them
        if kind in _NO_DOCUMENTS or url.startswith("dns:"):
            return
        identity = _text(fields.get(b"warc-record-id", b"")) or self._place_name(record)
        self._start(identity, url, _text(fields.get(b"warc-date", b"")), record)
        if truncated := _text(fields.get(b"warc-truncated", b"")):
            self.facts[-1]["truncated"] = truncated
        if kind == "revisit":
            self._drop("revisit", kind, ",".join(self.work.records))
        elif kind not in self.work.records:
            self._drop("record_type", kind or "none", ",".join(self.work.records))
        else:
            self._add_body(record, kind)

    def batch(self) -> pa.RecordBatch:
        """The rows as a batch, decoded, the refused ones marked."""
        decoded = decode(self.bodies, self.labels)
        for row, bad in enumerate(decoded.bad.tolist()):
            if self.bodies[row] is not None:
                self.facts[row] |= {"charset": decoded.charset[row], "charset_from": decoded.told_by[row]}
                if bad > self.work.max_bad:
                    self._drop("charset", bad, self.work.max_bad, row)
        files = pa.array([self.shard.file] * len(self.ids))
        places = [files, pa.array(self.offsets, pa.int64()), pa.array(self.lengths, pa.int64())]
        batch = documents(
            {
                "id": self.ids,
                "source": [self.shard.source] * len(self.ids),
                "url": self.urls,
                "date": timestamps(self.dates),
                "text": decoded.text,
                "locator": pa.StructArray.from_arrays(places, fields=list(LOCATOR)),
                "meta": [json.dumps(facts, sort_keys=True, separators=(",", ":")) for facts in self.facts],
            }
        )
        for rule, found in self.drops.items():
            at = dict(zip(found.rows, found.measured, strict=True))
            measured = [at.get(row) for row in range(batch.num_rows)]
            mask = pa.array([row in at for row in range(batch.num_rows)])
            batch = drop(batch, mask, f"read_warc.{rule}", measured, found.threshold)
        return batch

    def _start(self, identity: str, url: str, date: str, place: Record | Damage) -> None:
        self.ids.append(identity)
        self.urls.append(url or None)
        self.dates.append(date)
        self.offsets.append(place.offset)
        self.lengths.append(place.length)
        self.bodies.append(None)
        self.labels.append("")
        self.facts.append({"inner_offset": place.inner} if place.inner else {})

    def _add_body(self, record: Record, kind: str) -> None:
        """Unpack the record's body, or drop its row."""
        facts, work = self.facts[-1], self.work
        head = _head(record, kind)
        if head.in_http:
            facts["status"] = head.status
        if head.status != _STATUS:
            return self._drop("status", "none" if head.status is None else head.status, _STATUS)
        cut = record.block_bytes > len(record.block)
        body = read_body(record.block, head, limit=work.max_bytes, cut=cut or "truncated" in facts)
        mime = facts["mime"] = _mime(record, head, body.data, kind)
        if mime not in work.mime and not (kind == "conversion" and mime == "text/plain"):
            return self._drop("not_html", mime, ",".join(work.mime))
        if body.problem:
            return self._drop("body", body.problem, "a body that can be unpacked")
        growth = len(body.data) / body.packed_bytes if body.packed_bytes else 0.0
        if growth > work.max_growth:
            return self._drop("bomb", growth, work.max_growth)
        if not body.data.strip():
            return self._drop("empty", 0, 1)
        if cut or len(body.data) > work.max_bytes:
            facts["truncated"] = "max_bytes"
        self.bodies[-1] = body.data[: work.max_bytes]
        self.labels[-1] = head.charset
        self.bytes += len(body.data)
        return None

    def _drop(self, rule: str, measured: Any, threshold: Any, row: int = -1) -> None:
        found = self.drops.setdefault(rule, _Drop(threshold=threshold))
        found.rows.append(row if row >= 0 else len(self.ids) - 1)
        found.measured.append(measured)

    def _place_name(self, place: Record | Damage) -> str:
        """An id for what has none: `<file>#<offset>`, and `+<offset>` for what does not begin its compressed stream."""
        return f"{self.name}#{place.offset}" + (f"+{place.inner}" if place.inner else "")


def _head(record: Record, kind: str) -> Head:
    """The HTTP header of a response; for other content, and other protocols, one made from the record's own."""
    declared = record.fields.get(b"content-type", b"")
    if kind == "response" and (record.block.startswith(b"HTTP/") or declared.lower().startswith(b"application/http")):
        return read_head(record.block)
    mime, charset = content_type(declared)
    return Head(status=_STATUS, mime=mime, charset=charset, codings=(), chunked=False, body=0, in_http=False)


def _mime(record: Record, head: Head, body: bytes, kind: str) -> str:
    """What kind of content it is: what its first bytes prove, else what the crawler found, else what a header says."""
    for magic, mime in _BINARY.items():
        if body.startswith(magic):
            return mime
    mime = content_type(record.fields.get(b"warc-identified-payload-type", b""))[0] or head.mime
    if mime not in _UNKNOWN_MIME:
        return mime
    start = body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"<?xml") and b"<html" in start:
        return "application/xhtml+xml"
    if kind == "conversion":
        return "text/plain"
    found: str = "text/html" if start.startswith(_HTML_STARTS) else detect_mime(body[:1024])
    return found


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
