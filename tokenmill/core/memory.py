"""The least memory of a stage; the most that this process held; the return of freed memory, which Arrow and the C
library would keep, to the system.
"""

import ctypes
import resource
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import pyarrow as pa

LEAST_MEMORY = 1 << 30
"""Bytes: the least `memory` of a stage that looks across documents."""


def give_back() -> None:
    """Release what the default pool and, with glibc, the heap hold and no one uses: a fraction of a millisecond."""
    pa.default_memory_pool().release_unused()
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@cache
def _malloc_trim() -> Callable[[int], Any] | None:
    """glibc's own; what Arrow's system pool releases is not the heap. None in other C libraries."""
    try:
        found: Callable[[int], Any] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    except (OSError, TypeError):
        return None
    return found


def peak_rss_bytes() -> int:
    """The most memory this process has held so far, resident; it only grows from task to task."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # Linux counts in KiB
