"""Settings that contradict each other are refused by name when a filter is created."""

import pickle
from typing import Any

import pytest

from tokenmill.core.errors import RecipeError
from tokenmill.filters.c4 import C4
from tokenmill.filters.dclm_lines import DclmLines
from tokenmill.filters.fineweb import Fineweb
from tokenmill.filters.gopher_quality import GopherQuality
from tokenmill.filters.gopher_repetition import GopherRepetition
from tokenmill.filters.language_in import LanguageIn
from tokenmill.filters.line_filter import LineFilter


@pytest.mark.parametrize(
    ("work", "settings", "told"),
    [
        (GopherQuality, {"min_words": 100, "max_words": 50}, "min_words 100 above max_words 50"),
        (GopherQuality, {"min_mean_word_length": 11}, "min_mean_word_length 11 above max_mean_word_length 10"),
        (
            GopherQuality,
            {"min_alphabetic_ratio": 80},
            "gopher_quality.min_alphabetic_ratio: found 80, expected a share",
        ),
        (GopherQuality, {"min_words": -1}, "gopher_quality.min_words: found -1, expected a number from 0 up"),
        (GopherQuality, {"min_stop_words": 3, "stop_words": ("the", "of")}, "min_stop_words 3 with 2 stop_words"),
        (GopherQuality, {"stop_words": ("the", "the")}, "expected different words"),
        (GopherRepetition, {"max_top_2_gram_ratio": float("nan")}, "max_top_2_gram_ratio: found nan"),
        (Fineweb, {"max_newline_ratio": 1.5}, "fineweb.max_newline_ratio: found 1.5"),
        (Fineweb, {"short_line_chars": -1}, "fineweb.short_line_chars: found -1"),
        (C4, {"max_word_chars": -1}, "c4.max_word_chars: found -1"),
        (DclmLines, {"max_removed_word_ratio": 5}, "dclm_lines.max_removed_word_ratio: found 5, expected a share"),
        (DclmLines, {"max_uppercase_line_ratio": 50}, "dclm_lines.max_uppercase_line_ratio: found 50"),
        (DclmLines, {"min_line_words": -1}, "dclm_lines.min_line_words: found -1"),
        (LineFilter, {}, "line_filter: found no phrases"),
        (LineFilter, {"equal": "share"}, "line_filter.equal: found 'share', expected a list of phrases"),
        (LineFilter, {"contain": (" ",)}, "line_filter: found the phrase ' ', expected one with a character"),
        (LineFilter, {"equal": ("a",), "max_contain_words": 0}, "line_filter.max_contain_words: found 0"),
        (LineFilter, {"equal": ("a",), "max_removed_word_ratio": 5}, "line_filter.max_removed_word_ratio: found 5"),
        (LanguageIn, {"keep": ()}, r"language_in.keep: found \(\), expected a list"),
        (LanguageIn, {"keep": "en"}, "language_in.keep: found 'en', expected a list"),
        (LanguageIn, {"keep": ("en", "eng")}, "language_in.keep: found 'eng', expected a language.*did you mean 'en'"),
        (LanguageIn, {"keep": ("en",), "min_score": 65}, "language_in.min_score: found 65"),
    ],
)
def test_a_bad_setting_is_refused_by_name(work: Any, settings: dict[str, Any], told: str) -> None:
    with pytest.raises(RecipeError, match=told):
        work(**settings)


def test_no_bound_is_a_setting() -> None:
    """FineWeb-2 switches some rules off and changes the bounds of others."""
    repetition = GopherRepetition(max_duplicate_paragraph_ratio=None, max_duplicate_line_ratio=0.287)
    quality = GopherQuality(min_words=None, min_mean_word_length=3, max_mean_word_length=13, stop_words=("de", "a"))
    lines = Fineweb(max_short_line_ratio=None, max_duplicate_char_ratio=0.1, min_ended_line_ratio=0.077)
    for work in (repetition, quality, lines):
        assert pickle.loads(pickle.dumps(work)) == work
