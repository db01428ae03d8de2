"""Mixes sources by weight: drops documents of large sources at random, and may repeat documents of small sources.

Let B(s) be the bytes of text of source s, w(s) its weight divided by the sum of weights, and m(s) its max_copies. The
mix has T = min over s of m(s) B(s) / w(s) bytes, the most that the weights allow. The rate of s is
r(s) = w(s) T / B(s), rounded to nine digits. For each document u = unit_interval(keyed_hash(seed, "mix", id)); the
document occurs floor(r) times, and once more if u < r - floor(r). So the result for a document depends only on the
seed, its id and the rate of its source, and a higher rate keeps all documents that a lower rate keeps. The mix meets
the weights in expectation; the relative error is about one over the square root of the number of documents.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.chance import keyed_hash, unit_interval
from tokenmill.core.columns import drop, marked
from tokenmill.core.errors import DataError, RecipeError, did_you_mean
from tokenmill.core.kinds import FACTS, Room, Round
from tokenmill.core.rules import signal_columns
from tokenmill.tokenize.copies import repeated, with_copies

RULE = "mix.left_out"
_MOST_COPIES = 1000


@dataclass(frozen=True)
class Mix:
    """Gives each source its share of the bytes of the mix.

    The first copy of a document keeps its id. The second copy of `a` has the id `a#2`, and its `mix.copy_of` is `a`. A
    source that has a weight but no text, or documents but no weight, causes a DataError. With --mark-only no document
    is repeated.

    Attributes:
        weights: by source, the weight of its bytes in the mix, 0 or more, at least one above 0; only the ratios matter.
            0 leaves a source out. Required.
        max_copies: by source, the largest mean number of copies per document, above 0 to 1000. Default 1 for each
            source.
        seed: seed of the random choice. Default: the recipe's seed.
    """

    weights: dict[str, float]
    max_copies: dict[str, float] = field(default_factory=dict)
    seed: int = 0

    reads: ClassVar[tuple[str, ...]] = ("id", "source", "text")
    adds: ClassVar[tuple[str, ...]] = signal_columns("mix", "copies", "copy_of")
    SAID: ClassVar[pa.Schema] = pa.schema(
        [("shard", pa.int32()), ("row", pa.int32()), ("source", pa.string()), ("rate", pa.float64())]
    )

    def __post_init__(self) -> None:
        if not any(self.weights.values()) or min(self.weights.values()) < 0 or np.inf in self.weights.values():
            raise RecipeError(f"weights: found {self.weights}; expected numbers of 0 or more, at least one above 0")
        for name, most in self.max_copies.items():
            if name not in self.weights:
                raise RecipeError(f"max_copies: {name!r} has no weight{did_you_mean(name, self.weights)}")
            if not 0 < most <= _MOST_COPIES:
                raise RecipeError(
                    f"max_copies: found {most} for {name!r}; expected more than 0, at most {_MOST_COPIES}"
                )

    def rounds(self) -> list[Round]:
        return [Weigh(self)]

    def rates(self, sizes: Mapping[str, int]) -> dict[str, float]:
        """Returns {source: mean number of copies per document}. sizes: {source: bytes of text}."""
        wanted = {name: weight for name, weight in self.weights.items() if weight and sizes.get(name)}
        most = {name: self.max_copies.get(name, 1.0) for name in wanted}
        total = min((most[name] * sizes[name] / weight for name, weight in wanted.items()), default=0.0)
        return dict.fromkeys(self.weights, 0.0) | {
            name: min(most[name], round(weight * total / sizes[name], 9)) for name, weight in wanted.items()
        }

    def conclude(self, facts: list[dict[str, Any]], sources: Mapping[str, int]) -> dict[str, Any]:
        """Returns {source: {documents, bytes, weight, rate}}. Raises DataError if weights and sources do not match."""
        sizes: Mapping[str, int] = facts[0] if facts else {}
        for name in sorted(sources):
            if name not in self.weights:
                hint = did_you_mean(name, self.weights)
                raise DataError(
                    f"{sources[name]} documents of the source {name!r} have no weight{hint}; "
                    "name it in weights, with 0 to leave it out"
                )
        for name, weight in self.weights.items():
            if weight and not sizes.get(name):
                raise DataError(
                    f"no text of the source {name!r}, which has a weight; the sources are: {', '.join(sorted(sizes))}"
                )
        rates = self.rates(sizes)
        return {
            name: {
                "documents": sources.get(name, 0),
                "bytes": sizes.get(name, 0),
                "weight": weight,
                "rate": rates[name],
            }
            for name, weight in self.weights.items()
        }

    def rewrite(self, batch: pa.RecordBatch, source_rates: pa.Table) -> pa.RecordBatch:
        """Returns the batch with `mix.copies`. Marks the documents with 0 copies."""
        rates = dict(zip(*(source_rates.column(name).to_pylist() for name in ("source", "rate")), strict=True))
        of_row = [rates.get(source or "", 0.0) for source in batch.column("source").to_pylist()]
        rate = np.array(of_row, dtype=np.float64)
        chance = unit_interval(keyed_hash(self.seed, "mix", batch.column("id").to_pylist()))
        copies = (np.floor(rate) + (chance < rate - np.floor(rate))).astype(np.int32)
        batch = with_copies(batch, "mix", pa.array(copies, mask=marked(batch)))
        return drop(batch, copies == 0, RULE, chance, rate)

    def repeat(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """Yields the rows, then their further copies."""
        return repeated(batch, "mix", "#")


@dataclass(frozen=True)
class Weigh:
    """Adds up the bytes of text of each source, and sends the rates to each shard, as rows with `row` -1."""

    settings: Mix

    sort_by: ClassVar[tuple[str, ...]] = ()
    single: ClassVar[bool] = True
    of_documents: ClassVar[bool] = False

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Returns one row per source: its bytes of text in this batch."""
        sizes = pc.fill_null(pc.binary_length(batch.column("text")), 0)
        table = pa.table({"source": pc.fill_null(batch.column("source"), ""), "bytes": sizes.cast(pa.int64())})
        sums = table.group_by("source", use_threads=False).aggregate([("bytes", "sum")])
        return pa.RecordBatch.from_pydict(
            {
                "_partition_key": pa.array(np.zeros(sums.num_rows, dtype=np.uint64)),
                "source": sums.column("source").combine_chunks(),
                "bytes": sums.column("bytes_sum").combine_chunks(),
            }
        )

    def reduce(self, rows: Iterator[pa.RecordBatch], room: Room) -> Iterator[pa.RecordBatch]:
        sizes: Counter[str] = Counter()
        for batch in rows:
            for source, size in zip(batch.column("source").to_pylist(), batch.column("bytes").to_pylist(), strict=True):
                sizes[source] += size
        rates = self.settings.rates(sizes)
        shards = np.repeat(sorted(room.shard_rows), len(rates)).astype(np.int32)
        columns = [
            pa.array(shards),
            pa.array(np.full(len(shards), -1, dtype=np.int32)),
            pa.array(list(rates) * len(room.shard_rows), pa.string()),
            pa.array(list(rates.values()) * len(room.shard_rows), pa.float64()),
        ]
        source_rates = pa.RecordBatch.from_arrays(columns, schema=Mix.SAID)
        yield source_rates.replace_schema_metadata({FACTS: json.dumps(sizes, sort_keys=True).encode()})
