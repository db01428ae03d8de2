"""An interrupt of a submitted run leaves the job running, and the message says how to follow it again."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tokenmill.pipeline.engine import ray_job

Call = Callable[..., Any]


class Ended(SystemExit):
    """Stands for os._exit, which would also end the tests."""


@dataclass(frozen=True)
class FakeClient:
    """A cluster with one job, which prints a line; then the person interrupts, or the job ends with 3."""

    interrupted: bool

    def log(self) -> Iterator[str]:
        yield "stage read begins\n"
        if self.interrupted:
            raise KeyboardInterrupt


@dataclass(frozen=True)
class FakeJob(ray_job.SubmittedJob):
    def log(self) -> Iterator[str]:
        client: Any = self.client
        return client.log()  # type: ignore[no-any-return]

    def exit_code(self) -> int:
        return 3


@pytest.fixture
def exits(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(code: int) -> NoReturn:
        raise Ended(code)

    monkeypatch.setattr(os, "_exit", leave)


def test_an_interrupted_submit_ends_with_130_and_can_be_followed(
    tmp_path: Path, call: Call, toy_recipe: str, monkeypatch: pytest.MonkeyPatch, exits: None
) -> None:
    """Regression: it ended with 0 while the job still ran, so a script continued as if the job were done."""
    (tmp_path / "r.yaml").write_text(toy_recipe)
    interrupted: Any = FakeClient(True)
    monkeypatch.setattr(ray_job, "submit", lambda address, command, env: FakeJob(interrupted, "job_7", address))
    ended = call("submit", "r.yaml", "--address", "http://head:8265", "--out", "s3://b/runs")
    assert ended.code == 130 and ended.out == "stage read begins\n"
    assert "pipeline submit --follow job_7 --address http://head:8265" in ended.err
    assert "ray job stop job_7 --address http://head:8265" in ended.err and "Traceback" not in ended.err

    ending: Any = FakeClient(False)
    monkeypatch.setattr(ray_job, "follow", lambda address, job: FakeJob(ending, job, address))
    again = call("submit", "--follow", "job_7", "--address", "http://head:8265")
    assert again.code == 3 and again.out == "stage read begins\n" and again.err == "job: job_7\n"


def test_submit_without_a_recipe_or_a_job_says_what_it_takes(call: Call) -> None:
    ended = call("submit", "--address", "http://head:8265")
    assert ended.code == 2 and "--follow JOB" in ended.err
