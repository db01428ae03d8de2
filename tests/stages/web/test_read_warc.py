"""Every document record, every refused record and every damaged span is a row, and there are no other rows."""

import base64
import gzip
import hashlib
import io
import json
import os
import random
import struct
import sys
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.core.columns import marked
from tokenmill.core.errors import DataError, RecipeError
from tokenmill.stages.web.read_warc import ReadWarc
from tokenmill.stages.web.warc_records import Damage, read_records

PAGE = b"<html><body><p>A page of plain words.</p></body></html>"
HTML = b"Content-Type: text/html"


def record(number: int, content: bytes, *fields: bytes, kind: bytes = b"response", length: int | None = None) -> bytes:
    """Returns a WARC record. `fields` replace fields of the same name."""
    named = {
        b"WARC-Type": kind,
        b"WARC-Record-ID": b"<urn:uuid:%d>" % number,
        b"WARC-Date": b"2026-01-02T03:04:05Z",
        b"WARC-Target-URI": b"http://a.example/%d" % number,
        b"Content-Type": b"application/http; msgtype=response",
        b"Content-Length": b"%d" % (len(content) if length is None else length),
    }
    named.update(field.split(b": ", 1) for field in fields)  # type: ignore[arg-type]
    lines = [name + b": " + value for name, value in named.items()]
    return b"WARC/1.0\r\n" + b"\r\n".join(lines) + b"\r\n\r\n" + content + b"\r\n\r\n"


def response(body: bytes = PAGE, *fields: bytes, status: bytes = b"200 OK") -> bytes:
    """Returns an HTTP response, of type text/html unless `fields` contain a type."""
    heads = fields if any(field.startswith(b"Content-Type") for field in fields) else (HTML, *fields)
    return b"HTTP/1.1 " + status + b"\r\n" + b"".join(field + b"\r\n" for field in heads) + b"\r\n" + body


def page(number: int, body: bytes = PAGE, *fields: bytes) -> bytes:
    return record(number, response(body, *fields))


def rows(folder: Path, content: bytes, name: str = "f.warc.gz", **setting: Any) -> list[dict[str, Any]]:
    """Returns all rows of a file with this content."""
    (folder / name).write_bytes(content)
    work = ReadWarc(str(folder / name), **setting)
    return [row for shard in work.shards() for batch in work.read(shard) for row in batch.to_pylist()]


