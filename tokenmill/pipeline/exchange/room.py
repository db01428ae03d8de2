"""Gives a reduction its room: the stage's memory without the part that any worker needs, and a local scratch folder."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tokenmill.core.io import storage
from tokenmill.core.io.storage import join
from tokenmill.core.kinds import Room

RESERVED_MEMORY = 512 << 20
"""Bytes that a worker needs for its libraries and kernels (about 350 MB) and for the batch that it works on."""

_LARGEST_BUFFER = 256 << 20


def buffer_bytes(memory: int) -> int:
    """Returns how many bytes of routed rows a Global's task may buffer before it writes them.

    memory: of a worker, in bytes.
    """
    return min(_LARGEST_BUFFER, (memory - RESERVED_MEMORY) // 8)


@contextmanager
def scratch_folder(folder: str) -> Iterator[str]:
    """Makes a new scratch folder on a local disk for one task of the stage in `folder`, and deletes it afterwards.

    It is in the stage's `work/`, so the scratch files of a killed task are deleted with `work/`. If `folder` is a URL,
    the scratch folder is in TMPDIR, which must be on a disk.
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
    """Makes the memory and scratch room for one task of a Global, in the stage in `folder`.

    memory: of a worker, in bytes.
    """
    with scratch_folder(folder) as scratch:
        yield Room(memory - RESERVED_MEMORY, scratch, shard_rows, reserved=RESERVED_MEMORY)
