"""Lines of a JSON Lines file, compressed or not, with their places; damaged spans are reported, not skipped."""

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

_FORMATS = (Format.GZIP, Format.ZSTD)
_BOM = b"\xef\xbb\xbf"
_CHUNK = 1 << 18
MAX_DEPTH = 500
"""Lists and objects inside one another. What Python can read or write hangs on how deep its own stack is just then."""
_TOO_DEEP = f"lists or objects more than {MAX_DEPTH} deep"

_BZIP2_BLOCKS = (b"\x31\x41\x59\x26\x53\x59", b"\x17\x72\x45\x38\x50\x90")  # the first block, or the end of none
_OTHERS = {
    b"\xfd7zXZ": "compressed with xz",
    b"FEA1\x00": "of version 1 of Feather",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
}


BREAK = "the compressed file breaks here: "
"""The problem of the place where a compressed file breaks begins so."""


class RawLine(NamedTuple):
    """One line: byte offset and length in the decompressed file, its bytes unless something is wrong with it.

    Where a compressed file breaks, content is what was read of the last line.
    """

    offset: int
    length: int
    content: bytes
    problem: str = ""


class Line(NamedTuple):
    """One line that is not blank: byte offset and length in the decompressed file, and its object, or what is wrong."""

    offset: int
    length: int
    value: dict[str, Any]
    problem: str = ""


def read_lines(file: Readable, name: str, limit: int) -> Iterator[Line]:
    """The lines in order.

    A line over `limit` bytes, or one that is no JSON object, has a problem; so has the place where a compressed file
    breaks, behind which nothing can be read. Raises DataError if nothing of the file can be decompressed.
    """
    return parsed(raw_lines(chunks(file), name, limit, expected="JSON Lines"))


def read_lines_between(file: IO[bytes], name: str, limit: int, start: int, end: int) -> Iterator[Line]:
    """The lines of a file that is not compressed that begin in [start, end); what lies before is not read."""
    first = max(0, start - 1)  # the byte before a line is a line feed
    file.seek(first)
    lines = raw_lines(_plain(file), name, limit, expected="JSON Lines", first=first)
    return parsed(_until(lines, start, end))


def parsed(lines: Iterable[RawLine]) -> Iterator[Line]:
    """The objects of lines that are not blank."""
    for line in lines:
        if line.problem:
            yield from _with_whole_object(line)
        elif line.content.strip():
            yield _parsed(line.offset, line.content)


def _with_whole_object(line: RawLine) -> Iterator[Line]:
    """The line; if it is a whole object, and only the file breaks behind it, the object and then the break."""
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
    """Lines out of pieces of a file, without their line feeds; of one over `limit` bytes only the place is given.

    first: the offset where the pieces begin. watch: sees all bytes of a line before the line is given. Raises DataError
    if what unpacks them breaks before the end of a line.
    """
    offset, size, parts = first, 0, list[bytes]()  # of the line under way: where it begins, bytes so far, bytes kept
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
    """Those that begin in [start, end). The first line of all belongs to what begins at 0."""
    for line in lines:
        if line.offset >= end:
            return
        if line.offset >= start:
            yield line


def _parsed(offset: int, raw: bytes) -> Line:
    try:
        text = raw.removeprefix(_BOM).decode("utf-8", "surrogatepass")  # of bytes, json would guess line by line
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
    """True if JSON's lists and objects are nested more than MAX_DEPTH deep."""
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
    """The object, if no key of it occurs twice: else which of the values counts would hang on who reads it."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(f"the key {twice[:100]!r} occurs twice")
    return found


def _no_number(said: str) -> None:
    """NaN and infinities are no JSON."""
    return None


def _plain(file: IO[bytes]) -> Iterator[bytes]:
    while data := file.read(_CHUNK):
        yield data


def is_packed(magic: bytes) -> bool:
    """True for the first bytes of a file compressed with gzip or zstd."""
    return format_of(magic) in _FORMATS


def refuse_others(magic: bytes, name: str, expected: str) -> None:
    """DataError for the first ten bytes of a file that is known, but cannot be read: its lines would all be bad."""
    found = next((kind for start, kind in _OTHERS.items() if magic.startswith(start)), "")
    if magic.startswith(b"BZh") and magic[4:10] in _BZIP2_BLOCKS:
        found = "compressed with bzip2"
    if found:
        raise DataError(f"{name}: is {found}, expected {expected}; convert it, or leave it out of paths")


def chunks(file: Readable) -> Iterator[bytes]:
    """The file's bytes, decompressed; several gzip members or zstd frames follow one another."""
    data = file.read(_CHUNK)
    format = format_of(data)
    if format in _FORMATS:
        file = Decompressed(file, format, data)
        data = file.read(_CHUNK)
    while data:
        yield data
        data = file.read(_CHUNK)
