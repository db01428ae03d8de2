"""Decompression of gzip, zlib, deflate, bzip2, xz, LZMA and zstd with bounded memory, whatever the input is.

A decoder decompresses one stream: a gzip member, a bzip2 or xz stream, a zstd frame. `Decompressed` reads a file of
streams; `decompress` and `decompress_prefix` take bytes in memory. Damaged input raises DecompressionError, after the
output of all steps before the damaged one was returned. The output of a step never exceeds its limit, and each format
has a limit on its window.
"""

import bz2
import io
import lzma
import re
import sys
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

import zstandard
from isal import igzip_lib

from tokenmill.core.io.gzip_member import GzipMember
from tokenmill.core.io.zstd_frame import LONGEST_WINDOW, MAX_WINDOW, SKIPPABLE, WindowError, ZstdFrame

MAX_MEMORY = 192 << 20
"""Largest memory of an xz or LZMA decoder in bytes. Files of `xz -9` need 65 MiB."""

MAGIC_BYTES = 6
"""Number of bytes that format_of needs."""

_LEAST_STEP, _STEP = 128, 2048  # input bytes per step, at least and at most; damage loses the output of its step
_STEPS = 16  # a step is at most 1/16 of the input before it, so that damage loses little of a small file
_ISAL_OUTPUT = 1 << 16  # output bytes per call: ISA-L allocates the whole limit, and is slow with a larger one
_CHUNK = 1 << 17  # bytes read from a file at once; most zstd blocks fit in, and are then decoded in one call
_ZEROS = re.compile(rb"\0*")
_BOMB_BYTES, _BOMB_GROWTH = 64 << 20, 200
_LZMA_MIN = 1 << 12  # bytes: the smallest dictionary of LZMA
_ISAL_ERROR: type[Exception] = igzip_lib.error  # type: ignore[assignment]  # the stub declares an instance
_ERRORS = (OSError, EOFError, ValueError, lzma.LZMAError, zstandard.ZstdError, _ISAL_ERROR)


class DecompressionError(Exception):
    """Compressed bytes are damaged, cut off, or too large when decompressed. The message says which."""


class Format(StrEnum):
    """A compressed format. magic: first bytes of each stream, b"" if the format has none. stream: noun for messages."""

    GZIP = "gzip"
    BZ2 = "bz2"
    XZ = "xz"
    ZSTD = "zstd"
    ZLIB = "zlib"
    DEFLATE = "deflate"

    @property
    def magic(self) -> bytes:
        return _MAGICS.get(self, b"")

    @property
    def stream(self) -> str:
        return {"gzip": "gzip member", "zstd": "zstd frame"}.get(self, f"{self} stream")


_MAGICS = {Format.GZIP: b"\x1f\x8b", Format.BZ2: b"BZh", Format.XZ: b"\xfd7zXZ\0", Format.ZSTD: b"\x28\xb5\x2f\xfd"}
_ISAL_FLAGS = {
    Format.ZLIB: igzip_lib.DECOMP_ZLIB,
    Format.DEFLATE: igzip_lib.DECOMP_DEFLATE,
}


def format_of(start: bytes) -> Format | None:
    """Returns the compression format of a file that starts with these bytes, or None if it is not a known one."""
    if SKIPPABLE.match(start):  # files of pzstd start with such a frame
        return Format.ZSTD
    return next((format for format, magic in _MAGICS.items() if start.startswith(magic)), None)


def growth_limit(packed_bytes: int) -> int:
    """Returns the size above which a compressed stream of `packed_bytes` is a bomb: 200 times, at least 64 MiB."""
    return max(_BOMB_BYTES, _BOMB_GROWTH * packed_bytes)


