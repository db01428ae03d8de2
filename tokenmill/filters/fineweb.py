"""The line rules that FineWeb added (Penedo et al. 2024, section 3.6), as datatrove 0.10 applies them.

Newlines separate lines; lines of only white space do not count. Lengths are in code points.
"""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from tokenmill.core.rules import Rule, check_bounds, check_numbers, judge, ratio, signal_columns
from tokenmill.text.measure.line_counts import line_counts
from tokenmill.text.words.segment import text_buffer, words


@dataclass(frozen=True)
class Fineweb:
    """Drops documents with few complete sentences, many short or repeated lines, or many line breaks.

    None switches a rule off. Numbers are 0 or more, and ratios are at most 1.

    Attributes:
        min_lines: smallest number of lines. Default 1.
        min_ended_line_ratio: smallest share of lines that end in a mark such as `.`, `!` or `?`. Quotes and `…` do not
            count as such marks. Default 0.12.
        max_short_line_ratio: largest share of short lines. Default 0.67.
        short_line_chars: largest length of a short line, in code points. Default 30.
        max_duplicate_char_ratio: largest share of code points in lines that occurred before; newlines do not count.
            Default 0.01.
        max_newline_ratio: largest number of newlines per token of the text (words and punctuation marks). Default 0.3.
    """

    min_lines: int | None = 1
    min_ended_line_ratio: float | None = 0.12
    max_short_line_ratio: float | None = 0.67
    short_line_chars: int = 30
    max_duplicate_char_ratio: float | None = 0.01
    max_newline_ratio: float | None = 0.3

    RULES: ClassVar[dict[str, Rule]] = {
        "empty": Rule("n_lines", low="min_lines"),
        "few_ended_lines": Rule("ended_line_ratio", low="min_ended_line_ratio"),
        "short_lines": Rule("short_line_ratio", high="max_short_line_ratio"),
        "duplicate_chars": Rule("duplicate_char_ratio", high="max_duplicate_char_ratio"),
        "list": Rule("newline_ratio", high="max_newline_ratio"),
    }
    SIGNALS: ClassVar[tuple[str, ...]] = tuple(rule.signal for rule in RULES.values())
    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = signal_columns("fineweb", *SIGNALS)

    EXAMPLES: ClassVar[list[tuple[str, str | None]]] = [
        ("\n".join(f"Line {number} of this page ends in a full stop." for number in range(20)), None),
        (" \n\n\u3000", "empty"),
        (
            "\n".join(
                [*(f"Line {number} of this page that just goes on" for number in range(22)), "End.", "Stop!", "Ja。"]
            ),
            None,
        ),
        (
            "\n".join([*(f"Line {number} of this page that just goes on" for number in range(23)), "End.", "Ja。"]),
            "few_ended_lines",
        ),
        ("\n".join(f"Line {number} is short, really short." for number in range(10)), "short_lines"),  # 30 characters
        ("\n".join(f"Line {number} is short, perhaps short." for number in range(10)), None),  # 31
        (
            "\n".join(f"Line {number // 2} of this page is there to be said twice." for number in range(10)),
            "duplicate_chars",
        ),
        ("\n".join(f"internationalization{number}transcontinentalization." for number in range(10)), "list"),
        ("这一页的每一行都有足够长的内容，并且以句号结尾，所以没有任何规则会删除它，一切都很好。", None),
    ]

    def __post_init__(self) -> None:
        check_bounds(self)
        check_numbers(self, "short_line_chars")

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        batch, split = words(batch)
        counts = line_counts(*text_buffer(batch), split, self.short_line_chars)
        signals = {
            "n_lines": counts["lines"],
            "ended_line_ratio": ratio(counts["ended_lines"], counts["lines"]),
            "short_line_ratio": ratio(counts["short_lines"], counts["lines"]),
            "duplicate_char_ratio": ratio(counts["duplicate_line_chars"], counts["chars"]),
            "newline_ratio": ratio(counts["newlines"], counts["words_and_symbols"]),
        }
        return judge(batch, self, signals)
