"""Builds the kernels' tables of inline templates from the data files."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from tokenmill.core.errors import DataError
from tokenmill.text.kernel.arrays import Bytes, Hashes, Longs
from tokenmill.text.kernel.cache import frozen
from tokenmill.text.templates.hashes import exact_hash, name_hash
from tokenmill.text.templates.patterns import Pool
from tokenmill.text.templates.template_files import (
    SHARED,
    patterns_of,
    patterns_of_all,
    tables_of_words,
    template_languages,
)

ANY, OTHER = 0, 1
"""Language numbers of a page of unknown language, and of a page in a language without a data file."""

_ARGUMENTS = "display disp year month day e u ul up upl p s end errend ± + - adj ns ew text"
ARGUMENTS = {name: place for place, name in enumerate(_ARGUMENTS.split())}
"""{name of an argument: its index in keys}, for rules."""
TABLES = {name: len(ARGUMENTS) + place for place, name in enumerate(("unit", "part", "join", "hidden", "tail", "bare"))}
"""{name of a table of words: the index of its hash in keys}, for rules."""
DATES = len(ARGUMENTS) + len(TABLES)
"""Index in keys of the table of months of language 0, and then of its table of names of languages, and so on."""


_EXACT = ("unit", "part")
"""Tables in which the case of a word counts: `st` is stone, and `ST` a short ton."""


_KINDS = ("-*", "_*", "/*")
"""Ends of names that stand for all names with this start."""


class Arrays(NamedTuple):
    """The arrays of Names that the data files fill, see there."""

    templates: Hashes
    renders: Longs
    starts: Longs
    operations: Longs
    choices: Longs
    words: Hashes
    word_texts: Longs
    keys: Hashes
    literals: Bytes


def language_number(code: str) -> int:
    """Returns the number of an edition's language, such as `de` or `zh-Hant`, for wikitext_to_text.

    ANY for an empty code, OTHER for a language without a data file.
    """
    if not code:
        return ANY
    base = code.lower().replace("_", "-").split("-")[0]
    return _numbers().get({"simple": "en"}.get(base, base), OTHER)


@cache
def _numbers() -> dict[str, int]:
    return {language: number for number, language in enumerate(template_languages(), start=OTHER + 1)}


def template_arrays() -> Arrays:
    """Returns the tables of inline templates. Raises DataError for a pattern that cannot be compiled."""
    pool = Pool()
    for name in ARGUMENTS:
        pool.key(name)
    for table in TABLES:
        pool.key(f"map:{table}:")
    for language in ("", "", *template_languages()):  # where the edition is unknown, dates are English ones
        pool.keys.append(name_hash(f"map:{language or 'en'}:dates:"))
        pool.keys.append(name_hash(f"map:{language}:languages:"))
    hashes: list[int] = []
    renders: list[tuple[int, int, int]] = []
    starts = [0]
    tables = tables_of_words()
    for language in ("", SHARED, *template_languages()):
        pairs = _renders(language, pool, tables.keys())
        hashes += sorted(pairs)
        renders += [pairs[key] for key in sorted(pairs)]
        starts.append(len(hashes))
    words = _words(tables, pool)
    return Arrays(
        _hashes(hashes), _longs(renders, 3), _longs(starts), _longs(pool.operations, 4), _longs(pool.choices),
        _hashes(sorted(words)), _longs([words[key] for key in sorted(words)], 2), _hashes(pool.keys),
        frozen(np.frombuffer(bytes(pool.literals), dtype=np.uint8)),
    )  # fmt: skip


def _renders(language: str, pool: Pool, tables: Collection[str]) -> dict[int, tuple[int, int, int]]:
    """Returns {hash of a name: its entry in renders} for a language, shared, or "" for pages of unknown language."""
    patterns = patterns_of_all(english=not language) if language in ("", SHARED) else patterns_of(language)
    found: dict[int, tuple[int, int, int]] = {}
    for name, pattern in patterns.items():
        try:
            render = pool.pattern(pattern, tables)
        except ValueError as error:
            raise DataError(f"inline templates of {language or SHARED!r}, {name!r}: {error}") from error
        # MediaWiki ignores the case of the first letter; hashes ignore it for ASCII letters
        for form in (name, name[0].upper() + name[1:], name[0].lower() + name[1:]):
            found.setdefault(name_hash(form[:-1] if form[-2:] in _KINDS else form), render)
    return found


def _words(tables: Mapping[str, Mapping[str, str]], pool: Pool) -> dict[int, tuple[int, int]]:
    """Returns {hash of a table's name and a word: range of its text}. The case of units counts."""
    found = {}
    for table, words in tables.items():
        for word, text in words.items():
            name = f"map:{table}:".encode() + word.encode()
            found[exact_hash(name) if table in _EXACT else name_hash(name)] = pool.text(text)
    return found


def _hashes(values: Sequence[int]) -> Hashes:
    return frozen(np.array(values, dtype=np.uint64))


def _longs(values: Sequence[int] | Sequence[Sequence[int]], width: int = 1) -> Longs:
    found = np.array(values, dtype=np.int64)
    return frozen(found.reshape(-1, width) if width > 1 else found)
