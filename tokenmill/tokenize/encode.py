"""Text to token ids, with BOS before each document.

The tokenizer is a Hugging Face tokenizer.json. gigatoken encodes, and a sample of each batch is encoded again with
`tokenizers`, which decides what is right. What a document spells never becomes a special token: "<|endoftext|>" in a
text is encoded as ordinary characters, and a document from which a special id comes out all the same is dropped.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.chance import keyed_hash
from tokenmill.core.columns import drop, set_column
from tokenmill.core.errors import DataError, RecipeError
from tokenmill.tokenize.encoders import Ids, Kind, Offsets, load_encoder, load_reference
from tokenmill.tokenize.tokenizer_json import TokenizerFile, read_tokenizer

CHECKED_BYTES = 1 << 20  # a text of 10 MB without a space takes the reference half a minute


@dataclass(frozen=True)
class Encode:
    """Adds `_tokens` (large_list<uint32>, BOS first) and the signals n_tokens (BOS counted) and n_bytes (of the text).

    tokenizer: path of a tokenizer.json. bos: the special token put before each document, or None for none. check: share
    of the documents of a batch, and at least one, whose ids are compared with `tokenizers`; 0 for none; only texts up
    to 1 MiB are. encoder: "auto" is gigatoken where it can.
    A text without tokens is dropped by `encode.empty`, and has no BOS either; one that yields a special id by
    `encode.special`. Raises RecipeError for a tokenizer that does not load or an unknown bos, DataError if ids differ.
    """

    tokenizer: str
    bos: str | None = "<|endoftext|>"
    check: float = 0.001
    encoder: Kind = "auto"

    reads: ClassVar[tuple[str, ...]] = ("id", "text")
    adds: ClassVar[tuple[str, ...]] = ("_tokens", "encode.n_tokens", "encode.n_bytes")

    def __post_init__(self) -> None:
        if not 0 <= self.check <= 1:
            raise RecipeError(f"check: found {self.check}; expected a share in 0..1")
        file = read_tokenizer(self.tokenizer)
        file.bos_id(self.bos)
        load_reference(file)
        if self.encoder == "gigatoken":
            load_encoder(file, self.encoder)

    def file_checksums(self) -> dict[str, str]:
        """The SHA-256 of the tokenizer, which every result depends on."""
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
                    f"document {documents[row].as_py()!r}: gigatoken gives {len(found)} ids, tokenizers "
                    f"{len(expected)}, and they are not the same. Set `encoder: tokenizers` in tokenize.encode."
                )


def _sample(documents: pa.Array, n_bytes: npt.NDArray[np.int64], share: float) -> list[int]:
    """Rows to check: the lowest by keyed hash of the id, a share of the batch and at least one; none for share 0."""
    rows = np.flatnonzero(n_bytes <= CHECKED_BYTES)
    if not share or not len(rows):
        return []
    hashes = keyed_hash(0, "encode", documents.to_pylist())[rows]
    chosen: list[int] = rows[np.argsort(hashes, kind="stable")[: int(np.ceil(share * len(rows)))]].tolist()
    return chosen


def _special_tokens(file: TokenizerFile, ids: Ids, offsets: Offsets) -> pa.Array:
    """string (rows,): a special token that the text itself yielded, else null.

    A byte-level BPE cannot yield one; a vocabulary that holds whole words can.
    """
    names: dict[int, Any] = {id: token for token, id in file.special.items() if id != file.unknown_id}
    found: list[str | None] = [None] * (len(offsets) - 1)
    low, high = min(names, default=0), max(names, default=0)
    # Special ids mostly lie together at an end of the vocabulary, so the two extremes settle nearly all batches.
    if names and len(ids) and ids.max() >= low and ids.min() <= high:
        for place in np.flatnonzero(np.isin(ids, np.array(list(names), dtype=np.uint32))).tolist():
            found[int(np.searchsorted(offsets, place, side="right")) - 1] = names[int(ids[place])]
    return pa.array(found, type=pa.string())


def _with_bos(ids: Ids, offsets: Offsets, bos_id: int) -> tuple[Ids, Offsets]:
    """BOS before each document that has tokens; bos_id -1: none."""
    if bos_id < 0:
        return ids, offsets
    full = np.diff(offsets) > 0
    inserted = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(full)])
    return np.insert(ids, offsets[:-1][full], np.uint32(bos_id)), offsets + inserted
