"""What is inside an archive, one member after the other: names, kinds and places, content only where it is asked for.

Nothing is ever written to a disk, no link is followed, no name is opened: a name is data. A member that cannot be a
file of source says by `refused` which rule it breaks.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from tokenmill.core.io.compression import MAGIC_BYTES, Decompressed, DecompressionError, format_of

DAMAGED = "corrupt"
_COMMIT = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
UNPACKING_ERRORS = (OSError, EOFError, DecompressionError)


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
    format = format_of(file.read(MAGIC_BYTES))
    file.seek(0)
    return Decompressed(file, format) if format else file
