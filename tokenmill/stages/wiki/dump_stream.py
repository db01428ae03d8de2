"""Reads the decompressed bytes of an XML dump in chunks, with their places. Damage is reported and skipped.

A multistream dump consists of many bz2 streams of a hundred pages each, and reading can begin at any of them. Memory
stays within a few MiB, whatever the file contains.
"""

import re
from collections.abc import Iterator
from typing import IO, NamedTuple

from tokenmill.core.errors import DataError
from tokenmill.core.io.compression import Decompressed, DecompressionError, Format, decoder, format_of
from tokenmill.core.io.zstd_frame import LONGEST_WINDOW

_OTHER = {b"7z\xbc\xaf": "7z", b"PK\x03\x04": "zip", b"\xfd7zX": "xz"}
_STREAM = re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)")  # then a block begins (digits of pi) or the stream ends
_STREAM_BYTES = 10
_INPUT = 1 << 14  # compressed bytes fed at once
_OUTPUT = 8 << 20  # most output of one step: bz2 may grow ten thousand times
_WINDOW = 1 << 20

NO_STREAM = "bytes that are not a bz2 stream"
"""The problem of a gap that belongs to the stream before it: a reader that starts later cannot know of the gap."""


class DumpChunk(NamedTuple):
    """Bytes, the file offset of the compressed stream they come from, and their offset in its content.

    An uncompressed file counts as one stream at offset 0.
    """

    data: bytes
    stream: int
    inner: int


class Gap(NamedTuple):
    """Bytes of the file that cannot be read.

    Attributes:
        stream: their file offset.
        length: their number.
        inner: bytes of this stream's content that were read before.
        problem: why they cannot be read.
    """

    stream: int
    length: int
    inner: int
    problem: str


def kind_of(magic: bytes, name: str) -> str:
    """Returns the compression of a wiki's dump by its first bytes: bz2, gzip, zstd or plain.

    Raises DataError for a format that is not of dumps.
    """
    for start, kind in _OTHER.items():
        if magic.startswith(start):
            raise DataError(f"{name}: a {kind} file; expected XML, uncompressed or compressed with bzip2, gzip or zstd")
    return format_of(magic) or "plain"


def read_chunks(file: IO[bytes], kind: str, start: int, size: int) -> Iterator[DumpChunk | Gap]:
    """Yields the decompressed content of a wiki's dump from `start` to the end of the file.

    A bz2 file is read from the first stream that begins at `start` or later, an uncompressed file from exactly that
    byte, and other files from their beginning.
    """
    if kind == "bz2":
        return _read_bz2(file, start, size)
    return _read_plain(file, start) if kind == "plain" else _read_packed(file, kind, size)


def next_stream(file: IO[bytes], offset: int, size: int) -> int:
    """Returns the first offset in a wiki's dump, from `offset` on, at which a bz2 stream begins, else `size`."""
    while offset < size:
        file.seek(offset)
        seen = file.read(_WINDOW)
        if match := _STREAM.search(seen):
            return offset + match.start()
        if not seen or offset + len(seen) >= size:
            return size
        offset += max(1, len(seen) - _STREAM_BYTES + 1)
    return size


def _read_plain(file: IO[bytes], start: int) -> Iterator[DumpChunk]:
    file.seek(start)
    while data := file.read(_WINDOW):
        yield DumpChunk(data, 0, start)
        start += len(data)


def _read_bz2(file: IO[bytes], start: int, size: int) -> Iterator[DumpChunk | Gap]:
    offset = next_stream(file, start, size)
    if offset > 0 == start:
        yield Gap(0, offset, 0, NO_STREAM)
    while offset < size:
        stream = _Bz2(file, offset)
        yield from stream.chunks()
        after = stream.end
        if stream.problem:
            after = next_stream(file, offset + 1, size)
            yield Gap(offset, after - offset, stream.inner, stream.problem)
        elif not _begins_stream(file, after, size):
            after = next_stream(file, after, size)
            if not _only_zeros(file, stream.end, after):  # zeros are padding of tapes and block stores
                yield Gap(stream.end, after - stream.end, 0, NO_STREAM)
        offset = after


def _only_zeros(file: IO[bytes], start: int, end: int) -> bool:
    file.seek(start)
    while start < end:
        data = file.read(min(_WINDOW, end - start))
        if not data or data.strip(b"\0"):
            return False
        start += len(data)
    return True


def _begins_stream(file: IO[bytes], offset: int, size: int) -> bool:
    file.seek(offset)
    return offset >= size or _STREAM.match(file.read(_STREAM_BYTES)) is not None


class _Bz2:
    """One bz2 stream. end: the file offset after it. problem: why it cannot be read to its end."""

    def __init__(self, file: IO[bytes], offset: int) -> None:
        self.file, self.offset = file, offset
        self.end, self.inner, self.problem = offset, 0, ""

    def chunks(self) -> Iterator[DumpChunk]:
        stream = decoder(Format.BZ2)
        at = self.offset
        while not stream.eof:
            packed = b""
            if stream.needs_input:
                self.file.seek(at)  # other code reads from it in between
                packed = self.file.read(_INPUT)
                at += len(packed)
                if not packed:
                    self.problem = "the file ends inside a bz2 stream"
                    return
            try:
                data = stream.feed(packed, _OUTPUT)
            except DecompressionError as error:
                self.problem = str(error)
                return
            if data:
                yield DumpChunk(data, self.offset, self.inner)
                self.inner += len(data)
        self.end = self.offset + stream.taken


def _read_packed(file: IO[bytes], kind: str, size: int) -> Iterator[DumpChunk | Gap]:
    """Reads a gzip or zstd file. Streams follow one another, and nothing after damage can be read."""
    inner, content = 0, Decompressed(file, Format(kind), window=LONGEST_WINDOW)
    file.seek(0)
    try:
        while data := content.read(_WINDOW):
            yield DumpChunk(data, 0, inner)
            inner += len(data)
    except DecompressionError as error:
        yield Gap(0, size, inner, str(error))
