"""Reads and writes `<stage>/accepted.json`, which says whose results count as those of other code.

After an upgrade the fingerprints of finished results have another code part. A person who knows that the new code gives
the same results accepts them with `run --accept-code`; later runs then count them as done. Manifests stay as they were
written.
"""

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from tokenmill.core.checked_json import parsed, with_checksum
from tokenmill.core.io import storage
from tokenmill.core.kinds import JsonObject

logger = logging.getLogger(__name__)

FILE = "accepted.json"


@dataclass(frozen=True)
class Acceptance:
    """Says that results of one code count as those of another.

    Attributes:
        made_by: code part of the fingerprints of the results.
        counts_as: code part of the fingerprints that the results stand for.
        results: number of results when they were accepted.
    """

    made_by: str
    counts_as: str
    results: int


def accepted(folder: str) -> list[Acceptance]:
    """Returns the entries about other code whose results count for the stage in `folder`, in order.

    Returns none, with a warning, if the file is damaged.
    """
    path = storage.join(folder, FILE)
    content = storage.read_if_there(path)
    try:
        return [] if content is None else [Acceptance(**entry) for entry in _entries(content)]
    except (ValueError, TypeError, RecursionError) as error:
        logger.warning("%s: unreadable (%s), so no other code is accepted", path, error)
        return []


def _entries(content: bytes) -> list[JsonObject]:
    """Parses the file. Raises ValueError for anything that accept() does not write."""
    found, checked = parsed(content)
    if not checked or not isinstance(found.get("accepted"), list):
        raise ValueError("it has no checksum, or other fields than accepted")
    return list(found["accepted"])


def accepted_codes(folder: str, *, counts_as: str) -> set[str]:
    """Returns the code parts of fingerprints whose results count as results of `counts_as`."""
    return {entry.made_by for entry in accepted(folder) if entry.counts_as == counts_as}


def accept(folder: str, results: Mapping[str, int], *, counts_as: str) -> None:
    """Records for the stage in `folder` that results of other code count as those of `counts_as`.

    results: {code that made them: number of results}.
    """
    known = accepted(folder)
    pairs = {(entry.made_by, entry.counts_as) for entry in known}
    new = [Acceptance(code, counts_as, count) for code, count in results.items() if (code, counts_as) not in pairs]
    if new:
        content = json.dumps({"accepted": [asdict(entry) for entry in [*known, *new]]}, indent=1).encode()
        storage.write_bytes(storage.join(folder, FILE), with_checksum(content))


def results_of_accepted_code(folder: str, codes: Iterable[str]) -> int:
    """Returns how many of a stage's results were made by accepted code. codes: the code part of each result."""
    made_by = {entry.made_by for entry in accepted(folder)}
    return sum(code in made_by for code in codes) if made_by else 0
