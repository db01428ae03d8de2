"""The byte layout of a token shard: the header and payload of the .bin, the .idx, and the schema of the .docs.

The header has 1,024 bytes, in words of 4 bytes. Words 0-2 are those of llm.c (magic, version, number of tokens). The
others are an extension: word 3 bytes per id, 4-5 tag, 6 extension version, 7 dtype code, 8-11 tokens and documents as
uint64, 12-15 BOS, EOS, vocabulary size and largest id, 16-23 tokenizer hash, 24-27 XXH3-128 of the payload (canonical
byte order), 255 CRC-32 of all bytes before it. All other words are zero. All numbers are little-endian.

The .idx has Megatron's format, but its byte pointers start at 1,024. So Megatron can read the pair, and the same .bin
has exactly the size that llm.c expects.
"""

import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tokenmill.core.errors import DataError
from tokenmill.core.version import __version__

if TYPE_CHECKING:
    import pyarrow as pa

MANIFEST_VERSION = 1
HEADER_BYTES = 1024
MAX_TOKENS = 2**31 - 1  # llm.c counts tokens in an int32
TAG = b"TOKNMILL"
EXTENSION_VERSION = 1
BLOCK_TOKENS = 1 << 22
"""Number of ids that are checked at once. Numpy calls per document would cost more than encoding it."""

Tokens = npt.NDArray[Any]  # uint16 or uint32

_SAMPLED_BLOCKS, _SAMPLED_TOKENS, _SAMPLED_STARTS = 64, 4096, 1024
_HEADER = struct.Struct("<4i8s2i2Q4i32s16s908xI")
_INDEX = struct.Struct("<9sQBQQ")
_INDEX_MAGIC = b"MMIDIDX\0\0"
_FORMS = {"uint16": (20240520, 1, 8), "uint32": (20240801, 7, 4)}  # llm.c's magic and version, Megatron's dtype code


class Header(NamedTuple):
    """The header's fields in file order. crc covers all bytes before it."""

    magic: int
    version: int
    tokens_int32: int
    token_bytes: int
    tag: bytes
    extension: int
    dtype_code: int
    tokens: int
    documents: int
    bos_id: int
    eos_id: int
    vocab_size: int
    max_id: int
    tokenizer_hash: bytes
    xxh3: bytes
    crc: int


def token_dtype(vocab_size: int) -> np.dtype[Any]:
    """Returns the type of ids in token shards: uint16 for up to 65,536 ids, else uint32.

    Raises DataError unless 1 <= vocab_size < 2^31.
    """
    if not 0 < vocab_size <= MAX_TOKENS:
        raise DataError(f"vocabulary of {vocab_size} ids: expected 1 to {MAX_TOKENS}. Check the tokenizer.")
    return np.dtype("<u2" if vocab_size <= 65_536 else "<u4")


def pack_header(
    *,
    tokens: int,
    documents: int,
    vocab_size: int,
    max_id: int,
    bos_id: int,
    eos_id: int,
    tokenizer_hash: bytes,
    xxh3: bytes,
) -> bytes:
    """Returns the 1,024 bytes of the header of a token shard.

    vocab_size decides the dtype. bos_id, eos_id: -1 if there is none.
    """
    dtype = token_dtype(vocab_size)
    magic, version, code = _FORMS[dtype.name]
    counts = (tokens, dtype.itemsize, TAG, EXTENSION_VERSION, code, tokens, documents)
    unsigned = _HEADER.pack(magic, version, *counts, bos_id, eos_id, vocab_size, max_id, tokenizer_hash, xxh3, 0)[:-4]
    return unsigned + struct.pack("<I", zlib.crc32(unsigned))


