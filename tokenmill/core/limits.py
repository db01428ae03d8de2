"""`max_removed`: counts how much of each source a Global removes, and stops the run before anything is written."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokenmill.core.errors import DataError, RecipeError

log = logging.getLogger(__name__)

CLUSTERS_SHOWN = 20

RemovedBySource = dict[str, dict[str, Any]]
"""{source: {"removed": number of documents, "largest": [[id of a kept document, number removed for it], ...]}}

`largest` is sorted by number, largest first, then by id.
"""


def check_max_removed(max_removed: Mapping[str, float]) -> None:
    """Raises RecipeError unless each value of the setting `max_removed` is a share, 0 to 1."""
    for source, share in max_removed.items():
        if not 0.0 <= share <= 1.0:
            raise RecipeError(f"max_removed: {source}: {share}; must be a share of the source, 0 to 1")


def removed_by_source(
    limited: Iterable[str], sources: npt.NDArray[Any], ids: pa.Array, kept_for: npt.NDArray[Any]
) -> RemovedBySource:
    """Counts the documents that a Global removes of each source in `limited`.

    Also finds the kept documents with most duplicates. ids: ids of documents. sources: source of each removed document,
    (removed documents,). kept_for: position in `ids` of the document that is kept instead, same shape. Returns {source:
    {"removed": number, "largest": [(id, number)]}}.
    """
    counted = {}
    for source in limited:
        kept, counts = np.unique(kept_for[sources == source], return_counts=True)
        most = np.lexsort((kept, -counts))[: 10 * CLUSTERS_SHOWN]
        named = zip(ids.take(pa.array(kept[most])).to_pylist(), counts[most].tolist(), strict=True)
        counted[source] = {"removed": int(counts.sum()), "largest": _largest(named)}
    return counted


def merge_removed(one: RemovedBySource, other: RemovedBySource) -> RemovedBySource:
    """Adds what two reductions counted: how much a Global removes of each source."""
    return {
        source: {
            "removed": sum(part[source]["removed"] for part in (one, other) if source in part),
            "largest": _largest(pair for part in (one, other) if source in part for pair in part[source]["largest"]),
        }
        for source in sorted({*one, *other})
    }


def enforce_max_removed(
    step: str,
    max_removed: Mapping[str, float],
    totals: Mapping[str, int],
    removed: RemovedBySource,
    *,
    verb: str = "remove",
    unit: str = "documents",
) -> None:
    """Raises DataError if a Global would remove a larger share of a source than max_removed allows.

    totals: {source: number of units}. verb, unit: words for the message: the action, and the name of what is counted.
    """
    for source, limit in sorted(max_removed.items()):
        total, mine = totals.get(source, 0), removed.get(source, {"removed": 0, "largest": []})
        if not total:
            log.warning("%s: max_removed names the source %r, of which there are no %s", step, source, unit)
        elif mine["removed"] > limit * total:
            shown = ", ".join(f"{id} ({count:,})" for id, count in mine["largest"])
            clusters = f" Kept documents and the number removed for them, the most first: {shown}." if shown else ""
            raise DataError(
                f"{step} would {verb} {mine['removed']:,} of {total:,} {unit} of source {source!r}, "
                f"{mine['removed'] / total:.2%}; max_removed allows {limit:.2%}. Nothing was changed.{clusters} "
                "`pipeline dedup preview` shows what they are; if they are real duplicates, raise max_removed; if not, "
                "change the stage's settings"
            )


def _largest(clusters: Iterable[Iterable[Any]]) -> list[list[Any]]:
    """Returns the CLUSTERS_SHOWN largest [id, documents], sorted by number, then by id. Adds counts of equal ids."""
    sums: Counter[str] = Counter()
    for id, count in clusters:
        sums[id] += count
    return [[id, count] for id, count in sorted(sums.items(), key=lambda one: (-one[1], one[0]))[:CLUSTERS_SHOWN]]
