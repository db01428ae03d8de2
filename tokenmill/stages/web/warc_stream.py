"""The decompressed bytes of an archive file, one stream at a time, with the file offsets they come from.

A stream is a gzip member or zstd frame that begins a record, together with those after it that go on with an unfinished
one (bgzip cuts records anywhere); an uncompressed file is one stream. Files are read through buffers of 1 MiB.
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
)

GZIP, ZSTD = Format.GZIP.magic + b"\x08", Format.ZSTD.magic
_MAGIC = re.compile(re.escape(GZIP) + rb"[\x00-\x1f]|" + re.escape(ZSTD))
_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")
_DICTIONARY = b"\x5d\x2a\x4d\x18"  # the skippable frame that holds the dictionary of a .warc.zst (IIPC, 2021)

_WARC = rb"WARC/[01]\.\d\d?\r?\n"
_ARC = (  # URL, address, date, type, in version 2 status, checksum, location, offset and file, and the length
    rb"[a-zA-Z][a-zA-Z0-9+.-]*:[^\n]{1,8192} \S+ \d{12,14} \S+ (?:\d+ \S+ \S+ \d+ \S+ )?\d+\r?\n"
)
_START = re.compile(_WARC + rb"|" + _ARC)
_START_OF_LINE = re.compile(rb"(?<=\n)(?:" + _WARC + rb"|" + _ARC + rb")")
_LINE_ENDS = re.compile(rb"[\r\n]*")

_START_BYTES = 16_384  # what the begin of a record is looked for in: longer than any ARC header line
_WINDOW = 1 << 20
_PIECE = 1 << 20
_INPUT = 1 << 15  # bytes fed at once; what they give is lost if they turn out damaged
_DICTIONARY_BYTES = 1 << 24
_ZSTD_BLOCK = (128 << 10) + 64  # the longest first block with the header before it; nothing comes out before its end


class Window:
    """Random access to a file through one buffer."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self.file, self.size = file, size
        self.start, self.held = 0, b""

    def view(self, offset: int, length: int) -> memoryview:
        """The bytes from offset on, `length` of them or as many as there are before the end; length at most 1 MiB."""
        if offset < self.start or offset + length > self.start + len(self.held):
            self.start, self.held = offset, self.glance(offset, _WINDOW)
        return memoryview(self.held)[offset - self.start : offset - self.start + length]

    def glance(self, offset: int, length: int) -> bytes:
        """The same without the buffer, for a place that reading will not go on from."""
        self.file.seek(offset)
        return self.file.read(length)


@dataclass(frozen=True)
class Codec:
    """Makes decoders for a file; a zstd file may bring a dictionary along."""

    dictionary: bytes = b""

    def decoder(self, magic: bytes) -> Decompressor:
        """A decoder for the stream that begins with these bytes."""
        if magic.startswith(GZIP):
            return decoder(Format.GZIP)
        return decoder(Format.ZSTD, dictionary=self.dictionary)


