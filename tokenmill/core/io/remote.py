"""Files at fsspec URLs: listings without a cache, reads and writes of whole files, and the retries of retry.py.

Credentials come from the store's own chain (environment, profile, role), never from a URL. S3 is accessed through
s3.py, which retries each request. Other stores have retries of their own; the errors that remain are retried here.
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
"""Bytes of one part of a multipart upload. Smaller files are uploaded in one request. A writer holds two parts."""

_AT_ONCE = 32


def place(url: str) -> tuple[Any, str]:
    """Returns (fsspec filesystem, path in it) of a URL.

    Raises RecipeError for credentials in it, or an unknown scheme.
    """
    scheme, _, rest = url.partition("://")
    named = without_credentials(url)
    if "@" in rest.partition("/")[0]:
        raise RecipeError(
            f"{named}: credentials in a URL end up in recipes, manifests and logs; take them out, and set them in the "
            "environment or a profile"
        )
    try:
        if scheme in ("s3", "s3a"):
            # imported by name, so that no fingerprint covers it: results do not depend on how bytes are transferred
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
    """A remote file for reading. Ranges that arrive incomplete are requested again. Consecutive reads read ahead.

    Any other read fetches little more than the requested bytes, so that a column of a Parquet file costs only that
    column.
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
        """Fetches the bytes of [at, at + size) that are not held yet."""
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
            raise Truncated(f"{len(data)} of {end - start} bytes arrived")
        return data


def open_input(url: str) -> IO[bytes]:
    """Opens a remote file for reading; seekable."""
    fs, inner = place(url)
    file = retried("open", url, lambda: fs.open(inner, "rb", cache_type="none"))
    return RemoteFile(url, file) if hasattr(file, "_fetch_range") else file  # type: ignore[return-value]


@contextmanager
def open_output(url: str) -> Iterator[IO[bytes]]:
    """Opens a remote file for writing. It appears when the block ends; if the block fails, the upload is discarded."""
    fs, inner = place(url)
    file = retried("write", url, lambda: fs.open(inner, "wb", block_size=PART))
    try:
        yield file
        retried("write", url, file.close)
    except BaseException:
        _discard(file)
        raise


def _discard(file: Any) -> None:
    """Discards an upload, so that no incomplete object appears, also not when the file object is garbage-collected."""
    try:
        if hasattr(file, "discard"):
            file.discard()
    except Exception as error:
        logger.warning("a failed upload could not be deleted (%s); the bucket's lifecycle rule will delete it", error)
    finally:
        if hasattr(file, "_closed"):
            file.closed = True


def read_bytes(url: str) -> bytes:
    """Returns the content of a remote file, in one request if the store can."""
    fs, inner = place(url)
    content: bytes = retried("read", url, lambda: fs.cat_file(inner))
    return content


def read_range(url: str, start: int, stop: int) -> bytes:
    """Returns the bytes [start, stop) of a remote file, fewer at its end, in one request if the store can."""
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
    """Creates a remote file with one conditional request. Raises FileExistsError if it exists."""
    fs, inner = place(url)
    retried("write", url, lambda: fs.pipe_file(inner, content, mode="create"))


def write_bytes(url: str, content: bytes) -> None:
    """Writes a whole remote file at once."""
    fs, inner = place(url)
    retried("write", url, lambda: fs.pipe_file(inner, content))


def info(url: str) -> dict[str, Any] | None:
    """Returns the store's description of a remote file or folder, or None if it does not exist."""
    fs, inner = place(url)
    try:
        found: dict[str, Any] = retried("look up", url, lambda: fs.info(inner))
        return found
    except FileNotFoundError:
        return None


def entries(folder: str) -> list[dict[str, Any]]:
    """Returns the entries directly in a remote folder, sorted by name.

    They are dicts with name (last part of the path), type (file or directory) and size.
    """
    fs, inner = place(folder)
    try:
        found = retried("list", folder, lambda: fs.ls(inner, detail=True))
    except FileNotFoundError:
        return []
    except NotADirectoryError:
        return []
    named = [{**entry, "name": str(entry["name"]).rstrip("/").rpartition("/")[2]} for entry in found]
    itself = inner.rstrip("/").rpartition("/")[2]  # an empty marker object of a folder lists itself
    marker = {entry["name"] for entry in found if str(entry["name"]).rstrip("/") == inner.rstrip("/")}
    return sorted(
        (entry for entry in named if not (marker and entry["name"] == itself)), key=lambda entry: str(entry["name"])
    )


def matches(pattern: str) -> dict[str, dict[str, Any]]:
    """Returns {URL: the store's description} for the remote files that match a glob, by one listing per folder.

    A file whose name has brackets matches its own name.
    """
    fs, inner = place(pattern)
    exact = info(pattern) if "[" in pattern else None
    if exact is not None and exact["type"] == "file":
        return {pattern: exact}
    found = retried("list", pattern, lambda: fs.glob(inner, detail=True))
    return {str(fs.unstrip_protocol(path)): about for path, about in found.items() if about["type"] == "file"}


def delete(url: str) -> None:
    """Deletes a remote file, or a remote folder with its content. Does nothing if it does not exist."""
    fs, inner = place(url)
    try:
        inside = retried("list", url, lambda: fs.find(inner))
    except FileNotFoundError:
        return
    _remove(fs, url, inside)


def delete_files(urls: list[str]) -> None:
    """Deletes remote files of one store, many per request if the store can. Ignores files that do not exist."""
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
        for path in paths if len(paths) > 1 else ():  # stores without bulk delete stop at the first missing file
            if fs.exists(path):
                retried("delete", url, lambda path=path: fs.rm_file(path))  # type: ignore[misc]


def copy(old: str, new: str) -> None:
    """Copies a remote file within its store, without a download."""
    fs, inner = place(old)
    retried("copy", old, lambda: fs.cp_file(inner, place(new)[1]))


def download(url: str, path: str) -> None:
    """Copies a remote file to a local path, block by block."""
    with open_input(url) as file, open(path, "wb") as local:
        while block := file.read(READ_AHEAD):
            local.write(block)


def at_once(do: Callable[[str], T], paths: Iterable[str]) -> list[T]:
    """Returns the result of do() for each of many remote paths, in order.

    Calls run in 32 threads, because requests mostly wait.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(do, paths))
