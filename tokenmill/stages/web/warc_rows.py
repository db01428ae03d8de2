"""Makes rows from records of WARC and ARC files: unpacks and decodes bodies, marks refused records and damage."""

import json
import os
from dataclasses import dataclass, field
from typing import Any, Protocol

import pyarrow as pa
from resiliparse.parse.encoding import detect_mime

from tokenmill.core.columns import LOCATOR, documents, drop
from tokenmill.stages.reading.charset import decode
from tokenmill.stages.reading.charset_labels import codec_of
from tokenmill.stages.reading.dates import timestamps
from tokenmill.stages.web.http_body import Head, content_type, read_body, read_head
from tokenmill.stages.web.opt_out_signs import Signs, meta_elements, signs
from tokenmill.stages.web.warc_digests import mismatch, stated
from tokenmill.stages.web.warc_records import Damage, Record

DOCUMENTS = ("response", "conversion", "resource", "metadata")
"""The types of record that can become documents."""

SIGNALS = pa.schema([("read_warc.robots", pa.string()), ("read_warc.tdm_reservation", pa.string())])
"""Columns for the statements of publishers, in addition to the document columns."""

_NO_DOCUMENTS = ("warcinfo", "request", "metadata")  # metadata only if `records` does not name it
_UNKNOWN_MIME = ("", "application/octet-stream", "application/unknown", "unknown/unknown", "*/*")
_BINARY = {
    b"%PDF-": "application/pdf", b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif",
    b"RIFF": "audio/riff", b"PK\x03\x04": "application/zip", b"\x1f\x8b\x08": "application/gzip",
}  # fmt: skip
_STATUS = 200
_REFERS = {
    "refers_to": b"warc-refers-to", "refers_to_url": b"warc-refers-to-target-uri",
    "refers_to_date": b"warc-refers-to-date",
}  # fmt: skip
_HTML_STARTS = (
    b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<style", b"<title", b"<meta", b"<link", b"<div",
    b"<p", b"<h1", b"<table", b"<font", b"<a", b"<b", b"<br", b"<iframe", b"<!--",
)  # fmt: skip


class ReadSettings(Protocol):
    """The settings of stages.read_warc that rows depend on."""

    @property
    def records(self) -> tuple[str, ...]: ...
    @property
    def mime(self) -> tuple[str, ...]: ...
    @property
    def max_bytes(self) -> int: ...
    @property
    def max_growth(self) -> float: ...
    @property
    def max_bad(self) -> float: ...
    @property
    def verify(self) -> bool: ...


@dataclass
class _Drop:
    """The rows that one rule refuses: their numbers, the measured values and the threshold."""

    rows: list[int] = field(default_factory=list)
    measured: list[Any] = field(default_factory=list)
    threshold: Any = ""


