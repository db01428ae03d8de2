"""Reads the central directory of a zip archive. Damage is reported for each member.

Python's zipfile rejects a whole archive for one bad name or field, gives members negative places if the beginning of
the file is cut off, and needs ten times the memory of the directory.
"""

import struct
from datetime import UTC, datetime
from typing import IO, NamedTuple

from tokenmill.stages.code.archive_members import NoArchive

UTF8 = 0x800  # flag of a name that is UTF-8
HEADER_BYTES = 30  # size of a member's own header without name and extra fields
_END, _END_BYTES = b"PK\x05\x06", 22
_LOCATOR, _LOCATOR_BYTES = b"PK\x06\x07", 20
_END64, _END64_BYTES = b"PK\x06\x06", 56  # right before its locator, which is right before the end record
_COMMENT_BYTES = 1 << 16
_ENTRY, _ENTRY_MARK = struct.Struct("<5xB2x4H3L3H4x2L"), b"PK\x01\x02"
_MAX_DIRECTORY = 512 << 20  # bytes, because it is held in memory
_UNIX = 3
_ZIP64, _IN_ZIP64 = 1, 0xFFFFFFFF
_MAX_SIZE = (1 << 63) - 1


class Entry(NamedTuple):
    """A member, as the directory describes it.

    Attributes:
        name: the stored bytes.
        flags: general purpose flags.
        method: packing method.
        crc: CRC-32 of the content.
        packed: packed size in bytes, as the directory claims.
        size: unpacked size in bytes, as the directory claims.
        offset: place of its header in the file.
        time: seconds since 1970, 0 if unknown.
        mode: mode of a Unix file, 0 if unknown.
        damage: why it cannot be read, "" if no damage is known.
    """

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    time: int
    mode: int
    damage: str


class _End(NamedTuple):
    """The content of the end record, and the place of the directory.

    Attributes:
        at: place of the end record in the file.
        members: number of members, as claimed.
        size: size of the directory in bytes, as claimed.
        claimed: place of the directory, as claimed.
        start: place of the directory: right before the end record, whatever the record claims.
        comment: the archive's comment.
    """

    at: int
    members: int
    size: int
    claimed: int
    start: int
    comment: bytes


def ends_as_zip(file: IO[bytes], size: int) -> bool:
    """Returns True if the file's end is the end of a zip archive, whatever the file begins with."""
    try:
        end = _end(file, size)
    except NoArchive:
        return False
    return end.at + _END_BYTES + len(end.comment) == size


