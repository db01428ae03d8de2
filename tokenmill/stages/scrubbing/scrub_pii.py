"""Replaces personal data: e-mail addresses, phone numbers, IP addresses, card numbers, bank accounts (IBAN).

A kernel finds candidates. Each of them is then checked exactly, by check digits, formats and the words around it. Not
covered are names, postal addresses, national identity numbers, and e-mail hosts in scripts without upper and lower
case. The names of the kinds are those of Presidio.

`url`, `path` and `meta` are scrubbed too, so that they do not keep data that were removed from the text. `id` is not
changed, because all records about the document have it.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, get_args

import numpy as np
import pyarrow as pa

from tokenmill.core.columns import set_column
from tokenmill.core.errors import RecipeError, did_you_mean
from tokenmill.text.pii.find import Wanted
from tokenmill.text.pii.replace import Replace, Replacer
from tokenmill.text.pii.rewrite import Value, cut
from tokenmill.text.pii.scan import scan
from tokenmill.text.pii.window import Ip, PiiKind
from tokenmill.text.words.segment import text_buffer

SIGNALS: dict[PiiKind, str] = {kind: f"scrub_pii.n_{kind.lower()}" for kind in get_args(PiiKind)}
"""{kind: column with the number of replacements in `text`}. It is int32, and null if `types` does not have the kind."""

BESIDES_TEXT = ("url", "path", "meta")


@dataclass(frozen=True)
class ScrubPii:
    """Replaces personal data in `text`, and counts the replacements by kind.

    Equal values get equal replacements everywhere, which depend on the seed. With a known seed, short values can be
    found by trying all of them, so the result is pseudonymous, not anonymous (text/pii/replace.py).

    Attributes:
        types: the kinds to replace: EMAIL_ADDRESS, PHONE_NUMBER, IP_ADDRESS, CREDIT_CARD, IBAN_CODE. Default: all five.
        replace: tag writes <EMAIL_ADDRESS>, hash writes <EMAIL_ADDRESS:1a2b3c4d5e6f>, and surrogate writes an invented
            value of the same form. Default tag.
        ip: all (addresses of single hosts) or public (only public ones). Loopback addresses, net masks and multicast
            groups identify nobody and always stay. Default all.
        obfuscated: replace spelt-out e-mail addresses too, such as `name [at] host dot org`, if `types` has
            EMAIL_ADDRESS. Default false.
        seed: seed of the hashes and surrogates. Default: the recipe's seed.
    """

    types: tuple[PiiKind, ...] = get_args(PiiKind)
    replace: Replace = "tag"
    ip: Ip = "all"
    obfuscated: bool = False
    seed: int = 0

    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = ("text", *SIGNALS.values())

    def __post_init__(self) -> None:
        for kind in self.types:
            if kind not in SIGNALS:
                raise RecipeError(f"types: {kind!r} is not a kind of personal data{did_you_mean(kind, SIGNALS)}")

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Returns the batch with its text columns rewritten and the counts added."""
        text, counts = self._scrubbed(batch.column("text"))
        if text is not batch.column("text"):
            batch = set_column(batch, "text", text)
        for kind, column in SIGNALS.items():
            found = pa.array(counts[kind]) if kind in self.types else pa.nulls(batch.num_rows, pa.int32())
            batch = set_column(batch, column, found)
        for column in BESIDES_TEXT:
            if column in batch.schema.names:
                scrub = self._scrubbed_json if column == "meta" else self._scrubbed
                batch = set_column(batch, column, scrub(batch.column(column))[0].cast(batch.column(column).type))
        return batch

    @cached_property
    def _replacer(self) -> Replacer:
        return Replacer(self.replace, self.seed)

    def _scrubbed(self, texts: pa.Array) -> tuple[pa.Array, dict[PiiKind, Any]]:
        """Returns (the rewritten strings, {kind: number of replacements in each, int32 (rows,)}).

        If nothing is replaced, the strings are not copied.
        """
        texts = texts if pa.types.is_large_string(texts.type) else texts.cast(pa.large_string())
        data, offsets = text_buffer(pa.record_batch({"text": texts}))
        counts = {kind: np.zeros(len(texts), dtype=np.int32) for kind in SIGNALS}
        cut_rows = cut(data, offsets, Wanted(self.types, self.ip, self.obfuscated))
        if not cut_rows:
            return texts, counts
        parts: list[bytes | memoryview] = []
        grown = np.zeros(len(texts) + 1, dtype=np.int64)  # bytes by which each row becomes longer
        at = 0
        for row, pieces in sorted(cut_rows.items()):
            new = b"".join(self._replaced(piece) if isinstance(piece, Value) else piece for piece in pieces)
            parts += (data.data[offsets[at] : offsets[row]], new)
            at = row + 1
            grown[at] = len(new) - int(offsets[at] - offsets[row])
            for value in pieces:
                if isinstance(value, Value):
                    counts[value.kind][row] += 1
        parts.append(data.data[offsets[at] : offsets[-1]])
        new_offsets = offsets - offsets[0] + np.cumsum(grown)
        valid = pa.array(texts.is_valid().to_numpy(zero_copy_only=False)).buffers()[1] if texts.null_count else None
        buffers = [valid, pa.py_buffer(new_offsets), pa.py_buffer(b"".join(parts))]
        return pa.Array.from_buffers(pa.large_string(), len(texts), buffers), counts

    def _replaced(self, value: Value) -> bytes:
        return self._replacer(value.kind, value.text.decode()).encode()

    def _scrubbed_json(self, texts: pa.Array) -> tuple[pa.Array, None]:
        """Returns (JSON texts in which each string is rewritten, None).

        Strings are decoded first, because the n of an escaped line feed would touch the next word.
        """
        data, offsets = text_buffer(pa.record_batch({"text": texts.cast(pa.large_string())}))
        worth = set(range(len(texts))) if self.obfuscated else set(scan(data, offsets).rows.tolist())
        if not worth:
            return texts, None
        values = texts.to_pylist()
        for row in worth:
            values[row] = values[row] and self._json_scrubbed(values[row])
        return pa.array(values, type=texts.type), None

    def _json_scrubbed(self, text: str) -> str:
        try:
            value = json.loads(text)
        except json.JSONDecodeError:  # from a user's own source: it is scrubbed like any text
            return self._string_scrubbed(text)
        new = _mapped(value, self._string_scrubbed)
        return text if new == value else json.dumps(new, sort_keys=True, separators=(",", ":"))

    def _string_scrubbed(self, text: str) -> str:
        scrubbed: str = self._scrubbed(pa.array([text], type=pa.large_string()))[0][0].as_py()
        return scrubbed


def _mapped(value: Any, change: Any) -> Any:
    """Returns a JSON value in which every string, also each key, is changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_mapped(item, change) for item in value]
    if isinstance(value, dict):
        return {change(key): _mapped(item, change) for key, item in value.items()}
    return value
