"""Reads archived HTTP responses: status, type and charset from the header, and the body as a browser sees it.

Bodies are stored as they were sent, or already unpacked but with the original header. So if a body clearly does not
have a stated coding, the coding counts as already undone; if it clearly has another one, that one is undone. Sources:
RFC 9112 (chunks, transfer codings), RFC 9110 (fields, content codings, interim responses), the WHATWG's MIME Sniffing
and Fetch standards (Content-Type).
"""

import io
import re
from typing import NamedTuple

from fastwarc.stream_io import BrotliReader

from tokenmill.core.io.compression import DecompressionError, Format, decompress_prefix
from tokenmill.stages.reading.charset_labels import codec_of
from tokenmill.stages.web.warc_records import field_lines

_PIECE = 1 << 14
_STATUS = re.compile(rb"HTTP/\d[.\d]*[ \t]+(\d{3})(?!\d)")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_HEAD_BYTES = 1 << 20
_VALUE_BYTES = 2048  # of a field; the patterns for values take quadratic time
_INTERIM = 100, 102, 103  # the final response follows in the same block
_TYPES = re.compile(rb"(?:\"(?:[^\"\\]|\\.)*\"?|[^,\"])+", re.DOTALL)  # the values of joined fields
_MEDIA_TYPE = re.compile(rb"\s*([^\s;,/()\"=]+/[^\s;,/()\"=]+)(?=[\s;,(]|\Z)")
_PARAMETER = re.compile(rb"[;\s]\s*([^\s;=\"]+)\s*=\s*(?:\"\s*((?:[^\"\\]|\\.)*)|'\s*([^';]*)|([^\s;\"']+))", re.DOTALL)
_CHUNK_SIZE = re.compile(rb"[ \t]*0*([0-9a-fA-F]{1,15})[ \t]*(?:;[^\n]*)?\r?\n")
_SIGNS = re.compile(rb"^(x-robots-tag|tdm-reservation|tdm-policy)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_NO_CODING = ("", "identity", "none", "binary", "7bit", "8bit")
_MAX_CODINGS = 8
_CODINGS = ("gzip", "x-gzip", "deflate", "br", "zstd")
_STARTS = ((b"\x1f\x8b\x08", Format.GZIP), (Format.ZSTD.magic, Format.ZSTD))  # no zlib or deflate stream starts so
_TRANSFER_CODINGS = ("gzip", "x-gzip", "deflate")
_MARKUP = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*<")
_PAGE = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*<(?:!--|(?:!doctype|html|head|body|\?xml)\b)", re.IGNORECASE)


class Head(NamedTuple):
    """The header of a response.

    Attributes:
        status: None if the response has no header.
        mime: type in lower case, "" if the header names none.
        charset: label in the header, "" if there is none.
        codings: content codings, then transfer codings without chunked, in the order in which they were applied.
        chunked: True if the body is sent in chunks.
        body: offset of the body in the block.
        in_http: False if the header is made from the record's own fields. Default True.
        signs: fields (name in lower case, value) by which publishers limit what machines may do. Default none.
    """

    status: int | None
    mime: str
    charset: str
    codings: tuple[str, ...]
    chunked: bool
    body: int
    in_http: bool = True
    signs: tuple[tuple[bytes, bytes], ...] = ()


class Body(NamedTuple):
    """An unpacked body.

    Attributes:
        data: its bytes, b"" if it could not be unpacked.
        problem: why it could not be unpacked, "" if it could.
        packed_bytes: bytes before unpacking, if unpacking stopped at the limit, otherwise 0.
    """

    data: bytes
    problem: str = ""
    packed_bytes: int = 0


class _BrokenCodingError(Exception):
    pass


def read_head(block: bytes) -> Head:
    """Reads the HTTP header at the start of an archived response's block."""
    status = _STATUS.match(block)
    if status is None:
        return Head(None, "", "", (), False, 0)
    at = 0
    found = _HEAD_END.search(block, 0, _HEAD_BYTES)
    while found and int(status[1]) in _INTERIM and (final := _STATUS.match(block, found.end())):
        status, at = final, found.end()
        found = _HEAD_END.search(block, at, at + _HEAD_BYTES)
    end, body = found.span() if found else (len(block), len(block))
    fields: dict[bytes, list[bytes]] = {}
    for name, value in field_lines(block[at:end]):
        fields.setdefault(name, []).append(value)
    mime, charset = content_type(b", ".join(fields.get(b"content-type", ())))
    transfer = _names(b", ".join(fields.get(b"transfer-encoding", ())))
    codings = _names(b", ".join(fields.get(b"content-encoding", ())))
    codings += tuple(coding for coding in transfer if coding in _TRANSFER_CODINGS)
    signs = tuple((name.lower(), value) for name, value in _SIGNS.findall(block[at:end]))
    return Head(int(status[1]), mime, charset, codings, "chunked" in transfer, body, signs=signs)


def content_type(value: bytes) -> tuple[str, str]:
    """Returns (MIME type in lower case, charset label) of an HTTP Content-Type, "" for a part that is missing.

    Of several types, joined with commas, the last valid one counts. It inherits the charset of the same type before it.
    """
    mime = charset = ""
    for part in _TYPES.findall(value[:_VALUE_BYTES]):
        stated = _MEDIA_TYPE.match(part)
        found = stated[1].lower().decode("latin-1") if stated else ""
        if found == "*/*" or (mime and not found):
            continue
        label = _charset(part)
        charset = label if label or found != mime else charset
        mime = found
    return mime, charset


def _charset(value: bytes) -> str:
    """Returns the first parameter `charset` that is not empty, "" if there is none."""
    for name, *values in _PARAMETER.findall(b";" + value):
        label = b"".join(values).strip()
        if name.lower() == b"charset" and label:
            return label.decode("latin-1")
    return ""


def read_body(block: bytes, head: Head, *, limit: int, cut: bool) -> Body:
    """Joins the chunks of an archived HTTP body and undoes its content codings, each up to limit + 1 bytes.

    cut: the archive has only a part of the body, so an early end is not an error.
    """
    data = block[head.body :]
    over = False
    try:
        if head.chunked:
            data = _joined(data, cut)
        packed_bytes = len(data)
        if len(head.codings) > _MAX_CODINGS:
            raise _BrokenCodingError(f"found {len(head.codings)} codings, expected at most {_MAX_CODINGS}")
        for coding in reversed(head.codings):
            data = _unpacked(data, coding, limit, cut or over)
            over = over or len(data) > limit
    except _BrokenCodingError as error:
        return Body(b"", str(error))
    return Body(data, packed_bytes=packed_bytes if over else 0)


def _names(value: bytes) -> tuple[str, ...]:
    """Returns the codings that a field names, without those that change nothing, and without names of charsets."""
    names = (name.partition(";")[0].strip().lower() for name in value[:_VALUE_BYTES].decode("latin-1").split(","))
    return tuple(name for name in names if name not in _NO_CODING and not codec_of(name))


def _joined(data: bytes, cut: bool) -> bytes:
    """Joins the chunks of a body. Returns it unchanged if it does not begin with a chunk's size."""
    size = _CHUNK_SIZE.match(data)
    if size is None:
        return data
    chunks: list[bytes] = []
    while size:
        length, begin = int(size[1], 16), size.end()
        if length == 0:
            return b"".join(chunks)
        chunks.append(data[begin : begin + length])
        if len(chunks[-1]) < length:
            if cut:
                return b"".join(chunks)
            raise _BrokenCodingError(
                f"chunked: ends {length - len(chunks[-1])} bytes before the end of a chunk of {length}"
            )
        at = begin + length
        at += 2 if data[at : at + 2] == b"\r\n" else data[at : at + 1] == b"\n"
        size = _CHUNK_SIZE.match(data, at)
    if at >= len(data):
        return b"".join(chunks)  # the connection was closed after a whole chunk, before the empty last one
    raise _BrokenCodingError(f"chunked: found {data[at : at + 12]!r} at byte {at}, expected a chunk's size")


def _unpacked(data: bytes, coding: str, limit: int, cut: bool) -> bytes:
    """Undoes one content coding, up to limit + 1 bytes. Returns the data unchanged if it clearly lacks that coding."""
    if not data or _PAGE.match(data):
        return data
    real = next((format for start, format in _STARTS if data.startswith(start)), None)  # whatever the label says
    try:
        if coding == "br" and not real:
            return _unbrotli(data, limit, cut)
        if coding == "deflate" and not real:
            return _deflated(data, limit, cut)
        if coding in _CODINGS:
            return _decompressed(data, real or (Format.ZSTD if coding == "zstd" else Format.GZIP), limit, cut)
        problem = "an unknown coding"
    except (OSError, DecompressionError) as error:
        problem = str(error)
    if _MARKUP.match(data):
        return data
    raise _BrokenCodingError(f"{coding}: {problem}")


def _unbrotli(data: bytes, limit: int, cut: bool) -> bytes:
    parts: list[bytes] = []
    room, reader = limit + 1, BrotliReader(io.BytesIO(data))
    try:
        while room and (part := bytes(reader.read(min(room, _PIECE)))):
            parts.append(part)
            room -= len(part)
    except OSError:
        if not (cut and parts):
            raise
    return b"".join(parts)


def _decompressed(data: bytes, format: Format, limit: int, cut: bool) -> bytes:
    """Returns at most limit + 1 bytes; the data unchanged if it does not begin like the format."""
    if not data.startswith(format.magic):
        return data
    found = decompress_prefix(data, format, limit + 1)
    if not (found.whole or cut):
        raise DecompressionError(f"the data ends inside its {'frame' if format is Format.ZSTD else 'stream'}")
    return found.data


def _deflated(data: bytes, limit: int, cut: bool) -> bytes:
    """Undoes deflate, which is the zlib format, but some servers send the raw format."""
    try:
        return _decompressed(data, Format.ZLIB, limit, cut)
    except DecompressionError:
        return _decompressed(data, Format.DEFLATE, limit, cut)
