"""Local copies of remote token shards. Training reads random windows, so shards must be local to be memory-mapped.

Copies are written atomically: under a temporary name in the same folder, and renamed if the size is right.
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
    """Returns the folder for local copies of the token shards of a corpus.

    Another corpus at the same URL has another SHA-256 and folder.
    """
    return cache_dir("corpora") / corpus_sha256[:32]


def copy_shard(url: str, stem: Path, *, size: int) -> str:
    """Copies the three files of the remote token shard at the stem `url` to the local stem, and returns the latter.

    Files that were copied before are not copied again. size: bytes of the .bin. Raises DataError if it is another.
    """
    for suffix in (".docs", ".idx", ".bin"):  # .bin last: if it is there, the others are too
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
            raise DataError(f"{url}: {found} bytes, expected {size}; the corpus is incomplete, write the shards again")
        os.replace(unfinished, path)
    finally:
        Path(unfinished).unlink(missing_ok=True)
