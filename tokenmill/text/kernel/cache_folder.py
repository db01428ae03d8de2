"""Finds the folder of compiled kernels without importing numba: one folder per user and version of tokenmill/text."""

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
"""A folder of another version is removed if no run has used it for this time."""


@cache
def cache_folder() -> Path:
    """Returns the folder for this version of the compiled kernels, and creates it if needed.

    If no folder can be kept, it is a temporary folder, a new one for each process.
    """
    return private_dir("kernels", source_hash())


def source_hash() -> str:
    """Returns the hash that names a version of the kernels, of all Python files in tokenmill/text and numba's version.

    It covers the files' names and contents. The hash has 16 hexadecimal digits.
    """
    digest = hashlib.sha256(importlib.metadata.version("numba").encode())
    for path in sources():
        digest.update(path.relative_to(TEXT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def sources() -> list[Path]:
    """Returns the Python files of tokenmill/text and its folders, on which the compiled kernels depend, sorted."""
    return sorted(TEXT.rglob("*.py"))


def module_name(path: Path) -> str:
    """Returns the module's name for its file of kernels, such as `tokenmill.text.words.split`."""
    return ".".join(("tokenmill", "text", *path.relative_to(TEXT).with_suffix("").parts))


@cache
def kernel_counts() -> dict[str, int]:
    """Returns {module of tokenmill/text: number of kernels that its source defines}."""
    texts = {module_name(path): path.read_bytes() for path in sources()}
    found = {name: len(re.findall(rb"^@(?:kernel|inlined)\b", text, re.M)) for name, text in texts.items()}
    return {name: count for name, count in found.items() if count}


@cache
def warm_modules() -> frozenset[str]:
    """Returns the modules of tokenmill/text with kernels that Python calls.

    Each of them has a function warm() that calls them.
    """
    found = (path for path in sources() if b"\ndef warm() -> None:" in path.read_bytes())
    return frozenset(module_name(path) for path in found)


def compiled_modules() -> frozenset[str]:
    """Returns the modules of warm_modules() whose kernels are in the cache folder, compiled for this Python and CPU."""
    marker = _marker()
    return frozenset(marker.read_text().split()) if marker.exists() else frozenset()


def mark_compiled(modules: Iterable[str]) -> None:
    """Notes that the cache folder has the compiled kernels of these modules.

    compiled_modules() then returns them too. The caller must hold the folder's lock.
    """
    marker = _marker()
    unfinished = marker.with_suffix(".tmp")
    unfinished.write_text("\n".join(sorted(compiled_modules().union(modules))))
    unfinished.replace(marker)


def mark_used() -> None:
    """Sets the time of the folder of compiled kernels to now, so that remove_unused() of other versions keeps it."""
    os.utime(cache_folder())


def remove_unused() -> list[Path]:
    """Removes the folders with kernels of other versions that no run has used for UNUSED_SECONDS, and returns them.

    A process that still runs with such a version compiles the kernels again that it has not loaded yet.
    """
    here = cache_folder()
    if here.name != source_hash():
        return []  # a temporary folder: the files next to it belong to others
    others = (folder for folder in here.parent.iterdir() if re.fullmatch("[0-9a-f]{16}", folder.name))
    old = [folder for folder in others if folder != here and time.time() - folder.stat().st_mtime > UNUSED_SECONDS]
    for folder in old:
        shutil.rmtree(folder, ignore_errors=True)  # another process may be removing it as well
    return old


def _marker() -> Path:
    """Returns the file that lists compiled_modules().

    Its name is a hash of everything by which numba finds compiled code: the version of Python, the CPU and its
    features, the path of the source, and numba's environment variables.
    """
    known = [sys.implementation.cache_tag, platform.machine(), _cpu(), str(TEXT)]
    known += sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith("NUMBA_"))
    return cache_folder() / f"compiled-{hashlib.sha256(repr(known).encode()).hexdigest()[:16]}"


@cache
def _cpu() -> str:
    """Returns the CPU's name and features as Linux reports them, or on other systems the name that Python reports.

    It is "" if environment variables tell numba for which CPU to compile, as in an image for several kinds of machines.
    """
    if os.environ.get("NUMBA_CPU_NAME") and "NUMBA_CPU_FEATURES" in os.environ:
        return ""
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor()
    first, _, _ = info.read_text().partition("\n\n")
    wanted = ("model name", "flags", "Features", "CPU ")
    return "\n".join(line for line in first.splitlines() if line.startswith(wanted))
