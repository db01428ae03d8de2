"""Remove near-duplicates: MinHash bands nominate pairs, the true Jaccard similarity of their shingle sets decides.

Settings are FineWeb's (14 bands of 8, word 5-grams; Penedo et al. 2024, 3.4), which nominate 77 % of the pairs at
similarity 0.75, 92 % at 0.80 and 99.9 % at 0.90. Verification is added, so that none is removed below the threshold.
Which documents stay is the keep rule in text/keep_rule.py. The outcome depends on the documents, not on their order.
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pyarrow as pa

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.kinds import VERDICT, Round
from tokenmill.core.preference import Keep, check_preference, preference, preference_column
from tokenmill.core.verdicts import cluster_sizes, removals
from tokenmill.text.cache import frozen
from tokenmill.text.hash import Hashes, Ragged
from tokenmill.text.keep_rule import NOBODY, Decision, Places, decide
from tokenmill.text.shingle import shingle_sets
from tokenmill.text.signature import band_keys, signatures

log = logging.getLogger(__name__)

RULE = "minhash.near_duplicate"
FACTS = b"facts"
"""Key in the metadata of the verdicts' schema: JSON of what was counted, as text/keep_rule.py's Decision says."""

_CLUSTERS_SHOWN = 20


@dataclass(frozen=True)
class Minhash:
    """Of documents that are alike one is kept. Documents of fewer than `ngram` words are never duplicates.

    bands, rows: a pair of similarity s is nominated with probability 1 - (1 - s^rows)^bands.
    threshold: the lowest Jaccard similarity, in (0, 1], at which a document is removed. ngram: words a shingle.
    keep: which one stays; ties go by id. score, sources: what `keep` ranks by, for best_score and source_order.
    max_removed: by source, the largest share of its documents (0..1) that may go; beyond it the run stops first.
    max_bucket: documents sharing a band, above which pairs are not all examined but in `hubs` rounds.
    """

    bands: int = 14
    rows: int = 8
    ngram: int = 5
    threshold: float = 0.75
    keep: Keep = "longest"
    score: str = ""
    sources: tuple[str, ...] = ()
    max_removed: dict[str, float] = field(default_factory=dict)
    max_bucket: int = 5_000
    hubs: int = 200
    seed: int = 0

    adds: ClassVar[tuple[str, ...]] = ("minhash.cluster_size",)

    def __post_init__(self) -> None:
        check_preference(self.keep, score=self.score, sources=self.sources)
        for name in ("bands", "rows", "ngram", "max_bucket", "hubs"):
            if getattr(self, name) < 1:
                raise RecipeError(f"{name}: {getattr(self, name)}; must be at least 1")
        if not 0.0 < self.threshold <= 1.0:
            raise RecipeError(f"threshold: {self.threshold}; must be above 0 and at most 1")
        for source, share in self.max_removed.items():
            if not 0.0 <= share <= 1.0:
                raise RecipeError(f"max_removed: {source}: {share}; must be a share of the source's documents, 0 to 1")

    @property
    def reads(self) -> tuple[str, ...]:
        by_source = ["source"] if self.max_removed else []
        return tuple(dict.fromkeys(["id", "text", preference_column(self.keep, score=self.score), *by_source]))

    def rounds(self) -> list[Round]:
        return [AlikeText(self)]


@dataclass(frozen=True)
class AlikeText:
    """All documents meet, the most wanted first; each is known by its band keys and its set of shingle hashes."""

    settings: Minhash

    sort_by: ClassVar[tuple[str, ...]] = ("preference", "id")
    single: ClassVar[bool] = True

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        settings = self.settings
        _, shingles = shingle_sets(batch, settings.ngram)
        minima = signatures(shingles, settings.bands * settings.rows, seed=settings.seed)
        wanted = preference(batch, settings.keep, score=settings.score, sources=settings.sources)
        has_source = "source" in batch.schema.names
        return pa.RecordBatch.from_pydict(
            {
                "_partition_key": pa.array(np.zeros(batch.num_rows, dtype=np.uint64)),
                "preference": pa.array(wanted),
                "id": batch.column("id"),
                "source": batch.column("source") if has_source else pa.nulls(batch.num_rows, pa.string()),
                "shard": batch.column("_shard"),
                "row": batch.column("_row"),
                "bands": _fixed_array(band_keys(minima, settings.bands)),
                "shingles": _ragged_array(shingles),
            }
        )

    def reduce(self, rows: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        settings = self.settings
        batches = [batch for batch in rows if batch.num_rows]
        if not batches:
            return
        keys = np.concatenate([_fixed_values(batch.column("bands"), settings.bands) for batch in batches])
        shingles = _concatenated([_ragged_values(batch.column("shingles")) for batch in batches])
        table = pa.Table.from_batches(batches).select(["id", "source", "shard", "row"]).combine_chunks()
        del batches
        documents = table.to_batches()[0]
        decision = decide(
            keys, shingles, threshold=settings.threshold, max_bucket=settings.max_bucket, hubs=settings.hubs
        )  # fmt: skip
        facts = facts_of(decision)
        _tell(facts, settings)
        _guard(documents, decision, settings.max_removed)
        yield from _verdicts(documents, decision, settings.threshold, facts)


def facts_of(decision: Decision) -> dict[str, int]:
    """What the reduction counted, by name, in documents or pairs."""
    removed = decision.duplicate_of != NOBODY
    return {
        "documents": len(removed),
        "removed": int(np.count_nonzero(removed)),
        "clusters": len(np.unique(decision.duplicate_of[removed])),
        "pairs_verified": decision.verified,
        "giant_buckets": decision.giants,
        "pairs_unexamined": decision.unexamined,
        "pairs_unexamined_kept": decision.unexamined_kept,
    }


def _verdicts(
    documents: pa.RecordBatch, decision: Decision, threshold: float, facts: dict[str, int]
) -> Iterator[pa.RecordBatch]:
    schema = VERDICT.with_metadata({FACTS: json.dumps(facts).encode()})
    gone = np.flatnonzero(decision.duplicate_of != NOBODY)
    kept, removed_by = np.unique(decision.duplicate_of[gone], return_counts=True)
    removed = removals(
        documents.take(pa.array(gone)),
        RULE,
        duplicate_of=documents.column("id").take(pa.array(decision.duplicate_of[gone])),
        similarity=decision.similarity[gone],
        threshold=threshold,
    )
    sized = cluster_sizes(documents.take(pa.array(kept)), removed_by + 1)
    for batch in (removed, sized):
        yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)


def _tell(facts: dict[str, int], settings: Minhash) -> None:
    log.info("minhash: %s", ", ".join(f"{name} {count:,}" for name, count in facts.items()))
    if facts["pairs_unexamined_kept"]:
        log.warning(
            "minhash: %s pairs of kept documents share a band but were never examined, in %s buckets of more than %s "
            "documents after %s rounds; raise hubs or max_bucket to examine more",
            *(f"{facts[name]:,}" for name in ("pairs_unexamined_kept", "giant_buckets")),
            f"{settings.max_bucket:,}",
            settings.hubs,
        )


def _guard(documents: pa.RecordBatch, decision: Decision, limits: dict[str, float]) -> None:
    """DataError if more of a source goes than its limit allows."""
    if not limits:
        return
    sources = documents.column("source").to_numpy(zero_copy_only=False)
    for source, limit in sorted(limits.items()):
        mine = sources == source
        gone = mine & (decision.duplicate_of != NOBODY)
        count, total = int(np.count_nonzero(gone)), int(np.count_nonzero(mine))
        if not total:
            log.warning("minhash: max_removed names the source %r, of which there is no document", source)
        elif count > limit * total:
            raise DataError(
                f"minhash would remove {count:,} of {total:,} documents of source {source!r}, {count / total:.2%}; "
                f"max_removed allows {limit:.2%}. Nothing was written. Kept documents and the number of this source "
                f"removed for them, the most first: {_largest(documents, decision.duplicate_of[gone])}. If they are "
                "duplicates in truth raise max_removed, else raise threshold"
            )


def _largest(documents: pa.RecordBatch, kept_for: Places) -> str:
    kept, counts = np.unique(kept_for, return_counts=True)
    most = np.lexsort((kept, -counts))[:_CLUSTERS_SHOWN]
    ids = documents.column("id").take(pa.array(kept[most])).to_pylist()
    return ", ".join(f"{id} ({count:,})" for id, count in zip(ids, counts[most].tolist(), strict=True))


def _fixed_array(values: Hashes) -> pa.Array:
    """uint64 (rows, width) as one little-endian binary value a row."""
    return pa.Array.from_buffers(pa.binary(values.shape[1] * 8), len(values), [None, pa.py_buffer(values)])


def _fixed_values(array: pa.Array, width: int) -> Hashes:
    values = np.frombuffer(array.buffers()[1], dtype=np.uint64)
    return values[array.offset * width : (array.offset + len(array)) * width].reshape(-1, width)


def _ragged_array(rows: Ragged) -> pa.Array:
    """Each row as one little-endian binary value: Parquet stores those faster and smaller than lists of numbers."""
    buffers = [None, pa.py_buffer(rows.offsets * 8), pa.py_buffer(rows.values)]
    return pa.Array.from_buffers(pa.large_binary(), len(rows), buffers)


def _ragged_values(array: pa.Array) -> Ragged:
    _, offset_buffer, data = array.buffers()
    offsets = np.frombuffer(offset_buffer, dtype=np.int64)[array.offset : array.offset + len(array) + 1] // 8
    values = np.frombuffer(data, dtype=np.uint64) if data is not None else np.empty(0, dtype=np.uint64)
    return Ragged(frozen(values), frozen(offsets))


def _concatenated(parts: list[Ragged]) -> Ragged:
    if len(parts) == 1:
        return parts[0]
    values = np.concatenate([part.values[part.offsets[0] : part.offsets[-1]] for part in parts])
    lengths = np.concatenate([[0], *(np.diff(part.offsets) for part in parts)])
    return Ragged(frozen(values), frozen(np.cumsum(lengths)))
