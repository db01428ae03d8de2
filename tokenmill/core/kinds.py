"""The three kinds of work: a Source makes rows, a Step changes one batch, a Global compares documents of all shards.

A unit of work is a frozen dataclass. Its fields are its settings. A recipe names it by folder and file:
`filters.gopher_quality` is the class GopherQuality. Units pickle, and keep no state between calls.

What every unit of a kind must have is in the protocols Source, Step, Global and Writer. What a unit may have besides is
in the small protocols below them: Packed, Fingerprinted, Requiring, Calling, Typing, Advising, Filter for all kinds of
work; Concluding, Remembering, Rewriting, Repeating, Completing for Globals. The engine asks for each with isinstance; a
unit has it by having its members. pipeline/planning/contract.py refuses a class that breaks the contract before
anything runs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import pyarrow as pa

from tokenmill.core.rules import Rule

JsonObject = dict[str, Any]
"""A JSON object as the json module reads and writes it."""


@dataclass(frozen=True)
class Shard:
    """A part of a source that one task reads.

    Attributes:
        number: place among the shards of the source.
        source: the recipe's name for where documents come from.
        file: path or URL, without password and signature. It is on record.
        start, end: the part of the file, in bytes or row groups, as the source counts.
        size: bytes of the whole file.
        etag: identifies the file's content without reading all of it.
        secret: the URL with its password or signature, if `file` lacks one. Default "".
        parts: the shards that the engine packed into this one. A Source never sees such a shard. Default none.
        name: what ids call the file, if other files of the source have the same base name. Default "".
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
        """Bytes to read, or the source's measure for them."""
        return self.end - self.start


@dataclass(frozen=True)
class SourceTraits:
    """What the engine may know about a Source besides its rows.

    Attributes:
        damage: rules that mean a damaged file, as `<step>.<rule>`. Their counts become warnings. Default none.
        signals: schema of the columns that it adds besides those of a document. Default none.
        unhashed: names of settings that do not affect results, left out of the fingerprint. The setting `paths`
            always is: it only says which shards there are, and the fingerprint of each shard has its own file.
            Default none.
    """

    damage: tuple[str, ...] = ()
    signals: pa.Schema = field(default_factory=lambda: pa.schema([]))
    unhashed: tuple[str, ...] = ()


@runtime_checkable
class Source(Protocol):
    """Makes rows.

    shards() lists the input without reading it, in an order that depends on names alone. read() streams one shard. Rows
    that it must refuse (a page that is not HTML, a damaged record) are yielded too, marked by drop(), so that they are
    counted. A file that cannot be read at all is a DataError.
    """

    traits: ClassVar[SourceTraits]

    @property
    def adds(self) -> tuple[str, ...]: ...
    def shards(self) -> list[Shard]: ...
    def read(self, shard: Shard) -> Iterator[pa.RecordBatch]: ...


class Step(Protocol):
    """Changes one batch: returns the same rows in the same order, with columns added or rows marked.

    reads, adds: names of columns. A unit whose columns depend on its settings has properties of these names.
    """

    @property
    def reads(self) -> tuple[str, ...]: ...
    @property
    def adds(self) -> tuple[str, ...]: ...
    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch: ...


@dataclass(frozen=True)
class Room:
    """What a reduction may use.

    Attributes:
        memory: bytes that it may hold.
        scratch: a local folder of its own, deleted afterwards.
        shard_rows: number of rows by shard number. `_row` is below that.
        reserved: bytes of the stage's memory that are for other things. Default 0.
    """

    memory: int
    scratch: str
    shard_rows: Mapping[int, int]
    reserved: int = 0


class Round(Protocol):
    """One exchange: rows are routed by key to partitions; each partition is sorted and reduced.

    route() gets documents that no rule has marked, with `_shard` (int32) and `_row` (int32, position in the shard); a
    later round gets what the round before reduced to. It returns the rows to send, with a uint64 `_partition_key`:
    equal keys meet in one partition, and partitions are ranges of the key, in order. reduce() streams one partition; it
    may write JSON of what it counted as FACTS into the schema metadata of its batches.

    sort_by: the order of rows in a partition. Unless it is total, the result must not depend on it. Empty: any order.
    single: all rows must meet, so there is one partition, whatever the size.
    of_documents: a later round that gets documents again: those that the round before named by `shard` and `row`, with
    the other columns of that round added.
    """

    @property
    def sort_by(self) -> tuple[str, ...]: ...
    @property
    def single(self) -> bool: ...
    @property
    def of_documents(self) -> bool: ...
    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch: ...
    def reduce(self, rows: Iterator[pa.RecordBatch], room: Room) -> Iterator[pa.RecordBatch]: ...


@runtime_checkable
class EarlierRound(Round, Protocol):
    """A round that also routes documents of earlier corpora, in the columns of their files."""

    def route_earlier(self, batch: pa.RecordBatch) -> pa.RecordBatch: ...


FACTS = b"facts"
"""Key in a batch's schema metadata: JSON of what a reduction counted besides its rows."""


@runtime_checkable
class Global(Protocol):
    """Compares documents of all shards. Its last round gives rows of VERDICT, which the engine applies per shard."""

    @property
    def reads(self) -> tuple[str, ...]: ...
    @property
    def adds(self) -> tuple[str, ...]: ...
    def rounds(self) -> Sequence[Round]: ...


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
"""What a Global decides about a document, found by shard and row. A document without one is kept, cluster_size 1."""


