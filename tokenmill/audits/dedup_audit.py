"""Measures a run's MinHash stage: compares anchor documents with all documents of its input by Jaccard similarity.

An anchor is compared with every document of the stage's input, not only with those that share a band with it, so missed
pairs are counted too. Each pair has two similarities. The true similarity is that of the unmodified texts, by which
pairs are verified. The seen similarity is that of the folded texts, from which the bands are made. The formula of the
bands (their S-curve) gives the probability of nomination for a seen similarity. So the audit shows recall by both: by
true similarity, which says how many near-duplicates are found, and by seen similarity, which says whether the bands
work as the formula predicts.
"""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console
from rich.table import Table

from tokenmill.audits.minhash_stage import MinhashStage, finished_minhash
from tokenmill.audits.neighbours import Anchors, Places
from tokenmill.core.chance import keyed_hash
from tokenmill.core.columns import split
from tokenmill.core.errors import DataError
from tokenmill.pipeline.record.facts import read_facts
from tokenmill.pipeline.report import plain
from tokenmill.pipeline.report.audit import dropped
from tokenmill.pipeline.tasks.step_call import apply_step
from tokenmill.stages.dedup.minhash import Minhash
from tokenmill.text.kernel.arrays import Hashes
from tokenmill.text.similarity.jaccard import jaccard_of_pairs
from tokenmill.text.similarity.signature import chance_of_meeting
from tokenmill.text.words.hash import Ragged

LOWEST = 0.5
WIDTH = 0.05
_RULE = "minhash.near_duplicate"
_NO_PAIRS = pl.DataFrame(
    schema={
        "anchor": pl.String,
        "other": pl.String,
        "true": pl.Float64,
        "seen": pl.Float64,
        "nominated": pl.Boolean,
    }
)
"""true: similarity of the unmodified texts. seen: similarity of the folded texts, from which the bands are made."""


@dataclass(frozen=True)
class Bucket:
    """Pairs (anchor, other document), each once, of similarity in [low, high); the last bucket includes 1.0.

    Attributes:
        low, high: bounds of the similarity, 0 to 1.
        pairs: number of pairs.
        nominated: number of pairs that share a band.
        recall, recall_low, recall_high: nominated / pairs, NaN without pairs, and its 95 % interval (Wilson).
        theory: mean probability of nomination by the formula of the bands, from the seen similarities of these pairs.
            Without pairs, the probability in the middle of the bucket.
        resolved: number of pairs of which at most one document was kept; None below the threshold, and in a bucket by
            seen similarity.
    """

    low: float
    high: float
    pairs: int
    nominated: int
    recall: float
    recall_low: float
    recall_high: float
    theory: float
    resolved: int | None


@dataclass(frozen=True)
class Audit:
    """The results of an audit.

    Attributes:
        anchors, documents: number of anchors, and of documents that each was compared with.
        threshold: the stage's lowest true similarity at which a document is removed.
        fold: differences between texts that the bands ignore.
        buckets: pairs by true similarity.
        seen: pairs by seen similarity.
        alike: number of pairs whose true similarity is the threshold or above.
        resolved: number of those of which at most one document was kept.
        joined: number of kept documents that connected components would have removed, because the same removed anchor
            is similar to them and to another kept document. A lower bound, because only anchors are counted.
        facts: the counts of the stage itself.
    """

    stage: str
    anchors: int
    documents: int
    threshold: float
    fold: tuple[str, ...]
    buckets: tuple[Bucket, ...]
    seen: tuple[Bucket, ...]
    alike: int
    resolved: int
    joined: int
    facts: dict[str, int]


def dedup_audit(run: str, *, anchors: int, stage: str | None, seed: int, plugins: str | None) -> Audit:
    """Audits a MinHash stage: draws anchors from its input in one pass and compares them with it in another.

    anchors: largest number of anchors. stage: names the MinHash stage if the run has several. seed: another seed draws
    other anchors. Raises RecipeError and DataError as finished_minhash does, and DataError if the input has another
    number of documents than the stage read.
    """
    audited = finished_minhash(run, stage, plugins)
    work = audited.minhash
    gone = dropped([audited.ran])
    banned = gone.filter(pl.col("drop_rule").str.ends_with(".quarantined"))["id"].to_list()
    drawn = _drawn(_input(audited, banned), anchors, seed)
    chosen = _Chosen.of(drawn, work)
    found, documents = [], 0
    for batch in _input(audited, banned):
        documents += batch.num_rows
        found.append(_near(batch, chosen, work))
    facts = read_facts(audited.ran.folder)
    if documents != facts["documents"]:
        raise DataError(
            f"{run}: the input of stage {audited.name!r} is now {documents:,} documents, but the stage compared "
            f"{facts['documents']:,}; a run with --limit or --mark-only, or with changed sources, cannot be audited"
        )
    pairs = pl.concat(found) if found else _NO_PAIRS
    removed = set(gone.filter(pl.col("drop_rule") == _RULE)["id"].to_list())
    return _audit(audited.name, work, chosen.ids, documents, pairs, removed, facts)


