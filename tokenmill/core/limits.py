"""`max_removed`: how much of a source a Global may remove, counted while it reduces, before anything is written."""

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

Removed = dict[str, dict[str, Any]]
"""{source: {"removed": how many, "largest": [[id of a kept document, how many went for it], the most first]}}"""


def check_limits(max_removed: Mapping[str, float]) -> None:
    """RecipeError unless each is a share."""
    for source, share in max_removed.items():
        if not 0.0 <= share <= 1.0:
            raise RecipeError(f"max_removed: {source}: {share}; must be a share of the source, 0 to 1")


def source_column(batch: pa.RecordBatch) -> pa.Array:
    """The batch's sources, nulls if it has none."""
    has = "source" in batch.schema.names
    return batch.column("source") if has else pa.nulls(batch.num_rows, pa.string())


def removed_by_source(
    limited: Iterable[str], sources: npt.NDArray[Any], ids: pa.Array, kept_for: npt.NDArray[Any]
) -> Removed:
    """Counts of removed documents. sources: of each; kept_for: for which one it goes, as a place in ids."""
    found = {}
    for source in limited:
        kept, counts = np.unique(kept_for[sources == source], return_counts=True)
        most = np.lexsort((kept, -counts))[: 10 * CLUSTERS_SHOWN]
        named = zip(ids.take(pa.array(kept[most])).to_pylist(), counts[most].tolist(), strict=True)
        found[source] = {"removed": int(counts.sum()), "largest": _most(named)}
    return found


def together(one: Removed, other: Removed) -> Removed:
    """What two reductions counted."""
    return {
        source: {
            "removed": sum(part[source]["removed"] for part in (one, other) if source in part),
            "largest": _most(pair for part in (one, other) if source in part for pair in part[source]["largest"]),
        }
        for source in sorted({*one, *other})
    }


def guard(
    step: str,
    max_removed: Mapping[str, float],
    totals: Mapping[str, int],
    removed: Removed,
    *,
    verb: str = "remove",
    of: str = "documents",
) -> None:
    """DataError if more of a source would go than its limit allows. totals: what there is, by source. verb: what would
    be done to so many of it.
    """
    for source, limit in sorted(max_removed.items()):
        total, mine = totals.get(source, 0), removed.get(source, {"removed": 0, "largest": []})
        if not total:
            log.warning("%s: max_removed names the source %r, of which there are no %s", step, source, of)
        elif mine["removed"] > limit * total:
            shown = ", ".join(f"{id} ({count:,})" for id, count in mine["largest"])
            clusters = f" Kept documents and the number removed for them, the most first: {shown}." if shown else ""
            raise DataError(
                f"{step} would {verb} {mine['removed']:,} of {total:,} {of} of source {source!r}, "
                f"{mine['removed'] / total:.2%}; max_removed allows {limit:.2%}. None of it was done.{clusters} "
                "`pipeline dedup-preview` shows what they are; if they are duplicates in truth raise max_removed, else "
                "change the stage's settings"
            )


def _most(clusters: Iterable[Iterable[Any]]) -> list[list[Any]]:
    """The largest clusters [id, documents], then by id; what is known of one by parts is added up."""
    sums: Counter[str] = Counter()
    for id, count in clusters:
        sums[id] += count
    return [[id, count] for id, count in sorted(sums.items(), key=lambda one: (-one[1], one[0]))[:CLUSTERS_SHOWN]]
