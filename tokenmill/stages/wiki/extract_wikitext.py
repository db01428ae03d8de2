"""Wikitext to its text: links to their words, templates that carry words rendered, references and navigation gone.

What stays: paragraphs, headings that text stands under, lists as lines (`- `, `1. `), tables as rows, quotations, math
as LaTeX between `$`. What goes: all other templates (infoboxes, citations, notices), references, galleries, pictures
with their captions, categories, links to other editions, comments, magic words. Time grows with the bytes alone.
"""

import json
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokenmill.core.columns import drop, set_column
from tokenmill.core.errors import RecipeError
from tokenmill.text.kernel.cache import frozen
from tokenmill.text.wikitext.wikitext import media_hash, wikitext_to_text
from tokenmill.text.words.segment import text_buffer

_TABLES = ("rows", "drop")


@dataclass(frozen=True)
class ExtractWikitext:
    """Replaces `text`, which is wikitext, by the text; lines end in a line feed, paragraphs are a blank line apart.

    tables: "rows" writes each row as a line with tabs between its cells, "drop" takes tables out. max_bytes: of
    wikitext; a longer document gets a null text. How a wiki calls its pictures and categories is read from `namespaces`
    in `meta`, where stages.read_wikipedia puts it; the names of most editions are known besides.
    """

    tables: str = "rows"
    max_bytes: int = 16 << 20

    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = ("text",)

    def __post_init__(self) -> None:
        if self.tables not in _TABLES:
            raise RecipeError(f"tables: found {self.tables!r}, expected {' or '.join(map(repr, _TABLES))}")

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with text in place of wikitext; marked where there is too much of it, or no text in it."""
        sizes = np.diff(text_buffer(batch)[1])
        refused = sizes > self.max_bytes
        batch = drop(batch, refused, "extract_wikitext.too_large", sizes, self.max_bytes)
        valid = batch.column("text").is_valid().to_numpy(zero_copy_only=False) & ~refused
        if refused.any():
            batch = set_column(batch, "text", _nulled(batch.column("text"), valid))
        data, offsets = wikitext_to_text(*text_buffer(batch), _media(batch), tables=self.tables == "rows")
        mask = pa.py_buffer(np.packbits(valid, bitorder="little"))
        buffers = [mask, pa.py_buffer(offsets), pa.py_buffer(data)]
        batch = set_column(batch, "text", pa.Array.from_buffers(pa.large_string(), batch.num_rows, buffers))
        return drop(batch, valid & (np.diff(offsets) == 0), "extract_wikitext.empty", 0, 1)


def _nulled(text: pa.Array, valid: npt.NDArray[np.bool_]) -> pa.Array:
    return pa.array([text[row].as_py() if keep else None for row, keep in enumerate(valid)], type=pa.large_string())


def _media(batch: pa.RecordBatch) -> npt.NDArray[np.uint64]:
    """uint64 (rows, 2): hashes of the wiki's own names for two namespaces, 0 where meta has none."""
    media = np.zeros((batch.num_rows, 2), dtype=np.uint64)
    if "meta" in batch.schema.names:
        for row, meta in enumerate(batch.column("meta").to_pylist()):
            if meta and '"namespaces"' in meta:
                for place, name in enumerate(_names(json.loads(meta))):
                    media[row, place] = media_hash(name)
    return frozen(media)


def _names(meta: Any) -> list[str]:
    found = meta.get("namespaces") if isinstance(meta, dict) else None
    return [name for name in found if isinstance(name, str)][:2] if isinstance(found, list) else []
