"""A real HTTP server on 127.0.0.1 that can fail in all the ways in which servers fail; for tests."""

import hashlib
import re
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Asked:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]

    @property
    def range(self) -> str:
        return self.headers.get("Range", "")


@dataclass
class FaultySite:
    """An HTTP site that can answer requests wrongly.

    The faults are: "" for a right answer; a status such as "503", and optionally the seconds of a Retry-After after a
    space; "cut N": the body ends after N bytes; "stall N": after N bytes nothing more comes; "whole": the range is
    ignored; "unsized": the range is ignored and no length is sent; "long N", "short N": a Content-Length that is N too
    large or too small; "elsewhere": another range than the requested one; "changed": a new version of the file from
    now on.

    Attributes:
        files: content by path.
        faults: the faults of the next requests, one each.
        always: the fault of every request after `faults` is used up. Default "".
        tags: whether to send an ETag. Default true.
        fields: further headers of answers with content.
        denied: {path: how many more requests are answered before all later ones get 403}.
        moved: {path: the address to which it is redirected, with 302}.
        asked: the requests that arrived, in order.
    """

    files: dict[str, bytes]
    faults: deque[str] = field(default_factory=deque)
    always: str = ""
    tags: bool = True
    fields: dict[str, str] = field(default_factory=dict)
    denied: dict[str, int] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""
    stop: threading.Event = field(default_factory=threading.Event)

    def served(self) -> int:
        """Returns the number of requests that arrived."""
        return len(self.asked)


@contextmanager
def serving(files: dict[str, bytes], **settings: object) -> Iterator[FaultySite]:
    """Runs a site with these files until the block ends."""
    site = FaultySite(files, **settings)  # type: ignore[arg-type]

    class Handler(_Handler):
        pass

    Handler.site = site
    server = _Server(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.stop.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignores a client that disconnects early, because the tests are about such clients."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    site: FaultySite

    def do_GET(self) -> None:
        site, path = self.site, self.path.partition("?")[0]
        site.asked.append(Asked(self.path, dict(self.headers)))
        fault = site.faults.popleft() if site.faults else site.always
        kind, _, number = fault.partition(" ")
        if path in site.denied:
            site.denied[path] -= 1
            kind = "403" if site.denied[path] < 0 else kind
        if path in site.moved:
            return self._say(302, {"Location": site.moved[path]})
        if kind.isdigit():
            return self._say(int(kind), {"Retry-After": number} if number else {})
        if path not in site.files:
            return self._say(404, {})
        if kind == "changed":
            site.files[path] = site.files[path][::-1]
        return self._send(site.files[path], kind, int(number or 0))

    def _send(self, content: bytes, kind: str, number: int) -> None:
        tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        fields = {"ETag": tag} if self.site.tags else {}
        fields |= self.site.fields
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        same = self.headers.get("If-Range", tag) == tag
        start, stop, status = 0, len(content), 200
        if wanted and kind not in ("whole", "unsized") and same:
            start, stop, status = int(wanted[1]), min(stop, int(wanted[2] or stop) + 1), 206
            if start >= len(content):
                return self._say(416, {"Content-Range": f"bytes */{len(content)}"} | fields)
            start += kind == "elsewhere"
            fields["Content-Range"] = f"bytes {start}-{stop - 1}/{len(content)}"
        body = content[start:stop]
        if kind == "unsized":
            return self._chunked(body, fields)
        length = len(body) + {"long": number, "short": -number}.get(kind, 0)
        self._head(status, fields | {"Content-Length": str(length)})
        self.wfile.write(body[:number] if kind in ("cut", "stall") else body[:length])
        if kind == "stall":
            self.wfile.flush()
            self.site.stop.wait(20)
        if kind in ("cut", "stall", "long"):
            self.close_connection = True
        return None

    def _chunked(self, body: bytes, fields: dict[str, str]) -> None:
        self._head(200, fields | {"Transfer-Encoding": "chunked"})
        for at in range(0, len(body), 1000):
            piece = body[at : at + 1000]
            self.wfile.write(b"%x\r\n" % len(piece) + piece + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def _say(self, status: int, fields: dict[str, str]) -> None:
        self._head(status, fields | {"Content-Length": "0"})

    def _head(self, status: int, fields: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass
