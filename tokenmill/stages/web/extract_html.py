"""Extracts the main text of HTML: keeps headings, paragraphs, lists, tables, code; removes menus, footers, scripts.

A page is cut into blocks of text in one pass over its bytes. Decision trees, fitted to annotated pages of many sites
and languages, decide for each block whether it is content (text/html/main_text.py). The time is proportional to the
bytes, however deep or broken the markup is. docs/quality.md compares the results with trafilatura and resiliparse.
"""

import functools
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.columns import drop, set_column
from tokenmill.core.errors import RecipeError
from tokenmill.core.rules import check_numbers
from tokenmill.text.html.main_text import Choice, Models, load_models, main_text
from tokenmill.text.html.opinions import SURE
from tokenmill.text.html.trees import MODEL, model_checksum
from tokenmill.text.mathml.replace import with_math_lines
from tokenmill.text.words.segment import text_array, text_buffer

_KEEP_OR_DROP = ("keep", "drop")
_SCOPES = ("main", "body")
_FORMATS = ("text", "markdown")
_LOWEST = 0.4  # of min_score: the least score that is enough on a page that is not on one thing
_SINGLE = 0.6  # probability from which a page counts as on one thing


@dataclass(frozen=True)
class ExtractHtml:
    """Replaces `text`, which is HTML, by its main text. Lines end with a line feed, and wider gaps are one blank line.

    The cells of a table row are separated by a tab, and a formula stands between `$` as TeX. The lines of code in a
    `<pre>` stay as they are. Text that browsers do not show is removed, and so are numbers of notes and remarks of
    editors, such as [citation needed]. A second copy of the text, such as for small screens, is dropped if it is at
    least 30 % of what is kept and has two paragraphs, one of them with 100 letters; so is a `<blockquote>` of 100
    letters that repeats a text before it. Drops rows by two rules: `extract_html.too_large`, and `extract_html.empty`
    if a document has no main text. Headings of at most 100 letters in total without other text are no main text.

    Attributes:
        max_bytes: largest size of the HTML in bytes, at least 1. A larger document is dropped and its text becomes
            null. Default 10 MiB.
        min_score: probability of being content that a block of an article or a product page needs to be kept, above 0
            and below 1. Lower values give more recall, higher values more precision. On other pages (forums, lists) the
            limit is the one between 40 % and 100 % of this value that promises the highest F1. The same limit is used
            if no block reaches the value. Default 0.5.
        list_bullets: keep `•` or the number of list items, which the Gopher bullet rule looks for. Default true.
        headline: keep or drop. With drop the first `<h1>` is removed, with copies of it outside of tables, lists and
            code; short headings without other text are then removed too. With keep it is judged like any block.
            Default keep.
        comments: keep or drop. With drop, comments of readers are removed, as far as class names tell them, unless
            they are most of the text, as in a forum; with keep they are judged like any block. Default drop.
        scope: main, or body for HTML that is content throughout, such as the pages of an encyclopedia or of a manual:
            no block is judged, so min_score, headline and comments have no effect; hidden text, numbers of notes and of
            lines, remarks of editors (`<sup class="inline-template">`), edit links and permanent links are removed.
            Default main.
        format: text, or markdown: headings with `#`, nested lists, quotes, code between fences with its language, and
            tables with `|`. What Markdown would read as markup is escaped. Default text.
    """

    max_bytes: int = 10 << 20
    min_score: float = 0.5
    list_bullets: bool = True
    headline: Literal["keep", "drop"] = "keep"
    comments: Literal["keep", "drop"] = "drop"
    scope: Literal["main", "body"] = "main"
    format: Literal["text", "markdown"] = "text"

    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = ("text",)

    def __post_init__(self) -> None:
        check_numbers(self, "max_bytes", low=1)
        check_numbers(self, "min_score", low=0, high=1, ends="()")
        choices = {"headline": _KEEP_OR_DROP, "comments": _KEEP_OR_DROP, "scope": _SCOPES, "format": _FORMATS}
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise RecipeError(
                    f"stages.extract_html: {name} is {getattr(self, name)!r}, it must be {' or '.join(allowed)}"
                )

    def file_checksums(self) -> dict[str, str]:
        """Returns the checksum of the model file, for the fingerprint."""
        return {MODEL.name: model_checksum()}

    def choice(self) -> Choice:
        """Returns the settings in the form that text/html takes."""
        return Choice(
            cut=round(self.min_score * SURE),
            lowest=round(_LOWEST * self.min_score * SURE),
            single=round(_SINGLE * SURE),
            bullets=int(self.list_bullets),
            headline=int(self.headline == "keep"),
            comments=int(self.comments == "keep"),
            everything=int(self.scope == "body"),
            markdown=int(self.format == "markdown"),
        )

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Returns the batch with the main text instead of the HTML. Too large and empty documents are marked."""
        html = batch.column("text")
        sizes = np.diff(text_buffer(batch)[1])
        too_large = sizes > self.max_bytes
        if too_large.any():
            html = pc.if_else(pa.array(too_large), pa.scalar(None, html.type), html)
        data, offsets = text_buffer(pa.record_batch({"text": _with_math_lines(html)}))
        texts = main_text(data, offsets, _models(), self.choice())
        batch = set_column(batch, "text", text_array(*texts, like=html))
        batch = drop(batch, too_large, "extract_html.too_large", sizes, self.max_bytes)
        empty = (np.diff(texts[1]) == 0) & html.is_valid().to_numpy(zero_copy_only=False)
        return drop(batch, empty, "extract_html.empty", 0, 1)


def _with_math_lines(html: pa.Array) -> pa.Array:
    """Returns the documents with a line for each `<math>` without TeX; without any the array itself."""
    has_math = pc.match_substring_regex(html, "<([a-z][-_.0-9a-z]*:)?math", ignore_case=True).fill_null(False)
    if not has_math.true_count:
        return html
    pages = html.filter(has_math).cast(pa.large_binary()).to_pylist()
    texts = pa.array([with_math_lines(page) for page in pages], type=pa.large_binary())
    return pc.replace_with_mask(html, has_math, texts.cast(html.type))


@functools.cache
def _models() -> Models:
    return load_models()
