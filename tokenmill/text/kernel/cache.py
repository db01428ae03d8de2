"""The kernel decorator: numba compiles the function at its first call and keeps the compiled code on disk.

numba's own cache on disk checks only whether the caller's file changed: after an edit to a helper in another file, the
cached caller still gives the old result. So the name of the cache folder is a hash of all of tokenmill/text, and any
edit there starts an empty folder. pipeline/engine/warm compiles the kernels of a recipe before workers start.

Importing a module with kernels does not import numba, which takes half a second: a command that runs no kernel, such as
`pipeline plan`, starts without it.
"""

import functools
import importlib
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from types import FrameType, FunctionType, ModuleType
from typing import Any, Protocol, TypeVar, cast

import numpy.typing as npt

from tokenmill.text.kernel.cache_folder import warm_modules

Array = TypeVar("Array", bound=npt.NDArray[Any])
Function = TypeVar("Function", bound=Callable[..., Any])


class Stats(Protocol):
    """How often a kernel's specialisations were found in the cache folder, and how often they were not."""

    cache_hits: dict[Any, int]
    cache_misses: dict[Any, int]


class Dispatcher(Protocol):
    """The part of numba's dispatcher of a kernel that is used here."""

    signatures: list[tuple[Any, ...]]
    stats: Stats

    def __call__(self, *arguments: Any) -> Any: ...


@contextmanager
def _interrupts_later() -> Iterator[None]:
    """Delays Ctrl-C to the end of the block: after an import of numba that was interrupted, no later one works."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    held: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda number, frame: held.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if held:
        before(*held[0])


class Kernel:
    """The object that a function becomes through the decorators `kernel` and `inlined`."""

    def __init__(self, function: Callable[..., Any], *, inlined: bool) -> None:
        functools.update_wrapper(self, function)
        self.py_func = cast(FunctionType, function)
        self._inlined = inlined

    def __call__(self, *arguments: Any) -> Any:
        return self.dispatcher(*arguments)

    @cached_property
    def dispatcher(self) -> Dispatcher:
        """numba's dispatcher. The first use imports numba."""
        with _interrupts_later():
            from tokenmill.text.kernel.compiler import compiled_on_call

        made: Dispatcher = compiled_on_call(self.py_func, inlined=self._inlined)
        return made

    @property
    def _numba_type_(self) -> Any:
        """The type that numba reads when it compiles a kernel that calls this one."""
        return self.dispatcher._numba_type_  # type: ignore[attr-defined]


def kernel(function: Function) -> Function:
    """Decorator: compiles the function with numba: no Python objects, no GIL, strict floating point, cached on disk.

    All calls use the same types of arguments, so that each kernel has one specialisation: inputs and tables are
    read-only contiguous arrays (see frozen), outputs are writable arrays, counts are int64. All arguments are
    positional, and none is optional. The result is a Kernel (see as_kernel), but mypy sees the function.
    """
    return cast(Function, Kernel(function, inlined=False))


def inlined(function: Function) -> Function:
    """Decorator: compiles the function with numba, like kernel, but into each of its callers.

    For short helpers with many arguments: a tuple of tables (see WordSet) is passed value by value, which takes longer
    than the helper itself.
    """
    return cast(Function, Kernel(function, inlined=True))


class _Intrinsic:
    """An operation that exists only in kernels. numba reads its type when it compiles a kernel that uses it."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def _numba_type_(self) -> Any:
        from tokenmill.text.kernel import compiler, intrinsics

        return compiler.type_of(getattr(intrinsics, self._name))


def intrinsic(name: str) -> Any:
    """Returns the operation of this name in intrinsics.py, which exists only in numba's kernels.

    Its code is generated into the kernels that call it.
    """
    return _Intrinsic(name)


pointer: Callable[[Array], Array] = intrinsic("pointer")
"""In a kernel: returns a pointer to the array's elements, which can only be read and written by index.

Helpers pass pointers to each other because an array costs a reference count at every call, 20 times the cost of a short
helper. A pointer does not keep its array alive: an array that a kernel creates must be used again after the last use of
its pointer.
"""

trailing_zeros: Callable[[int], int] = intrinsic("trailing_zeros")
"""In a kernel: returns the number of zero bits of an int64 below its lowest set bit, or 64 for 0; one instruction."""


def frozen(array: Array) -> Array:
    """Returns a read-only view of the array, the form in which kernels take their inputs."""
    view: Array = array.view()
    view.flags.writeable = False
    return view


def warm_all() -> None:
    """Loads all compiled kernels that Python calls, and compiles those that the cache folder lacks.

    For tests and benchmarks.
    """
    for name in sorted(warm_modules()):
        importlib.import_module(name).warm()


def as_kernel(function: Callable[..., Any]) -> Kernel:
    """Returns a function that has the decorator for numba as a Kernel, for access to its compiled code.

    mypy sees only the function. Raises TypeError for a function without the decorator.
    """
    if not isinstance(function, Kernel):
        raise TypeError(f"{function!r} is not a kernel")
    return function


def kernels_of(module: ModuleType) -> list[Kernel]:
    """Returns the numba kernels that the module defines, without those that it imports."""
    found = [value for value in vars(module).values() if isinstance(value, Kernel)]
    return [each for each in found if each.py_func.__module__ == module.__name__]
