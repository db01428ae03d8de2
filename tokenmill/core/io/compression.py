"""Bounded decompression: gzip, zlib, deflate, bzip2, xz, LZMA and zstd in memory that the input cannot choose.

A decoder decompresses one stream: a gzip member, a bzip2 or xz stream, a zstd frame. `Decompressed` reads a file of
streams; `decompress` and `decompress_prefix` take bytes that are in memory. Damage is a DecompressionError, and the
output of all steps before the one that failed was given by then. A step that is given a limit keeps to it, and
each format has a bound on its window.
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

MAX_WINDOW = 128 << 20
"""Bytes that a zstd frame may look back: `zstd --long=27`."""

MAX_MEMORY = 192 << 20
"""Bytes that an xz or LZMA decoder may take: `xz -9` takes 65 MiB."""

MAGIC_BYTES = 6
"""Bytes of a file that are enough for format_of."""

_LEAST_STEP, _STEP = 128, 2048  # bytes of a file fed at once: damage loses what they give
_STEPS = 16  # a step is one part in so many of what was fed before, so that damage loses little of a small file
_ISAL_OUTPUT = 1 << 16  # bytes given at once: ISA-L takes memory for all that it may give, and is slow with more
_CHUNK = 1 << 17  # bytes read from a file at once: a zstd block fits in most cases, and is then decoded in one call
_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")
_ZEROS = re.compile(rb"\0*")
_BOMB_BYTES, _BOMB_GROWTH = 64 << 20, 200
_LZMA_MIN = 1 << 12  # bytes: the smallest dictionary that LZMA has
_ISAL_ERROR: type[Exception] = igzip_lib.error  # type: ignore[assignment]  # its stub has an instance
_ERRORS = (OSError, EOFError, ValueError, lzma.LZMAError, zstandard.ZstdError, _ISAL_ERROR)


class DecompressionError(Exception):
    """Compressed bytes are damaged, cut off, or too large when decompressed. The message says which."""


class Format(StrEnum):
    """A compressed format. `magic`: the bytes that begin a stream, b"" if none do. `stream`: the noun for messages."""

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
    """The format of a file that begins with these bytes; None if it is not compressed, or not in a known format."""
    if _SKIPPABLE.match(start):  # pzstd begins with such a frame
        return Format.ZSTD
    return next((format for format, magic in _MAGICS.items() if start.startswith(magic)), None)


def growth_limit(packed_bytes: int) -> int:
    """Decompressed bytes beyond which a stream of `packed_bytes` is a bomb: 200 times as many, and 64 MiB at least."""
    return max(_BOMB_BYTES, _BOMB_GROWTH * packed_bytes)


class Decompressor:
    """Decompresses one stream.

    inner: what does the work, in the manner of Python's bz2 and lzma: it bounds its output, and keeps its input. most:
    bytes given at once, whatever the limit.
    """

    def __init__(self, inner: Any, most: int = sys.maxsize) -> None:
        self.inner, self.most, self.fed = inner, most, 0

    @property
    def eof(self) -> bool:
        """True if the stream is complete, and all its bytes were given."""
        return bool(self.inner.eof)

    @property
    def needs_input(self) -> bool:
        """True if nothing more can be given without more of the stream."""
        return bool(self.inner.needs_input)

    @property
    def unused(self) -> bytes:
        """Once eof is true: the input behind the stream."""
        return bytes(self.inner.unused_data)

    @property
    def taken(self) -> int:
        """Once eof is true: the length of the compressed stream. Before that: bytes that were fed."""
        return self.fed - len(self.inner.unused_data)

    def feed(self, data: bytes | memoryview, limit: int = -1) -> bytes:
        """The next bytes, at most `limit`, or all that the data gives if limit is -1; b"" if no bytes are ready yet.

        data: the next bytes of the stream, b"" unless needs_input. Raises DecompressionError for damage; what the
        failed call would have given is lost.
        """
        self.fed += len(data)
        try:
            given: bytes = self.inner.decompress(data, min(limit, self.most))
        except _ERRORS as error:
            raise DecompressionError(str(error)) from error
        return given


def decoder(format: Format, *, dictionary: bytes = b"") -> Decompressor:
    """A decoder for one stream. dictionary: of zstd; raises DecompressionError if it is not one."""
    if format is Format.ZSTD:
        return Decompressor(_ZstdFrame(dictionary))
    if format is Format.BZ2:
        return Decompressor(bz2.BZ2Decompressor())
    if format is Format.XZ:
        return Decompressor(lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MAX_MEMORY))
    if format is Format.GZIP:
        return Decompressor(GzipMember(), _ISAL_OUTPUT)
    return Decompressor(igzip_lib.IgzipDecompressor(flag=_ISAL_FLAGS[format]), _ISAL_OUTPUT)  # twice as fast as zlib


def lzma_decoder(settings: bytes, size: int) -> Decompressor:
    """A decoder for LZMA without a container. settings: its five bytes. size: how many bytes of the content are wanted.

    Raises DecompressionError for settings that LZMA does not have, or a dictionary of more than MAX_MEMORY.
    """
    packed, dictionary = settings[0], int.from_bytes(settings[1:5], "little")
    if packed >= 9 * 5 * 5 or dictionary > MAX_MEMORY:
        raise DecompressionError(
            f"the head of an LZMA stream asks for {dictionary} bytes, expected at most {MAX_MEMORY}"
        )
    filters = {
        "id": lzma.FILTER_LZMA1,
        "lc": packed % 9,
        "lp": packed // 9 % 5,
        "pb": packed // 45,
        "dict_size": max(_LZMA_MIN, min(dictionary, size)),  # nothing looks back farther than to the start
    }
    try:
        return Decompressor(lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[filters]))
    except lzma.LZMAError as error:  # lc + lp may be 4 at most
        raise DecompressionError(str(error)) from error


class _ZstdFrame:
    """A frame, or a skippable one, in the manner of bz2.

    The library does not bound what a call gives. So a call gets one block at most, which gives 128 KiB at most; damage
    loses that block and no other. Source: RFC 8878, 3.1.
    """

    def __init__(self, dictionary: bytes) -> None:
        try:
            words = zstandard.ZstdCompressionDict(dictionary) if dictionary else None
            self.frame = zstandard.ZstdDecompressor(dict_data=words, max_window_size=MAX_WINDOW).decompressobj()
        except zstandard.ZstdError as error:
            raise DecompressionError(str(error)) from error
        self.packed, self.given = memoryview(b""), b""
        self.left = 0  # bytes up to the end of the current block
        self.begun, self.last, self.starved = False, False, True

    @property
    def eof(self) -> bool:
        return bool(self.frame.eof) and not self.given

    @property
    def needs_input(self) -> bool:
        return self.starved and not self.eof

    @property
    def unused_data(self) -> bytes:
        return bytes(self.frame.unused_data) + bytes(self.packed) if self.frame.eof else b""

    def decompress(self, data: bytes | memoryview, limit: int) -> bytes:
        self.packed = (
            memoryview(bytes(self.packed) + bytes(data)) if self.packed and data else self.packed or memoryview(data)
        )
        self.starved = False
        while not (self.given or self.frame.eof or self.starved):
            self.left = self.left or self._next_bytes()
            step, self.packed = self.packed[: self.left], self.packed[self.left :]
            self.left -= len(step)
            self.given = self.frame.decompress(step)
            self.starved = not step
        end = limit if limit >= 0 else len(self.given)
        found, self.given = self.given[:end], self.given[end:]
        return found

    def _next_bytes(self) -> int:
        """Bytes of the header, block or checksum that begins here; 0 if more input has to tell."""
        if not self.begun:
            size = _zstd_header_bytes(self.packed)
            self.begun = size > 0
            return size
        if self.last:
            return 4  # the checksum
        if len(self.packed) < 3:
            return 0
        head = int.from_bytes(self.packed[:3], "little")
        self.last = bool(head & 1)
        return 3 + (1 if head >> 1 & 3 == 1 else head >> 3)  # one byte that is repeated, or as many as are said


def _zstd_header_bytes(start: bytes | memoryview) -> int:
    """The length of the header of a frame, or of a skippable frame; 0 if `start` is too short to tell."""
    if len(start) < 8:
        return 0
    if _SKIPPABLE.match(start):
        return 8 + int.from_bytes(start[4:8], "little")
    told = start[4]
    alone = told >> 5 & 1
    return 6 - alone + (0, 1, 2, 4)[told & 3] + (alone, 2, 4, 8)[told >> 6]


class Readable(Protocol):
    """What can be read piece by piece: a file, or what reads like one."""

    def read(self, size: int, /) -> bytes: ...


class Decompressed:
    """Reads like a file: the content of a file's streams, which follow one another, with zeros between or behind them.

    start: bytes that were read from the file already. Raises DecompressionError where a stream is damaged or cut off,
    or where anything else follows one.
    """

    def __init__(self, file: Readable, format: Format, start: bytes = b"") -> None:
        self.file, self.format, self.decoder = file, format, decoder(format)
        self.held, self.at, self.fed, self.next_step = start, 0, 0, _LEAST_STEP
        self.damage: DecompressionError | None = None

    def read(self, size: int) -> bytes:
        """The next `size` bytes, fewer only before damage and at the end."""
        parts, room = list[bytes](), size
        try:
            while room > 0 and not self.damage and (part := self._some(room)):
                parts.append(part)
                room -= len(part)
        except DecompressionError as error:
            self.damage = error  # what lies before it is given first
        if self.damage and not parts:
            raise self.damage
        return b"".join(parts)

    def _some(self, size: int) -> bytes:
        while True:
            if self.decoder.eof:
                if not self._begins_another():
                    return b""
                self.decoder = decoder(self.format)
            step = self._step() if self.decoder.needs_input else b""
            if data := self.decoder.feed(step, size):
                return data

    def _step(self) -> memoryview:
        if self.at == len(self.held):
            self.held, self.at = self.file.read(_CHUNK), 0
            if not self.held:
                raise DecompressionError(f"the file ends inside a {self.format.stream}")
        size = _CHUNK if self.format is Format.ZSTD else self.next_step  # zstd goes by its own blocks
        step = memoryview(self.held)[self.at : self.at + size]
        self.at += len(step)
        if self.next_step < _STEP:
            self.fed += len(step)
            self.next_step = min(max(_LEAST_STEP, self.fed // _STEPS), _STEP)
        return step

    def _begins_another(self) -> bool:
        self.at -= len(self.decoder.unused)  # it was the end of the last step
        while (end := _zeros_end(self.held, self.at)) == len(self.held):
            self.held, self.at = self.file.read(_CHUNK), 0
            if not self.held:
                return False
        self.at = end
        while len(self.held) < end + MAGIC_BYTES and (more := self.file.read(_CHUNK)):
            self.held += more
        start = self.held[end : end + MAGIC_BYTES]
        if format_of(start) is not self.format:
            raise DecompressionError(f"behind a {self.format.stream} follows no other, but {start!r}")
        return True


def _zeros_end(data: bytes, at: int) -> int:
    zeros = _ZEROS.match(data, at)
    return zeros.end() if zeros else at


def decompress(data: bytes, format: Format, limit: int) -> bytes:
    """The content of all streams. Raises DecompressionError if it has more than `limit` bytes."""
    file = Decompressed(io.BytesIO(data), format)
    parts, room = list[bytes](), limit + 1
    while room and (part := file.read(room)):
        parts.append(part)
        room -= len(part)
    if not room:
        raise DecompressionError(f"it has more than {limit:,} bytes when decompressed")
    return b"".join(parts)


def compression_damage(path: str) -> str:
    """What is wrong with the streams of a local file; "" if nothing is, or if it is not compressed.

    Nor is it damage if nothing can be decompressed: it may want a dictionary. Reads the whole file.
    """
    with open(path, "rb") as file:
        start = file.read(MAGIC_BYTES)
        if (format := format_of(start)) is None:
            return ""
        content, given = Decompressed(file, format, start), 0
        try:
            while part := content.read(_CHUNK):
                given += len(part)
        except DecompressionError as error:
            return str(error) if given else ""
    return ""


class Prefix(NamedTuple):
    """The begin of a content. whole: False if the input ended inside a stream before the limit was reached."""

    data: bytes
    whole: bool


def decompress_prefix(data: bytes, format: Format, limit: int) -> Prefix:
    """The first `limit` bytes of the streams that `data` begins with; what follows them is ignored."""
    parts, room, whole = list[bytes](), limit, True
    while data and room and whole:
        stream = decoder(format)
        for part in _given(stream, data, room):
            parts.append(part)
            room -= len(part)
        whole = stream.eof or not room
        data = stream.unused if whole and room and format.magic else b""
        data = data if data.startswith(format.magic) else b""
    return Prefix(b"".join(parts), whole)


def _given(stream: Decompressor, data: bytes, room: int) -> Iterator[bytes]:
    """What a decoder gives for the data, at most `room` bytes."""
    while room:
        part = stream.feed(data, room)
        yield part
        data, room = b"", room - len(part)
        if stream.eof or stream.needs_input:
            return