class Decompressor:
    """Decompresses one stream.

    inner: a decompressor with the interface of Python's bz2 and lzma: it limits its output and keeps unused input.
    most: largest output of a call in bytes, whatever the limit of the call is.
    """

    def __init__(self, inner: Any, most: int = sys.maxsize) -> None:
        self.inner, self.most, self.fed = inner, most, 0

    @property
    def eof(self) -> bool:
        """True if the stream is complete and all of its content was returned."""
        return bool(self.inner.eof)

    @property
    def needs_input(self) -> bool:
        """True if there is no more output without more input."""
        return bool(self.inner.needs_input)

    @property
    def unused(self) -> bytes:
        """The input after the end of the stream; valid once eof is true."""
        return bytes(self.inner.unused_data)

    @property
    def taken(self) -> int:
        """Length of the compressed stream once eof is true; before that the number of bytes fed."""
        return self.fed - len(self.inner.unused_data)

    def feed(self, data: bytes | memoryview, limit: int = -1) -> bytes:
        """Returns the next bytes of the content, at most `limit`, or -1 for no limit; b"" if none are ready yet.

        data: the next bytes of the stream; must be b"" unless needs_input. Raises DecompressionError for damage; the
        output of the failed call is lost.
        """
        self.fed += len(data)
        try:
            given: bytes = self.inner.decompress(data, min(limit, self.most))
        except _ERRORS as error:
            raise DecompressionError(str(error)) from error
        return given


def decoder(format: Format, *, dictionary: bytes = b"", window: int = MAX_WINDOW) -> Decompressor:
    """Returns a decoder for one compressed stream.

    dictionary: a zstd dictionary; DecompressionError if it is not valid. window: largest window of a zstd frame in
    bytes. One above MAX_WINDOW raises WindowError if memory does not suffice for it. Default MAX_WINDOW.
    """
    if format is Format.ZSTD:
        try:
            return Decompressor(ZstdFrame(dictionary, window))
        except zstandard.ZstdError as error:
            raise DecompressionError(str(error)) from error
    if format is Format.BZ2:
        return Decompressor(bz2.BZ2Decompressor())
    if format is Format.XZ:
        return Decompressor(lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MAX_MEMORY))
    if format is Format.GZIP:
        return Decompressor(GzipMember(), _ISAL_OUTPUT)
    return Decompressor(igzip_lib.IgzipDecompressor(flag=_ISAL_FLAGS[format]), _ISAL_OUTPUT)  # twice as fast as zlib


def quick_gzip_decoder() -> Decompressor:
    """Returns a faster decoder for one gzip member. If the trailer is damaged, it loses output that decoder() returns.

    It computes the checksum while it decompresses, so it takes about 15 % less time.
    """
    return Decompressor(igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP))


def lzma_decoder(settings: bytes, size: int) -> Decompressor:
    """Returns a decoder for LZMA without a container.

    settings: the five bytes of its properties. size: number of bytes of the content that are needed. Raises
    DecompressionError for invalid settings, or a dictionary of more than MAX_MEMORY.
    """
    packed, dictionary = settings[0], int.from_bytes(settings[1:5], "little")
    if packed >= 9 * 5 * 5 or dictionary > MAX_MEMORY:
        raise DecompressionError(
            f"the header of an LZMA stream asks for {dictionary} bytes, expected at most {MAX_MEMORY}"
        )
    filters = {
        "id": lzma.FILTER_LZMA1,
        "lc": packed % 9,
        "lp": packed // 9 % 5,
        "pb": packed // 45,
        "dict_size": max(_LZMA_MIN, min(dictionary, size)),  # no reference reaches back beyond the start
    }
    try:
        return Decompressor(lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[filters]))
    except lzma.LZMAError as error:  # lc + lp must be at most 4
        raise DecompressionError(str(error)) from error


class Readable(Protocol):
    """A file, or another object with read(size)."""

    def read(self, size: int, /) -> bytes: ...