def interval(hits: int, count: int) -> tuple[float, float]:
    """Returns the 95 % confidence interval (Wilson 1927) of hits / count in a dedup audit; (0, 1) if count is 0."""
    if not count:
        return 0.0, 1.0
    z = 1.959964
    middle, spread = hits + z * z / 2, z * math.sqrt(hits * (count - hits) / count + z * z / 4)
    return max(0.0, (middle - spread) / (count + z * z)), min(1.0, (middle + spread) / (count + z * z))


def as_json(audit: Audit) -> dict[str, object]:
    """Returns the audit of a deduplication as JSON values. A recall without pairs is null, because JSON has no NaN."""
    return asdict(audit) | {"buckets": _plain_buckets(audit.buckets), "seen": _plain_buckets(audit.seen)}


def _plain_buckets(buckets: tuple[Bucket, ...]) -> list[dict[str, object]]:
    return [asdict(one) | {"recall": None if math.isnan(one.recall) else one.recall} for one in buckets]


def show(audit: Audit, console: Console) -> None:
    """Prints the audit of a deduplication."""
    compared = f"{plain(audit.stage)}: {audit.anchors:,} anchors against {audit.documents:,} documents"
    folded = ", ".join(audit.fold) or "nothing"
    true = _table(f"{compared}, by true similarity (unmodified texts)", "true similarity", "bands promise")
    true.add_column("one of two removed", justify="right")
    seen = _table(f"The same by seen similarity ({folded} folded)", "seen similarity", "S-curve")
    for b in audit.buckets:
        true.add_row(*_cells(b), f"{b.resolved:,}" if b.resolved is not None else "")
    for b in audit.seen:
        seen.add_row(*_cells(b))
    console.print(true)
    console.print(seen)
    low, high = interval(audit.resolved, audit.alike)
    if audit.alike:
        console.print(
            f"removals: of {audit.alike:,} pairs at {audit.threshold} or above, by true similarity, "
            f"{audit.resolved:,} are resolved, "
            f"{audit.resolved / audit.alike:.1%} ({low:.1%} to {high:.1%})", markup=False,
        )  # fmt: skip
    console.print(
        f"never examined: {audit.facts['pairs_unexamined']:,} pairs in {audit.facts['giant_buckets']:,} giant buckets, "
        f"{audit.facts['pairs_unexamined_kept']:,} of documents that were kept", markup=False,
    )  # fmt: skip
    console.print(
        f"chains: connected components would have removed at least {audit.joined:,} more documents that are similar to "
        "these anchors", markup=False,
    )  # fmt: skip


def _table(title: str, similarity: str, theory: str) -> Table:
    table = Table(title=title, title_justify="left")
    for name in (similarity, "pairs", "nominated", "recall", "95 %", theory):
        table.add_column(name, justify="right")
    return table


def _cells(b: Bucket) -> tuple[str, ...]:
    recall = f"{b.recall:.1%}" if b.pairs else ""
    bounds = f"{b.recall_low:.1%} to {b.recall_high:.1%}" if b.pairs else ""
    return f"{b.low:.2f} to {b.high:.2f}", f"{b.pairs:,}", f"{b.nominated:,}", recall, bounds, f"{b.theory:.1%}"


def _input(audited: MinhashStage, banned: list[str]) -> Iterator[pa.RecordBatch]:
    """Yields the documents that the stage compared: reads its source or its input stages again and runs its steps.

    banned: ids of quarantined documents, which are left out.
    """
    for batch in _read(audited):
        if banned:
            batch = batch.filter(pc.invert(pc.is_in(batch.column("id"), value_set=pa.array(banned))))
        batch, _ = split(batch)
        for step in audited.stage.steps:
            batch, _ = split(apply_step(step, batch))
        yield batch.select(["id", "text"])


def _read(audited: MinhashStage) -> Iterator[pa.RecordBatch]:
    source = audited.stage.source
    if source is not None:
        for shard in source.shards():
            yield from source.read(shard)
    else:
        for before in audited.before:
            for file in before.files("data"):
                yield from before.batches(file)


def _drawn(batches: Iterator[pa.RecordBatch], count: int, seed: int) -> pa.RecordBatch:
    """Returns `count` documents, chosen by the hash of their ids, so that the order of the batches does not matter."""
    schema = pa.schema([("id", pa.string()), ("text", pa.large_string()), ("hash", pa.uint64())])
    best = pa.Table.from_batches([], schema=schema)
    for batch in batches:
        hashes = pa.array(keyed_hash(seed, "dedup_audit", batch.column("id").to_pylist()))
        here = pa.Table.from_batches([batch.append_column("hash", hashes).cast(schema)])
        best = pa.concat_tables([best, here]).sort_by([("hash", "ascending"), ("id", "ascending")]).slice(0, count)
    [drawn] = best.combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], schema=schema)]
    return drawn.drop_columns(["hash"])


