"""Encoded documents to a corpus: shuffled globally, split into train and val, cut into token shards.

The order is by a keyed hash of the document id, so it is a permutation that depends on the seed and the ids alone. The
split is by another, so a document stays in its split when others come or go. Nothing depends on partitions or batches.
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
from tokenmill.core.errors import RecipeError
from tokenmill.core.io import storage
from tokenmill.core.kinds import Cut, Finished, JsonObject, Room, Round, Step
from tokenmill.tokenize.copies import originals
from tokenmill.tokenize.tokenizer_json import read_tokenizer

logger = logging.getLogger(__name__)

SPLITS = ("train", "val")
MOST_TOKENS = 1 << 30  # a shard counts tokens in 31 bits, and its last document may run over

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
"""What a document is sent on as. source, url and locator are null where the batch lacks them."""


@dataclass(frozen=True)
class Shuffle:
    """The one exchange: documents ordered by a keyed hash of their id. val: share of documents in that split."""

    seed: int
    val: float

    sort_by: ClassVar[tuple[str, ...]] = ("_partition_key", "id")
    single: ClassVar[bool] = False
    of_documents: ClassVar[bool] = False

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Rows of ROUTED, one a document."""
        ids = batch.column("id").to_pylist()
        documents = originals(batch).to_pylist()  # copies are in the split of their document
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
        """The rows as they are: the exchange has sorted them."""
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
    """A Writer: `<split>/<number>.bin`, `.idx` and `.docs`, the tokenizer, and last the manifest.

    tokens_per_shard: a shard closes with the document in which it reaches so many tokens, so it may be longer by that
    document. val: share of documents, by hash of their id. seed: of the shuffle and the split. tokenizer, bos: as in
    tokenize.encode of the same stage, from which they are taken where tokenizer is empty.
    Where one document is longer than a shard, the numbers of the shards that it swallows are left out.
    """

    tokens_per_shard: int = 100_000_000
    val: float = 0.001
    seed: int = 0
    tokenizer: str = ""
    bos: str | None = "<|endoftext|>"

    reads: ClassVar[tuple[str, ...]] = ("id", "_tokens", "encode.n_bytes")
    adds: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.tokens_per_shard <= MOST_TOKENS:
            raise RecipeError(f"tokens_per_shard: found {self.tokens_per_shard}; expected 1 to {MOST_TOKENS}")
        if not 0 <= self.val <= 1:
            raise RecipeError(f"val: found {self.val}; expected a share in 0..1")
        if self.tokenizer:
            read_tokenizer(self.tokenizer).bos_id(self.bos)

    def file_checksums(self) -> dict[str, str]:
        """The SHA-256 of the tokenizer, which every shard names."""
        return {"tokenizer": read_tokenizer(self.tokenizer).sha256.hex()}

    def completed(self, steps: Sequence[Step]) -> Self:
        """With the tokenizer and BOS of the stage's encoder, unless it has a tokenizer of its own."""
        encoders = (step for step in steps if isinstance(step, _Encoding))
        found = None if self.tokenizer else next(encoders, None)
        return self if found is None else dataclasses.replace(self, tokenizer=found.tokenizer, bos=found.bos)

    def rounds(self) -> list[Round]:
        return [Shuffle(self.seed, self.val)]

    def cuts(self, weights: dict[str, int]) -> list[Cut]:
        """Shard k of a split holds the documents that begin in tokens [k, k + 1) * tokens_per_shard of the split."""
        size = self.tokens_per_shard
        return [
            Cut(number, split, number * size, (number + 1) * size)
            for split in sorted(weights)
            for number in range(-(-weights[split] // size))
        ]

    def write(self, cut: Cut, rows: Iterator[pa.RecordBatch], folder: str) -> tuple[list[str], JsonObject]:
        """(paths of the files, facts: split, number and the fields of ShardInfo) for the rows of one cut.

        rows are streamed; write_token_shard holds the shard's ids in memory. No rows: no files, facts of 0 documents.
        """
        facts = {"split": cut.split, "number": cut.number}
        filled = (batch for batch in rows if batch.num_rows)
        first = next(filled, None)
        if first is None:
            return [], facts | {"documents": 0, "tokens": 0}
        file = read_tokenizer(self.tokenizer)
        stem = storage.join(folder, cut.split, f"{cut.number:06d}")
        docs: list[tuple[Any, ...]] = []
        info = write_token_shard(
            stem,
            _documents(itertools.chain([first], filled), docs),
            docs,
            vocab_size=file.vocab_size,
            bos_id=file.bos_id(self.bos),
            eos_id=-1,
            tokenizer_hash=file.sha256,
        )
        return [f"{stem}.{suffix}" for suffix in ("bin", "idx", "docs")], facts | dataclasses.asdict(info)

    def finish(self, facts: list[JsonObject], folder: str, *, recipe_sha256: str) -> Finished:
        """Copies the tokenizer, then writes manifest.json. facts: as write() gave them, in order."""
        file = read_tokenizer(self.tokenizer)
        fields = [field.name for field in dataclasses.fields(ShardInfo)]
        splits: dict[str, dict[str, ShardInfo]] = {split: {} for split in SPLITS}
        for fact in facts:
            if fact["documents"]:
                stem = f"{fact['split']}/{fact['number']:06d}"
                splits[fact["split"]][stem] = ShardInfo(**{name: fact[name] for name in fields})
        if self.val and splits["train"] and not splits["val"]:
            logger.warning("no document fell into val, a share of %g; raise val to validate on this corpus", self.val)
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
            summary={"tokens_per_shard": self.tokens_per_shard, "val": self.val},
        )
        tokens = {split: sum(info.tokens for info in shards.values()) for split, shards in splits.items()}
        return Finished([copy.path, storage.join(folder, "manifest.json")], {"tokens": tokens})


def _documents(rows: Iterator[pa.RecordBatch], docs: list[tuple[Any, ...]]) -> Iterator[npt.NDArray[np.uint32]]:
    """The ids of each document, views of the batch; `docs` gets what is said of it, as the batch comes by."""
    for batch in rows:
        docs.extend(_said(batch))
        tokens = batch.column("tokens")
        values = tokens.values.to_numpy()
        ends = tokens.offsets.to_numpy()
        for start, end in itertools.pairwise(ends.tolist()):
            yield values[start:end]


def _said(batch: pa.RecordBatch) -> Iterator[tuple[Any, ...]]:
    """(id, source, url, n_bytes, file, offset, length) for each row; a source unknown is ""."""
    source = pc.fill_null(batch.column("source"), "")
    places = (pc.struct_field(batch.column("locator"), name) for name in LOCATOR.names)
    columns = (batch.column("id"), source, batch.column("url"), batch.column("n_bytes"), *places)
    return zip(*(column.to_pylist() for column in columns), strict=True)
