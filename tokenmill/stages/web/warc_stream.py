"""Reads the decompressed bytes of an archive file, one stream at a time, with the file offsets that they come from.

A stream is a gzip member or zstd frame that begins with a record, together with the ones after it that continue an
unfinished record (bgzip cuts records anywhere). An uncompressed file is one stream. Files are read through buffers of
1 MiB.
"""

import re
import struct
from dataclasses import dataclass
from typing import IO

from tokenmill.core.io.compression import (
    DecompressionError,
    Decompressor,
    Format,
    decoder,
    decompress_prefix,
    growth_limit,
    quick_gzip_decoder,
)

GZIP, ZSTD = Format.GZIP.magic + b"\x08", Format.ZSTD.magic
_MAGIC = re.compile(re.escape(GZIP) + rb"[\x00-\x1f]|" + re.escape(ZSTD))
_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")
_DICTIONARY = b"\x5d\x2a\x4d\x18"  # the skippable frame that holds the dictionary of a .warc.zst (IIPC, 2021)

_WARC = rb"WARC/[01]\.\d\d?\r?\n"
_ARC = (  # URL, IP address, date, type, in version 2 status, checksum, location, offset and file, then the length
    rb"[a-zA-Z][a-zA-Z0-9+.-]*:[^\n]{1,8192} \S+ \d{12,14} \S+ (?:\d+ \S+ \S+ \d+ \S+ )?\d+\r?\n"
)
_START = re.compile(_WARC + rb"|" + _ARC)
_START_OF_LINE = re.compile(rb"(?<=\n)(?:" + _WARC + rb"|" + _ARC + rb")")
_LINE_ENDS = re.compile(rb"[\r\n]*")

_START_BYTES = 16_384  # the window that is searched for the start of a record: longer than any ARC header line
_WINDOW = 1 << 20
_PIECE = 1 << 20
_INPUT = 1 << 15  # bytes fed at once; if they are damaged, their whole output is lost
_MEMBER_INPUT = 1 << 16  # bytes fed at once to whole_member, which nearly every member fits in
_DICTIONARY_BYTES = 1 << 24
_ZSTD_BLOCK = (128 << 10) + 64  # the longest first block and its header; there is no output before its end


