"""Text kernels are compiled once a machine, here, before several workers would each compile all of them."""

import fcntl
import logging
from collections.abc import Iterable

from tokenmill.core.kinds import Unit
from tokenmill.pipeline.planning.source_code import reach
from tokenmill.text.kernel.cache_folder import cache_folder, warm_marker

logger = logging.getLogger(__name__)


def uses_kernels(units: Iterable[Unit]) -> bool:
    """Whether any of these units of work uses a compiled text kernel."""
    return any("tokenmill.text.kernel.cache" in reach(type(unit).__module__) for unit in units)


def make_kernels_ready() -> None:
    """Compile what the cache folder lacks. Costs nothing when done before; of several processes one does it, the others
    wait.
    """
    if warm_marker().exists():
        return
    with open(cache_folder() / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if warm_marker().exists():
            return
        logger.info("compiling text kernels; this is done once for each version, and takes about a minute")
        from tokenmill.text.kernel.cache import (
            warm,  # numba: only here, so that a warm start never loads it in the driver
        )

        warm()
        warm_marker().touch()
