"""What happens on a node of a cluster: the place is checked once, then a worker process of our own runs the task.

The task runs in a child, by the same pool as on one machine, so a document that kills or hangs a worker is found and
named in the same way, and the cluster sees no crash. The child lives on from task to task with its kernels and models.
"""

import logging
import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from tokenmill.core.errors import DataError
from tokenmill.core.io import storage
from tokenmill.core.kinds import Unit
from tokenmill.pipeline.engine import Ending, Limits
from tokenmill.pipeline.engine.local import LocalPool
from tokenmill.pipeline.engine.warm import make_kernels_ready
from tokenmill.pipeline.planning.fingerprint import code_hash, packages
from tokenmill.pipeline.record.task import Task
from tokenmill.text.kernel.cache_folder import compiled_modules

logger = logging.getLogger(__name__)

_ENGINE = ("tokenmill.pipeline.tasks.shard", "tokenmill.pipeline.exchange.global_tasks")


@dataclass(frozen=True)
class Home:
    """What the driver expects of a node.

    folder: the driver's working directory, or "" where each node has a copy of it. versions: (module or package, hash
    or version), sorted. kernels: the modules whose compiled text kernels are used.
    """

    folder: str
    versions: tuple[tuple[str, str], ...]
    kernels: tuple[str, ...]


def versions_of(units: Iterable[Unit]) -> tuple[tuple[str, str], ...]:
    """The code and the packages that decide what these units of work give, as fingerprints count them."""
    return _versions(tuple(sorted({type(unit).__module__ for unit in units})))


def attempt(task: Task, limits: Limits, home: Home) -> Ending:
    """Run a task here. Raises DataError if this node cannot give what the driver's machine would."""
    _settle(home, task.name.folder.rpartition("/")[0])
    # a GPU is handed out by this variable, and a process that has used one keeps it
    [outcome] = _pool(os.environ.get("CUDA_VISIBLE_DEVICES", "")).run([task], limits, lambda task, position: None)
    return Ending(outcome.manifest, outcome.error, outcome.cause, outcome.at)


@cache
def _versions(modules: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {"Python": platform.python_version()}
    for module in (*modules, *_ENGINE):
        found[module] = code_hash(module)
        found |= packages(module)
    return tuple(sorted(found.items()))


@cache
def _settle(home: Home, run_folder: str) -> None:
    if os.path.isdir(home.folder):
        os.chdir(home.folder)  # relative paths in recipes are relative to where the driver is
    _refuse_other_versions(dict(home.versions))
    if run_folder and not storage.exists(storage.join(run_folder, "recipe.yaml")):
        raise DataError(
            f"{_here()} does not see {run_folder}, where the driver has begun to write; "
            "give --out a folder that all nodes share, or a URL such as s3://bucket/runs"
        )
    if not compiled_modules().issuperset(home.kernels):
        logger.warning("%s compiles text kernels; this is done once a node, and takes a minute or two", _here())
    make_kernels_ready(home.kernels)


def _refuse_other_versions(wanted: Mapping[str, str]) -> None:
    modules = tuple(name for name in wanted if "." in name and name not in _ENGINE)
    here = dict(_versions(tuple(sorted(modules))))
    other = [name for name in sorted(wanted) if here.get(name) != wanted[name]]
    if other:
        said = "; ".join(
            f"{name} is {_short(here.get(name))}, the driver's is {_short(wanted[name])}" for name in other
        )
        raise DataError(f"{_here()} has other code than the driver: {said}. Install the same on all nodes")


@cache
def _pool(gpus: str) -> LocalPool:
    return LocalPool(1)


def _here() -> str:
    return f"node {platform.node()}"


def _short(version: str | None) -> str:
    return "not there" if version is None else version[:12]
