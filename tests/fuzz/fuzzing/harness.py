"""Runs a target's cases in a child process. A crash, a hang or too much memory ends only the child, not the tests.

A case is a named seed, unchanged, or a mutant. (target, seed, number) determine a mutant completely.
"""

import contextlib
import functools
import math
import multiprocessing
import resource
import shlex
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from multiprocessing.connection import Connection
from random import Random
from types import FrameType
from typing import Any

import pyarrow as pa
from fuzzing.mutations import Brackets, Material, mutated
from fuzzing.rows import content_bytes

from tokenmill.core.errors import DataError
from tokenmill.text.kernel.char_kinds import char_kinds
from tokenmill.text.words.fold import fold_table
from tokenmill.text.words.segment import words

Case = int | str

_CALLS, _CALLS_PER_BYTE = 2_000_000, 200
_LOADING_SECONDS = 1200  # CPU time; kernels that no run has compiled yet take minutes


class TooMuchWork(BaseException):
    """A case made more Python calls than its size allows. Not an Exception, so that no reader treats it as damage."""


@dataclass(frozen=True)
class Target:
    """A reader or kernel that is fuzzed.

    Attributes:
        name: name in the command line and in the tests.
        make_seeds: makes valid inputs by name.
        check: reads one input, raises if a promise is broken, and returns the number of rows that it found.
        past: makes inputs that broke a promise in the past, by name. Each name says what the input is.
        rows: number of rows of the seeds with these names.
        refusals: exceptions that are documented answers to a bad input.
        forms: ways to pack an input. The mutated input is packed, and half of the packed bytes are mutated again.
        tokens, brackets: see Material.
        repair: repairs checksums after the mutation, so that more than the checksum is tested.
        most_refused: largest share of cases that may be refused. It reveals a target that reads nothing.
        fast, slow: number of mutants in the fast and in the slow tests.
        cpu_seconds: CPU seconds that one case may take. The limit is far above any real need, so that only an endless
            case reaches it.
        memory: bytes by which the process may grow.
    """

    name: str
    make_seeds: Callable[[], Mapping[str, bytes]]
    check: Callable[[bytes], object]
    past: Callable[[], Mapping[str, bytes]] = dict
    rows: Mapping[str, int] = field(default_factory=dict)
    refusals: tuple[type[BaseException], ...] = (DataError,)
    forms: tuple[Callable[[bytes], bytes], ...] = (bytes,)
    tokens: Sequence[bytes] = ()
    brackets: Sequence[Brackets] = ()
    repair: Callable[[bytes], bytes] | None = None
    most_refused: float = 0.75
    fast: int = 6
    slow: int = 300
    cpu_seconds: int = 60
    memory: int = 512 << 20

    @cached_property
    def seeds(self) -> dict[str, bytes]:
        return {**self.make_seeds(), **self.past()}

    def case(self, seed: int, case: Case) -> bytes:
        """Returns the input of a case: a seed by its name, a mutant by its number."""
        if isinstance(case, str):
            return self.seeds[case]
        random = Random(f"{self.name}:{seed}:{case}")
        material = Material(list(self.seeds.values()), self.tokens, self.brackets)
        data, form = random.choice(material.inputs), random.choice(self.forms)
        inside = form is bytes or random.random() < 0.5
        data = form(mutated(data, material, random) if inside else data)
        if not inside or random.random() < 0.5:
            data = mutated(data, material, random)
        return self.repair(data) if self.repair and random.random() < 0.7 else data


@dataclass(frozen=True)
class Failure:
    """A case that broke a promise."""

    target: str
    seed: int
    case: Case
    problem: str

    def __str__(self) -> str:
        last, case = self.problem.strip().splitlines()[-1], shlex.quote(str(self.case))
        reproduce = f"python -m bench.fuzz {self.target} --seed {self.seed} --case {case}"
        return f"{last}\n  reproduce: {reproduce}\n{self.problem}"


@dataclass
class Outcome:
    """Result of a run. `refused` is the number of cases that raised a documented exception."""

    tried: int = 0
    refused: int = 0
    failures: list[Failure] = field(default_factory=list)


