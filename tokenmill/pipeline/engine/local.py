"""Runs tasks on this machine in a pool of spawned processes. The pool survives the death of any worker.

If a worker dies, exceeds its memory or is silent for too long, only its own task is lost, and the outcome says where
that worker was. concurrent.futures fails every unfinished future when one worker dies, so this is a pool of our own.
Processes are spawned, never forked, because polars and numba do not work after a fork.
"""

import functools
import logging
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import ModuleType

import psutil

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.io.http import hide_addresses_in_logs
from tokenmill.core.kinds import Unit
from tokenmill.core.memory import stage_memory
from tokenmill.pipeline.engine import Ending, Limits, Outcome, Watch
from tokenmill.pipeline.engine.warm import kernel_modules, make_kernels_ready
from tokenmill.pipeline.record.ledger import made_once
from tokenmill.pipeline.record.task import NOWHERE, CodeError, Position, Task, Tell

logger = logging.getLogger(__name__)

OUT_OF_MEMORY = 77
"""Exit code of a worker process that ran out of memory."""

_POLL_SECONDS = 0.05
_LONGEST_ERROR, _LONGEST_TRACE = 500, 100_000  # characters


class InProcess:
    """Runs tasks one after the other in this process, for debugging. No limit ends a task, and a crash ends the run."""

    workers = 1

    def make_ready(self, units: Sequence[Unit]) -> None:
        make_kernels_ready(kernel_modules(units))

    def run(self, tasks: Iterable[Task], limits: Limits, watch: Watch) -> Iterator[Outcome]:
        for task in tasks:
            yield _attempt(task, functools.partial(watch, task), limits.memory).of(task)

    def close(self) -> None:
        """Does nothing, because no process was started."""


