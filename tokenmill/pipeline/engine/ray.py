"""Runs tasks on a Ray cluster. Only this file and ray_job.py import ray.

Tasks go from files to files, so no rows pass through the cluster: a task's arguments are its settings and its result is
its manifest. A window of tasks is started at once, more than the cluster has room for, so that an autoscaler sees the
demand. If a node dies, its tasks start again on other nodes after a wait. Near the end of a stage a task that lags is
started a second time; both copies write the same bytes, and the first manifest counts.
"""

import logging
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import ray
from ray import ObjectRef, cloudpickle, exceptions
from ray.util.metrics import Counter, Gauge

from tokenmill.core.errors import DataError
from tokenmill.core.io.http import hide_addresses_in_logs
from tokenmill.core.kinds import Unit
from tokenmill.pipeline.engine import Ending, Limits, Outcome, Watch
from tokenmill.pipeline.engine.dispatch import Dispatch, Job
from tokenmill.pipeline.engine.node import Home, attempt, versions_of
from tokenmill.pipeline.engine.warm import kernel_modules
from tokenmill.pipeline.planning.fingerprint import code_modules
from tokenmill.pipeline.planning.plugins import folders_of
from tokenmill.pipeline.record.task import NOWHERE, Task

logger = logging.getLogger(__name__)

_LEAST_WINDOW = 64
_WINDOW_RATIO = 4  # started tasks per slot; tasks that wait at a node start without a round trip, and show as demand
_POLL_SECONDS = 1.0
_LOOK_SECONDS = 5.0  # time between two requests for the list of nodes
_COMPLAIN_SECONDS = 30.0
_NAMES = 1000  # different task names per call; Ray's driver keeps 10 kB and more for each name that it has seen
Options = dict[str, Any]
"""Options of a Ray task, with Ray's names."""

_OWN = ("num_cpus", "num_gpus", "memory")

_HOPELESS = (exceptions.RuntimeEnvSetupError, exceptions.TaskUnschedulableError, exceptions.AuthenticationError)
"""Errors of Ray that would also occur on any other node."""


Handle = ObjectRef[tuple[Ending, float]]


@ray.remote(max_calls=0, max_retries=0)  # without max_calls Ray ends a worker, and its model, after each GPU task
def _attempt(packed: bytes, limits: Limits, home: Home) -> tuple[Ending, float]:
    began = time.monotonic()
    hide_addresses_in_logs()
    return attempt(packed, limits, home), time.monotonic() - began


