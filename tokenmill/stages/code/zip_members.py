"""Reads the members of a zip archive by its central directory. Content is unpacked one member at a time."""

import zlib
from collections.abc import Callable, Iterator
from stat import S_IFMT, S_ISLNK, S_ISREG
from typing import IO

from tokenmill.stages.code.archive_members import DAMAGED, UNPACKING_ERRORS, Member, commit_of
from tokenmill.stages.code.zip_content import member_chunks
from tokenmill.stages.code.zip_directory import Directory, Entry

_ENCRYPTED = 0x1
_GROWTH_FLOOR = 1 << 20  # bytes: a member up to this size may grow more than max_growth


class ZipMembers:
    """Iterates over the archive's members that are not folders, in the order of their places in the file.

    max_growth: largest ratio of unpacked to packed size of a member. limit: bytes that may be read of all members
    together. Beyond that, one member that is refused as `bomb` ends the iteration. Raises NoArchive if the file is not
    a zip archive.
    """

    def __init__(self, file: IO[bytes], size: int, *, max_growth: float, limit: int) -> None:
        self.file, self.max_growth, self.limit, self.total = file, max_growth, limit, 0
        self.directory = Directory(file, size)
        self.commit = commit_of(self.directory.comment)  # git archive writes the commit into the comment

    def __iter__(self) -> Iterator[Member]:
        self.total = 0
        for place, at in self.directory.places:
            entry = self.directory.entry(at)
            if entry.name.endswith(b"/") and not entry.damage:
                continue
            if self.total > self.limit:  # members may overlap, so a small file may unpack to any size
                yield Member(b"", 0, place, refused="bomb", found=f"{self.total} bytes in the archive")
                return
            refused, found = self._refusal(entry)
            yield Member(entry.name, entry.size, place, entry.time, refused, found, self._reader(entry))
        if self.directory.lost:
            found = f"the end record counts {self.directory.lost}"
            yield Member(b"", 0, self.directory.end, refused=DAMAGED, found=found)

    def _refusal(self, entry: Entry) -> tuple[str, str]:
        if entry.damage:
            return DAMAGED, entry.damage
        if S_ISLNK(entry.mode):
            return "link", "a symbolic link"
        if S_IFMT(entry.mode) and not S_ISREG(entry.mode):
            return "device", f"a member of the mode {entry.mode:o}"
        if entry.flags & _ENCRYPTED:
            return "encrypted", "an encrypted member"
        growth = entry.size / max(entry.packed, 1)
        if entry.size > _GROWTH_FLOOR and growth > self.max_growth:
            return "bomb", f"{growth:.6g} times its packed size"
        return "", ""

    def _reader(self, entry: Entry) -> Callable[[int], bytes]:
        def read(limit: int) -> bytes:
            parts: list[bytes] = []
            try:
                for chunk in member_chunks(self.file, entry, min(limit, entry.size)):
                    parts.append(chunk)
                    self.total += len(chunk)  # counted even if the member turns out to be damaged
            except UNPACKING_ERRORS as error:
                raise EOFError(f"{type(error.__cause__ or error).__name__}: {error}"[:200]) from error
            data = b"".join(parts)
            if len(data) == entry.size and zlib.crc32(data) != entry.crc:
                raise EOFError("its content does not match its checksum")
            return data

        return read
