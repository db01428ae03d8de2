"""Where compiled kernels are kept, known without importing numba: one folder a user and a state of tokenmill/text."""

import hashlib
import importlib.metadata
from functools import cache
from pathlib import Path

from tokenmill.core.io.cache_dirs import private_dir

TEXT = Path(__file__).parents[1]
"""The folder tokenmill/text."""


@cache
def cache_folder() -> Path:
    """The folder for this very state of the kernels, made if need be; a new one each process where none can be kept."""
    return private_dir("kernels", source_hash())


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
