"""What a reduction may use: the stage's memory less what any worker needs, and a scratch folder on a local disk."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tokenmill.core.io import storage
from tokenmill.core.io.storage import join
from tokenmill.core.kinds import Room

RESERVED_MEMORY = 512 << 20
"""Bytes that a worker holds for its libraries and kernels (about 350 MB) and for the batch it is in."""

_LARGEST_BUFFER = 256 << 20


def buffer_bytes(memory: int) -> int:
    """How many bytes of routed rows a task may hold before it writes them, of a worker's memory."""
    return min(_LARGEST_BUFFER, (memory - RESERVED_MEMORY) // 8)


@contextmanager
def scratch_folder(folder: str) -> Iterator[str]:
    """A folder of its own on a local disk for one task of the stage in `folder`, deleted afterwards. What a killed task
    leaves goes with the stage's work. Beside remote folders it is in TMPDIR, which must be a disk.
    """
    parent = None if storage.is_url(folder) else join(folder, "work/scratch")
    if parent is not None:
        storage.make_folder(parent)
    scratch = tempfile.mkdtemp(prefix="tokenmill-", dir=parent)
    try:
        yield scratch
    finally:
        storage.delete(scratch)


@contextmanager
def room_for(folder: str, *, memory: int, shard_rows: Mapping[int, int]) -> Iterator[Room]:
    """Room for one task of the stage in `folder`."""
    with scratch_folder(folder) as scratch:
        yield Room(memory - RESERVED_MEMORY, scratch, shard_rows, reserved=RESERVED_MEMORY)
