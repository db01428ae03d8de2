"""Compiles the kernels of some modules, as a program: `python -m tokenmill.text.kernel.build MODULE…`.

It reports on standard output, in JSON lines: {"kernel": name} when it starts to compile a kernel, {"module": name} when
all kernels of a module are in the cache folder, {"module": name, "error": text} when one of them cannot be compiled.
"""

import gc
import importlib
import json
import logging
import os
import sys
import traceback
from collections.abc import Iterable

from numba.core import event

logger = logging.getLogger(__name__)

_LONGEST = 600  # characters of an error, at most 6 bytes each in JSON: a shared pipe keeps lines up to 4096 bytes whole
_REPORTS = os.dup(1)  # standard output at the start, before os.dup2 below redirects it


class _Listener(event.Listener):  # type: ignore[misc]  # numba has no types
    """Reports each kernel that starts to compile."""

    def on_start(self, started: event.Event) -> None:
        function = started.data["dispatcher"].py_func
        if function.__module__.startswith("tokenmill."):  # not numba's own functions, such as np.zeros
            _report(kernel=f"{function.__module__}.{function.__qualname__}")

    def on_end(self, ended: event.Event) -> None:
        """Does nothing; numba requires the method."""


def build(modules: Iterable[str]) -> int:
    """Compiles the kernels of modules ahead of time, by a call of warm() of each module.

    Returns the exit code: 0, or 1 if a module failed.
    """
    event.register("numba:compile", _Listener())
    gc.set_threshold(100_000, 50, 50)  # saves 9 % of the time: the compiler makes millions of long-lived objects
    failed = 0
    for name in modules:
        try:
            importlib.import_module(name).warm()
        except Exception as error:  # of any kind: the parent reports it
            failed = 1
            traceback.print_exc()
            _report(module=name, error=f"{type(error).__name__}: {error}"[:_LONGEST])
        else:
            _report(module=name)
    return failed


def _report(**facts: str) -> None:
    os.write(_REPORTS, json.dumps(facts).encode() + b"\n")


if __name__ == "__main__":
    os.dup2(2, 1)  # numba prints to standard output if its debug variables are set; this must not mix with the reports
    sys.exit(build(sys.argv[1:]))