class RayPool:
    """The engine that runs tasks on a Ray cluster. Raises DataError if there is no cluster at the address.

    address: as for ray.init. None finds the cluster that this process belongs to, or else starts one on this machine.
    workers: number of CPUs of a cluster that is started here. Default: all.
    """

    workers = 0  # on this machine, which need not be a node

    def __init__(self, address: str | None = None, *, workers: int | None = None) -> None:
        alone = address is None and not os.environ.get("RAY_ADDRESS")
        try:
            ray.init(address=address, num_cpus=workers if alone else None, logging_level=logging.WARNING)
        except (ConnectionError, exceptions.RayError, RuntimeError) as error:
            raise DataError(
                f"no Ray cluster at {address or 'RAY_ADDRESS'}: {error}. Start one with `ray start --head`; one that "
                "asks for a token needs RAY_AUTH_MODE=token and its token here"
            ) from error
        copied = ray.get_runtime_context().runtime_env.get("working_dir")
        self._folder = "" if copied else os.getcwd()
        self._home = Home(self._folder, (), ())
        self._cluster = _Cluster()

    def make_ready(self, units: Sequence[Unit]) -> None:
        plugins = folders_of(module for unit in units for module in code_modules(unit))
        self._home = Home(self._folder, versions_of(units), kernel_modules(units), plugins)

    def run(self, tasks: Iterable[Task], limits: Limits, watch: Watch) -> Iterator[Outcome]:
        tasks = list(tasks)
        named = _Names(len(tasks))
        dispatch: Dispatch[Handle] = Dispatch(tasks)
        options = _options(limits.resources)
        meters = _Meters()
        while dispatch.left:
            slots = self._cluster.slots(options)
            for job in dispatch.due(time.monotonic(), max(_LEAST_WINDOW, _WINDOW_RATIO * slots)):
                dispatch.started(self._start(job, limits, options | {"name": named(job.task)}), job)
            for job in dispatch.lagging(time.monotonic(), slots):
                logger.info("%s lags; a second copy starts, and the first to end counts", job.task.name.label)
                dispatch.started(self._start(job, limits, options | {"name": named(job.task)}), job)
                meters.copies.inc(tags=meters.tags(job.task))
            for handle in _ended(list(dispatch.flying), dispatch.seconds_to_next(time.monotonic(), _POLL_SECONDS)):
                if handle in dispatch.flying:  # it is not a copy of a task that has just ended
                    yield from self._take_in(handle, dispatch, meters)
            if dispatch.flying:
                task = next(iter(dispatch.flying.values())).task
                meters.queue(task, len(dispatch.flying), dispatch.waiting)
                watch(task, NOWHERE)

    def close(self) -> None:
        ray.shutdown()

    def _start(self, job: Job[Handle], limits: Limits, options: Options) -> Handle:
        # as bytes, because Ray would unpickle the task before the node has added the folders of plug-ins
        packed = cloudpickle.dumps(job.task)  # type: ignore[no-untyped-call]
        handle: Handle = _attempt.options(**options).remote(packed, limits, self._home)
        return handle

    def _take_in(self, handle: Handle, dispatch: Dispatch[Handle], meters: "_Meters") -> Iterator[Outcome]:
        try:
            ending, seconds = ray.get(handle)
        except DataError:
            raise  # the node cannot run this stage, and other nodes are expected to be the same
        except _HOPELESS as error:
            raise DataError(f"the cluster cannot run this stage's tasks: {error}") from error
        except (exceptions.RayTaskError, exceptions.TaskCancelledError) as error:
            task, _ = dispatch.landed(handle, 0.0)
            yield Outcome(task, error=RuntimeError(f"{type(error).__name__}: {error}"))
            return
        except exceptions.LocalRayletDiedError as error:
            raise _gone(error) from error
        except exceptions.RayError as error:
            yield from self._lose(handle, error, dispatch, meters)
            return
        task, copies = dispatch.landed(handle, seconds)
        for copy in copies:
            ray.cancel(copy, force=True)
        outcome = ending.of(task)
        meters.done(outcome, seconds)
        yield outcome

    def _lose(
        self, handle: Handle, error: Exception, dispatch: Dispatch[Handle], meters: "_Meters"
    ) -> Iterator[Outcome]:
        job, wait = dispatch.lost(handle, time.monotonic())
        meters.retries.inc(tags=meters.tags(job.task))
        what = f"{type(error).__name__}: {str(error).splitlines()[0]}"
        if wait is not None:
            logger.warning("%s was lost (%s); it starts again in %.0f s", job.task.name.label, what, wait)
        elif not job.handles:
            yield Outcome(
                job.task, error=RuntimeError(f"lost {job.losses} times with its node or worker; last: {what}")
            )


def _ended(handles: list[Handle], seconds: float) -> list[Handle]:
    """Returns the handles of tasks that have ended. Waits at most `seconds` for the first."""
    if not handles:
        time.sleep(seconds)
        return []
    try:
        first, others = ray.wait(handles, num_returns=1, timeout=seconds)
        more = ray.wait(others, num_returns=len(others), timeout=0)[0] if first and others else []
    except exceptions.RaySystemError as error:
        raise _gone(error) from error
    return [*first, *more]


def _gone(error: Exception) -> DataError:
    return DataError(
        f"the driver has lost its cluster: {error}. Committed results stay valid; when there is a cluster again, the "
        "same command continues from them"
    )


def _options(resources: Mapping[str, float]) -> Options:
    """Returns a stage's `resources` as Ray's options for a task. A task needs one CPU if they do not say otherwise."""
    own = {name: resources[name] for name in _OWN if name in resources}
    others = {name: amount for name, amount in resources.items() if name not in _OWN}
    return {"num_cpus": 1, **own, **({"resources": others} if others else {})}


