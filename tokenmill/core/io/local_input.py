"""Local input files of Sources: their etags, and their hashes, which are computed while a Source reads them.

An etag costs three small reads. The whole content is read only once, by the tasks.
"""

import glob
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import IO, Any

import xxhash

_SAMPLE_BYTES = 1 << 12
_CHUNK = 1 << 20
_BUFFER = 1 << 16


def matches(pattern: str) -> list[str]:
    """Returns the local input files that a glob matches, or the one with exactly this name.

    Broken links are included: they are inputs that are missing, for example because a tool has deleted their targets.
    """
    if os.path.isfile(pattern):
        return [pattern]
    found = glob.glob(pattern, recursive=True)
    return [path for path in found if os.path.isfile(path) or not os.path.exists(path)]


def etag(path: str) -> str:
    """Returns the etag of a local input file, `size-time-hash`.

    It has bytes, nanoseconds, and XXH3-128 of 4 KiB at the start, middle and end.
    """
    found = os.stat(path)
    digest = xxhash.xxh3_128()
    with open(path, "rb", buffering=0) as file:
        for offset in (0, found.st_size // 2, max(0, found.st_size - _SAMPLE_BYTES)):
            digest.update(os.pread(file.fileno(), _SAMPLE_BYTES, offset))
    return f"{found.st_size}-{found.st_mtime_ns}-{digest.hexdigest()}"


def only_time_differs(one: str, other: str) -> bool:
    """Returns True if two etags of local input files differ only in time, so that the content may be the same."""
    if one == other or not (tells_time(one) and tells_time(other)):
        return False
    return one.split("-")[::2] == other.split("-")[::2]


def tells_time(etag: str) -> bool:
    """Returns True if an etag has the form of those of local input files, so it is not from a store or a Source."""
    return etag.count("-") == 2


class ContentHash:
    """XXH3-128 of the bytes [start, until) of a file.

    In a block of while_reading(), the bytes that are read in order are hashed on the way. finish() reads the rest.
    """

    def __init__(self, path: str, start: int = 0, until: int = sys.maxsize) -> None:
        self.path, self.until = path, until
        self._digest, self._end = xxhash.xxh3_128(), start

    def saw(self, start: int, data: memoryview) -> None:
        """Hashes those of the bytes, read at position `start`, that come next."""
        end = min(start + data.nbytes, self.until)
        if start <= self._end < end:
            self._digest.update(data[self._end - start : end - start])
            self._end = end

    def finish(self) -> str:
        """Reads the bytes that were not hashed yet, and returns the hash in hex digits."""
        with open(self.path, "rb") as file:
            file.seek(self._end)
            while data := file.read(min(_CHUNK, self.until - self._end)):
                self.saw(self._end, memoryview(data))
        return self._digest.hexdigest()


_CURRENT: ContextVar[ContentHash | None] = ContextVar("content_hash", default=None)
"""The hash of the current block of while_reading()."""


@contextmanager
def while_reading(content: ContentHash) -> Iterator[None]:
    """Hashes a local input file while the block reads it.

    In this block open_local() passes the bytes read from the file of `content` to it, also after the block.
    """
    token = _CURRENT.set(content)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def open_local(path: str) -> IO[bytes]:
    """Opens a local file for reading bytes; while_reading() hashes those of its input file."""
    content = _CURRENT.get()
    if content is None or content.path != path:
        return open(path, "rb")
    return io.BufferedReader(_SeenFile(path, content), _BUFFER)


class _SeenFile(io.FileIO):
    """A file that passes all bytes that are read to a ContentHash."""

    def __init__(self, path: str, content: ContentHash) -> None:
        super().__init__(path, "rb")
        self._content = content

    def readinto(self, buffer: Any) -> int:
        start = self.tell()
        count = super().readinto(buffer)
        self._content.saw(start, memoryview(buffer).cast("B")[:count])
        return count

    def readall(self) -> bytes:
        start = self.tell()
        data = super().readall()
        self._content.saw(start, memoryview(data))
        return data
