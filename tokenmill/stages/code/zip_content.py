"""The content of one member of a zip archive, unpacked in bounded pieces whatever its packing.

Python's zipfile bounds what it unpacks for deflate alone: 625 bytes of bzip2 were 800 MB in memory, and the head of an
LZMA stream could ask for 4 GB.
"""

import struct
from collections.abc import Callable, Iterator
from typing import IO

from tokenmill.core.io.compression import Decompressor, Format, decoder, lzma_decoder
from tokenmill.stages.code.zip_directory import HEADER_BYTES, Entry

_CHUNK = 1 << 16
_LZMA_HEAD = struct.Struct("<2xH5s")  # a version, bytes of properties, the properties
_PATCHED = 0x20


def member_chunks(file: IO[bytes], entry: Entry, wanted: int) -> Iterator[bytes]:
    """The first `wanted` bytes of a member. Raises EOFError, or one of UNPACKING_ERRORS, where it is damaged."""
    start = entry.offset + HEADER_BYTES + _lengths(file, entry)
    file.seek(start)
    if entry.method not in _DECODERS or entry.flags & _PATCHED:
        raise EOFError(f"a member packed by the method {entry.method}, which cannot be read")
    stream, head = _DECODERS[entry.method](file, wanted)
    left = entry.packed - head
    while wanted:
        packed = b""
        if stream.needs_input:
            packed = file.read(max(0, min(left, _CHUNK)))
            left -= len(packed)
        if stream.eof or (stream.needs_input and not packed):
            raise EOFError(f"a member that ends {wanted} bytes too early")
        data = stream.feed(packed, wanted)
        wanted -= len(data)
        yield data


def _lengths(file: IO[bytes], entry: Entry) -> int:
    """Bytes of what follows a member's header: the name, which must be the directory's, and more fields."""
    file.seek(entry.offset)
    header = file.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES or not header.startswith(b"PK\x03\x04"):
        raise EOFError("no member lies where the directory says")
    name_bytes, extra_bytes = struct.unpack_from("<2H", header, 26)
    name = file.read(name_bytes)
    if name != entry.name:
        raise EOFError(f"it is called {entry.name[:80]!r} in the directory and {name[:80]!r} in its header")
    return int(name_bytes + extra_bytes)


class _Stored:
    """Gives back what it gets, in the manner of a decompressor."""

    needs_input, eof, unused_data = True, False, b""

    def decompress(self, data: bytes, limit: int) -> bytes:
        return data[:limit]


def _lzma(file: IO[bytes], wanted: int) -> tuple[Decompressor, int]:
    """A decoder, and the bytes of the stream's head."""
    head = file.read(_LZMA_HEAD.size)
    if len(head) < _LZMA_HEAD.size:
        raise EOFError("the head of an LZMA stream is cut short")
    size, settings = _LZMA_HEAD.unpack(head)
    if size != 5:
        raise EOFError(f"the head of an LZMA stream has {size} bytes of properties, expected 5")
    return lzma_decoder(settings, wanted), len(head)


_DECODERS: dict[int, Callable[[IO[bytes], int], tuple[Decompressor, int]]] = {
    0: lambda file, wanted: (Decompressor(_Stored()), 0),
    8: lambda file, wanted: (decoder(Format.DEFLATE), 0),
    12: lambda file, wanted: (decoder(Format.BZ2), 0),
    14: _lzma,
}
