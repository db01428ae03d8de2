"""Reads the lines of a JSON Lines file, compressed or not, with their places. Damaged spans are reported."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any, NamedTuple

from tokenmill.core.errors import DataError
from tokenmill.core.io.compression import (
    Decompressed,
    DecompressionError,
    Format,
    Readable,
    format_of,
)
from tokenmill.core.io.zstd_frame import LONGEST_WINDOW

_FORMATS = (Format.GZIP, Format.ZSTD)
_BOM = b"\xef\xbb\xbf"
_CHUNK = 1 << 18
MAX_DEPTH = 500
"""Deepest nesting of lists and objects. Python's own limit depends on how deep its stack is at that moment."""
_TOO_DEEP = f"lists or objects more than {MAX_DEPTH} deep"

_BZIP2_BLOCKS = (b"\x31\x41\x59\x26\x53\x59", b"\x17\x72\x45\x38\x50\x90")  # the first block, or the end mark
_OTHERS = {
    b"\xfd7zXZ": "compressed with xz",
    b"FEA1\x00": "of version 1 of Feather",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
}


BREAK = "the compressed file breaks here: "
"""The start of the problem text that is reported for the place where a compressed file breaks."""


class RawLine(NamedTuple):
    """One line: its byte offset and length in the decompressed file, and its bytes, or b"" if it has a problem.

    If a compressed file breaks inside the line, content is the part that was read before.
    """

    offset: int
    length: int
    content: bytes
    problem: str = ""


class Line(NamedTuple):
    """One line that is not blank: its byte offset and length in the decompressed file, and its object or problem."""

    offset: int
    length: int
    value: dict[str, Any]
    problem: str = ""


def read_lines(file: Readable, name: str, limit: int) -> Iterator[Line]:
    """Yields the parsed lines of a JSON Lines file, with their places, in order.

    A line over `limit` bytes has a problem, and so has a line that is not a JSON object. If a compressed file breaks,
    the last line is one with a problem, because nothing after that place can be read. Raises DataError if nothing of
    the file can be decompressed.
    """
    return parsed(raw_lines(chunks(file), name, limit, expected="JSON Lines"))


def read_lines_between(file: IO[bytes], name: str, limit: int, start: int, end: int) -> Iterator[Line]:
    """Yields the parsed lines of an uncompressed JSON Lines file that begin in [start, end).

    Lines before them are not read.
    """
    first = max(0, start - 1)  # a line begins at `start` if the byte before is a line feed
    file.seek(first)
    lines = raw_lines(_plain(file), name, limit, expected="JSON Lines", first=first)
    return parsed(_until(lines, start, end))


def parsed(lines: Iterable[RawLine]) -> Iterator[Line]:
    """Parses the lines of a JSON Lines file that are not blank."""
    for line in lines:
        if line.problem:
            yield from _with_whole_object(line)
        elif line.content.strip():
            yield _parsed(line.offset, line.content)


def _with_whole_object(line: RawLine) -> Iterator[Line]:
    """Yields the line. If it is a whole object and only the file breaks after it, yields the object, then the break."""
    last = _parsed(line.offset, line.content) if line.content.strip() else None
    if last is None or last.problem:
        yield Line(line.offset, line.length, {}, line.problem)
        return
    yield last
    yield Line(line.offset + line.length, 0, {}, line.problem)


def raw_lines(
    pieces: Iterable[bytes],
    name: str,
    limit: int,
    *,
    expected: str,
    first: int = 0,
    watch: Callable[[bytes], None] = lambda piece: None,
) -> Iterator[RawLine]:
    """Yields the unparsed lines of a file (JSON Lines, CSV, a dump's index), given in pieces, without line feeds.

    A line over `limit` bytes has no content. first: the offset where the pieces begin. watch: is called with all bytes
    of a line before the line is yielded. Raises DataError if decompression fails before the first byte.
    """
    offset, size, parts = first, 0, list[bytes]()  # the current line: its offset, its bytes so far, its pieces
    try:
        for chunk in pieces:
            *ends, rest = chunk.split(b"\n")
            for piece in ends:
                size += len(piece)
                watch(piece)
                yield _raw(offset, size, b"".join([*parts, piece]) if parts else piece, limit)
                offset, size, parts = offset + size + 1, 0, []
            size += len(rest)
            watch(rest)
            if rest and size <= limit + _CHUNK:
                parts.append(rest)
    except (DecompressionError, EOFError) as error:
        if offset + size == first:
            raise DataError(f"{name}: cannot be decompressed: {error}; expected {expected}") from error
        yield RawLine(offset, size, b"".join(parts) if size <= limit else b"", f"{BREAK}{error}")
        return
    if size:
        yield _raw(offset, size, b"".join(parts), limit)


