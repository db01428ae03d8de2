"""Converts wikitext to text: links become their words, templates that carry words are rendered.

It keeps paragraphs, headings with text under them, lists as lines (`- `, `1. `), tables of data as rows, quotations,
code with its white space, and math as LaTeX between `$`. It removes all other templates (infoboxes, citations,
notices), references, sections of nothing but links to other sites, galleries, pictures with their captions, categories,
links to other editions, comments and magic words. Of text in several scripts (`-{zh-hans:…;zh-hant:…}-`) it keeps the
first. The time is proportional to the bytes.
"""

import json
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokenmill.core.columns import drop, note, set_column
from tokenmill.core.errors import RecipeError
from tokenmill.core.rules import check_numbers
from tokenmill.text.kernel.cache import frozen
from tokenmill.text.templates.template_files import template_checksum
from tokenmill.text.templates.template_tables import ANY, language_number
from tokenmill.text.wikitext.unknown import new_log, unknown_templates
from tokenmill.text.wikitext.variants import variants_of
from tokenmill.text.wikitext.wikitext import media_hash, wikitext_to_text
from tokenmill.text.words.segment import text_buffer

_TABLES = ("rows", "drop")


@dataclass(frozen=True)
class ExtractWikitext:
    """Replaces `text`, which is wikitext, by plain text. Lines end with a line feed; a blank line separates paragraphs.

    Documents without text are dropped. The wiki's own names for the namespaces of pictures and categories come from
    `namespaces` in `meta`, where stages.read_wikipedia writes them. The names of most editions are built in. The
    edition's language, which is `lang` in `meta`, decides the meaning of a template's name, and whether the wiki writes
    text in several scripts; without it, the form of the text decides the latter.

    Attributes:
        tables: rows writes each row of a table with data as a line, with tabs between its cells and `; ` between the
            items of a list in a cell, and removes tables that lay out the page: infoboxes, boxes of predecessor and
            successor, navigation, indexes of letters, single columns. Of those, it keeps long texts. drop removes all
            tables. Default rows.
        max_bytes: largest size of the wikitext in bytes. A larger document is dropped and its text becomes null.
            Default 16 MiB.
    """

    tables: str = "rows"
    max_bytes: int = 16 << 20

    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = ("text",)
    TOPICS: ClassVar[tuple[str, ...]] = ("unknown inline templates",)

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
        wikis = _of_wikis(batch)
        log = new_log()
        data, offsets = wikitext_to_text(
            *text_buffer(batch), wikis.media, tables=self.tables == "rows", variants=wikis.variants,
            languages=wikis.languages, log=log,
        )  # fmt: skip
        mask = pa.py_buffer(np.packbits(valid, bitorder="little"))
        buffers = [mask, pa.py_buffer(offsets), pa.py_buffer(data)]
        unknown = unknown_templates(log, text_buffer(batch)[0])
        batch = set_column(batch, "text", pa.Array.from_buffers(pa.large_string(), batch.num_rows, buffers))
        batch = note(batch, self.TOPICS[0], {name: (one.times, one.example) for name, one in unknown.items()})
        return drop(batch, valid & (np.diff(offsets) == 0), "extract_wikitext.empty", 0, 1)


def _nulled(text: pa.Array, valid: npt.NDArray[np.bool_]) -> pa.Array:
    return pa.array([text[row].as_py() if keep else None for row, keep in enumerate(valid)], type=pa.large_string())


class _Wikis(NamedTuple):
    """Facts in `meta` about the wiki of each row.

    media: uint64 (rows, 2), hashes of the wiki's own names for two namespaces, 0 without a name. variants: uint8
    (rows,), how the wiki reads `-{` (see variants_of). languages: int64 (rows,), numbers of languages, ANY without one.
    """

    media: npt.NDArray[np.uint64]
    variants: npt.NDArray[np.uint8]
    languages: npt.NDArray[np.int64]


def _of_wikis(batch: pa.RecordBatch) -> _Wikis:
    media = np.zeros((batch.num_rows, 2), dtype=np.uint64)
    variants = np.full(batch.num_rows, variants_of(None), dtype=np.uint8)
    languages = np.full(batch.num_rows, ANY, dtype=np.int64)
    if "meta" in batch.schema.names:
        for row, meta in enumerate(batch.column("meta").to_pylist()):
            if meta and ('"namespaces"' in meta or '"lang"' in meta):
                facts = json.loads(meta)
                language = _language(facts)
                variants[row] = variants_of(language)
                languages[row] = language_number(language) if language else ANY
                for place, name in enumerate(_names(facts)):
                    media[row, place] = media_hash(name)
    return _Wikis(frozen(media), frozen(variants), frozen(languages))


def _language(meta: Any) -> str | None:
    found = meta.get("lang") if isinstance(meta, dict) else None
    return found if isinstance(found, str) and found else None


def _names(meta: Any) -> list[str]:
    found = meta.get("namespaces") if isinstance(meta, dict) else None
    return [name for name in found if isinstance(name, str)][:2] if isinstance(found, list) else []