class Rows:
    """The columns of a batch while it is filled. file: the file of the next rows."""

    def __init__(self, work: ReadSettings, source: str, file: str = "") -> None:
        self.work, self.source, self.file = work, source, file
        self.files: list[str] = []
        self.ids: list[str] = []
        self.urls: list[str | None] = []
        self.dates: list[str] = []
        self.offsets: list[int] = []
        self.lengths: list[int | None] = []
        self.bodies: list[bytes | None] = []
        self.labels: list[str] = []
        self.utf8: list[bool] = []  # the record's body is UTF-8 by definition
        self.facts: list[dict[str, Any]] = []
        self.heads: list[Head | None] = []
        self.drops: dict[str, _Drop] = {}
        self.bytes = 0

    def add_damage(self, span: Damage) -> None:
        """Adds a row for a damaged span."""
        self._start(self._place_name(span), "", "", span)
        self._drop("corrupt", span.problem, "a whole record")

    def add_record(self, record: Record) -> None:
        """Adds a row for a record if it is a document record."""
        fields = record.fields
        kind = _text(fields.get(b"warc-type", b"")).lower()
        url = _text(fields.get(b"warc-target-uri", b"")).strip("<>")  # wget writes these brackets
        if (kind in _NO_DOCUMENTS and kind not in self.work.records) or url.startswith("dns:"):
            return
        identity = _text(fields.get(b"warc-record-id", b"")) or self._place_name(record)
        self._start(identity, url, _text(fields.get(b"warc-date", b"")), record)
        self.bytes += sum(map(len, fields.values()))  # ids, addresses and facts are made from them
        if truncated := _text(fields.get(b"warc-truncated", b"")):
            self.facts[-1]["truncated"] = truncated
        if segment := _text(fields.get(b"warc-segment-number", b"")):
            self.facts[-1]["segment"] = segment  # of a document's first segment; the others are `continuation`
        if digest := stated(record):
            self.facts[-1]["digest"] = digest
        if kind == "revisit":
            self.facts[-1] |= {name: _text(fields[field]) for name, field in _REFERS.items() if field in fields}
            self._drop("revisit", kind, ",".join(self.work.records))
        elif kind not in self.work.records:
            self._drop("record_type", kind or "none", ",".join(self.work.records))
        else:
            self._add_body(record, kind)

    def batch(self) -> pa.RecordBatch:
        """Returns the rows as a batch, decoded, with refused rows marked."""
        decoded = decode(self.bodies, self.labels, self.utf8)
        for row, bad in enumerate(decoded.bad.tolist()):
            if self.bodies[row] is not None:
                self.facts[row] |= {"charset": decoded.charset[row], "charset_from": decoded.told_by[row]}
                if bad > self.work.max_bad:
                    self._drop("charset", bad, self.work.max_bad, row)
        files = pa.array(self.files, pa.string())
        signs = self._signs(decoded.text)
        places = [files, pa.array(self.offsets, pa.int64()), pa.array(self.lengths, pa.int64())]
        batch = documents(
            {
                "id": self.ids,
                "source": [self.source] * len(self.ids),
                "url": self.urls,
                "date": timestamps(self.dates),
                "text": decoded.text,
                "locator": pa.StructArray.from_arrays(places, fields=list(LOCATOR)),
                "meta": [json.dumps(facts, sort_keys=True, separators=(",", ":")) for facts in self.facts],
                "read_warc.robots": pa.array([found.robots or None for found in signs], pa.string()),
                "read_warc.tdm_reservation": pa.array([found.tdm or None for found in signs], pa.string()),
            }
        )
        for rule, found in self.drops.items():
            at = dict(zip(found.rows, found.measured, strict=True))
            measured = [at.get(row) for row in range(batch.num_rows)]
            mask = pa.array([row in at for row in range(batch.num_rows)])
            batch = drop(batch, mask, f"read_warc.{rule}", measured, found.threshold)
        return batch

    def _signs(self, text: pa.Array) -> list[Signs]:
        """Returns the signs of each page's publisher, and adds the address of a policy to the facts of its row."""
        found = []
        for row, (head, elements) in enumerate(zip(self.heads, meta_elements(text), strict=True)):
            found.append(signs(head.signs, elements) if head is not None else Signs())
            if found[-1].policy:
                self.facts[row]["tdm_policy"] = found[-1].policy
        return found

    def _start(self, identity: str, url: str, date: str, place: Record | Damage) -> None:
        self.ids.append(identity)
        self.urls.append(url or None)
        self.dates.append(date)
        self.offsets.append(place.offset)
        self.lengths.append(place.length)
        self.files.append(self.file)
        self.bodies.append(None)
        self.labels.append("")
        self.utf8.append(False)
        self.heads.append(None)
        self.facts.append({"inner_offset": place.inner} if place.inner else {})

    def _add_body(self, record: Record, kind: str) -> None:
        """Unpacks the record's body, or drops its row."""
        facts, work = self.facts[-1], self.work
        head = _head(record, kind)
        if head.in_http:
            facts["status"] = head.status
        if head.status != _STATUS:
            return self._drop("status", "none" if head.status is None else head.status, _STATUS)
        cut = record.block_bytes > len(record.block)
        body = read_body(record.block, head, limit=work.max_bytes, cut=cut or "truncated" in facts)
        mime = facts["mime"] = _mime(record, head, body.data, kind)
        if work.verify and (differs := mismatch(record, head.body, whole_body=not head.chunked)):
            return self._drop("digest", *differs)
        if mime not in work.mime and kind != "metadata" and not (kind == "conversion" and mime == "text/plain"):
            return self._drop("not_html", mime, ",".join(work.mime))
        if body.problem:
            return self._drop("body", body.problem, "a body that can be unpacked")
        growth = len(body.data) / body.packed_bytes if body.packed_bytes else 0.0
        if growth > work.max_growth:
            return self._drop("bomb", growth, work.max_growth)
        if not body.data or body.data.isspace():
            return self._drop("empty", 0, 1)
        if cut or len(body.data) > work.max_bytes:
            facts["truncated"] = "max_bytes"
        self.bodies[-1] = body.data[: work.max_bytes]
        self.labels[-1], self.heads[-1] = head.charset, head
        self.utf8[-1] = kind == "conversion" and mime == "text/plain" and codec_of(head.charset) in ("", "utf-8")
        self.bytes += len(body.data)
        return None

    def _drop(self, rule: str, measured: Any, threshold: Any, row: int = -1) -> None:
        found = self.drops.setdefault(rule, _Drop(threshold=threshold))
        found.rows.append(row if row >= 0 else len(self.ids) - 1)
        found.measured.append(measured)

    def _place_name(self, place: Record | Damage) -> str:
        """Returns an id for a row without one: `<file>#<offset>`, with `+<inner>` if it does not begin its stream."""
        return f"{os.path.basename(self.file)}#{place.offset}" + (f"+{place.inner}" if place.inner else "")


def _head(record: Record, kind: str) -> Head:
    """Reads the HTTP header of a response. For other content and protocols, makes one from the record's fields."""
    declared = record.fields.get(b"content-type", b"")
    if kind == "response" and (record.block.startswith(b"HTTP/") or declared.lower().startswith(b"application/http")):
        return read_head(record.block)
    mime, charset = content_type(declared)
    return Head(status=_STATUS, mime=mime, charset=charset, codings=(), chunked=False, body=0, in_http=False)


def _mime(record: Record, head: Head, body: bytes, kind: str) -> str:
    """Returns the MIME type of the content.

    It is the type that the first bytes prove, else the crawler's, else the header's, else a guess.
    """
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
