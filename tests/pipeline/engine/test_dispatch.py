"""Every task gets one outcome, whatever is lost or slow, and the window and the number of copies keep their limits."""

import itertools
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tokenmill.pipeline.engine.dispatch import LAG_SECONDS, LOSSES, Dispatch


@given(st.integers(0, 40), st.integers(1, 8), st.floats(0, 0.6), st.integers())
def test_each_task_ends_once_whatever_is_lost(tasks: int, window: int, losing: float, seed: int) -> None:
    random, dispatch, now = Random(seed), Dispatch(range(tasks)), 0.0
    handles, ended, given_up = itertools.count(), [], []
    while dispatch.left:
        for job in dispatch.due(now, window):
            dispatch.started(next(handles), job)
        assert len(dispatch.flying) <= window
        for job in dispatch.lagging(now, window + 2):
            dispatch.started(next(handles), job)
            assert len(job.handles) == 2
        for handle in random.sample(sorted(dispatch.flying), k=len(dispatch.flying) // 2 + bool(dispatch.flying)):
            if handle not in dispatch.flying:
                continue
            if random.random() < losing:
                job, wait = dispatch.lost(handle, now)
                if wait is None and not job.handles:
                    given_up.append(job.task)
                    assert job.losses == LOSSES + 1
            else:
                task, copies = dispatch.landed(handle, 1.0)
                ended.append(task)
                assert not set(copies) & set(dispatch.flying)
        now += random.choice([0.1, 1.0, 50.0])
    assert sorted(ended + given_up) == list(range(tasks))


def test_a_lost_task_waits_longer_each_time() -> None:
    dispatch, now, waits = Dispatch(["a"]), 0.0, []
    while True:
        [job] = dispatch.due(now, 1)
        dispatch.started(len(waits), job)
        _, wait = dispatch.lost(len(waits), now)
        if wait is None:
            break
        assert list(dispatch.due(now + wait * 0.99, 1)) == []
        waits.append(wait)
        now += wait
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60] and len(waits) == LOSSES
    assert not dispatch.left


def test_a_task_that_lags_gets_one_copy_once_slots_are_free() -> None:
    dispatch = Dispatch(["a", "b", "c"])
    for handle, job in enumerate(dispatch.due(0.0, 3)):
        dispatch.started(handle, job)
    assert dispatch.lagging(0.0, 3) == []
    dispatch.landed(0, 5.0)
    dispatch.landed(1, 5.0)
    assert dispatch.lagging(LAG_SECONDS, 3) == []
    [late] = dispatch.lagging(2 * LAG_SECONDS, 3)
    assert late.task == "c"
    dispatch.started(3, late)
    assert dispatch.lagging(9 * LAG_SECONDS, 3) == []
    assert dispatch.lost(2, 100.0) == (late, None)  # only the copy still runs
    assert dispatch.landed(3, 1.0) == ("c", [])
    assert not dispatch.left


def test_no_copy_while_others_wait_or_the_cluster_is_full() -> None:
    dispatch = Dispatch(["a", "b", "c"])
    for handle, job in enumerate(dispatch.due(0.0, 2)):
        dispatch.started(handle, job)
    dispatch.landed(0, 1.0)
    assert dispatch.lagging(1e6, 9) == []  # c waits
    for job in dispatch.due(1e6, 2):
        dispatch.started(2, job)
    assert dispatch.lagging(2e6, 2) == [] and dispatch.lagging(3e6, 2) == []  # both slots are taken
