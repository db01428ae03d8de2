"""One driver a run: a lock file with owner and age; a dead owner's lock is explained and taken over."""

import json
import logging
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from tokenmill.core import storage
from tokenmill.core.errors import RecipeError

logger = logging.getLogger(__name__)


@contextmanager
def locked(folder: str) -> Iterator[None]:
    """Hold `folder`/lock while the block runs. Raises RecipeError if a live driver holds it."""
    path = storage.join(folder, "lock")
    _refuse_a_live_owner(path)
    storage.write_bytes(path, json.dumps(_me()).encode())
    try:
        yield
    finally:
        storage.delete(path)


def _refuse_a_live_owner(path: str) -> None:
    if not storage.exists(path):
        return
    try:
        owner = json.loads(storage.read_bytes(path))
    except ValueError:
        owner = {}  # a driver killed while it wrote its lock; it holds nothing
    age = time.time() - float(owner.get("since", 0))
    who = f"process {owner.get('pid')} on {owner.get('host')}, for {age / 60:.0f} minutes"
    if _lives(owner):
        raise RecipeError(
            f"{path}: this run is being worked on by {who}. Wait for it or stop it; "
            "if that machine is gone, delete the lock file and run again"
        )
    logger.warning("took over the lock of %s, which is no longer running; what it committed is kept", who)


def _me() -> dict[str, Any]:
    me = psutil.Process()
    return {"host": platform.node(), "pid": me.pid, "started": me.create_time(), "since": time.time()}


def _lives(owner: dict[str, Any]) -> bool:
    """A driver on another machine counts as alive: this one cannot know. A reused pid does not: start times differ."""
    if not owner:
        return False
    if owner.get("host") != platform.node():
        return True
    pid = int(owner.get("pid", -1))
    if pid == os.getpid() or not psutil.pid_exists(pid):
        return False
    try:
        return abs(psutil.Process(pid).create_time() - float(owner.get("started", 0))) < 1.0
    except psutil.NoSuchProcess:
        return False
