"""Reads the data files of inline templates: which names print what, by language.

The folder inline/ has one file per language of an edition, and shared.txt for templates that are the same in most
editions. A line has three parts with tabs between them: names, pattern (see patterns.py), and the source of that
knowledge (see docs/wikipedia.md). Names have spaces between them and `_` in them; `lang-*` stands for `lang-` with the
code of any language, `cite_*` and `script/*` for all names with this start. A line that begins with `@music` defines a
table of words for the rule `@music(1)`. Lines that begin with `## ` are comments.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from tokenmill.core.errors import DataError

FOLDER: Final = Path(__file__).with_name("inline")
SHARED: Final = "shared"
_LONG: Final = 4  # shorter names mean different things in different editions
_ENGLISH: Final = "en"
_OWN: Final = ("dates", "languages")


@dataclass(frozen=True)
class Line:
    """One line of a data file: names and the pattern that all of them have, or a table and its words."""

    names: tuple[str, ...]
    pattern: str
    source: str


@cache
def template_lines() -> dict[str, list[Line]]:
    """Returns {language or `shared`: the lines of its data file}. Raises DataError for a broken line."""
    return {path.stem: list(_lines(path)) for path in sorted(FOLDER.glob("*.txt"))}


@cache
def template_checksum() -> str:
    """Returns the hex SHA-256 of the data files, for the fingerprint of a stage that uses them."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.glob("*.txt")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def template_languages() -> tuple[str, ...]:
    """Returns the codes of the languages that have a data file, sorted."""
    return tuple(name for name in template_lines() if name != SHARED)


def patterns_of(language: str) -> dict[str, str]:
    """Returns {name: pattern} of one language's own file."""
    return {name: line.pattern for line in template_lines()[language] for name in line.names if name[0] != "@"}


def patterns_of_all(*, english: bool) -> dict[str, str]:
    """Returns {name: pattern} for editions without a file, and for names that a language's own file lacks.

    It has the shared names, and those of all languages if they are long and mean the same wherever they are known; if
    they do not, the English one counts. english: also the short English ones, for pages of unknown language.
    """
    found = patterns_of(SHARED)
    for name, pattern in patterns_of(_ENGLISH).items():
        if english or len(name) >= _LONG:
            found.setdefault(name, pattern)
    others: dict[str, set[str]] = {}
    for language in template_languages():
        for name, pattern in patterns_of(language).items():
            others.setdefault(name, set()).add(pattern)
    for name, patterns in others.items():
        if len(patterns) == 1 and len(name) >= _LONG:
            found.setdefault(name, *patterns)
    return found


def tables_of_words() -> dict[str, dict[str, str]]:
    """Returns {table: {word of wikitext: text}}, the tables that the data files define.

    Each language has tables of its own called dates and languages; their names here begin with the language and `:`.
    """
    found: dict[str, dict[str, str]] = {}
    for language, lines in template_lines().items():
        for line in lines:
            if line.names[0].startswith("@"):
                name = line.names[0][1:]
                table = found.setdefault(f"{language}:{name}" if name in _OWN else name, {})
                for pair in line.pattern.split():
                    word, _, text = pair.rpartition("=")
                    table[word] = text.replace("_", " ")
    return found


def _lines(path: Path) -> Iterator[Line]:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if not line or line.startswith("## "):
            continue
        parts = line.split("\t")
        if len(parts) != 3 or not parts[0].split() or not parts[2]:
            raise DataError(f"{path.name}, line {number}: found {line!r}, expected names, pattern, source between tabs")
        yield Line(tuple(parts[0].split()), parts[1], parts[2])
