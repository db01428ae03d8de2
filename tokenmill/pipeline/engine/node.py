"""Runs a task on a node of a cluster: checks the node once, then runs the task in a worker process of its own.

The pool of worker processes is the same as on one machine. So a document that kills or hangs a worker is found and
named in the same way, and the cluster sees no crash. The process keeps its kernels and models from task to task.
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
    """The state that the driver expects of a node.

    Attributes:
        folder: the driver's working directory, or "" if each node has a copy of it.
        versions: the code and packages that a node must have.
        kernels: the modules whose compiled text kernels are used.
        plugins: the folders of plug-ins; relative paths are relative to the working directory. Default none.
    """

    folder: str
    versions: tuple["Version", ...]
    kernels: tuple[str, ...]
    plugins: tuple[str, ...] = ()


class Version(NamedTuple):
    """The version of a module, a package or Python that a node must have, equal to the driver's.

    Attributes:
        kind: "code" of a module, "package" or "Python".
        name: name of the module or package.
        version: for code, its hash.
    """

    kind: str
    name: str
    version: str


def versions_of(units: Sequence[Unit]) -> tuple[Version, ...]:
    """Returns the versions that nodes of a cluster must have of the code and packages on which units' results depend.

    They are counted as in fingerprints. The versions of Python and tokenmill are included, because tasks are pickled by
    the driver and unpickled by nodes.
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
    """Runs a pickled task on this node of a cluster.

    Raises DataError if the node has other code or cannot see the run's folder.
    """
    task = _unpacked(packed, home)
    _settle(home, task.name.folder.rpartition("/")[0])
    # Ray assigns GPUs by this variable, and a process keeps the GPU that it has used
    pool = _pool(os.environ.get("CUDA_VISIBLE_DEVICES", ""), home.plugins)
    [outcome] = pool.run([task], limits, lambda task, position: None)
    return Ending(outcome.manifest, outcome.error, outcome.cause, outcome.at)


def _unpacked(packed: bytes, home: Home) -> Task:
    """Unpickles the task. Adds the folders of plug-ins to the import path first, because its units may be in them."""
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
        os.chdir(home.folder)  # paths in recipes are relative to the driver's working directory
    _refuse_other_versions(home.versions)
    if run_folder and not storage.exists(storage.join(run_folder, "recipe.yaml")):
        raise DataError(
            f"{_here()} does not see {run_folder}, where the driver has begun to write; "
            "give --out a folder that all nodes share, or a URL such as s3://bucket/runs"
        )
    if not compiled_modules().issuperset(home.kernels):
        logger.warning("%s compiles text kernels; this is done once per node, and takes a minute or two", _here())
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
    """Returns the version on this node, None if there is no such module or package."""
    if wanted.kind == "Python":
        return platform.python_version()
    if wanted.kind == "package":
        return versions([wanted.name]).get(wanted.name)
    if wanted.name == "tokenmill":
        return __version__
    return code_hash(wanted.name) if file_of(wanted.name) else None


@cache
def _pool(gpus: str, plugins: tuple[str, ...]) -> LocalPool:
    """Returns a pool of one worker per GPU assignment and list of plug-in folders.

    plugins: a part of the key, because a process does not see folders that are added to the import path later.
    """
    return LocalPool(1)


def _here() -> str:
    return f"node {platform.node()}"


def _short(version: str | None) -> str:
    return "not there" if version is None else version[:12]
