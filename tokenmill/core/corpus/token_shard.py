"""The format of token files: writes, checks and memory-maps shards. tokenize/ and train/ meet only in this format.

A shard consists of three files in one folder, all little-endian:
  <stem>.bin   a 1,024-byte header (words 0-2 as in llm.c, the others for checks), then the ids, nothing after them
  <stem>.idx   Megatron's index with one sequence per document and byte pointers that start at 1,024
  <stem>.docs  Parquet, one row per document in payload order: id, source, url, end, n_bytes, locator
A corpus is a folder of shards in named splits. Its manifest.json is written last, ends with its own checksum, and has
everything that a training run needs to know. The bytes of all files depend on the arguments alone. Reading needs numpy
and xxhash; pyarrow is imported only for .docs.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import xxhash

from tokenmill.core.checked_json import parsed, with_checksum
from tokenmill.core.corpus.token_layout import (
    HEADER_BYTES,
    MANIFEST_VERSION,
    Tokens,
    check_format,
    check_ids,
    checked_payload,
    docs_schema,
    index_bytes,
    pack_header,
    read_header,
    read_index,
    refused,
    token_dtype,
)
from tokenmill.core.errors import DataError, short

if TYPE_CHECKING:
    import pyarrow as pa


Verify = Literal["whole", "sampled", "none"]

_REPAIR = "Get an undamaged copy, or delete the file and run its recipe again, which writes it again."
_FIELDS = {"schema_version", "tokenizer", "splits", "totals", "shuffle_seed", "recipe_hash", "summary"}


class DocumentRow(NamedTuple):
    """A row of .docs. n_bytes: size of the text in UTF-8. Functions also accept a plain tuple in this order."""

    id: str
    source: str
    url: str | None
    n_bytes: int
    locator_file: str | None
    locator_offset: int | None
    locator_length: int | None


@dataclass(frozen=True)
class ShardInfo:
    """A manifest's description of one shard. Hashes are hex digits.

    bytes and sha256 cover the whole .bin; xxh3 is the XXH3-128 of its payload, as in the header; idx_xxh3 and docs_xxh3
    cover the whole .idx and .docs; text_bytes is the sum of n_bytes; min_id and max_id are -1 in an empty shard.
    """

    tokens: int
    documents: int
    bytes: int
    text_bytes: int
    dtype: str
    min_id: int
    max_id: int
    tokens_by_source: dict[str, int]
    xxh3: str
    sha256: str
    idx_xxh3: str
    docs_xxh3: str


@dataclass(frozen=True)
class TokenShard:
    """An open shard. tokens: memory-mapped ids (tokens,). ends: end of each document in tokens, int64 (documents,)."""

    stem: Path
    tokens: Tokens
    ends: npt.NDArray[np.int64]
    vocab_size: int
    bos_id: int
    eos_id: int
    max_id: int
    tokenizer_hash: bytes
    xxh3: str

    def document(self, number: int) -> Tokens:
        """Returns the ids of one document, with BOS first if the corpus has one; a view, not a copy."""
        return self.tokens[self.ends[number - 1] if number else 0 : self.ends[number]]

    def docs(self) -> "pa.Table":
        """Returns the rows of .docs in payload order. Raises DataError if they contradict the index."""
        import pyarrow as pa  # imported only if it is needed

        from tokenmill.core.io.parquet import read_table

        path = f"{self.stem}.docs"
        try:
            table = pa.Table.from_batches(read_table(path), schema=docs_schema())
        except (OSError, pa.ArrowException) as error:
            raise DataError(f"{path}: cannot be read as the .docs of a shard ({error}).") from error
        if not np.array_equal(table["end"].to_numpy().astype(np.int64), self.ends):
            raise refused(path, "document ends", f"{table.num_rows} rows", f"the {len(self.ends)} ends of its .idx")
        return table


def write_token_shard(
    path_stem: str | Path,
    tokens_by_document: Iterable[npt.NDArray[Any]],
    docs: Iterable[tuple[str, str, str | None, int, str | None, int | None, int | None]],
    *,
    vocab_size: int,
    bos_id: int,
    eos_id: int,
    tokenizer_hash: bytes,
) -> ShardInfo:
    """Writes the files of a token shard, <stem>.docs, then .idx, then .bin, each atomically, and describes them.

    tokens_by_document: one integer array (tokens,) per document, which starts with BOS unless bos_id is -1. docs: a
    DocumentRow per document; it is read after all tokens, so it may be a list that is filled meanwhile. tokenizer_hash:
    SHA-256 of tokenizer.json, 32 bytes. The payload is held in memory: 2 or 4 bytes per token. Raises DataError for an
    empty document, a missing BOS, an id outside the vocabulary, more than 2^31 - 1 tokens, or docs that do not match.
    """
    from tokenmill.core.io import parquet, storage

    stem = str(path_stem)
    dtype = token_dtype(vocab_size)
    if len(tokenizer_hash) != 32:
        raise DataError(f"{stem}: tokenizer hash of {len(tokenizer_hash)} bytes; expected the 32 of a SHA-256.")
    payload, lengths = checked_payload(stem, tokens_by_document, vocab_size=vocab_size, bos_id=bos_id)
    rows = [DocumentRow(*row) for row in docs]
    if len(rows) != len(lengths):
        raise DataError(f"{stem}: {len(rows)} docs rows for {len(lengths)} documents; expected one per document.")
    tokens, max_id = sum(lengths), max((int(block.max()) for block in payload), default=-1)
    xxh3 = xxhash.xxh3_128()
    for block in payload:
        xxh3.update(block.data)
    header = pack_header(
        tokens=tokens,
        documents=len(lengths),
        vocab_size=vocab_size,
        max_id=max_id,
        bos_id=bos_id,
        eos_id=eos_id,
        tokenizer_hash=tokenizer_hash,
        xxh3=xxh3.digest(),
    )

    docs_record = parquet.write_table([_docs_batch(stem, rows, lengths)], f"{stem}.docs", schema=docs_schema())
    index_record = storage.write_bytes(f"{stem}.idx", index_bytes(np.array(lengths, dtype=np.int32), vocab_size))
    sha256 = hashlib.sha256(header)
    with storage.open_output(f"{stem}.bin") as file:
        file.write(header)
        for block in payload:
            sha256.update(block.data)
            file.write(block.data)
    by_source: Counter[str] = Counter()
    for row, length in zip(rows, lengths, strict=True):
        by_source[row.source] += length
    return ShardInfo(
        tokens=tokens,
        documents=len(lengths),
        bytes=HEADER_BYTES + tokens * dtype.itemsize,
        text_bytes=sum(row.n_bytes for row in rows),
        dtype=dtype.name,
        min_id=min((int(block.min()) for block in payload), default=-1),
        max_id=max_id,
        tokens_by_source=dict(sorted(by_source.items())),
        xxh3=xxh3.hexdigest(),
        sha256=sha256.hexdigest(),
        idx_xxh3=index_record.xxh3,
        docs_xxh3=docs_record.xxh3,
    )


def open_token_shard(
    path: str | Path, *, verify: Verify = "sampled", tokenizer_hash: bytes | None = None, vocab_size: int | None = None
) -> TokenShard:
    """Memory-maps the token shard at a stem or .bin path, which must be local.

    The header, the sizes and the whole .idx are always checked. "sampled" also checks samples of the ids and BOS; only
    "whole" hashes the payload, which detects every flipped bit. Raises DataError with file, finding and expectation,
    also if tokenizer_hash or vocab_size is given and differs.
    """
    stem = Path(str(path).removesuffix(".bin"))
    place = f"{stem}.bin"
    header = read_header(place)
    if tokenizer_hash not in (None, header.tokenizer_hash):
        raise refused(place, "tokenizer hash", header.tokenizer_hash.hex(), (tokenizer_hash or b"").hex())
    if vocab_size not in (None, header.vocab_size):
        raise refused(place, "vocabulary", header.vocab_size, vocab_size)
    tokens = np.memmap(place, dtype=np.uint8, mode="r")[HEADER_BYTES:].view(token_dtype(header.vocab_size))
    ends = read_index(f"{stem}.idx", header)
    if verify == "whole" and xxhash.xxh3_128_digest(tokens.data) != header.xxh3:
        raise refused(place, "payload xxh3-128", xxhash.xxh3_128_hexdigest(tokens.data), header.xxh3.hex())
    if verify != "none":
        check_ids(place, tokens, ends, header, whole=verify == "whole")
    copied = {name: getattr(header, name) for name in ("vocab_size", "bos_id", "eos_id", "max_id", "tokenizer_hash")}
    return TokenShard(stem, tokens, ends, **copied, xxh3=header.xxh3.hex())


@dataclass(frozen=True)
class Corpus:
    """The contents of a corpus manifest.

    Attributes:
        folder: path or URL of the corpus.
        sha256: checksum of the manifest's bytes, which identifies the data.
        bos_id, eos_id: -1 if there is none.
        splits: {split: {stem of a shard: its ShardInfo}}, in reading order.
        checked: False if the manifest has no checksum of its own, as in earlier versions; then edits are not detected.
        copies: folder for local copies of the shards of a remote corpus. Default: in the user's cache.
    """

    folder: str
    sha256: str
    vocab_size: int
    bos_id: int
    eos_id: int
    tokenizer_hash: bytes
    shuffle_seed: int
    recipe_hash: str
    splits: dict[str, dict[str, ShardInfo]]
    checked: bool
    copies: Path | None = None

    def shards(self, split: str, *, verify: Verify = "sampled") -> list[TokenShard]:
        """Opens the shards of a split in manifest order. Raises DataError if one is damaged or not the listed one."""
        if split not in self.splits:
            raise DataError(f"{self.folder}: no split {split!r}; there are {sorted(self.splits)}.")
        return [self.shard(path, info, verify=verify) for path, info in self.splits[split].items()]

    def shard(self, path: str, info: ShardInfo, *, verify: Verify = "sampled") -> TokenShard:
        """Opens a shard and compares it with the manifest. A shard of a remote corpus is first copied, once."""
        expected = {"tokenizer_hash": self.tokenizer_hash, "vocab_size": self.vocab_size}
        stem = f"{self.folder}/{path}"
        if "://" in stem:
            from tokenmill.core.corpus.local_copy import copies_of, copy_shard  # not needed for local shards

            stem = copy_shard(stem, (self.copies or copies_of(self.sha256)) / path, size=info.bytes)
        shard = open_token_shard(stem, verify=verify, **expected)  # type: ignore[arg-type]
        found = (len(shard.tokens), len(shard.ends), shard.tokens.dtype.name, shard.max_id, shard.xxh3, shard.bos_id)
        listed = (info.tokens, info.documents, info.dtype, info.max_id, info.xxh3, self.bos_id)
        if found != listed:
            what = "tokens, documents, dtype, max_id, xxh3, BOS"
            raise refused(f"{shard.stem}.bin", what, found, f"{listed} of the manifest")
        return shard


def write_corpus_manifest(
    folder: str | Path,
    splits: Mapping[str, Mapping[str, ShardInfo]],
    *,
    vocab_size: int,
    bos_id: int,
    eos_id: int,
    tokenizer_hash: bytes,
    shuffle_seed: int,
    recipe_hash: str,
    summary: Mapping[str, Any] | None = None,
) -> str:
    """Writes a corpus manifest, <folder>/manifest.json, and returns its SHA-256, which identifies the data.

    splits: {split: {stem relative to the folder, such as "train/000000": ShardInfo}}, in reading order. summary: facts
    for people, such as licences and filters. There are no times, commits or absolute paths, so equal data gives an
    equal manifest.
    """
    from tokenmill.core.io import storage

    for stem in (stem for shards in splits.values() for stem in shards):
        _check_stem(str(folder), stem)
    counted = ("tokens", "documents", "text_bytes")
    manifest = {
        "schema_version": MANIFEST_VERSION,
        "tokenizer": {
            "file": "tokenizer/tokenizer.json",
            "sha256": tokenizer_hash.hex(),
            "vocab_size": vocab_size,
            "bos_id": bos_id,
            "eos_id": eos_id,
            "bos_policy": "prepended" if bos_id >= 0 else "none",
        },
        "splits": {name: [{"path": stem, **asdict(info)} for stem, info in of.items()] for name, of in splits.items()},
        "totals": {
            name: {"shards": len(of)} | {key: sum(getattr(info, key) for info in of.values()) for key in counted}
            for name, of in splits.items()
        },
        "shuffle_seed": shuffle_seed,
        "recipe_hash": recipe_hash,
        "summary": dict(summary or {}),
    }
    content = with_checksum(json.dumps(manifest, sort_keys=True, indent=1, ensure_ascii=False).encode())
    storage.write_bytes(storage.join(str(folder), "manifest.json"), content)
    return hashlib.sha256(content).hexdigest()


def read_corpus(path: str | Path) -> Corpus:
    """Reads the corpus manifest at the path of a corpus folder or manifest.

    Opens no shard. Raises DataError for a fault.
    """
    place = str(path).rstrip("/")
    place = place if place.endswith(".json") else f"{place}/manifest.json"
    try:
        content = file_content(place)
    except OSError as error:
        of_a_run = [] if "://" in place else sorted(Path(place).parent.glob("*/corpus/manifest.json"))
        found = " or ".join(str(one.parent) for one in of_a_run)
        advice = f"give the corpus of this run, {found}" if found else "it is written last. Run the recipe to its end"
        raise DataError(f"{place}: cannot be read ({error.strerror}); {advice}") from error
    manifest, checked = _parsed(place, content)
    try:
        tokenizer = manifest["tokenizer"]
        splits = {
            name: {shard.pop("path"): ShardInfo(**shard) for shard in shards}
            for name, shards in manifest["splits"].items()
        }
        corpus = Corpus(
            folder=place.rpartition("/")[0] or ".",
            sha256=hashlib.sha256(content).hexdigest(),
            vocab_size=tokenizer["vocab_size"],
            bos_id=tokenizer["bos_id"],
            eos_id=tokenizer["eos_id"],
            tokenizer_hash=bytes.fromhex(tokenizer["sha256"]),
            shuffle_seed=manifest["shuffle_seed"],
            recipe_hash=manifest["recipe_hash"],
            splits=splits,
            checked=checked,
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise DataError(f"{place}: not a corpus manifest: {error!r}. {_REPAIR}") from error
    for stem in (stem for shards in corpus.splits.values() for stem in shards):
        _check_stem(place, stem)
    return corpus


def _parsed(place: str, content: bytes) -> tuple[dict[str, Any], bool]:
    """Returns (fields of a manifest, True if it has a checksum). Raises DataError for damage or another format."""
    try:
        manifest, checked = parsed(content)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{place}: not as it was written: {error}. {_REPAIR}") from error
    if "schema_version" in manifest:
        check_format(place, manifest["schema_version"])
    wrong = _FIELDS - manifest.keys() if checked else _FIELDS ^ manifest.keys()
    if wrong:
        raise DataError(f"{place}: not a corpus manifest: fields {short(sorted(wrong))} missing or unknown. {_REPAIR}")
    return manifest, checked


def file_content(path: str) -> bytes:
    """Returns the content of a local or remote file of a corpus."""
    from tokenmill.core.io import remote

    return remote.read_bytes(path) if "://" in path else Path(path).read_bytes()


def _docs_batch(stem: str, rows: list[DocumentRow], lengths: list[int]) -> "pa.RecordBatch":
    import pyarrow as pa

    for number, row in enumerate(rows):
        if row.id is None or row.source is None or row.n_bytes is None:
            raise DataError(f"{stem} document {number}: {row}; id, source and n_bytes must be set.")
    ends = np.cumsum(lengths, dtype=np.uint64)
    locators = [
        None if row.locator_file is None else (row.locator_file, row.locator_offset, row.locator_length) for row in rows
    ]
    schema = docs_schema()
    plain = ([row.id for row in rows], [row.source for row in rows], [row.url for row in rows])
    columns = [*plain, ends, [row.n_bytes for row in rows], locators]
    return pa.RecordBatch.from_arrays(
        [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )


def _check_stem(place: str, stem: str) -> None:
    if PurePosixPath(stem).is_absolute() or ".." in PurePosixPath(stem).parts or "://" in stem:
        raise DataError(
            f"{place}: shard path {stem!r}; expected one relative to the corpus folder, such as train/000000."
        )
