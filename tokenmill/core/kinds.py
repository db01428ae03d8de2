"""The contract of units of work: a Source makes rows, a Step changes a batch, a Global compares all documents.

A unit of work is a frozen dataclass. Its fields are its settings. A recipe names it by folder and file:
`filters.gopher_quality` is the class GopherQuality. A unit can be pickled and keeps no state between calls.

Source, Step, Global and Writer list the members that every unit of that kind must have. The protocols below them list
optional members: Packed is for Sources; Filter and Noting for Steps; Concluding, Remembering, Rewriting, Repeating and
Completing for Globals; the others for all kinds. A unit implements a protocol if it has its members; it does not
inherit from it. Before a run, pipeline/planning/contract.py refuses a class that breaks the contract.
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
        number: position among the shards of the source.
        source: the recipe's name for the origin of the documents. It is the column `source` of the documents.
        file: path or URL of the file, without password and signature. It is written to manifests and documents.
        start, end: the part [start, end) of the file that the shard covers. The source counts in bytes or row groups.
        size: size of the whole file in bytes.
        etag: identifies the content of the file; it is found without reading the whole file.
        secret: the URL with its password or signature, if `file` is without them. Default "".
        parts: the shards that the engine packed into this one. A Source gets the parts, never the pack. Default none.
        name: name of the file in ids, if another file of the source has the same base name. Default "".
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
        """The path or URL to open, with password or signature if it needs them."""
        return self.secret or self.file

    @property
    def length(self) -> int:
        """Size of the shard, in the unit of `start` and `end`."""
        return self.end - self.start


@dataclass(frozen=True)
class SourceTraits:
    """Facts about a Source that its rows do not show.

    Attributes:
        damage: rules that mean damage of a file, as `<step>.<rule>`. A warning counts their rows. Default none.
        signals: schema of the columns that the Source adds and that are not columns of a document. Default none.
        unhashed: names of settings that do not affect results, so that no fingerprint covers them. `paths` is never
            covered: it only selects the shards, and a shard's fingerprint covers its own file. Default none.
        same_ids: what the user can do if two rows have one id, for the end of the error. Default "".
    """

    damage: tuple[str, ...] = ()
    signals: pa.Schema = field(default_factory=lambda: pa.schema([]))
    unhashed: tuple[str, ...] = ()
    same_ids: str = ""


@runtime_checkable
class Source(Protocol):
    """Reads documents from files. It is the first unit of its stage.

    Attributes:
        traits: facts about the Source for the engine.
        adds: names of the columns of its batches. `traits.signals` must have those that are not columns of a document.
        shards: lists the shards of the input without reading the files, in an order that depends on names alone.
        read: yields one shard as batches. It also yields rows that it has to reject (a page that is not HTML, a damaged
            record), marked by drop(), so that they are counted. It raises DataError if the file cannot be read at all.
    """

    traits: ClassVar[SourceTraits]

    @property
    def adds(self) -> tuple[str, ...]: ...
    def shards(self) -> list[Shard]: ...
    def read(self, shard: Shard) -> Iterator[pa.RecordBatch]: ...


class Step(Protocol):
    """Changes one batch: returns the same rows in the same order, with columns set or rows marked, each by itself.

    `tokenmill.testing.check_step` tests the whole contract.

    Attributes:
        reads: names of the columns that it needs.
        adds: names of the columns that it adds or changes. Each of the two can be a property, to depend on settings.
    """

    @property
    def reads(self) -> tuple[str, ...]: ...
    @property
    def adds(self) -> tuple[str, ...]: ...
    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch: ...


@dataclass(frozen=True)
class Room:
    """Memory and disk space that a reduction may use.

    Attributes:
        memory: bytes that it may hold.
        scratch: a local folder for this reduction alone. The engine deletes it afterwards.
        shard_rows: {shard number: number of rows}. Each `_row` of a shard is below its number of rows.
        reserved: bytes of the stage's memory that the worker needs for other purposes, not in `memory`. Default 0.
    """

    memory: int
    scratch: str
    shard_rows: Mapping[int, int]
    reserved: int = 0


class Round(Protocol):
    """One exchange of a Global: rows are routed by key to partitions, and each partition is sorted and reduced.

    Attributes:
        sort_by: the columns by which the rows of a partition are sorted. If rows can be equal in all of them, the
            result must not depend on the order of these rows. Empty: rows come in any order.
        single: True if all rows must be in one partition, however many they are.
        of_documents: True for a later round that reads documents again. Its route() gets the documents that the rows of
            the previous round name by `shard` and `row`, with the other columns of those rows added.
        route: returns the rows to send, with a column `_partition_key` (uint64). Rows with equal keys get into the same
            partition; partitions are consecutive ranges of the key. In the first round it gets the documents that no
            rule has marked, with the columns `_shard` (int32) and `_row` (int32, position in the shard). In a later
            round it gets the rows that the previous reduce() returned, unless `of_documents` is True.
        reduce: gets the sorted rows of one partition and yields the result, both as a stream of batches. It may put
            counts into the schema metadata of a batch, as JSON under the key FACTS.
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
    """A round that also routes documents of earlier corpora: rows of the files that Remembering.earlier() lists."""

    def route_earlier(self, batch: pa.RecordBatch) -> pa.RecordBatch: ...


FACTS = b"facts"
"""Key in a batch's schema metadata for the counts of a reduction, as JSON. There is one value per partition."""


@runtime_checkable
class Global(Protocol):
    """Compares documents of all shards. It is the last unit of its stage.

    Attributes:
        reads, adds: as of a Step.
        rounds: returns its rounds, at least one, in order. The last one returns rows of VERDICT, which the engine
            applies shard by shard. A Rewriting Global returns rows of its SAID instead.
    """

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
"""A Global's decision about the document that `shard` and `row` identify. A document without a verdict is kept.

The engine adds the column `<step>.cluster_size` if it is in the Global's `adds`: 1 for documents without a verdict.
"""


