"""Reads the members of a tar archive (pax, GNU and ustar) from a stream in little memory, whatever its headers claim.

Python's tarfile reads extended headers whole, whatever size they claim, and raises in the middle of an archive that it
does not understand. Here a header has 512 bytes and an extended one at most 1 MiB, and the members before damage are
read.
"""

import re
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

TAR_BLOCK = 512
_CHUNK = 1 << 18
_MAX_HEADER = 1 << 20
FILES = (b"0", b"\0", b"7")
LINKS = {b"1": "a hard link", b"2": "a symbolic link"}
DEVICES = {b"3": "a character device", b"4": "a block device", b"6": "a pipe"}
FOLDER, _SPARSE = b"5", b"S"
_PAX, _PAX_GLOBAL, _LONG_NAME, _LONG_LINK = b"x", b"g", b"L", b"K"
_MAX_SIZE = (1 << 63) - 1
_MORE_HOLES, _MORE_HOLES_STILL = 482, 504  # bytes of a sparse header and of a map block, set if another follows
_OCTAL = re.compile(rb"[\0 ]*([0-7]*)[\0 ]*\Z")
_SPARSE_FIELDS = (b"GNU.sparse.map", b"GNU.sparse.size", b"GNU.sparse.major", b"GNU.sparse.realsize")
_KNOWN = (b"path", b"size", b"mtime", b"comment", *_SPARSE_FIELDS)
_PAX_RECORD = re.compile(rb"(\d{1,20}) ([^=\n]{1,256})=")


def is_tar(start: bytes) -> bool:
    """Returns True if a file with these first bytes is an uncompressed tar archive."""
    return len(start) >= TAR_BLOCK and _sound(start[:TAR_BLOCK])


class TarMember(NamedTuple):
    """A member of an archive.

    Attributes:
        name: path in the archive, not decoded.
        kind: type flag of its header.
        size: bytes of its content.
        offset: of its header in the archive, in bytes.
        time: seconds since 1970.
        sparse: True if it is a sparse file, whose content is not stored as it is.
    """

    name: bytes
    kind: bytes
    size: int
    offset: int
    time: int
    sparse: bool


class NoTar(Exception):
    """The file is not a tar archive. The message continues a sentence that begins with the file's name."""


