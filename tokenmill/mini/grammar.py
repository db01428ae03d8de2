"""The languages of the mini-crawl. Each is one word file in data/prose.

A slot holds alternatives, and an alternative may name further slots in braces: `{who} {did} {np}, {so}.`
The sections of a word file are `language` (the settings of Grammar), `general`, `chrome`, and one for every topic.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tokenmill.mini.data_files import Slots, read_slots

NUMBERS = {  # slots that every language has: low and high, inclusive
    "year": (1931, 2009),
    "later": (2010, 2023),
    "day": (1, 28),
    "percent": (11, 89),
    "small": (2, 9),
    "tens": (12, 95),
    "hundreds": (110, 980),
    "age": (31, 84),
}


@dataclass(frozen=True)
class Grammar:
    """One language. Expansion starts at the slots `sentence`, `title` and `heading`.

    Attributes:
        slots: the vocabulary and the sentence patterns of every topic.
        topics: slots by topic; they replace those of the same name in `slots`.
        chrome: texts around the article of a page: menus, notices, comments.
        encodings: the encodings that pages in this language use, in turn.
        joins: (pattern, replacement) pairs applied in order to every finished sentence: elision, contraction, a or an.
        gap: the text between two sentences; empty for scripts without spaces.
    """

    slots: Slots
    topics: Mapping[str, Slots]
    chrome: Slots
    encodings: tuple[str, ...]
    joins: tuple[tuple[str, str], ...]
    gap: str


def _read_grammar(code: str) -> Grammar:
    sections = read_slots(f"prose/{code}.txt", filled_by_caller=NUMBERS)
    language, general, chrome = (sections.pop(name) for name in ("language", "general", "chrome"))
    joins = (rule.partition(" => ") for rule in language.get("joins", ()))
    return Grammar(
        slots=general,
        topics=sections,
        chrome=chrome,
        encodings=language["encodings"],
        joins=tuple((pattern, replacement) for pattern, _, replacement in joins),
        gap="" if language.get("gap") == ("none",) else " ",
    )


GRAMMARS = {code: _read_grammar(code) for code in ("en", "de", "fr", "es", "it", "pt", "ru", "zh", "ja", "nl", "pl")}
