"""Reads a tokenizer.json: its bytes, checksum, vocabulary size and special tokens, without loading an encoder."""

import functools
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from tokenmill.core.errors import RecipeError, did_you_mean, short
from tokenmill.core.io import storage

MAX_BYTES = 512 << 20
"""Largest size of a tokenizer.json. One with 250,000 tokens has 20 MB."""


@dataclass(frozen=True, eq=False)
class TokenizerFile:
    """The content of a tokenizer.json.

    Attributes:
        content: the bytes of the file.
        sha256: their SHA-256, 32 bytes.
        config: the parsed JSON. Do not change it.
        vocab_size: the largest id plus one, added tokens included.
        special: {token: id} of the added tokens that are marked special.
        unknown_id: the id of the token for text that the vocabulary does not cover, or -1. It may be special and still
            come from ordinary text.
    """

    content: bytes
    sha256: bytes
    config: dict[str, Any]
    vocab_size: int
    special: dict[str, int]
    unknown_id: int

    def bos_id(self, bos: str | None) -> int:
        """The id of a special token, or -1 for None. Raises RecipeError if there is no such special token."""
        if bos is None:
            return -1
        if bos not in self.special:
            raise RecipeError(f"bos: {bos!r} is not a special token of the tokenizer{did_you_mean(bos, self.special)}")
        return self.special[bos]


def read_tokenizer(path: str) -> TokenizerFile:
    """Reads a Hugging Face tokenizer.json from a local path or URL. Each process parses the same content once.

    Raises RecipeError if there is no such file, or if it is not a tokenizer.json.
    """
    if not path:
        raise RecipeError("tokenizer: no path; give the path of a tokenizer.json")
    if not storage.is_url(path) and storage.size_of(path) > MAX_BYTES:
        raise RecipeError(f"tokenizer: {path!r} has more than {MAX_BYTES:,} bytes; give the path of a tokenizer.json")
    try:
        content = storage.read_bytes(path)
    except OSError as error:
        raise RecipeError(f"tokenizer: {path!r} cannot be read ({error}); {_how_to_get(path)}") from error
    try:
        return _parsed(content)
    except (LookupError, TypeError, AttributeError, ValueError, RecursionError) as error:
        expected = "expected the JSON that Hugging Face tokenizers save, with model and vocab; give the path of one"
        raise RecipeError(
            f"tokenizer: {path!r} is not a tokenizer.json: {_reason(content, error)}; {expected}"
        ) from error


def _how_to_get(path: str) -> str:
    """Returns the advice for a message. `gpt2` and `allenai/OLMo-2` look like names of models."""
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?", path) or path.endswith(".json"):
        return "give the path of a tokenizer.json"
    file = f"https://huggingface.co/{path}/resolve/main/tokenizer.json"
    return f"if it is a model of the Hugging Face Hub, give the address of its file, {file}, or the path of a copy"


def _reason(content: bytes, error: Exception) -> str:
    """Describes the fault of the content. The repr of some errors contains the whole file, so it is shortened."""
    if isinstance(error, json.JSONDecodeError):
        return f"it is not JSON at line {error.lineno}, and begins with {short(content[:20])}"
    if isinstance(error, UnicodeDecodeError):
        return f"it is not text, and begins with {short(content[:20])}"
    return f"it is JSON, but {type(error).__name__}: {short(str(error))}"


@functools.lru_cache(maxsize=4)
def _parsed(content: bytes) -> TokenizerFile:
    config = json.loads(content)
    vocab = _vocab(config["model"])
    added = {str(token["content"]): int(token["id"]) for token in config.get("added_tokens") or []}
    special = {str(token["content"]) for token in config.get("added_tokens") or [] if token.get("special")}
    return TokenizerFile(
        content=content,
        sha256=hashlib.sha256(content).digest(),
        config=config,
        vocab_size=max([*vocab.values(), *added.values()]) + 1,
        special={token: id for token, id in added.items() if token in special},
        unknown_id=_unknown_id(config["model"], vocab | added),
    )


def _vocab(model: dict[str, Any]) -> dict[str, int]:
    """Returns {token: id}. A Unigram model lists (token, score) in the order of ids."""
    vocab = model["vocab"]
    return vocab if isinstance(vocab, dict) else {token: id for id, (token, _) in enumerate(vocab)}


def _unknown_id(model: dict[str, Any], ids: dict[str, int]) -> int:
    if model.get("unk_id") is not None:
        return int(model["unk_id"])
    return ids.get(model.get("unk_token") or "", -1)