@dataclass(frozen=True)
class Cut:
    """One output of a Writer: the rows of the sorted whole whose cumulative weight starts in [low, high)."""

    number: int
    split: str
    low: int
    high: int


@dataclass(frozen=True)
class Finished:
    """What a Writer made besides its cuts.

    Attributes:
        files: paths.
        facts: goes into the manifest of the whole.
    """

    files: list[str]
    facts: JsonObject = field(default_factory=dict)


@runtime_checkable
class Writer(Global, Protocol):
    """A Global that ends in files of its own instead of verdicts, for example token shards.

    Its one round routes rows to a total order; each row weighs `_weight` (int64, for example tokens) in a split
    `_split`. cuts() turns the total weight of each split into the outputs. write() makes one of them and returns its
    files and facts; the fact `documents` is the number of rows. finish() gets those facts in order, and the names of
    inputs that are missing, and writes what makes the whole complete.
    """

    def cuts(self, weights: dict[str, int]) -> list[Cut]: ...
    def write(self, cut: Cut, rows: Iterator[pa.RecordBatch], folder: str) -> tuple[list[str], JsonObject]: ...
    def finish(
        self, facts: list[JsonObject], folder: str, *, recipe_sha256: str, missing: Sequence[str]
    ) -> Finished: ...


Unit = Source | Step | Global
"""A unit of work of any kind."""


@runtime_checkable
class Packed(Protocol):
    """A Source with a setting `shard_bytes`: the engine packs its small shards up to that size, in bytes."""

    @property
    def shard_bytes(self) -> int: ...


@runtime_checkable
class Fingerprinted(Protocol):
    """A unit whose results depend on files that are not documents: {name: checksum} of models, lists, tokenizers."""

    def file_checksums(self) -> dict[str, str]: ...


@runtime_checkable
class Requiring(Protocol):
    """A unit whose results depend on packages that its module does not import: names of distributions, which count if
    they are installed.
    """

    def packages(self) -> tuple[str, ...]: ...


@runtime_checkable
class Calling(Protocol):
    """A unit that calls functions which its settings name, each as `module:function`. They must be inside `--plugins`,
    and the code that they reach is part of fingerprints.
    """

    def called_functions(self) -> tuple[str, ...]: ...


@runtime_checkable
class Typing(Protocol):
    """A unit whose settings decide the types of columns that it adds: {column: type}, in names of its own.

    A stage over several inputs gives its shards the columns of all of them, so its fingerprints cover these types.
    """

    def column_types(self) -> Mapping[str, str]: ...


@runtime_checkable
class NeedsFiles(Protocol):
    """A unit that needs files besides documents, for example a model, and looks for them before anything runs.

    check_files() raises RecipeError, with what to do, if one is not there. It reads none of them.
    """

    def check_files(self) -> None: ...


@runtime_checkable
class Advising(Protocol):
    """A unit that has something to say in `pipeline plan`: one line of text."""

    def outlook(self) -> str: ...


@runtime_checkable
class Filter(Step, Protocol):
    """A Step that marks rows by RULES: {name of the rule: Rule}. EXAMPLES of its file are run by a test."""

    RULES: ClassVar[dict[str, Rule]]


@runtime_checkable
class Exemplary(Protocol):
    """A unit that needs settings and gives an example of itself, for tests."""

    @classmethod
    def example(cls) -> Self: ...


@runtime_checkable
class Concluding(Protocol):
    """A Global that looks at what its last round's partitions counted, before any verdict is applied.

    facts: one per partition. sources: number of documents by source; "" for those without. The result is written to
    facts.json. A DataError stops the run before anything is changed.
    """

    def conclude(self, facts: list[JsonObject], sources: Mapping[str, int]) -> JsonObject: ...


@runtime_checkable
class Remembering(Protocol):
    """A Global that also compares with documents of earlier corpora: rows of Parquet files.

    earlier() gives {file: its XXH3-128}, which is checked before the file is used. The first round, and those
    of_documents, are EarlierRounds. Verdicts about earlier documents are discarded.
    """

    def earlier(self) -> Mapping[str, str]: ...


@runtime_checkable
class Rewriting(Protocol):
    """A Global that changes documents instead of judging them.

    Its last round gives rows of SAID, which has `shard` and `row`. rewrite() gets each batch with the rows about it,
    `row` counted from the first row of the batch, and with the rows about the whole shard, whose `row` is negative.
    Like a Step it returns the same rows in the same order, with columns set or rows marked.
    """

    SAID: ClassVar[pa.Schema]

    def rewrite(self, batch: pa.RecordBatch, said: pa.Table) -> pa.RecordBatch: ...


@runtime_checkable
class Repeating(Protocol):
    """A Rewriting Global after which a document may occur several times.

    repeat() gets the rows of a batch that stay; it yields them, and more copies under ids of their own. It is not
    called with --mark-only.
    """

    def repeat(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]: ...


@runtime_checkable
class Completing(Protocol):
    """A Global that takes settings it was not given from the Steps of its stage."""

    def completed(self, steps: Sequence[Step]) -> Self: ...
