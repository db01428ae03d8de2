"""The three kinds of work: a Source makes rows, a Step changes one batch alone, a Global looks across documents.

A unit of work is a frozen dataclass; its fields are its settings. It is named by its path: `filters.gopher_quality` is
class GopherQuality in tokenmill/filters/gopher_quality.py. All units pickle, and none keeps state between calls.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, runtime_checkable

import pyarrow as pa


@dataclass(frozen=True)
class Shard:
    """A piece of a source that one task reads: `file` from `start` to `end` (bytes or row groups, as the source says).

    size: of the whole file, in bytes. etag: what identifies the file's content without reading it all. secret: the
    file's address with the password or signature that `file`, which is on record, is without; "" if it has none. parts:
    of a pack, which the engine makes of small shards and reads part by part; a Source never sees one. name: what ids
    call the file, where other files of the source have its base name; else "".
    """

    number: int
    source: str
    file: str
    start: int
    end: int
    size: int
    etag: str
    secret: str = field(default="", repr=False)
    parts: tuple["Shard", ...] = ()
    name: str = ""

    @property
    def address(self) -> str:
        """What to open."""
        return self.secret or self.file

    @property
    def length(self) -> int:
        """Bytes that are read, or what stands for them."""
        return self.end - self.start


class Source(Protocol):
    """Where rows come from.

    shards() lists the input without reading it, in an order that depends on names alone. read() streams one shard; rows
    it must refuse (a page that is not HTML, a record cut off) are yielded too, marked by drop(), so that they are
    counted. DAMAGE names those rules that mean a damaged file; they become warnings. A file that cannot be read at all
    is a DataError. A Source may have a setting `shard_bytes`: the engine then puts shards together up to that size. One
    that measures has SIGNALS, the schema of its columns besides the documents' own; one with settings that only say
    which shards there are, or how they are read, has HOW, their names, which no fingerprint covers.
    """

    adds: ClassVar[tuple[str, ...]]
    DAMAGE: ClassVar[tuple[str, ...]]

    def shards(self) -> list[Shard]: ...
    def read(self, shard: Shard) -> Iterator[pa.RecordBatch]: ...


class Step(Protocol):
    """One batch, alone. Returns the same rows in the same order, with columns added or rows marked."""

    reads: ClassVar[tuple[str, ...]]
    adds: ClassVar[tuple[str, ...]]

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch: ...


@dataclass(frozen=True)
class Room:
    """What a reduction may use, and how large the whole is.

    memory: bytes it may hold. scratch: a local folder of its own, deleted afterwards. shard_rows: rows of each shard,
    by its number: `_row` is below that. reserved: bytes of the stage's memory that are for other things.
    """

    memory: int
    scratch: str
    shard_rows: Mapping[int, int]
    reserved: int = 0


class Round(Protocol):
    """One exchange: rows are routed by key to partitions, each partition is sorted and reduced.

    route() gets alive documents with `_shard` (int32) and `_row` (int32, position in the shard) added, or, after the
    first round, what the round before reduced to. With of_documents a later round gets documents again: those that the
    round before named by `shard` and `row`, with its other columns added. It returns rows to send on, with a uint64
    `_partition_key`: equal keys meet in one partition, and partitions are ranges of the key, in order. sort_by: the
    order of rows inside a partition; unless it is total, the result must not hang on it; empty: any order will do.
    reduce() streams one partition; it may write JSON of what it counted as FACTS of its batches' schema metadata.
    single: all rows must meet, so there is one partition whatever the size.
    """

    sort_by: ClassVar[tuple[str, ...]]
    single: ClassVar[bool]
    of_documents: ClassVar[bool]

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch: ...
    def reduce(self, rows: Iterator[pa.RecordBatch], room: Room) -> Iterator[pa.RecordBatch]: ...


FACTS = b"facts"
"""Key in a batch's schema metadata: JSON of what a reduction counted besides its rows."""


class Global(Protocol):
    """Looks across documents. Its last round gives verdicts: rows of VERDICT that the engine applies shard by shard."""

    reads: ClassVar[tuple[str, ...]]
    adds: ClassVar[tuple[str, ...]]

    def rounds(self) -> list[Round]: ...


@runtime_checkable
class Concluding(Protocol):
    """A Global that looks at what its last round's partitions counted, before any verdict is applied.

    facts: one a partition. sources: alive documents by source, `` for those without. What it returns goes on record
    as facts.json; a DataError stops the run before anything is written.
    """

    def conclude(self, facts: list[dict[str, Any]], sources: Mapping[str, int]) -> dict[str, Any]: ...


@runtime_checkable
class Remembering(Protocol):
    """A Global that compares with documents of earlier corpora too: rows of Parquet files, in the files' own columns.

    Its first round, and those of_documents, route them by route_earlier(), with `_shard` and `_row` added. What is
    said about them is dropped. earlier() gives {file: its XXH3-128}, which is checked before the file is used.
    """

    def earlier(self) -> Mapping[str, str]: ...


@runtime_checkable
class Rewriting(Protocol):
    """A Global that changes documents instead of judging them: its last round gives rows of SAID, which has `shard` and
    `row`, and rewrite() gets each batch with the rows about it, `row` counted from the batch's first, and with those
    about the whole shard, whose row is negative. Like a Step it returns the same rows in the same order, with columns
    set or rows marked.
    """

    SAID: ClassVar[pa.Schema]

    def rewrite(self, batch: pa.RecordBatch, said: pa.Table) -> pa.RecordBatch: ...


@runtime_checkable
class Repeating(Protocol):
    """A Rewriting Global after which documents may occur more than once: repeat() gets the rows of a batch that stay,
    and gives them and further copies under ids of their own. Not called with --mark-only.
    """

    def repeat(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]: ...


VERDICT = pa.schema(
    [
        ("shard", pa.int32()),
        ("row", pa.int32()),
        ("drop_rule", pa.string()),  # null: the document is kept and only gets its signals
        ("drop_measured", pa.string()),
        ("drop_threshold", pa.string()),
        ("duplicate_of", pa.string()),
        ("similarity", pa.float64()),
        ("cluster_size", pa.int32()),
    ]
)
"""What a Global says of a document, found by shard and row. A document without one is kept, with cluster_size 1."""


@dataclass(frozen=True)
class Cut:
    """One output of a Writer: the rows of the sorted whole whose cumulative weight starts in [low, high)."""

    number: int
    split: str
    low: int
    high: int


@runtime_checkable
class Writer(Protocol):
    """A Global that ends in files of its own instead of verdicts: token shards.

    Its one round routes rows to a total order; each row weighs `_weight` (int64, for example tokens) in a split
    `_split`. cuts() turns the total weight of each split into the outputs; write() makes one of them and says which
    files and facts; finish() gets those facts in order and writes what makes the whole complete.
    """

    reads: ClassVar[tuple[str, ...]]
    adds: ClassVar[tuple[str, ...]]

    def rounds(self) -> list[Round]: ...
    def cuts(self, weights: dict[str, int]) -> list[Cut]: ...
    def write(self, cut: Cut, rows: Iterator[pa.RecordBatch], folder: str) -> tuple[list[str], dict[str, Any]]: ...
    def finish(self, facts: list[dict[str, Any]], folder: str, *, recipe_sha256: str) -> list[str]: ...