class TarMembers:
    """Iterates over the members of an archive. `read` and `some` return the content of the current member.

    Members after the end mark are read too, as if they belonged to this archive. Anything else there, except zeros, is
    damage. Raises EOFError for damage, NoTar if the file is not a tar archive at all.

    Attributes:
        limit: bytes of the archive after which nothing is read; `at` is then greater. Default: no limit.
        size: bytes of the stream, if it is an uncompressed file. Content that is not read is then skipped by seeking.
            Default None, for a stream that cannot seek.
        start: bytes that the caller has already read from the stream. Default none.
        at: bytes of the archive that have been read or skipped.
        left: bytes of the current member that have not been read.
        ended: True if the end mark of the archive has been read.
        comment: comment of the first global extended header that has one.
    """

    def __init__(self, stream: Any, limit: int = sys.maxsize, size: int | None = None, start: bytes = b"") -> None:
        self.limit, self.stream, self.size = limit, stream, size
        self.at, self.left, self.comment = 0, 0, b""
        self.held, self.used, self.sound, self.ended = start, 0, False, False
        self.extended: dict[bytes, bytes] = {}  # fields of the next member, from extended headers

    def __iter__(self) -> Iterator[TarMember]:
        while True:
            start, header = self._header()
            if not header:
                return
            kind, size = header[156:157], _number(header, 124, 136)
            if kind in (_PAX, _PAX_GLOBAL, _LONG_NAME, _LONG_LINK):
                self.extended |= self._extension(kind, size)
                continue
            member = _member(header, kind, size, self.extended, start)
            if kind == _SPARSE and header[_MORE_HOLES]:
                self._pass_over_holes()
            self.left = 0 if kind in LINKS or kind == FOLDER else member.size
            padding = -self.left % TAR_BLOCK
            yield member
            self._pass_over(padding)
            self.extended = {}

    def read(self, limit: int) -> bytes:
        """Reads `limit` bytes of the current member, fewer only at its end. Raises EOFError if it is cut off."""
        wanted = min(limit, self.left)
        data = self._take(wanted)
        self.left -= len(data)
        if len(data) < wanted:
            raise EOFError(f"it ends {self.left} bytes before the end of a member")
        return data

    def some(self, limit: int) -> bytes:
        """Reads at most `limit` bytes of the current member, b"" only at its end. Raises EOFError if it is cut off."""
        data = self._some(min(limit, self.left))
        if self.left and not data:
            raise EOFError(f"it ends {self.left} bytes before the end of a member")
        self.left -= len(data)
        return data

    def _header(self) -> tuple[int, bytes]:
        """Reads (offset, header), header b"" at the end or the limit. Raises EOFError; NoTar for the first header."""
        self.ended = False
        while self.at <= self.limit:
            start, first = self.at, not self.sound
            header = self._take(TAR_BLOCK)
            if not header and first and not self.ended:
                raise NoTar("is empty, expected a tar archive")
            if not header:
                break
            if not header.strip(b"\0"):
                self.ended, self.extended = True, {}
                continue
            if len(header) < TAR_BLOCK or not _sound(header):
                what = "the bytes after its end are not an archive" if self.ended else "an invalid header"
                raise NoTar("is not a tar archive: its first header is invalid") if first else EOFError(what)
            self.sound = True
            return start, header
        return self.at, b""

    def _pass_over_holes(self) -> None:
        """Skips the blocks that continue a map of more than four holes. Each block states whether one more follows."""
        while self.at <= self.limit:
            block = self._take(TAR_BLOCK)
            if len(block) < TAR_BLOCK:
                raise EOFError("it ends within the map of a sparse file")
            if not block[_MORE_HOLES_STILL]:
                return

    def _extension(self, kind: bytes, size: int) -> dict[bytes, bytes]:
        """Reads the fields that an extended header sets for the next member. Of a global one it keeps the comment."""
        if size > _MAX_HEADER:
            raise EOFError(f"an extended header of {size} bytes")
        body = self._take(size)
        self._take(-size % TAR_BLOCK)
        if kind == _LONG_LINK:
            return {}
        if kind == _LONG_NAME:
            return {b"path": body.rstrip(b"\0")}
        fields = _pax(body)
        if kind == _PAX_GLOBAL:
            self.comment = self.comment or fields.get(b"comment", b"")
            return {}
        return fields

    def _pass_over(self, padding: int) -> None:
        todo = self.left + padding
        if self.size is not None and todo > len(self.held) - self.used:
            todo = self._seek_over(todo)
        while todo:
            if self.at > self.limit:
                return  # the caller's loop checks the limit
            size = len(self._some(min(todo, _CHUNK)))
            if not size:
                raise EOFError(f"it ends {todo} bytes before the end of a member")
            todo -= size
        self.left = 0

    def _seek_over(self, todo: int) -> int:
        """Seeks to the next header. Returns the bytes still to read, more than 0 if the file ends before the header."""
        assert self.size is not None
        far = max(0, min(todo, self.size - self.at))
        self.at, self.left = self.at + far, 0
        self.stream.seek(self.at)
        self.held, self.used = b"", 0
        return todo - far

    def _take(self, size: int) -> bytes:
        data = self._some(size)
        if len(data) == size or not data:
            return data
        parts = [data]
        size -= len(data)
        while size and (data := self._some(size)):
            parts.append(data)
            size -= len(data)
        return b"".join(parts)

    def _some(self, size: int) -> bytes:
        """Returns at most `size` bytes, and at least one unless the archive ends."""
        if self.used == len(self.held) and size:
            self.held, self.used = self.stream.read(_CHUNK), 0
        data = self.held[self.used : self.used + size]
        self.used += len(data)
        self.at += len(data)
        return data


def _member(header: bytes, kind: bytes, size: int, extended: dict[bytes, bytes], start: int) -> TarMember:
    name = extended.get(b"path") or _name(header)
    time = extended.get(b"mtime", b"").partition(b".")[0]
    seconds = int(time) if time.isdigit() and len(time) < 12 else _number(header, 136, 148)
    if (claimed := extended.get(b"size", b"")).isdigit():
        size = int(claimed.lstrip(b"0")[:20] or b"0")
    if size > _MAX_SIZE:
        raise EOFError(f"a member that claims {size} bytes")
    sparse = kind == _SPARSE or any(key in extended for key in _SPARSE_FIELDS)
    return TarMember(name, kind, size, start, seconds, sparse)


def _name(header: bytes) -> bytes:
    name = header[:100].partition(b"\0")[0]
    prefix = header[345:500].partition(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


def _pax(body: bytes) -> dict[bytes, bytes]:
    fields: dict[bytes, bytes] = {}
    at = 0
    while found := _PAX_RECORD.match(body, at):
        end = at + int(found[1])
        if end <= found.end() or end > len(body):
            break
        if found[2] in _KNOWN:  # an archive may consist of other fields alone
            fields[found[2]] = body[found.end() : end - 1]
        at = end
    return fields


def _sound(header: bytes) -> bool:
    """Returns True if the header's checksum is right. Some old programs summed signed bytes."""
    field = _OCTAL.match(header, 148, 156)
    if not field or not field[1]:
        return False
    said = int(field[1], 8)
    total = sum(header) - sum(header[148:156]) + 8 * 32
    return said == total or said == total - 256 * sum(byte > 127 for byte in header[:148] + header[156:])


def _number(header: bytes, start: int, end: int) -> int:
    """Reads octal digits, or GNU tar's binary form of large numbers. Raises EOFError for anything else."""
    if header[start] & 0x80:
        return 0 if header[start] == 0xFF else int.from_bytes(header[start + 1 : end], "big")
    field = _OCTAL.match(header, start, end)
    if not field:
        raise EOFError(f"a header with the invalid number {header[start:end]!r}")
    return int(field[1] or b"0", 8)
