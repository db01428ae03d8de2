"""The folders of the user's cache: models, copies of corpora, selections of crawls, compiled kernels."""

import os
import tempfile
from pathlib import Path


def cache_dir(name: str) -> Path:
    """Returns the user's cache folder `tokenmill/<name>`, in $XDG_CACHE_HOME if that is absolute, else in ~/.cache.

    Creates nothing.
    """
    home = os.environ.get("XDG_CACHE_HOME", "")
    return Path(home if os.path.isabs(home) else os.path.expanduser("~/.cache"), "tokenmill", name)


def private_dir(name: str, child: str) -> Path:
    """Creates the folder `child` in the cache folder `name`, for compiled code: no other user can write to either.

    If that is impossible, it is in the temporary folder; if that is impossible too, each process gets a new folder.
    """
    for parent in (cache_dir(name), Path(tempfile.gettempdir(), f"tokenmill-{name}-{os.getuid()}")):
        if _is_private(parent / child):
            return parent / child
    return Path(tempfile.mkdtemp(prefix=f"tokenmill-{name}-"))


def _is_private(folder: Path) -> bool:
    """Creates the folder and its parent if they are missing. Returns True if only this user can write to them."""
    try:
        folder.parent.parent.mkdir(parents=True, exist_ok=True)
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        found = [folder.parent.stat(), folder.stat()]
        ours = all(one.st_uid == os.getuid() and not one.st_mode & 0o022 for one in found)
        return ours and os.access(folder, os.W_OK)
    except OSError:
        return False