class Directory:
    """A zip file's directory. Raises NoArchive if there is none, or if it is damaged or incomplete.

    Attributes:
        start: place of the directory in the file.
        end: place of the end record.
        comment: the archive's comment.
        places: (place, position in the directory) of each entry, sorted. The place is that of the member's header. If
            that is outside of the file, or another member has the same, it is the place of the entry instead. So all
            places differ.
        lost: both numbers of members, as text, if the end record and the directory differ; otherwise "".
    """

    def __init__(self, file: IO[bytes], size: int) -> None:
        end = _end(file, size)
        if end.size > min(size, _MAX_DIRECTORY) or end.start < 0:
            raise NoArchive(f"has a directory of {end.size} bytes, expected at most {min(end.at, _MAX_DIRECTORY)}")
        file.seek(end.start)
        self.start, self.end, self.comment = end.start, end.at, end.comment
        self.data, self.shift = file.read(end.size), end.start - end.claimed
        self.places = self._places()
        count = len(self.places)
        counts = (count, count & 0xFFFF, min(count, 0xFFFF))  # old writers store larger numbers in 16 bits
        self.lost = "" if end.members in counts else f"{end.members} members, the directory {count}"

    def entry(self, at: int) -> Entry:
        """Returns the entry at a position in the directory."""
        made_by, flags, method, time, date, crc, packed, size, name_bytes, extra_bytes, _, attributes, offset = (
            _ENTRY.unpack_from(self.data, at)
        )
        at += _ENTRY.size
        name = self.data[at : at + name_bytes]
        damage = _name_damage(name, flags)
        try:
            extra = self.data[at + name_bytes : at + name_bytes + extra_bytes]
            size, packed, offset = _extended(extra, [size, packed, offset])
        except EOFError as error:
            damage = damage or str(error)
        offset += self.shift
        if not 0 <= offset < self.start:
            damage = damage or f"its header lies at {offset}, outside of the file's {self.start} bytes of members"
        if max(size, packed) > _MAX_SIZE:
            damage, size = damage or f"it claims {max(size, packed)} bytes", 0
        mode = attributes >> 16 if made_by == _UNIX else 0
        return Entry(name, flags, method, crc, packed, size, offset, _seconds(date, time), mode, damage)

    def _places(self) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        at = 0
        while at < len(self.data):
            if len(self.data) - at < _ENTRY.size or not self.data.startswith(_ENTRY_MARK, at):
                raise NoArchive(f"has a directory that breaks at byte {self.start + at}; fetch it again")
            found.append((self.entry(at).offset, at))
            at += _ENTRY.size + sum(struct.unpack_from("<3H", self.data, at + 28))
        if at > len(self.data):
            raise NoArchive(f"has a directory that breaks off at byte {self.start + len(self.data)}; fetch it again")
        places, last = [], -1
        for offset, at in sorted(found):
            own = 0 <= offset < self.start and offset != last
            places.append((offset if own else self.start + at, at))
            last = offset
        return sorted(places)


def _end(file: IO[bytes], size: int) -> _End:
    """Returns the last end record, with the numbers of the zip64 record if there is one. Raises NoArchive."""
    start = max(0, size - _END_BYTES - _COMMENT_BYTES - _LOCATOR_BYTES - _END64_BYTES)
    file.seek(start)
    tail = file.read(size - start)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_BYTES:
        raise NoArchive("is not a zip archive, or is truncated: it has no end record")
    count, length, claimed, comment_bytes = struct.unpack_from("<2x H 2L H", tail, at + 8)
    comment = tail[at + _END_BYTES : at + _END_BYTES + comment_bytes]
    before = at
    at64 = at - _LOCATOR_BYTES - _END64_BYTES
    if at64 >= 0 and tail.startswith(_END64, at64) and tail.startswith(_LOCATOR, at - _LOCATOR_BYTES):
        count, length, claimed = struct.unpack_from("<3Q", tail, at64 + 32)
        before = at64
    return _End(start + at, count, length, claimed, start + before - length, comment)


def _name_damage(name: bytes, flags: int) -> str:
    if flags & UTF8:
        try:
            name.decode("utf-8")
        except UnicodeDecodeError:
            return "its name is marked as UTF-8, but is not valid UTF-8"
    return ""


def _extended(extra: bytes, numbers: list[int]) -> list[int]:
    """Returns a member's numbers, with those that need more than 32 bits taken from its extra field.

    Raises EOFError if the extra field is damaged.
    """
    at = 0
    while len(extra) - at >= 4:
        tag, length = struct.unpack_from("<2H", extra, at)
        at += 4
        if at + length > len(extra):
            raise EOFError(f"its extra field {tag:04x} is longer than the bytes that are left")
        if tag == _ZIP64:
            large = [place for place, number in enumerate(numbers) if number == _IN_ZIP64]
            if length < 8 * len(large):
                raise EOFError("its zip64 field is too short")
            for place, number in zip(large, struct.unpack_from(f"<{len(large)}Q", extra, at), strict=True):
                numbers[place] = number
        at += length
    return numbers


def _seconds(date: int, time: int) -> int:
    """Returns seconds since 1970 for a date and time of MS-DOS, or 0 if there is no such day."""
    day = (date >> 9) + 1980, date >> 5 & 15, date & 31
    try:
        return int(datetime(*day, time >> 11, time >> 5 & 63, (time & 31) * 2, tzinfo=UTC).timestamp())
    except ValueError:
        return 0