@dataclass(frozen=True)
class _Chosen:
    """The documents that are compared with all others.

    Attributes:
        nominating, verifying: the hashes of their shingles, of the folded and of the unmodified texts.
        keys: their band keys, uint64 (anchors, bands).
        by_seen, by_true: indexes of `nominating` and of `verifying`.
    """

    ids: list[str]
    nominating: Ragged
    verifying: Ragged
    keys: Hashes
    by_seen: Anchors
    by_true: Anchors

    @classmethod
    def of(cls, drawn: pa.RecordBatch, work: Minhash) -> "_Chosen":
        batch, nominating = work.shingling.nominating(drawn)
        _, verifying = work.shingling.verifying(batch)
        keys = work.signing(nominating)
        return cls(drawn.column("id").to_pylist(), nominating, verifying, keys, Anchors(nominating), Anchors(verifying))


def _near(batch: pa.RecordBatch, chosen: _Chosen, work: Minhash) -> pl.DataFrame:
    """Returns all pairs of an anchor and another document of the batch with either similarity at LOWEST or above."""
    split_batch, nominating = work.shingling.nominating(batch.select(["text"]))
    _, verifying = work.shingling.verifying(split_batch)
    row, anchor = _either(
        chosen.by_seen.similar_pairs(nominating, LOWEST)[:2], chosen.by_true.similar_pairs(verifying, LOWEST)[:2]
    )
    if not len(row):
        return _NO_PAIRS
    rows, place = np.unique(row, return_inverse=True)
    _, some = work.shingling.nominating(batch.select(["text"]).take(pa.array(rows)))
    nominated = (work.signing(some)[place] == chosen.keys[anchor]).any(axis=1)
    has_bands = (np.diff(nominating.offsets)[row] > 0) & (np.diff(chosen.nominating.offsets)[anchor] > 0)
    ids = batch.column("id").to_pylist()
    pairs = pl.DataFrame(
        {
            "anchor": [chosen.ids[i] for i in anchor.tolist()],
            "other": [ids[i] for i in row.tolist()],
            "true": jaccard_of_pairs(verifying, row, chosen.verifying, anchor),
            "seen": jaccard_of_pairs(nominating, row, chosen.nominating, anchor),
            "nominated": nominated & has_bands,
        },
        schema=_NO_PAIRS.schema,
    )
    return pairs.filter(pl.col("anchor") != pl.col("other"))


def _either(one: tuple[Places, Places], other: tuple[Places, Places]) -> tuple[Places, Places]:
    """Returns the pairs (row, anchor) that are in one of the two or in both, each once, sorted."""
    rows, anchors = (np.concatenate(both) for both in zip(one, other, strict=True))
    pairs = np.unique(rows << 32 | anchors)
    return pairs >> 32, pairs & 0xFFFFFFFF


def _audit(
    stage: str,
    work: Minhash,
    anchors: list[str],
    documents: int,
    pairs: pl.DataFrame,
    removed: set[str],
    facts: dict[str, int],
) -> Audit:
    gone = pl.col("anchor").is_in(list(removed)) | pl.col("other").is_in(list(removed))
    pairs = pairs.with_columns(gone.alias("resolved"))
    alike = pairs.filter(pl.col("true") >= work.threshold)
    kept_ones = alike.filter(~pl.col("other").is_in(list(removed)) & pl.col("anchor").is_in(list(removed)))
    # connected components would keep one of the documents that are similar to the same removed anchor
    first = kept_ones.group_by("anchor").agg(pl.col("other").min().alias("first"))
    others = kept_ones.join(first, on="anchor").filter(pl.col("other") != pl.col("first"))
    joined = others["other"].n_unique()
    # a pair of two anchors occurs twice, which would make the intervals too narrow
    twice = pl.col("other").is_in(anchors) & (pl.col("other") < pl.col("anchor"))
    pairs, alike = pairs.filter(~twice), alike.filter(~twice)
    lows = [round(LOWEST + WIDTH * i, 2) for i in range(round((1 - LOWEST) / WIDTH))]
    buckets, seen = (tuple(_bucket(pairs, by, low, work) for low in lows) for by in ("true", "seen"))
    resolved = int(alike["resolved"].sum())
    return Audit(
        stage, len(anchors), documents, work.threshold, work.fold, buckets, seen, alike.height, resolved, joined, facts
    )


def _bucket(pairs: pl.DataFrame, by: str, low: float, work: Minhash) -> Bucket:
    """Returns the bucket that begins at `low`. by: similarity, `true` or `seen`."""
    high = round(low + WIDTH, 2)
    here = pairs.filter((pl.col(by) >= low) & ((pl.col(by) < high) | (high >= 1.0)))
    count, nominated = here.height, int(here["nominated"].sum())
    chances = [chance_of_meeting(value, work.bands, work.rows) for value in here["seen"].to_list()]
    theory = sum(chances) / count if count else chance_of_meeting(low + WIDTH / 2, work.bands, work.rows)
    share = nominated / count if count else math.nan
    resolved = int(here["resolved"].sum()) if by == "true" and low >= work.threshold else None
    return Bucket(low, high, count, nominated, share, *interval(nominated, count), theory, resolved)
