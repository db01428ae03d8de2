"""Where compiled kernels are kept, known without importing numba: one folder a user and a state of tokenmill/text."""

import hashlib
import importlib.metadata
import os
import tempfile
from functools import cache
from pathlib import Path

TEXT = Path(__file__).parents[1]
"""The folder tokenmill/text."""


@cache
def cache_folder() -> Path:
    """The folder for this very state of the kernels, made if need be; a new one each process where none can be kept."""
    name = source_hash()
    for parent in (Path(os.path.expanduser("~")) / ".cache", Path(tempfile.gettempdir())):
        folder = parent / f"tokenmill-kernels-{os.getuid()}" / name
        if _usable(folder):
            return folder
    return Path(tempfile.mkdtemp(prefix="tokenmill-kernels-"))  # compiled again by each process, but right


def source_hash() -> str:
    """16 hex digits over the names and contents of every Python file in tokenmill/text, and numba's version."""
    digest = hashlib.sha256(importlib.metadata.version("numba").encode())
    for path in sources():
        digest.update(path.relative_to(TEXT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def sources() -> list[Path]:
    """The Python files of tokenmill/text and its folders, sorted."""
    return sorted(TEXT.rglob("*.py"))


def warm_marker() -> Path:
    """A file that says that every kernel lies compiled in the folder."""
    return cache_folder() / "warm"


def _usable(folder: Path) -> bool:
    """Whether the folder is, or could be made, ours alone: compiled code is loaded from it, so no one else may
    write.
    """
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        ours = folder.parent.stat().st_uid == os.getuid() == folder.stat().st_uid
        return ours and not folder.parent.stat().st_mode & 0o022 and os.access(folder, os.W_OK)
    except OSError:
        return False
