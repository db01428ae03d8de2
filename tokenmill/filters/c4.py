"""The line and page rules of C4 (Raffel et al. 2020, section 2.2), as datatrove 0.10 applies them.

The filter removes lines with few words, a very long word, "javascript" or the phrases of a cookie or privacy notice,
and cuts out citation marks (`[1]`, `[edit]`, `[citation needed]`). It drops a page if a remaining line contains
"lorem ipsum" or `{`, or if few sentences remain. A dropped page keeps its original text.
"""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from tokenmill.core.rules import Rule, check_bounds, check_numbers, signal_columns
from tokenmill.filters._edits import judge_edits
from tokenmill.text.edit.line_edits import edit_c4_lines
from tokenmill.text.words.segment import text_buffer
from tokenmill.text.words.sentences import sentence_counts

_ENDLESS = 1 << 62


@dataclass(frozen=True)
class C4:
    """Removes bad lines from each text and drops pages with few sentences.

    Numbers are 0 or more. None switches a page rule (max_lorem_lines, max_curly_lines, min_sentences) off. If a page
    has both a line with `{` and a line with "lorem ipsum", the earlier line decides which rule drops it.

    Attributes:
        terminal_punctuation: whether to remove also lines that do not end in `.`, `?`, `!` or a straight quote, and
            lines that end in `...`. C4 does this, FineWeb does not. Default false.
        remove_citations: whether to cut out citation marks. Default true.
        min_line_words: smallest number of words in a line that stays; white space separates words. Default 3.
        max_word_chars: largest number of code points of a word in a line that stays. Default 1000.
        max_lorem_lines: largest number of remaining lines with "lorem ipsum" in a page that is kept. Default 0.
        max_curly_lines: largest number of remaining lines with `{` in a page that is kept. Default 0.
        min_sentences: smallest number of remaining sentences in a page that is kept. Default 5.
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
        ("Lorem ipsum\n" + "This is a sentence. " * 5, None),  # a line of two words is removed before this rule runs
        ("This is {a} sentence. " * 5, "curly_bracket"),
        ("This is {a} sentence.\n" * 5 + "Lorem ipsum dolor sit amet.", "curly_bracket"),
        ("Lorem ipsum dolor sit amet.\n" + "This is {a} sentence. " * 5, "lorem_ipsum"),
        ("这是 一个 句子。 " * 5, None),
        ("这是一个句子。" * 5, "few_sentences"),  # without spaces, the line has only one word
    ]

    def __post_init__(self) -> None:
        check_bounds(self)
        check_numbers(self, "min_line_words", "max_word_chars")

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
        return judge_edits(batch, self, signals, edited, (buffer, offsets))
