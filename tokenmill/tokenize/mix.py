"""Mix sources by weight: what is too much of one is left out by chance, what is too little may be repeated.

With B(s) the bytes of text of source s, w(s) its weight over the sum of weights, and m(s) its max_copies, the mix has
T = min over s of m(s) B(s) / w(s) bytes, as many as the weights allow, and r(s) = w(s) T / B(s) is the rate of s,
rounded to nine digits. A document draws u = unit_interval(keyed_hash(seed, "mix", id)); it occurs floor(r) times, and
once more if u < r - floor(r). So its fate hangs on the seed, its id and its source's rate alone, and at a higher rate
all stay that stayed at a lower. Weights are met in expectation: by about one part in the square root of the documents.
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
from tokenmill.core.columns import drop, marked, set_column
from tokenmill.core.errors import DataError, RecipeError, did_you_mean
from tokenmill.core.kinds import FACTS, Room, Round
from tokenmill.core.rules import signal_columns
from tokenmill.tokenize.copies import repeated

RULE = "mix.left_out"
_MOST_COPIES = 1000


@dataclass(frozen=True)
class Mix:
    """weights: of each source's bytes in the mix, in any unit; 0 leaves a source out. max_copies: how often a document
    may occur at most, by source, 1 for those not named. seed: of the draw.

    The first copy keeps its id, the second of `a` is `a#2`, and `mix.copy_of` names the first. A source that has a
    weight but no text, or documents but no weight, is a DataError. With --mark-only nothing is repeated.
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
            raise RecipeError(f"weights: found {self.weights}; expected numbers of 0 or more, and one above 0")
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
        """{source: how often a document occurs on average}, from {source: bytes of text}; sources without text left
        out.
        """
        wanted = {name: weight for name, weight in self.weights.items() if weight and sizes.get(name)}
        most = {name: self.max_copies.get(name, 1.0) for name in wanted}
        total = min((most[name] * sizes[name] / weight for name, weight in wanted.items()), default=0.0)
        return dict.fromkeys(self.weights, 0.0) | {
            name: min(most[name], round(weight * total / sizes[name], 9)) for name, weight in wanted.items()
        }

    def conclude(self, facts: list[dict[str, Any]], sources: Mapping[str, int]) -> dict[str, Any]:
        """{source: documents, bytes, weight and rate}. Raises DataError where weights and sources do not fit."""
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
                    f"no text of the source {name!r}, which has a weight; there is: {', '.join(sorted(sizes))}"
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

    def rewrite(self, batch: pa.RecordBatch, said: pa.Table) -> pa.RecordBatch:
        """The batch with `mix.copies`, those of none marked."""
        rates = dict(zip(said.column("source").to_pylist(), said.column("rate").to_pylist(), strict=True))
        of_row = [rates.get(source or "", 0.0) for source in batch.column("source").to_pylist()]
        rate = np.array(of_row, dtype=np.float64)
        chance = unit_interval(keyed_hash(self.seed, "mix", batch.column("id").to_pylist()))
        copies = (np.floor(rate) + (chance < rate - np.floor(rate))).astype(np.int32)
        batch = set_column(batch, "mix.copies", pa.array(copies, mask=marked(batch)))
        batch = set_column(batch, "mix.copy_of", pa.nulls(batch.num_rows, pa.string()))
        return drop(batch, copies == 0, RULE, chance, rate)

    def repeat(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """The rows, then those that occur twice or more again, and so on."""
        return repeated(batch, "mix", "#")


@dataclass(frozen=True)
class Weigh:
    """How many bytes of text each source has; then each shard is told the rates, as of its row -1."""

    settings: Mix

    sort_by: ClassVar[tuple[str, ...]] = ()
    single: ClassVar[bool] = True
    of_documents: ClassVar[bool] = False

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """One row a source."""
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
        said = pa.RecordBatch.from_arrays(columns, schema=Mix.SAID)
        yield said.replace_schema_metadata({FACTS: json.dumps(sizes, sort_keys=True).encode()})
