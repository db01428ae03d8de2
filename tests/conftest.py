"""Shared by all tests: plug-ins are importable, here and in spawned workers, and there is a store that speaks S3."""

import os
import shutil
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent / "plugins"))
# Each run draws the same examples, so a failure is due to the change under test. No deadline: a slow machine must not
# fail a test.
settings.register_profile("tokenmill", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=2000)  # new examples: --hypothesis-profile=search
settings.load_profile("tokenmill")

_MEMORY = Path("/dev/shm")
_ROOM = 8 << 30  # much more than the fast tests write

if TYPE_CHECKING:
    from faulty_s3 import Store


def pytest_configure(config: pytest.Config) -> None:
    """Puts the folders of the fast tests in memory if there is space, because their runs mostly wait for disk syncs."""
    if "not slow" in config.option.markexpr and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


def pytest_make_parametrize_id(val: object) -> str | None:
    """Names gzip members by their size: they have the time in them, and each process must give a test the same name."""
    return f"gzip {len(val)}" if isinstance(val, bytes) and val.startswith(b"\x1f\x8b") else None


@pytest.fixture(scope="module")
def s3_server() -> Iterator["Store"]:
    """Runs an S3 server on this machine and sets the environment so that every client finds it, also in workers."""
    from faulty_s3 import served

    from tokenmill.core.io.s3 import S3

    with served() as store, pytest.MonkeyPatch.context() as patch:
        for name, value in store.environment().items():
            patch.setenv(name, value)
        patch.setitem(__import__("fsspec").config.conf, "s3", {"config_kwargs": {"read_timeout": 1}})
        S3.clear_instance_cache()
        yield store
        S3.clear_instance_cache()


@pytest.fixture
def bucket(s3_server: "Store", request: pytest.FixtureRequest) -> Iterator[str]:
    """Returns the URL of a new bucket on the server, which causes no faults until a test asks for them."""
    from faulty_s3 import Faults

    from tokenmill.core.io.s3 import filesystem

    s3_server.faults = Faults()
    name = f"b{zlib.crc32(request.node.nodeid.encode()):010d}"  # the same in each run, because faults depend on paths
    filesystem().mkdir(name)
    yield f"s3://{name}"
    s3_server.faults = Faults()
