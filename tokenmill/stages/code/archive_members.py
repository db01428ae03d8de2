"""What is inside an archive, one member after the other: names, kinds and places, content only where it is asked for.

Nothing is ever written to a disk, no link is followed, no name is opened: a name is data. A member that cannot be a
file of source says by `refused` which rule it breaks.
"""

import bz2
import lzma
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

import zstandard
from isal import igzip_lib, isal_zlib

DAMAGED = "corrupt"
UNPACKING_MEMORY = 192 << 20  # bytes: `xz -9` needs 65 MiB to unpack
_PACKED_CHUNK = 1 << 16
_ZSTD_WINDOW = 128 << 20  # bytes: `zstd --long=27`
_ISAL_ERROR: type[Exception] = isal_zlib.error  # type: ignore[assignment]  # its stub has an instance
_COMMIT = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
UNPACKING_ERRORS = (OSError, EOFError, zlib.error, _ISAL_ERROR, lzma.LZMAError, zstandard.ZstdError)


@dataclass(frozen=True)
class Member:
    """One member.

    name: as it is stored. size: bytes that it says it has. offset: of its header, in the unpacked archive for tar, in
    the file for zip; for git its place in the listing. time: seconds since 1970, 0 if unknown. refused: the rule it
    breaks, with `found` as what was found. read: gives at most so many bytes of the content; it is to be called before
    the next member is asked for.
    """

    name: bytes
    size: int
    offset: int
    time: int = 0
    refused: str = ""
    found: str = ""
    read: Callable[[int], bytes] = lambda limit: b""


class NoArchive(Exception):
    """The file, or folder, cannot be read as what it should be; the message goes on after its name."""


def commit_of(comment: bytes) -> str:
    """The commit that `git archive` wrote as an archive's comment; "" if it is anything else, which may be long."""
    return comment.decode("ascii") if _COMMIT.match(comment) else ""


def unpacked(file: IO[bytes]) -> Any:
    """What reads like the file decompressed, whatever it was compressed with: gzip, bzip2, xz, zstd or nothing."""
    magic = file.read(6)
    file.seek(0)
    if magic.startswith(b"\x28\xb5\x2f\xfd"):
        decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        return decompressor.stream_reader(file, read_across_frames=True)
    for start, make in _INFLATERS.items():
        if magic.startswith(start):
            return _Inflated(file, make)
    return file


_INFLATERS: dict[bytes, Callable[[], Any]] = {
    b"\x1f\x8b": lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP),
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ\0": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=UNPACKING_MEMORY),
}


def is_packed(magic: bytes) -> bool:
    """True for the first six bytes of what unpacked() unpacks."""
    return magic.startswith((b"\x28\xb5\x2f\xfd", *_INFLATERS))


class _Inflated:
    """Reads streams one after the other, in bounded memory, and gives all that lies before damage; what Python brings
    for it gives chunks whole or not at all, and lets the header of an xz stream ask for gigabytes.
    """

    def __init__(self, file: IO[bytes], make: Callable[[], Any]) -> None:
        self.file, self.make, self.inflater, self.packed = file, make, make(), b""

    def read(self, size: int) -> bytes:
        """At most `size` bytes, b"" at the end. Raises EOFError where a stream is cut off."""
        while True:
            if self.inflater.eof:
                self.packed = (self.inflater.unused_data or self.file.read(_PACKED_CHUNK)).lstrip(b"\0")
                if not self.packed:
                    return b""
                self.inflater = self.make()
            if self.inflater.needs_input and not self.packed:
                self.packed = self.file.read(_PACKED_CHUNK)
                if not self.packed:
                    raise EOFError("the compressed stream ends too early")
            packed, self.packed = self.packed, b""
            data: bytes = self.inflater.decompress(packed, max_length=size)
            if data:
                return data
