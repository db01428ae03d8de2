"""Where compiled kernels are kept, known without importing numba: one folder per user and state of tokenmill/text."""

import hashlib
import importlib.metadata
import os
import platform
import re
import shutil
import sys
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from tokenmill.core.io.cache_dirs import private_dir

TEXT = Path(__file__).parents[1]
"""The folder tokenmill/text."""

UNUSED_SECONDS = 30 * 86_400.0
"""A folder of another version is removed if no run has used it for so long."""


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


def module_name(path: Path) -> str:
    """`tokenmill.text.words.split` for its file."""
    return ".".join(("tokenmill", "text", *path.relative_to(TEXT).with_suffix("").parts))


@cache
def kernel_counts() -> dict[str, int]:
    """{module of tokenmill/text: how many kernels its source defines}."""
    texts = {module_name(path): path.read_bytes() for path in sources()}
    found = {name: len(re.findall(rb"^@(?:kernel|inlined)\b", text, re.M)) for name, text in texts.items()}
    return {name: count for name, count in found.items() if count}


@cache
def warm_modules() -> frozenset[str]:
    """The modules of tokenmill/text whose kernels Python calls: each has a function warm() that does."""
    found = (path for path in sources() if b"\ndef warm() -> None:" in path.read_bytes())
    return frozenset(module_name(path) for path in found)


def compiled_modules() -> frozenset[str]:
    """Those of warm_modules() whose kernels lie compiled in the folder, as this process can use them."""
    marker = _marker()
    return frozenset(marker.read_text().split()) if marker.exists() else frozenset()


def mark_compiled(modules: Iterable[str]) -> None:
    """Adds to compiled_modules(). The caller holds the folder's lock."""
    marker = _marker()
    unfinished = marker.with_suffix(".tmp")
    unfinished.write_text("\n".join(sorted(compiled_modules().union(modules))))
    unfinished.replace(marker)


def mark_used() -> None:
    """Keeps the folder from remove_unused() of other versions."""
    os.utime(cache_folder())


def remove_unused() -> list[Path]:
    """Removes the folders of other versions that no run has used for UNUSED_SECONDS, and returns them.

    A process that is still running with such a version compiles again what it has not loaded yet.
    """
    here = cache_folder()
    if here.name != source_hash():
        return []  # a temporary folder, among others' files
    others = (folder for folder in here.parent.iterdir() if re.fullmatch("[0-9a-f]{16}", folder.name))
    old = [folder for folder in others if folder != here and time.time() - folder.stat().st_mtime > UNUSED_SECONDS]
    for folder in old:
        shutil.rmtree(folder, ignore_errors=True)  # another process may be removing it as well
    return old


def _marker() -> Path:
    """numba finds compiled code by Python's version, the CPU and its features, and the path of the source."""
    known = [sys.implementation.cache_tag, platform.machine(), _cpu(), str(TEXT)]
    known += sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith("NUMBA_"))
    return cache_folder() / f"compiled-{hashlib.sha256(repr(known).encode()).hexdigest()[:16]}"


@cache
def _cpu() -> str:
    """The CPU's name and features as Linux gives them; elsewhere what Python knows.

    "" if variables say for which CPU numba compiles, as in an image for machines of several kinds.
    """
    if os.environ.get("NUMBA_CPU_NAME") and "NUMBA_CPU_FEATURES" in os.environ:
        return ""
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor()
    first, _, _ = info.read_text().partition("\n\n")
    wanted = ("model name", "flags", "Features", "CPU ")
    return "\n".join(line for line in first.splitlines() if line.startswith(wanted))
