"""The line edits of DCLM-Baseline (Li et al. 2024, arXiv:2406.11794, after RefinedWeb: Penedo et al. 2023,
arXiv:2306.01116, appendix G.2), and their rule that drops a page that loses more than 5 % of its words by them.

Lines go that are mostly capitals, nothing but digits, a counter (`3 likes`), or a word alone; `items in cart`,
`Read more...` and `Sign-in` are cut out of short lines. A dropped page keeps its text as it was.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from tokenmill.core.columns import set_column
from tokenmill.core.rules import Rule, check_bounds, judge, ratio, signal_columns, verdicts
from tokenmill.text.edit.dclm_edits import COUNTS, LineThresholds, edit_dclm_lines
from tokenmill.text.edit.line_edits import packed
from tokenmill.text.words.segment import text_array, text_buffer

_REMOVED = ("uppercase_lines", "digit_lines", "counter_lines", "short_lines", "emptied_lines")
_PAGE = "This is one of the lines of a page about cats and dogs and birds.\n" * 9


@dataclass(frozen=True)
class DclmLines:
    """Rewrite each text to the lines that stay, and keep pages that lose few words. Null switches a page rule off.

    max_uppercase_line_ratio, max_digit_line_ratio: of a line's code points. min_line_words: words between white space;
    empty lines stay. max_phrase_line_words: lines of more words keep those phrases. max_newlines: in a row, as Dolma 3
    does after its edits and DCLM before them; 0 is any number. The page rule counts words that begin with a letter or
    digit.
    """

    max_uppercase_line_ratio: float = 0.5
    max_digit_line_ratio: float = 0.999999
    remove_counters: bool = True
    min_line_words: int = 2
    max_phrase_line_words: int = 10
    max_newlines: int = 2
    min_lines: int | None = 1
    max_removed_word_ratio: float | None = 0.05

    RULES: ClassVar[dict[str, Rule]] = {
        "removed_words": Rule("removed_word_ratio", high="max_removed_word_ratio"),
        "empty": Rule("n_kept_lines", low="min_lines"),
    }
    SIGNALS: ClassVar[tuple[str, ...]] = ("removed_word_ratio", "n_kept_lines", *(f"n_{name}" for name in COUNTS))
    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = ("text", *signal_columns("dclm_lines", *SIGNALS))

    EXAMPLES: ClassVar[list[tuple[str, str | None]]] = [
        (_PAGE, None),
        (_PAGE + "3 likes\n12\nHome\nITEMS 3", None),  # 7 of 133 words: 5.26 %
        (_PAGE * 2 + "CLICK HERE NOW TO BUY THIS FINE CAR", None),
        (_PAGE + "CLICK HERE NOW TO BUY THIS FINE CAR", "removed_words"),
        (_PAGE + "Home\n" * 8, "removed_words"),
        (_PAGE + "1.2K likes\n" * 4, "removed_words"),
        (_PAGE + "2024\n" * 8, "removed_words"),
        (_PAGE + "Sign-in\n" * 8, "removed_words"),
        (_PAGE + "3 items in cart\n" * 3, "removed_words"),
        (_PAGE + "Cats are here. Read more...", None),
        ("– –\n—\n", None),  # nothing to lose
        ("—\n—\n", "empty"),
        ("", "empty"),
    ]

    def __post_init__(self) -> None:
        check_bounds(self)
        for setting in ("max_uppercase_line_ratio", "max_digit_line_ratio"):
            if not 0 <= getattr(self, setting) <= 1:
                raise ValueError(
                    f"dclm_lines.{setting}: found {getattr(self, setting)!r}, expected a share from 0 to 1"
                )
        for setting in ("min_line_words", "max_phrase_line_words", "max_newlines"):
            if getattr(self, setting) < 0:
                raise ValueError(f"dclm_lines.{setting}: found {getattr(self, setting)!r}, expected a number from 0 up")

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        buffer, offsets = text_buffer(batch)
        edited = edit_dclm_lines(buffer, offsets, self._thresholds())
        counts = edited.counts
        signals = {
            "removed_word_ratio": ratio(counts["removed_words"], counts["words"]),
            "n_kept_lines": pa.array(counts["lines"] - sum(counts[name] for name in _REMOVED)),
            **{f"n_{name}": pa.array(counts[name]) for name in COUNTS},
        }
        dropped = np.zeros(batch.num_rows, dtype=np.bool_)
        for rule in self.RULES.values():
            for fires, _ in verdicts(rule, signals[rule.signal], self):
                dropped |= fires
        text = text_array(*packed(edited, buffer, offsets, dropped), like=batch.column("text"))
        return judge(set_column(batch, "text", text), self, signals)

    def _thresholds(self) -> LineThresholds:
        return LineThresholds(
            float(self.max_uppercase_line_ratio),
            float(self.max_digit_line_ratio),
            self.min_line_words,
            self.max_phrase_line_words,
            self.max_newlines,
            self.remove_counters,
        )
