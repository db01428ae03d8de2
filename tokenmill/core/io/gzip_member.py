"""Decompresses a gzip member so that a wrong trailer loses no byte of the content. Used by compression.py."""

import struct
import zlib

from isal import igzip_lib, isal_zlib

_MAX_HEADER = 1 << 18
_TRAILER = struct.Struct("<II")  # CRC-32 and length of the content
_START, _LEAST_HEADER = b"\x1f\x8b\x08", 10


class GzipMember:
    """Decompresses a gzip member, with the interface of bz2.

    If ISA-L checks the trailer and the check fails, it returns no output for that call. So the trailer is checked here,
    after all content was returned. Source: RFC 1952.
    """

    def __init__(self) -> None:
        self.deflated = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_DEFLATE)
        self.head, self.begun = b"", False
        self.trailer, self.crc, self.size = b"", 0, 0
        self.eof, self.needs_input = False, True

    @property
    def unused_data(self) -> bytes:
        return self.trailer[_TRAILER.size :] if self.eof else b""

    def decompress(self, data: bytes | memoryview, limit: int) -> bytes:
        deflated = self.deflated
        if deflated.eof:
            self.trailer += data
            self._check()
            return b""
        if not self.begun:
            data = self._behind_header(data)
            if not self.begun:
                return b""
        given: bytes = deflated.decompress(data, limit)
        self.crc = isal_zlib.crc32(given, self.crc)
        self.size += len(given)
        self.needs_input = deflated.needs_input
        if deflated.eof:
            self.trailer, self.needs_input = deflated.unused_data, False
            if not given or self._fault() is None:  # otherwise this call returns the content, and the next one raises
                self._check()
        return given

    def _behind_header(self, data: bytes | memoryview) -> bytes:
        self.head += data
        size = _header_bytes(self.head)
        if not size and len(self.head) > _MAX_HEADER:
            raise ValueError(f"the header of a gzip member has more than {_MAX_HEADER:,} bytes")
        self.begun = size > 0
        return self.head[size:]

    def _check(self) -> None:
        self.needs_input = len(self.trailer) < _TRAILER.size
        if not self.needs_input:
            if fault := self._fault():
                raise ValueError(fault)
            self.eof = True

    def _fault(self) -> str | None:
        """Returns what is wrong with the trailer, or None if it is right or not complete yet."""
        if len(self.trailer) < _TRAILER.size:
            return None
        crc, size = _TRAILER.unpack_from(self.trailer)
        if crc != self.crc:
            return "the checksum of a gzip member is wrong"
        return None if size == self.size & 0xFFFFFFFF else "the length of a gzip member is wrong"


def _header_bytes(start: bytes) -> int:
    """Returns the length of a gzip header; 0 if `start` is too short. Raises ValueError if it is not a gzip header."""
    if not start.startswith(_START[: len(start)]):
        raise ValueError("a gzip member does not begin with a gzip header")
    if len(start) < _LEAST_HEADER:
        return 0
    flags, end = start[3], _LEAST_HEADER
    if flags & 0xE0:
        raise ValueError("the header of a gzip member has unknown flags")
    if flags & 4:  # more fields
        end += 2 + int.from_bytes(start[end : end + 2], "little")
    for flag in (8, 16):  # name, comment
        if flags & flag:
            end = start.find(b"\0", end) + 1
            if not end:
                return 0
    has_sum = bool(flags & 2)
    end += 2 * has_sum
    if len(start) < end:
        return 0
    if has_sum and zlib.crc32(start[: end - 2]) & 0xFFFF != int.from_bytes(start[end - 2 : end], "little"):
        raise ValueError("the checksum of a gzip header is wrong")
    return end
