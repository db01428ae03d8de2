"""The repetition rules of Gopher (Rae et al. 2021, table A1), as datatrove 0.10 applies them for FineWeb.

A duplicate is the second occurrence and every later one. Shares are of the document's code points, white space
included, but for `duplicate_line_ratio` and `duplicate_paragraph_ratio`, which are of their number. text/repetition.py
has the definitions.
"""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from tokenmill.core.rules import Rule, check_bounds, judge, ratio, signal_columns
from tokenmill.text.repetition import repetition_counts
from tokenmill.text.segment import text_buffer, words

_SHARES = {
    "duplicate_paragraph_ratio": ("duplicate_paragraphs", "paragraphs"),
    "duplicate_paragraph_char_ratio": ("duplicate_paragraph_chars", "chars"),
    "duplicate_line_ratio": ("duplicate_lines", "lines"),
    "duplicate_line_char_ratio": ("duplicate_line_chars", "chars"),
    **{f"top_{n}_gram_ratio": (f"top_{n}_gram_chars", "chars") for n in (2, 3, 4)},
    **{f"duplicate_{n}_gram_ratio": (f"duplicate_{n}_gram_chars", "chars") for n in (5, 6, 7, 8, 9, 10)},
}
_PROSE = (
    "The quick brown fox jumps over a lazy dog while seven wizards vex bold zebras near their mighty oak by noon today."
)


@dataclass(frozen=True)
class GopherRepetition:
    """Keep documents that repeat themselves little: each share is at most its setting, 0..1; null is no bound."""

    min_chars: int | None = 1
    max_duplicate_paragraph_ratio: float | None = 0.30
    max_duplicate_paragraph_char_ratio: float | None = 0.20
    max_duplicate_line_ratio: float | None = 0.30
    max_duplicate_line_char_ratio: float | None = 0.20
    max_top_2_gram_ratio: float | None = 0.20
    max_top_3_gram_ratio: float | None = 0.18
    max_top_4_gram_ratio: float | None = 0.16
    max_duplicate_5_gram_ratio: float | None = 0.15
    max_duplicate_6_gram_ratio: float | None = 0.14
    max_duplicate_7_gram_ratio: float | None = 0.13
    max_duplicate_8_gram_ratio: float | None = 0.12
    max_duplicate_9_gram_ratio: float | None = 0.11
    max_duplicate_10_gram_ratio: float | None = 0.10

    RULES: ClassVar[dict[str, Rule]] = {
        "empty": Rule("n_chars", low="min_chars"),
        **{name.removesuffix("_ratio"): Rule(name, high=f"max_{name}") for name in _SHARES},
    }
    SIGNALS: ClassVar[tuple[str, ...]] = ("n_chars", *_SHARES)
    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = signal_columns("gopher_repetition", *SIGNALS)

    EXAMPLES: ClassVar[list[tuple[str, str | None]]] = [
        (_PROSE, None),
        ("", "empty"),
        ("a\n\n" * 4, "duplicate_paragraph"),
    ]

    def __post_init__(self) -> None:
        check_bounds(self)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        batch, split = words(batch)
        counts = repetition_counts(*text_buffer(batch), split)
        shares = {name: ratio(counts[part], counts[whole]) for name, (part, whole) in _SHARES.items()}
        return judge(batch, self, {"n_chars": counts["chars"], **shares})
