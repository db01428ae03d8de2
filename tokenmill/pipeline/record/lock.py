"""One driver a run: a lock file with owner and age, renewed while the driver lives.

On the owner's own machine its process is looked up. From elsewhere it counts as gone when it has not renewed the lock
for STALE_SECONDS; clocks may differ by less than that. A driver that finds its lock in other hands stops. Should two be
at work for a moment all the same, they write the same bytes.
"""

import json
import logging
import os
import platform
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.io import storage
from tokenmill.core.kinds import JsonObject

logger = logging.getLogger(__name__)

_NUMBERS = ("pid", "started", "since", "renewed")
RENEW_SECONDS = 20.0
STALE_SECONDS = 120.0
_SETTLE_SECONDS = 0.5  # from taking over a lock to looking whether another did so too; an empty one this old is dead


@dataclass
class Lock:
    """A lock that this process holds."""

    path: str
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    since: float = field(default_factory=time.time)
    _taken_by: str = ""

    def check(self) -> None:
        """Raises DataError if another driver has taken the lock since."""
        if self._taken_by:
            raise DataError(
                f"{self.path}: taken over by {self._taken_by}, since this driver was silent for over "
                f"{STALE_SECONDS:.0f} s; it stops. What is committed stays"
            )

    def content(self) -> bytes:
        me = psutil.Process()
        who = {"host": platform.node(), "pid": me.pid, "started": me.create_time()}
        return json.dumps(who | {"since": self.since, "renewed": time.time(), "token": self.token}).encode()

    def is_ours(self) -> bool:
        """Whether the file still names this driver; if not, check() says so from now on."""
        owner = _read(self.path)
        if owner.get("token") != self.token:
            self._taken_by = _who(owner) if owner else "nobody, but the lock file is gone"
        return not self._taken_by

    def renew(self, stop: threading.Event) -> None:
        """Renew until told to stop, or until the lock is lost."""
        while not stop.wait(RENEW_SECONDS):
            try:
                if not self.is_ours():
                    return
                storage.write_bytes(self.path, self.content())
            except (OSError, DataError) as error:  # storage may come back before the lock counts as stale
                logger.warning("%s: could not be renewed (%s); trying again", self.path, error)


_tokens: set[str] = set()
"""Of the locks that drivers in this process hold."""


@contextmanager
def locked(folder: str) -> Iterator[Lock]:
    """Hold `folder`/lock while the block runs. Raises RecipeError if a live driver holds it, in this process or
    another.
    """
    lock = Lock(storage.join(folder, "lock"))
    _tokens.add(lock.token)  # before another thread can read the file
    try:
        _take(lock)
        yield from _held(lock)
    finally:
        _tokens.discard(lock.token)


def _held(lock: Lock) -> Iterator[Lock]:
    stop = threading.Event()
    renewing = threading.Thread(target=lock.renew, args=(stop,), daemon=True)
    renewing.start()
    try:
        yield lock
    finally:
        stop.set()
        renewing.join()
        if lock.is_ours():
            storage.delete(lock.path)


def _take(lock: Lock) -> None:
    if storage.create_bytes(lock.path, lock.content()):
        return
    owner = _read(lock.path)
    if not owner:  # without hard links it appears before its content
        time.sleep(_SETTLE_SECONDS)
        owner = _read(lock.path)
    if owner.get("token") == lock.token:
        return  # a store whose answer was lost on the way had created it
    if _lives(owner):
        heard = time.time() - float(owner.get("renewed", 0))
        raise RecipeError(
            f"{lock.path}: this run is being worked on by {_who(owner)}, last heard of {heard:.0f} s ago. Wait for it "
            f"or stop it. A driver that died on another machine counts as gone after {STALE_SECONDS:.0f} s of "
            "silence; then the same command takes over"
        )
    storage.write_bytes(lock.path, lock.content())
    time.sleep(_SETTLE_SECONDS)
    if not lock.is_ours():
        raise RecipeError(f"{lock.path}: another driver took over this run at the same moment; wait for it")
    whose = f"the lock of {_who(owner)}, which is no longer running" if owner else "an empty or damaged lock"
    logger.warning("took over %s; what was committed is kept", whose)


def _read(path: str) -> JsonObject:
    """What the lock says; nothing if it is gone, or if its writer was killed in the middle: then it holds nothing."""
    try:
        found = json.loads(storage.read_bytes(path))
    except (ValueError, FileNotFoundError):
        return {}
    numbers = [found.get(name, 0) for name in _NUMBERS] if isinstance(found, dict) else [None]
    return found if all(isinstance(number, int | float) for number in numbers) else {}


def _who(owner: JsonObject) -> str:
    minutes = (time.time() - float(owner.get("since", 0))) / 60
    return f"process {owner.get('pid')} on {owner.get('host')}, for {minutes:.0f} minutes"


def _lives(owner: JsonObject) -> bool:
    """A reused process number does not count: start times differ."""
    if not owner:
        return False
    if owner.get("host") != platform.node():
        return time.time() - float(owner.get("renewed", 0)) < STALE_SECONDS
    pid = int(owner.get("pid", -1))
    if pid == os.getpid():
        return owner.get("token") in _tokens
    if not psutil.pid_exists(pid):
        return False
    try:
        return abs(psutil.Process(pid).create_time() - float(owner.get("started", 0))) < 1.0
    except psutil.NoSuchProcess:
        return False
