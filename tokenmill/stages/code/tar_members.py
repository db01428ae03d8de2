"""The members of a tar archive (pax, GNU and ustar) out of a stream, in little memory, whatever its headers claim.

Python's tarfile reads extended headers whole, whatever size they claim, and raises in the middle of what it does not
understand; here a header is 512 bytes, an extended one at most 1 MiB, and damage is a member that says so.
"""

import re
from collections.abc import Iterator
from typing import Any

from tokenmill.stages.code.archive_members import DAMAGED, UNPACKING_ERRORS, Member, NoArchive, commit_of

TAR_BLOCK = 512
_CHUNK = 1 << 18
_MAX_HEADER = 1 << 20
_FILES = (b"0", b"\0", b"7")
_LINKS = {b"1": "a hard link", b"2": "a symbolic link"}
_DEVICES = {b"3": "a character device", b"4": "a block device", b"6": "a pipe"}
_FOLDER, _SPARSE = b"5", b"S"
_PAX, _PAX_GLOBAL, _LONG_NAME, _LONG_LINK = b"x", b"g", b"L", b"K"
_MAX_SIZE = (1 << 63) - 1
_MORE_HOLES, _MORE_HOLES_STILL = 482, 504  # where a sparse file's header, and a block behind it, say that one follows
_OCTAL = re.compile(rb"[\0 ]*([0-7]*)[\0 ]*\Z")
_SPARSE_FIELDS = (b"GNU.sparse.map", b"GNU.sparse.size", b"GNU.sparse.major", b"GNU.sparse.realsize")
_KNOWN = (b"path", b"size", b"mtime", b"comment", *_SPARSE_FIELDS)
_PAX_RECORD = re.compile(rb"(\d{1,20}) ([^=\n]{1,256})=")


def is_tar(start: bytes) -> bool:
    """True if a file that starts so is a tar archive that is not compressed."""
    return len(start) >= TAR_BLOCK and _sound(start[:TAR_BLOCK])


class TarMembers:
    """Iterates over the archive's members that are no folders.

    One that follows the end of another is read too, and belongs to it; anything but zeros there is damage.

    limit: bytes that the archive may unpack to; behind that comes one member refused as `bomb`, and nothing else.
    size: of a stream that is a file, not compressed: what is not read of its members is then passed over by seeking.
    commit: what `git archive` wrote into the archive, once its header was read. Raises NoArchive if the file is no tar
    archive at all.
    """

    def __init__(self, stream: Any, limit: int, size: int | None = None) -> None:
        self.limit, self.stream, self.size = limit, stream, size
        self.some = getattr(stream, "read1", stream.read)  # unlike read(), it gives what lies before damage
        self.at, self.left, self.commit = 0, 0, ""
        self.held, self.used, self.sound = b"", 0, False
        self.extended: dict[bytes, bytes] = {}  # what extended headers say of the next member

    def __iter__(self) -> Iterator[Member]:
        try:
            yield from self._members()
        except UNPACKING_ERRORS as error:
            if self.at == 0:
                raise NoArchive(f"cannot be unpacked: {error}") from error
            yield Member(b"", 0, self.at, refused=DAMAGED, found=f"the archive breaks here: {error}"[:200])

    def _members(self) -> Iterator[Member]:
        while True:
            start, header = self._header()
            if not header:
                if self.at > self.limit:
                    yield Member(b"", 0, start, refused="bomb", found=f"more than {self.limit} bytes in the archive")
                return
            kind, size = header[156:157], _number(header, 124, 136)
            if kind in (_PAX, _PAX_GLOBAL, _LONG_NAME, _LONG_LINK):
                self.extended |= self._extension(kind, size)
                continue
            member = _member(header, kind, size, self.extended, start)
            if kind == _SPARSE and header[_MORE_HOLES]:
                self._pass_over_holes()
            self.left = 0 if kind in _LINKS or kind == _FOLDER else member.size
            padding = -self.left % TAR_BLOCK
            if kind != _FOLDER:
                yield Member(**{**vars(member), "read": self._read})
            self._pass_over(padding)
            self.extended = {}

    def _header(self) -> tuple[int, bytes]:
        """(place, header) of what comes next, b"" at the end or the limit. Raises EOFError; NoArchive for the first."""
        ended = False
        while self.at <= self.limit:
            start, first = self.at, not self.sound
            header = self._take(TAR_BLOCK)
            if not header and ended:
                break
            if not header:
                raise NoArchive("is empty, expected a tar archive") if first else EOFError("it has no mark of its end")
            if not header.strip(b"\0"):
                ended, self.extended = True, {}
                continue
            if len(header) < TAR_BLOCK or not _sound(header):
                what = "what lies behind its end is no archive" if ended else "a header that is not sound"
                raise NoArchive("is no tar archive: its first header is not sound") if first else EOFError(what)
            self.sound = True
            return start, header
        return self.at, b""

    def _pass_over_holes(self) -> None:
        """A map of more than four holes goes on in blocks of its own, each of which says whether one more follows."""
        while self.at <= self.limit:
            block = self._take(TAR_BLOCK)
            if len(block) < TAR_BLOCK:
                raise EOFError("it ends within the map of a sparse file")
            if not block[_MORE_HOLES_STILL]:
                return

    def _extension(self, kind: bytes, size: int) -> dict[bytes, bytes]:
        """The fields that an extended header sets for the next member; what a global one sets is for us the commit."""
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
            self.commit = self.commit or commit_of(fields.get(b"comment", b""))
            return {}
        return fields

    def _read(self, limit: int) -> bytes:
        """At most `limit` bytes of the member that was yielded last."""
        wanted = min(limit, self.left)
        data = self._take(wanted)
        self.left -= len(data)
        if len(data) < wanted:
            raise EOFError(f"it ends {self.left} bytes before a member does")
        return data

    def _pass_over(self, padding: int) -> None:
        todo = self.left + padding
        if self.size is not None and todo > len(self.held) - self.used:
            todo = self._seek_over(todo)
        while todo:
            if self.at > self.limit:
                return  # the caller's loop says so
            size = len(self._some(min(todo, _CHUNK)))
            if not size:
                raise EOFError(f"it ends {todo} bytes before a member does")
            todo -= size
        self.left = 0

    def _seek_over(self, todo: int) -> int:
        """Go to where the next header is; how much is still to be read, to find the end of a file that is too short."""
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
        """At most `size` bytes, more than none unless the archive ends."""
        if self.used == len(self.held) and size:
            self.held, self.used = self.some(_CHUNK), 0
        data = self.held[self.used : self.used + size]
        self.used += len(data)
        self.at += len(data)
        return data