class Stream:
    """Bytes from a file offset on, decompressed as they are asked for.

    offset: where the stream begins in the file; end: the file offset behind it, -1 until it is exhausted. The bytes at
    hand are held[first:]. Whatever needs more of them raises DecompressionError where the compressed bytes are damaged.
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
        """How many bytes of the stream have been taken."""
        return self.passed + self.first

    def has(self, length: int) -> bool:
        """Get `length` bytes at hand; False if there are not so many left."""
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
        """The next bytes, fewer only at the end of the stream."""
        self.has(length)
        taken = self.held[self.first : self.first + length]
        self.first += len(taken)
        return taken

    def skip(self, length: int) -> int:
        """Pass over bytes; returns how many there were."""
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
        """How many bytes up to and with the first match, -1 if none ends within limit."""
        length = 2048
        while True:
            length = min(4 * length, limit)
            more = self.has(length)
            if match := ends.search(self.held, self.first, self.first + length):
                return match.end() - self.first
            if not more or length == limit:
                return -1

    def starts_record(self, ahead: int = 0) -> bool:
        """Whether a record begins `ahead` bytes from here, or behind line ends there."""
        while not self.has(ahead + _START_BYTES):
            if _starts(self.held, self.first + ahead) or not self.extend():
                break
        return _starts(self.held, self.first + ahead)

    def ends(self, ahead: int = 0) -> bool:
        """Whether nothing but line ends is left `ahead` bytes from here."""
        while True:
            self.has(ahead + 64)
            behind = _LINE_ENDS.match(self.held, self.first + ahead)
            if behind and behind.end() < len(self.held):
                return False
            if not self.has(len(self.held) - self.first + 1):
                return True

    def to_next_record(self) -> bool:
        """Pass bytes, at least one, up to the next place where a record may begin; False at the end of the stream."""
        while True:
            more = self.has(_PIECE)
            if match := _START_OF_LINE.search(self.held, self.first + 1):
                self.first = match.start()
                return True
            self.first = max(self.first, len(self.held) - _START_BYTES) if more else len(self.held)
            if not more:
                return False

    def pass_line_ends(self) -> bool:
        """Pass the line ends that stand between records; False at the end of the stream."""
        while self.has(1):
            behind = _LINE_ENDS.match(self.held, self.first)
            self.first = behind.end() if behind else self.first
            if self.first < len(self.held):
                return True
        return False

    def extend(self) -> bool:
        """Go on with the next member or frame, unless a record begins there or there is none."""
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
        """Go to any place in an uncompressed stream."""
        self.at, self.held, self.first, self.passed = self.offset + done, b"", 0, done

    def _more(self) -> bytes:
        """The next piece, b"" at the end of the stream."""
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
            raise DecompressionError(f"a decompression bomb: {packed:,} bytes have grown to {self.grown:,}, and go on")


def is_compressed(magic: bytes) -> bool:
    """Whether these first bytes are those of a gzip member or a zstd frame."""
    return magic.startswith((GZIP, ZSTD))


def whole_member(window: Window, offset: int, limit: int) -> tuple[bytes, int] | None:
    """(content, bytes it takes) of the gzip member at offset; None if there is none, or a damaged or a longer one."""
    packed = window.view(offset, _INPUT)
    if packed[:3] != GZIP:
        return None
    member, parts, size = decoder(Format.GZIP), [], 0
    try:
        while packed and size <= limit:
            parts.append(member.feed(packed))  # grows at most a thousand times
            size += len(parts[-1])
            if member.eof:
                return parts[0] if len(parts) == 1 else b"".join(parts), member.taken
            packed = window.view(offset + member.taken, _INPUT)
    except DecompressionError:
        return None  # the one who looks closer will say what is wrong
    return None


def head_of(window: Window, offset: int, codec: Codec) -> bytes:
    """The first decompressed bytes of what stands at offset, b"" if it is compressed and cannot be read."""
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
    """Whether a WARC or ARC record begins with these bytes; line ends left from the record before may come first."""
    return _starts(head, 0)


def next_stream(window: Window, offset: int, codec: Codec, *, plain: bool) -> int:
    """The first file offset from `offset` on where a stream begins with a record; the file's size if there is none.

    plain: look for uncompressed records instead of compressed ones.
    """
    while offset < window.size:
        seen = bytes(window.view(offset, _WINDOW))
        for match in (_START_OF_LINE if plain else _MAGIC).finditer(seen):
            if plain or _starts(head_of(window, offset + match.start(), codec), 0):
                return offset + match.start()
        if offset + len(seen) >= window.size:
            return window.size
        offset += max(1, len(seen) - (_START_BYTES if plain else 3))  # what is looked for may lie across the end
    return window.size


def skippable(window: Window, offset: int) -> tuple[int, bytes]:
    """(length, content if it is a dictionary) of a zstd skippable frame at offset; (0, b"") if there is none."""
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
        return 8 + length, b""  # the frames that need it will be reported as damaged
    return 8 + length, content


def _starts(data: bytes, at: int) -> bool:
    behind = _LINE_ENDS.match(data, at)
    return behind is not None and _START.match(data, behind.end()) is not None
