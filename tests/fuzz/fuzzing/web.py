"""Targets: WARC and ARC files, and HTTP responses."""

import gzip
import io
import itertools
import random
import re
import struct
import zlib
from collections.abc import Callable
from random import Random

import zstandard
from fuzzing.harness import Target
from fuzzing.rows import assert_same, file_rows, small_batch

from tokenmill.stages.reading.charset import decode
from tokenmill.stages.web import warc_stream as ws
from tokenmill.stages.web.http_body import read_body, read_head
from tokenmill.stages.web.opt_out_signs import meta_elements, signs
from tokenmill.stages.web.read_warc import ReadWarc
from tokenmill.stages.web.warc_records import Damage, Record, read_records

_LIMIT = 1 << 20
_LONG = (700, 9_000, 100_000, 2_000)
PAGE = (
    b"<!DOCTYPE html><html><head><title>Plain words</title><meta charset=utf-8><meta name=robots content='noai'></head>"
    b"<body><nav><a href=/>Home</a></nav><article><h1>A page</h1><p>Of plain words &amp; entities &#8212; &copy;.</p>"
    b"<ul><li>one<li>two</ul><table><tr><td>a<td>b</table><pre>x  y</pre><script>if (a<b) c()</script>"
    b"<!-- a comment --><p>Caf\xc3\xa9 \xe2\x82\xac\xf0\x9f\x99\x82</p></article></body></html>"
)
_KINDS = (b"warcinfo", b"request", b"response", b"revisit", b"metadata", b"conversion", b"resource", b"response")
_DOCUMENTS = ("response", "conversion", "resource", "metadata")
_HEAD = re.compile(rb"(?s)WARC/.*?\n\r?\n")  # the head of a record in a file that is not compressed
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
_TOKENS = (
    b"WARC/1.0\r\n", b"\r\n\r\n", b"Content-Length: 5\r\n", b"WARC-Type: response\r\n", b"Content-Encoding: gzip\r\n",
    b"Transfer-Encoding: chunked\r\n", b"http:x 20140216050221 text/html 12\n", b"HTTP/1.1 200 OK\r\n",
    b"\x50\x2a\x4d\x18\x05\0\0\0", b"Content-Type: text/plain; charset=x\r\n", b"WARC-Truncated: length\r\n",
)  # fmt: skip


def _record(number: int, kind: bytes, block: bytes, version: bytes = b"WARC/1.0", mime: bytes = b"") -> bytes:
    head = (
        b"WARC-Type: %s\r\nWARC-Record-ID: <urn:uuid:%d>\r\nWARC-Date: 2026-01-02T03:04:05Z\r\n"
        b"WARC-Target-URI: http://a.example/%d\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
    ) % (kind, number, number, mime or b"application/http", len(block))
    return version + b"\r\n" + head + block + b"\r\n\r\n"


def _bodies() -> dict[str, bytes]:
    """Returns HTTP responses in all codings."""
    chunks = b"5;x=y\r\n" + PAGE[:5] + b"\r\n%x\r\n" % len(PAGE[5:]) + PAGE[5:] + b"\r\n0\r\n\r\n"
    coded = {
        "plain": (b"X-Robots-Tag: noai", PAGE),
        "chunked": (b"Transfer-Encoding: chunked", chunks),
        "gzip": (b"Content-Encoding: gzip", gzip.compress(PAGE, mtime=0)),
        "deflate": (b"Content-Encoding: deflate", zlib.compress(PAGE)),
        "brotli": (b"Content-Encoding: br", _stored_brotli(PAGE)),
        "zstd": (b"Content-Encoding: zstd", zstandard.compress(PAGE)),
        "gzip twice": (b"Content-Encoding: gzip, gzip", gzip.compress(gzip.compress(PAGE, mtime=0), mtime=0)),
    }
    return {name: _OK + field + b"\r\n\r\n" + body for name, (field, body) in coded.items()}


def _stored_brotli(body: bytes) -> bytes:
    """Returns one uncompressed meta-block and the empty last one (RFC 7932, 9.2)."""
    bits = [0, 0, 0, 0] + [len(body) - 1 >> bit & 1 for bit in range(16)] + [1]
    return sum(bit << place for place, bit in enumerate(bits)).to_bytes(3, "little") + body + b"\x03"


def _warcs() -> dict[str, bytes]:
    bodies = itertools.cycle(_bodies().values())
    versions = itertools.cycle((b"WARC/1.0", b"WARC/1.1", b"WARC/0.18"))
    warc = b"".join(_record(n, kind, next(bodies), next(versions)) for n, kind in enumerate(_KINDS))
    line = b"http://a.example/%d 10.0.0.1 20140216050221 text/html %d\n"
    arc = b"filedesc://x.arc 0.0.0.0 20140216050221 text/plain 2\n1\n\n"
    arc += b"".join(line % (n, len(body)) + body + b"\n" for n, body in enumerate(_bodies().values()))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
    long = [_record(n, b"response", head + Random(n).randbytes(size).hex().encode()) for n, size in enumerate(_LONG)]
    wet = [_record(n, b"conversion", b"Plain text %d.\n\xc3\xa9\n" % n * 9, mime=b"text/plain") for n in range(5)]
    return {
        "warc": warc, "arc": arc, "warc and arc": warc + arc, "long": b"".join(long), "wet": b"".join(wet),
    }  # fmt: skip


