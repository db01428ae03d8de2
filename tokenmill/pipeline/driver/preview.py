"""Previews a deduplication: its largest clusters with samples, before any result is written."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console

from tokenmill.core.errors import DataError
from tokenmill.core.kinds import JsonObject, Rewriting
from tokenmill.pipeline.driver.globals import Decided, GlobalStage, Parts
from tokenmill.pipeline.exchange.reduce_tasks import numbered_rows
from tokenmill.pipeline.report import plain
from tokenmill.pipeline.tasks.drop_records import Excerpts, excerpts_of

SHOWN = 20

Place = tuple[int, int]
"""(shard, row)"""


@dataclass(frozen=True)
class Member:
    """A document of a cluster.

    Attributes:
        text: its excerpt.
        similarity: similarity to the kept document, 0 to 1. None: this is the document that would be kept.
    """

    id: str
    source: str
    text: str
    similarity: float | None = None


@dataclass(frozen=True)
class Cluster:
    """A cluster of duplicates, or a document whose text would be edited.

    Attributes:
        size: number of documents in the cluster, including the kept one. If texts are edited: number of pieces that the
            text would lose.
        members: the kept or edited document, then samples of those that would be removed.
    """

    size: int
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Preview:
    """The preview of a Global's stage.

    Attributes:
        stage: name of the stage.
        edits: True if the Global edits texts, False if it removes documents.
        documents: number of unmarked documents that reach the Global.
        touched: number of documents that would be removed, or whose text would be edited.
        clusters: the largest clusters, by size.
        facts: the counts of the Global.
        refused: why the run would stop, or "".
        remembered: number of documents in `touched` that are duplicates of documents in an index; no cluster has them.
    """

    stage: str
    edits: bool
    documents: int
    touched: int
    clusters: tuple[Cluster, ...]
    facts: JsonObject
    refused: str
    remembered: int


def preview_of(stage: GlobalStage, decided: Decided, *, sample: int, excerpts: Excerpts) -> Preview:
    """Returns the preview of a deduplication, with its SHOWN largest clusters.

    sample: number of documents to show per cluster of those that would be removed, the least similar ones. Makes two
    passes over the verdicts, and reads the texts of the shards that have a shown document.
    """
    edits = isinstance(stage.final, Rewriting)
    remembered = 0
    if edits:
        touched, largest = _edited(decided.parts)
    else:
        touched, remembered, largest = _kept(decided.parts, [task.name.number for task in stage.shard_tasks])
    known = _members(stage, [place for _, place in largest], excerpts)
    gone = {} if edits else _gone(decided.parts, [known[place].id for _, place in largest], sample)
    known |= _members(stage, [place for places in gone.values() for place, _ in places], excerpts)
    clusters = []
    for size, place in largest:
        kept = known[place]
        others = [(known[other], value) for other, value in gone.get(kept.id, ())]
        shown = (Member(one.id, one.source, one.text, value) for one, value in others)
        clusters.append(Cluster(size, (kept, *shown)))
    facts, refused = _concluded(stage, decided)
    documents = stage.sources().total()
    return Preview(stage.planned.name, edits, documents, touched, tuple(clusters), facts, refused, remembered)


def _concluded(stage: GlobalStage, decided: Decided) -> tuple[JsonObject, str]:
    try:
        return stage.conclude(decided) or {}, ""
    except DataError as error:
        return {}, str(error)


def _tables(parts: Parts) -> Iterator[pa.Table]:
    return (table for _, ranges in sorted(parts.items()) for table in ranges.tables())


def _kept(parts: Parts, shards: list[int]) -> tuple[int, int, list[tuple[int, Place]]]:
    """Returns (documents that would be removed, those of them that are duplicates of documents in an index, the largest
    clusters as (size, place of the document that would be kept)).

    shards: shard numbers of this corpus. Files of indexes have other numbers.
    """
    touched, for_own, largest = 0, 0, _Largest()
    for table in _tables(parts):
        touched += table.num_rows - table.column("drop_rule").null_count
        own = pc.is_in(table.column("shard"), value_set=pa.array(shards, pa.int32()))
        sized = table.filter(pc.and_(own, table.column("cluster_size").is_valid()))
        for_own += (pc.sum(sized.column("cluster_size")).as_py() or 0) - sized.num_rows
        largest.add(sized.column("cluster_size"), sized)
    return touched, touched - for_own, largest.found


def _edited(parts: Parts) -> tuple[int, list[tuple[int, Place]]]:
    """Returns (number of documents that would lose pieces, those that would lose most pieces as (pieces, place))."""
    touched, largest = 0, _Largest()
    for _, ranges in sorted(parts.items()):
        tables = [table.select(["shard", "row"]) for table in ranges.tables()]
        if tables:
            counted = pa.concat_tables(tables).group_by(["shard", "row"]).aggregate([([], "count_all")])
            touched += counted.num_rows
            largest.add(counted.column("count_all"), counted)
    return touched, largest.found


class _Largest:
    """Collects the SHOWN largest sizes with their places, in descending order of size, ties by place."""

    def __init__(self) -> None:
        self.found: list[tuple[int, Place]] = []

    def add(self, sizes: pa.ChunkedArray, places: pa.Table) -> None:
        values, shards, rows = (
            column.to_numpy() for column in (sizes, places.column("shard"), places.column("row"))
        )  # fmt: skip
        first = np.lexsort((rows, shards, -values.astype(np.int64)))[:SHOWN].tolist()
        here = [(int(values[i]), (int(shards[i]), int(rows[i]))) for i in first]
        self.found = sorted([*self.found, *here], key=lambda one: (-one[0], one[1]))[:SHOWN]


def _gone(parts: Parts, ids: list[str], sample: int) -> dict[str, list[tuple[Place, float]]]:
    """Returns {id of a kept document: [(place, similarity)] of its `sample` least similar duplicates}."""
    names, wanted = ("duplicate_of", "similarity", "shard", "row"), pa.array(ids, pa.string())
    found = pa.Table.from_pylist([], pa.schema([("duplicate_of", pa.string()), ("similarity", pa.float64()),
                                                ("shard", pa.int32()), ("row", pa.int32())]))  # fmt: skip
    order = [(name, "ascending") for name in names]
    for table in _tables(parts):
        mine = table.filter(pc.is_in(table.column("duplicate_of"), value_set=wanted)).select(list(names))
        found = _first_of_each(pa.concat_tables([found, mine]).sort_by(order), sample)
    gone = defaultdict(list)
    for row in found.to_pylist():
        gone[row["duplicate_of"]].append(((row["shard"], row["row"]), row["similarity"]))
    return gone


def _first_of_each(table: pa.Table, count: int) -> pa.Table:
    ids = table.column("duplicate_of").combine_chunks().dictionary_encode().indices.to_numpy()
    starts = np.flatnonzero(np.append(True, ids[1:] != ids[:-1])[: len(ids)])
    rank = np.arange(len(ids)) - np.repeat(starts, np.diff(np.append(starts, len(ids))))
    return table.filter(pa.array(rank < count))


def _members(stage: GlobalStage, places: Iterable[Place], excerpts: Excerpts) -> dict[Place, Member]:
    """Returns the documents at these places. Places in files of an index are left out."""
    rows_of = defaultdict(set)
    for shard, row in places:
        rows_of[shard].add(row)
    found: dict[Place, Member] = {}
    for task in stage.shard_tasks:
        number = task.name.number
        if number not in rows_of:
            continue
        wanted = pa.array(sorted(rows_of[number]), pa.int32())
        for batch in numbered_rows(task, ("id", "source", "text")):
            mine = batch.filter(pc.is_in(batch.column("_row"), value_set=wanted))
            texts = excerpts_of(mine, excerpts).to_pylist() if excerpts.length else [""] * mine.num_rows
            for row, text in zip(mine.drop_columns(["text"]).to_pylist(), texts, strict=True):
                found[number, row["_row"]] = Member(row["id"], row.get("source") or "", text or "")
    return found


def as_json(preview: Preview) -> JsonObject:
    """Returns the preview of a deduplication as JSON."""
    return asdict(preview)


def show(preview: Preview, console: Console) -> None:
    """Prints the preview of a deduplication. Control characters of crawled text are made visible."""
    share = preview.touched / max(1, preview.documents)
    what = "be edited" if preview.edits else "be removed"
    say = console.print
    say(f"[bold]{plain(preview.stage)}[/]: {preview.touched:,} of {preview.documents:,} documents would {what}, "
        f"{share:.2%}; no result is written", highlight=False)  # fmt: skip
    if preview.remembered:
        say(f"{preview.remembered:,} of them are duplicates of documents in an index", highlight=False)
    if preview.facts:
        say(", ".join(f"{name} {count:,}" for name, count in preview.facts.items()), markup=False)
    for number, cluster in enumerate(preview.clusters, start=1):
        unit = "pieces would be removed from" if preview.edits else "documents; the first below would be kept"
        say(f"{number:2}. {cluster.size:,} {unit}", markup=False)
        for member in cluster.members:
            value = "" if member.similarity is None else f"{member.similarity:.4f} "
            say(f"    {value}{plain(member.id)} {plain(member.source)}", markup=False, highlight=False)
            if member.text:
                say(f"      {plain(member.text)}", markup=False, highlight=False)
    if preview.refused:
        say(f"the run would stop here: {plain(preview.refused)}", markup=False)
