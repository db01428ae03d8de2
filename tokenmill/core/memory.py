"""The least memory of a stage, the peak memory of this process, and how freed memory is returned to the system.

Arrow and the C library would keep freed memory.
"""

import ctypes
import resource
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import pyarrow as pa

LEAST_MEMORY = 1 << 30
"""Smallest `memory` of a stage with a Global, in bytes."""


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
