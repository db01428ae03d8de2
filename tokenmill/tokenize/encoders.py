"""Two encoders from text to ids that give the same result: `tokenizers`, the reference, and gigatoken, which is fast.

Neither adds tokens, truncates, pads or applies dropout, and both run on the calling thread. Text that spells a special
token, such as "<|endoftext|>", is encoded as ordinary text: `tokenizers` has a switch for that, and gigatoken gets the
tokenizer without its special tokens. Added tokens that are not marked special are still encoded as one token.
"""

import functools
import json
import logging
import resource
import sys
from collections.abc import Iterator
from typing import Any, Literal, Protocol

import awkward as ak
import gigatoken
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from tokenizers import Tokenizer, decoders

from tokenmill.core.errors import RecipeError, short
from tokenmill.tokenize.tokenizer_json import TokenizerFile

logger = logging.getLogger(__name__)

Kind = Literal["auto", "gigatoken", "tokenizers"]
Ids = npt.NDArray[np.uint32]
Offsets = npt.NDArray[np.int64]

SLICE_BYTES = 8 << 20  # the cache is checked between slices; a slice of random words adds ten times its size, 80 MB
CACHE_BYTES = 512 << 20  # a new encoder costs 0.1 s and starts with an empty cache
_PAGE_BYTES = resource.getpagesize()

PROBES = (
    "",
    " ",
    "Hello,  world!\n\n\tit's 1234567 and 3.14; DON'T we'll I'D\r\n\r\n end ",
    "naïve café e\u0301 ﬁ Ⅷ ½ ١٢٣ ß İ straße",
    "日本語のテキスト。한국어 ไทย हिन्दी العربية עברית Ελληνικά Привет",
    "😀👨\u200d👩\u200d👧🏽 \u200b\ufeff\x00\x7f\u00a0\u3000\u2028\ufffd",
    "snake_case camelCase HTTPServer2 a.b->c(x[0]) {k: 'v'} <div class=\"x\"> https://example.org/?q=1&r=%20",
    "x" * 60 + " " * 40 + "=" * 40 + "\n" * 9 + "aA" * 20,
)
"""Texts on which gigatoken must agree with the reference before it is used. It accepts some tokenizers and then splits
words differently (0.10 ignores `use_regex: false`)."""


class Encoder(Protocol):
    """Returns (ids uint32 (tokens,), offsets int64 (rows + 1,)) for a large_string array without nulls."""

    name: str

    def __call__(self, texts: pa.LargeStringArray) -> tuple[Ids, Offsets]: ...


class Reference:
    """Hugging Face `tokenizers`: about 3 MB/s. Its ids are correct by definition."""

    name = "tokenizers"

    def __init__(self, file: TokenizerFile) -> None:
        try:
            self._tokenizer = Tokenizer.from_str(json.dumps(_plain(file.config)))
        except Exception as error:  # the library raises no narrower class
            raise RecipeError(f"tokenizer: `tokenizers` cannot load it: {short(str(error))}") from error
        self._tokenizer.encode_special_tokens = True

    def ids(self, text: str) -> Ids:
        """Returns the ids of one text, without the tokens that a model may want around it; uint32 (tokens,)."""
        return np.array(self._tokenizer.encode(text, add_special_tokens=False).ids, dtype=np.uint32)

    def __call__(self, texts: pa.LargeStringArray) -> tuple[Ids, Offsets]:
        return _concatenated([(ids, np.array([0, len(ids)])) for ids in map(self.ids, texts.to_pylist())])


class Fast:
    """gigatoken: about 150 MB/s. Its cache of words grows; after CACHE_BYTES of growth the encoder is created again."""

    name = "gigatoken"

    def __init__(self, file: TokenizerFile) -> None:
        kept = [token for token in file.config.get("added_tokens") or [] if not token.get("special")]
        self._config = json.dumps(_plain(file.config) | {"added_tokens": kept, "post_processor": None})
        self._renew()

    def _renew(self) -> None:
        self._tokenizer = gigatoken.Tokenizer.from_json(self._config)
        self._grown = 0

    def __call__(self, texts: pa.LargeStringArray) -> tuple[Ids, Offsets]:
        return _concatenated([self._encode(part) for part in _slices(texts)])

    def _encode(self, texts: pa.LargeStringArray) -> tuple[Ids, Offsets]:
        before = resident_bytes()
        layout: Any = self._tokenizer.encode_batch(_as_awkward(texts), parallel=False).layout
        offsets = np.asarray(layout.offsets, dtype=np.int64)
        ids = np.asarray(layout.content.data, dtype=np.uint32)[offsets[0] : offsets[-1]]
        self._grown += max(0, resident_bytes() - before - ids.nbytes - offsets.nbytes)
        if self._grown > CACHE_BYTES:
            logger.debug("the cache of gigatoken grew by %d MB; creating the encoder again", self._grown >> 20)
            self._renew()
        return ids, offsets - offsets[0]


