"""Repeat documents by how many duplicates of them were removed: pages copied often tend to be the better ones.

FineWeb-2 (Penedo et al. 2025, 4.3) calls this rehydration, and its authors' repository has the weights. What is copied
a thousand times and more is boilerplate, and comes once.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.columns import marked, set_column
from tokenmill.core.errors import RecipeError
from tokenmill.core.kinds import Room, Round
from tokenmill.core.rules import signal_columns
from tokenmill.tokenize.copies import repeated


@dataclass(frozen=True)
class Rehydrate:
    """limits: of cluster sizes, ascending from 1. copies: how often a document occurs whose cluster is as large as the
    limit of the same place or larger. size: the column that says how large, null meaning 1.

    The first copy keeps its id, the second of `a` is `a+2`, and `rehydrate.copy_of` names the first. With --mark-only
    nothing is repeated.
    """

    limits: tuple[int, ...] = (1, 2, 3, 5, 100, 1000)
    copies: tuple[int, ...] = (1, 2, 3, 5, 8, 1)
    size: str = "minhash.cluster_size"

    adds: ClassVar[tuple[str, ...]] = signal_columns("rehydrate", "copies", "copy_of")
    SAID: ClassVar[pa.Schema] = pa.schema([("shard", pa.int32()), ("row", pa.int32())])

    def __post_init__(self) -> None:
        if not self.limits or self.limits[0] != 1 or any(one >= other for one, other in pairwise(self.limits)):
            raise RecipeError(f"limits: found {self.limits}; expected cluster sizes that begin with 1 and rise")
        if len(self.copies) != len(self.limits) or not all(1 <= count <= 1000 for count in self.copies):
            raise RecipeError(f"copies: found {self.copies}; expected 1 to 1000 for each of {len(self.limits)} limits")

    @property
    def reads(self) -> tuple[str, ...]:
        return ("id", self.size)

    def rounds(self) -> list[Round]:
        return [NothingAsked()]

    def rewrite(self, batch: pa.RecordBatch, said: pa.Table) -> pa.RecordBatch:
        """The batch with `rehydrate.copies`."""
        sizes = pc.fill_null(batch.column(self.size), 1).to_pylist()
        copies = [self.copies[max(0, bisect_right(self.limits, size) - 1)] for size in sizes]
        batch = set_column(batch, "rehydrate.copies", pa.array(copies, pa.int32(), mask=marked(batch)))
        return set_column(batch, "rehydrate.copy_of", pa.nulls(batch.num_rows, pa.string()))

    def repeat(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """The rows, then those that occur twice or more again, and so on."""
        return repeated(batch, "rehydrate", "+")


@dataclass(frozen=True)
class NothingAsked:
    """A document's copies hang on its own columns alone: nothing is sent, and nothing said."""

    sort_by: ClassVar[tuple[str, ...]] = ()
    single: ClassVar[bool] = True
    of_documents: ClassVar[bool] = False

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return pa.RecordBatch.from_pydict({"_partition_key": pa.array(np.empty(0, dtype=np.uint64))})

    def reduce(self, rows: Iterator[pa.RecordBatch], room: Room) -> Iterator[Any]:
        yield from ()
