"""The line edits of DCLM-Baseline, and its rule that drops a page that loses more than 5 % of its words.

Source: Li et al. 2024, arXiv:2406.11794, after RefinedWeb (Penedo et al. 2023, arXiv:2306.01116, appendix G.2). The
filter removes lines that consist mostly of capitals, only of digits, of a counter (`3 likes`) or of a single word. It
cuts `items in cart`, `Read more...` and `Sign-in` out of short lines. A dropped page keeps its original text.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from tokenmill.core.rules import Rule, check_bounds, check_numbers, signal_columns
from tokenmill.filters._edits import LOSS_RULES, LOSS_SIGNALS, judge_edits, loss_signals
from tokenmill.text.edit.dclm_edits import COUNTS, LineThresholds, edit_dclm_lines
from tokenmill.text.words.segment import text_buffer

_REMOVED = ("uppercase_lines", "digit_lines", "counter_lines", "short_lines", "emptied_lines")
_PAGE = "This is one of the lines of a page about cats and dogs and birds.\n" * 9


@dataclass(frozen=True)
class DclmLines:
    """Removes navigation lines from each text and drops pages that lose many words.

    Numbers are 0 or more. None switches a page rule (min_lines, max_removed_word_ratio) off.

    Attributes:
        max_uppercase_line_ratio: largest share of capitals in a line that stays, 0 to 1 of its code points.
            Default 0.5.
        max_digit_line_ratio: largest share of digits in a line that stays, 0 to 1 of its code points.
            Default 0.999999.
        remove_counters: remove lines such as `3 likes`. Default true.
        min_line_words: smallest number of words in a line that stays; white space separates words. Empty lines stay.
            Default 2.
        max_phrase_line_words: lines of more words keep their phrases. Default 10.
        max_newlines: largest number of newlines in a row; 0 means any number. Longer runs are shortened after the
            edits, as in Dolma 3; DCLM shortens them before. Default 2.
        min_lines: smallest number of remaining lines in a page that is kept. Default 1.
        max_removed_word_ratio: largest share of words that a kept page may lose, 0 to 1. Only words that begin with a
            letter or a digit count. Default 0.05.
    """

    max_uppercase_line_ratio: float = 0.5
    max_digit_line_ratio: float = 0.999999
    remove_counters: bool = True
    min_line_words: int = 2
    max_phrase_line_words: int = 10
    max_newlines: int = 2
    min_lines: int | None = 1
    max_removed_word_ratio: float | None = 0.05

    RULES: ClassVar[dict[str, Rule]] = LOSS_RULES
    SIGNALS: ClassVar[tuple[str, ...]] = (*LOSS_SIGNALS, *(f"n_{name}" for name in COUNTS))
    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = ("text", *signal_columns("dclm_lines", *SIGNALS))

    EXAMPLES: ClassVar[list[tuple[str, str | None]]] = [
        (_PAGE, None),
        (_PAGE + "3 likes\n12\nHome\nITEMS 3", None),  # 6 of 141 words: 4.26 %
        (_PAGE * 2 + "CLICK HERE NOW TO BUY THIS FINE CAR", None),
        (_PAGE + "CLICK HERE NOW TO BUY THIS FINE CAR", "removed_words"),
        (_PAGE + "Home\n" * 8, "removed_words"),
        (_PAGE + "1.2K likes\n" * 4, "removed_words"),
        (_PAGE + "2024\n" * 8, "removed_words"),
        (_PAGE + "Sign-in\n" * 8, "removed_words"),
        (_PAGE + "3 items in cart\n" * 3, "removed_words"),
        (_PAGE + "Cats are here. Read more...", None),
        ("– –\n—\n", None),  # without words, no word can be removed
        ("—\n—\n", "empty"),
        ("", "empty"),
    ]

    def __post_init__(self) -> None:
        check_bounds(self)
        check_numbers(self, "max_uppercase_line_ratio", "max_digit_line_ratio", high=1)
        check_numbers(self, "min_line_words", "max_phrase_line_words", "max_newlines")

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        buffer, offsets = text_buffer(batch)
        edited = edit_dclm_lines(buffer, offsets, self._thresholds())
        removed = np.sum([edited.counts[name] for name in _REMOVED], axis=0)
        signals = loss_signals(edited.counts, removed)
        return judge_edits(batch, self, signals, edited, (buffer, offsets))

    def _thresholds(self) -> LineThresholds:
        return LineThresholds(
            float(self.max_uppercase_line_ratio),
            float(self.max_digit_line_ratio),
            self.min_line_words,
            self.max_phrase_line_words,
            self.max_newlines,
            self.remove_counters,
        )
