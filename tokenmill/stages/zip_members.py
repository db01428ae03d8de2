"""The members of a zip archive by its central directory, content unpacked member by member in bounded memory."""

import struct
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from stat import S_IFMT, S_ISLNK, S_ISREG
from typing import IO

from tokenmill.stages.archive_members import UNPACKING_ERRORS, Member, NoArchive

_END, _END_BYTES = b"PK\x05\x06", 22
_LOCATOR, _LOCATOR_BYTES, _END64_BYTES = b"PK\x06\x07", 20, 76  # the records of zip64 before the end record
_COMMENT_BYTES = 1 << 16
_MAX_DIRECTORY = 512 << 20  # bytes: Python keeps about ten times that
_ENCRYPTED, _UTF8 = 0x1, 0x800
_UNIX = 3
_ERRORS: tuple[type[Exception], ...] = (
    *UNPACKING_ERRORS,
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    ValueError,
    struct.error,
)
_GROWTH_FLOOR = 1 << 20  # bytes: what is smaller may grow as it likes


class ZipMembers:
    """Iterates over the archive's members that are no folders, in the order of their places in the file.

    max_growth: how many times its packed size a member may grow. limit: bytes that may be read of all members;
    behind that comes one member refused as `bomb`, and nothing else. Raises NoArchive if the file is no zip archive.
    """

    commit = ""

    def __init__(self, file: IO[bytes], size: int, *, max_growth: float, limit: int) -> None:
        self.max_growth, self.limit, self.total = max_growth, limit, 0
        _check_directory(file, size)
        try:
            self.archive = zipfile.ZipFile(file)
        except _ERRORS as error:
            raise NoArchive(f"cannot be read as zip: {error}") from error
        comment = self.archive.comment
        if len(comment) == 40 and comment.isalnum():  # git archive writes the commit there
            self.commit = comment.decode("ascii", "replace")

    def __iter__(self) -> Iterator[Member]:
        self.total = 0
        for info in sorted(self.archive.infolist(), key=lambda info: info.header_offset):
            if info.filename.endswith("/"):  # what is_dir() asks, which fails for an empty name
                continue
            if self.total > self.limit:  # members may overlap, and then a small file holds any amount
                yield Member(b"", 0, info.header_offset, refused="bomb", found=f"{self.total} bytes in the archive")
                return
            refused, found = self._refusal(info)
            yield Member(
                _name(info), info.file_size, info.header_offset, _time(info), refused, found, self._reader(info)
            )

    def _refusal(self, info: zipfile.ZipInfo) -> tuple[str, str]:
        mode = info.external_attr >> 16 if info.create_system == _UNIX else 0
        if S_ISLNK(mode):
            return "link", "a symbolic link"
        if S_IFMT(mode) and not S_ISREG(mode):
            return "device", f"a member of the mode {mode:o}"
        if info.flag_bits & _ENCRYPTED:
            return "encrypted", "an encrypted member"
        growth = info.file_size / max(info.compress_size, 1)
        if info.file_size > _GROWTH_FLOOR and growth > self.max_growth:
            return "bomb", f"{growth:.6g} times its packed size"
        return "", ""

    def _reader(self, info: zipfile.ZipInfo) -> Callable[[int], bytes]:
        def read(limit: int) -> bytes:
            try:
                with self.archive.open(info) as member:
                    data = member.read(min(limit, info.file_size))
            except _ERRORS as error:
                raise EOFError(f"{type(error).__name__}: {error}"[:200]) from error
            self.total += len(data)
            return data

        return read


def _name(info: zipfile.ZipInfo) -> bytes:
    """The stored bytes: what is not marked as UTF-8 often is, and zipfile has read it as code page 437."""
    return info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8 else "cp437", "surrogateescape")


def _time(info: zipfile.ZipInfo) -> int:
    try:
        return int(datetime(*info.date_time, tzinfo=UTC).timestamp())
    except ValueError:
        return 0


def _check_directory(file: IO[bytes], size: int) -> None:
    """Refuse a central directory that would not fit into memory. Raises NoArchive."""
    start = max(0, size - _END_BYTES - _COMMENT_BYTES)
    file.seek(start)
    tail = file.read(_END_BYTES + _COMMENT_BYTES)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_BYTES:
        raise NoArchive("is no zip archive, or is cut short: it has no end record")
    (directory,) = struct.unpack_from("<I", tail, at + 12)
    if at >= _END64_BYTES and tail[at - _LOCATOR_BYTES : at].startswith(_LOCATOR):
        (directory,) = struct.unpack_from("<Q", tail, at - 36)
    if directory > min(size, _MAX_DIRECTORY):
        raise NoArchive(f"has a directory of {directory} bytes, expected at most {min(size, _MAX_DIRECTORY)}")
    file.seek(0)
