"""Text kernels are compiled once, here, before several workers would each compile all of them."""

import logging
from typing import Any

from tokenmill.pipeline.fingerprint import reach
from tokenmill.text.cache_folder import warm_marker

logger = logging.getLogger(__name__)


def make_kernels_ready(units: list[Any]) -> None:
    """Compile what the cache folder lacks, if any of these units of work uses a kernel. Costs nothing when done
    before.
    """
    uses = any("tokenmill.text.cache" in reach(type(unit).__module__) for unit in units)
    if not uses or warm_marker().exists():
        return
    logger.info("compiling text kernels; this is done once for each version, and takes about a minute")
    from tokenmill.text.cache import warm  # numba: only here, so that a warm start never loads it in the driver

    warm()
    warm_marker().touch()