def _raw(offset: int, size: int, content: bytes, limit: int) -> RawLine:
    if size > limit:
        return RawLine(offset, size, b"", f"a line of {size} bytes, over {limit}")
    return RawLine(offset, size, content)


def _until(lines: Iterable[RawLine], start: int, end: int) -> Iterator[RawLine]:
    """Yields the lines that begin in [start, end)."""
    for line in lines:
        if line.offset >= end:
            return
        if line.offset >= start:
            yield line


def _parsed(offset: int, raw: bytes) -> Line:
    try:
        text = raw.removeprefix(_BOM).decode("utf-8", "surrogatepass")  # json would guess the encoding of bytes
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
    except RecursionError:
        return Line(offset, len(raw), {}, _TOO_DEEP)
    except ValueError as error:  # not JSON, or not UTF-8
        return Line(offset, len(raw), {}, str(error)[:200])
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and is_deep(value):
        return Line(offset, len(raw), {}, _TOO_DEEP)
    if not isinstance(value, dict):
        return Line(offset, len(raw), {}, f"found a JSON {type(value).__name__}, expected an object")
    return Line(offset, len(raw), value)


def is_deep(value: Any) -> bool:
    """Returns True if the lists and objects of a value from a JSON Lines file are nested more than MAX_DEPTH deep."""
    inside = [value]
    for _ in range(MAX_DEPTH):
        if not inside:
            return False
        inside = [
            one
            for outer in inside
            if isinstance(outer, list | dict)
            for one in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return any(isinstance(one, list | dict) for one in inside)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Returns the object. Raises ValueError if a key occurs twice, because readers differ in which value they use."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(f"the key {twice[:100]!r} occurs twice")
    return found


def _no_number(constant: str) -> None:
    """Replaces NaN and infinities, which are not JSON, by null."""
    return None


def _plain(file: IO[bytes]) -> Iterator[bytes]:
    while data := file.read(_CHUNK):
        yield data


def is_packed(magic: bytes) -> bool:
    """Returns True if a JSON Lines file with these first bytes is compressed with gzip or zstd."""
    return format_of(magic) in _FORMATS


def content_head(file: IO[bytes], head: bytes, size: int) -> bytes:
    """Returns the first `size` bytes of a file's content, decompressed. Rewinds the file.

    head: the first `size` bytes of the file. If its content is damaged, the result is what precedes the damage.
    """
    format = format_of(head)
    if format not in _FORMATS:
        return head
    file.seek(0)
    try:
        return Decompressed(file, format, window=LONGEST_WINDOW).read(size)
    except DecompressionError:
        return b""
    finally:
        file.seek(0)


def refuse_others(magic: bytes, name: str, expected: str) -> None:
    """Raises DataError if the first ten bytes are of a known format without JSON Lines: all its lines would be bad."""
    found = next((kind for start, kind in _OTHERS.items() if magic.startswith(start)), "")
    if magic.startswith(b"BZh") and magic[4:10] in _BZIP2_BLOCKS:
        found = "compressed with bzip2"
    if found:
        raise DataError(f"{name}: is {found}, expected {expected}; convert it, or leave it out of paths")


def chunks(file: Readable) -> Iterator[bytes]:
    """Yields the bytes of a JSON Lines or CSV file, decompressed.

    Several gzip members or zstd frames are read one after the other.
    """
    data = file.read(_CHUNK)
    format = format_of(data)
    if format in _FORMATS:
        file = Decompressed(file, format, data, window=LONGEST_WINDOW)
        data = file.read(_CHUNK)
    while data:
        yield data
        data = file.read(_CHUNK)
