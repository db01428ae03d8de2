"""stages/web/http_body.py: the headers of an archived response are read, and every coding of its body is undone."""

import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tokenmill.stages.web.http_body import Body, content_type, read_body, read_head

LIMIT = 100_000
TEXT = b"<html><p>" + b"A page about bridges. " * 60 + b"</p></html>"


def block(fields: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n\r\n" + body


def body_of(fields: bytes, body: bytes, *, limit: int = LIMIT, cut: bool = False) -> Body:
    whole = block(fields, body)
    return read_body(whole, read_head(whole), limit=limit, cut=cut)


def bare_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def chunked(body: bytes, size: int = 100, end: bytes = b"0\r\n\r\n") -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + end


def noise(size: int) -> bytes:
    return b"".join(zlib.crc32(b"%d" % number).to_bytes(4, "big") for number in range(size // 4))


CODINGS: dict[bytes, Callable[[bytes], bytes]] = {
    b"gzip": gzip.compress,
    b"x-gzip": gzip.compress,
    b"GZIP": gzip.compress,
    b"deflate": zlib.compress,
    b"deflate, identity": bare_deflate,  # identity only makes this key different from the one above
    b"br": brotli.compress,
    b"zstd": zstandard.compress,
    b"deflate, gzip": lambda data: gzip.compress(zlib.compress(data)),
    b"gzip, br": lambda data: brotli.compress(gzip.compress(data)),
}

BOMBS: dict[bytes, Callable[[bytes], bytes]] = {
    b"gzip": lambda data: gzip.compress(data, 1),
    b"deflate": lambda data: zlib.compress(data, 1),
    b"br": lambda data: brotli.compress(data, quality=1),
    b"zstd": zstandard.compress,
    b"gzip, br": lambda data: brotli.compress(gzip.compress(data, 1)),
}


@pytest.mark.parametrize(
    ("head", "status", "mime", "charset", "codings", "is_chunked"),
    [
        (b"HTTP/1.1 200 OK", 200, "", "", (), False),
        (b"HTTP/2 404", 404, "", "", (), False),
        (b"HTTP/1.0 301 Moved\nContent-Type: Text/HTML ;Charset='UTF-8'", 301, "text/html", "UTF-8", (), False),
        (b"HTTP/1.1 200\r\nCONTENT-ENCODING: gzip , br,identity", 200, "", "", ("gzip", "br"), False),
        (b"HTTP/1.1 200\r\ntransfer-encoding: gzip, Chunked", 200, "", "", ("gzip",), True),
        (b"HTTP/1.1 200\r\nContent-Type: html", 200, "", "", (), False),
        (b"HTTP/1.1 200\r\nContent-Encoding: gzip\r\nContent-Encoding: br", 200, "", "", ("gzip", "br"), False),
        (b"HTTP/1.1 200\r\nContent-Encoding: gzip;q=1.0, X-GZIP", 200, "", "", ("gzip", "x-gzip"), False),
        (b"HTTP/1.1 200\r\nContent-Encoding: none, utf-8, 8bit, ISO-8859-1, binary", 200, "", "", (), False),
        (b"HTTP/1.1 200\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked", 200, "", "", ("gzip",), True),
        (b"HTTP/1.1 200\r\nTransfer-Encoding: keep-alive, identity", 200, "", "", (), False),
        (b"HTTP/1.1 200\r\nContent-Type: text/html;\r\n\tcharset=gbk", 200, "text/html", "gbk", (), False),
        (b"HTTP/1.1 200\r\nContent-Type:\r\n text/html", 200, "text/html", "", (), False),
        (b"HTTP/1.1 200\r\nContent-Type : text/html\r\nno colon\r\n: x", 200, "text/html", "", (), False),
        (b"HTTP/1.1 200\r\nContent-Type: a/b; charset=x\r\nContent-Type: text/html", 200, "text/html", "", (), False),
        (
            b"HTTP/1.1 200\r\nContent-Type: text/html; charset=x\r\ncontent-type: text/html",
            200,
            "text/html",
            "x",
            (),
            False,
        ),
        (b"HTTP/1.1 200\r\nX: " + b"x" * 900_000 + b"\r\nContent-Type: text/html", 200, "text/html", "", (), False),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/html", 200, "text/html", "", (), False),
        (
            b"HTTP/1.1 103 Early Hints\r\nContent-Type: a/b\r\n\r\nHTTP/1.1 102\r\n\r\nHTTP/1.1 404 No\r\nA: b",
            404,
            "",
            "",
            (),
            False,
        ),
    ],
)
def test_a_head_is_read(
    head: bytes, status: int, mime: str, charset: str, codings: tuple[str, ...], is_chunked: bool
) -> None:
    end = b"\n\n" if b"\r" not in head and b"\n" in head else b"\r\n\r\n"
    found = read_head(head + end + b"the body")
    assert (found.status, found.mime, found.charset, found.codings, found.chunked) == (
        status, mime, charset, codings, is_chunked,
    )  # fmt: skip
    assert (head + end + b"the body")[found.body :] == b"the body"


@pytest.mark.parametrize(
    "content",
    [
        b"", b"<html>", b"HTTP", b"HTTP/1.1 abc", b"HTTP/1.1 2000 OK\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 50,
        b"Content-Type: text/html\r\n\r\n<html>",
    ],
)  # fmt: skip
def test_what_has_no_status_line_is_all_body(content: bytes) -> None:
    head = read_head(content)
    assert (head.status, head.body) == (None, 0)
    assert read_body(content, head, limit=LIMIT, cut=False) == Body(content)


def test_a_head_without_an_end_leaves_no_body() -> None:
    assert body_of(b"Content-Encoding: gzip", b"") == Body(b"")
    whole = b"HTTP/1.1 200 OK\r\nContent-Type: text/html"
    assert read_body(whole, read_head(whole), limit=LIMIT, cut=False) == Body(b"")


def test_an_interim_response_alone_is_the_response() -> None:
    for rest in (b"", b"<html>", b"HTTP/1.1"):
        assert read_head(b"HTTP/1.1 100 Continue\r\n\r\n" + rest).status == 100
    assert read_head(b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 404 Not Found\r\n\r\n").status == 200


def test_the_signs_of_publishers_are_found_in_the_head_alone() -> None:
    whole = block(b"X-Robots-Tag: noai\r\nTDM-Reservation : 1\r\nx-robots-tag: bot: none", b"tdm-policy: no")
    assert read_head(whole).signs == (
        (b"x-robots-tag", b"noai"),
        (b"tdm-reservation", b"1"),
        (b"x-robots-tag", b"bot: none"),
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"", ("", "")),
        (b"text/html", ("text/html", "")),
        (b" TEXT/Html ; charset=ISO-8859-1", ("text/html", "ISO-8859-1")),
        (b'text/html; charset = "utf-8"; x', ("text/html", "utf-8")),
        (b"charset=utf-8", ("", "utf-8")),
        (b"text/html; charset=", ("text/html", "")),
        (b"\xff/\xfe; charset=\xff", ("\xff/\xfe", "\xff")),
        (b"text/html;charset=utf-8", ("text/html", "utf-8")),
        (b"TEXT/HTML;CHARSET=UTF-8;", ("text/html", "UTF-8")),
        (b"\ttext/html\t;\tcharset\t=\tutf-8\t", ("text/html", "utf-8")),
        (b"text/html; charset='utf-8'", ("text/html", "utf-8")),
        (b'text/html; charset="utf-8', ("text/html", "utf-8")),
        (b'text/html; charset=" utf-8 "', ("text/html", "utf-8")),
        (b'text/html; charset="', ("text/html", "")),
        (b'text/html; charset=""; charset=gbk', ("text/html", "gbk")),
        (b"text/html; charset=; charset=gbk", ("text/html", "gbk")),
        (b"text/html; charset=gbk; charset=utf-8", ("text/html", "gbk")),  # the first of equal parameters
        (b"text/html; boundary=x; charset=gbk", ("text/html", "gbk")),
        (b"text/html;; ;charset=gbk", ("text/html", "gbk")),
        (b"text/html; xcharset=utf-8; charset=gbk", ("text/html", "gbk")),
        (b'text/html; title="a; charset=utf-8, b"; charset=gbk', ("text/html", "gbk")),
        (b'text/html; title="\\"; charset=utf-8"; charset=gbk', ("text/html", "gbk")),
        (b"text/html charset=gbk", ("text/html", "gbk")),
        (b"text/html (a comment)", ("text/html", "")),
        (b"text/html, text/html; charset=gbk", ("text/html", "gbk")),
        (b"text/html; charset=gbk, text/html", ("text/html", "gbk")),
        (b"text/html; charset=gbk, text/plain", ("text/plain", "")),
        (b"text/html; charset=gbk, text/plain; charset=utf-8", ("text/plain", "utf-8")),
        (b"text/html; charset=gbk, */*", ("text/html", "gbk")),
        (b"text/html; charset=gbk, , none", ("text/html", "gbk")),
        (b"text/html; charset=gbk,", ("text/html", "gbk")),
        (b"html", ("", "")),
        (b"/html", ("", "")),
        (b"text/", ("", "")),
        (b"text/html/x", ("", "")),
        (b"text/html; charset", ("text/html", "")),
        (b"text/html; charset=utf-8; charset", ("text/html", "utf-8")),
    ],
)
def test_a_content_type_is_taken_apart(value: bytes, expected: tuple[str, str]) -> None:
    assert content_type(value) == expected


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("data", [TEXT, b"x", noise(40_000)], ids=["text", "short", "noise"])
def test_every_coding_is_undone(coding: bytes, data: bytes) -> None:
    fields = b"Content-Encoding: " + coding
    packed = CODINGS[coding](data)
    assert body_of(fields, packed) == Body(data)
    assert body_of(fields + b"\r\nTransfer-Encoding: chunked", chunked(packed)) == Body(data)


@pytest.mark.parametrize("coding", [b"gzip", b"br", b"zstd", b"deflate", b"no-such-coding", b"gzip, br"])
@pytest.mark.parametrize("cut", [False, True])
def test_a_page_that_is_not_coded_stays_as_it_is(coding: bytes, cut: bool) -> None:
    assert (
        body_of(b"Content-Encoding: " + coding, b"\xef\xbb\xbf \r\n" + TEXT, cut=cut).data
        == b"\xef\xbb\xbf \r\n" + TEXT
    )
    assert body_of(b"Content-Encoding: " + coding, b"<!-- x -->" + TEXT, cut=cut).data == b"<!-- x -->" + TEXT


@pytest.mark.parametrize("coding", [b"gzip", b"br", b"zstd", b"deflate", b"gzip, br"])
def test_an_empty_body_has_nothing_to_undo(coding: bytes) -> None:
    assert body_of(b"Content-Encoding: " + coding, b"") == Body(b"")
    assert body_of(b"Content-Encoding: " + coding + b"\r\nTransfer-Encoding: chunked", b"0\r\n\r\n") == Body(b"")


@pytest.mark.parametrize("stated", [b"gzip", b"deflate", b"br", b"zstd"])
@pytest.mark.parametrize("real", [b"gzip", b"zstd"])
def test_a_coding_under_the_name_of_another_is_undone_if_it_is_clear(stated: bytes, real: bytes) -> None:
    packed = CODINGS[real](TEXT)
    assert body_of(b"Content-Encoding: " + stated, packed) == Body(TEXT)
    assert body_of(b"Content-Encoding: " + stated, packed[:-10]).problem.startswith(stated.decode())


def test_transfer_codings_are_undone_before_content_codings() -> None:
    fields = b"Content-Encoding: br\r\nTransfer-Encoding: gzip, chunked"
    assert body_of(fields, chunked(gzip.compress(brotli.compress(TEXT)))) == Body(TEXT)


def test_more_codings_than_anyone_uses_are_a_problem() -> None:
    """A gzip file can unpack to itself, so each coding would take time for ever."""
    data = TEXT
    for _ in range(8):
        data = gzip.compress(data)
    assert body_of(b"Content-Encoding: " + b"gzip," * 8, data) == Body(TEXT)
    assert body_of(b"Content-Encoding: " + b"gzip," * 9, data).problem == "found 9 codings, expected at most 8"


@pytest.mark.parametrize(
    ("coding", "packed", "problem"),
    [
        (b"gzip", gzip.compress(TEXT)[:-30], "gzip: "),
        (b"gzip", b"\x1f\x8b" + b"\xff" * 60, "gzip: "),
        (b"gzip", gzip.compress(TEXT)[:-8] + b"\0" * 8, "gzip: "),  # the checksum is wrong
        (b"deflate", zlib.compress(TEXT)[:-30], "deflate: "),
        (b"deflate", bare_deflate(TEXT)[:-30], "deflate: "),
        (b"deflate", b"\xff" * 60, "deflate: "),
        (b"br", brotli.compress(noise(4000))[:-30], "br: "),
        (b"br", b"\xff" * 60, "br: "),
        (b"zstd", zstandard.compress(TEXT)[:-3], "zstd: the data ends inside its frame"),
        (b"zstd", b"\x28\xb5\x2f\xfd" + b"\xff" * 60, "zstd: "),
        (b"compress", b"\x1f\x9d\x90", "compress: an unknown coding"),
    ],
)
def test_a_damaged_body_is_a_problem_and_never_half_a_text(coding: bytes, packed: bytes, problem: str) -> None:
    found = body_of(b"Content-Encoding: " + coding, packed)
    assert (found.data, found.packed_bytes) == (b"", 0)
    assert found.problem.startswith(problem)


@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"deflate, identity", b"br", b"zstd"])
def test_a_body_that_the_crawler_cut_gives_what_is_there(coding: bytes) -> None:
    data = noise(60_000)
    packed = CODINGS[coding](data)
    found = body_of(b"Content-Encoding: " + coding, packed[: len(packed) // 2], cut=True)
    assert found.problem == ""
    assert data.startswith(found.data)
    assert len(found.data) > 100 or coding == b"zstd"  # zstd gives whole blocks of up to 128 KiB


@pytest.mark.parametrize(("coding", "start"), [(b"gzip", b"\x1f\x8b"), (b"br", b""), (b"zstd", b"\x28\xb5\x2f\xfd")])
def test_a_cut_excuses_no_garbage(coding: bytes, start: bytes) -> None:
    found = body_of(b"Content-Encoding: " + coding, start + b"\xff" * 60, cut=True)
    assert (found.data, found.problem[: len(coding) + 2]) == (b"", f"{coding.decode()}: ")


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (chunked(TEXT), TEXT),
        (chunked(TEXT, 7).replace(b"\r\n", b"\n", 1), TEXT),
        (b"5;name=value\r\nhello\r\n0\r\n\r\n", b"hello"),
        (b"  5\r\nhello\r\n0\r\nTrailer: x\r\n\r\n", b"hello"),
        (b"00005\r\nhello\r\n0\r\n\r\nmore", b"hello"),
        (b"5\r\nhello\r\n", b"hello"),  # the connection closed before the last chunk
        (b"5\r\nhello", b"hello"),
        (b"0\r\n\r\n", b""),
        (b"0\r\n", b""),
        (b"5\nhello\n3\nyou\n0\n\n", b"helloyou"),
        (b"5\r\nhello3\r\nyou\r\n0\r\n\r\n", b"helloyou"),  # no line end after the first chunk
        (b"A\r\n0123456789\r\na\r\n0123456789\r\n0;x\r\n\r\n", b"01234567890123456789"),
        (b"5 \t\r\nhello\r\n000\r\n\r\n", b"hello"),
        (b'5 ; name="a;b"\r\nhello\r\n0\r\n\r\n', b"hello"),
        (b"0" * 40 + b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
        (b"5\r\n0\r\n\r\n\r\n2\r\nab\r\n0\r\n\r\n", b"0\r\n\r\nab"),  # a chunk that looks like the last one
        (b"5\r\nhello\r\n0\r\nA: b\r\nC: d\r\n\r\nHTTP/1.1 200 OK", b"hello"),
        (TEXT, TEXT),  # the chunks are already joined
        (b"", b""),
    ],
)
def test_chunks_are_joined(body: bytes, data: bytes) -> None:
    assert body_of(b"Transfer-Encoding: chunked", body) == Body(data)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"5\r\nhello\r\n-1\r\nx", "chunked: found b'-1\\r\\nx' at byte 10, expected a chunk's size"),
        (b"5\r\nhello\r\n0x5\r\nhello", "chunked: found b'0x5\\r\\nhello' at byte 10, expected a chunk's size"),
        (b"5\r\nhello more than five\r\n", "chunked: found b' more than f' at byte 8, expected a chunk's size"),
        (b"a\r\nhello", "chunked: ends 5 bytes before the end of a chunk of 10"),
        (b"5\r\nhello\r\nxyz\r\nhello", "chunked: found b'xyz\\r\\nhello' at byte 10, expected a chunk's size"),
        (
            b"fffffffffffffff\r\nhello",
            "chunked: ends 1152921504606846970 bytes before the end of a chunk of 1152921504606846975",
        ),
    ],
)
def test_broken_chunks_are_a_problem(body: bytes, problem: str) -> None:
    assert body_of(b"Transfer-Encoding: chunked", body) == Body(b"", problem)


