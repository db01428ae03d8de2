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
from types import FunctionType, ModuleType
from typing import Any, Protocol, TypeVar, cast

import numba
import numpy.typing as npt
from numba import types
from numba.extending import intrinsic

from tokenmill.text.kernel.cache_folder import TEXT, cache_folder, sources

log = logging.getLogger(__name__)

_DISPATCHER: Any = numba.core.dispatcher.Dispatcher

Array = TypeVar("Array", bound=npt.NDArray[Any])
Function = TypeVar("Function", bound=Callable[..., Any])


class Stats(Protocol):
    """How often a kernel's specialisations were loaded from the cache folder, and how often they were not there."""

    cache_hits: dict[Any, int]
    cache_misses: dict[Any, int]


class Dispatcher(Protocol):
    """What a kernel is at run time: the part of numba's dispatcher that is used here."""

    py_func: FunctionType
    signatures: list[tuple[Any, ...]]
    stats: Stats


def kernel(function: Function, *, inlined: bool = False) -> Function:
    """Compile with numba: no Python objects, no GIL, strict floating point, kept on disk.

    Arguments follow one discipline, so that each kernel has a single specialisation: inputs and tables are read-only
    contiguous arrays (see frozen), outputs writable ones, counts int64, no optional argument.
    To mypy the result is the function; it is a numba dispatcher (see dispatcher).
    """
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(cache_folder())  # read while decorating; other users of numba keep their own setting
    try:
        compiled: Function = numba.njit(cache=True, nogil=True, fastmath=False, boundscheck=False, forceinline=inlined)(
            function
        )
    finally:
        numba.config.CACHE_DIR = before
    return compiled


def inlined(function: Function) -> Function:
    """A kernel that is compiled into each of its callers, for short helpers with many arguments: a table of tables
    (see WordSet) is passed value by value, which takes longer than such a helper runs.
    """
    return kernel(function, inlined=True)


def _pointer(typing_context: Any, array: Any) -> Any:
    """In a kernel: the array's elements without the array, read and written by index alone.

    What helpers pass on to each other: an array costs a reference count at every call, 20 times what a short helper
    does. It does not keep the array alive: an array made in a kernel must itself be used after its pointer is.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.make_array(signature.args[0])(context, builder, arguments[0]).data

    return types.CPointer(array.dtype)(array), generate


pointer: Callable[[Array], Array] = intrinsic(_pointer)


def _trailing_zeros(typing_context: Any, value: Any) -> Any:
    """In a kernel: the zero bits of an int64 below its lowest bit that is set, 64 if none is; one instruction."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], context.get_constant(types.boolean, False))

    return types.int64(types.int64), generate


trailing_zeros: Callable[[int], int] = intrinsic(_trailing_zeros)


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


def dispatcher(function: Callable[..., Any]) -> Dispatcher:
    """The dispatcher that a kernel is; TypeError for any other function."""
    if not isinstance(function, _DISPATCHER):
        raise TypeError(f"{function!r} is no kernel")
    return cast(Dispatcher, function)


def kernels_of(module: ModuleType) -> list[Dispatcher]:
    """The module's own kernels, without those that it imports."""
    found = [dispatcher(value) for value in vars(module).values() if isinstance(value, _DISPATCHER)]
    return [each for each in found if each.py_func.__module__ == module.__name__]


def _misses(module: ModuleType) -> int:
    """Specialisations of this module's own kernels that this process compiled because the folder did not have them."""
    return sum(sum(each.stats.cache_misses.values()) for each in kernels_of(module))
