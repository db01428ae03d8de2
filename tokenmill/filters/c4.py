"""The line and page rules of C4 (Raffel et al. 2020, section 2.2), as datatrove 0.10 applies them.

Lines with few words, a very long word, "javascript" or the phrases of a cookie or privacy notice are removed, and
citation marks (`[1]`, `[edit]`, `[citation needed]`) cut out; a page with "lorem ipsum" or `{` in a line that stays, or
with few sentences left, is dropped. A dropped page keeps its text as it was.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from tokenmill.core.columns import set_column
from tokenmill.core.rules import Rule, check_bounds, judge, signal_columns, verdicts
from tokenmill.text.edit.line_edits import edit_c4_lines, packed
from tokenmill.text.words.segment import text_array, text_buffer
from tokenmill.text.words.sentences import sentence_counts

_ENDLESS = 1 << 62


@dataclass(frozen=True)
class C4:
    """Rewrite each text to the lines that stay, and keep pages with enough sentences. Null switches a page rule off.

    terminal_punctuation: also remove lines that do not end in `.`, `?`, `!` or a quote, or end in `...`: as C4 does,
    and FineWeb does not. min_line_words: words between white space. max_word_chars: code points. Lines with `{` count
    up to the line by which "lorem ipsum" drops the page, so that the earlier line gives the rule.
    """

    terminal_punctuation: bool = False
    remove_citations: bool = True
    min_line_words: int = 3
    max_word_chars: int = 1000
    max_lorem_lines: int | None = 0
    max_curly_lines: int | None = 0
    min_sentences: int | None = 5

    RULES: ClassVar[dict[str, Rule]] = {
        "curly_bracket": Rule("n_curly_lines", high="max_curly_lines"),
        "lorem_ipsum": Rule("n_lorem_lines", high="max_lorem_lines"),
        "few_sentences": Rule("n_sentences", low="min_sentences"),
    }
    SIGNALS: ClassVar[tuple[str, ...]] = ("n_lorem_lines", "n_curly_lines", "n_sentences", "n_lines", "n_removed_lines")
    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = ("text", *signal_columns("c4", *SIGNALS))

    EXAMPLES: ClassVar[list[tuple[str, str | None]]] = [
        ("This is a sentence. " * 5, None),
        ("This is a sentence. " * 4, "few_sentences"),
        ("Two words.\n" * 9 + "This is a sentence. " * 5, None),
        ("Two words.\n" * 9, "few_sentences"),
        ("Please enable JavaScript here.\n" * 9, "few_sentences"),
        ("Read our Privacy Policy here.\n" * 9, "few_sentences"),
        ("Lorem ipsum dolor sit amet. " * 5, "lorem_ipsum"),
        ("Lorem ipsum\n" + "This is a sentence. " * 5, None),  # a line of two words never comes to the rule
        ("This is {a} sentence. " * 5, "curly_bracket"),
        ("This is {a} sentence.\n" * 5 + "Lorem ipsum dolor sit amet.", "curly_bracket"),
        ("Lorem ipsum dolor sit amet.\n" + "This is {a} sentence. " * 5, "lorem_ipsum"),
        ("这是 一个 句子。 " * 5, None),
        ("这是一个句子。" * 5, "few_sentences"),  # a sentence ends before a blank
    ]

    def __post_init__(self) -> None:
        check_bounds(self)
        for setting in ("min_line_words", "max_word_chars"):
            if getattr(self, setting) < 0:
                raise ValueError(f"c4.{setting}: found {getattr(self, setting)!r}, expected a number from 0 up")

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        buffer, offsets = text_buffer(batch)
        edited = edit_c4_lines(
            buffer,
            offsets,
            min_words=self.min_line_words,
            max_word_chars=self.max_word_chars,
            terminal=self.terminal_punctuation,
            citations=self.remove_citations,
            max_lorem_lines=_ENDLESS if self.max_lorem_lines is None else self.max_lorem_lines,
        )
        signals = {
            "n_lorem_lines": pa.array(edited.counts["lorem_lines"]),
            "n_curly_lines": pa.array(edited.counts["curly_lines"]),
            "n_sentences": pa.array(sentence_counts(edited.buffer, edited.starts, edited.ends)),
            "n_lines": pa.array(edited.counts["lines"]),
            "n_removed_lines": pa.array(edited.counts["removed_lines"]),
        }
        dropped = np.zeros(batch.num_rows, dtype=np.bool_)
        for rule in self.RULES.values():
            for fires, _ in verdicts(rule, signals[rule.signal], self):
                dropped |= fires
        text = text_array(*packed(edited, buffer, offsets, dropped), like=batch.column("text"))
        return judge(set_column(batch, "text", text), self, signals)