def told(found: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    """Returns (id, rule) of each row."""
    return [(row["id"], row.get("drop_rule")) for row in found]


def packed(*parts: bytes) -> list[bytes]:
    return [gzip.compress(part, mtime=0) for part in parts]


def only(folder: Path, content: bytes, **setting: Any) -> dict[str, Any]:
    """Returns the row of a file that has one record."""
    [row] = rows(folder, content, name="f.warc", **setting)
    return row


def test_a_page_becomes_a_row_of_the_schema(tmp_path: Path) -> None:
    first, second = packed(record(0, b"software: x\r\n", kind=b"warcinfo"), page(1))
    assert rows(tmp_path, first + second, source="crawl") == [
        {
            "id": "<urn:uuid:1>",
            "source": "crawl",
            "url": "http://a.example/1",
            "date": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            "text": PAGE.decode(),
            "locator": {"file": f"{tmp_path}/f.warc.gz", "offset": len(first), "length": len(second)},
            "meta": '{"charset":"utf-8","charset_from":"content","mime":"text/html","status":200}',
            "read_warc.robots": None,
            "read_warc.tdm_reservation": None,
        }
    ]


def test_only_document_records_are_rows(tmp_path: Path) -> None:
    kinds = (b"warcinfo", b"request", b"metadata")
    content = b"".join(record(number, b"x: y\r\n", kind=kind) for number, kind in enumerate(kinds))
    content += record(7, b"20260101\r\n", b"WARC-Target-URI: dns:a.example", b"Content-Type: text/dns")
    content += record(8, response(b""), kind=b"revisit") + record(9, PAGE, HTML, kind=b"resource")
    content += record(10, b"plain", b"Content-Type: text/plain", kind=b"conversion")
    found = rows(tmp_path, content)
    assert [(row["id"], row["drop_rule"], row["drop_measured"], row["drop_threshold"]) for row in found] == [
        ("<urn:uuid:8>", "read_warc.revisit", "revisit", "response"),
        ("<urn:uuid:9>", "read_warc.record_type", "resource", "response"),
        ("<urn:uuid:10>", "read_warc.record_type", "conversion", "response"),
    ]
    found = rows(tmp_path, content, records=("resource", "conversion"))
    assert [(row["id"], row["text"]) for row in found if not row["drop_rule"]] == [
        ("<urn:uuid:9>", PAGE.decode()),
        ("<urn:uuid:10>", "plain"),
    ]


PLAIN = b"Content-Type: text/plain"
NO_TYPE = b"Content-Type: "
REFUSALS = [
    (response(b"gone", status=b"404 Not Found"), "status", "404", "200"),
    (response(b"", status=b"301 Moved"), "status", "301", "200"),
    (b"no header at all", "status", "none", "200"),
    (response(b'{"a":1}', b"Content-Type: application/json"), "not_html", "application/json", None),
    (response(b"%PDF-1.7 x"), "not_html", "application/pdf", "text/html,application/xhtml+xml"),
    (response(b"just text", NO_TYPE), "not_html", "text/plain", "text/html,application/xhtml+xml"),
    (response(b" \r\n"), "empty", "0", "1"),
    (response(b"\x00\xff\x10\x80" * 100), "charset", "0.285714", "0.01"),
    (response(b"\x1f\x8b\x08\x00broken", b"Content-Encoding: gzip"), "body", None, "a body that can be unpacked"),
    (response(gzip.compress(PAGE)[:-9], b"Content-Encoding: gzip"), "body", None, "a body that can be unpacked"),
    (response(PAGE, b"Content-Encoding: sdch").replace(b"<html>", b"html"), "body", "sdch: an unknown coding", None),
    (response(b"ff\r\nshort", b"Transfer-Encoding: chunked"), "body", None, "a body that can be unpacked"),
    (response(b"3\r\nabc\r\nzz\r\n", b"Transfer-Encoding: chunked"), "body", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("content", "rule", "measured", "threshold"), REFUSALS, ids=range(len(REFUSALS)))
def test_a_refused_record_is_a_row_with_its_rule(
    tmp_path: Path, content: bytes, rule: str, measured: str | None, threshold: str | None
) -> None:
    row = only(tmp_path, record(1, content))
    assert (row["id"], row["drop_rule"]) == ("<urn:uuid:1>", f"read_warc.{rule}")
    assert measured is None or row["drop_measured"] == measured
    assert threshold is None or row["drop_threshold"] == threshold


def chunked(body: bytes) -> bytes:
    return b"5;x=y\r\n" + body[:5] + b"\r\n%x\r\n" % len(body[5:]) + body[5:] + b"\r\n0\r\n\r\n"


def brotli_of(body: bytes) -> bytes:
    """Returns one uncompressed brotli meta-block (RFC 7932, 9.2) and the empty last one."""
    assert 0 < len(body) <= 1 << 16
    head = 0b0 | (0b00 << 1) | 0  # window bits 16, as a single 0 bit; then: not the last block, 4 nibbles
    bits = [0, 0, 0, 0] + [len(body) - 1 >> bit & 1 for bit in range(16)] + [1]
    value = head | sum(bit << place for place, bit in enumerate(bits))
    return value.to_bytes((len(bits) + 7) // 8, "little") + body + b"\x03"


BODIES = [
    (chunked(PAGE), b"Transfer-Encoding: chunked"),
    (chunked(PAGE).removesuffix(b"0\r\n\r\n"), b"Transfer-Encoding: chunked"),
    (PAGE, b"Transfer-Encoding: chunked"),
    (gzip.compress(PAGE), b"Content-Encoding: gzip"),
    (gzip.compress(PAGE[:9]) + gzip.compress(PAGE[9:]), b"Content-Encoding: x-gzip"),
    (gzip.compress(gzip.compress(PAGE)), b"Content-Encoding: gzip, gzip"),
    (zlib.compress(PAGE), b"Content-Encoding: deflate"),
    (zlib.compress(PAGE)[2:-4], b"Content-Encoding: deflate"),
    (brotli_of(PAGE), b"Content-Encoding: br"),
    (zstandard.compress(PAGE), b"Content-Encoding: zstd"),
    (PAGE, b"Content-Encoding: gzip"),
    (PAGE, b"Content-Encoding: br"),
    (PAGE, b"Content-Encoding: utf-8"),
]


@pytest.mark.parametrize(("body", "field"), BODIES, ids=range(len(BODIES)))
def test_a_body_is_unpacked_as_its_header_says_or_left_if_it_plainly_is_already(
    tmp_path: Path, body: bytes, field: bytes
) -> None:
    row = only(tmp_path, page(1, body, field))
    assert (row["text"], row.get("drop_rule")) == (PAGE.decode(), None)


RUSSIAN = "<html><p>Съешь же ещё этих мягких французских булок, да выпей чаю.</p>"
KOREAN = "<html><p>다람쥐 헌 쳇바퀴에 타고파. 키스의 고유조건은 입술끼리 만나야 한다.</p>"
CHARSETS = [
    (RUSSIAN.encode(), b"", "utf-8", "content"),
    (RUSSIAN.encode(), b"utf-8", "utf-8", "http"),
    (RUSSIAN.encode(), b"windows-1251", "utf-8", "content"),  # valid UTF-8 wins over any label
    (RUSSIAN.encode("utf-8-sig"), b"koi8-r", "utf-8", "bom"),
    (RUSSIAN.encode("utf-16"), b"", "utf-16-le", "bom"),
    (RUSSIAN.encode("utf-16-be"), b"UTF-16BE", "utf-16-be", "http"),
    (RUSSIAN.encode("koi8-r"), b"KOI8-R", "koi8-r", "http"),
    (b"<meta charset=koi8-r>" + RUSSIAN.encode("koi8-r"), b"", "koi8-r", "page"),
    (b"<meta charset=utf-8>" + RUSSIAN.encode("cp1251"), b"utf-8", "cp1251", "detector"),  # the label is wrong
    (RUSSIAN.encode("cp1251"), b"no-such-charset", "cp1251", "detector"),
    ("<p>naïve “quotes”".encode("cp1252"), b"iso-8859-1", "cp1252", "http"),
    (KOREAN.encode("euc-kr"), b"ks_c_5601-1987", "cp949", "http"),
    (KOREAN.encode("euc-kr"), b"", "cp949", "detector"),
    ("<p>これは日本語です".encode("iso2022_jp"), b"iso-2022-jp", "iso2022_jp", "http"),
    ("<p>これは日本語です".encode("shift_jis"), b"x-sjis", "cp932", "http"),
    ("<p>中文網頁".encode("big5"), b"big5", "big5hkscs", "http"),
    ("<p>简体中文€".encode("gb18030"), b"gb2312", "gb18030", "http"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "label", "charset", "told_by"), CHARSETS, ids=range(len(CHARSETS)))
def test_text_comes_out_right_from_any_charset(
    tmp_path: Path, body: bytes, label: bytes, charset: str, told_by: str
) -> None:
    row = only(tmp_path, page(1, body, b"Content-Type: text/html; charset=" + label))
    meta = json.loads(row["meta"])
    assert (meta["charset"], meta["charset_from"], row.get("drop_rule")) == (charset, told_by, None)
    assert row["text"] == body.decode({"utf-16-le": "utf-16"}.get(charset, charset)).removeprefix("\ufeff")


def test_a_stray_broken_byte_becomes_one_replacement_character(tmp_path: Path) -> None:
    body = RUSSIAN.encode() * 5 + b"\xff" + b"x" * 500
    row = only(tmp_path, page(1, body, b"Content-Type: text/html; charset=utf-8"))
    assert row["text"] == RUSSIAN * 5 + "\ufffd" + "x" * 500


@pytest.mark.parametrize("fields", [(), (b"WARC-Truncated: length",)])
def test_a_body_cut_inside_a_character_keeps_its_charset(tmp_path: Path, fields: tuple[bytes, ...]) -> None:
    body = "<p>The baker’s shop and the baker’s".encode()[:-3]
    row = only(tmp_path, record(0, response(body, b"Content-Type: text/html; charset=utf-8"), *fields))
    assert row["text"] == "<p>The baker’s shop and the baker\ufffd"


@pytest.mark.parametrize("kind", [b"text/plain", b"text/plain; charset=UTF-8", b"Text/Plain;charset=utf8"])
def test_converted_text_is_utf_8_whatever_is_broken(tmp_path: Path, kind: bytes) -> None:
    """Guards against an earlier fault: one bad byte in a WET record made its text windows-1252."""
    wet = record(0, b"caf\xe9 \xa0 \x96 plain", b"Content-Type: " + kind, kind=b"conversion")
    row = only(tmp_path, wet, records=("conversion",), max_bad=1.0)
    assert (row["text"], json.loads(row["meta"])["charset"]) == ("caf\ufffd \ufffd \ufffd plain", "utf-8")


def test_converted_text_that_states_another_charset_is_in_it(tmp_path: Path) -> None:
    content = "Осенью старый садовник собирал яблоки.".encode("cp1251")
    wet = record(0, content, b"Content-Type: text/plain; charset=windows-1251", kind=b"conversion")
    assert only(tmp_path, wet, records=("conversion",))["text"] == content.decode("cp1251")


def test_control_characters_go_and_line_ends_stay(tmp_path: Path) -> None:
    row = only(tmp_path, page(1, b"<p>a\x00b\x01c\x0cd\te\r\nf" + b"-" * 400))
    assert row["text"] == "<p>abc d\te\r\nf" + "-" * 400


def test_a_single_line_of_5_mb_is_a_page_like_any_other(tmp_path: Path) -> None:
    body = b"<p>" + b"word " * 1_000_000 + b"</p>"
    assert rows(tmp_path, gzip.compress(page(1, body), 1))[0]["text"] == body.decode()


def test_metadata_records_are_rows_where_they_are_asked_for(tmp_path: Path) -> None:
    """WAT files have such records: JSON about each record."""
    said = b'{"Envelope":{"WARC-Header-Length":"700"}}'
    content = record(1, said, b"Content-Type: application/json", kind=b"metadata") + page(2)
    assert told(rows(tmp_path, content)) == [("<urn:uuid:2>", None)]
    found = rows(tmp_path, content, records=("metadata",))
    assert told(found) == [("<urn:uuid:1>", None), ("<urn:uuid:2>", "read_warc.record_type")]
    assert found[0]["text"] == said.decode() and json.loads(found[0]["meta"])["mime"] == "application/json"


def test_what_records_say_of_themselves_is_kept_and_addresses_of_hosts_are_not(tmp_path: Path) -> None:
    content = record(
        1, response(), b"WARC-IP-Address: 192.0.2.7", b"WARC-Payload-Digest: sha1:ABC", b"WARC-Segment-Number: 1"
    )
    content += record(
        2, response(b""), b"WARC-Refers-To: <urn:uuid:1>", b"WARC-Refers-To-Target-URI: http://a.example/old",
        kind=b"revisit",
    )  # fmt: skip
    found = [json.loads(row["meta"]) for row in rows(tmp_path, content)]
    assert (found[0]["digest"], found[0]["segment"]) == ("sha1:ABC", "1")
    assert found[1] == {"refers_to": "<urn:uuid:1>", "refers_to_url": "http://a.example/old"}
    assert "192.0.2.7" not in json.dumps(found)


def test_digests_are_compared_if_asked(tmp_path: Path) -> None:
    block = response()
    sound = base64.b32encode(hashlib.sha1(block).digest())
    payload = hashlib.sha256(PAGE).hexdigest().encode()
    content = record(1, block, b"WARC-Block-Digest: sha1:" + sound)
    content += record(2, block, b"WARC-Block-Digest: sha1:" + sound[::-1])
    content += record(3, block, b"WARC-Payload-Digest: sha-256:" + payload)
    content += record(4, block, b"WARC-Payload-Digest: sha256:" + payload[::-1])
    content += record(5, block, b"WARC-Payload-Digest: blake9:xyz") + record(6, block, b"WARC-Block-Digest: sha1")
    assert not any(rule for _, rule in told(rows(tmp_path, content)))
    found = rows(tmp_path, content, verify=True)
    assert [row["id"] for row in found if row["drop_rule"] == "read_warc.digest"] == ["<urn:uuid:2>", "<urn:uuid:4>"]
    assert found[1]["drop_measured"] == "sha1:" + hashlib.sha1(block).hexdigest()


def test_what_publishers_say_to_machines_is_in_columns(tmp_path: Path) -> None:
    meta = b"<head><meta name='robots' content='noai'></head>" + PAGE
    content = page(1, meta, b"X-Robots-Tag: noindex", b"TDM-Reservation: 1", b"TDM-Policy: https://a.example/p")
    content += page(2, meta.decode().encode("utf-16"), b"Content-Type: text/html") + page(3)
    found = rows(tmp_path, content, name="f.warc")
    signs = [(row["read_warc.robots"], row["read_warc.tdm_reservation"]) for row in found]
    assert signs == [("noai,noindex", "1"), ("noai", None), (None, None)]
    assert json.loads(found[0]["meta"])["tdm_policy"] == "https://a.example/p"


@pytest.mark.parametrize("pack", [gzip.compress, bytes], ids=["gzip", "plain"])
def test_a_body_over_the_limit_is_cut_and_says_so(tmp_path: Path, pack: Any) -> None:
    long = page(1, b"<p>" + b"x" * 300_000)
    found = rows(tmp_path, pack(long) + pack(page(2)), max_bytes=1000)
    assert [(row["id"], len(row["text"]), json.loads(row["meta"]).get("truncated")) for row in found] == [
        ("<urn:uuid:1>", 1000, "max_bytes"),
        ("<urn:uuid:2>", len(PAGE), None),
    ]


def test_a_compressed_body_that_grows_out_of_proportion_is_refused(tmp_path: Path) -> None:
    modest = gzip.compress(b"<p>" + b"".join(b"%d " % number for number in range(50_000)))
    bomb = gzip.compress(gzip.compress(b"<p>" + bytes(50_000_000), 1), 1)
    content = page(1, modest, b"Content-Encoding: gzip") + page(2, bomb, b"Content-Encoding: gzip, gzip")
    found = rows(tmp_path, content, name="f.warc", max_bytes=200_000)
    assert told(found) == [("<urn:uuid:1>", None), ("<urn:uuid:2>", "read_warc.bomb")]
    assert (len(found[0]["text"]), found[1]["drop_threshold"]) == (200_000, "100")


LONG = b"<p>" + random.Random(1).randbytes(300_000).hex().encode()
CUT = [
    (gzip.compress(LONG), b"Content-Encoding: gzip"),
    (zlib.compress(LONG), b"Content-Encoding: deflate"),
    (brotli.compress(LONG), b"Content-Encoding: br"),
    (zstandard.compress(LONG), b"Content-Encoding: zstd"),
    (chunked(LONG), b"Transfer-Encoding: chunked"),
]


@pytest.mark.parametrize(("body", "coding"), CUT, ids=["gzip", "deflate", "br", "zstd", "chunked"])
def test_what_the_crawler_cut_off_is_used_as_far_as_it_goes(tmp_path: Path, body: bytes, coding: bytes) -> None:
    half = response(body[: len(body) * 2 // 3], coding)
    row = only(tmp_path, record(1, half, b"WARC-Truncated: length"))
    assert (row.get("drop_rule"), json.loads(row["meta"])["truncated"]) == (None, "length")
    text = row["text"].encode()
    assert len(text) > len(LONG) // 3 and LONG.startswith(text)
    assert only(tmp_path, record(1, half))["drop_rule"] == "read_warc.body"


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])
@pytest.mark.parametrize("filling", [b"\0", b"\n"], ids=["zeros", "lines"])
def test_a_record_that_is_a_bomb_is_named_and_those_around_it_are_read(
    tmp_path: Path, pack: Any, filling: bytes
) -> None:
    bomb = page(1, filling * 80_000_000)
    found = rows(tmp_path, pack(page(0)) + pack(bomb) + pack(filling * 80_000_000) + pack(page(2)), max_bytes=1000)
    lines = filling == b"\n"
    assert told(found)[0] == ("<urn:uuid:0>", None) and told(found)[-1] == ("<urn:uuid:2>", None)
    assert len(found) == 3 and found[1]["drop_rule"] == "read_warc.corrupt"
    assert (
        "a decompression bomb: " in found[1]["drop_measured"] and "in record <urn:uuid:1>" in found[1]["drop_measured"]
    )
    assert lines or found[1]["locator"]["offset"] == len(pack(page(0)))


def test_a_record_without_an_id_is_named_by_its_place(tmp_path: Path) -> None:
    bare = page(1).replace(b"WARC-Record-ID: <urn:uuid:1>\r\n", b"")
    assert told(rows(tmp_path, page(0) + bare, name="f.warc")) == [
        ("<urn:uuid:0>", None),
        (f"f.warc#{len(page(0))}", None),
    ]
    assert told(rows(tmp_path, gzip.compress(page(0) + bare)))[1] == (f"f.warc.gz#0+{len(page(0))}", None)


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]


MEMBERS = packed(*(page(number) for number in range(4)))
BROKEN = {
    "cut off": MEMBERS[1][:100],
    "flipped byte": flipped(MEMBERS[1], 90),
    "wrong checksum": flipped(MEMBERS[1], len(MEMBERS[1]) - 6),
    "garbage": b"garbage!" * 40,
    "zeros and more": bytes(512) + b"garbage",
    "another file": gzip.compress(b"no record"),
    "length too long": gzip.compress(record(1, response(), length=900)),
    "length far too long": gzip.compress(record(1, response(), length=10**12)),
    "length too short": gzip.compress(record(1, response(), length=50)),
    "length no number": gzip.compress(page(1).replace(b"Content-Length: ", b"Content-Length: -")),
    "no length": gzip.compress(page(1).replace(b"Content-Length", b"X-Length")),
    "no header end": gzip.compress(b"WARC/1.0\r\nWARC-Type: response\r\n"),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("place", [0, 1, 2], ids=["first", "middle", "last"])
def test_a_damaged_span_is_one_row_and_all_others_are_read(tmp_path: Path, name: str, place: int) -> None:
    """A reader that trusts only lengths would silently treat the pages after a wrong length as its content."""
    parts = [MEMBERS[0], MEMBERS[2]]
    parts.insert(place, BROKEN[name])
    offset = sum(len(part) for part in parts[:place])
    found = rows(tmp_path, b"".join(parts))
    expected: list[tuple[str, str | None]] = [("<urn:uuid:0>", None), ("<urn:uuid:2>", None)]
    expected.insert(place, (f"f.warc.gz#{offset}", "read_warc.corrupt"))
    assert told(found) == expected
    assert found[place]["locator"] == {
        "file": f"{tmp_path}/f.warc.gz",
        "offset": offset,
        "length": len(BROKEN[name]),
    }
    assert (found[place]["text"], found[place]["url"]) == (None, None)


@pytest.mark.parametrize("zeros", [1, 511, 512, (1 << 20) + 7, 5 << 20])
@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])
def test_zeros_at_the_end_of_a_compressed_file_are_no_damage(tmp_path: Path, pack: Any, zeros: int) -> None:
    """Guards against an earlier fault: the padding of tapes and block stores was a corrupt record."""
    members = pack(page(0)) + pack(page(1))
    assert told(rows(tmp_path, members + bytes(zeros))) == [("<urn:uuid:0>", None), ("<urn:uuid:1>", None)]
    ids, rules = zip(*told(rows(tmp_path, members + bytes(zeros) + pack(page(2)))), strict=True)
    assert (ids[0], ids[1], ids[-1]) == ("<urn:uuid:0>", "<urn:uuid:1>", "<urn:uuid:2>")
    assert rules == (None, None, "read_warc.corrupt", None)  # zeros inside a file may be blocks that were lost


PLAIN_BROKEN = {
    "garbage": b"garbage\r\n" * 20,
    "length too long": record(1, response(), length=400),
    "length far too long": record(1, response(), length=10**12),
    "length too short": record(1, response(), length=50),
    "no length": page(1).replace(b"Content-Length", b"X-Length"),
}


@pytest.mark.parametrize("name", PLAIN_BROKEN)
def test_damage_in_an_uncompressed_file_ends_at_the_next_record(tmp_path: Path, name: str) -> None:
    """After garbage, the record before it looks like one with a wrong length, so it is lost too."""
    found = rows(tmp_path, page(0) + page(1) + PLAIN_BROKEN[name] + page(2) + page(3), name="f.warc")
    lost = 1 if name == "garbage" else 2
    start = len(page(0)) * lost
    expected: list[tuple[str, str | None]] = [(f"<urn:uuid:{number}>", None) for number in (0, 1)][:lost]
    expected += [(f"f.warc#{start}", "read_warc.corrupt"), ("<urn:uuid:2>", None), ("<urn:uuid:3>", None)]
    assert told(found) == expected
    assert found[lost]["locator"]["length"] == len(page(0) + page(1) + PLAIN_BROKEN[name]) - start


def test_a_file_cut_off_anywhere_gives_its_whole_records_and_one_damaged_span(tmp_path: Path) -> None:
    whole = b"".join(MEMBERS)
    ends = [sum(len(member) for member in MEMBERS[:number]) for number in range(5)]
    for cut in range(100, len(whole), 97):
        complete = sum(end <= cut for end in ends) - 1
        expected: list[tuple[str, str | None]] = [(f"<urn:uuid:{number}>", None) for number in range(complete)]
        if cut not in ends:
            expected.append((f"f.warc.gz#{ends[complete]}", "read_warc.corrupt"))
        assert told(rows(tmp_path, whole[:cut])) == expected, cut


ALL = b"".join(page(number) for number in range(6))


def dictionary_file() -> bytes:
    samples = [page(number) for number in range(500)]
    words = zstandard.train_dictionary(4000, samples)
    packer = zstandard.ZstdCompressor(dict_data=words)
    head = zstandard.compress(words.as_bytes())
    frames = b"".join(packer.compress(page(number)) for number in range(6))
    return b"\x5d\x2a\x4d\x18" + struct.pack("<I", len(head)) + head + frames


CONTAINERS = {
    "plain": ALL,
    "a member a record": b"".join(packed(*(page(number) for number in range(6)))),
    "one member": gzip.compress(ALL),
    "members cut anywhere": b"".join(packed(*(ALL[at : at + 333] for at in range(0, len(ALL), 333))))
    + gzip.compress(b""),
    "a frame a record": b"".join(zstandard.compress(page(number)) for number in range(6)),
    "one frame": zstandard.compress(ALL),
    "frames with a dictionary": dictionary_file(),
    "line ends in members of their own": gzip.compress(ALL[:-4]) + gzip.compress(b"\r\n\r\n"),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_records_are_found_in_any_container(tmp_path: Path, name: str) -> None:
    assert told(rows(tmp_path, CONTAINERS[name], name="f")) == [(f"<urn:uuid:{number}>", None) for number in range(6)]


def test_zstd_frames_are_read_whose_first_block_is_long(tmp_path: Path) -> None:
    """Found by fuzzing: a frame gives no output before its first block, of up to 128 KiB, is complete."""
    pages = [page(number, random.Random(number).randbytes(size).hex().encode()) for number, size in enumerate(SIZES)]
    frames = b"".join(zstandard.compress(content) for content in pages)
    assert told(rows(tmp_path, frames, mime=("text/html",))) == [(f"<urn:uuid:{n}>", None) for n in range(len(SIZES))]


SIZES = (100, 600, 5_000, 70_000, 300_000)


def test_a_damaged_dictionary_leaves_damaged_frames(tmp_path: Path) -> None:
    """Found by fuzzing: the error of the dictionary's own decompressor reached the caller."""
    content = dictionary_file()
    for place in (0, 30):
        found = told(rows(tmp_path, content[:8] + flipped(content[8:], place), name="f"))
        assert {rule for _, rule in found} == {"read_warc.corrupt"}


def test_a_line_that_only_resembles_an_arc_header_begins_no_record(tmp_path: Path) -> None:
    """Found by fuzzing: a header line without an address broke the reader."""
    line = b"http:x 20140216050221 text/html 12\n"
    assert told(rows(tmp_path, page(0) + line + page(1), name="f.warc"))[0][1] == "read_warc.corrupt"


@pytest.mark.parametrize("more", [b"", b"200 ee0aff - 1209 x.arc "], ids=["version 1", "version 2"])
def test_an_arc_file_is_read_like_a_warc(tmp_path: Path, more: bytes) -> None:
    content = response()
    head = b"filedesc://x.arc 0.0.0.0 20140216050221 text/plain " + more + b"2\n1\n\n"
    line = b"http://a.example/with space 93.184.216.119 20140216050221 text/html %b%d\n" % (more, len(content))
    content = head + (line + content + b"\n") * 2
    for form in (content, gzip.compress(content)):
        first, second = rows(tmp_path, form, name="x.arc")
        assert (first["url"], first["text"]) == ("http://a.example/with space", PAGE.decode())
        assert first["date"] == second["date"] == datetime(2014, 2, 16, 5, 2, 21, tzinfo=UTC)
        assert "93.184" not in str(first) and first["id"].startswith("x.arc#")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"<html>no archive</html>", "is a page of HTML, such as a server's error page"),
        (gzip.compress(b'{"a":1}\n'), "decompressed, it begins with"),
        (b"\x1f\x8b\x08\x00" + bytes(50), "and nothing of it can be decompressed"),
    ],
)
def test_a_file_of_another_kind_is_an_error_with_what_was_found(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        rows(tmp_path, content)


def test_batches_are_about_as_large_as_asked(tmp_path: Path) -> None:
    (tmp_path / "f.warc").write_bytes(b"".join(page(number, PAGE * 20) for number in range(10)))
    work = ReadWarc(str(tmp_path / "f.warc"), batch_bytes=3 * 20 * len(PAGE))
    [shard] = work.shards()
    assert [batch.num_rows for batch in work.read(shard)] == [3, 3, 3, 1]


@pytest.mark.parametrize(
    ("kind", "message"), [("responce", "did you mean 'response'"), ("warcinfo", "not a kind of document")]
)
def test_a_wrong_kind_of_record_is_refused_before_anything_is_read(kind: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        ReadWarc("x.warc", records=(kind,))


SEEDS = [CONTAINERS[name] for name in ("plain", "a member a record", "one member", "a frame a record")]


@given(
    st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=9)), min_size=1, max_size=3)
)
@settings(max_examples=150, deadline=None)
def test_spans_never_overlap_whatever_the_damage(seed: bytes, changes: list[tuple[int, bytes]]) -> None:
    """Bytes are overwritten anywhere: reading ends, and the reported spans are in order and inside the file."""
    data = bytearray(seed)
    for place, content in changes:
        data[place % len(data) : place % len(data) + len(content)] = content
    try:
        found = list(read_records(io.BytesIO(data), len(data), "f", 1000))
    except DataError:
        return
    places = [(item.offset, item.inner) for item in found]
    assert places == sorted(set(places))
    ends = [item.offset + item.length for item in found if item.length is not None]
    assert ends == sorted(ends)
    assert not ends or ends[-1] <= len(data)
    if data == bytearray(seed):
        assert not any(isinstance(item, Damage) for item in found)