class Window:
    """Random access to a file through one buffer."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self.file, self.size = file, size
        self.start, self.held = 0, b""

    def view(self, offset: int, length: int) -> memoryview:
        """Returns `length` bytes from `offset` on, fewer only at the end of the file. length: at most 1 MiB."""
        if offset < self.start or offset + length > self.start + len(self.held):
            self.start, self.held = offset, self.glance(offset, _WINDOW)
        return memoryview(self.held)[offset - self.start : offset - self.start + length]

    def glance(self, offset: int, length: int) -> bytes:
        """Returns the same without the buffer, for a place from which reading does not continue."""
        self.file.seek(offset)
        return self.file.read(length)


def only_zeros(window: Window, offset: int) -> bool:
    """Returns True if the file has only zeros from `offset` on."""
    while offset < window.size:
        piece = window.glance(offset, _WINDOW) if not window.view(offset, 1)[0] else b"."
        if piece.strip(b"\0") or not piece:
            return False
        offset += len(piece)
    return True


@dataclass(frozen=True)
class Codec:
    """Makes decoders for a file. dictionary: of a zstd file that contains one, otherwise b""."""

    dictionary: bytes = b""

    def decoder(self, magic: bytes) -> Decompressor:
        """Returns a decoder for the stream that begins with these bytes."""
        if magic.startswith(GZIP):
            return decoder(Format.GZIP)
        return decoder(Format.ZSTD, dictionary=self.dictionary)


class Stream:
    """The bytes from a file offset on, decompressed when they are needed.

    The bytes in memory are held[first:]. A method that needs more raises DecompressionError if the compressed bytes are
    damaged.

    Attributes:
        offset: file offset of the stream.
        begin: file offset of the current member or frame.
        at: file offset of the next compressed bytes.
        end: file offset after the stream, -1 until it is exhausted.
        passed: bytes of the stream before `held`.
    """

    def __init__(self, window: Window, offset: int, codec: Codec) -> None:
        self.window, self.codec = window, codec
        self.offset, self.begin, self.at, self.end = offset, offset, offset, -1
        magic = bytes(window.view(offset, 4))
        self.plain = not is_compressed(magic)
        self.zstd = magic == ZSTD
        self.decoder = None if self.plain else codec.decoder(magic)
        self.held, self.first, self.passed = b"", 0, 0
        self.grown = 0

    @property
    def done(self) -> int:
        """The number of bytes of the stream that have been taken."""
        return self.passed + self.first

    def has(self, length: int) -> bool:
        """Loads `length` bytes into memory. Returns False if fewer are left."""
        missing = length - (len(self.held) - self.first)
        if missing <= 0:
            return True
        pieces = [self.held[self.first :]]
        while missing > 0 and (piece := self._more()):
            pieces.append(piece)
            missing -= len(piece)
        self.passed, self.first, self.held = self.done, 0, b"".join(pieces) if pieces[0] else b"".join(pieces[1:])
        return missing <= 0

    def take(self, length: int) -> bytes:
        """Takes the next `length` bytes, fewer only at the end of the stream."""
        self.has(length)
        taken = self.held[self.first : self.first + length]
        self.first += len(taken)
        return taken

    def skip(self, length: int) -> int:
        """Skips `length` bytes. Returns how many there were."""
        if self.plain:
            here = self.done
            length = min(length, self.window.size - self.offset - here)
            self._go(here + length)
            return length
        passed = 0
        while passed < length and (piece := self.take(min(length - passed, _PIECE))):
            passed += len(piece)
        return passed

    def find(self, ends: re.Pattern[bytes], limit: int) -> int:
        """Returns the number of bytes up to and including the first match, -1 if no match ends within `limit`."""
        length = 2048
        while True:
            length = min(4 * length, limit)
            more = self.has(length)
            if match := ends.search(self.held, self.first, self.first + length):
                return match.end() - self.first
            if not more or length == limit:
                return -1

    def starts_record(self, ahead: int = 0) -> bool:
        """Returns True if a record begins `ahead` bytes from here, or after line ends there."""
        while not self.has(ahead + _START_BYTES):
            if _starts(self.held, self.first + ahead) or not self.extend():
                break
        return _starts(self.held, self.first + ahead)

    def ends(self, ahead: int = 0) -> bool:
        """Returns True if only line ends are left from `ahead` bytes on."""
        while True:
            self.has(ahead + 64)
            behind = _LINE_ENDS.match(self.held, self.first + ahead)
            if behind and behind.end() < len(self.held):
                return False
            if not self.has(len(self.held) - self.first + 1):
                return True

    def to_next_record(self) -> bool:
        """Skips at least one byte, up to the next place where a record may begin. Returns False at the stream's end."""
        while True:
            more = self.has(_PIECE)
            if match := _START_OF_LINE.search(self.held, self.first + 1):
                self.first = match.start()
                return True
            self.first = max(self.first, len(self.held) - _START_BYTES) if more else len(self.held)
            if not more:
                return False

    def pass_line_ends(self) -> bool:
        """Skips the line ends between records. Returns False at the end of the stream."""
        while self.has(1):
            behind = _LINE_ENDS.match(self.held, self.first)
            self.first = behind.end() if behind else self.first
            if self.first < len(self.held):
                return True
        return False

    def extend(self) -> bool:
        """Continues with the next member or frame. Returns False if there is none, or if a record begins there."""
        if self.plain or self.end < 0:
            return False
        magic = bytes(self.window.view(self.end, 4))
        head = head_of(self.window, self.end, self.codec) if is_compressed(magic) else b""
        if not head or _starts(head, 0):
            return False
        self.begin, self.at, self.end = self.end, self.end, -1
        self.decoder, self.zstd = self.codec.decoder(magic), magic == ZSTD
        return True

    def _go(self, done: int) -> None:
        """Moves to any place in an uncompressed stream."""
        self.at, self.held, self.first, self.passed = self.offset + done, b"", 0, done

    def _more(self) -> bytes:
        """Returns the next piece, b"" at the end of the stream."""
        if self.plain:
            piece = bytes(self.window.view(self.at, _PIECE >> 2))
            self.at += len(piece)
            self.end = -1 if piece else self.at
            return piece
        while self.decoder and not self.decoder.eof:
            packed = self.window.view(self.at, _INPUT) if self.decoder.needs_input else b""
            if not packed and self.decoder.needs_input:
                raise DecompressionError(f"the file ends inside a {(Format.ZSTD if self.zstd else Format.GZIP).stream}")
            piece = self.decoder.feed(packed, _PIECE)
            self.at = self.begin + self.decoder.taken
            if piece:
                self._refuse_bomb(len(piece))
                return piece
        self.end = self.at
        return b""

    def _refuse_bomb(self, news: int) -> None:
        self.grown += news
        packed = self.at - self.offset
        if self.grown > growth_limit(packed):
            raise DecompressionError(
                f"a decompression bomb: {packed:,} bytes have grown to {self.grown:,}, and more follows"
            )


