"""File objects for files on HTTP servers, read by range requests. Broken connections are resumed.

Two versions of a file are never mixed: if the file changes while it is read, an error is raised. Bytes are returned as
they are stored: no compression is requested for the transfer, and compressed responses are not decompressed, because
readers recognise compressed files by their first bytes. If a server ignores ranges, the file is read once, into an
unnamed temporary file. Source: RFC 9110 (ranges, validators, Retry-After).
"""

import functools
import io
import logging
import re
import tempfile
from typing import IO, Any, NamedTuple
from urllib.parse import unquote, urlsplit

import urllib3

from tokenmill.core.errors import DataError
from tokenmill.core.io.manners import Manners, PassingError, Tries, current, seconds_until, take_turn
from tokenmill.core.io.url_secrets import shown
from tokenmill.core.version import __version__

_FIRST = 1 << 16  # bytes of the first request after a seek; each request that continues asks for twice as many
_MOST = 16 << 20
_PIECE = 1 << 16
_PROGRESS = 1 << 16  # bytes after which earlier failures no longer count
_DENIED_TRIES = 4  # for status 403, with which some servers answer too frequent requests
_UNKNOWN_HOST_TRIES = 3
_PASSING = (408, 425, 429)
_BUSY = (403, 429, 503)
_FINAL = (501, 505)
_GONE = (404, 410)
_RANGE = re.compile(r"\s*bytes\s+(?:(\d+)-(\d+)|\*)/(\d+|\*)", re.IGNORECASE)
_REDIRECTS = urllib3.Retry(
    total=None, connect=0, read=0, status=0, other=0, redirect=5, respect_retry_after_header=False
)


class GoneError(DataError, FileNotFoundError):
    """There is no such file on the server."""


class Version(NamedTuple):
    """Identifies a version of a file. size: bytes, or -1 if unknown. tag: ETag, else Last-Modified, else ""."""

    size: int
    tag: str


class _Block(NamedTuple):
    start: int
    data: bytes

    @property
    def end(self) -> int:
        return self.start + len(self.data)


def is_http(path: str) -> bool:
    """Returns True for http:// and https:// addresses."""
    return path[:8].lower().startswith(("http://", "https://"))


def open_file(url: str) -> IO[bytes]:
    """Opens a file on an HTTP server for reading; seekable.

    Raises GoneError if it does not exist, DataError if it cannot be read.
    """
    file = HttpFile(url, current())
    file.size  # noqa: B018  # requests the first bytes
    return file  # type: ignore[return-value]


def version(url: str) -> Version:
    """Returns size and tag of a file on an HTTP server. Raises the errors of open_file."""
    return HttpFile(url, current()).version()


def found(url: str) -> Version | None:
    """Returns size and tag of a file on an HTTP server, or None if it does not exist.

    Otherwise raises the errors of open_file.
    """
    try:
        return version(url)
    except GoneError:
        return None


def read_range(url: str, start: int, stop: int) -> bytes:
    """Returns the bytes [start, stop) of a file on an HTTP server, fewer at its end, by one request.

    Raises as open_file does.
    """
    with HttpFile(url, current()) as file:
        return file.fetch(start, stop)


