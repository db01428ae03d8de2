"""Builds WARC records byte by byte: one gzip member per record, with full control over the order of headers."""

import base64
import gzip
import hashlib
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

Headers = Iterable[tuple[str, str]]

EPOCH = datetime(2023, 1, 3)  # the seed adds days to this date


def record_id(seed: int, what: str) -> str:
    """Returns a WARC-Record-ID of the mini-crawl that depends only on the seed and the name `what`."""
    name = hashlib.blake2b(f"{seed}/{what}".encode(), digest_size=16).digest()
    return f"<urn:uuid:{uuid.UUID(bytes=name, version=4)}>"


def warc_date(seed: int, number: int) -> str:
    """Returns the time at which page `number` of the mini-crawl was fetched, as a WARC date.

    Pages are three seconds apart.
    """
    moment = EPOCH + timedelta(days=seed % 700, seconds=3 * number + seed % 3)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def digest(payload: bytes) -> str:
    """Returns the SHA-1 of a payload of the mini-crawl in base 32, as WARC files write it."""
    return "sha1:" + base64.b32encode(hashlib.sha1(payload).digest()).decode()


def record_bytes(headers: Headers, block: bytes, *, content_length: int | None = None) -> bytes:
    """Returns an uncompressed WARC record of the mini-crawl.

    content_length: written instead of the real length if it is not None.
    """
    lines = ["WARC/1.1", *(f"{name}: {value}" for name, value in headers)]
    lines.append(f"Content-Length: {len(block) if content_length is None else content_length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + block + b"\r\n\r\n"


def member(record: bytes) -> bytes:
    """Returns a WARC record of the mini-crawl as a gzip member without a timestamp."""
    return gzip.compress(record, 6, mtime=0)


def http_block(status: str, headers: Headers, body: bytes) -> bytes:
    """Returns an HTTP/1.1 message as the block of a WARC record of the mini-crawl.

    status: the status line or request line.
    """
    return "\r\n".join([status, *(f"{name}: {value}" for name, value in headers)]).encode() + b"\r\n\r\n" + body


def warcinfo(seed: int, file: str) -> bytes:
    """Returns the first record of a WARC file of the mini-crawl."""
    fields = f"isPartOf: mini-crawl-{seed}\r\nsoftware: tokenmill mini\r\nformat: WARC File Format 1.1\r\n"
    headers = [
        ("WARC-Type", "warcinfo"),
        ("WARC-Date", warc_date(seed, 0)),
        ("WARC-Record-ID", record_id(seed, f"warcinfo/{file}")),
        ("WARC-Filename", file),
        ("Content-Type", "application/warc-fields"),
    ]
    return member(record_bytes(headers, fields.encode()))


def response_headers(
    *, identity: str, date: str, url: str, block: bytes, payload: bytes, payload_type: str | None
) -> Headers:
    """Returns the WARC headers of a response record of the mini-crawl.

    They lack WARC-Identified-Payload-Type if payload_type is None.
    """
    headers = [
        ("WARC-Type", "response"),
        ("WARC-Date", date),
        ("WARC-Record-ID", identity),
        ("WARC-Target-URI", url),
        ("WARC-Payload-Digest", digest(payload)),
        ("WARC-Block-Digest", digest(block)),
    ]
    if payload_type is not None:
        headers.append(("WARC-Identified-Payload-Type", payload_type))
    return [*headers, ("Content-Type", "application/http; msgtype=response")]


def request_record(seed: int, *, name: str, date: str, url: str, response_id: str) -> bytes:
    """Returns the mini-crawl's WARC record of the request for a response."""
    host, _, path = url.split("://", 1)[1].partition("/")
    asked = [("Host", host), ("User-Agent", "minibot/1.0"), ("Accept", "text/html,*/*;q=0.8")]
    block = http_block(f"GET /{path} HTTP/1.1", asked, b"")
    headers = [("WARC-Concurrent-To", response_id), ("Content-Type", "application/http; msgtype=request")]
    return _record_of_page("request", seed, name, date, url, headers, block)


def metadata_record(seed: int, *, name: str, date: str, url: str, response_id: str, fetch_ms: int) -> bytes:
    """Returns the mini-crawl's WARC record of the crawler's notes about a response."""
    headers = [("WARC-Concurrent-To", response_id), ("Content-Type", "application/warc-fields")]
    return _record_of_page("metadata", seed, name, date, url, headers, f"fetchTimeMs: {fetch_ms}\r\n".encode())


def revisit_record(seed: int, *, name: str, date: str, url: str, response_id: str, payload: bytes) -> bytes:
    """Returns the mini-crawl's WARC record of a second visit that found the payload unchanged."""
    block = http_block("HTTP/1.1 200 OK", [("Content-Type", "text/html"), ("Server", "nginx")], b"")
    headers = [
        ("WARC-Refers-To", response_id),
        ("WARC-Profile", "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"),
        ("WARC-Payload-Digest", digest(payload)),
        ("Content-Type", "application/http; msgtype=response"),
    ]
    return _record_of_page("revisit", seed, name, date, url, headers, block)


def _record_of_page(kind: str, seed: int, name: str, date: str, url: str, headers: Headers, block: bytes) -> bytes:
    """Returns a compressed record about a page. `headers` come after those that every kind has."""
    first = [
        ("WARC-Type", kind),
        ("WARC-Date", date),
        ("WARC-Record-ID", record_id(seed, f"{kind}/{name}")),
        ("WARC-Target-URI", url),
    ]
    return member(record_bytes([*first, *headers], block))


def conversion_record(
    seed: int, *, name: str, date: str, url: str, response_id: str, text: str, lang: str | None
) -> bytes:
    """Returns the WARC record of a page of the mini-crawl as plain text, as in WET files."""
    block = text.encode()
    headers = [
        ("WARC-Type", "conversion"),
        ("WARC-Target-URI", url),
        ("WARC-Date", date),
        ("WARC-Record-ID", record_id(seed, f"conversion/{name}")),
        ("WARC-Refers-To", response_id),
        ("WARC-Block-Digest", digest(block)),
    ]
    if lang is not None:
        headers.append(("WARC-Identified-Content-Language", ISO_639_3[lang]))
    return member(record_bytes([*headers, ("Content-Type", "text/plain")], block))


ISO_639_3 = {
    "en": "eng", "de": "deu", "fr": "fra", "es": "spa", "it": "ita", "pt": "por", "ru": "rus", "zh": "zho", "ja": "jpn",
    "nl": "nld", "pl": "pol",
}  # fmt: skip
