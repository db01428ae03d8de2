"""The folders of the user's cache: models, copies of corpora, selections of crawls, compiled kernels."""

import os
import tempfile
from pathlib import Path


def cache_dir(name: str) -> Path:
    """The folder `tokenmill/<name>` in $XDG_CACHE_HOME if that is an absolute path, else in ~/.cache; not made."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    return Path(home if os.path.isabs(home) else os.path.expanduser("~/.cache"), "tokenmill", name)


def private_dir(name: str, child: str) -> Path:
    """The folder `child` in the cache folder `name`, made so that no other user can write to either: for code.

    If it cannot be made there, it is in the temporary folder; if not there either, it is a new one per process.
    """
    for parent in (cache_dir(name), Path(tempfile.gettempdir(), f"tokenmill-{name}-{os.getuid()}")):
        if _is_private(parent / child):
            return parent / child
    return Path(tempfile.mkdtemp(prefix=f"tokenmill-{name}-"))


def _is_private(folder: Path) -> bool:
    """True if the folder and its parent are, or could be made, this user's alone."""
    try:
        folder.parent.parent.mkdir(parents=True, exist_ok=True)
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        found = [folder.parent.stat(), folder.stat()]
        ours = all(one.st_uid == os.getuid() and not one.st_mode & 0o022 for one in found)
        return ours and os.access(folder, os.W_OK)
    except OSError:
        return False