def _member(header: bytes, kind: bytes, size: int, extended: dict[bytes, bytes], start: int) -> Member:
    name = extended.get(b"path") or _name(header)
    time = extended.get(b"mtime", b"").partition(b".")[0]
    seconds = int(time) if time.isdigit() and len(time) < 12 else _number(header, 136, 148)
    if (claimed := extended.get(b"size", b"")).isdigit():
        size = int(claimed.lstrip(b"0")[:20] or b"0")
    if size > _MAX_SIZE:
        raise EOFError(f"a member that claims {size} bytes")
    refused, found = "", ""
    if kind in _LINKS:
        refused, found = "link", _LINKS[kind]
    elif kind in _DEVICES:
        refused, found = "device", _DEVICES[kind]
    elif kind == _SPARSE or any(key in extended for key in _SPARSE_FIELDS):
        refused, found = "sparse", "a sparse file"
    elif kind not in _FILES:
        if kind == _FOLDER:
            return Member(name, size, start)
        refused, found = "device", f"a member of the kind {kind!r}"
    return Member(name, size, start, seconds, refused, found)


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
        if found[2] in _KNOWN:  # an archive may be nothing but such fields
            fields[found[2]] = body[found.end() : end - 1]
        at = end
    return fields


def _sound(header: bytes) -> bool:
    """True if the header's checksum is right; some old programs summed signed bytes."""
    field = _OCTAL.match(header, 148, 156)
    if not field or not field[1]:
        return False
    said = int(field[1], 8)
    total = sum(header) - sum(header[148:156]) + 8 * 32
    return said == total or said == total - 256 * sum(byte > 127 for byte in header[:148] + header[156:])


def _number(header: bytes, start: int, end: int) -> int:
    """Octal digits, or for large numbers the binary form of GNU tar. Raises EOFError for anything else."""
    if header[start] & 0x80:
        return 0 if header[start] == 0xFF else int.from_bytes(header[start + 1 : end], "big")
    field = _OCTAL.match(header, start, end)
    if not field:
        raise EOFError(f"a header with the number {header[start:end]!r}")
    return int(field[1] or b"0", 8)
