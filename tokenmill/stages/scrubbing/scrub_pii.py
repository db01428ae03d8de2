"""Replace personal data: e-mail addresses, phone numbers, IP addresses, card numbers, bank accounts (IBAN).

A kernel finds the places where such a thing may stand; each is then judged exactly, by check digits, formats and the
words around it. Not covered: names, postal addresses, national identity numbers, e-mail hosts in scripts that have no
upper and lower case. Kinds are named as Presidio names them.

`url`, `path` and `meta` are scrubbed with the text, so that what is taken out of one is not left in another. `id` is
not: every record about the document names it.
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
"""By kind, the column with how many were replaced in `text`, int32; null where the kind is not looked for."""

BESIDES_TEXT = ("url", "path", "meta")


@dataclass(frozen=True)
class ScrubPii:
    """Rewrites `text` and counts what it replaced, by kind.

    types: what is replaced. replace: "tag" writes <EMAIL_ADDRESS>, "hash" <EMAIL_ADDRESS:1a2b3c4d5e6f>, "surrogate" an
    invented value of the same form; equal values get equal replacements everywhere, by the seed (text/pii/replace.py
    says what a known seed means). ip: "all" addresses of single hosts, or "public" ones only; loopback addresses, net
    masks and multicast groups belong to nobody and always stay. obfuscated: also `name [at] host dot org`.
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
        """The batch with its text columns rewritten and the counts added."""
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
        """(the strings rewritten, or the same object; by kind, how many were replaced in each, int32 (rows,))."""
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
        """JSON whose strings are rewritten one by one: escaped, an n from a line feed sticks to what follows."""
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
        except json.JSONDecodeError:  # of a user's own source: then it is text like any other
            return self._string_scrubbed(text)
        new = _mapped(value, self._string_scrubbed)
        return text if new == value else json.dumps(new, sort_keys=True, separators=(",", ":"))

    def _string_scrubbed(self, text: str) -> str:
        scrubbed: str = self._scrubbed(pa.array([text], type=pa.large_string()))[0][0].as_py()
        return scrubbed


def _mapped(value: Any, change: Any) -> Any:
    """A JSON value with every string in it changed, keys included."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_mapped(item, change) for item in value]
    if isinstance(value, dict):
        return {change(key): _mapped(item, change) for key, item in value.items()}
    return value
