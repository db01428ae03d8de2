"""Reads the licences that REUSE states outside of the files: REUSE.toml, .reuse/dep5, and `<file>.license`.

Source: REUSE specification 3.3 (reuse.software/spec-3.3). In one file, the last statement that matches a path applies.
Of several REUSE.toml, the nearest applies, unless one above it has `override`. Matching any pattern takes time in
proportion to its length times the length of the path.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tokenmill.text.code.spdx import joined, normalized

SIDECAR = ".license"
MAX_STATEMENTS = 2000  # in all files together, because each file of the repository is matched with all of them
_PRECEDENCES = ("closest", "aggregate", "override")
_MAX_PATTERN = 1024  # characters
_WILD = ("*", "**", "?")
_TAG = re.compile(r"SPDX-License-Identifier:[ \t]*([A-Za-z0-9.+() \t-]{1,200})", re.IGNORECASE)
_PARAGRAPHS = re.compile(r"\n[ \t]*\n")


@dataclass(frozen=True)
class Statement:
    """The licence expression of the files whose path inside the statement's folder matches a pattern."""

    pattern: "Pattern"
    expression: str
    precedence: str = "closest"


@dataclass
class Reuse:
    """The statements of all REUSE files of an archive.

    Attributes:
        statements: {folder: the statements of its REUSE.toml or dep5, in order}
        sidecars: {file: the expression of its `<file>.license`}
    """

    statements: dict[str, list[Statement]] = field(default_factory=dict)
    sidecars: dict[str, str] = field(default_factory=dict)

    def note(self, path: str, content: bytes) -> None:
        """Adds the statements of a REUSE file, for which is_reuse_file is True. Drops those above MAX_STATEMENTS."""
        text = content.decode("utf-8", "replace")
        folder, _, name = path.rpartition("/")
        if name.endswith(SIDECAR):
            if expression := joined(_TAG.findall(text), "AND"):
                self.sidecars[path.removesuffix(SIDECAR)] = expression
            return
        is_dep5 = name == "dep5"
        found = _dep5(text) if is_dep5 else _toml(text)
        known = sum(map(len, self.statements.values()))
        self.statements[folder.removesuffix(".reuse").rstrip("/") if is_dep5 else folder] = found[
            : MAX_STATEMENTS - known
        ]

    def license_of(self, path: str, own: str | None) -> tuple[str | None, str]:
        """Returns (expression, its evidence) for a file. own: the licence that the file states itself.

        The evidence is license_sidecar, header (the file itself), reuse, or header,reuse.
        """
        if said := self.sidecars.get(path):
            return said, "license_sidecar"
        found = self._statement(path) if self.statements else None
        if found is None or (own and found.precedence == "closest"):
            return own, "header"
        if own and found.precedence == "aggregate":
            return joined([own, found.expression], "AND"), "header,reuse"
        return found.expression, "reuse"

    def _statement(self, path: str) -> Statement | None:
        parts = path.split("/")
        nearest = None
        for depth in range(len(parts)):
            some = self.statements.get("/".join(parts[:depth]), ())
            inside = "/".join(parts[depth:])
            fits = next((one for one in reversed(some) if one.pattern.fits(inside)), None)
            if fits and fits.precedence == "override":
                return fits
            nearest = fits or nearest
        return nearest


def is_reuse_file(path: str) -> bool:
    """Returns True for a file in which REUSE states the licences of source files, and which Reuse.note can read."""
    return path.endswith((SIDECAR, "/REUSE.toml", "/.reuse/dep5")) or path in ("REUSE.toml", ".reuse/dep5")


class Pattern:
    """A glob: `*` matches within a folder, `**` across folders, and `\\` escapes the next character.

    In dep5, `*` matches across folders and `?` matches one character.
    """

    def __init__(self, glob: str, *, dep5: bool = False) -> None:
        tokens = _dep5_tokens(glob) if dep5 else _toml_tokens(glob)
        wild = next((at for at, token in enumerate(tokens) if token in _WILD), len(tokens))
        self.start, rest = "".join(token[-1] for token in tokens[:wild]), tokens[wild:]
        self.num_rest = len(rest)
        self.stars, self.deep, self.any = (_bits(rest, kinds) for kinds in (("*", "**"), ("**",), ("?",)))
        self.letters = {letter: _bits(rest, ("\\" + letter,)) for letter in {token[-1] for token in rest}}

    def fits(self, path: str) -> bool:
        """Returns True if the whole path matches.

        It follows all possible matches at once: bit k of `at` is set if the path so far matches the first k tokens from
        the first wildcard on.
        """
        if not path.startswith(self.start):
            return False
        at = self._skip_stars(1)
        for letter in path[len(self.start) :]:
            stay = at & (self.deep if letter == "/" else self.stars)
            at = self._skip_stars(stay | (at & (self.any | self.letters.get(letter, 0))) << 1)
            if not at:
                return False
        return bool(at >> self.num_rest & 1)

    def _skip_stars(self, at: int) -> int:
        """Adds the places after stars, because a star also matches nothing."""
        while more := (at & self.stars) << 1 & ~at:
            at |= more
        return at


def _bits(tokens: list[str], kinds: tuple[str, ...]) -> int:
    return sum(1 << place for place, token in enumerate(tokens) if token in kinds)


def _toml_tokens(glob: str) -> list[str]:
    found = re.findall(r"\*\*+|\*|\\.|[^\\]", glob, re.DOTALL)
    return [token if token == "*" else "**" if token.startswith("**") else "\\" + token[-1] for token in found]


def _dep5_tokens(glob: str) -> list[str]:
    found = re.findall(r"\*+|\\.|[^\\]", glob, re.DOTALL)
    return ["**" if token[0] == "*" else "?" if token == "?" else "\\" + token[-1] for token in found]


def _toml(text: str) -> list[Statement]:
    try:
        annotations = tomllib.loads(text).get("annotations")
    except (ValueError, RecursionError):  # not TOML
        return []
    return [one for said in annotations for one in _annotation(said)] if isinstance(annotations, list) else []


def _annotation(said: Any) -> Iterable[Statement]:
    if not isinstance(said, dict):
        return ()
    named = _texts(said.get("SPDX-License-Identifier"))
    precedence = said.get("precedence", "closest")
    expression = joined(named, "AND")
    if not expression or precedence not in _PRECEDENCES:
        return ()
    globs = (glob for glob in _texts(said.get("path")) if len(glob) <= _MAX_PATTERN)
    return [Statement(Pattern(glob), expression, precedence) for glob in globs]


def _texts(value: Any) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]


def _dep5(text: str) -> list[Statement]:
    found = []
    for paragraph in _PARAGRAPHS.split(text.replace("\r\n", "\n")):
        fields = dict(re.findall(r"^([A-Za-z-]+):[ \t]*(.*(?:\n[ \t]+.*)*)", paragraph, re.MULTILINE))
        expression = normalized(fields.get("License", "").partition("\n")[0])
        globs = [glob for glob in fields.get("Files", "").split() if len(glob) <= _MAX_PATTERN]
        if expression:
            found += [Statement(Pattern(glob, dep5=True), expression) for glob in globs]
    return found
