"""Locks a run, so that it has only one driver: a lock file with owner and age, renewed while the driver lives.

On the owner's machine the owner's process is looked up. From another machine the owner counts as dead when it has not
renewed the lock for STALE_SECONDS; the clocks of machines must differ by less than that. A driver stops when it finds
that another one has its lock. If two drivers still work at the same time for a moment, they write the same bytes.
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
_SETTLE_SECONDS = 0.5  # wait before checking whether another took over too, or whether a lock is still empty


@dataclass
class Lock:
    """A lock that this process holds."""

    path: str
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    since: float = field(default_factory=time.time)
    _taken_by: str = ""

    def check(self) -> None:
        """Raises DataError if another driver has taken over the lock."""
        if self._taken_by:
            raise DataError(
                f"{self.path}: taken over by {self._taken_by}, because this driver did not renew it for over "
                f"{STALE_SECONDS:.0f} s. This driver stops; committed results stay"
            )

    def content(self) -> bytes:
        """Returns the content of the lock file now, as JSON."""
        me = psutil.Process()
        who = {"host": platform.node(), "pid": me.pid, "started": me.create_time()}
        return json.dumps(who | {"since": self.since, "renewed": time.time(), "token": self.token}).encode()

    def is_ours(self) -> bool:
        """Returns whether the lock file still names this driver. If not, check() raises from now on."""
        owner = _read(self.path)
        if owner.get("token") != self.token:
            self._taken_by = _who(owner) if owner else "nobody, but the lock file is gone"
        return not self._taken_by

    def renew(self, stop: threading.Event) -> None:
        """Renews the lock until `stop` is set, or until the lock is lost."""
        while not stop.wait(RENEW_SECONDS):
            try:
                if not self.is_ours():
                    return
                storage.write_bytes(self.path, self.content())
            except (OSError, DataError) as error:  # storage may come back before the lock counts as stale
                logger.warning("%s: could not be renewed (%s); trying again", self.path, error)


_tokens: set[str] = set()
"""The tokens of the locks that drivers in this process hold."""


@contextmanager
def locked(folder: str) -> Iterator[Lock]:
    """Locks a run while the block runs, by the file `folder`/lock.

    Raises RecipeError if a live driver holds it, in this process or another.
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
    if not owner:  # without hard links the file appears before its content
        time.sleep(_SETTLE_SECONDS)
        owner = _read(lock.path)
    if owner.get("token") == lock.token:
        return  # the store had created it, but its answer was lost
    if _lives(owner):
        heard = time.time() - float(owner.get("renewed", 0))
        raise RecipeError(
            f"{lock.path}: this run is being worked on by {_who(owner)}; the lock was renewed {heard:.0f} s ago. Wait "
            f"for it or stop it. A driver that died on another machine counts as gone after {STALE_SECONDS:.0f} s "
            "without renewal; then the same command takes over"
        )
    storage.write_bytes(lock.path, lock.content())
    time.sleep(_SETTLE_SECONDS)
    if not lock.is_ours():
        raise RecipeError(f"{lock.path}: another driver took over this run at the same moment; wait for it")
    whose = f"the lock of {_who(owner)}, which is no longer running" if owner else "an empty or damaged lock"
    logger.warning("took over %s; committed results stay", whose)


def _read(path: str) -> JsonObject:
    """Returns the content of a lock; {} if it is gone or incomplete, because its writer was killed while it wrote."""
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
    """Returns whether a lock's owner lives. A process with the same number but another start time is not the owner."""
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
