"""SPDX licence expressions (SPDX 2.3, annex D): normalizes them, joins them, and says which licence decides on one.

The library license-expression parses them and brings the names of the SPDX licence list.
"""

import functools
import re
from collections.abc import Container, Iterable
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the library is imported on use: that takes 30 ms or more
    from license_expression import LicenseExpression, Licensing

_MAX_CHARS = 1 << 14  # the library takes up to 0.1 s for this length; all names of the SPDX list together are shorter
_MAX_DEPTH = 50
_TOO_LONG = "LicenseRef-unknown"  # no list allows it
_TOKEN = re.compile(r"[()]|[A-Za-z0-9][A-Za-z0-9.+-]*")
_OPERATOR = r"(?:and|or|with)(?= |\Z)"
# Faults that the library does not refuse: a parenthesis next to the wrong token, and an operator at the end.
_FAULT = re.compile(rf"\( (?:\)|{_OPERATOR})|\) (?!\)|{_OPERATOR})| (?:and|or|with)\Z", re.IGNORECASE)
_VERSION = re.compile(r"(?:-only|-or-later|\+)\Z")
_ALIASES = {
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
    {
        "bsd",
        "gpl",
        "lgpl",
        "gnu",
        "other",
        "proprietary",
        "unlicensed",
        "none",
        "noassertion",
        "custom",
        "license",
        "see",
    }
)


def normalized(text: str) -> str | None:
    """Returns the SPDX expression with upper-case operators and current names, or None if it is not a valid expression.

    Names that SPDX does not have stay. Names such as "BSD", which several licences share, make it invalid.
    """
    text = _ALIASES.get(" ".join(text.lower().split()), text)
    tree = _parsed(text)
    if tree is None or not _VAGUE.isdisjoint(_TOKEN.findall(text.lower())):
        return None
    found = _TOKEN.sub(lambda token: _current(token[0]), tree.render())
    return found if _is_bounded(found) else None


def joined(expressions: Iterable[str], word: str) -> str | None:
    """Returns the different valid SPDX expressions, in their order, connected by AND or OR, or None if there are none.

    LicenseRef-unknown if the result would be too long or too deep to be parsed again.
    """
    from license_expression import combine_expressions

    trees = [tree for text in expressions if (tree := _parsed(normalized(text) or "")) is not None]
    parts = [part for tree in trees for part in (tree.args if _is_joined_by(word, tree) else [tree])]
    if not parts:
        return None
    found: str = combine_expressions(parts, word).render()
    return found if _is_bounded(found) else _TOO_LONG


def deciding(expression: str, allowed: Container[str]) -> str:
    """Returns the licence that decides on an SPDX expression: one that is not allowed, or else one that is allowed.

    If the expression is refused, it is the first that is not allowed. For an OR one side must be allowed, for an AND
    all. An exception (WITH) only adds permissions, so its licence decides. A text that is not a valid expression is
    returned as a whole.
    """
    tree = _parsed(expression)
    return expression if tree is None else _deciding(tree, allowed)


def names(expression: str) -> set[str]:
    """Returns the licences in an SPDX expression, bare of exceptions, -only, -or-later and +; the words if invalid."""
    tree = _parsed(expression)
    found = expression.split() if tree is None else [_license(symbol) for symbol in tree.get_literals()]
    return {_VERSION.sub("", name) for name in found}


def _deciding(tree: "LicenseExpression", allowed: Container[str]) -> str:
    if tree.isliteral:
        name = _license(tree)
        return name if name in allowed else _current(name)
    sides = [_deciding(side, allowed) for side in tree.args]
    return next((side for side in sides if (side in allowed) == _is_joined_by("OR", tree)), sides[0])


def _license(symbol: "LicenseExpression") -> str:
    """Returns the name of a licence without its exception."""
    name: str = next(symbol.decompose()).key
    return name


def _is_joined_by(word: str, tree: "LicenseExpression") -> bool:
    return not tree.isliteral and tree.operator == f" {word} "


def _parsed(text: str) -> "LicenseExpression | None":
    """Returns the syntax tree of a text of names, operators and parentheses; None if it is not an expression."""
    if not _is_bounded(text) or _TOKEN.sub("", text).strip(" \t\r\n"):
        return None
    return _tree(" ".join(_TOKEN.findall(text)))


def _is_bounded(text: str) -> bool:
    depths = accumulate((char == "(") - (char == ")") for char in text)
    return len(text) <= _MAX_CHARS and max(depths, default=0) <= _MAX_DEPTH


@functools.lru_cache(maxsize=256)  # the largest trees take 1 MB
def _tree(tokens: str) -> "LicenseExpression | None":
    from license_expression import ExpressionError

    try:
        return None if _FAULT.search(tokens) else _licensing().parse(tokens, simple=True)
    except ExpressionError:
        return None


@functools.cache
def _licensing() -> "Licensing":
    from license_expression import Licensing

    return Licensing()


def _current(name: str) -> str:
    """Returns the name that SPDX has today for a name in any case, such as GPL-2.0-or-later for gpl-2.0+."""
    return _spdx_names().get(name.lower(), name)


@functools.cache
def _spdx_names() -> dict[str, str]:
    """Returns {current or former name in lower case: current name}, without LicenseRef-*, which each author defines."""
    from license_expression import get_license_index

    entries = [(one["spdx_license_key"] or "", one["other_spdx_license_keys"]) for one in get_license_index()]
    pairs = [(old.lower(), new) for new, former in entries for old in (*former, new) if "LicenseRef-" not in old + new]
    return {old: new for old, new in pairs if old not in _VAGUE}