def read_header(place: str) -> Header:
    """Reads the header of a token shard's local .bin and checks it, also against the file's size.

    Raises DataError for a fault.
    """
    try:
        size = Path(place).stat().st_size
        with open(place, "rb") as file:
            raw = file.read(HEADER_BYTES)
    except OSError as error:
        raise DataError(
            f"{place}: cannot be read ({error.strerror}); shards are memory-mapped from a local disk."
        ) from error
    if size < HEADER_BYTES:
        raise refused(place, "size", f"{size} bytes", f"a header of {HEADER_BYTES}")
    header = Header._make(_HEADER.unpack(raw))
    forms = {(magic, version): (code, np.dtype(name).itemsize) for name, (magic, version, code) in _FORMS.items()}
    if (header.magic, header.version) not in forms:
        raise refused(place, "magic and version", (header.magic, header.version), f"one of {sorted(forms)}")
    if zlib.crc32(raw[:-4]) != header.crc:
        raise refused(place, "header CRC-32", f"{header.crc:#010x}", f"{zlib.crc32(raw[:-4]):#010x}")
    if (header.tag, header.extension) != (TAG, EXTENSION_VERSION):
        raise refused(place, "extension and version", (header.tag, header.extension), (TAG, EXTENSION_VERSION))
    width = token_dtype(header.vocab_size).itemsize
    if forms[header.magic, header.version] != (header.dtype_code, width) or header.tokens_int32 != header.tokens:
        raise refused(place, "dtype code and token counts", header[1:8], "values that agree with each other")
    if size != HEADER_BYTES + header.tokens * width:
        raise refused(
            place, "size", f"{size} bytes", f"{HEADER_BYTES + header.tokens * width} for {header.tokens} tokens"
        )
    if header.max_id >= header.vocab_size:
        raise refused(place, "largest id", header.max_id, f"less than the vocabulary of {header.vocab_size}")
    return header


def index_bytes(lengths: npt.NDArray[np.int32], vocab_size: int) -> bytes:
    """Returns a token shard's .idx as Megatron's, with a sequence per document, for the given lengths in tokens."""
    dtype, count = token_dtype(vocab_size), len(lengths)
    pointers = HEADER_BYTES + (np.cumsum(lengths, dtype=np.int64) - lengths) * dtype.itemsize
    parts = (lengths.astype("<i4"), pointers.astype("<i8"), np.arange(count + 1, dtype="<i8"))
    return _INDEX.pack(_INDEX_MAGIC, 1, _FORMS[dtype.name][2], count, count + 1) + b"".join(
        part.tobytes() for part in parts
    )


def read_index(place: str, header: Header) -> npt.NDArray[np.int64]:
    """Reads the .idx of a token shard.

    Returns the end of each document in tokens, int64 (documents,). Raises DataError for a fault.
    """
    try:
        raw = Path(place).read_bytes()
    except OSError as error:
        raise DataError(f"{place}: cannot be read ({error.strerror}); each .bin has its .idx next to it.") from error
    if len(raw) != _INDEX.size + 20 * header.documents + 8:
        raise refused(
            place, "size", f"{len(raw)} bytes", f"{_INDEX.size + 20 * header.documents + 8}, as the .bin says"
        )
    lengths = np.frombuffer(raw, dtype="<i4", count=header.documents, offset=_INDEX.size)
    ends = np.cumsum(lengths, dtype=np.int64)
    if raw != index_bytes(lengths, header.vocab_size) or (lengths <= 0).any() or sum(ends[-1:]) != header.tokens:
        raise refused(
            place, "index", f"{sum(ends[-1:])} tokens or inner contradictions", f"the {header.tokens} of the .bin"
        )
    return ends


def refused(place: str, what: str, found: object, expected: object) -> DataError:
    """Returns the error for a file of a token shard whose property `what` is not as expected."""
    return DataError(
        f"{place}: {what}: found {found}, expected {expected}. Restore the file, or write the shards again."
    )


def check_format(place: str, found: object) -> None:
    """Raises DataError for a corpus manifest of another format."""
    if found != MANIFEST_VERSION:
        newer = isinstance(found, int) and found > MANIFEST_VERSION
        advice = "Upgrade tokenmill" if newer else "Write the corpus again: run its recipe with another --out"
        raise DataError(
            f"{place}: a corpus of format {found}. This is tokenmill {__version__}, which reads format "
            f"{MANIFEST_VERSION}. {advice}, or read it with the tokenmill that wrote it."
        )


def docs_schema() -> "pa.Schema":
    """Returns the schema of the .docs file of a token shard.

    `end` is the position in the shard, in tokens, at which a document ends.
    """
    import pyarrow as pa  # imported here, because reading tokens does not need Arrow

    locator = pa.struct([("file", pa.string()), ("offset", pa.int64()), ("length", pa.int64())])
    names = {"id": pa.string(), "source": pa.string(), "url": pa.string(), "end": pa.uint64(), "n_bytes": pa.int64()}
    return pa.schema([*names.items(), ("locator", locator)])


