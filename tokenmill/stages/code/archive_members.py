"""Defines the members of an archive, which a reader gives one after the other: name, place, and content on request.

Nothing is ever written to a disk, no link is followed, and no member's name is opened as a path. If a member cannot be
a source file, `refused` has the rule that it breaks.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from tokenmill.core.io.compression import MAGIC_BYTES, Decompressed, DecompressionError, format_of
from tokenmill.core.io.zstd_frame import LONGEST_WINDOW

DAMAGED = "corrupt"
"""The rule that refuses damaged members and archives."""

_COMMIT = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
UNPACKING_ERRORS = (OSError, EOFError, DecompressionError)


@dataclass(frozen=True)
class Member:
    """One member.

    Attributes:
        name: the name as it is stored.
        size: size of the content in bytes, as the archive states it.
        offset: for tar, the position of its header in the unpacked archive. For zip, the position of its header in the
            file. For git, its place in the listing.
        time: seconds since 1970, 0 if unknown. Default 0.
        refused: the rule that it breaks, "" if it breaks none. Default "".
        found: what was found, if a rule is broken. Default "".
        read: returns the first bytes of the content, at most as many as its argument says. Call it before you ask for
            the next member.
    """

    name: bytes
    size: int
    offset: int
    time: int = 0
    refused: str = ""
    found: str = ""
    read: Callable[[int], bytes] = lambda limit: b""


class NoArchive(Exception):
    """The file or folder is not an archive or repository that can be read. The message continues after its name."""


def commit_of(comment: bytes) -> str:
    """Returns the commit that `git archive` wrote as an archive's comment, or "" if the comment is something else."""
    return comment.decode("ascii") if _COMMIT.match(comment) else ""


def unpacked(file: IO[bytes]) -> Any:
    """Returns a stream of a code archive's decompressed bytes: gzip, bzip2, xz, zstd, or itself if uncompressed."""
    format = format_of(file.read(MAGIC_BYTES))
    file.seek(0)
    return Decompressed(file, format, window=LONGEST_WINDOW) if format else file
