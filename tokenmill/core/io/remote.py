"""Files at fsspec URLs: fresh listings, whole reads and writes, and the retries of retry.py.

Credentials come from the store's own chain (environment, profile, role), never from a URL. S3 goes through s3.py, which
retries each request. Other stores have retries of their own; the errors that remain are retried here.
"""

import importlib
import io
import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import IO, Any, TypeVar

import fsspec

from tokenmill.core.errors import RecipeError
from tokenmill.core.io.retry import Truncated, retried, without_credentials

logger = logging.getLogger(__name__)

T = TypeVar("T")

READ_AHEAD = 8 << 20
LEAST_READ = 64 << 10
PART = 16 << 20
"""Bytes of one part of a multipart upload; what is smaller goes up in one request. A writer holds two of them."""

_AT_ONCE = 32


def place(url: str) -> tuple[Any, str]:
    """(filesystem, path in it) of a URL. Raises RecipeError for credentials in it, or a scheme that nothing reads."""
    scheme, _, rest = url.partition("://")
    named = without_credentials(url)
    if "@" in rest.partition("/")[0]:
        raise RecipeError(
            f"{named}: credentials in a URL end up in recipes, manifests and logs; take them out, and set them in the "
            "environment or a profile"
        )
    try:
        if scheme in ("s3", "s3a"):
            # loaded by name, so that no fingerprint covers it: results do not depend on how bytes travel
            fs = importlib.import_module("tokenmill.core.io.s3").filesystem()
            return fs, str(fs._strip_protocol(url))
        fs, inner = fsspec.core.url_to_fs(url, use_listings_cache=False)
        return fs, str(inner)
    except ImportError as error:
        extra = "pip install 'tokenmill[s3]'" if scheme in ("s3", "s3a") else f"install the package named: {error}"
        raise RecipeError(f"{named}: {scheme}:// needs a package that is not installed; {extra}") from error
    except ValueError as error:
        raise RecipeError(f"{named}: {error}; known schemes are those of fsspec: s3, gs, abfs and so on") from error


class RemoteFile(io.BufferedIOBase):
    """A remote file for reading. A range that arrives cut off is requested again; consecutive reads read ahead.

    A read elsewhere fetches what it asks for and little more, so that a column of a Parquet file costs that column.
    """

    def __init__(self, url: str, file: Any) -> None:
        self._url, self._file = url, file
        self.size = int(file.size)
        self._at = self._first = 0
        self._held = b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + (0, self._at, self.size)[whence])
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        left = max(0, self.size - self._at)
        size = left if size is None or size < 0 else min(size, left)
        self._hold(size)
        start = self._at - self._first
        self._at += size
        return self._held[start : start + size]

    read1 = read

    def readline(self, size: int | None = -1) -> bytes:
        line, most = b"", self.size if size is None or size < 0 else size
        while self._at < self.size and len(line) < most and not line.endswith(b"\n"):
            self._hold(1)
            start = self._at - self._first
            stop = self._held.find(b"\n", start, start + most - len(line)) + 1
            stop = stop or min(len(self._held), start + most - len(line))
            line += self._held[start:stop]
            self._at = self._first + stop
        return line

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._held = b""
        self._file.close()
        super().close()

    def _hold(self, size: int) -> None:
        """Fetch what is missing of [at, at + size)."""
        end = self._first + len(self._held)
        if size <= 0 or (self._first <= self._at and self._at + size <= end):
            return
        follows = self._first <= self._at <= end and self._held
        kept = self._held[self._at - self._first :] if follows else b""
        start = self._at + len(kept)
        wanted = max(size - len(kept), READ_AHEAD if follows else LEAST_READ)
        self._held = kept + retried("read", self._url, lambda: self._fetch(start, min(start + wanted, self.size)))
        self._first = self._at

    def _fetch(self, start: int, end: int) -> bytes:
        data: bytes = self._file._fetch_range(start, end)
        if len(data) != end - start:
            raise Truncated(f"{len(data)} bytes of {end - start} came")
        return data


def open_input(url: str) -> IO[bytes]:
    """A remote file opened for reading; seekable."""
    fs, inner = place(url)
    file = retried("open", url, lambda: fs.open(inner, "rb", cache_type="none"))
    return RemoteFile(url, file) if hasattr(file, "_fetch_range") else file  # type: ignore[return-value]


@contextmanager
def open_output(url: str) -> Iterator[IO[bytes]]:
    """A remote file to write; it appears when the block ends, and what was sent is thrown away when the block fails."""
    fs, inner = place(url)
    file = retried("write", url, lambda: fs.open(inner, "wb", block_size=PART))
    try:
        yield file
        retried("write", url, file.close)
    except BaseException:
        _discard(file)
        raise


