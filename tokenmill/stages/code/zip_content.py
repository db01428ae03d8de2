"""The content of one member of a zip archive, unpacked in bounded pieces whatever its packing.

Python's zipfile bounds what it unpacks for deflate alone: 625 bytes of bzip2 were 800 MB in memory, and the head of an
LZMA stream could ask for 4 GB.
"""

import bz2
import lzma
import struct
from collections.abc import Callable, Iterator
from typing import IO, Any

from isal import igzip_lib

from tokenmill.stages.code.archive_members import UNPACKING_MEMORY
from tokenmill.stages.code.zip_directory import HEADER_BYTES, Entry

_CHUNK = 1 << 16
_LZMA_HEAD = struct.Struct("<2xHBL")
_LZMA_MIN = 1 << 12  # bytes: the least that a dictionary may be
_PATCHED = 0x20


def pieces(file: IO[bytes], entry: Entry, wanted: int) -> Iterator[bytes]:
    """The first `wanted` bytes of a member. Raises EOFError, or one of UNPACKING_ERRORS, where it is damaged."""
    start = entry.offset + HEADER_BYTES + _lengths(file, entry)
    file.seek(start)
    if entry.method not in _INFLATERS or entry.flags & _PATCHED:
        raise EOFError(f"a member packed by the method {entry.method}, which cannot be read")
    inflater, head = _INFLATERS[entry.method](file, wanted)
    left = entry.packed - head
    while wanted:
        packed = b""
        if inflater.needs_input:
            packed = file.read(max(0, min(left, _CHUNK)))
            left -= len(packed)
        if inflater.eof or (inflater.needs_input and not packed):
            raise EOFError(f"a member that ends {wanted} bytes too early")
        data: bytes = inflater.decompress(packed, max_length=wanted)
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
    """Gives back what it gets, as a decompressor does."""

    needs_input, eof = True, False

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return data[:max_length]


def _lzma(file: IO[bytes], wanted: int) -> tuple[Any, int]:
    """A decompressor, and the bytes of the stream's head."""
    head = file.read(_LZMA_HEAD.size)
    if len(head) < _LZMA_HEAD.size:
        raise EOFError("the head of an LZMA stream is cut short")
    size, packed, dictionary = _LZMA_HEAD.unpack(head)
    if size != 5 or packed >= 9 * 5 * 5 or dictionary > UNPACKING_MEMORY:
        raise EOFError(f"the head of an LZMA stream asks for {dictionary} bytes, expected at most {UNPACKING_MEMORY}")
    settings = {
        "id": lzma.FILTER_LZMA1,
        "lc": packed % 9,
        "lp": packed // 9 % 5,
        "pb": packed // 45,
        # nothing looks back farther than to the start
        "dict_size": max(_LZMA_MIN, min(dictionary, wanted)),
    }
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[settings]), len(head)


_INFLATERS: dict[int, Callable[[IO[bytes], int], tuple[Any, int]]] = {
    0: lambda file, wanted: (_Stored(), 0),
    8: lambda file, wanted: (igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_DEFLATE), 0),
    12: lambda file, wanted: (bz2.BZ2Decompressor(), 0),
    14: _lzma,
}
