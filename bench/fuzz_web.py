"""Fuzzing targets of the web: WARC and ARC files, HTTP bodies, charsets and HTML. See bench.fuzz."""

import gzip
import io
import itertools
import struct
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random

import pyarrow as pa
import zstandard

from bench.fuzz import Target
from tokenmill.core.columns import documents
from tokenmill.stages.reading.charset import decode
from tokenmill.stages.web import warc_stream as ws
from tokenmill.stages.web.extract_html import ExtractHtml
from tokenmill.stages.web.http_body import read_body, read_head
from tokenmill.stages.web.opt_out_signs import signs
from tokenmill.stages.web.read_warc import ReadWarc
from tokenmill.stages.web.warc_records import Damage, Record, read_records

_LIMIT = 1 << 20
_LONG = (700, 9_000, 100_000, 2_000)
_PAGE = (
    b"<!DOCTYPE html><html><head><title>Plain words</title><meta charset=utf-8><meta name=robots content='noai'></head>"
    b"<body><nav><a href=/>Home</a></nav><article><h1>A page</h1><p>Of plain words &amp; entities &#8212; &copy;.</p>"
    b"<ul><li>one<li>two</ul><table><tr><td>a<td>b</table><pre>x  y</pre><script>if (a<b) c()</script>"
    b"<!-- a comment --><p>Caf\xc3\xa9 \xe2\x82\xac\xf0\x9f\x99\x82</p></article></body></html>"
)
_KINDS = (b"warcinfo", b"request", b"response", b"revisit", b"metadata", b"conversion", b"resource", b"response")


def _record(number: int, kind: bytes, block: bytes, version: bytes = b"WARC/1.0") -> bytes:
    head = (
        b"WARC-Type: %s\r\nWARC-Record-ID: <urn:uuid:%d>\r\nWARC-Date: 2026-01-02T03:04:05Z\r\n"
        b"WARC-Target-URI: http://a.example/%d\r\nContent-Type: application/http\r\nContent-Length: %d\r\n\r\n"
    ) % (kind, number, number, len(block))
    return version + b"\r\n" + head + block + b"\r\n\r\n"


def _bodies() -> list[bytes]:
    """HTTP responses in all codings."""
    chunks = b"5;x=y\r\n" + _PAGE[:5] + b"\r\n%x\r\n" % len(_PAGE[5:]) + _PAGE[5:] + b"\r\n0\r\n\r\n"
    coded = {
        b"X-Robots-Tag: noai": _PAGE,
        b"Transfer-Encoding: chunked": chunks,
        b"Content-Encoding: gzip": gzip.compress(_PAGE, mtime=0),
        b"Content-Encoding: deflate": zlib.compress(_PAGE),
        b"Content-Encoding: br": _stored_brotli(_PAGE),
        b"Content-Encoding: zstd": zstandard.compress(_PAGE),
        b"Content-Encoding: gzip, gzip": gzip.compress(gzip.compress(_PAGE, mtime=0), mtime=0),
    }
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
    return [head + field + b"\r\n\r\n" + body for field, body in coded.items()]


def _stored_brotli(body: bytes) -> bytes:
    """One uncompressed meta-block and the empty last one (RFC 7932, 9.2)."""
    bits = [0, 0, 0, 0] + [len(body) - 1 >> bit & 1 for bit in range(16)] + [1]
    return sum(bit << place for place, bit in enumerate(bits)).to_bytes(3, "little") + body + b"\x03"


def _warcs() -> list[bytes]:
    bodies = itertools.cycle(_bodies())
    versions = itertools.cycle((b"WARC/1.0", b"WARC/1.1", b"WARC/0.18"))
    warc = b"".join(_record(n, kind, next(bodies), next(versions)) for n, kind in enumerate(_KINDS))
    line = b"http://a.example/%d 10.0.0.1 20140216050221 text/html %d\n"
    arc = b"filedesc://x.arc 0.0.0.0 20140216050221 text/plain 2\n1\n\n"
    arc += b"".join(line % (n, len(body)) + body + b"\n" for n, body in enumerate(_bodies()))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
    long = [_record(n, b"response", head + Random(n).randbytes(size).hex().encode()) for n, size in enumerate(_LONG)]
    return [warc, arc, warc + arc, b"".join(long)]