def _discard(file: Any) -> None:
    """No half object: not now, and not when the file object is collected, which would close it."""
    try:
        if hasattr(file, "discard"):
            file.discard()
    except Exception as error:
        logger.warning("a failed upload could not be thrown away (%s); the bucket's lifecycle rule will", error)
    finally:
        if hasattr(file, "_closed"):
            file.closed = True


def read_bytes(url: str) -> bytes:
    """The whole file, in one request where the store can."""
    fs, inner = place(url)
    content: bytes = retried("read", url, lambda: fs.cat_file(inner))
    return content


def read_range(url: str, start: int, stop: int) -> bytes:
    """The bytes from start up to stop, fewer where the file ends, in one request where the store can."""
    fs, inner = place(url)

    def read() -> bytes:
        content = bytes(fs.cat_file(inner, start=start, end=stop))
        if len(content) < stop - start:
            there = min(stop, int(fs.info(inner)["size"])) - start
            if len(content) < there:
                raise Truncated(f"{len(content)} of {there} bytes from {start} arrived")
        return content

    return retried("read", url, read)


def create_bytes(url: str, content: bytes) -> None:
    """A file that is not there yet, in one conditional request. Raises FileExistsError if there is one."""
    fs, inner = place(url)
    retried("write", url, lambda: fs.pipe_file(inner, content, mode="create"))


def write_bytes(url: str, content: bytes) -> None:
    """The whole file at once."""
    fs, inner = place(url)
    retried("write", url, lambda: fs.pipe_file(inner, content))


def info(url: str) -> dict[str, Any] | None:
    """What the store says of a file or folder, None if there is none."""
    fs, inner = place(url)
    try:
        found: dict[str, Any] = retried("look up", url, lambda: fs.info(inner))
        return found
    except FileNotFoundError:
        return None


def entries(folder: str) -> list[dict[str, Any]]:
    """What lies directly in a folder: dicts with name (its last part), type (file or directory) and size, sorted."""
    fs, inner = place(folder)
    try:
        found = retried("list", folder, lambda: fs.ls(inner, detail=True))
    except FileNotFoundError:
        return []
    except NotADirectoryError:
        return []
    named = [{**entry, "name": str(entry["name"]).rstrip("/").rpartition("/")[2]} for entry in found]
    itself = inner.rstrip("/").rpartition("/")[2]  # a folder's empty marker object lists as itself
    marker = {entry["name"] for entry in found if str(entry["name"]).rstrip("/") == inner.rstrip("/")}
    return sorted(
        (entry for entry in named if not (marker and entry["name"] == itself)), key=lambda entry: str(entry["name"])
    )


def matches(pattern: str) -> dict[str, dict[str, Any]]:
    """{URL: what the store says of it} of the files that match a glob; one listing a folder, no request a file."""
    fs, inner = place(pattern)
    found = retried("list", pattern, lambda: fs.glob(inner, detail=True))
    return {str(fs.unstrip_protocol(path)): about for path, about in found.items() if about["type"] == "file"}


def delete(url: str) -> None:
    """Remove a file, or a folder with all in it; nothing to do if it is not there."""
    fs, inner = place(url)
    try:
        inside = retried("list", url, lambda: fs.find(inner))
    except FileNotFoundError:
        return
    _remove(fs, url, inside)


def delete_files(urls: list[str]) -> None:
    """Remove files of one store, many a request where it can; nothing to do for those that are not there."""
    if urls:
        fs, _ = place(urls[0])
        _remove(
            fs, urls[0] if len(urls) == 1 else f"{urls[0]} and {len(urls) - 1} more", [place(url)[1] for url in urls]
        )


def _remove(fs: Any, url: str, paths: list[str]) -> None:
    try:
        if len(paths) == 1:
            retried("delete", url, lambda: fs.rm_file(paths[0]))
        elif paths:
            retried("delete", url, lambda: fs.rm(paths))
    except FileNotFoundError:
        for path in paths if len(paths) > 1 else ():  # stores without a bulk delete stop at the first that is missing
            if fs.exists(path):
                retried("delete", url, lambda path=path: fs.rm_file(path))  # type: ignore[misc]


def copy(old: str, new: str) -> None:
    """Copy a file within its store, without its bytes coming here."""
    fs, inner = place(old)
    retried("copy", old, lambda: fs.cp_file(inner, place(new)[1]))


def download(url: str, path: str) -> None:
    """Copy a remote file to a local path, block by block."""
    with open_input(url) as file, open(path, "wb") as local:
        while block := file.read(READ_AHEAD):
            local.write(block)


def at_once(do: Callable[[str], T], paths: Iterable[str]) -> list[T]:
    """do() of each path, in order. Many run at a time, because a request is mostly waiting."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(do, paths))
