"""What a language module is made of: slots, topics, joins and page chrome, all plain strings.

A slot holds alternatives, and an alternative may name further slots in braces: `{who} {did} {np}, {because}.`
Slots are written as one string with `|` or line ends between the alternatives, which keeps word lists readable.
A topic is a set of slots that go before the general ones.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

Slots = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Grammar:
    """One language. Slots `sentence`, `title` and `heading` are where expansion starts.

    joins: (pattern, replacement) pairs applied to every finished sentence: elision, contraction, a or an.
    gap: what stands between two sentences; empty where a script has no spaces.
    encodings: legacy encodings pages in this language are found in, the commonest first; utf-8 goes without saying.
    """

    code: str
    slots: Slots
    topics: Mapping[str, Slots]
    chrome: Slots
    encodings: tuple[str, ...]
    joins: tuple[tuple[str, str], ...] = ()
    gap: str = " "


def choices(text: str) -> tuple[str, ...]:
    """The alternatives in text, stripped, empty ones left out."""
    return tuple(option for option in (part.strip() for part in re.split(r"[|\n]", text)) if option)


def slots(**texts: str) -> dict[str, tuple[str, ...]]:
    """Slots from `name="one|two|three"`."""
    return {name: choices(text) for name, text in texts.items()}


def forms(names: str, text: str) -> dict[str, tuple[str, ...]]:
    """Several slots from one table of inflected words: forms("noun nouns", "hedge/hedges|bed/beds").

    The slots are drawn from independently; a table only saves writing every list out.
    """
    rows = [tuple(form.strip() for form in option.split("/")) for option in choices(text)]
    columns = names.split()
    for row in rows:
        if len(row) != len(columns):
            raise ValueError(f"{'/'.join(row)!r} has {len(row)} forms, expected {len(columns)}: {names}")
    return {name: tuple(row[i] for row in rows) for i, name in enumerate(columns)}