def test_a_cut_inside_a_chunk_gives_what_is_there() -> None:
    assert body_of(b"Transfer-Encoding: chunked", b"5\r\nhello\r\na\r\nwor", cut=True) == Body(b"hellowor")


@pytest.mark.parametrize("coding", BOMBS)
def test_a_bomb_is_unpacked_only_to_the_limit_and_says_what_it_came_from(coding: bytes) -> None:
    packed = BOMBS[coding](bytes(100_000_000))
    tracemalloc.start()
    found = body_of(b"Content-Encoding: " + coding, packed, limit=1 << 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(found.data), found.packed_bytes, found.problem) == ((1 << 20) + 1, len(packed), "")
    assert peak < 80 << 20  # the largest zstd frame that fits in 2 KiB unpacks to 60 MB


@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"br", b"zstd"])
@pytest.mark.parametrize(("limit", "packed_bytes"), [(len(TEXT), 0), (len(TEXT) - 1, -1)])
def test_the_limit_itself_is_allowed(coding: bytes, limit: int, packed_bytes: int) -> None:
    packed = CODINGS[coding](TEXT)
    found = body_of(b"Content-Encoding: " + coding, packed, limit=limit)
    assert found == Body(TEXT, packed_bytes=packed_bytes and len(packed))


def test_gzip_members_and_zstd_frames_follow_one_another_and_padding_is_left() -> None:
    packed = gzip.compress(b"<a>") + gzip.compress(b"b") + b"\0\0\0"
    assert body_of(b"Content-Encoding: gzip", packed) == Body(b"<a>b")
    packed = zstandard.compress(b"<a>") + zstandard.compress(b"b") + b"rest"
    assert body_of(b"Content-Encoding: zstd", packed) == Body(b"<a>b")


@given(st.sampled_from(sorted(CODINGS)), st.binary(max_size=60), st.booleans(), st.booleans(), st.integers(0, 50))
def test_hostile_bytes_never_raise_and_never_pass_the_limit(
    coding: bytes, body: bytes, cut: bool, is_chunked: bool, limit: int
) -> None:
    fields = b"Content-Encoding: " + coding + (b"\r\nTransfer-Encoding: chunked" if is_chunked else b"")
    for start in (b"", b"\x1f\x8b\x08\0\0\0\0\0\0\0", b"\x28\xb5\x2f\xfd", b"\x78\x9c", b"5\r\n"):
        found = body_of(fields, start + body, limit=limit, cut=cut)
        assert len(found.data) <= max(limit + 1, len(start + body))
        assert not (found.problem and found.data)
