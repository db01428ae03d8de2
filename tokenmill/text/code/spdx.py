"""Normalizes and joins SPDX licence expressions (SPDX 2.3, annex D), and finds the licence that decides on each."""

import re
from collections.abc import Container, Iterable, Iterator
from typing import NamedTuple

_TOKEN = re.compile(r"[()]|[A-Za-z0-9][A-Za-z0-9.+-]*")
_WORDS = {"and": "AND", "or": "OR", "with": "WITH"}
_OLD = re.compile(r"((?:A|L)?GPL-\d\.\d|GFDL-\d\.\d)(\+|-only|-or-later)?\Z")
_CALLED = {
    "apache": "Apache-2.0", "apache 2.0": "Apache-2.0", "apache license 2.0": "Apache-2.0", "apache-2": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0", "apache software license": "Apache-2.0",
    "apache license": "Apache-2.0",
    "apache2": "Apache-2.0", "apache software license 2.0": "Apache-2.0",
    "the apache license, version 2.0": "Apache-2.0",
    "mit license": "MIT", "the mit license": "MIT", "mit-license": "MIT", "expat": "MIT", "isc license": "ISC",
    "bsd-3": "BSD-3-Clause", "bsd 3-clause": "BSD-3-Clause", "3-clause bsd": "BSD-3-Clause", "new bsd": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause", "3-clause bsd license": "BSD-3-Clause", "new bsd license": "BSD-3-Clause",
    "modified bsd license": "BSD-3-Clause", "bsd-2": "BSD-2-Clause", "bsd 2-clause": "BSD-2-Clause",
    "simplified bsd license": "BSD-2-Clause", "gplv2": "GPL-2.0-only", "gplv3": "GPL-3.0-only",
    "gplv2+": "GPL-2.0-or-later", "gplv3+": "GPL-3.0-or-later", "lgplv3": "LGPL-3.0-only", "mpl 2.0": "MPL-2.0",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0", "psf": "PSF-2.0", "the unlicense (unlicense)": "Unlicense",
    "perl_5": "Artistic-1.0-Perl OR GPL-1.0-or-later", "apache_2_0": "Apache-2.0", "artistic_2": "Artistic-2.0",
    "gpl_2": "GPL-2.0-only", "gpl_3": "GPL-3.0-only", "lgpl_2_1": "LGPL-2.1-only", "lgpl_3_0": "LGPL-3.0-only",
    "public domain": "LicenseRef-public-domain", "cc0": "CC0-1.0", "boost": "BSL-1.0", "zpl 2.1": "ZPL-2.1",
}  # fmt: skip
_VAGUE = frozenset(
    {"bsd", "gpl", "lgpl", "gnu", "other", "proprietary", "unlicensed", "none", "custom", "license", "see"}
)


def normalized(text: str) -> str | None:
    """Returns the expression with upper-case operators and current SPDX names, or None if it is not a valid expression.

    Vague names such as `BSD` or `other` are not valid either. Well-known other names, such as `MIT license`, become
    SPDX names.
    """
    text = _CALLED.get(" ".join(text.lower().split()), text.strip())
    tokens = [_WORDS.get(token.lower(), token) for token in _TOKEN.findall(text)]
    if not tokens or _TOKEN.sub("", text).strip() or not _whole(tokens):
        return None
    if any(token.lower() in _VAGUE for token in tokens):
        return None
    while _wrapped(tokens):
        tokens = tokens[1:-1]
    out = " ".join(token if token in ("(", ")", *_WORDS.values()) else _today(token) for token in tokens)
    return out.replace("( ", "(").replace(" )", ")")


def joined(expressions: Iterable[str], word: str) -> str | None:
    """Returns the different valid expressions in their order, joined by word (`AND` or `OR`), or None without any."""
    found = [one for expression in expressions if (one := normalized(expression))]
    known = dict.fromkeys(part for one in found for part in _parts(one, word))
    if len(known) < 2:
        return next(iter(known), None)
    return f" {word} ".join(f"({one})" if _mixes(one, word) and not one.startswith("(") else one for one in known)