class HttpFile(io.RawIOBase):
    """A file on a server. Opening sends no request. Keeps two blocks, so that a short seek back needs no request."""

    def __init__(self, url: str, manners: Manners) -> None:
        parts = urlsplit(url)
        self.name, self.manners, self.host = shown(url), manners, parts.netloc.rpartition("@")[2].lower()
        self._url = parts._replace(netloc=self.host, fragment="").geturl()
        user, found, _ = parts.netloc.rpartition("@")
        self._headers = urllib3.make_headers(basic_auth=unquote(user)) if found else {}
        self._version: Version | None = None
        self._whole: IO[bytes] | None = None
        self._blocks: list[_Block] = [_Block(0, b"")]
        self._ahead, self._at = _FIRST >> 1, 0

    @property
    def size(self) -> int:
        """Size of the whole file in bytes. Requests the first bytes if it is not known yet."""
        if self._version is None:
            self._blocks = [_Block(0, self.fetch(0, _FIRST))]
        assert self._version is not None
        return self._version.size

    def version(self) -> Version:
        """Returns size and tag by a request for one byte. If the server states no size, reads the whole file."""
        tries = Tries(self.manners, self.host, self.name)
        while True:
            try:
                response = self._ask(0, 1)
                if response is not None:
                    known = self._recognise(response)
                    response.drain_conn() if response.status == 206 else response.close()
                    if known.size < 0:
                        self._spool()
                assert self._version is not None
                return self._version
            except PassingError as error:
                tries.wait(error)

    def fetch(self, start: int, stop: int) -> bytes:
        """Returns the bytes [start, stop), fewer only at the end of the file. Does not use the blocks."""
        found = bytearray()
        tries = Tries(self.manners, self.host, self.name)
        while start + len(found) < (stop := stop if self._version is None else min(stop, self._version.size)):
            before = len(found)
            try:
                if self._whole is None:
                    self._receive(found, start, stop)
                if self._whole is not None:
                    self._whole.seek(start)
                    return self._whole.read(stop - start)
            except PassingError as error:
                if len(found) - before >= _PROGRESS:
                    tries.progress()
                tries.wait(error)
        return bytes(found)

    def read(self, size: int | None = -1, /) -> bytes:
        """Returns the next `size` bytes, fewer only at the end of the file."""
        end = self.size if size is None or size < 0 else min(self.size, self._at + size)
        parts = []
        while self._at < end:
            block = self._block(self._at, end)
            parts.append(block.data[self._at - block.start : end - block.start])
            self._at += len(parts[-1])
        return b"".join(parts)

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size if whence == io.SEEK_END else 0}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        if self._whole is not None:
            self._whole.close()
        self._blocks = [_Block(0, b"")]
        super().close()

    def _block(self, at: int, end: int) -> _Block:
        """Returns a block with the byte at `at`. A new block reaches to `end`, or farther if reads are consecutive."""
        for block in self._blocks:
            if block.start <= at < block.end:
                return block
        newest = self._blocks[-1]
        self._ahead = min(2 * self._ahead, _MOST) if at == newest.end else _FIRST
        block = _Block(at, self.fetch(at, max(min(end, at + _MOST), at + self._ahead)))
        self._blocks = [newest, block]
        return block

    def _receive(self, found: bytearray, start: int, stop: int) -> None:
        """Requests the bytes [start + len(found), stop) once, and appends those that arrive to found."""
        at = start + len(found)
        response = self._ask(at, stop)
        if response is None:
            return
        try:
            if response.status == 200:
                return self._keep(response)
            stop = min(stop, self._recognise(response).size)
            while start + len(found) < stop and (piece := response.read1(_PIECE, decode_content=False)):
                found += piece
        except urllib3.exceptions.HTTPError as error:
            raise PassingError(f"the connection broke at byte {start + len(found):,} ({_named(error)})") from None
        finally:
            response.close() if response.length_remaining else response.release_conn()
        del found[stop - start :]  # bytes that were not requested
        if start + len(found) < stop:
            raise PassingError(f"the answer ends at byte {start + len(found):,}, before byte {stop:,}")
        return None

    def _spool(self) -> None:
        response = self._ask(0, None)
        if response is not None:
            self._keep(response)

    def _keep(self, response: urllib3.BaseHTTPResponse) -> None:
        """Saves a response with the whole file to a temporary file; the server ignores ranges."""
        told = self._recognise(response).size
        whole = tempfile.TemporaryFile()  # noqa: SIM115  # closed with this file
        try:
            for piece in response.stream(_PIECE, decode_content=False):
                whole.write(piece)
        except urllib3.exceptions.HTTPError as error:
            place = whole.tell()
            whole.close()
            raise PassingError(
                f"the connection broke at byte {place:,} ({_named(error)}), and the server does not support the ranges "
                "that are needed to continue"
            ) from None
        finally:
            response.close()
        assert self._version is not None
        size = whole.tell()
        if told not in (-1, size):
            whole.close()
            raise PassingError(f"the server sent {size:,} bytes, but announced {told:,}")
        self._version, self._whole = self._version._replace(size=size), whole

    def _ask(self, start: int, stop: int | None) -> urllib3.BaseHTTPResponse | None:
        """Sends a request. Returns the response with its body unread, or None if the file ends at or before start."""
        headers = {"User-Agent": f"tokenmill/{__version__}", "Accept-Encoding": "identity", **self._headers}
        if stop is not None:
            headers["Range"] = f"bytes={start}-{stop - 1}"
            tag = self._version.tag if self._version else ""
            if tag.startswith('"'):
                headers["If-Range"] = tag  # otherwise the rest could be of another version
        take_turn(self.host, self.manners)
        try:
            response = _pool().request(
                "GET", self._url, headers=headers, retries=_REDIRECTS, timeout=self.manners.timeout,
                preload_content=False, decode_content=False,
            )  # fmt: skip
        except (urllib3.exceptions.SSLError, urllib3.exceptions.LocationValueError) as error:
            raise DataError(f"{self.name}: {_named(error)}") from None
        except urllib3.exceptions.MaxRetryError as error:
            raise self._no_answer(error) from None
        except urllib3.exceptions.HTTPError as error:
            raise PassingError(f"no answer ({_named(error)})") from None
        return self._accepted(response, start)

    def _no_answer(self, error: urllib3.exceptions.MaxRetryError) -> Exception:
        """Returns an error for the reason of the given one, whose own text shows the address with its signature."""
        reason = error.reason
        if isinstance(reason, urllib3.exceptions.ResponseError):
            return DataError(f"{self.name}: redirected more than {_REDIRECTS.redirect} times")
        if isinstance(reason, urllib3.exceptions.SSLError):
            return DataError(f"{self.name}: {_named(reason)}; the server's certificate is not trusted here")
        if isinstance(reason, urllib3.exceptions.NameResolutionError):
            return PassingError(f"no host {self.host!r} is known", tries=_UNKNOWN_HOST_TRIES)
        return PassingError(f"no answer ({_named(reason)})")

    def _accepted(self, response: urllib3.BaseHTTPResponse, start: int) -> urllib3.BaseHTTPResponse | None:
        """Returns the response if it has the requested bytes, None if the file ends at or before start. Else raises."""
        status = response.status
        found = _RANGE.match(response.headers.get("Content-Range", ""))
        if status == 200:
            return response
        if status == 206 and found and found[1] == str(start) and found[3] != "*":
            return response
        response.close()
        said = f"HTTP {status} {response.reason or ''}".rstrip()
        if status == 206:
            what = response.headers.get("Content-Range", "no")
            raise PassingError(f"{said} with Content-Range {what!r}, asked for the bytes from {start:,}")
        if status == 416 and found and found[3] != "*" and int(found[3]) <= start:
            self._same(Version(int(found[3]), response.headers.get("ETag", self._version.tag if self._version else "")))
            return None
        if status in _GONE:
            raise GoneError(f"{self.name}: {said}; there is no such file")
        after = seconds_until(response.headers.get("Retry-After", ""))
        if status == 403:
            raise PassingError(f"{said}: the server denies access", after=after, busy=True, tries=_DENIED_TRIES)
        if status in _PASSING or (status >= 500 and status not in _FINAL):
            raise PassingError(said, after=after, busy=status in _BUSY)
        raise DataError(f"{self.name}: {said}; the server refuses this request")

    def _recognise(self, response: urllib3.BaseHTTPResponse) -> Version:
        """Returns the version of the response. Raises DataError if it differs from that of earlier responses."""
        found = _RANGE.match(response.headers.get("Content-Range", "")) if response.status == 206 else None
        said = found[3] if found else response.headers.get("Content-Length", "")
        tag = response.headers.get("ETag") or response.headers.get("Last-Modified") or ""
        return self._same(Version(int(said) if said.isdigit() else -1, tag))

    def _same(self, now: Version) -> Version:
        before = self._version
        resized = before is not None and before.size != now.size and -1 not in (before.size, now.size)
        if before is not None and (before.tag != now.tag or resized):
            raise DataError(
                f"{self.name}: changed while it was read (from {before.size:,} bytes, tag {before.tag or 'none'}, to"
                f" {now.size:,}, tag {now.tag or 'none'}); run again"
            )
        self._version = now
        return now


def hide_addresses_in_logs() -> None:
    """Silences urllib3's log lines below errors, because they show addresses with their signatures.

    Only tokenmill's own processes call it. A program that imports tokenmill configures its loggers itself.
    """
    logging.getLogger("urllib3").setLevel(logging.ERROR)


def _named(error: BaseException | None) -> str:
    """Returns the class name of an error as words. The text of an error of urllib3 may show the whole address."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).removesuffix(" Error").lower()


@functools.cache
def _pool() -> urllib3.PoolManager:
    return urllib3.PoolManager(num_pools=16, maxsize=8, block=False)
