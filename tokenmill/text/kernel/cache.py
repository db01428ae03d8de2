"""Compiling kernels, and where the compiled code is kept.

numba's own cache on disk asks only whether the caller's file changed: after an edit to a helper in another file the
cached caller goes on giving the old answer. So the folder is named by a hash of all of tokenmill/text, and any edit
there starts an empty one. A kernel compiles at its first call; warm() does that for all of them, in the parent, before
workers start.
"""

import importlib
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy.typing as npt
from numba import types
from numba.extending import intrinsic

from tokenmill.text.kernel.cache_folder import TEXT, cache_folder, sources

log = logging.getLogger(__name__)

Array = TypeVar("Array", bound=npt.NDArray[Any])


def kernel(function: Callable[..., Any], *, inlined: bool = False) -> Any:
    """Compile with numba: no Python objects, no GIL, strict floating point, kept on disk.

    Arguments follow one discipline, so that each kernel has a single specialisation: inputs and tables are read-only
    contiguous arrays (see frozen), outputs writable ones, counts int64, no optional argument.
    """
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(cache_folder())  # read while decorating; other users of numba keep their own setting
    try:
        return numba.njit(cache=True, nogil=True, fastmath=False, boundscheck=False, forceinline=inlined)(function)
    finally:
        numba.config.CACHE_DIR = before


def inlined(function: Callable[..., Any]) -> Any:
    """A kernel that is compiled into each of its callers, for short helpers with many arguments: a table of tables
    (see WordSet) is passed value by value, which takes longer than such a helper runs.
    """
    return kernel(function, inlined=True)


@intrinsic
def _pointer(typing_context, array):  # type: ignore[no-untyped-def]
    """In a kernel: the array's elements without the array, read and written by index alone.

    What helpers pass on to each other: an array costs a reference count at every call, 20 times what a short helper
    does. It does not keep the array alive: an array made in a kernel must itself be used after its pointer is.
    """

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return context.make_array(signature.args[0])(context, builder, arguments[0]).data

    return types.CPointer(array.dtype)(array), generate


pointer: Any = _pointer


@intrinsic
def _trailing_zeros(typing_context, value):  # type: ignore[no-untyped-def]
    """In a kernel: the zero bits of an int64 below its lowest bit that is set, 64 if none is; one instruction."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.cttz(arguments[0], context.get_constant(types.boolean, False))

    return types.int64(types.int64), generate


trailing_zeros: Any = _trailing_zeros


def frozen(array: Array) -> Array:
    """A read-only view of the array: the form in which kernels take their inputs."""
    view: Array = array.view()
    view.flags.writeable = False
    return view


def warm() -> int:
    """Make every kernel ready, compiling what the folder lacks; return how many were compiled rather than loaded.

    Each module of tokenmill/text that has kernels has a function warm() that runs them on a tiny input.
    """
    started = time.perf_counter()
    modules = [importlib.import_module(module_name(path)) for path in sources() if path != Path(__file__)]
    before = sum(_misses(module) for module in modules)
    for module in modules:
        if hasattr(module, "warm"):
            module.warm()
    compiled = sum(_misses(module) for module in modules) - before
    if compiled:
        seconds = time.perf_counter() - started
        log.info("compiled %d text kernels in %.1f s, kept in %s", compiled, seconds, cache_folder())
    return compiled


def module_name(path: Path) -> str:
    """`tokenmill.text.words.split` for its file."""
    return ".".join(("tokenmill", "text", *path.relative_to(TEXT).with_suffix("").parts))


def _misses(module: Any) -> int:
    """Specialisations of this module's own kernels that this process compiled because the folder did not have them."""
    own = [value for value in vars(module).values() if isinstance(value, numba.core.dispatcher.Dispatcher)]
    return sum(sum(value.stats.cache_misses.values()) for value in own if value.py_func.__module__ == module.__name__)
