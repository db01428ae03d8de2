"""The repetition rules of Gopher (Rae et al. 2021, table A1), as datatrove 0.10 applies them for FineWeb.

A duplicate is the second and every later occurrence. text/measure/repetition.py has the definitions.
"""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from tokenmill.core.rules import Rule, check_bounds, judge, ratio, signal_columns
from tokenmill.text.measure.repetition import repetition_counts
from tokenmill.text.words.segment import text_buffer, words

_SHARES = {
    "duplicate_paragraph_ratio": ("duplicate_paragraphs", "paragraphs"),
    "duplicate_paragraph_char_ratio": ("duplicate_paragraph_chars", "chars"),
    "duplicate_line_ratio": ("duplicate_lines", "lines"),
    "duplicate_line_char_ratio": ("duplicate_line_chars", "chars"),
    **{f"top_{n}_gram_ratio": (f"top_{n}_gram_chars", "chars") for n in (2, 3, 4)},
    **{f"duplicate_{n}_gram_ratio": (f"duplicate_{n}_gram_chars", "chars") for n in (5, 6, 7, 8, 9, 10)},
}


def _echo(words: int, again: int) -> str:
    """Returns a text of `words` different words, followed by its first `again` words. A word has seven characters."""
    text = [f"word{number:03d}" for number in range(words)]
    return " ".join(text + text[:again])


@dataclass(frozen=True)
class GopherRepetition:
    """Drops documents that repeat themselves. None switches a rule off.

    Bounds are 0 or more, and ratios are at most 1. Unless stated otherwise, a ratio is a share of the document's code
    points, white space included.

    Attributes:
        min_chars: smallest number of code points. Default 1.
        max_duplicate_paragraph_ratio: largest share of duplicate paragraphs, by number. Default 0.30.
        max_duplicate_paragraph_char_ratio: largest share of code points in duplicate paragraphs. Default 0.20.
        max_duplicate_line_ratio: largest share of duplicate lines, by number. Default 0.30.
        max_duplicate_line_char_ratio: largest share of code points in duplicate lines. Default 0.20.
        max_top_2_gram_ratio: largest share of the most frequent sequence of 2 words, all occurrences together. Default
            0.20.
        max_top_3_gram_ratio: the same for 3 words. Default 0.18.
        max_top_4_gram_ratio: the same for 4 words. Default 0.16.
        max_duplicate_5_gram_ratio: largest share of duplicate sequences of 5 words. Default 0.15.
        max_duplicate_6_gram_ratio: the same for 6 words. Default 0.14.
        max_duplicate_7_gram_ratio: the same for 7 words. Default 0.13.
        max_duplicate_8_gram_ratio: the same for 8 words. Default 0.12.
        max_duplicate_9_gram_ratio: the same for 9 words. Default 0.11.
        max_duplicate_10_gram_ratio: the same for 10 words. Default 0.10.
    """

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
        (_echo(200, 0), None),
        ("字" * 200, None),
        ("", "empty"),
        ("\n\n".join([_echo(50, 0), "a", "a", "b", "b", *"cde"]), None),  # 2 of 8
        ("\n\n".join([_echo(50, 0), "a", "a", "a", "a", *"bcdef"]), None),  # 3 of 10, at the bound
        ("\n\n".join([_echo(50, 0), "a", "a", "a", "a", *"bcde"]), "duplicate_paragraph"),  # 3 of 9
        ("\n\n".join([_echo(30, 0), _echo(30, 0), *"abc"]), "duplicate_paragraph_char"),
        ("\n".join([_echo(50, 0), "a", "a", "a", "a", *"bcde"]), "duplicate_line"),
        ("\n".join([_echo(30, 0), _echo(30, 0), *"abc"]), "duplicate_line_char"),
        (" ".join(f"other thing {number:03d}" for number in range(50)), "top_2_gram"),
        (" ".join(f"a bb cccccccccc {_echo(number * 7 + 7, 0)[-55:]}" for number in range(40)), "top_3_gram"),
        (" ".join(f"aa bb cc dd {_echo(number * 6 + 6, 0)[-47:]}" for number in range(40)), "top_4_gram"),
        (_echo(278, 60), "duplicate_5_gram"),
        (_echo(302, 60), "duplicate_6_gram"),
        (_echo(345, 63), "duplicate_7_gram"),
        (_echo(384, 64), "duplicate_8_gram"),
        (_echo(416, 63), "duplicate_9_gram"),
        (_echo(440, 60), "duplicate_10_gram"),
    ]

    def __post_init__(self) -> None:
        check_bounds(self)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        batch, split = words(batch)
        counts = repetition_counts(*text_buffer(batch), split)
        shares = {name: ratio(counts[part], counts[whole]) for name, (part, whole) in _SHARES.items()}
        return judge(batch, self, {"n_chars": counts["chars"], **shares})
