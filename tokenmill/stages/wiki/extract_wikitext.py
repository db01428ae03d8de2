"""Converts wikitext to text: links become their words, templates that carry words are rendered.

It keeps paragraphs, headings with text under them, lists as lines (`- `, `1. `), tables as rows, quotations, and math
as LaTeX between `$`. It removes all other templates (infoboxes, citations, notices), references, galleries, pictures
with their captions, categories, links to other editions, comments and magic words. The time is proportional to the
bytes.
"""

import json
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokenmill.core.columns import drop, set_column
from tokenmill.core.errors import RecipeError
from tokenmill.core.rules import check_numbers
from tokenmill.text.kernel.cache import frozen
from tokenmill.text.wikitext.template_files import template_checksum
from tokenmill.text.wikitext.template_tables import ANY, language_number
from tokenmill.text.wikitext.wikitext import media_hash, wikitext_to_text
from tokenmill.text.words.segment import text_buffer

_TABLES = ("rows", "drop")


@dataclass(frozen=True)
class ExtractWikitext:
    """Replaces `text`, which is wikitext, by plain text. Lines end with a line feed; a blank line separates paragraphs.

    Documents without text are dropped. The wiki's own names for the namespaces of pictures and categories come from
    `namespaces` in `meta`, where stages.read_wikipedia writes them. The names of most editions are built in. The
    edition's language, which decides what a template's name means, is `lang` in `meta`.

    Attributes:
        tables: rows writes each table row as a line with tabs between its cells; drop removes tables. Default rows.
        max_bytes: largest size of the wikitext in bytes. A larger document is dropped and its text becomes null.
            Default 16 MiB.
    """

    tables: str = "rows"
    max_bytes: int = 16 << 20

    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = ("text",)

    def __post_init__(self) -> None:
        check_numbers(self, "max_bytes", low=1)
        if self.tables not in _TABLES:
            raise RecipeError(f"tables: found {self.tables!r}, expected {' or '.join(map(repr, _TABLES))}")

    def file_checksums(self) -> dict[str, str]:
        """Returns the checksum of the data files of inline templates, for the fingerprint."""
        return {"inline templates": template_checksum()}

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Returns the batch with text instead of wikitext. Too large and empty documents are marked."""
        sizes = np.diff(text_buffer(batch)[1])
        refused = sizes > self.max_bytes
        batch = drop(batch, refused, "extract_wikitext.too_large", sizes, self.max_bytes)
        valid = batch.column("text").is_valid().to_numpy(zero_copy_only=False) & ~refused
        if refused.any():
            batch = set_column(batch, "text", _nulled(batch.column("text"), valid))
        media, languages = _editions(batch)
        rows = self.tables == "rows"
        data, offsets = wikitext_to_text(*text_buffer(batch), media, tables=rows, languages=languages)
        mask = pa.py_buffer(np.packbits(valid, bitorder="little"))
        buffers = [mask, pa.py_buffer(offsets), pa.py_buffer(data)]
        batch = set_column(batch, "text", pa.Array.from_buffers(pa.large_string(), batch.num_rows, buffers))
        return drop(batch, valid & (np.diff(offsets) == 0), "extract_wikitext.empty", 0, 1)


def _nulled(text: pa.Array, valid: npt.NDArray[np.bool_]) -> pa.Array:
    return pa.array([text[row].as_py() if keep else None for row, keep in enumerate(valid)], type=pa.large_string())


def _editions(batch: pa.RecordBatch) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """Returns what `meta` says of the edition of each page, for wikitext_to_text.

    That is the hashes of the wiki's own names for two namespaces, uint64 (rows, 2), and the numbers of the languages,
    int64 (rows,); 0 where meta does not say it.
    """
    media = np.zeros((batch.num_rows, 2), dtype=np.uint64)
    languages = np.zeros(batch.num_rows, dtype=np.int64)
    if "meta" in batch.schema.names:
        for row, meta in enumerate(batch.column("meta").to_pylist()):
            if meta and ('"namespaces"' in meta or '"lang"' in meta):
                facts = json.loads(meta)
                for place, name in enumerate(_names(facts)):
                    media[row, place] = media_hash(name)
                languages[row] = _language(facts)
    return frozen(media), frozen(languages)


def _language(meta: Any) -> int:
    found = meta.get("lang") if isinstance(meta, dict) else None
    return language_number(found) if isinstance(found, str) else ANY


def _names(meta: Any) -> list[str]:
    found = meta.get("namespaces") if isinstance(meta, dict) else None
    return [name for name in found if isinstance(name, str)][:2] if isinstance(found, list) else []
