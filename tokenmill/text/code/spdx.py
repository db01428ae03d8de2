"""SPDX licence expressions (SPDX 2.3, annex D): written in one way, joined, and asked which licence decides on them."""

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
    """The expression with its operators in capitals and its names as SPDX has them today; None if it is none."""
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
    """The different expressions, in their order, joined by AND or OR; None if there is none."""
    found = [one for expression in expressions if (one := normalized(expression))]
    known = dict.fromkeys(part for one in found for part in _parts(one, word))
    if len(known) < 2:
        return next(iter(known), None)
    return f" {word} ".join(f"({one})" if _mixes(one, word) and not one.startswith("(") else one for one in known)


def deciding(expression: str, allowed: Container[str]) -> str:
    """The licence that decides on an expression: the first that is not allowed if it is refused, else one that is.

    Of an OR one side must be allowed, of an AND both; an exception (WITH) only ever allows more than its licence, so
    the licence decides. What cannot be read decides as a whole.
    """
    tokens = [_WORDS.get(token.lower(), token) for token in _TOKEN.findall(expression)]
    if not tokens or not _whole(tokens):
        return expression
    return _any_of(iter([*tokens, ""]), allowed).name


def names(expression: str) -> set[str]:
    """The licences that are named in an expression, exceptions left out, -only and -or-later taken off."""
    parts = re.sub(r"\bWITH\s+\S+", "", expression).replace("(", " ").replace(")", " ").split()
    return {re.sub(r"-(only|or-later)\Z|\+\Z", "", part) for part in parts if part not in _WORDS.values()}


class _Found(NamedTuple):
    """Whether a part is allowed, the licence that decides, and the token behind the part."""

    fine: bool
    name: str
    token: str


def _any_of(tokens: Iterator[str], allowed: Container[str]) -> _Found:
    """Sides joined by OR: the first that is allowed decides, else the first."""
    found = _all_of(tokens, allowed)
    while found.token == "OR":
        other = _all_of(tokens, allowed)
        found = (other if other.fine and not found.fine else found)._replace(token=other.token)
    return found


def _all_of(tokens: Iterator[str], allowed: Container[str]) -> _Found:
    """Sides joined by AND: the first that is not allowed decides, else the first."""
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
    """True if names and operators take turns and each parenthesis is closed; at most 50 deep."""
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
    """True if the first parenthesis is closed by the last token."""
    depth = 0
    for place, token in enumerate(tokens):
        depth += (token == "(") - (token == ")")
        if not depth:
            return place > 0 and place == len(tokens) - 1
    return False


def _today(name: str) -> str:
    """GPL-2.0 is called GPL-2.0-only since SPDX 3.0, GPL-2.0+ GPL-2.0-or-later."""
    if found := _OLD.match(name):
        return found[1] + {"+": "-or-later", None: "-only"}.get(found[2], found[2] or "")
    return name


def _parts(expression: str, word: str) -> list[str]:
    """What is joined by the word already, so that nothing is said twice."""
    simple = "(" not in expression and not _mixes(expression, word)
    return expression.split(f" {word} ") if simple else [expression]


def _mixes(expression: str, word: str) -> bool:
    return (" OR " if word == "AND" else " AND ") in expression