class Decompressed:
    """File object for the content of a file's streams, which follow each other, with optional zeros after each.

    start: bytes that were already read from the file. window: as of decoder(). read() raises
    DecompressionError at a stream that is damaged or cut off, and at bytes that are not a stream of the same format,
    WindowError at one for which memory does not suffice.
    """

    def __init__(self, file: Readable, format: Format, start: bytes = b"", *, window: int = MAX_WINDOW) -> None:
        self.file, self.format, self.window = file, format, window
        self.decoder = decoder(format, window=window)
        self.held, self.at, self.fed, self.next_step = start, 0, 0, _LEAST_STEP
        self.damage: DecompressionError | None = None

    def read(self, size: int) -> bytes:
        """Returns the next `size` bytes, fewer only before damage and at the end."""
        parts, room = list[bytes](), size
        try:
            while room > 0 and not self.damage and (part := self._some(room)):
                parts.append(part)
                room -= len(part)
        except DecompressionError as error:
            self.damage = error  # bytes before the damage are returned first
        if self.damage and not parts:
            raise self.damage
        return b"".join(parts)

    def _some(self, size: int) -> bytes:
        while True:
            if self.decoder.eof:
                if not self._begins_another():
                    return b""
                self.decoder = decoder(self.format, window=self.window)
            step = self._step() if self.decoder.needs_input else b""
            if data := self.decoder.feed(step, size):
                return data

    def _step(self) -> memoryview:
        if self.at == len(self.held):
            self.held, self.at = self.file.read(_CHUNK), 0
            if not self.held:
                raise DecompressionError(f"the file ends inside a {self.format.stream}")
        size = _CHUNK if self.format is Format.ZSTD else self.next_step  # zstd has its own blocks
        step = memoryview(self.held)[self.at : self.at + size]
        self.at += len(step)
        if self.next_step < _STEP:
            self.fed += len(step)
            self.next_step = min(max(_LEAST_STEP, self.fed // _STEPS), _STEP)
        return step

    def _begins_another(self) -> bool:
        self.at -= len(self.decoder.unused)  # they are the end of the last step
        while (end := _zeros_end(self.held, self.at)) == len(self.held):
            self.held, self.at = self.file.read(_CHUNK), 0
            if not self.held:
                return False
        self.at = end
        while len(self.held) < end + MAGIC_BYTES and (more := self.file.read(_CHUNK)):
            self.held += more
        start = self.held[end : end + MAGIC_BYTES]
        if format_of(start) is not self.format:
            raise DecompressionError(f"a {self.format.stream} is followed by {start!r}, not by another one")
        return True


def _zeros_end(data: bytes, at: int) -> int:
    zeros = _ZEROS.match(data, at)
    return zeros.end() if zeros else at


def decompress(data: bytes, format: Format, limit: int) -> bytes:
    """Returns the decompressed content of all streams in `data`.

    Raises DecompressionError if it has more than `limit` bytes.
    """
    file = Decompressed(io.BytesIO(data), format)
    parts, room = list[bytes](), limit + 1
    while room and (part := file.read(room)):
        parts.append(part)
        room -= len(part)
    if not room:
        raise DecompressionError(f"it has more than {limit:,} bytes when decompressed")
    return b"".join(parts)


def compression_damage(path: str) -> str:
    """Returns what is wrong with the compressed streams of a local file; "" if they are sound, or it has none.

    Also returns "" if nothing at all can be decompressed, because the file may need a dictionary. Reads the whole file.
    """
    with open(path, "rb") as file:
        start = file.read(MAGIC_BYTES)
        if (format := format_of(start)) is None:
            return ""
        content, given = Decompressed(file, format, start, window=LONGEST_WINDOW), 0
        try:
            while part := content.read(_CHUNK):
                given += len(part)
        except DecompressionError as error:
            return str(error) if given else ""
        except WindowError:  # another decoder of this file has the memory
            return ""
    return ""


class Prefix(NamedTuple):
    """The start of a content. whole: False if the input ended inside a stream before the limit was reached."""

    data: bytes
    whole: bool


def decompress_prefix(data: bytes, format: Format, limit: int) -> Prefix:
    """Returns the first `limit` bytes of the decompressed content of the streams at the start of `data`.

    Ignores other bytes.
    """
    content = memoryview(data)
    parts, at, room, whole = list[bytes](), 0, limit, True
    while at < len(content) and room and whole:
        if at and not bytes(content[at : at + MAGIC_BYTES]).startswith(format.magic):
            break
        stream = decoder(format)
        for part in _given(stream, content[at:], room):
            parts.append(part)
            room -= len(part)
        whole = stream.eof or not room
        at = at + stream.taken if format.magic else len(content)
    return Prefix(b"".join(parts), whole)


def _given(stream: Decompressor, data: memoryview, room: int) -> Iterator[bytes]:
    """Yields the output of a decoder for the data, at most `room` bytes in all.

    The steps grow: what follows a short stream is not copied for it.
    """
    at, step = 0, _LEAST_STEP
    while room and not stream.eof:
        piece = data[:0]
        if stream.needs_input:
            if at >= len(data):
                return
            piece, at, step = data[at : at + step], at + step, min(2 * step, _CHUNK)
        part = stream.feed(piece, room)
        yield part
        room -= len(part)
