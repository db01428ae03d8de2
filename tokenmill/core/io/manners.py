"""How servers are asked: a rate for each host that all processes of this machine keep, and waiting before another try.

Waiting has jitter, so that workers that failed together do not come back together. Neither it nor the clock decides
what is read.
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
    """requests_per_second: to one host, from all processes of this machine together. tries: of a request that fails for
    a reason that may pass. wait: seconds before the second try, twice as many before each one after, at most max_wait;
    a server that asks for a longer pause than max_wait is left alone. timeout: seconds without a byte.
    """

    requests_per_second: float = 10.0
    tries: int = 8
    wait: float = 1.0
    max_wait: float = 120.0
    timeout: float = 60.0

    def __post_init__(self) -> None:
        for name in ("requests_per_second", "tries", "max_wait", "timeout"):
            if not getattr(self, name) > 0:
                raise RecipeError(f"{name} is {getattr(self, name)}, it must be above 0")


_current: ContextVar[Manners] = ContextVar("manners", default=Manners())  # noqa: B039 (frozen)


def current() -> Manners:
    """The manners in force here."""
    return _current.get()


@contextmanager
def manners(wanted: Manners) -> Iterator[None]:
    """Files opened inside the block are read like this."""
    token = _current.set(wanted)
    try:
        yield
    finally:
        _current.reset(token)


class PassingError(Exception):
    """What stopped a request and may pass. after: seconds the server asks for. busy: the server has too much to do, so
    that every process should hold back. tries: fewer than usual, where it seldom passes.
    """

    def __init__(self, problem: str, *, after: float = 0.0, busy: bool = False, tries: int = 1 << 30) -> None:
        super().__init__(problem)
        self.after, self.busy, self.tries = after, busy, tries


class Tries:
    """Counts the tries of one request to `host` and waits between them. name: of the file, for the final error."""

    def __init__(self, wanted: Manners, host: str, name: str) -> None:
        self.manners, self.host, self.name = wanted, host, name
        self.failed, self.seldom, self.began = 0, 0, time.monotonic()

    def progress(self) -> None:
        """The request got on: what failed before counts no more."""
        self.failed = self.seldom = 0

    def wait(self, error: PassingError) -> None:
        """Wait before the next try. Raises DataError when there is none left."""
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
    """Wait until this process may ask the host for something."""
    with _due(host) as due:
        now = time.time()
        mine = max(now, min(due[0], now + wanted.max_wait))  # the clock may have been set back
        due[0] = mine + 1 / wanted.requests_per_second
    time.sleep(max(0.0, mine - time.time()))


def hold_back(host: str, seconds: float) -> None:
    """No process of this machine asks the host for anything before so many seconds are over."""
    with _due(host) as due:
        due[0] = max(due[0], time.time() + seconds)


def seconds_until(value: str) -> float:
    """Of a Retry-After header: a number of seconds or a date; 0 for anything else."""
    try:
        return max(0.0, float(value)) if value.strip().isdigit() else _until(value)
    except (ValueError, OverflowError):
        return 0.0


def _until(date: str) -> float:
    return max(0.0, parsedate_to_datetime(date).timestamp() - time.time()) if date else 0.0


@contextmanager
def _due(host: str) -> Iterator[list[float]]:
    """[when the host may be asked next], to change; one process at a time."""
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
