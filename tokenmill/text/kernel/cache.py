"""The kernel decorator: functions that numba compiles at their first call, with the compiled code kept on disk.

numba's own cache on disk asks only whether the caller's file changed: after an edit to a helper in another file the
cached caller goes on giving the old answer. So the folder is named by a hash of all of tokenmill/text, and any edit
there starts an empty one. pipeline/engine/warm compiles what a recipe needs before workers start.

Importing a module with kernels does not import numba, which takes half a second: a command that runs no kernel, such as
`pipeline plan`, starts without it.
"""

import functools
import importlib
from collections.abc import Callable
from functools import cached_property
from types import FunctionType, ModuleType
from typing import Any, Protocol, TypeVar, cast

import numpy.typing as npt

from tokenmill.text.kernel.cache_folder import warm_modules

Array = TypeVar("Array", bound=npt.NDArray[Any])
Function = TypeVar("Function", bound=Callable[..., Any])


class Stats(Protocol):
    """How often a kernel's specialisations were loaded from the cache folder, and how often they were not there."""

    cache_hits: dict[Any, int]
    cache_misses: dict[Any, int]


class Dispatcher(Protocol):
    """numba's dispatcher of a kernel: the part of it that is used here."""

    signatures: list[tuple[Any, ...]]
    stats: Stats

    def __call__(self, *arguments: Any) -> Any: ...


class Kernel:
    """What a kernel is at run time."""

    def __init__(self, function: Callable[..., Any], *, inlined: bool) -> None:
        functools.update_wrapper(self, function)
        self.py_func = cast(FunctionType, function)
        self._inlined = inlined

    def __call__(self, *arguments: Any) -> Any:
        return self.dispatcher(*arguments)

    @cached_property
    def dispatcher(self) -> Dispatcher:
        """numba's; only now is numba imported."""
        from tokenmill.text.kernel.compiler import compiled_on_call

        made: Dispatcher = compiled_on_call(self.py_func, inlined=self._inlined)
        return made

    @property
    def _numba_type_(self) -> Any:
        """Asked by numba when it compiles a kernel that calls this one."""
        return self.dispatcher._numba_type_  # type: ignore[attr-defined]


def kernel(function: Function) -> Function:
    """Compile with numba: no Python objects, no GIL, strict floating point, kept on disk.

    Arguments follow one discipline, so that each kernel has a single specialisation: inputs and tables are read-only
    contiguous arrays (see frozen), outputs writable ones, counts int64, no optional argument. They are positional.
    To mypy the result is the function; it is a Kernel (see as_kernel).
    """
    return cast(Function, Kernel(function, inlined=False))


def inlined(function: Function) -> Function:
    """A kernel that is compiled into each of its callers, for short helpers with many arguments: a table of tables
    (see WordSet) is passed value by value, which takes longer than such a helper runs.
    """
    return cast(Function, Kernel(function, inlined=True))


class _Intrinsic:
    """An operation that only kernels have. numba asks for its type when it compiles one."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def _numba_type_(self) -> Any:
        from tokenmill.text.kernel import compiler, intrinsics

        return compiler.type_of(getattr(intrinsics, self._name))


def intrinsic(name: str) -> Any:
    """The operation of this name in intrinsics.py, whose code is generated into the kernels that call it."""
    return _Intrinsic(name)


pointer: Callable[[Array], Array] = intrinsic("pointer")
"""In a kernel: the array's elements without the array, read and written by index alone.

What helpers pass on to each other: an array costs a reference count at every call, 20 times what a short helper does.
It does not keep the array alive: an array made in a kernel must itself be used after its pointer is.
"""

trailing_zeros: Callable[[int], int] = intrinsic("trailing_zeros")
"""In a kernel: the zero bits of an int64 below its lowest bit that is set, 64 if none is; one instruction."""


def frozen(array: Array) -> Array:
    """A read-only view of the array: the form in which kernels take their inputs."""
    view: Array = array.view()
    view.flags.writeable = False
    return view


def warm_all() -> None:
    """Loads every kernel that Python calls, and compiles what the folder lacks: for tests and benchmarks."""
    for name in sorted(warm_modules()):
        importlib.import_module(name).warm()


def as_kernel(function: Callable[..., Any]) -> Kernel:
    """The Kernel that a decorated function is; TypeError for any other function."""
    if not isinstance(function, Kernel):
        raise TypeError(f"{function!r} is no kernel")
    return function


def kernels_of(module: ModuleType) -> list[Kernel]:
    """The module's own kernels, without those that it imports."""
    found = [value for value in vars(module).values() if isinstance(value, Kernel)]
    return [each for each in found if each.py_func.__module__ == module.__name__]
