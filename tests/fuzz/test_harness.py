"""The harness finds each kind of failure and says how to reproduce it; a case is the same bytes each time."""

import os
import signal
from random import Random
from typing import Any

from fuzzing.harness import Target, run
from fuzzing.mutations import Material, mutated

from tokenmill.core.errors import DataError


def _target(check: Any, **settings: Any) -> Target:
    return Target("made", lambda: {"first": b"abc", "a second": b"12"}, check, **settings)


def _problems(check: Any, **settings: Any) -> list[str]:
    target = _target(check, **settings)
    return [str(failure) for failure in run(target, seed=3, mutants=0, names=list(target.seeds)).failures]


def _raise(data: bytes) -> None:
    if data == b"12":
        raise ValueError("found")


def _loop(data: bytes) -> None:
    while data == b"12":
        len(data)


def test_an_exception_names_the_case_and_the_others_are_tried() -> None:
    [problem] = _problems(_raise)
    assert problem.startswith("ValueError: found\n  reproduce: python -m bench.fuzz made --seed 3 --case 'a second'\n")


def test_a_documented_exception_is_an_answer() -> None:
    def refuse(data: bytes) -> None:
        raise DataError("no")

    target = _target(refuse)
    outcome = run(target, seed=0, mutants=5, names=list(target.seeds))
    assert (outcome.tried, outcome.refused, outcome.failures) == (7, 7, [])


def test_a_crash_ends_the_child_alone() -> None:
    assert ["exit code 7" in problem for problem in _problems(lambda data: data == b"12" and os._exit(7))] == [True]


def test_a_loop_is_found_by_its_calls() -> None:
    target = _target(_loop)
    [failure] = run(target, seed=0, mutants=0, names=["a second"]).failures
    assert "TooMuchWork" in failure.problem


def test_a_case_that_uses_up_its_cpu_time_is_named() -> None:
    """The check sends the signal that the system sends at the limit, so the test does not depend on a clock."""
    [problem] = _problems(lambda data: data == b"12" and os.kill(os.getpid(), signal.SIGXCPU))
    assert "no end after 60 s of CPU time" in problem and "--case 'a second'" in problem


def test_memory_beyond_the_bound_is_found() -> None:
    assert "the process grew by" in _problems(lambda data: len(b"x" * (64 << 20)), memory=16 << 20)[0]


def test_a_mutant_is_the_same_bytes_each_time_and_each_number_has_its_own() -> None:
    target = _target(len, tokens=(b"<",), brackets=((b"(", b")"),))
    made = [target.case(1, number) for number in range(50)]
    assert made == [_target(len, tokens=(b"<",), brackets=((b"(", b")"),)).case(1, number) for number in range(50)]
    assert len(set(made)) > 30 and made != [target.case(2, number) for number in range(50)]


def test_nothing_can_be_mutated_too() -> None:
    random = Random(0)
    for _ in range(500):
        mutated(b"", Material([b""]), random)
