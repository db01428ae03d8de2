"""Memory: of the machine, of a stage and of this process; returns freed memory.

Arrow and the C library would keep freed memory.
"""

import ctypes
import os
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa

LEAST_MEMORY = 1 << 30
"""Smallest `memory` of a stage with a Global, in bytes."""

_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")

_STAGE_MEMORY: ContextVar[int] = ContextVar("stage_memory", default=0)


def machine_memory() -> int:
    """Returns how many bytes of memory the processes of this machine or container may use."""
    return min(psutil.virtual_memory().total, *_container_limits())


def _container_limits() -> Iterator[int]:
    for name in _CGROUP_LIMITS:
        if os.path.isfile(name):
            said = Path(name).read_text().strip()
            yield int(said) if said.isdecimal() else psutil.virtual_memory().total
    yield psutil.virtual_memory().total


@contextmanager
def stage_memory(limit: int) -> Iterator[None]:
    """Sets the `memory` of the stage, in bytes, for code in the block that asks how much memory it may use."""
    token = _STAGE_MEMORY.set(limit)
    try:
        yield
    finally:
        _STAGE_MEMORY.reset(token)


def memory_limit() -> int:
    """Returns how many bytes this process may use: the `memory` of its stage, at most that of the machine."""
    return min(_STAGE_MEMORY.get() or sys.maxsize, machine_memory())


def memory_used() -> int:
    """Returns the resident memory of this process in bytes, after freed memory was returned."""
    give_back()
    return int(psutil.Process().memory_info().rss)


def give_back() -> None:
    """Gives unused memory of Arrow's default pool, and of glibc's heap, back to the system. Takes less than 1 ms."""
    pa.default_memory_pool().release_unused()
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@cache
def _malloc_trim() -> Callable[[int], Any] | None:
    """Returns glibc's malloc_trim, or None in other C libraries. Arrow's system pool does not release the heap."""
    try:
        found: Callable[[int], Any] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    except (OSError, TypeError):
        return None
    return found


def peak_rss_bytes() -> int:
    """Returns the peak resident memory of this process in bytes. It never decreases, so it covers earlier tasks too."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # Linux counts in KiB