def checked_payload(
    place: str, documents: Iterable[npt.NDArray[Any]], *, vocab_size: int, bos_id: int
) -> tuple[list[Tokens], list[int]]:
    """Returns (ids of a token shard's documents, joined to blocks of its dtype; length of each document in tokens).

    Raises DataError, which names the document, if a document is empty, an id is outside the vocabulary, or BOS is not
    first (unless bos_id is -1); also if there are more tokens than a shard can count.
    """
    lengths: list[int] = []
    blocks = _blocks(place, documents, lengths)
    payload = [_narrowed(place, block, len(lengths), vocab_size=vocab_size, bos_id=bos_id) for block in blocks]
    return payload, lengths


def check_ids(place: str, tokens: Tokens, ends: npt.NDArray[np.int64], header: Header, *, whole: bool) -> None:
    """Checks ids and the BOS of the documents of a token shard, all or evenly spread samples.

    Raises DataError for a fault. ends: end of each document in tokens, int64 (documents,).
    """
    starts = np.concatenate([np.zeros(1, dtype=np.int64), ends])[:-1]
    blocks = np.arange(0, len(tokens), BLOCK_TOKENS if whole else _SAMPLED_TOKENS)
    if not whole:
        starts = starts[_spread(len(starts), _SAMPLED_STARTS)]
        blocks = blocks[_spread(len(blocks), _SAMPLED_BLOCKS)]
    size = BLOCK_TOKENS if whole else _SAMPLED_TOKENS
    largest = max((int(tokens[block : block + size].max()) for block in blocks), default=-1)
    if largest > header.max_id or (whole and largest != header.max_id):
        raise refused(place, "largest id", largest, f"the header's {header.max_id}, vocabulary {header.vocab_size}")
    missing = starts[tokens[starts] != header.bos_id] if header.bos_id >= 0 else starts[:0]
    if len(missing):
        raise refused(
            place, f"first id of a document, at token {missing[0]}", tokens[missing[0]], f"BOS {header.bos_id}"
        )


def _blocks(place: str, documents: Iterable[npt.NDArray[Any]], lengths: list[int]) -> Iterable[list[npt.NDArray[Any]]]:
    """Yields lists of documents of about BLOCK_TOKENS, and then appends their lengths to `lengths`."""
    held: list[npt.NDArray[Any]] = []
    size, total = 0, 0
    for document in documents:
        size, total = size + len(document), total + len(document)
        if total > MAX_TOKENS:
            raise DataError(
                f"{place}: more than {MAX_TOKENS} tokens; a shard counts them in 31 bits. Lower tokens_per_shard."
            )
        held.append(document)
        if size >= BLOCK_TOKENS:
            yield held
            lengths.extend(map(len, held))
            held, size = [], 0
    if held:
        yield held
        lengths.extend(map(len, held))


def _narrowed(place: str, documents: list[npt.NDArray[Any]], first: int, *, vocab_size: int, bos_id: int) -> Tokens:
    sizes = np.array([len(document) for document in documents])
    if not sizes.all():
        raise DataError(
            f"{place} document {first + int(np.argmin(sizes))}: no tokens; drop empty documents before writing."
        )
    flat = np.concatenate(documents)
    if flat.dtype.kind not in "iu":
        raise DataError(f"{place} documents from {first}: ids of type {flat.dtype}; expected integers.")
    if flat.min() < 0 or flat.max() >= vocab_size:
        at = int(np.argmax((flat < 0) | (flat >= vocab_size)))
        document = first + int(np.searchsorted(np.cumsum(sizes), at, side="right"))
        raise DataError(
            f"{place} document {document}: id {flat[at]} is outside the vocabulary of {vocab_size}. Wrong tokenizer?"
        )
    starts = np.cumsum(sizes) - sizes
    if bos_id >= 0 and (flat[starts] != bos_id).any():
        bad = int(np.argmax(flat[starts] != bos_id))
        raise DataError(
            f"{place} document {first + bad}: begins with id {flat[starts[bad]]}; expected BOS {bos_id} prepended."
        )
    return flat.astype(token_dtype(vocab_size))


def _spread(count: int, most: int) -> npt.NDArray[np.int64]:
    """Returns at most `most` of the numbers 0 to count - 1, evenly spread, with the first and the last."""
    return np.unique(np.linspace(0, max(count - 1, 0), min(count, most)).astype(np.int64))
