"""Local files of Sources: what identifies one, and its hash, which is made while a Source reads it.

To identify a file costs three small reads. Its whole content is read once, by the tasks.
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
    """The files that a glob matches, or the one with exactly this name.

    A link to nothing is among them: it is an input that is missing, as when a tool has removed what it refers to.
    """
    if os.path.isfile(pattern):
        return [pattern]
    found = glob.glob(pattern, recursive=True)
    return [path for path in found if os.path.isfile(path) or not os.path.exists(path)]


def etag(path: str) -> str:
    """Size, modification time, and a hash of a page at the start, middle and end of the file."""
    found = os.stat(path)
    digest = xxhash.xxh3_128()
    with open(path, "rb", buffering=0) as file:
        for offset in (0, found.st_size // 2, max(0, found.st_size - _SAMPLE_BYTES)):
            digest.update(os.pread(file.fileno(), _SAMPLE_BYTES, offset))
    return f"{found.st_size}-{found.st_mtime_ns}-{digest.hexdigest()}"


def only_time_differs(one: str, other: str) -> bool:
    """Whether two etags differ in nothing but the modification time, so that their files may have one content."""
    if one == other or not (tells_time(one) and tells_time(other)):
        return False
    return one.split("-")[::2] == other.split("-")[::2]


def tells_time(etag: str) -> bool:
    """Whether it is one of etag(), not of a store, or made up by a Source."""
    return etag.count("-") == 2


class ContentHash:
    """XXH3-128 of a file's bytes from `start` to `until`. What is read of them in order, in a block of while_reading(),
    is hashed on the way; finish() reads the rest.
    """

    def __init__(self, path: str, start: int = 0, until: int = sys.maxsize) -> None:
        self.path, self.until = path, until
        self._digest, self._end = xxhash.xxh3_128(), start

    def saw(self, start: int, data: memoryview) -> None:
        """These bytes were read at `start`."""
        end = min(start + data.nbytes, self.until)
        if start <= self._end < end:
            self._digest.update(data[self._end - start : end - start])
            self._end = end

    def finish(self) -> str:
        """The hash in hex digits."""
        with open(self.path, "rb") as file:
            file.seek(self._end)
            while data := file.read(min(_CHUNK, self.until - self._end)):
                self.saw(self._end, memoryview(data))
        return self._digest.hexdigest()


_CURRENT: ContextVar[ContentHash | None] = ContextVar("content_hash", default=None)
"""Whose file is hashed if this thread opens it."""


@contextmanager
def while_reading(content: ContentHash) -> Iterator[None]:
    """In this block open_local() gives a file that `content` sees, also after the block."""
    token = _CURRENT.set(content)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def open_local(path: str) -> IO[bytes]:
    """The file opened for reading bytes."""
    content = _CURRENT.get()
    if content is None or content.path != path:
        return open(path, "rb")
    return io.BufferedReader(_SeenFile(path, content), _BUFFER)


class _SeenFile(io.FileIO):
    """A file that shows what is read of it to a ContentHash."""

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