def test_real_archives_are_read_with_no_row_lost() -> None:
    """This test runs over the archives in the development data, if they are present."""
    folder = os.environ.get("TOKENMILL_DEV_DATA")
    for path in sorted(Path(folder, "web").glob("*-*.warc.gz")) if folder else []:
        work = ReadWarc(str(path))
        batches = [batch for shard in work.shards() for batch in work.read(shard)]
        content = gzip.decompress(path.read_bytes())
        assert sum(batch.num_rows for batch in batches) == content.count(b"\nWARC-Type: response")
        assert not any(marked(batch).any() for batch in batches)


def test_long_headers_count_towards_a_batch(tmp_path: Path) -> None:
    record = "WARC/1.0\r\nWARC-Type: revisit\r\nWARC-Target-URI: http://a/{}\r\nWARC-Record-ID: <urn:{}>\r\n"
    record += "Content-Length: 0\r\n\r\n\r\n\r\n"
    (tmp_path / "h.warc").write_text("".join(record.format("b" * 50_000, number) for number in range(100)))
    work = ReadWarc(paths=str(tmp_path / "h.warc"), batch_bytes=500_000)
    sizes = [batch.num_rows for shard in work.shards() for batch in work.read(shard)]
    assert sum(sizes) == 100 and max(sizes) <= 11


def test_a_header_that_is_cut_off_does_not_take_in_the_next_record(tmp_path: Path) -> None:
    """Found by fuzzing: the next record's fields were treated as its own, and the next record was in no row."""
    cut = b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:7>\r\n"
    found = told(rows(tmp_path, page(0) + cut + page(1), name="f.warc"))
    assert [rule for _, rule in found] == [None, "read_warc.corrupt", None] and found[2][0] == "<urn:uuid:1>"


def test_version_lines_without_headers_take_time_in_proportion() -> None:
    """Found by fuzzing: after each such line, all bytes were parsed as one header, which takes hours for 64 MiB."""
    content = page(0) + b"WARC/1.0\r\n" * 2_000 + page(1)
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        found = list(read_records(io.BytesIO(content), len(content), "f.warc", 1 << 20))
    finally:
        sys.setprofile(None)
    assert len(found) == 3 and calls < 100 * 2_000
