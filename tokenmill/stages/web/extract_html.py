"""Extracts the main text of HTML: keeps headings, paragraphs, lists, tables; removes menus, footers, comments, scripts.

A page is cut into blocks of text in one pass over its bytes. Decision trees, fitted to annotated pages of many sites
and languages, decide for each block whether it is content (text/html/main_text.py). The time is proportional to the
bytes, however deep or broken the markup is. docs/quality.md compares the results with trafilatura and resiliparse.
"""

import functools
import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.columns import drop, set_column
from tokenmill.core.errors import RecipeError
from tokenmill.core.rules import check_numbers
from tokenmill.text.edit.tidy import tidy_lines
from tokenmill.text.html.main_text import MODEL, UNIT, Trees, load_trees, main_text, model_checksum
from tokenmill.text.words.segment import text_array, text_buffer


@dataclass(frozen=True)
class ExtractHtml:
    """Replaces `text`, which is HTML, by its main text. Lines end with a line feed, and wider gaps are one blank line.

    The cells of a table row are separated by a tab. Documents without main text are dropped.

    Attributes:
        max_bytes: largest size of the HTML in bytes, at least 1. A larger document is dropped and its text becomes
            null. Default 10 MiB.
        min_score: probability of being content that a block needs to be kept, above 0 and below 1. Lower values give
            more recall, higher values more precision. Default 0.5.
        list_bullets: keep `•` or the number of list items, which the Gopher bullet rule looks for. Default true.
    """

    max_bytes: int = 10 << 20
    min_score: float = 0.5
    list_bullets: bool = True

    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = ("text",)

    def __post_init__(self) -> None:
        if not 0 < self.min_score < 1:
            raise RecipeError(f"stages.extract_html: min_score is {self.min_score}, it must lie between 0 and 1")
        check_numbers(self, "max_bytes", low=1)

    def file_checksums(self) -> dict[str, str]:
        """Returns the checksum of the model file, for the fingerprint."""
        return {MODEL.name: model_checksum()}

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Returns the batch with the main text instead of the HTML. Too large and empty documents are marked."""
        html = batch.column("text")
        sizes = np.diff(text_buffer(batch)[1])
        too_large = sizes > self.max_bytes
        if too_large.any():
            html = pc.if_else(pa.array(too_large), pa.scalar(None, html.type), html)
        data, offsets = text_buffer(pa.record_batch({"text": html}))
        least = round(math.log(self.min_score / (1 - self.min_score)) * UNIT)
        texts = tidy_lines(*main_text(data, offsets, _trees(), least=least, bullets=self.list_bullets))
        batch = set_column(batch, "text", text_array(*texts, like=html))
        batch = drop(batch, too_large, "extract_html.too_large", sizes, self.max_bytes)
        empty = (np.diff(texts[1]) == 0) & html.is_valid().to_numpy(zero_copy_only=False)
        return drop(batch, empty, "extract_html.empty", 0, 1)


@functools.cache
def _trees() -> Trees:
    return load_trees()
