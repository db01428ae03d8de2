"""Local copies of remote token shards: training reads windows at random, so shards are memory-mapped.

A copy appears whole: it is written beside its place, and renamed when it has its size.
"""

import logging
import os
import tempfile
from pathlib import Path

from tokenmill.core.errors import DataError
from tokenmill.core.io import remote
from tokenmill.core.io.cache_dirs import cache_dir

logger = logging.getLogger(__name__)


def copies_of(corpus_sha256: str) -> Path:
    """A folder for copies, by the corpus's identity: another one under the same URL has others."""
    return cache_dir("corpora") / corpus_sha256[:32]


def copy_shard(url: str, stem: Path, *, size: int) -> str:
    """The stem, after the three files of the shard at the stem `url` were copied there, those that were not before.
    size: bytes of its .bin. Raises DataError if it has another.
    """
    for suffix in (".docs", ".idx", ".bin"):  # last what the others are for
        _copy(url + suffix, Path(f"{stem}{suffix}"), size if suffix == ".bin" else None)
    return str(stem)


def _copy(url: str, path: Path, size: int | None) -> None:
    if path.is_file() and size in (None, path.stat().st_size):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    logger.info("copying %s to %s", url, path)
    handle, unfinished = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    try:
        remote.download(url, unfinished)
        found = os.path.getsize(unfinished)
        if size not in (None, found):
            raise DataError(f"{url}: {found} bytes, expected {size}; the corpus is not whole, write the shards again")
        os.replace(unfinished, path)
    finally:
        Path(unfinished).unlink(missing_ok=True)
