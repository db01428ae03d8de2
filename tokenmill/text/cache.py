"""Compiling kernels, and where the compiled code is kept.

numba's own cache on disk asks only whether the caller's file changed: after an edit to a helper in another file the cached
caller goes on giving the old answer. So the folder is named by a hash of all of tokenmill/text, and any edit there starts
an empty one. A kernel compiles at its first call; warm() does that for all of them, in the parent, before workers start.
"""

import hashlib
import importlib
import logging
import os
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy.typing as npt
from numba import types
from numba.extending import intrinsic

log = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])
Array = TypeVar("Array", bound=npt.NDArray[Any])


def kernel(function: Function) -> Function:
    """Compile with numba: no Python objects, no GIL, strict floating point, kept on disk.

    Arguments follow one discipline, so that each kernel has a single specialisation: inputs and tables are read-only
    contiguous arrays (see frozen), outputs writable ones, counts int64, no optional argument.
    """
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(cache_folder())  # read while decorating; other users of numba keep their own setting
    try:
        compiled: Function = numba.njit(cache=True, nogil=True, fastmath=False, boundscheck=False)(function)
    finally:
        numba.config.CACHE_DIR = before
    return compiled


@intrinsic
def pointer(typing_context, array):  # type: ignore[no-untyped-def]
    """In a kernel: the array's elements without the array, read and written by index alone.

    What helpers pass on to each other: an array costs a reference count at every call, 20 times what a short helper does.
    """

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return context.make_array(signature.args[0])(context, builder, arguments[0]).data

    return types.CPointer(array.dtype)(array), generate


def frozen(array: Array) -> Array:
    """A read-only view of the array: the form in which kernels take their inputs."""
    view: Array = array.view()
    view.flags.writeable = False
    return view


@cache
def cache_folder() -> Path:
    """Where this version of the kernels keeps its compiled code: one folder a user and a state of tokenmill/text."""
    name = source_hash()
    for parent in (Path(os.path.expanduser("~")) / ".cache", Path(tempfile.gettempdir())):
        folder = parent / f"tokenmill-kernels-{os.getuid()}" / name
        if _usable(folder):
            return folder
    return Path(tempfile.mkdtemp(prefix="tokenmill-kernels-"))  # compiled again by each process, but right


def source_hash() -> str:
    """16 hex digits over the names and contents of every Python file in tokenmill/text, and numba's version."""
    digest = hashlib.sha256(numba.__version__.encode())
    for path in _sources():
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def warm() -> int:
    """Make every kernel ready, compiling what the folder lacks; return how many were compiled rather than loaded.

    Each module of tokenmill/text that has kernels has a function warm() that runs them on a tiny input.
    """
    started = time.perf_counter()
    modules = [importlib.import_module(f"{__package__}.{path.stem}") for path in _sources() if path.stem != "cache"]
    before = sum(_misses(module) for module in modules)
    for module in modules:
        if hasattr(module, "warm"):
            module.warm()
    compiled = sum(_misses(module) for module in modules) - before
    if compiled:
        seconds = time.perf_counter() - started
        log.info("compiled %d text kernels in %.1f s, kept in %s", compiled, seconds, cache_folder())
    return compiled


def _misses(module: Any) -> int:
    """Specialisations of this module's own kernels that this process compiled because the folder did not have them."""
    own = [value for value in vars(module).values() if isinstance(value, numba.core.dispatcher.Dispatcher)]
    return sum(sum(value.stats.cache_misses.values()) for value in own if value.py_func.__module__ == module.__name__)


def _sources() -> list[Path]:
    return sorted(Path(__file__).parent.glob("*.py"))


def _usable(folder: Path) -> bool:
    """Whether the folder is, or could be made, ours alone: compiled code is loaded from it, so no one else may write."""
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        ours = folder.parent.stat().st_uid == os.getuid() == folder.stat().st_uid
        return ours and not folder.parent.stat().st_mode & 0o022 and os.access(folder, os.W_OK)
    except OSError:
        return False


