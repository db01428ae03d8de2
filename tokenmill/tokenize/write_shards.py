"""Writes encoded documents as a corpus: shuffled globally, split into train and val, cut into token shards.

The order is that of a keyed hash of the document id, so it depends only on the seed and the ids. Another keyed hash
decides the split, so a document stays in its split when other documents are added or removed. Nothing depends on
partitions or batches.
"""

import dataclasses
import itertools
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.chance import keyed_hash, unit_interval
from tokenmill.core.columns import LOCATOR
from tokenmill.core.corpus.token_shard import ShardInfo, write_corpus_manifest, write_token_shard
from tokenmill.core.io import storage
from tokenmill.core.kinds import Cut, Finished, JsonObject, Room, Round, Step
from tokenmill.core.rules import check_numbers
from tokenmill.tokenize.copies import originals
from tokenmill.tokenize.tokenizer_json import read_tokenizer

logger = logging.getLogger(__name__)

SPLITS = ("train", "val")
MOST_TOKENS = 1 << 30  # a shard counts tokens in 31 bits, and its last document may go beyond the limit

ROUTED = pa.schema(
    [
        ("_partition_key", pa.uint64()),
        ("_split", pa.string()),
        ("_weight", pa.int64()),  # tokens
        ("id", pa.string()),
        ("source", pa.string()),
        ("url", pa.string()),
        ("n_bytes", pa.int64()),
        ("locator", LOCATOR),
        ("tokens", pa.large_list(pa.uint32())),
    ]
)
"""The columns of a document in the exchange. source, url and locator are null if the batch does not have them."""


