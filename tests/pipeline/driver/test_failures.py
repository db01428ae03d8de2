"""An error that many shards share is logged in one line, and a step that always raises stops its stage."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tokenmill.core.errors import DataError
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.recover import run_recovering
from tokenmill.pipeline.driver.run import Result, run
from tokenmill.pipeline.engine import Engine, Limits, Outcome, Watch
from tokenmill.pipeline.engine.local import OUT_OF_MEMORY, InProcess, LocalPool
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.record.ledger import Ledger
from tokenmill.pipeline.record.manifest import Manifest
from tokenmill.pipeline.record.task import Task, TaskName, Tell, shard_name

MANY = [f"f{number}" for number in range(30)]


def run_recipe(tmp_path: Path, source: str, step: str, engine: Engine | None = None) -> Result:
    text = f"run: r\nexcerpt: 0\nstages:\n  read: [{{{source}}}]\n  work: [{step}]\n"
    (tmp_path / "r.yaml").write_text(text)
    options = Options(out=str(tmp_path), plugins="toolbox")
    return run(load_recipe(tmp_path / "r.yaml"), engine or InProcess(), options, progress_for("none"))


def errors_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("on", ["schema", "rows"])
def test_a_step_that_always_raises_stops_its_stage_after_eight_shards(
    tmp_path: Path, on: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Regression: all 30 shards were tried, with a traceback for each, or every document was dropped as an error."""
    with pytest.raises(DataError) as caught:
        run_recipe(tmp_path, "toolbox.many: {count: 30}", f"toolbox.broken: {{on: {on}}}")
    message = str(caught.value)
    assert message.startswith("stage 'work' stops: broken raised ZeroDivisionError: a bug (")
    assert "toolbox/broken.py:21) in each of the first 8 shards" in message and "\n" not in message
    assert len(Ledger(str(tmp_path / "r/read"))) == 30 and len(Ledger(str(tmp_path / "r/work"))) == 0
    said = errors_of(caplog)
    assert len(said) == 1 and len(said[0].splitlines()) < 20
    assert run_recipe(tmp_path, "toolbox.many: {count: 30}", "toolbox.broken: {on: nothing}").failures == []


def test_a_stage_of_few_shards_stops_if_its_step_raised_on_all_documents(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"broken raised ZeroDivisionError: a bug \(.*:21\) in every shard"):
        run_recipe(tmp_path, "toolbox.numbered: {files: [f0, f1]}", "toolbox.broken")
    assert len(Ledger(str(tmp_path / "r/work"))) == 0


def test_a_step_that_raises_on_no_rows_stops_its_stage_even_if_that_has_one_shard(tmp_path: Path) -> None:
    """Regression: the next stage was refused because of missing shards, which hid the cause."""
    with pytest.raises(DataError, match=r"in every shard\. Correct the step and run again"):
        run_recipe(tmp_path, "toolbox.many: {count: 1}", "toolbox.broken: {on: schema}")


def test_a_shard_that_is_left_over_stops_no_stage(tmp_path: Path) -> None:
    """Otherwise a run that continues would stop where an undisturbed run drops the same documents."""
    source, step = f"toolbox.numbered: {{files: {MANY[:3]}}}", "toolbox.broken: {on: f2-}"
    assert run_recipe(tmp_path, source, step).failures == []
    whole = [manifest.drops for manifest in Ledger(str(tmp_path / "r/work")).values()]
    assert whole == [{}, {}, {"broken.error": 38}]
    (tmp_path / "r/work/manifest/000002.json").unlink()
    assert run_recipe(tmp_path, source, step).failures == []
    assert [manifest.drops for manifest in Ledger(str(tmp_path / "r/work")).values()] == whole


def test_a_poisoned_document_is_dropped_even_if_it_is_alone(tmp_path: Path) -> None:
    assert run_recipe(tmp_path, "toolbox.many: {count: 3}", "toolbox.broken: {on: 000001.warc.gz}").failures == []
    drops = [manifest.drops for manifest in Ledger(str(tmp_path / "r/work")).values()]
    assert drops == [{}, {"broken.error": 1}, {}]


def test_documents_that_make_a_step_raise_are_logged_once_for_all_shards(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Regression: there was one line per document."""
    assert run_recipe(tmp_path, f"toolbox.numbered: {{files: {MANY}}}", "toolbox.broken: {on: '7'}").failures == []
    first, last = errors_of(caplog)
    assert "work 000000: broken raised ZeroDivisionError: a bug (" in first and "on 4 of 38 documents" in first
    assert last == f"{first}; and 29 more shards like it"


def test_unreadable_inputs_never_stop_a_stage_and_are_one_line(tmp_path: Path) -> None:
    unreadable = MANY[:20]
    result = run_recipe(
        tmp_path, f"toolbox.numbered: {{files: {MANY}, unreadable: {unreadable}}}", "toolbox.broken: {on: nothing}"
    )
    assert result.failures[0] == "read 000000: f0: not a numbered file at all; and 19 more shards like it"
    assert len(Ledger(str(tmp_path / "r/work"))) == 10


@pytest.mark.slow
@pytest.mark.parametrize("on", ["schema", "rows"])
def test_worker_processes_stop_in_the_same_way(tmp_path: Path, on: str) -> None:
    pool = LocalPool(2)
    try:
        with pytest.raises(DataError, match=r"broken raised ZeroDivisionError: a bug \(.*:21\) in each of the first 8"):
            run_recipe(tmp_path, "toolbox.many: {count: 30}", f"toolbox.broken: {{on: {on}}}", pool)
        assert len(Ledger(str(tmp_path / "r/work"))) == 0
    finally:
        pool.close()


@dataclass(frozen=True)
class Anything:
    """A task that no engine in this file runs."""

    name: TaskName

    def __call__(self, tell: Tell) -> Manifest:
        raise NotImplementedError


@dataclass(frozen=True)
class Deadly:
    """An engine whose workers always die of the same cause."""

    cause: str
    workers: int = 1

    def make_ready(self, units: object) -> None: ...

    def run(self, tasks: Iterable[Task], limits: Limits, watch: Watch) -> Iterator[Outcome]:
        yield from (Outcome(task, cause=self.cause) for task in tasks)

    def close(self) -> None: ...


@pytest.mark.parametrize(
    ("cause", "remedy"),
    [
        ("memory", "give the stage more memory, or use fewer --workers"),
        ("signal 9", "give the stage more memory, or use fewer --workers"),
        (f"exit {OUT_OF_MEMORY}", "give the stage more memory, or use fewer --workers"),
        ("hang", "give the stage more timeout, or check that part of the input"),
        ("signal 11", "check that part of the input, and the log of the system"),
        ("exit 1", "see what they wrote to standard error"),
    ],
)
def test_what_to_do_about_dead_workers_depends_on_how_they_died(cause: str, remedy: str) -> None:
    """Regression: the message for workers that could not even start said that they need more memory."""
    task = Anything(shard_name("runs/x/read", 3, ""))
    [outcome] = run_recovering(Deadly(cause), [task], Limits(), lambda task, at: None)
    assert str(outcome.error).endswith(f"3 workers died ({cause}) in their start at batch -1; {remedy}")
