"""Starts the engine that the options of a command name."""

import os

from tokenmill.core.errors import RecipeError
from tokenmill.pipeline.engine import Engine
from tokenmill.pipeline.engine.local import InProcess, LocalPool


def engine_for(name: str, workers: int | None, address: str | None) -> Engine:
    """Returns the engine that runs tasks, `local` or `ray`, for a command's options.

    workers: number of worker processes; 0 runs tasks in this process; None means one per CPU core.
    address: the address of a Ray cluster; None finds the cluster of this process, or starts one.
    Raises RecipeError for unknown names and combinations that are not possible.
    """
    if workers is not None and not (type(workers) is int and workers >= 0):
        raise RecipeError(f"--workers {workers!r}: expected a whole number, 0 or more")
    if name == "ray":
        from tokenmill.pipeline.engine.ray import RayPool

        if address is not None and workers is not None:
            raise RecipeError("--workers is for a cluster that is started here; the one at --address has its own nodes")
        return RayPool(address, workers=workers)
    if name != "local":
        raise RecipeError(f"--engine {name}: expected local or ray")
    if address is not None:
        raise RecipeError(f"--address {address}: names a Ray cluster; add --engine ray")
    count = cores() if workers is None else workers
    return LocalPool(count) if count else InProcess()


def cores() -> int:
    """Returns the number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
