"""The quality rules of Gopher (Rae et al. 2021, appendix A.1.1), as datatrove 0.10 applies them for FineWeb.

The text is split into tokens: words and punctuation marks (text/words/split.py). A word is a token with a character
that is not punctuation. Lengths are in code points.
"""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from tokenmill.core.errors import RecipeError
from tokenmill.core.rules import Rule, check_bounds, judge, ratio, signal_columns
from tokenmill.text.measure.word_counts import word_counts
from tokenmill.text.words.lexicon import word_set
from tokenmill.text.words.segment import text_buffer, words


@dataclass(frozen=True)
class GopherQuality:
    """Drops documents that do not look like prose. Bounds are 0 or more; None switches a rule off.

    Attributes:
        min_words: smallest number of words. Default 50.
        max_words: largest number of words. Default 100,000.
        min_mean_word_length: smallest mean length of a word, in code points. Default 3.
        max_mean_word_length: largest mean length of a word, in code points. Default 10.
        max_hash_ratio: largest number of `#` per token, 0 to 1. Default 0.1.
        max_ellipsis_ratio: largest number of ellipses per token, 0 to 1. Default 0.1.
        max_bullet_line_ratio: largest share of lines that begin with `•` or `-`, 0 to 1. Default 0.9.
        max_ellipsis_line_ratio: largest share of lines that end in an ellipsis, 0 to 1. Default 0.3.
        min_alphabetic_ratio: smallest share of tokens with a letter, 0 to 1. Default 0.8.
        min_stop_words: smallest number of different stop words in the text, at most the number of stop_words. Default
            2.
        stop_words: the stop words. Case makes a difference. Default: the eight words of Gopher.
    """

    min_words: int | None = 50
    max_words: int | None = 100_000
    min_mean_word_length: float | None = 3
    max_mean_word_length: float | None = 10
    max_hash_ratio: float | None = 0.1
    max_ellipsis_ratio: float | None = 0.1
    max_bullet_line_ratio: float | None = 0.9
    max_ellipsis_line_ratio: float | None = 0.3
    min_alphabetic_ratio: float | None = 0.8
    min_stop_words: int | None = 2
    stop_words: tuple[str, ...] = ("the", "be", "to", "of", "and", "that", "have", "with")

    RULES: ClassVar[dict[str, Rule]] = {
        "short": Rule("n_words", low="min_words"),
        "long": Rule("n_words", high="max_words"),
        "short_words": Rule("mean_word_length", low="min_mean_word_length"),
        "long_words": Rule("mean_word_length", high="max_mean_word_length"),
        "hashes": Rule("hash_ratio", high="max_hash_ratio"),
        "ellipses": Rule("ellipsis_ratio", high="max_ellipsis_ratio"),
        "bullet_lines": Rule("bullet_line_ratio", high="max_bullet_line_ratio"),
        "ellipsis_lines": Rule("ellipsis_line_ratio", high="max_ellipsis_line_ratio"),
        "not_alphabetic": Rule("alphabetic_ratio", low="min_alphabetic_ratio"),
        "few_stop_words": Rule("n_stop_words", low="min_stop_words"),
    }
    SIGNALS: ClassVar[tuple[str, ...]] = tuple(dict.fromkeys(rule.signal for rule in RULES.values()))
    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = signal_columns("gopher_quality", *SIGNALS)

    EXAMPLES: ClassVar[list[tuple[str, str | None]]] = [
        ("the cat sat with one dog " * 10, None),
        ("the cat and one dog " * 10, None),  # 50 words
        ("the cat and one dog " * 9 + "the cat and dog", "short"),  # 49
        ("the cat and one dog ! " * 10, None),  # punctuation marks are not words
        ("字" * 200, "short"),  # one word
        ("a " * 100_001, "long"),
        ("to be or of at in " * 10, "short_words"),
        ("the internationalization of transcontinental communications " * 20, "long_words"),
        ("the # cat and one more dog at home now " * 10, None),  # 10 of 100, at the bound
        ("the # cat and one dog " * 10, "hashes"),
        ("the cat... and one dog… " * 10, "ellipses"),
        ("- the cat sat with that dog\n" * 10, "bullet_lines"),
        ("- the cat sat with that dog\n" * 9 + "the cat sat with that dog\n", None),  # 9 of 10, at the bound
        ("the cat sat with that dog and we have to be home soon...\n" * 10, "ellipsis_lines"),
        ("the brown cat and 2 " * 20, None),  # 4 of 5, at the bound
        ("the brown cat and 2 " * 20 + "2024", "not_alphabetic"),
        ("some large cats chase the small dogs " * 10, "few_stop_words"),
        ("der Hund und die Katze gehen heute nicht mehr hinaus " * 10, "few_stop_words"),
    ]

    def __post_init__(self) -> None:
        check_bounds(self)
        if len(set(self.stop_words)) < len(self.stop_words) or "" in self.stop_words:
            raise RecipeError(f"gopher_quality.stop_words: found {self.stop_words!r}, expected different words")
        if self.min_stop_words is not None and self.min_stop_words > len(self.stop_words):
            found = f"min_stop_words {self.min_stop_words} with {len(self.stop_words)} stop_words"
            raise RecipeError(f"gopher_quality: found {found}, expected at most the number of stop_words")

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        batch, split = words(batch)
        counts = word_counts(*text_buffer(batch), split, word_set(self.stop_words))
        signals = {
            "n_words": counts["words"],
            "mean_word_length": ratio(counts["word_chars"], counts["words"]),
            "hash_ratio": ratio(counts["hashes"], counts["words_and_symbols"]),
            "ellipsis_ratio": ratio(counts["ellipses"], counts["words_and_symbols"]),
            "bullet_line_ratio": ratio(counts["bullet_lines"], counts["lines"]),
            "ellipsis_line_ratio": ratio(counts["ellipsis_lines"], counts["lines"]),
            "alphabetic_ratio": ratio(counts["with_letters"], counts["words_and_symbols"]),
            "n_stop_words": counts["stop_words"],
        }
        return judge(batch, self, signals)
