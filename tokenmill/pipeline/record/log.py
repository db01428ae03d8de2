"""Writes the log file of a run: everything that its driver reports, in `<run>/logs/`, one file per call."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tokenmill.core.io import storage
from tokenmill.core.io.storage import join

_FORMAT = logging.Formatter("%(asctime)s %(levelname)s %(message)s")


class _Kept(logging.Handler):
    """Collects lines in memory; write() writes them all to the file, because an object store cannot append."""

    def __init__(self, path: str) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(_FORMAT)
        self._path, self._lines = path, list[str]()

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))

    def write(self) -> None:
        storage.write_bytes(self._path, "\n".join([*self._lines, ""]).encode("utf-8", "backslashreplace"))


@contextmanager
def run_log(run: str) -> Iterator[str]:
    """Writes tokenmill's log messages to a file of the run while the block runs, and yields the file's path. A remote
    file is written at the end of the block.
    """
    path = join(run, "logs", f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{time.time_ns() % 10**6:06d}.log")
    ours = logging.getLogger("tokenmill")
    handler: logging.Handler
    if storage.is_url(path):
        handler = _Kept(path)
    else:
        storage.write_bytes(path, b"")
        handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
        handler.setFormatter(_FORMAT)
    before = ours.level
    ours.addHandler(handler)
    if not ours.isEnabledFor(logging.INFO):
        ours.setLevel(logging.INFO)
    try:
        yield path
    finally:
        ours.removeHandler(handler)
        ours.setLevel(before)
        if isinstance(handler, _Kept):
            handler.write()
        handler.close()