def deciding(expression: str, allowed: Container[str]) -> str:
    """Returns the licence that decides whether an expression is allowed.

    If the expression is not allowed, this is the first licence that is not allowed; otherwise it is one that is. An OR
    needs one allowed side, an AND needs both. An exception (WITH) only permits more than its licence, so the licence
    decides. An expression that cannot be parsed is returned as it is.
    """
    tokens = [_WORDS.get(token.lower(), token) for token in _TOKEN.findall(expression)]
    if not tokens or not _whole(tokens):
        return expression
    return _any_of(iter([*tokens, ""]), allowed).name


def names(expression: str) -> set[str]:
    """Returns the names of the licences in an expression, without exceptions and without -only, -or-later and +."""
    parts = re.sub(r"\bWITH\s+\S+", "", expression).replace("(", " ").replace(")", " ").split()
    return {re.sub(r"-(only|or-later)\Z|\+\Z", "", part) for part in parts if part not in _WORDS.values()}


class _Found(NamedTuple):
    """Whether a part is allowed, the licence that decides on it, and the token after it."""

    fine: bool
    name: str
    token: str


def _any_of(tokens: Iterator[str], allowed: Container[str]) -> _Found:
    """Reads sides joined by OR. The first side that is allowed decides, or the first side if none is."""
    found = _all_of(tokens, allowed)
    while found.token == "OR":
        other = _all_of(tokens, allowed)
        found = (other if other.fine and not found.fine else found)._replace(token=other.token)
    return found


def _all_of(tokens: Iterator[str], allowed: Container[str]) -> _Found:
    """Reads sides joined by AND. The first side that is not allowed decides, or the first side if all are."""
    found = _one(tokens, allowed)
    while found.token == "AND":
        other = _one(tokens, allowed)
        found = (other if found.fine and not other.fine else found)._replace(token=other.token)
    return found


def _one(tokens: Iterator[str], allowed: Container[str]) -> _Found:
    token = next(tokens)
    if token == "(":
        return _any_of(tokens, allowed)._replace(token=next(tokens))
    behind = next(tokens)
    if behind == "WITH":
        next(tokens)
        behind = next(tokens)
    name = token if token in allowed else _today(token)
    return _Found(name in allowed, name, behind)


def _whole(tokens: list[str]) -> bool:
    """Returns whether names and operators alternate and each parenthesis is closed, with at most 50 levels."""
    depth, wants_name = 0, True
    for token in tokens:
        if wants_name and token in ("AND", "OR", "WITH", ")"):
            return False
        if not wants_name and token not in ("AND", "OR", "WITH", ")"):
            return False
        depth += (token == "(") - (token == ")")
        if not 0 <= depth <= 50:
            return False
        wants_name = token in ("AND", "OR", "WITH", "(")
    return depth == 0 and not wants_name and not re.search(r"WITH (?:\(|\S+ WITH)", " ".join(tokens))


def _wrapped(tokens: list[str]) -> bool:
    """Returns whether the last token closes a parenthesis that the first token opens."""
    depth = 0
    for place, token in enumerate(tokens):
        depth += (token == "(") - (token == ")")
        if not depth:
            return place > 0 and place == len(tokens) - 1
    return False


def _today(name: str) -> str:
    """Returns the current name: since SPDX 3.0, GPL-2.0 is called GPL-2.0-only, and GPL-2.0+ GPL-2.0-or-later."""
    if found := _OLD.match(name):
        return found[1] + {"+": "-or-later", None: "-only"}.get(found[2], found[2] or "")
    return name


def _parts(expression: str, word: str) -> list[str]:
    """Returns the parts that the word already joins in an expression, so that joined() repeats none of them."""
    simple = "(" not in expression and not _mixes(expression, word)
    return expression.split(f" {word} ") if simple else [expression]


def _mixes(expression: str, word: str) -> bool:
    return (" OR " if word == "AND" else " AND ") in expression