@dataclass(frozen=True)
class Cut:
    """One output of a Writer: output `number` of `split`.

    It has the rows of the split before which the total weight of the split's rows, in their order, is in [low, high).
    """

    number: int
    split: str
    low: int
    high: int


@dataclass(frozen=True)
class Finished:
    """The files that complete a Writer's output.

    Attributes:
        files: their paths, without the files of the cuts.
        facts: JSON for the manifest of the whole output. Default empty.
    """

    files: list[str]
    facts: JsonObject = field(default_factory=dict)


@runtime_checkable
class Writer(Global, Protocol):
    """A Global that writes files of its own instead of verdicts, for example token shards.

    It has one round, whose `sort_by` is a total order. The rows of the round have the columns `_split` (string, name of
    a split) and `_weight` (int64, for example the number of tokens).

    Attributes:
        cuts: returns the outputs for {split: total weight}.
        write: writes the rows of one cut into the folder. Returns (paths of the files, facts); the fact `documents` is
            the number of rows.
        finish: writes the files that complete the output, for example its manifest. It gets the facts of all cuts in
            order, and the names of missing inputs.
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
    """A Source whose small shards the engine packs into shards of up to `shard_bytes` bytes; 0 switches that off."""

    @property
    def shard_bytes(self) -> int: ...


@runtime_checkable
class Fingerprinted(Protocol):
    """A unit whose results depend on models, lists or tokenizers. Fingerprints cover their {name: checksum}."""

    def file_checksums(self) -> dict[str, str]: ...


@runtime_checkable
class Requiring(Protocol):
    """A unit whose results depend on packages that its module does not import.

    packages() returns the names of their distributions. Fingerprints cover the versions of those that are installed.
    """

    def packages(self) -> tuple[str, ...]: ...


@runtime_checkable
class Calling(Protocol):
    """A unit that calls functions which its settings name: called_functions() returns each as `module:function`.

    The modules must be inside `--plugins`. Fingerprints cover their code and that of all modules that they import.
    """

    def called_functions(self) -> tuple[str, ...]: ...


@runtime_checkable
class Typing(Protocol):
    """A unit whose settings decide the types of the columns that it adds: column_types() returns {column: type}.

    A stage with several inputs gives each shard the columns of all inputs, so its fingerprints cover these types.
    """

    def column_types(self) -> Mapping[str, str]: ...


@runtime_checkable
class NeedsFiles(Protocol):
    """A unit that needs files other than documents, for example a model. The engine checks them before anything runs.

    check_files() raises RecipeError, with advice, if a file is missing. It does not read the files.
    """

    def check_files(self) -> None: ...


@runtime_checkable
class Advising(Protocol):
    """A unit that adds a line to the output of `pipeline plan`: the text that outlook() returns."""

    def outlook(self) -> str: ...


@runtime_checkable
class Filter(Step, Protocol):
    """A Step that marks rows by its RULES, {name of the rule: Rule}.

    It may have EXAMPLES for `tokenmill.testing.check_examples`: (text or {column: value}, the rule that drops it).
    """

    RULES: ClassVar[dict[str, Rule]]


@runtime_checkable
class Noting(Protocol):
    """A Step that counts what it could not treat, by name, with core.columns.note. TOPICS: plural nouns for reports."""

    TOPICS: ClassVar[tuple[str, ...]]


@runtime_checkable
class Exemplary(Protocol):
    """A unit with settings that have no default. Tests call example() to get one."""

    @classmethod
    def example(cls) -> Self: ...


@runtime_checkable
class Concluding(Protocol):
    """A Global that sums or checks the counts of its last round before the engine applies any verdict.

    conclude() returns the JSON for facts.json. `facts` has the FACTS of each partition of the last round; `sources` is
    {source: number of documents}, with "" for none. DataError stops the stage before any document is changed.
    """

    def conclude(self, facts: list[JsonObject], sources: Mapping[str, int]) -> JsonObject: ...


@runtime_checkable
class Remembering(Protocol):
    """A Global that also compares with documents of earlier corpora, which are rows of Parquet files.

    earlier() returns {file: its XXH3-128 in hex digits}, which the engine checks before it uses the file. The first
    round, and each with `of_documents`, must be an EarlierRound. Verdicts about earlier documents are discarded.
    """

    def earlier(self) -> Mapping[str, str]: ...


@runtime_checkable
class Rewriting(Protocol):
    """A Global that changes documents instead of returning verdicts.

    Attributes:
        SAID: schema of the rows that its last round returns. It has the columns `shard` and `row`. A negative `row`
            means the whole shard.
        rewrite: returns the rows of a batch in the same order, with columns set or rows marked, as a Step does. `said`
            has the rows of SAID about this batch, with `row` counted from the first row of the batch, and the rows
            about the whole shard, with a negative `row`.
    """

    SAID: ClassVar[pa.Schema]

    def rewrite(self, batch: pa.RecordBatch, said: pa.Table) -> pa.RecordBatch: ...


@runtime_checkable
class Repeating(Protocol):
    """A Rewriting Global that may output several copies of a document.

    repeat() gets the rows of a batch that are not marked. It yields them and their further copies, which have ids of
    their own. The engine does not call it with --mark-only.
    """

    def repeat(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]: ...


@runtime_checkable
class Completing(Protocol):
    """A Global that takes missing settings from the Steps of its stage: completed() returns it with all settings."""

    def completed(self, steps: Sequence[Step]) -> Self: ...
