"""Lines of a JSON Lines file, compressed or not, with their places; damaged spans are reported, not skipped."""

import json
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import zstandard

from tokenmill.core.errors import DataError

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_CHUNK = 1 << 18
_PACKED_CHUNK = 1 << 14  # what it unpacks to is lost if it turns out damaged


class Readable(Protocol):
    """What can be read piece by piece: a file, or what reads like one."""

    def read(self, size: int, /) -> bytes: ...


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
    offset, size, parts = 0, 0, list[bytes]()  # of the line under way: where it begins, bytes so far, bytes kept
    try:
        for chunk in chunks(file):
            *ends, rest = chunk.split(b"\n")
            for piece in ends:
                size += len(piece)
                yield from _line(offset, size, b"".join([*parts, piece]) if parts else piece, limit)
                offset, size, parts = offset + size + 1, 0, []
            size += len(rest)
            if rest and size <= limit + _CHUNK:
                parts.append(rest)
    except (zlib.error, zstandard.ZstdError, EOFError) as error:
        if offset + size == 0:
            raise DataError(f"{name}: cannot be decompressed: {error}; expected JSON Lines") from error
        yield Line(offset, size, {}, f"the compressed file breaks here: {error}")
        return
    yield from _line(offset, size, b"".join(parts), limit)


def _line(offset: int, size: int, raw: bytes, limit: int) -> Iterator[Line]:
    if size > limit:
        yield Line(offset, size, {}, f"a line of {size} bytes, over {limit}")
    elif raw.strip():
        yield _parsed(offset, raw)


def _parsed(offset: int, raw: bytes) -> Line:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:  # ValueError: not JSON, or not UTF-8
        return Line(offset, len(raw), {}, str(error)[:200])
    if not isinstance(value, dict):
        return Line(offset, len(raw), {}, f"found a JSON {type(value).__name__}, expected an object")
    return Line(offset, len(raw), value)


def chunks(file: Readable) -> Iterator[bytes]:
    """The file's bytes, decompressed; several gzip members or zstd frames follow one another."""
    packed = file.read(_PACKED_CHUNK)
    if not packed.startswith((_GZIP, _ZSTD)):
        while packed:
            yield packed
            packed = file.read(_CHUNK)
        return
    while packed:
        inflater = _inflater(packed)
        while not inflater.eof:
            if not packed:
                raise EOFError("it ends too early")
            for begin in range(0, len(packed), 2048):  # a chunk of zstd may grow 30,000 times
                yield inflater.decompress(packed[begin : begin + 2048])
                if inflater.eof:
                    packed = inflater.unused_data + packed[begin + 2048 :]
                    break
            else:
                packed = file.read(_PACKED_CHUNK)
        packed = packed or file.read(_PACKED_CHUNK)


def _inflater(packed: bytes) -> Any:
    return zlib.decompressobj(31) if packed.startswith(_GZIP) else zstandard.ZstdDecompressor().decompressobj()