@dataclass(frozen=True)
class Shuffle:
    """Sorts documents by a keyed hash of their id. val: share of documents in the split val, 0 to 1."""

    seed: int
    val: float

    sort_by: ClassVar[tuple[str, ...]] = ("_partition_key", "id")
    single: ClassVar[bool] = False
    of_documents: ClassVar[bool] = False

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Returns rows of ROUTED, one per document."""
        ids = batch.column("id").to_pylist()
        documents = originals(batch).to_pylist()  # a copy is in the split of its document
        chance = unit_interval(keyed_hash(self.seed, "write_shards.val", documents))
        tokens = batch.column("_tokens")
        columns = {
            "_partition_key": pa.array(keyed_hash(self.seed, "write_shards", ids)),
            "_split": pa.array(np.where(chance < self.val, "val", "train").tolist(), type=pa.string()),
            "_weight": pc.list_value_length(tokens),
            "n_bytes": batch.column("encode.n_bytes"),
            "tokens": tokens,
        }
        for name in ("id", "source", "url", "locator"):
            if name in batch.schema.names:
                columns[name] = batch.column(name)
        arrays = [
            columns[field.name].cast(field.type) if field.name in columns else pa.nulls(batch.num_rows, field.type)
            for field in ROUTED
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=ROUTED)

    def reduce(self, rows: Iterator[pa.RecordBatch], room: Room) -> Iterator[pa.RecordBatch]:
        """Returns the rows unchanged: the exchange sorts them."""
        return rows


@runtime_checkable
class _Encoding(Protocol):
    """A Step that encodes texts, such as tokenize.encode."""

    @property
    def tokenizer(self) -> str: ...
    @property
    def bos(self) -> str | None: ...


@dataclass(frozen=True)
class WriteShards:
    """Writes `<split>/<number>.bin`, `.idx` and `.docs`, the tokenizer, and last the manifest.

    If one document is longer than a shard, the numbers of the shards that it covers completely are left out.

    Attributes:
        tokens_per_shard: a shard ends with the document in which it reaches this number of tokens, so it may be longer
            by that document. 1 to 2^30. Default 100,000,000.
        val: share of documents in the split val, 0 to 1, by hash of their id. Default 0.001.
        seed: seed of the shuffle and the split. Default: the recipe's seed.
        tokenizer: path or URL of the tokenizer.json that tokenize.encode used. If empty, tokenizer and bos are those of
            tokenize.encode in the same stage. Default empty.
        bos: special token before each document; None means no token. Default <|endoftext|>.
    """

    tokens_per_shard: int = 100_000_000
    val: float = 0.001
    seed: int = 0
    tokenizer: str = ""
    bos: str | None = "<|endoftext|>"

    reads: ClassVar[tuple[str, ...]] = ("id", "_tokens", "encode.n_bytes")
    adds: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        check_numbers(self, "tokens_per_shard", low=1, high=MOST_TOKENS)
        check_numbers(self, "val", high=1)
        if self.tokenizer:
            read_tokenizer(self.tokenizer).bos_id(self.bos)

    def file_checksums(self) -> dict[str, str]:
        """Returns {"tokenizer": SHA-256 of its file}, for the fingerprint."""
        return {"tokenizer": read_tokenizer(self.tokenizer).sha256.hex()}

    def completed(self, steps: Sequence[Step]) -> Self:
        """Returns the unit with the tokenizer and BOS of the stage's encoder, unless `tokenizer` is set."""
        encoders = (step for step in steps if isinstance(step, _Encoding))
        found = None if self.tokenizer else next(encoders, None)
        return self if found is None else dataclasses.replace(self, tokenizer=found.tokenizer, bos=found.bos)

    def rounds(self) -> list[Round]:
        return [Shuffle(self.seed, self.val)]

    def cuts(self, weights: dict[str, int]) -> list[Cut]:
        """Returns the cuts. Shard k of a split has the documents that begin in tokens [k, k + 1) * tokens_per_shard of
        the split.
        """
        size = self.tokens_per_shard
        return [
            Cut(number, split, number * size, (number + 1) * size)
            for split in sorted(weights)
            for number in range(-(-weights[split] // size))
        ]

    def write(self, cut: Cut, rows: Iterator[pa.RecordBatch], folder: str) -> tuple[list[str], JsonObject]:
        """Writes the token shard of one cut. Returns (paths of the files, facts: split, number, fields of ShardInfo).

        Streams the rows; write_token_shard keeps the document ids of the shard in memory. Without rows, it writes no
        files, and the facts have 0 documents.
        """
        facts = {"split": cut.split, "number": cut.number}
        filled = (batch for batch in rows if batch.num_rows)
        first = next(filled, None)
        if first is None:
            return [], facts | {"documents": 0, "tokens": 0}
        file = read_tokenizer(self.tokenizer)
        stem = storage.join(folder, cut.split, f"{cut.number:06d}")
        docs_rows: list[tuple[Any, ...]] = []
        info = write_token_shard(
            stem,
            _token_arrays(itertools.chain([first], filled), docs_rows),
            docs_rows,
            vocab_size=file.vocab_size,
            bos_id=file.bos_id(self.bos),
            eos_id=-1,
            tokenizer_hash=file.sha256,
        )
        return [f"{stem}.{suffix}" for suffix in ("bin", "idx", "docs")], facts | dataclasses.asdict(info)

    def finish(
        self, facts: list[JsonObject], folder: str, *, recipe_sha256: str, missing: Sequence[str] = ()
    ) -> Finished:
        """Copies the tokenizer, then writes manifest.json. facts: the results of write(), in order."""
        file = read_tokenizer(self.tokenizer)
        fields = [field.name for field in dataclasses.fields(ShardInfo)]
        splits: dict[str, dict[str, ShardInfo]] = {split: {} for split in SPLITS}
        for fact in facts:
            if fact["documents"]:
                stem = f"{fact['split']}/{fact['number']:06d}"
                splits[fact["split"]][stem] = ShardInfo(**{name: fact[name] for name in fields})
        if self.val and splits["train"] and not splits["val"]:
            logger.warning("no document is in the split val (share %g); raise val to validate on this corpus", self.val)
        copy = storage.write_bytes(storage.join(folder, "tokenizer", "tokenizer.json"), file.content)
        write_corpus_manifest(
            folder,
            splits,
            vocab_size=file.vocab_size,
            bos_id=file.bos_id(self.bos),
            eos_id=-1,
            tokenizer_hash=file.sha256,
            shuffle_seed=self.seed,
            recipe_hash=recipe_sha256,
            summary={"tokens_per_shard": self.tokens_per_shard, "val": self.val}
            | ({"missing": list(missing)} if missing else {}),
        )
        tokens = {split: sum(info.tokens for info in shards.values()) for split, shards in splits.items()}
        return Finished([copy.path, storage.join(folder, "manifest.json")], {"tokens": tokens})


def _token_arrays(rows: Iterator[pa.RecordBatch], docs_rows: list[tuple[Any, ...]]) -> Iterator[npt.NDArray[np.uint32]]:
    """Yields the token ids of each document, as views of the batch. Appends its row of the `.docs` file."""
    for batch in rows:
        docs_rows.extend(_rows_of_docs(batch))
        tokens = batch.column("tokens")
        values = tokens.values.to_numpy()
        ends = tokens.offsets.to_numpy()
        for start, end in itertools.pairwise(ends.tolist()):
            yield values[start:end]


def _rows_of_docs(batch: pa.RecordBatch) -> Iterator[tuple[Any, ...]]:
    """Yields (id, source, url, n_bytes, file, offset, length) of each document; an unknown source is ""."""
    source = pc.fill_null(batch.column("source"), "")
    places = (pc.struct_field(batch.column("locator"), name) for name in LOCATOR.names)
    columns = (batch.column("id"), source, batch.column("url"), batch.column("n_bytes"), *places)
    return zip(*(column.to_pylist() for column in columns), strict=True)
