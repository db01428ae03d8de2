"""Compiles text kernels once per machine, before the workers start. Otherwise each worker would compile them.

Only the modules that the units reach are compiled, by one process per core but at most eight. All later processes use
the same cache folder. This process itself never imports numba.
"""

import fcntl
import itertools
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tokenmill.core.errors import DataError
from tokenmill.core.kinds import Unit
from tokenmill.pipeline.planning.fingerprint import code_modules
from tokenmill.pipeline.planning.source_code import reach
from tokenmill.text.kernel import cache_folder

logger = logging.getLogger(__name__)

LINE_SECONDS = 5.0
_MOST_PROCESSES = 8  # each process also compiles the helpers that it needs, and uses up to 500 MB


def kernel_modules(units: Iterable[Unit]) -> tuple[str, ...]:
    """Returns the modules whose compiled kernels are called by the units and the functions that these name, sorted."""
    return kernels_of(module for unit in units for module in code_modules(unit))


def kernels_of(modules: Iterable[str]) -> tuple[str, ...]:
    """Returns the modules whose compiled kernels the code in `modules` calls, sorted."""
    reached = {name for module in modules for name in reach(module)}
    return tuple(sorted(reached & cache_folder.warm_modules()))


def all_kernel_modules() -> tuple[str, ...]:
    """Returns all modules with compiled kernels, sorted."""
    return tuple(sorted(cache_folder.warm_modules()))


def make_kernels_ready(modules: Iterable[str]) -> int:
    """Compiles the text kernels of modules that are not compiled yet. Returns the number of kernels that it compiled.

    modules: some of cache_folder.warm_modules(). If several processes call this, one compiles and the others wait. The
    modules that an interrupted call has compiled stay in the cache. Raises DataError if a kernel cannot be compiled.
    """
    wanted = frozenset(modules)
    if not wanted:
        return 0
    cache_folder.mark_used()
    if wanted <= cache_folder.compiled_modules():
        return 0
    with _locked():
        missing = wanted - cache_folder.compiled_modules()
        compiled = _compile(missing) if missing else 0
        cache_folder.remove_unused()
    return compiled


@contextmanager
def _locked() -> Iterator[None]:
    with open(cache_folder.cache_folder() / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            logger.info("another process compiles text kernels; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _compile(modules: Iterable[str]) -> int:
    needed = {module: _needed(module) for module in modules}
    counts = cache_folder.kernel_counts()
    shown = _Shown(sum(counts[name] for name in frozenset().union(*needed.values())))
    failures = []
    with shown, _builders(_parts(needed, counts)) as reports:
        for line in reports:
            report = json.loads(line)
            if "kernel" in report:
                shown.kernel(report["kernel"])
            elif "error" in report:
                failures.append(f"{report['module']}: {report['error']}")
            else:
                cache_folder.mark_compiled([report["module"]])
        missing = sorted(needed.keys() - cache_folder.compiled_modules())
        if failures:
            raise DataError("text kernels cannot be compiled: " + "; ".join(failures))
        if missing:
            raise DataError(
                f"a process died before it had compiled text kernels: {', '.join(missing)}. Is there enough memory?"
            )
    return len(shown.done)


def _needed(module: str) -> frozenset[str]:
    """Returns the modules with kernels that a module reaches. Its kernels can call only these."""
    return reach(module) & cache_folder.kernel_counts().keys()


def _parts(needed: Mapping[str, frozenset[str]], counts: Mapping[str, int]) -> list[list[str]]:
    """Divides modules among processes that take about equally long. Returns the modules of each process.

    needed: {module: the modules whose kernels it needs}. counts: {module: number of its kernels}.

    A process compiles each kernel once, even if several of its modules need it; two processes compile a shared helper
    twice. So the two parts that together need the fewest kernels are joined, until there is one process per part.
    """

    def kernels(names: Iterable[str]) -> int:
        return sum(counts[name] for name in names)

    parts = [([module], names) for module, names in sorted(needed.items())]
    while len(parts) > min(_cores(), _MOST_PROCESSES):
        one, other = min(itertools.combinations(parts, 2), key=lambda pair: kernels(pair[0][1] | pair[1][1]))
        parts = [part for part in parts if part not in (one, other)]
        parts.append((one[0] + other[0], one[1] | other[1]))
    return [modules for modules, _ in parts]


@contextmanager
def _builders(parts: Iterable[list[str]]) -> Iterator[IO[str]]:
    """Starts one process per part. Yields their reports (lines of JSON), which end when all processes have ended."""
    paths = [str(cache_folder.TEXT.parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "tokenmill.text.kernel.build"]
    running: list[subprocess.Popen[bytes]] = []
    try:
        with os.fdopen(reading) as reports:
            try:
                for part in parts:  # in sessions of their own, so only this process gets Ctrl-C, and it ends them
                    running.append(
                        subprocess.Popen([*command, *part], stdout=writing, env=environment, start_new_session=True)
                    )
            finally:
                os.close(writing)
            yield reports
    finally:
        for process in running:
            process.kill()  # only has an effect after an interrupt; otherwise the process has ended
            process.wait()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass
class _Shown:
    """Shows the progress of compilation: a bar on a terminal, otherwise a log line every few seconds."""

    total: int
    done: set[str] = field(default_factory=set)
    began: float = field(default_factory=time.monotonic)
    said: float = field(default_factory=time.monotonic)
    bar: Progress | None = None

    def __enter__(self) -> "_Shown":
        logger.info(
            "compiling %d text kernels, once per version and machine; `pipeline kernels build` compiles all", self.total
        )
        if sys.stderr.isatty():
            columns = (BarColumn(), TextColumn("{task.completed}/{task.total} kernels"), TimeElapsedColumn())
            now = TextColumn("{task.description}")
            self.bar = Progress(*columns, now, console=Console(stderr=True), transient=True)
            self.bar.start()
            self.bar.add_task("", total=self.total)
        return self

    def __exit__(self, *error: object) -> None:
        if self.bar is not None:
            self.bar.stop()
        if error[0] is None:
            seconds, folder = time.monotonic() - self.began, cache_folder.cache_folder()
            logger.info("compiled %d text kernels in %.0f s, kept in %s", len(self.done), seconds, folder)

    def kernel(self, name: str) -> None:
        """Counts a kernel whose compilation starts."""
        self.done.add(name)
        text = f"{name.removeprefix('tokenmill.text.')}{self._seconds_left()}"
        if self.bar is not None:
            self.bar.update(self.bar.task_ids[0], completed=len(self.done), description=text)
        elif time.monotonic() - self.said >= LINE_SECONDS:
            self.said = time.monotonic()
            logger.info("compiling text kernels: %d of %d, %s", len(self.done), self.total, text)

    def _seconds_left(self) -> str:
        seconds = time.monotonic() - self.began
        if seconds < LINE_SECONDS:
            return ""
        return f", about {seconds / len(self.done) * (self.total - len(self.done)):.0f} s left"
