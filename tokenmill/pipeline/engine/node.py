"""What happens on a node of a cluster: the place is checked once, then a worker process of our own runs the task.

The task runs in a child, by the same pool as on one machine, so a document that kills or hangs a worker is found and
named in the same way, and the cluster sees no crash. The child lives on from task to task with its kernels and models.
"""

import logging
import os
import pickle
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from tokenmill.core.errors import DataError
from tokenmill.core.io import storage
from tokenmill.core.kinds import Unit
from tokenmill.core.version import __version__
from tokenmill.pipeline.engine import Ending, Limits
from tokenmill.pipeline.engine.local import LocalPool
from tokenmill.pipeline.engine.warm import make_kernels_ready
from tokenmill.pipeline.planning.fingerprint import code_modules, packages
from tokenmill.pipeline.planning.plugins import search
from tokenmill.pipeline.planning.source_code import code_hash, file_of
from tokenmill.pipeline.planning.versions import versions
from tokenmill.pipeline.record.task import Task
from tokenmill.text.kernel.cache_folder import compiled_modules

logger = logging.getLogger(__name__)

_ENGINE = ("tokenmill.pipeline.tasks.shard", "tokenmill.pipeline.exchange.global_tasks")


@dataclass(frozen=True)
class Home:
    """What the driver expects of a node.

    Attributes:
        folder: the driver's working directory, or "" if each node has a copy of it.
        versions: of what a node must have.
        kernels: the modules whose compiled text kernels are used.
        plugins: the folders that have plug-ins; relative ones are in the working directory.
    """

    folder: str
    versions: tuple["Version", ...]
    kernels: tuple[str, ...]
    plugins: tuple[str, ...] = ()


class Version(NamedTuple):
    """kind: "code" of a module, a "package", or "Python". version: of code a hash."""

    kind: str
    name: str
    version: str


def versions_of(units: Sequence[Unit]) -> tuple[Version, ...]:
    """The code and the packages that decide what these units of work give, as fingerprints count them; the version of
    tokenmill besides, because tasks travel from the driver to nodes.
    """
    modules = sorted({module for unit in units for module in code_modules(unit)} | set(_ENGINE))
    code = [Version("code", module, code_hash(module)) for module in modules]
    found = [Version("package", name, version) for name, version in packages(units, _ENGINE).items()]
    return (
        Version("Python", "Python", platform.python_version()),
        Version("code", "tokenmill", __version__),
        *code,
        *found,
    )


def attempt(packed: bytes, limits: Limits, home: Home) -> Ending:
    """Run a pickled task here. Raises DataError if this node cannot give what the driver's machine would."""
    task = _unpacked(packed, home)
    _settle(home, task.name.folder.rpartition("/")[0])
    # a GPU is handed out by this variable, and a process that has used one keeps it
    pool = _pool(os.environ.get("CUDA_VISIBLE_DEVICES", ""), home.plugins)
    [outcome] = pool.run([task], limits, lambda task, position: None)
    return Ending(outcome.manifest, outcome.error, outcome.cause, outcome.at)


def _unpacked(packed: bytes, home: Home) -> Task:
    """The task, whose units may be of plug-ins: Python looks in their folders before it is unpickled."""
    search(os.path.join(home.folder or os.getcwd(), folder) for folder in home.plugins)
    try:
        task: Task = pickle.loads(packed)
    except ModuleNotFoundError as error:
        looked = f"looked in {', '.join(home.plugins)}" if home.plugins else "it is not installed there"
        raise DataError(f"{_here()} has no module {error.name!r}; {looked}. Install the same on all nodes") from error
    return task


@cache
def _settle(home: Home, run_folder: str) -> None:
    if os.path.isdir(home.folder):
        os.chdir(home.folder)  # relative paths in recipes are relative to where the driver is
    _refuse_other_versions(home.versions)
    if run_folder and not storage.exists(storage.join(run_folder, "recipe.yaml")):
        raise DataError(
            f"{_here()} does not see {run_folder}, where the driver has begun to write; "
            "give --out a folder that all nodes share, or a URL such as s3://bucket/runs"
        )
    if not compiled_modules().issuperset(home.kernels):
        logger.warning("%s compiles text kernels; this is done once a node, and takes a minute or two", _here())
    make_kernels_ready(home.kernels)


def _refuse_other_versions(wanted: Sequence[Version]) -> None:
    pairs = ((one, _version_here(one)) for one in wanted)
    other = [
        f"{one.name} is {_short(here)}, the driver's is {_short(one.version)}"
        for one, here in pairs
        if here != one.version
    ]
    if other:
        raise DataError(f"{_here()} has other code than the driver: {'; '.join(other)}. Install the same on all nodes")


def _version_here(wanted: Version) -> str | None:
    """None if there is no such module or package here."""
    if wanted.kind == "Python":
        return platform.python_version()
    if wanted.kind == "package":
        return versions([wanted.name]).get(wanted.name)
    if wanted.name == "tokenmill":
        return __version__
    return code_hash(wanted.name) if file_of(wanted.name) else None


@cache
def _pool(gpus: str, plugins: tuple[str, ...]) -> LocalPool:
    """plugins: a process that is running does not look in folders that are added later."""
    return LocalPool(1)


def _here() -> str:
    return f"node {platform.node()}"


def _short(version: str | None) -> str:
    return "not there" if version is None else version[:12]
