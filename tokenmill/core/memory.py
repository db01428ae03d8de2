"""Memory: of the machine, the least of a stage, the peak of this process, and how freed memory is returned.

Arrow and the C library would keep freed memory.
"""

import ctypes
import os
import resource
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa

LEAST_MEMORY = 1 << 30
"""Smallest `memory` of a stage with a Global, in bytes."""

_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def machine_memory() -> int:
    """Returns how many bytes of memory the processes of this machine or container may use."""
    return min(psutil.virtual_memory().total, *_container_limits())


def _container_limits() -> Iterator[int]:
    for name in _CGROUP_LIMITS:
        if os.path.isfile(name):
            said = Path(name).read_text().strip()
            yield int(said) if said.isdecimal() else psutil.virtual_memory().total
    yield psutil.virtual_memory().total


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