def _needs(options: Options) -> dict[str, float]:
    """Returns {resource: amount} that a node must have for a task, with Ray's names for the resources of nodes."""
    named = {"CPU": options["num_cpus"], "GPU": options.get("num_gpus", 0), "memory": options.get("memory", 0)}
    return {name: amount for name, amount in {**named, **options.get("resources", {})}.items() if amount}


class _Names:
    """Names tasks for Ray's dashboard by stage and shard. If there are very many, by stage and range of shards."""

    def __init__(self, tasks: int) -> None:
        self._every = 1
        while tasks > _NAMES * self._every:
            self._every *= 10

    def __call__(self, task: Task) -> str:
        if self._every == 1:
            return task.name.label
        first = task.name.number // self._every * self._every
        return f"{task.name.stage} {first:06d}-{first + self._every - 1:06d}"


class _Cluster:
    """The resources of the cluster's nodes, updated every few seconds."""

    def __init__(self) -> None:
        self._nodes: list[dict[str, float]] = []
        self._looked = self._room_seen = -float("inf")

    def slots(self, options: Options) -> int:
        """Returns the number of such tasks that the cluster can run at once. Logs a warning now and then if it is 0."""
        now = time.monotonic()
        if now - self._looked > _LOOK_SECONDS:
            self._nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
            self._looked = now
        needs = _needs(options) or {"CPU": 1.0}
        slots = sum(min(int(node.get(name, 0) // amount) for name, amount in needs.items()) for node in self._nodes)
        if slots:
            self._room_seen = now
        elif now - self._room_seen > _COMPLAIN_SECONDS:
            self._room_seen = now
            most = {name: max((node.get(name, 0) for node in self._nodes), default=0) for name in needs}
            logger.warning(
                "no node has room for a task: it needs %s, the most any node has is %s; waiting", needs, most
            )
        return slots


class _Meters:
    """The metrics of a run for Prometheus, at the metrics ports of Ray's nodes. Ray prefixes the names with `ray_`."""

    def __init__(self) -> None:
        keys = ("stage",)
        self.rows = Counter("tokenmill_rows", "Documents read.", keys)
        self.kept = Counter("tokenmill_rows_kept", "Documents that came out.", keys)
        self.bytes = Counter("tokenmill_text_bytes", "UTF-8 bytes of text read.", keys)
        self.tasks = Counter("tokenmill_tasks", "Tasks that ended: done, failed or died.", ("stage", "end"))
        self.task_seconds = Counter("tokenmill_task_seconds", "Seconds in tasks.", keys)
        self.retries = Counter("tokenmill_retries", "Tasks lost with a node or worker.", keys)
        self.copies = Counter("tokenmill_copies", "Second copies of tasks that lagged.", keys)
        self.speed = Gauge("tokenmill_mb_per_second", "Text read per second by the stage so far, in MB.", keys)
        self.started = Gauge("tokenmill_tasks_started", "Tasks handed to Ray.", keys)
        self.waiting = Gauge("tokenmill_tasks_waiting", "Tasks not yet handed to Ray.", keys)
        self._began, self._bytes = time.monotonic(), 0

    def tags(self, task: Task) -> dict[str, str]:
        return {"stage": task.name.stage}

    def queue(self, task: Task, started: int, waiting: int) -> None:
        self.started.set(started, self.tags(task))
        self.waiting.set(waiting, self.tags(task))

    def done(self, outcome: Outcome, seconds: float) -> None:
        tags = self.tags(outcome.task)
        end = "died" if outcome.cause else "failed" if outcome.error else "done"
        self.tasks.inc(tags=tags | {"end": end})
        self.task_seconds.inc(max(seconds, 1e-9), tags)
        if outcome.manifest is not None:
            self._bytes += outcome.manifest.bytes_in
            for counter, amount in (
                (self.rows, outcome.manifest.rows_in),
                (self.kept, outcome.manifest.rows_out),
                (self.bytes, outcome.manifest.bytes_in),
            ):
                if amount:
                    counter.inc(amount, tags)
            self.speed.set(self._bytes / 1e6 / max(time.monotonic() - self._began, 1e-9), tags)
