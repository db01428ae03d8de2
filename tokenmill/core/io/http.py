"""Files on HTTP servers, read like local ones: by ranges, again where a connection was cut, never two versions mixed.

Bytes are taken as they are stored: nothing is asked to be compressed on the way, and what comes compressed stays so,
since every reader tells compressed files by their first bytes. A server that ignores ranges is read once, into an
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

_FIRST = 1 << 16  # bytes asked for where reading begins or jumps to; twice as many each time it goes on from there
_MOST = 16 << 20
_PIECE = 1 << 16
_PROGRESS = 1 << 16  # bytes after which failures before them no longer count
_DENIED_TRIES = 4  # of a 403, with which some servers say that they are asked too often
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
    """What tells one version of a file from another. tag: its ETag, else the date of its last change, else ""."""

    size: int
    tag: str


class _Block(NamedTuple):
    start: int
    data: bytes

    @property
    def end(self) -> int:
        return self.start + len(self.data)


def is_http(path: str) -> bool:
    """True for http:// and https:// addresses."""
    return path[:8].lower().startswith(("http://", "https://"))


def open_file(url: str) -> IO[bytes]:
    """The file, opened for reading, seekable. Raises GoneError if there is none, DataError if it cannot be had."""
    file = HttpFile(url, current())
    file.size  # noqa: B018  # asks for the first bytes
    return file  # type: ignore[return-value]


def version(url: str) -> Version:
    """Size and tag of a file. Raises as open_file does."""
    return HttpFile(url, current()).version()


def found(url: str) -> Version | None:
    """Size and tag of a file, None if there is none. Raises as open_file does for all else."""
    try:
        return version(url)
    except GoneError:
        return None


def read_range(url: str, start: int, stop: int) -> bytes:
    """The bytes from start up to stop, fewer where the file ends, by one request. Raises as open_file does."""
    with HttpFile(url, current()) as file:
        return file.fetch(start, stop)


class HttpFile(io.RawIOBase):
    """One file, opened without asking for anything yet. Keeps two blocks, so that small steps back cost nothing."""

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
        """Of the whole file, in bytes."""
        if self._version is None:
            self._blocks = [_Block(0, self.fetch(0, _FIRST))]
        assert self._version is not None
        return self._version.size

    def version(self) -> Version:
        """Size and tag, by a request for one byte; of a server that tells no size all bytes are counted."""
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
        """The bytes from start up to stop, fewer only where the file ends; past the blocks."""
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
        """The next bytes, fewer only at the end."""
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
        """A block with the byte at `at`; a new one reaches to `end` or as far as reading on has earned."""
        for block in self._blocks:
            if block.start <= at < block.end:
                return block
        newest = self._blocks[-1]
        self._ahead = min(2 * self._ahead, _MOST) if at == newest.end else _FIRST
        block = _Block(at, self.fetch(at, max(min(end, at + _MOST), at + self._ahead)))
        self._blocks = [newest, block]
        return block

    def _receive(self, found: bytearray, start: int, stop: int) -> None:
        """Add to found what comes of the bytes from start + len(found) up to stop, by one request."""
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
        del found[stop - start :]  # more than was asked for
        if start + len(found) < stop:
            raise PassingError(f"the answer ends at byte {start + len(found):,}, before byte {stop:,}")
        return None

    def _spool(self) -> None:
        response = self._ask(0, None)
        if response is not None:
            self._keep(response)

    def _keep(self, response: urllib3.BaseHTTPResponse) -> None:
        """Put the whole file, which the server sends whatever was asked for, into a temporary one."""
        told = self._recognise(response).size
        whole = tempfile.TemporaryFile()  # noqa: SIM115  # closed with this file
        try:
            for piece in response.stream(_PIECE, decode_content=False):
                whole.write(piece)
        except urllib3.exceptions.HTTPError as error:
            place = whole.tell()
            whole.close()
            raise PassingError(
                f"the connection broke at byte {place:,} ({_named(error)}), and the server takes no ranges to go on by"
            ) from None
        finally:
            response.close()
        assert self._version is not None
        size = whole.tell()
        if told not in (-1, size):
            whole.close()
            raise PassingError(f"the server sends {size:,} bytes and says that they are {told:,}")
        self._version, self._whole = self._version._replace(size=size), whole

    def _ask(self, start: int, stop: int | None) -> urllib3.BaseHTTPResponse | None:
        """The server's good answer, its body still to come; None if it says that the file is empty."""
        headers = {"User-Agent": f"tokenmill/{__version__}", "Accept-Encoding": "identity", **self._headers}
        if stop is not None:
            headers["Range"] = f"bytes={start}-{stop - 1}"
            tag = self._version.tag if self._version else ""
            if tag.startswith('"'):
                headers["If-Range"] = tag  # or what goes on could be of another version
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
        """What stands behind the error; its own words show the address as it is, signature and all."""
        reason = error.reason
        if isinstance(reason, urllib3.exceptions.ResponseError):
            return DataError(f"{self.name}: redirected more than {_REDIRECTS.redirect} times")
        if isinstance(reason, urllib3.exceptions.SSLError):
            return DataError(f"{self.name}: {_named(reason)}; the server's certificate is not trusted here")
        if isinstance(reason, urllib3.exceptions.NameResolutionError):
            return PassingError(f"no host {self.host!r} is known", tries=_UNKNOWN_HOST_TRIES)
        return PassingError(f"no answer ({_named(reason)})")

    def _accepted(self, response: urllib3.BaseHTTPResponse, start: int) -> urllib3.BaseHTTPResponse | None:
        """The response, if it is what was asked for."""
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
        raise DataError(f"{self.name}: {said}; the server does not give this file out like this")

    def _recognise(self, response: urllib3.BaseHTTPResponse) -> Version:
        """The version that the response is of; size -1 if it does not say. Raises DataError if it is another one."""
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
    """Silences urllib3's log lines below errors: they show addresses as they are, with signatures.

    For processes that are this program's own. In a program that imports tokenmill, loggers are its business.
    """
    logging.getLogger("urllib3").setLevel(logging.ERROR)


def _named(error: BaseException | None) -> str:
    """The kind of an error alone: what urllib3 says of it may show the whole address."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).removesuffix(" Error").lower()


@functools.cache
def _pool() -> urllib3.PoolManager:
    return urllib3.PoolManager(num_pools=16, maxsize=8, block=False)
