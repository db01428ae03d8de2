"""The settings that all kinds of deduplication share: which document is kept, and how much may be removed."""

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokenmill.core.limits import RemovedBySource, check_max_removed, enforce_max_removed, merge_removed
from tokenmill.core.rules import step_name
from tokenmill.stages.dedup.preference import Keep, check_preference, preference, preference_column

Facts = dict[str, Any]
"""The counts of one partition's reduction: numbers by name, and `removed_by_source`, a RemovedBySource."""


class DedupSettings(Protocol):
    """The shared settings, as fields of every Global in this folder. Each class documents them.

    max_removed is checked after all documents are compared and before anything is written.
    """

    @property
    def keep(self) -> Keep: ...
    @property
    def score(self) -> str: ...
    @property
    def sources(self) -> tuple[str, ...]: ...
    @property
    def max_removed(self) -> dict[str, float]: ...


def check_settings(settings: DedupSettings) -> None:
    """Raises RecipeError unless the settings that all kinds of deduplication share are valid together."""
    check_preference(settings.keep, score=settings.score, sources=settings.sources)
    check_max_removed(settings.max_removed)


def columns_read(settings: DedupSettings, *columns: str) -> tuple[str, ...]:
    """Returns the given columns and those that the shared settings of deduplication need, each once."""
    by_source = ["source"] if settings.max_removed else []
    return tuple(dict.fromkeys([*columns, preference_column(settings.keep, score=settings.score), *by_source]))


def preferences(batch: pa.RecordBatch, settings: DedupSettings) -> npt.NDArray[np.int64]:
    """Returns the rank of each document by the settings of a deduplication, int64 (rows,). The lowest is kept."""
    return preference(batch, settings.keep, score=settings.score, sources=settings.sources)


def limited_sources(settings: DedupSettings) -> tuple[str, ...]:
    """Returns the sources that a deduplication's max_removed names, sorted."""
    return tuple(sorted(settings.max_removed))


def conclude(
    settings: DedupSettings,
    facts: Iterable[Facts],
    documents: Mapping[str, int],
    counts: Iterable[str],
    *,
    totals: Mapping[str, int] | None = None,
    verb: str = "remove",
    unit: str = "documents",
) -> dict[str, int]:
    """Returns the number of documents of a deduplication, and the sum over all partitions of each number in `counts`.

    documents: number of documents by source. totals: number of units (documents, lines) by source, of which max_removed
    is a share. Default: documents. verb, unit: words for the message of the error. Raises DataError if the Global would
    remove a larger share.
    """
    facts = list(facts)
    nothing: RemovedBySource = {}
    removed = reduce(merge_removed, (part["removed_by_source"] for part in facts), nothing)
    by_source = documents if totals is None else totals
    enforce_max_removed(step_name(settings), settings.max_removed, by_source, removed, verb=verb, unit=unit)
    return {"documents": sum(documents.values()), **{name: sum(part[name] for part in facts) for name in counts}}