@dataclass(frozen=True)
class Cases:
    """The named seeds, then `mutants` mutants, until time.monotonic() reaches `last`."""

    names: Sequence[str]
    mutants: float
    last: float

    def at(self, place: int) -> Case:
        return self.names[place] if place < len(self.names) else place - len(self.names)

    def has(self, place: int) -> bool:
        return place < len(self.names) + self.mutants and time.monotonic() < self.last


def run(
    target: Target,
    *,
    seed: int,
    mutants: float,
    last: float = math.inf,
    names: Sequence[str] = (),
    failures: int = 3,
    told: Callable[[Failure], object] = lambda failure: None,
) -> Outcome:
    """Checks the named seeds, then mutants 0, 1, .... Stops after `mutants` mutants, when time.monotonic() reaches
    `last`, or after `failures` failures.

    told: a function that gets each failure when it is found.
    """
    outcome, context = Outcome(), multiprocessing.get_context("fork")
    load_tables()
    _ = target.seeds  # computes the seeds once for all children
    cases = Cases(names, mutants, last)
    while len(outcome.failures) < failures and cases.has(outcome.tried):
        receiver, sender = context.Pipe(duplex=False)
        child = context.Process(target=_work, args=(target, cases, seed, outcome.tried, sender))
        child.start()
        sender.close()
        problem = _follow(receiver, outcome)
        child.join()
        if problem is None:
            continue
        problem = problem or _ending(child.exitcode, target)
        outcome.failures.append(Failure(target.name, seed, cases.at(outcome.tried), problem))
        told(outcome.failures[-1])
        outcome.tried += 1
    return outcome


def _follow(receiver: Connection, outcome: Outcome) -> str | None:
    """Counts what the child reports. Returns its traceback if a case failed, "" if the child died, None if all cases
    are done.
    """
    while True:
        try:
            message = receiver.recv()
        except EOFError:
            return ""
        if message is None or isinstance(message, str):
            return message
        outcome.tried += 1
        outcome.refused += message


def _ending(code: int | None, target: Target) -> str:
    if code == -signal.SIGXCPU:
        return f"no end after {target.cpu_seconds} s of CPU time"
    return f"the process died (exit code {code})"


def _work(target: Target, cases: Cases, seed: int, start: int, sender: Connection) -> None:
    """Runs in the child. Sends for each case whether it was refused, and sends a text if a promise was broken."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    at, before = start, _peak()
    _load_kernels(target)
    while cases.has(at):
        _allow_seconds(target.cpu_seconds)
        refused, problem = judge(target, target.case(seed, cases.at(at)))
        if not problem and _peak() - before > target.memory:
            problem = f"the process grew by {(_peak() - before) >> 20} MiB"
        if problem:
            sender.send(problem)
            return
        sender.send(refused)
        at += 1
    sender.send(None)


def _load_kernels(target: Target) -> None:
    """Checks the first seed and ignores the result. Its compilation then belongs to no case; the seed is a case as
    well.
    """
    _allow_seconds(_LOADING_SECONDS)
    with contextlib.suppress(Exception):
        target.check(next(iter(target.seeds.values())))


def _allow_seconds(seconds: int) -> None:
    """Lets this process use `seconds` more of CPU time before SIGXCPU ends it."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + 1 + seconds, hard))


@functools.cache
def load_tables() -> None:
    """Builds the tables that many kernels need, which takes seconds, in the parent, so that the children have them."""
    char_kinds()
    fold_table()
    words(pa.record_batch({"text": pa.array(["a"], type=pa.large_string())}))


def judge(target: Target, data: bytes) -> tuple[bool, str]:
    """Returns (whether the input was refused, a traceback if a promise was broken)."""
    try:
        with_bounded_work(target.check, data)
    except target.refusals:
        return True, ""
    except BaseException:
        return False, traceback.format_exc()
    return False, ""


def with_bounded_work(check: Callable[[bytes], object], data: bytes) -> object:
    """Returns check(data). Raises TooMuchWork after too many Python calls; the limit grows with the number of bytes.

    Calls of C functions count too, so that a loop that reads without end is found on a machine of any speed.
    """
    left = limit = _CALLS + _CALLS_PER_BYTE * max(len(data), content_bytes(data)[0])

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            sys.setprofile(None)
            raise TooMuchWork(f"over {limit:,} calls for {len(data):,} bytes")

    sys.setprofile(count)
    try:
        return check(data)
    finally:
        sys.setprofile(None)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