def _page(number: int, body: bytes = PAGE) -> bytes:
    return _record(number, b"response", _OK + b"\r\n" + body)


def _past() -> dict[str, bytes]:
    long = [_page(n, random.Random(n).randbytes(size).hex().encode()) for n, size in enumerate((100, 70_000, 300_000))]
    header = b"WARC/1.0\r\nWARC-Type: revisit\r\nWARC-Target-URI: http://a/%s\r\nContent-Length: 0\r\n\r\n\r\n\r\n"
    dictionary = bytearray(_with_dictionary(_page(0) + _page(1)))
    dictionary[8] ^= 0xFF
    return {
        "zstd-first-block-long": b"".join(zstandard.compress(content) for content in long),
        "zstd-dictionary-damaged": bytes(dictionary),
        "arc-like-line-without-address": _page(0) + b"http:x 20140216050221 text/html 12\n" + _page(1),
        "header-cut-off-before-the-next": _page(0) + b"WARC/1.0\r\nWARC-Type: response\r\n" + _page(1),
        "header-cut-off-behind-its-length": _page(0) + b"WARC/1.0\r\nContent-Length: 5\r\n" + _page(1),
        "version-lines-alone": _page(0) + b"WARC/1.0\r\n" * 200 + _page(1),
        "headers-long": header % (b"b" * 50_000) * 4,
        "member-of-zeros": gzip.compress(_page(0)) + bytes(512) + gzip.compress(_page(1)),
        "one-bad-byte-in-utf-8": _page(0, b"The keeper\xe2\x80\x99s \xa0 ledger" * 3),
    }


def _each_record(pack: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Returns a function that packs the bytes between two starts of records separately."""

    def packed(data: bytes) -> bytes:
        starts = [0, *(at.start() for at in ws._START_OF_LINE.finditer(data) if at.start()), len(data)]
        return b"".join(pack(data[a:b]) for a, b in itertools.pairwise(starts))

    return packed


def _with_dictionary(data: bytes) -> bytes:
    words = zstandard.ZstdCompressionDict(_warcs()["warc"][:4000], dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    packer = zstandard.ZstdCompressor(dict_data=words)
    frame = b"\x5d\x2a\x4d\x18" + struct.pack("<I", len(words.as_bytes())) + words.as_bytes()
    return frame + _each_record(packer.compress)(data)


def check_warc(data: bytes) -> int:
    """Every byte belongs to a record or to reported damage, or is a line end or an empty member between them."""
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
    heads = [_HEAD.match(data, item.offset) for item in items if isinstance(item, Record)]
    assert all(b"\nWARC/" not in head[0] for head in heads if head), "a header with the next record in it"
    _check_rows(data, items)
    return len(items)


def _check_rows(data: bytes, items: list[Record | Damage]) -> None:
    """Each damaged span has a row, no text is over the limit, and batches of any size give the same rows."""
    rows = file_rows(data, "f.warc", ReadWarc, max_bytes=_LIMIT, records=_DOCUMENTS)
    broken = sum(row.get("drop_rule") == "read_warc.corrupt" for row in rows)
    assert broken >= sum(isinstance(item, Damage) for item in items), "damage without a row"
    assert all(len((row["text"] or "").encode()) <= 3 * _LIMIT for row in rows), "text over the limit"
    small = file_rows(data, "f.warc", ReadWarc, max_bytes=_LIMIT, records=_DOCUMENTS, batch_bytes=small_batch(data))
    assert_same(small, rows, "small batches")


def _assert_nothing(data: bytes, at: int, codec: ws.Codec) -> None:
    """Checks that only line ends, empty members or zstd's skippable frames lie between records."""
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


def check_body(data: bytes) -> int:
    """A response of any bytes gives a body within the limit or a named problem, and its text is UTF-8."""
    for cut in (False, True):
        head = read_head(data)
        body = read_body(data, head, limit=_LIMIT, cut=cut)
        assert len(body.data) <= max(_LIMIT + 1, len(data)) and not (body.data and body.problem)
        decoded = decode([body.data, None], [head.charset, ""])
        decoded.text.validate(full=True)
        assert 0 <= decoded.bad[0] <= 1
        said = signs(head.signs, meta_elements(decoded.text)[0])
        assert said.tdm in ("", "0", "1") and len(said.policy) <= 2048
    return 1


_FORMS = (bytes, gzip.compress, _each_record(gzip.compress), _each_record(zstandard.compress), _with_dictionary)
TARGETS = (
    Target(
        "warc", _warcs, check_warc, past=_past,
        rows={
            "warc": 8, "arc": 8, "warc and arc": 16, "long": 4, "wet": 5, "header-cut-off-before-the-next": 3,
            "header-cut-off-behind-its-length": 3,
        },
        forms=_FORMS, tokens=_TOKENS, fast=8, slow=200,
    ),
    Target("http_body", _bodies, check_body, tokens=_TOKENS, fast=10, slow=1000),
)  # fmt: skip
