"""Encodes text to token ids, with BOS before each document.

The tokenizer is a Hugging Face tokenizer.json. gigatoken encodes; a sample of each batch is encoded again with
`tokenizers`, which is the reference. Text never becomes a special token: "<|endoftext|>" in a text is encoded as
ordinary characters, and a document that yields a special id nevertheless is dropped.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.chance import keyed_hash
from tokenmill.core.columns import drop, set_column
from tokenmill.core.errors import DataError
from tokenmill.core.rules import check_numbers
from tokenmill.tokenize.encoders import Ids, Kind, Offsets, load_encoder, load_reference
from tokenmill.tokenize.tokenizer_json import TokenizerFile, read_tokenizer

CHECKED_BYTES = 1 << 20  # larger texts are not compared: the reference needs 30 s for 10 MB without a space


@dataclass(frozen=True)
class Encode:
    """Adds `_tokens` (large_list<uint32>, BOS first) and the signals n_tokens (with BOS) and n_bytes (of the text).

    A text without tokens gets no BOS and is dropped by the rule `encode.empty`. A text that yields a special id is
    dropped by `encode.special`. Raises RecipeError if the tokenizer does not load or bos is unknown; DataError if the
    ids of gigatoken and `tokenizers` differ.

    Attributes:
        tokenizer: path or URL of a tokenizer.json. Required.
        bos: special token before each document; None means no token. Default <|endoftext|>.
        check: share of the documents of each batch, 0 to 1, whose ids are compared with those of `tokenizers`, rounded
            up to a whole document; 0 switches the check off. Texts of more than 1 MiB are not compared. Default 0.001.
        encoder: gigatoken, tokenizers, or auto: gigatoken if it supports the tokenizer. Default auto.
    """

    tokenizer: str
    bos: str | None = "<|endoftext|>"
    check: float = 0.001
    encoder: Kind = "auto"

    reads: ClassVar[tuple[str, ...]] = ("id", "text")
    adds: ClassVar[tuple[str, ...]] = ("_tokens", "encode.n_tokens", "encode.n_bytes")

    def __post_init__(self) -> None:
        check_numbers(self, "check", high=1)
        file = read_tokenizer(self.tokenizer)
        file.bos_id(self.bos)
        load_reference(file)
        if self.encoder == "gigatoken":
            load_encoder(file, self.encoder)

    def file_checksums(self) -> dict[str, str]:
        """Returns {"tokenizer": SHA-256 of its file}, for the fingerprint."""
        return {"tokenizer": read_tokenizer(self.tokenizer).sha256.hex()}

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        file = read_tokenizer(self.tokenizer)
        encode = load_encoder(file, self.encoder)
        texts = pc.fill_null(batch.column("text").cast(pa.large_string()), "")
        n_bytes = pc.binary_length(texts)
        ids, offsets = encode(texts)
        if encode.name != "tokenizers":
            self._check(file, batch.column("id"), texts, n_bytes.to_numpy(), ids, offsets)
        injected = _special_tokens(file, ids, offsets)
        empty = np.diff(offsets) == 0
        ids, offsets = _with_bos(ids, offsets, file.bos_id(self.bos))
        batch = set_column(batch, "_tokens", pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(ids)))
        batch = set_column(batch, "encode.n_tokens", pa.array(np.diff(offsets)))
        batch = set_column(batch, "encode.n_bytes", n_bytes)
        batch = drop(batch, empty, "encode.empty", 0, 1)
        return drop(batch, injected.is_valid(), "encode.special", injected, None)

    def _check(
        self,
        file: TokenizerFile,
        documents: pa.Array,
        texts: pa.Array,
        n_bytes: npt.NDArray[np.int64],
        ids: Ids,
        offsets: Offsets,
    ) -> None:
        for row in _sample(documents, n_bytes, self.check):
            expected = load_reference(file).ids(texts[row].as_py())
            found = ids[offsets[row] : offsets[row + 1]]
            if not np.array_equal(found, expected):
                raise DataError(
                    f"document {documents[row].as_py()!r}: gigatoken gives {len(found)} ids and tokenizers "
                    f"{len(expected)}, and the ids are not the same. Set `encoder: tokenizers` in tokenize.encode."
                )


def _sample(documents: pa.Array, n_bytes: npt.NDArray[np.int64], share: float) -> list[int]:
    """Returns the rows to check: those with the lowest keyed hashes of their ids; at least one, or none for share 0."""
    rows = np.flatnonzero(n_bytes <= CHECKED_BYTES)
    if not share or not len(rows):
        return []
    hashes = keyed_hash(0, "encode", documents.to_pylist())[rows]
    chosen: list[int] = rows[np.argsort(hashes, kind="stable")[: int(np.ceil(share * len(rows)))]].tolist()
    return chosen


def _special_tokens(file: TokenizerFile, ids: Ids, offsets: Offsets) -> pa.Array:
    """Returns for each row a special token that the text itself yields, otherwise null; string (rows,).

    A byte-level BPE cannot yield one; a vocabulary of whole words can.
    """
    names: dict[int, Any] = {id: token for token, id in file.special.items() if id != file.unknown_id}
    found: list[str | None] = [None] * (len(offsets) - 1)
    low, high = min(names, default=0), max(names, default=0)
    # Special ids are mostly at one end of the vocabulary, so the two extremes decide nearly all batches.
    if names and len(ids) and ids.max() >= low and ids.min() <= high:
        for place in np.flatnonzero(np.isin(ids, np.array(list(names), dtype=np.uint32))).tolist():
            found[int(np.searchsorted(offsets, place, side="right")) - 1] = names[int(ids[place])]
    return pa.array(found, type=pa.string())


def _with_bos(ids: Ids, offsets: Offsets, bos_id: int) -> tuple[Ids, Offsets]:
    """Inserts BOS before each document that has tokens. bos_id -1: there is no BOS."""
    if bos_id < 0:
        return ids, offsets
    full = np.diff(offsets) > 0
    inserted = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(full)])
    return np.insert(ids, offsets[:-1][full], np.uint32(bos_id)), offsets + inserted