@functools.lru_cache(maxsize=4)
def load_reference(file: TokenizerFile) -> Reference:
    """Returns the reference encoder of a tokenizer, from text to token ids, created once per process.

    Raises RecipeError if it cannot load the tokenizer.
    """
    return Reference(file)


@functools.lru_cache(maxsize=4)
def load_encoder(file: TokenizerFile, kind: Kind) -> Encoder:
    """Returns the encoder of this kind for a tokenizer, from text to token ids, created once per process.

    "auto" is gigatoken if it can load the tokenizer and agrees with the reference on the probes, otherwise
    `tokenizers`. Raises RecipeError for "gigatoken" if it fails one of these checks.
    """
    encoder, objection = _fast(file) if kind != "tokenizers" else (None, "")
    if encoder is None and kind == "gigatoken":
        raise RecipeError(f"encoder: gigatoken {objection}; set `encoder: tokenizers`")
    if objection:
        logger.warning("gigatoken %s; encoding with tokenizers, about 50 times slower", objection)
    chosen = encoder or load_reference(file)
    logger.info("encoding with %s, tokenizer %s", chosen.name, file.sha256.hex()[:12])
    return chosen


def _fast(file: TokenizerFile) -> tuple[Encoder | None, str]:
    """Returns (gigatoken, "") or (None, the reason why it cannot be used)."""
    try:
        fast = Fast(file)
    except (RuntimeError, ValueError) as error:
        return None, f"cannot load this tokenizer ({str(error).partition(chr(10))[0]})"
    texts = pa.array([*PROBES, *_own_probes(file)], type=pa.large_string())
    ids, offsets = fast(texts)
    expected_ids, expected_offsets = load_reference(file)(texts)
    if np.array_equal(ids, expected_ids) and np.array_equal(offsets, expected_offsets):
        return fast, ""
    return None, "gives other ids than tokenizers for this tokenizer"


def _own_probes(file: TokenizerFile) -> list[str]:
    """Returns texts of this BPE tokenizer's own tokens. A token of several words shows how gigatoken splits words."""
    tokens = list(file.config["model"]["vocab"])
    some = tokens[:: max(1, len(tokens) // 4096)]
    words = [decoders.ByteLevel().decode([token]).replace("▁", " ") for token in some]
    added = [str(token["content"]) for token in file.config.get("added_tokens") or []]
    return ["".join(words), "\n".join(words), " ".join(added), "a".join(added)]


def resident_bytes() -> int:
    """Returns the bytes of memory that the process holds now, to see whether an encoder grows.

    On systems other than Linux, it is the most that the process has held.
    """
    if sys.platform.startswith("linux"):
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * _PAGE_BYTES
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _plain(config: dict[str, Any]) -> dict[str, Any]:
    """Returns the configuration without truncation, padding and dropout."""
    model = config["model"] | ({"dropout": None} if "dropout" in config["model"] else {})
    return config | {"truncation": None, "padding": None, "model": model}


def _slices(texts: pa.LargeStringArray) -> Iterator[pa.LargeStringArray]:
    """Yields the rows in slices of up to SLICE_BYTES; a longer text is a slice of its own."""
    offsets = _text_offsets(texts)
    start = 0
    while start < len(texts):
        stop = int(np.searchsorted(offsets, offsets[start] + SLICE_BYTES, side="right")) - 1
        stop = min(max(stop, start + 1), len(texts))
        yield texts.slice(start, stop - start)
        start = stop


def _text_offsets(texts: pa.LargeStringArray) -> Offsets:
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int64)
    return offsets[texts.offset : texts.offset + len(texts) + 1]


def _as_awkward(texts: pa.LargeStringArray) -> ak.Array:
    """Returns the texts as the array that gigatoken reads, on the same buffers, without a copy."""
    content = np.frombuffer(texts.buffers()[2] or b"", dtype=np.uint8)
    characters = ak.contents.NumpyArray(content, parameters={"__array__": "char"})
    index = ak.index.Index64(_text_offsets(texts))
    return ak.Array(ak.contents.ListOffsetArray(index, characters, parameters={"__array__": "string"}))


def _concatenated(parts: list[tuple[Ids, Offsets]]) -> tuple[Ids, Offsets]:
    """Joins the parts; the offsets of a part continue those of the part before."""
    if len(parts) == 1:
        return parts[0]
    lengths = [np.diff(offsets) for _, offsets in parts]
    offsets = np.concatenate([np.zeros(1, dtype=np.int64), *lengths]).cumsum()
    return np.concatenate([np.zeros(0, dtype=np.uint32), *(ids for ids, _ in parts)]), offsets