def _each_record(pack: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Packs what stands between the begins of records on its own."""

    def packed(data: bytes) -> bytes:
        starts = [0, *(at.start() for at in ws._START_OF_LINE.finditer(data) if at.start()), len(data)]
        return b"".join(pack(data[a:b]) for a, b in itertools.pairwise(starts))

    return packed


def _with_dictionary(data: bytes) -> bytes:
    words = zstandard.ZstdCompressionDict(_warcs()[0][:4000], dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    packer = zstandard.ZstdCompressor(dict_data=words)
    frame = b"\x5d\x2a\x4d\x18" + struct.pack("<I", len(words.as_bytes())) + words.as_bytes()
    return frame + _each_record(packer.compress)(data)


def check_warc(data: bytes) -> int:
    """Every byte belongs to a record, to reported damage, or is a line end or an empty member between them."""
    items = list(read_records(io.BytesIO(data), len(data), "f", _LIMIT))
    codec = ws.Codec(ws.skippable(ws.Window(io.BytesIO(data), len(data)), 0)[1])
    starts = sorted({item.offset for item in items})
    ends = dict(zip(starts, [*starts, len(data)][1:], strict=True))
    at = 0
    for item in items:
        assert at <= item.offset or item.offset in starts, f"{item[:3]} begins before {at}"
        if item.offset > at:
            _assert_nothing(data[at : item.offset], at, codec)
        at = max(at, item.offset + item.length if item.length is not None else ends[item.offset])
    _assert_nothing(data[at:], at, codec)
    inners = [(item.offset, item.inner) for item in items]
    assert inners == sorted(set(inners)), "records out of order, or twice"
    _check_rows(data, items)
    return len(items)


def _check_rows(data: bytes, items: list[Record | Damage]) -> None:
    """The source gives a row for each damaged span, and no text longer than its limit."""
    with tempfile.NamedTemporaryFile(suffix=".warc") as file:
        Path(file.name).write_bytes(data)
        work = ReadWarc(file.name, max_bytes=_LIMIT)
        rows = [row for shard in work.shards() for batch in work.read(shard) for row in batch.to_pylist()]
    broken = sum(row.get("drop_rule") == "read_warc.corrupt" for row in rows)
    assert broken >= sum(isinstance(item, Damage) for item in items), "damage without a row"
    assert all(len((row["text"] or "").encode()) <= 3 * _LIMIT for row in rows), "text over the limit"


def _assert_nothing(data: bytes, at: int, codec: ws.Codec) -> None:
    """What lies between records is line ends, empty members or zstd's skippable frames."""
    while data:
        if data[1:4] == b"\x2a\x4d\x18" and data[0] & 0xF0 == 0x50:
            data = data[8 + int.from_bytes(data[4:8], "little") :]
        elif ws.is_compressed(data[:4]):
            stream = codec.decoder(data[:4])
            content, more = stream.feed(data, _LIMIT), b" "
            while more and not stream.eof:
                content += (more := stream.feed(b"", _LIMIT))
            assert not content.strip(b"\r\n"), f"content passed over at byte {at}"
            data = stream.unused
        else:
            assert not data.strip(b"\r\n"), f"{data[:40]!r} passed over at byte {at}"
            return


def check_body(data: bytes) -> None:
    """A response of any bytes gives a body within the limit or a named problem, and text from it that is UTF-8."""
    for cut in (False, True):
        head = read_head(data)
        body = read_body(data, head, limit=_LIMIT, cut=cut)
        assert len(body.data) <= max(_LIMIT + 1, len(data)) and not (body.data and body.problem)
        decoded = decode([body.data, None], [head.charset, ""])
        decoded.text.validate(full=True)
        assert 0 <= decoded.bad[0] <= 1
        said = signs(head.signs, decoded.text[0].as_py().encode())
        assert said.tdm in ("", "0", "1") and len(said.policy) <= 2048


def check_html(data: bytes) -> None:
    """Any text gives a text, the same alone as in company."""
    text = data.decode("utf-8", "replace")
    alone = ExtractHtml()(_one([text]))
    both = ExtractHtml()(_one([text, text]))
    alone.validate(full=True)
    assert both.column("text").to_pylist() == alone.column("text").to_pylist() * 2


def _one(texts: list[str]) -> pa.RecordBatch:
    return documents({"id": [str(n) for n in range(len(texts))], "text": texts})


TARGETS = {
    "warc": Target(
        _warcs,
        check_warc,
        forms=(bytes, gzip.compress, _each_record(gzip.compress), _each_record(zstandard.compress), _with_dictionary),
    ),
    "http_body": Target(_bodies, check_body),
    "html": Target(lambda: [_PAGE, _PAGE * 20], check_html),
}
