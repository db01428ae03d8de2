"""Compiles kernels with numba. cache.py imports this module at the first call of a kernel, because numba takes 0.5 s.

A kernel compiles in two forms: called from Python (an entry), and called by another kernel (a helper). Python calls 51
of 340 kernels. Stock numba compiles each kernel as if Python called it: with wrappers for Python and for C, with
machine code, and with a file in the cache. A helper here has none of these: it is LLVM IR that its callers link.

This uses numba's internals. With a version that is not in TESTED, kernels compile as stock numba does it.
"""

import dis
import importlib
from collections.abc import Callable
from functools import cached_property
from importlib.util import find_spec
from typing import Any

import numba
from numba.core import entrypoints
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.registry import CPUDispatcher
from numba.core.types.misc import unliteral
from numba.np import linalg

from tokenmill.text.kernel.cache_folder import cache_folder

TESTED = ("0.68",)
"""Versions of numba, major.minor, with which the tests of all kernels pass."""


def _is_tested() -> bool:
    return numba.__version__.rpartition(".")[0] in TESTED


def _load_arrays() -> None:
    """Imports numba's functions of arrays, which every kernel needs, without scipy.

    They look for BLAS by importing scipy.linalg, which takes 0.2 to 0.3 s. Here they only check whether scipy is
    installed. Another package's kernel that needs BLAS still imports scipy when it compiles.
    """
    before = linalg.ensure_blas
    linalg.ensure_blas = _find_scipy
    try:
        importlib.import_module("numba.np.arraymath")
    finally:
        linalg.ensure_blas = before


def _find_scipy() -> None:
    if find_spec("scipy") is None:
        raise ImportError("scipy is not installed")


if _is_tested():
    _load_arrays()


def compiled_on_call(function: Callable[..., Any], *, inlined: bool) -> Any:
    """Returns numba's dispatcher for a kernel: no Python objects, no GIL, strict floating point, cached on disk."""
    options = {"nopython": True, "nogil": True, "fastmath": False, "boundscheck": False, "forceinline": inlined}
    made = _Entry if _is_tested() else CPUDispatcher
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(cache_folder())  # read by enable_caching; other users of numba keep their own setting
    try:
        dispatcher = made(function, targetoptions=options)
        dispatcher.enable_caching()
    finally:
        numba.config.CACHE_DIR = before
    return dispatcher


def type_of(intrinsic: Any) -> Any:
    """Returns numba's type of an intrinsic. numba registers new intrinsics only in refresh()."""
    context = CPUDispatcher.targetdescr.typing_context
    context.refresh()
    return context.resolve_value_type(intrinsic)


class _Entry(CPUDispatcher):  # type: ignore[misc]  # numba has no types
    """The form of a kernel that Python calls. Other kernels that name the kernel get its helper."""

    def add_overload(self, compiled: Any) -> None:
        """Also sets the Python objects of helpers, which numba skips and a print() in a kernel needs."""
        super().add_overload(compiled)
        for environment in compiled._find_referenced_environments():
            compiled.codegen.set_env(environment.env_name, environment)

    def _compile_for_args(self, *arguments: Any) -> Any:
        """Loads or compiles without importing packages that extend numba: kernels need none, and awkward takes 0.3 s.

        numba imports them when other code compiles a function.
        """
        before, entrypoints._already_initialized = entrypoints._already_initialized, True
        try:
            return super()._compile_for_args(*arguments)
        finally:
            entrypoints._already_initialized = before

    @property
    def _numba_type_(self) -> Any:
        return self._helper._numba_type_

    @cached_property
    def _helper(self) -> "_Helper":
        return _Helper(self.py_func, targetoptions=self.targetoptions, pipeline_class=_Compiler)


class _Helper(CPUDispatcher):  # type: ignore[misc]
    """The form of a kernel that other kernels call. Python cannot call it, because it has no machine code."""

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """Compiles one form for all constants of a type; numba would compile one for each constant in a call."""
        return super().get_call_template(
            tuple(unliteral(one) for one in args), {name: unliteral(one) for name, one in dict(kws).items()}
        )

    def add_overload(self, compiled: Any) -> None:
        compiled = compiled._replace(entry_point=object())  # numba finds the function by this key: it must be unique
        self.targetctx.insert_user_function(compiled.entry_point, compiled.fndesc, [compiled.library])
        self.overloads[tuple(compiled.signature.args)] = compiled


class _Compiler(Compiler):  # type: ignore[misc]
    """numba's pipeline, which stops at optimized IR."""

    def define_pipelines(self) -> Any:
        function = self.state.func_id
        self.state.flags.no_compile = True
        self.state.flags.no_cpython_wrapper = True
        self.state.flags.no_cfunc_wrapper = True
        self.state.library = _Library(self.state.targetctx.codegen(), function.func_qualname, _has_loop(function.func))
        return super().define_pipelines()


def _has_loop(function: Callable[..., Any]) -> bool:
    """Returns True if the function has a loop: its byte code jumps backward."""
    return any("BACKWARD" in each.opname for each in dis.get_instructions(function))


class _Library(JITCodeLibrary):  # type: ignore[misc]
    """A helper's IR, with its callees linked.

    Only a helper with a loop is optimized before it is linked, because LLVM vectorizes some loops only before they are
    inlined. The callers optimize the others, once instead of at each level of calls.
    """

    def __init__(self, codegen: Any, name: str, has_loop: bool) -> None:
        super().__init__(codegen, name)
        self._has_loop = has_loop

    def _optimize_final_module(self) -> None:
        if self._has_loop:
            super()._optimize_final_module()

    def _finalize_final_module(self) -> None:
        """Does not generate machine code, unlike the method that it replaces."""
        self._finalized = True
