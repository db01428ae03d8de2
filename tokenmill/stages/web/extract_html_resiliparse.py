"""Extracts the main text of HTML with resiliparse, as DCLM did for its pool (Li et al. 2024, 3.3).

It is for recipes that follow DCLM. `stages.extract_html` is faster and, on annotated pages, closer to the article.
Comments and post metadata are left out, which gains 2 points of F1 and costs no recall. Documents that would take more
than about a second or 300 MB are refused before parsing. The limits are on bytes, depth and counts, so they decide the
same way on every machine.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from resiliparse.extract.html2text import extract_plain_text

from tokenmill.core.columns import drop, set_column
from tokenmill.core.rules import check_numbers
from tokenmill.text.edit.tidy import tidy_lines
from tokenmill.text.measure.html_shape import html_shape
from tokenmill.text.words.segment import text_buffer


@dataclass(frozen=True)
class ExtractHtmlResiliparse:
    """Replaces `text`, which is HTML, by its main text. Lines end with a line feed; a blank line separates paragraphs.

    A document over a limit is dropped and its text becomes null. Documents without main text are dropped too. The
    figures for real pages are the largest values of 3,800 pages.

    Attributes:
        max_bytes: largest size of the HTML in bytes. Default 10 MiB.
        max_depth: deepest nesting of elements; real pages: 40. The measurement ends at 1,000, so a value of 1,000 or
            more is no limit. Default 128.
        max_tags: largest number of start tags; real pages: 10,106. Default 100,000.
        max_options: largest number of `<option>` start tags; real pages: 896. Default 10,000.
        max_attributes: largest number of attributes on one tag; real pages: 46. Default 1,000.
        list_bullets: keep `•` and numbers of list items, which the Gopher bullet rule looks for. Default true.
    """

    max_bytes: int = 10 << 20
    max_depth: int = 128
    max_tags: int = 100_000
    max_options: int = 10_000
    max_attributes: int = 1_000
    list_bullets: bool = True

    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = ("text",)

    def __post_init__(self) -> None:
        check_numbers(self, "max_bytes", "max_depth", "max_tags", "max_options", "max_attributes", low=1)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Returns the batch with the main text instead of the HTML, and refused documents marked."""
        data, offsets = text_buffer(batch)
        shape = html_shape(data, offsets)
        limits = (
            ("too_large", np.diff(offsets), self.max_bytes),
            ("too_deep", shape.depth, self.max_depth),
            ("too_many_tags", shape.tags, self.max_tags),
            ("too_many_options", shape.options, self.max_options),
            ("too_many_attributes", shape.attributes, self.max_attributes),
        )
        refused = np.zeros(batch.num_rows, dtype=np.bool_)
        for rule, measured, limit in limits:
            refused |= measured > limit
            batch = drop(batch, measured > limit, f"extract_html_resiliparse.{rule}", measured, limit)
        text = self._extracted(batch.column("text"), refused)
        batch = set_column(batch, "text", text)
        empty = np.diff(_offsets(text)) == 0
        return drop(batch, empty & np.asarray(text.is_valid()), "extract_html_resiliparse.empty", 0, 1)

    def _extracted(self, html: pa.Array, refused: Any) -> pa.Array:
        """Returns the main texts, large_string (rows,): null if the HTML is null or refused."""
        valid = html.is_valid().to_numpy(zero_copy_only=False) & ~refused
        texts = [self._main_text(html[row].as_py()) if valid[row] else "" for row in range(len(html))]
        data, offsets = tidy_lines(*text_buffer(pa.record_batch({"text": pa.array(texts, type=pa.large_string())})))
        mask = pa.py_buffer(np.packbits(valid, bitorder="little"))
        return pa.Array.from_buffers(pa.large_string(), len(texts), [mask, pa.py_buffer(offsets), pa.py_buffer(data)])

    def _main_text(self, html: str) -> str:
        text: str = extract_plain_text(
            html,
            main_content=True,
            preserve_formatting=True,
            list_bullets=self.list_bullets,
            alt_texts=False,
            links=False,
            comments=False,
            post_meta=False,
        )
        return text


def _offsets(text: pa.Array) -> Any:
    return np.frombuffer(text.buffers()[1], dtype=np.int64)[text.offset : text.offset + len(text) + 1]
