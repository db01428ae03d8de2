"""Repeats documents by the number of their removed duplicates, because pages that are copied often tend to be better.

FineWeb-2 (Penedo et al. 2025, 4.3) calls this rehydration; its authors' repository has the weights. A page that is
copied a thousand times or more is boilerplate, and occurs once.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.columns import marked
from tokenmill.core.errors import RecipeError
from tokenmill.core.kinds import Room, Round
from tokenmill.core.rules import signal_columns
from tokenmill.tokenize.copies import repeated, with_copies


@dataclass(frozen=True)
class Rehydrate:
    """Repeats documents by the size of their clusters.

    The first copy of a document keeps its id. The second copy of `a` has the id `a+2`, and its `rehydrate.copy_of` is
    `a`. With --mark-only no document is repeated.

    Attributes:
        limits: smallest cluster size of each class, in documents, ascending from 1. Default [1, 2, 3, 5, 100, 1000].
        copies: number of copies per document of each class, 1 to 1000, one for each of limits. Default
            [1, 2, 3, 5, 8, 1].
        size: column with the cluster size; null means 1. Default minhash.cluster_size.
    """

    limits: tuple[int, ...] = (1, 2, 3, 5, 100, 1000)
    copies: tuple[int, ...] = (1, 2, 3, 5, 8, 1)
    size: str = "minhash.cluster_size"

    adds: ClassVar[tuple[str, ...]] = signal_columns("rehydrate", "copies", "copy_of")
    SAID: ClassVar[pa.Schema] = pa.schema([("shard", pa.int32()), ("row", pa.int32())])

    def __post_init__(self) -> None:
        if not self.limits or self.limits[0] != 1 or any(one >= other for one, other in pairwise(self.limits)):
            raise RecipeError(f"limits: found {self.limits}; expected ascending cluster sizes that begin with 1")
        if len(self.copies) != len(self.limits) or not all(1 <= count <= 1000 for count in self.copies):
            raise RecipeError(f"copies: found {self.copies}; expected 1 to 1000 for each of {len(self.limits)} limits")

    @property
    def reads(self) -> tuple[str, ...]:
        return ("id", self.size)

    def rounds(self) -> list[Round]:
        return [NoExchange()]

    def rewrite(self, batch: pa.RecordBatch, nothing: pa.Table) -> pa.RecordBatch:
        """Returns the batch with `rehydrate.copies`."""
        sizes = pc.fill_null(batch.column(self.size), 1).to_pylist()
        copies = [self.copies[max(0, bisect_right(self.limits, size) - 1)] for size in sizes]
        return with_copies(batch, "rehydrate", pa.array(copies, pa.int32(), mask=marked(batch)))

    def repeat(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """Yields the rows, then their further copies."""
        return repeated(batch, "rehydrate", "+")


@dataclass(frozen=True)
class NoExchange:
    """Sends no rows: the number of copies depends only on the document's own columns."""

    sort_by: ClassVar[tuple[str, ...]] = ()
    single: ClassVar[bool] = True
    of_documents: ClassVar[bool] = False

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return pa.RecordBatch.from_pydict({"_partition_key": pa.array(np.empty(0, dtype=np.uint64))})

    def reduce(self, rows: Iterator[pa.RecordBatch], room: Room) -> Iterator[Any]:
        yield from ()
