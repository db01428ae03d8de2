"""Unpacks the content of one member of a zip archive in pieces of bounded size, for all packing methods.

Python's zipfile bounds its output only for deflate: 625 bytes of bzip2 became 800 MB in memory, and the head of an LZMA
stream could ask for 4 GB.
"""

import struct
from collections.abc import Callable, Iterator
from typing import IO

from tokenmill.core.io.compression import Decompressor, Format, decoder, lzma_decoder
from tokenmill.stages.code.zip_directory import HEADER_BYTES, Entry

_CHUNK = 1 << 16
_LZMA_HEAD = struct.Struct("<2xH5s")  # version (skipped), size of the properties, the properties
_PATCHED = 0x20  # flag of a member that is a patch for another file


def member_chunks(file: IO[bytes], entry: Entry, wanted: int) -> Iterator[bytes]:
    """Yields the first `wanted` unpacked bytes of a zip archive's member.

    Raises EOFError or another of UNPACKING_ERRORS for damage.
    """
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
    """Returns the number of bytes between a member's header and its content: the name and extra fields.

    Raises EOFError if there is no header, or if its name differs from the name in the directory.
    """
    file.seek(entry.offset)
    header = file.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES or not header.startswith(b"PK\x03\x04"):
        raise EOFError("there is no member at the place that the directory states")
    name_bytes, extra_bytes = struct.unpack_from("<2H", header, 26)
    name = file.read(name_bytes)
    if name != entry.name:
        raise EOFError(f"it is called {entry.name[:80]!r} in the directory and {name[:80]!r} in its header")
    return int(name_bytes + extra_bytes)


class _Stored:
    """A decompressor that returns its input unchanged."""

    needs_input, eof, unused_data = True, False, b""

    def decompress(self, data: bytes, limit: int) -> bytes:
        return data[:limit]


def _lzma(file: IO[bytes], wanted: int) -> tuple[Decompressor, int]:
    """Returns (a decoder, size of the stream's head in bytes)."""
    head = file.read(_LZMA_HEAD.size)
    if len(head) < _LZMA_HEAD.size:
        raise EOFError("the head of an LZMA stream is truncated")
    size, settings = _LZMA_HEAD.unpack(head)
    if size != 5:
        raise EOFError(f"the head of an LZMA stream has {size} bytes of properties, expected 5")
    return lzma_decoder(settings, wanted), len(head)


# By packing method: a function that returns a decoder and the number of packed bytes that it has read.
_DECODERS: dict[int, Callable[[IO[bytes], int], tuple[Decompressor, int]]] = {
    0: lambda file, wanted: (Decompressor(_Stored()), 0),
    8: lambda file, wanted: (decoder(Format.DEFLATE), 0),
    12: lambda file, wanted: (decoder(Format.BZ2), 0),
    14: _lzma,
}