def is_compressed(magic: bytes) -> bool:
    """Returns True if these first bytes, of a WARC file or a part of it, are those of a gzip member or a zstd frame."""
    return magic.startswith((GZIP, ZSTD))


def whole_member(window: Window, offset: int, limit: int) -> tuple[bytes, int] | None:
    """Returns (content, length in the file) of the gzip member of a WARC file at `offset`.

    Returns None if there is no gzip member, if it is damaged, or if its content is longer than `limit`.
    """
    packed = window.view(offset, _MEMBER_INPUT)
    if packed[:3] != GZIP:
        return None
    member, parts, size = quick_gzip_decoder(), [], 0
    try:
        while packed and size <= limit:
            parts.append(member.feed(packed))  # gzip grows at most a thousand times
            size += len(parts[-1])
            if member.eof:
                return parts[0] if len(parts) == 1 else b"".join(parts), member.taken
            packed = window.view(offset + member.taken, _MEMBER_INPUT)
    except DecompressionError:
        return None  # the slower reader reports the problem
    return None


def head_of(window: Window, offset: int, codec: Codec) -> bytes:
    """Returns the first decompressed bytes of a WARC file from `offset` on, b"" if compressed and unreadable."""
    seen = window.view(offset, _START_BYTES)
    magic = bytes(seen[:4])
    if not is_compressed(magic):
        return bytes(seen)
    try:
        packed = window.view(offset, _ZSTD_BLOCK) if magic == ZSTD else seen[:512]
        return codec.decoder(magic).feed(packed, _START_BYTES)
    except DecompressionError:
        return b""


def starts_record(head: bytes) -> bool:
    """Returns True if a WARC or ARC record begins with these bytes, after line ends that the last record left."""
    return _starts(head, 0)


def next_stream(window: Window, offset: int, codec: Codec, *, plain: bool) -> int:
    """Returns the first offset in a WARC file, from `offset` on, at which a stream begins with a record; else its size.

    plain: search for uncompressed records instead of compressed ones.
    """
    while offset < window.size:
        seen = bytes(window.view(offset, _WINDOW))
        for match in (_START_OF_LINE if plain else _MAGIC).finditer(seen):
            if plain or _starts(head_of(window, offset + match.start(), codec), 0):
                return offset + match.start()
        if offset + len(seen) >= window.size:
            return window.size
        offset += max(1, len(seen) - (_START_BYTES if plain else 3))  # a match may cross the end
    return window.size


def skippable(window: Window, offset: int) -> tuple[int, bytes]:
    """Returns (length, content if it is a dictionary) of a frame of a WARC file that zstd skips, at `offset`.

    Returns (0, b"") without one.
    """
    head = bytes(window.view(offset, 8))
    if len(head) < 8 or not _SKIPPABLE.match(head):
        return 0, b""
    length = struct.unpack("<I", head[4:])[0]
    content = window.glance(offset + 8, min(length, _DICTIONARY_BYTES)) if head.startswith(_DICTIONARY) else b""
    try:
        if content.startswith(ZSTD):
            content = decompress_prefix(content, Format.ZSTD, _DICTIONARY_BYTES).data
        Codec(content).decoder(ZSTD)
    except DecompressionError:
        return 8 + length, b""  # the frames that need the dictionary are reported as damaged
    return 8 + length, content


def _starts(data: bytes, at: int) -> bool:
    behind = _LINE_ENDS.match(data, at)
    return behind is not None and _START.match(data, behind.end()) is not None
