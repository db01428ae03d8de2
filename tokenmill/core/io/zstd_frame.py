"""Decompresses a zstd frame block by block, with a window that memory suffices for. Used by compression.py."""

import re
from typing import Any

import zstandard

from tokenmill.core.errors import DataError
from tokenmill.core.memory import memory_limit, memory_used

MAX_WINDOW = 128 << 20
"""Largest window of a zstd frame in bytes: that of `zstd --long=27`. Input files may have larger ones."""

LONGEST_WINDOW = 2 << 30
"""Largest window of a zstd frame of an input file in bytes, if memory suffices: that of `zstd --long=31`."""

_BESIDE_WINDOW = 512 << 20  # bytes of memory for batches and steps, in addition to the process and a large window

SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")
"""The first bytes of a skippable frame."""

_GIB = 1 << 30


class WindowError(DataError):
    """A zstd frame of a file has a window for which the stage has too little memory. This is not damage."""


class ZstdFrame:
    """Decompresses a zstd frame or skippable frame, with the interface of bz2.

    The library does not limit the output of a call. Therefore each call gets at most one block, which has at most
    128 KiB of content; damage loses that block and no other. Source: RFC 8878, 3.1.

    dictionary: b"" for none. window: largest window of the frame in bytes. One above MAX_WINDOW raises WindowError if
    memory does not suffice for it.
    """

    def __init__(self, dictionary: bytes, window: int) -> None:
        self.dictionary, self.window = dictionary, window
        self.frame = _zstd_decoder(dictionary, MAX_WINDOW)
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
            self.given = self._decompressed(step)
            self.starved = not step
        end = limit if limit >= 0 else len(self.given)
        found, self.given = self.given[:end], self.given[end:]
        return found

    def _decompressed(self, step: memoryview) -> bytes:
        try:
            return bytes(self.frame.decompress(step))
        except zstandard.ZstdError as error:
            if "Allocation error" in str(error):  # this is not damage
                raise MemoryError(str(error)) from error
            raise

    def _next_bytes(self) -> int:
        """Returns the length of the header, block or checksum that starts here; 0 if that needs more input."""
        if not self.begun:
            size = _zstd_header_bytes(self.packed)
            if size and not SKIPPABLE.match(self.packed):
                if len(self.packed) < size:
                    return 0
                self._allow(*_zstd_window(self.packed))
            self.begun = size > 0
            return size
        if self.last:
            return 4  # the checksum
        if len(self.packed) < 3:
            return 0
        head = int.from_bytes(self.packed[:3], "little")
        self.last = bool(head & 1)
        return 3 + (1 if head >> 1 & 3 == 1 else head >> 3)  # type 1: one repeated byte; else the stated size

    def _allow(self, window: int, needed: int) -> None:
        """Prepares for a frame with this window, of which `needed` bytes are used."""
        if window <= MAX_WINDOW:
            return
        if window > self.window:
            raise ValueError(
                f"a zstd frame needs too much memory: its window has {window:,} bytes, over {self.window:,}"
            )
        _refuse_without_memory(window, needed)
        self.frame = _zstd_decoder(self.dictionary, window)


def _zstd_decoder(dictionary: bytes, window: int) -> Any:
    words = zstandard.ZstdCompressionDict(dictionary) if dictionary else None
    return zstandard.ZstdDecompressor(dict_data=words, max_window_size=window).decompressobj()


def _refuse_without_memory(window: int, needed: int) -> None:
    least, limit = memory_used() + needed + _BESIDE_WINDOW, memory_limit()
    if least > limit:
        raise WindowError(
            f"a zstd frame has a window of {window / _GIB:.2f} GiB (zstd --long), which needs {least / _GIB:.1f} GiB "
            f"of memory; the stage has {limit / _GIB:.1f}: set memory: {-(-least // _GIB)}GiB for the stage (use fewer "
            "--workers if the machine is too small), or compress the file again with zstd --long=27"
        )


def _zstd_window(header: bytes | memoryview) -> tuple[int, int]:
    """Returns (the window, the bytes of it that the content can use) of a frame, from its whole header."""
    told = header[4]
    alone = told >> 5 & 1
    at = 6 - alone + (0, 1, 2, 4)[told & 3]
    size = (alone, 2, 4, 8)[told >> 6]
    content = int.from_bytes(header[at : at + size], "little") + 256 * (size == 2)
    if alone:
        return content, content
    exponent, eighths = 10 + (header[5] >> 3), header[5] & 7
    window = (1 << exponent) + (eighths << exponent - 3)
    return window, min(window, content) if size else window


def _zstd_header_bytes(start: bytes | memoryview) -> int:
    """Returns the length of a frame's header, or of a whole skippable frame; 0 if `start` is too short."""
    if len(start) < 8:
        return 0
    if SKIPPABLE.match(start):
        return 8 + int.from_bytes(start[4:8], "little")
    told = start[4]
    alone = told >> 5 & 1
    return 6 - alone + (0, 1, 2, 4)[told & 3] + (alone, 2, 4, 8)[told >> 6]
