"""Limits for requests to HTTP servers: a rate per host, shared by all processes of this machine, and retries.

Waits have jitter, so that workers that failed at the same time do not retry at the same time. Jitter and clock do not
affect the data that is read.
"""

import fcntl
import os
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

from tokenmill.core.errors import DataError, RecipeError


@dataclass(frozen=True)
class Manners:
    """Limits for the requests of one reader.

    Attributes:
        requests_per_second: largest rate of requests to one host, of all processes of this machine together. Above 0.
            Default 10.
        tries: number of tries of a request that fails for a temporary reason. Above 0. Default 8.
        wait: seconds before the second try; each further wait is twice as long. Default 1.
        max_wait: longest wait in seconds. If a server asks for a longer one, the request fails. Above 0. Default 120.
        timeout: seconds without a byte after which a request fails. Above 0. Default 60.
    """

    requests_per_second: float = 10.0
    tries: int = 8
    wait: float = 1.0
    max_wait: float = 120.0
    timeout: float = 60.0

    def __post_init__(self) -> None:
        if self.wait < 0:
            raise RecipeError(f"wait is {self.wait}, it must be 0 or more")
        for name in ("requests_per_second", "tries", "max_wait", "timeout"):
            if not getattr(self, name) > 0:
                raise RecipeError(f"{name} is {getattr(self, name)}, it must be above 0")


_current: ContextVar[Manners] = ContextVar("manners", default=Manners())  # noqa: B039 (frozen)


def current() -> Manners:
    """Returns the limits for requests to HTTP servers that are set in this context."""
    return _current.get()


@contextmanager
def manners(wanted: Manners) -> Iterator[None]:
    """Sets the limits for requests to HTTP servers, for the files that are opened inside the block."""
    token = _current.set(wanted)
    try:
        yield
    finally:
        _current.reset(token)


class PassingError(Exception):
    """A request failed for a reason that may be temporary.

    after: seconds that the server asks to wait. busy: True if the server is overloaded, so that all processes should
    wait. tries: largest number of tries for this reason, fewer than usual if it is rarely temporary.
    """

    def __init__(self, problem: str, *, after: float = 0.0, busy: bool = False, tries: int = 1 << 30) -> None:
        super().__init__(problem)
        self.after, self.busy, self.tries = after, busy, tries


class Tries:
    """Counts the tries of one request to `host` and waits between them. name: the file's name for the final error."""

    def __init__(self, wanted: Manners, host: str, name: str) -> None:
        self.manners, self.host, self.name = wanted, host, name
        self.failed, self.seldom, self.began = 0, 0, time.monotonic()

    def progress(self) -> None:
        """Resets the count of failures, because the request made progress."""
        self.failed = self.seldom = 0

    def wait(self, error: PassingError) -> None:
        """Waits before the next try. Raises DataError if there is no try left."""
        wanted = self.manners
        self.failed += 1
        self.seldom += error.tries < wanted.tries
        if error.after > wanted.max_wait:
            raise DataError(
                f"{self.name}: {error}, and the server asks to come back in {error.after:,.0f} s; run again later"
            )
        if self.failed >= wanted.tries or self.seldom >= error.tries:
            spent = time.monotonic() - self.began
            raise DataError(f"{self.name}: {error}; gave up after {self.failed} tries in {spent:,.0f} s")
        pause = min(wanted.max_wait, wanted.wait * 2.0 ** (self.failed - 1)) * random.uniform(0.5, 1)
        pause = max(pause, error.after)
        if error.busy:
            hold_back(self.host, pause)
        time.sleep(pause)


def take_turn(host: str, wanted: Manners) -> None:
    """Waits until this process may send a request to the HTTP host."""
    with _due(host) as due:
        now = time.time()
        mine = max(now, min(due[0], now + wanted.max_wait))  # the clock may have been set back
        due[0] = mine + 1 / wanted.requests_per_second
    time.sleep(max(0.0, mine - time.time()))


def hold_back(host: str, seconds: float) -> None:
    """Delays the requests of all processes of this machine to an HTTP host by `seconds` seconds from now."""
    with _due(host) as due:
        due[0] = max(due[0], time.time() + seconds)


def seconds_until(value: str) -> float:
    """Returns the seconds that a Retry-After header asks for, as a number or a date; 0 for any other value."""
    try:
        return max(0.0, float(value)) if value.strip().isdigit() else _until(value)
    except (ValueError, OverflowError):
        return 0.0


def _until(date: str) -> float:
    return max(0.0, parsedate_to_datetime(date).timestamp() - time.time()) if date else 0.0


@contextmanager
def _due(host: str) -> Iterator[list[float]]:
    """Yields [time of the next request to the host], which the caller may change, under a lock between processes."""
    name = "".join(char if char.isalnum() or char in ".-" else "_" for char in host)[:200]
    descriptor = os.open(_folder() / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "r+", encoding="ascii", errors="replace") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            due = [float(file.read(64) or 0)]
        except ValueError:
            due = [0.0]
        yield due
        file.seek(0)
        file.truncate()
        file.write(repr(due[0]))


def _folder() -> Path:
    folder = Path(tempfile.gettempdir()) / f"tokenmill-hosts-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise DataError(f"{folder}: belongs to another user; remove it, or set TMPDIR to a folder of your own")
    return folder
