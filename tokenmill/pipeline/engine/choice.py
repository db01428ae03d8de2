"""Starts the engine that a person asked for."""

import os

from tokenmill.core.errors import RecipeError
from tokenmill.pipeline.engine import Engine
from tokenmill.pipeline.engine.local import InProcess, LocalPool


def engine_for(name: str, workers: int | None, address: str | None) -> Engine:
    """The engine `local` or `ray`.

    workers: processes; 0 runs tasks in this process. Default: the number of CPU cores. address: of a Ray cluster.
    Raises RecipeError for combinations that mean nothing.
    """
    if workers is not None and not (isinstance(workers, int) and workers >= 0):
        raise RecipeError(f"--workers {workers!r}: expected a whole number, 0 or more")
    if name == "ray":
        from tokenmill.pipeline.engine.ray import RayPool

        if address is not None and workers is not None:
            raise RecipeError("--workers is for a cluster that starts here; one at --address has the nodes it has")
        return RayPool(address, workers=workers)
    if name != "local":
        raise RecipeError(f"--engine {name}: expected local or ray")
    if address is not None:
        raise RecipeError(f"--address {address}: names a Ray cluster; say --engine ray too")
    count = cores() if workers is None else workers
    return LocalPool(count) if count else InProcess()


def cores() -> int:
    """The CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
