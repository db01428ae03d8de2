"""A real S3 server (moto) behind a proxy that causes faults: errors, resets, time-outs, cut bodies.

The fault of a request depends only on (seed, method, path, number of requests for it so far). So a test that fails
fails again, in whatever order its requests interleave.
"""

import http.client
import logging
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

from moto.server import ThreadedMotoServer

KINDS = ("500", "SlowDown", "reset", "lost answer", "time-out", "cut body", "short body")
HANG_SECONDS = 1.5  # longer than the client's read time-out in these tests


@dataclass
class Faults:
    """The faults of the proxy, and what it counted.

    Attributes:
        seed: of the random faults. Default 0.
        rate: share of requests that meet one of `kinds`, 0 to 1. Default 0.
        kinds: the faults to choose from. Default all.
        denied: (method, part of a path) of the requests that are answered with 403.
        met: number of faults, by kind.
        asked: number of requests, by operation.
        seen: number of requests that were not denied, by (method, path).
        bytes_out: bytes of the bodies that were sent completely.
    """

    seed: int = 0
    rate: float = 0.0
    kinds: tuple[str, ...] = KINDS
    denied: tuple[tuple[str, str], ...] = ()
    met: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    bytes_out: int = 0

    def of(self, method: str, path: str) -> str:
        """Returns the fault of this request, or "" if it has no fault."""
        self.asked[operation(method, path)] += 1
        if any(method == denied and part in path for denied, part in self.denied):
            return "AccessDenied"
        self.seen[method, path] += 1
        random = Random(f"{self.seed} {method} {path} {self.seen[method, path]}")
        kind = random.choice(self.kinds) if random.random() < self.rate else ""
        self.met[kind] += bool(kind)
        return kind


def operation(method: str, path: str) -> str:
    """Returns the method, and the query parameter that makes it another operation (uploads, list, delete)."""
    asked = urlsplit(path)
    for name in ("uploads", "uploadId", "list-type", "delete"):
        if name in parse_qs(asked.query, keep_blank_values=True):
            return f"{method} {name}"
    return method


class Store:
    """The proxy's address and its faults. A test may change the faults while the proxy runs."""

    def __init__(self, backend: tuple[str, int]) -> None:
        self.backend, self.lock = backend, threading.Lock()
        self.faults = Faults()
        handler = type("Handler", (_Handler,), {"store": self})
        self.server = _Server(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def environment(self, **more: str) -> dict[str, str]:
        """Returns the environment variables that a client needs."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "AKIDTESTTESTTESTTEST",
            "AWS_SECRET_ACCESS_KEY": "s3cr3t/of/the/tests",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "FSSPEC_S3": '{"config_kwargs": {"read_timeout": 1, "connect_timeout": 2}}',
            **more,
        }


@contextmanager
def served() -> Iterator[Store]:
    """Runs the server and its proxy on free ports of 127.0.0.1 and stops them at the end."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # otherwise it logs one line per request
    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    store = Store(moto.get_host_and_port())
    try:
        yield store
    finally:
        store.server.shutdown()
        store.server.server_close()
        moto.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignores a client that disconnects while it gets an answer, because these tests are about such clients."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: Store

    def _serve(self) -> None:
        body = self._body()
        with self.store.lock:
            fault = self.store.faults.of(self.command, self.path)
        if fault in ("500", "SlowDown", "AccessDenied"):
            self._refuse(fault)
        elif fault == "reset":
            self._reset()
        elif fault == "time-out":
            time.sleep(HANG_SECONDS)
            self._reset()
        else:
            self._answer(fault, *self._forward(body))

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """Logs nothing."""

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(*self.store.backend, timeout=60)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("content-length", "transfer-encoding", "expect", "connection"):
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            connection.close()

    def _answer(self, fault: str, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        if fault == "lost answer":  # the server did the work, and the client does not learn of it
            return self._reset()
        kept = [(name, value) for name, value in headers if name.lower() not in ("connection", "transfer-encoding")]
        # like a proxy that also reports the wrong length
        if fault == "short body" and "Range" in self.headers:
            body = body[: len(body) // 2]
            kept = [(n, v) for n, v in kept if n.lower() != "content-length" and "checksum" not in n.lower()]
            kept.append(("Content-Length", str(len(body))))
        self.send_response_only(status)
        for name, value in kept:
            self.send_header(name, value)
        if self.command != "HEAD" and not any(name.lower() == "content-length" for name, _ in kept):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return None
        if fault == "cut body" and body:
            self.wfile.write(body[: len(body) // 2])
            return self._reset()
        self.wfile.write(body)
        self.store.faults.bytes_out += len(body)
        return None

    def _refuse(self, code: str) -> None:
        status = {"500": 500, "SlowDown": 503, "AccessDenied": 403}[code]
        name = "InternalError" if code == "500" else code
        body = f'<?xml version="1.0"?><Error><Code>{name}</Code><Message>not now</Message></Error>'.encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _reset(self) -> None:
        """Sends RST instead of FIN, so that the client sees `connection reset by peer`."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