class LocalPool:
    """A pool of at most `workers` processes. A dead process is replaced if tasks are left."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._workers: list[_Worker] = []

    def make_ready(self, units: Sequence[Unit]) -> None:
        make_kernels_ready(kernel_modules(units))

    def run(self, tasks: Iterable[Task], limits: Limits, watch: Watch) -> Iterator[Outcome]:
        todo = deque(tasks)
        self._end_abandoned()
        while todo or any(worker.task for worker in self._workers):
            self._hand_out(todo, limits.memory)
            for worker in self._heard_from():
                outcome = worker.listen(watch)
                if outcome is not None:
                    yield outcome
            for worker in list(self._workers):
                outcome = worker.judge(limits)
                if outcome is not None:
                    self._workers.remove(worker)
                    yield outcome

    def close(self) -> None:
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def _end_abandoned(self) -> None:
        """Ends workers that still run tasks of an earlier call of run() whose outcomes were not all read."""
        for worker in [worker for worker in self._workers if worker.task is not None]:
            worker.end()
            self._workers.remove(worker)

    def _hand_out(self, todo: deque[Task], memory: int) -> None:
        for worker in self._workers:
            if todo and worker.task is None:
                worker.give(todo.popleft(), memory)
        while todo and len(self._workers) < self.workers:
            worker = _Worker.start()
            self._workers.append(worker)
            worker.give(todo.popleft(), memory)

    def _heard_from(self) -> list["_Worker"]:
        busy = {worker.pipe: worker for worker in self._workers if worker.task is not None}
        return [busy[pipe] for pipe in wait(list(busy), timeout=_POLL_SECONDS) if isinstance(pipe, Connection)]


@dataclass
class _Worker:
    process: SpawnProcess
    seen: psutil.Process
    pipe: Connection
    task: Task | None = None
    at: Position = NOWHERE
    heard: float = 0.0
    closed: bool = False

    @classmethod
    def start(cls) -> "_Worker":
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, os.getpid()), daemon=True)
        chosen = multiprocessing.get_start_method(allow_none=True)
        with _without_script():
            process.start()
        if chosen is None:  # starting a process settles it, but the choice is the caller's
            multiprocessing.set_start_method(None, force=True)
        theirs.close()
        return cls(process, psutil.Process(process.pid), ours)

    def give(self, task: Task, memory: int) -> None:
        try:
            self.pipe.send((task, memory))
        except (BrokenPipeError, ConnectionResetError):
            self.closed = True  # it died while idle; judge() returns the outcome
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            raise RecipeError(
                f"{task.name.label}: it cannot be sent to a worker process, pickle says: {error}. A unit of work must "
                "hold no open files, locks or lambdas; --workers 0 runs it in this process"
            ) from error
        self.task, self.at, self.heard = task, NOWHERE, time.monotonic()

    def listen(self, watch: Watch) -> Outcome | None:
        """Reads what the worker has sent. Returns an outcome if the task has ended, otherwise None."""
        try:
            while self.pipe.poll():
                said: Position | Ending = self.pipe.recv()
                self.heard = time.monotonic()
                assert self.task is not None  # only a worker with a task sends anything
                if isinstance(said, Ending):
                    outcome = said.of(self.task)
                    self.task = None
                    return outcome
                self.at = said
                watch(self.task, said)
        except (EOFError, ConnectionResetError, pickle.UnpicklingError):
            self.closed = True
        return None

    def judge(self, limits: Limits) -> Outcome | None:
        """Ends a worker that is dead, uses too much memory or is silent for too long, and returns the outcome.

        Returns None for any other worker.
        """
        if self.task is None:
            return None
        cause = self._cause(limits)
        if not cause:
            return None
        self.end()
        return Outcome(self.task, cause=cause, at=self.at)

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()

    def _cause(self, limits: Limits) -> str:
        if self.closed or not self.process.is_alive():
            self.process.join(1.0)
            code = self.process.exitcode
            return f"signal {-code}" if code is not None and code < 0 else f"exit {code}"
        if _resident_bytes(self.seen) > limits.memory:
            return "memory"
        return "hang" if time.monotonic() - self.heard > limits.timeout else ""


_starting = threading.Lock()


@contextmanager
def _without_script() -> Iterator[None]:
    """Prevents processes that start in the block from importing the caller's script, as multiprocessing would do.

    No task needs the script, and a script without `if __name__ == "__main__"` would run again in each process. Other
    threads see an empty `__main__` for the milliseconds of a start; no code of tokenmill reads it.
    """
    with _starting:
        script = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = script


def _resident_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _serve(pipe: Connection, parent: int) -> None:
    """Runs the main loop of a worker process: receives a task, runs it, sends its Ending. Ends when the driver ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    hide_addresses_in_logs()
    threading.Thread(target=_die_with, args=(parent,), daemon=True).start()
    while True:
        try:
            task, memory = pipe.recv()
        except EOFError:
            return
        try:
            ending = _attempt(task, pipe.send, memory)
        except MemoryError:
            os._exit(OUT_OF_MEMORY)  # the driver treats it like any other death and looks for the document
        try:
            pipe.send(ending)
        except BrokenPipeError:
            return


def _attempt(task: Task, tell: Tell, memory: int) -> Ending:
    """Runs the task and returns how it ended. A MemoryError passes through, for the caller to handle.

    memory: bytes that the worker may use.
    """
    last = NOWHERE

    def told(position: Position) -> None:
        nonlocal last
        last = position
        tell(position)

    try:
        with stage_memory(memory):
            return Ending(made_once(task, told))
    except (DataError, RecipeError, OSError, CodeError) as error:
        return Ending(error=_sendable(error))
    except MemoryError:
        raise
    except (Exception, SystemExit) as error:  # a Source that calls sys.exit() must not end this process
        return Ending(error=_code_error(error, last.step))


def _sendable(error: Exception) -> Exception:
    """Returns the error, or an OSError or DataError with its text if its class cannot be pickled and unpickled."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # a foreign class may raise any error here
        text = f"{type(error).__name__}: {error}"
        return OSError(text) if isinstance(error, OSError) else DataError(text)
    return error


def _code_error(error: BaseException, step: str) -> CodeError:
    frames = traceback.extract_tb(error.__traceback__)
    frame = ([one for one in frames if "site-packages" not in one.filename] or frames)[-1]
    text = "".join(traceback.format_exception_only(error)).strip()[:_LONGEST_ERROR]
    trace = "".join(traceback.format_exception(error))[-_LONGEST_TRACE:]
    return CodeError(step, text, f"{frame.filename}:{frame.lineno}", trace)


def _die_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(1)
