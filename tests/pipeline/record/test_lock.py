"""A run has one driver: of several at once, one gets the lock. A live one keeps it; a silent one loses it and stops."""

import json
import multiprocessing
import os
import platform
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.pipeline.record import lock


def other_machine(**said: Any) -> str:
    owner = {
        "host": "elsewhere",
        "pid": 7,
        "started": 1.0,
        "since": time.time() - 600,
        "renewed": time.time(),
        "token": "x",
    }
    return json.dumps(owner | said)


def test_a_driver_on_another_machine_is_respected_while_it_renews_the_lock(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text(other_machine(renewed=time.time() - 30))
    with pytest.raises(
        RecipeError,
        match=r"process 7 on elsewhere, for 10 minutes; the lock was renewed 30 s ago.*120 s without renewal",
    ):
        with lock.locked(str(tmp_path)):
            pass
    assert json.loads((tmp_path / "lock").read_text())["token"] == "x"


def test_a_silent_one_is_taken_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "lock").write_text(other_machine(renewed=time.time() - lock.STALE_SECONDS - 1))
    with lock.locked(str(tmp_path)):
        assert json.loads((tmp_path / "lock").read_text())["host"] == platform.node()
    assert "took over the lock of process 7 on elsewhere" in caplog.text
    assert not (tmp_path / "lock").exists()


def test_half_a_lock_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text('{"host": "els')
    with lock.locked(str(tmp_path)):
        pass


def test_a_driver_that_finds_its_lock_in_other_hands_stops_and_leaves_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "RENEW_SECONDS", 0.05)
    with lock.locked(str(tmp_path)) as held:
        held.check()
        first = json.loads((tmp_path / "lock").read_text())["renewed"]
        deadline = time.monotonic() + 10
        while json.loads((tmp_path / "lock").read_text())["renewed"] == first and time.monotonic() < deadline:
            time.sleep(0.02)
        assert json.loads((tmp_path / "lock").read_text())["renewed"] > first
        (tmp_path / "lock").write_text(other_machine())
        while not held._taken_by and time.monotonic() < deadline:
            time.sleep(0.02)
        with pytest.raises(DataError, match="taken over by process 7 on elsewhere"):
            held.check()
    assert json.loads((tmp_path / "lock").read_text())["token"] == "x"


def _race(folder: str, start: Any, won: Any) -> None:
    start.wait()
    try:
        with lock.locked(folder):
            won.append(True)
            time.sleep(1.5)
    except RecipeError:
        won.append(False)


@pytest.mark.slow
@pytest.mark.parametrize("stale", [False, True])
def test_of_several_drivers_at_once_one_wins(tmp_path: Path, stale: bool) -> None:
    if stale:
        (tmp_path / "lock").write_text(other_machine(renewed=0))
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        start, won = context.Barrier(5), manager.list()
        racers = [context.Process(target=_race, args=(str(tmp_path), start, won)) for _ in range(5)]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join(60)
        assert sorted(won) == [False] * 4 + [True]


def test_two_drivers_in_one_process_exclude_each_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Regression: the second took over the live lock of the first, which made runs from Python impossible."""
    with lock.locked(str(tmp_path)) as held:
        with pytest.raises(RecipeError, match="this run is being worked on by process"):
            with lock.locked(str(tmp_path)):
                pass
        held.check()
        assert held.is_ours()
    with lock.locked(str(tmp_path)):
        pass
    assert not caplog.records and not (tmp_path / "lock").exists()


def test_a_lock_of_a_dead_driver_with_this_process_number_is_taken_over(tmp_path: Path) -> None:
    """In containers, every driver is process 1."""
    (tmp_path / "lock").write_text(other_machine(host=platform.node(), pid=os.getpid()))
    with lock.locked(str(tmp_path)):
        pass


def test_an_empty_lock_that_is_new_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without hard links, a lock is empty before it has its content.

    Regression: an empty lock counted as dead, and two drivers continued.
    """
    monkeypatch.setattr(lock, "_SETTLE_SECONDS", 0.2)
    (tmp_path / "lock").write_text("")
    writer = threading.Timer(0.05, (tmp_path / "lock").write_text, [other_machine()])
    writer.start()
    with pytest.raises(RecipeError, match="process 7 on elsewhere"):
        with lock.locked(str(tmp_path)):
            pass
    writer.join()


def test_an_empty_lock_that_stays_empty_holds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A power cut leaves such a file."""
    monkeypatch.setattr(lock, "_SETTLE_SECONDS", 0.05)
    (tmp_path / "lock").write_text("")
    with lock.locked(str(tmp_path)):
        assert json.loads((tmp_path / "lock").read_text())["host"] == platform.node()
    assert "an empty or damaged lock" in caplog.text


@pytest.mark.parametrize("said", [{"renewed": "abc"}, {"pid": "7"}, {"started": None}, {"since": [1]}])
def test_a_lock_with_values_of_other_types_counts_as_damaged(
    tmp_path: Path, said: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "lock").write_text(other_machine(**said))
    with lock.locked(str(tmp_path)):
        assert "an empty or damaged lock" in caplog.text
