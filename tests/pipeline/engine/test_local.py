"""The pool of one machine: a problem of one task or one call affects no other."""

import os
import time
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from tokenmill.core.errors import DataError
from tokenmill.pipeline.engine import Limits
from tokenmill.pipeline.engine.local import OUT_OF_MEMORY, InProcess, LocalPool
from tokenmill.pipeline.record.manifest import Manifest
from tokenmill.pipeline.record.task import TaskName, Tell


@dataclass(frozen=True)
class Sleep:
    """A task that reports which process ran it, after some time. what: anything, to be sent with the task."""

    seconds: float = 0.0
    what: Any = None

    name: ClassVar[TaskName] = TaskName("nowhere", 0, "sleep", "at/all", "sleep")

    def __call__(self, tell: Tell) -> Manifest:
        time.sleep(self.seconds)
        return Manifest("sleep", facts={"pid": os.getpid()})


@dataclass(frozen=True)
class OutOfMemory(Sleep):
    """A task that runs out of memory."""

    def __call__(self, tell: Tell) -> Manifest:
        raise MemoryError


class Picky(DataError):
    """An error that cannot be unpickled: it takes two arguments and passes on one."""

    def __init__(self, file: str, problem: str) -> None:
        super().__init__(f"{file}: {problem}")


@dataclass(frozen=True)
class Refusing(Sleep):
    """A task that raises Picky."""

    def __call__(self, tell: Tell) -> Manifest:
        raise Picky("f", "no")


def run(pool: LocalPool, *tasks: Sleep) -> list[Any]:
    return [outcome.manifest.facts["pid"] for outcome in pool.run(tasks, Limits(timeout=20), lambda task, at: None)]


def test_a_call_that_was_abandoned_does_not_hold_up_the_next() -> None:
    """Regression: a caller that stopped listening left its worker busy, and the next call waited until the timeout."""
    pool = LocalPool(2)
    try:
        abandoned = pool.run([Sleep(), Sleep(300.0)], Limits(), lambda task, at: None)
        next(abandoned)
        assert len(run(pool, Sleep(), Sleep())) == 2
    finally:
        pool.close()


def test_a_task_that_cannot_be_sent_raises_and_the_pool_goes_on() -> None:
    pool = LocalPool(1)
    try:
        [first] = run(pool, Sleep())
        with pytest.raises(Exception, match="pickle"):
            run(pool, Sleep(what=lambda: None))
        assert run(pool, Sleep()) == [first]
    finally:
        pool.close()


def test_a_task_out_of_memory_in_this_process_raises() -> None:
    """Regression: it ended the driver, or a notebook's kernel, with exit code 77 and no message."""
    with pytest.raises(MemoryError):
        list(InProcess().run([OutOfMemory()], Limits(), lambda task, at: None))


def test_what_a_worker_process_raises_reaches_the_driver() -> None:
    """Regression: an error that cannot be unpickled ended the driver with a traceback."""
    pool = LocalPool(1)
    try:
        [memory] = pool.run([OutOfMemory()], Limits(), lambda task, at: None)
        assert memory.cause == f"exit {OUT_OF_MEMORY}"
        [refused] = pool.run([Refusing()], Limits(), lambda task, at: None)
        assert isinstance(refused.error, DataError) and "f: no" in str(refused.error)
    finally:
        pool.close()
