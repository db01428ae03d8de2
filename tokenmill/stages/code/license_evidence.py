"""Finds the licence that a text grants, as an SPDX expression, from tags, licence texts, notices and manifests.

licenseclassifier, which has the templates of some 690 SPDX licences, recognises texts and notices. Short phrases that
it does not cover ("MIT licensed") are recognised here. An unknown licence text gives UNKNOWN, which is not the same as
no licence: there is a licence, and it may forbid anything.
"""

import functools
import json
import re
import tomllib
from collections.abc import Iterable

from licenseclassifier import identify_license

from tokenmill.text.code.spdx import joined, normalized

UNKNOWN = "LicenseRef-unknown"
LICENSE_BYTES = 1 << 18  # read from a licence file or a manifest; the longest text of SPDX has 60 kB
_HEAD_BYTES = 6144  # read from the start, and from the end, of a source file
_NOTICE_BYTES = 3072  # matched of a notice: the longest common one, BSD with its disclaimer, has 1.6 kB
_TAG = re.compile(rb"SPDX-License-Identifier:[ \t]*([A-Za-z0-9.+() \t-]{1,200})", re.IGNORECASE)
_HINTS = (
    b"licens",
    b"licenc",
    b"permission is hereby",
    b"permission to use",
    b"redistribution and use",
    b"public domain",
)
_NOTICES = re.compile(
    r"general public|apache|mozilla|permission (?:is|to)|redistribution and use|public domain|boost|eclipse|"
    r"terms of|opensource\.org|gnu\.org|creative commons|unlicense|microsoft public|common development|academic free"
)  # a text without any of these words fits no template of a notice
_MARKER = re.compile(rb"[ \t]*(//|#|--|;|%|dnl\b|rem\b|\*(?!/))", re.IGNORECASE)
_ENDS = (b"*/", b'"""', b"'''", b"-->", b"*)", b"=cut", b"]]")
_BLOCKS = {b"/*": b"*/", b"<!--": b"-->", b"--[[": b"]]", b"(*": b"*)", b"\n=head": b"\n=cut", b"\n__END__": b"\n\0"}
_NAMED = re.compile(r"^.*\bcopyright\b.*\d.*\n", re.MULTILINE | re.IGNORECASE)
_COMMENT = re.compile(
    r"^[ \t]*(?:/[/*]+[!<]?|\*+/?|#+!?|--+\[*|;+|%+|<!--|dnl\b|rem\b|\(\*+|\"{3}|'{3}|!)?[ \t]*", re.M | re.I
)
_GRANTED = re.compile(r"licen[sc]ed?\b|released|distributed?\b|available|modify it", re.IGNORECASE)
_PHRASES = tuple(
    (re.compile(rf"[^.;]{{0,40}}\b(?:under|is|:)[^.;]{{0,24}}\b(?:{phrase})", re.IGNORECASE), spdx)
    for phrase, spdx in (
        (r"MIT\b", "MIT"), (r"Apache(?: Software)?(?: Licen[sc]e)?,?(?: version| v)?\.? ?2", "Apache-2.0"),
        (r"ISC\b", "ISC"), (r"WTFPL", "WTFPL"), (r"CC0", "CC0-1.0"), (r"Unlicense", "Unlicense"),
        (r"(?:3-clause|new|modified|revised) BSD|BSD[- ]3-clause", "BSD-3-Clause"),
        (r"(?:2-clause|simplified) BSD|BSD[- ]2-clause", "BSD-2-Clause"),
        (r"the same terms as Perl", "Artistic-1.0-Perl OR GPL-1.0-or-later"), (r"Boost Software Licen[sc]e", "BSL-1.0"),
        (r"MPL[ -]?(?:v\.? ?)?2|Mozilla Public Licen[sc]e,? (?:version|v\.?) ?2", "MPL-2.0"),
        (r"zlib", "Zlib"), (r"(?:GNU )?AGPL|GNU Affero", "AGPL-3.0-or-later"),
        (r"(?:GNU )?LGPL|GNU Lesser", "LGPL-2.1-or-later"), (r"(?:GNU )?GPL|GNU General Public", "GPL-1.0-or-later"),
    )
)  # fmt: skip
_TITLES = (
    (re.compile(r"\A\W*(?:the )?MIT licen[sc]e\b", re.I), "MIT"), (re.compile(r"\A\W*ISC licen[sc]e\b", re.I), "ISC"),
)  # fmt: skip
_LICENSE_FILE = re.compile(
    r"(?:un|mit-|apache-|bsd-|gpl-|lgpl-|mpl-)?(?:licen[sc]es?|copying|copyright)(?:[-_.][\w.+-]*)?\Z",
    re.IGNORECASE,
)
_NO_LICENSE_FILE = (
    ".py", ".js", ".ts", ".go", ".rs", ".java", ".c", ".h", ".rb", ".cs", ".php", ".json", ".html", ".css", ".sh",
    ".yml", ".yaml", ".kt", ".swift", ".cc", ".cpp", ".hpp", ".scala", ".pl", ".pm", ".lua", ".tsx", ".jsx", ".vue",
    ".xml", ".gz", ".zip", ".png", ".svg", ".pdf", ".rtf", ".docx", ".csv", ".tsv", ".db", ".map", ".tmpl", ".erb",
    ".ex", ".hs", ".dart", ".ipynb", ".cmake", ".toml", ".properties",
)  # fmt: skip
_OTHERS = re.compile(r"dependenc|third[-_.]?part|3rd[-_.]?part|vendor|bundle", re.IGNORECASE)
_MANIFESTS = (
    "package.json",
    "cargo.toml",
    "pyproject.toml",
    "pkg-info",
    "metadata",
    "composer.json",
    "meta.json",
    "pom.xml",
)


def is_license_file(name: str) -> bool:
    """Returns True for names of licence files: LICENSE, LICENCE.txt, COPYING, LICENSE-MIT, UNLICENSE and similar names.

    Lists of the licences of a repository's dependencies do not count. name: the file's name, without folders.
    """
    if not _LICENSE_FILE.match(name):
        return False
    return not name.lower().endswith(_NO_LICENSE_FILE) and not _OTHERS.search(name)


def is_manifest(name: str) -> bool:
    """Returns True for the names of package managers' files from which declared() can read a licence."""
    return name.lower() in _MANIFESTS or name.lower().endswith(".gemspec")


def of_license_file(content: bytes) -> str:
    """Returns the SPDX licences in a licence file, joined by AND, or UNKNOWN if none is recognised."""
    text = content[:LICENSE_BYTES].decode("utf-8", "replace")
    return _tag(content) or _recognised(text) or _phrase(text[:2000], titles=True) or UNKNOWN


def of_source_file(content: bytes) -> str | None:
    """Returns the licence that a source file states in its head, or else in a comment at its end; None if it has none.

    It may be stated by an SPDX tag, a notice or a phrase.
    """
    if said := _said_in(content[:_HEAD_BYTES]):
        return said
    end = content[-_HEAD_BYTES:]
    if len(content) <= _HEAD_BYTES:  # _said_in used only the first hint in the head, which may have been in code
        end = content[content.rfind(b"\n\n", 0, -1) + 1 :] if b"\n\n" in content[:-1] else b""
    return _said_in(end, in_comment=True) if end else None


def _said_in(part: bytes, *, in_comment: bool = False) -> str | None:
    """Returns the licence at the first hint in a part of a file, or None.

    in_comment: the hint counts only if it is in a comment.
    """
    lower = part.lower()
    hint = min((at for word in _HINTS if (at := lower.find(word)) >= 0), default=-1)
    if hint < 0 or (in_comment and not _is_comment(part, hint)):
        return None
    if b"spdx-license-identifier:" in lower and (tag := _tag(part)):
        return tag
    text = _comment_around(part, hint)[:_NOTICE_BYTES].decode("utf-8", "replace")
    return _notice(_NAMED.sub("", _COMMENT.sub("", text)))


def _is_comment(part: bytes, place: int) -> bool:
    """Returns True if the line begins with a comment mark, or if a comment before it is still open."""
    if _MARKER.match(part, part.rfind(b"\n", 0, place) + 1):
        return True
    opened = max((at, end) for start, end in _BLOCKS.items() for at in [part.rfind(start, 0, place)])
    return opened[0] >= 0 and part.rfind(opened[1], opened[0] + 1, place) < 0


def _comment_around(head: bytes, hint: int) -> bytes:
    """Returns the comment around a place, so that files with the same notice give the same text.

    It consists of the lines that begin with the same comment mark, or else of the text from the last blank line to the
    next end of a comment or a long string.
    """
    line = head.rfind(b"\n", 0, hint) + 1
    if marker := _MARKER.match(head, line):
        for found in _block(marker[1]).finditer(head):
            if found.end() > hint:
                return found[0]
    begin = max(0, head.rfind(b"\n\n", 0, hint))
    ends = [at for end in _ENDS if (at := head.find(end, hint)) >= 0]
    return head[begin : min(ends, default=len(head))]


@functools.cache
def _block(marker: bytes) -> re.Pattern[bytes]:
    """Returns a pattern for lines that begin with the marker, and blank lines between them."""
    line = rb"[ \t]*" + re.escape(marker)
    return re.compile(rb"(?:(?:" + line + rb"[^\n]*|[ \t]*)(?:\n|\Z))+?(?!" + line + rb"|[ \t]*\n)")


def declared(name: str, content: bytes) -> str | None:
    """Returns the licence that a package manager's file declares, or None if it declares none that SPDX knows."""
    text = content[:LICENSE_BYTES].decode("utf-8", "replace")
    name = name.lower()
    try:
        if name.endswith(".json"):
            found = json.loads(text).get("license")
        elif name.endswith(".toml"):
            values = tomllib.loads(text)
            found = (values.get("package") or values.get("project") or {}).get("license")
        elif name == "pom.xml":
            match = re.search(r"<license>\s*<name>\s*([^<]{1,200}?)\s*</name>", text)
            found = match and match[1]
        elif name.endswith(".gemspec"):
            match = re.search(r"\.licenses?\s*=\s*\[?\s*[\"']([^\"']+)", text)
            found = match and match[1]
        else:
            match = re.search(r"^License(?:-Expression)?:[ \t]*(\S.*)$", text.partition("\n\n")[0], re.MULTILINE)
            found = match and match[1]
    except (ValueError, AttributeError, RecursionError):  # not JSON, not TOML, or another layout
        return None
    if isinstance(found, list):
        return joined([str(one) for one in found], "OR")
    if isinstance(found, dict):
        found = found.get("text") or found.get("type")
    return normalized(found.replace("/", " OR ")) if isinstance(found, str) else None


def expression_of(expressions: Iterable[tuple[str, str]]) -> str:
    """Returns one SPDX expression from (file name, expression) of the licence files in one folder.

    LICENSE-MIT next to LICENSE-APACHE is a choice (OR), as in Rust's packages. All other files apply together (AND).
    """
    pairs = sorted(dict(expressions).items())
    choice = len(pairs) > 1 and all("-" in name and name.lower().startswith("licen") for name, _ in pairs)
    return joined([expression for _, expression in pairs], "OR" if choice else "AND") or UNKNOWN


def _tag(content: bytes) -> str | None:
    found = _TAG.search(content)
    return normalized(found[1].decode("ascii")) if found else None


@functools.lru_cache(maxsize=4096)  # the files of a repository share their notice
def _notice(text: str) -> str | None:
    return (_recognised(text) if _NOTICES.search(text.lower()) else None) or _phrase(text)


def _recognised(text: str) -> str | None:
    return joined([match.id for match in identify_license(text, 0)], "AND")


def _phrase(text: str, *, titles: bool = False) -> str | None:
    flat = " ".join(text.split())
    for pattern, spdx in _TITLES if titles else ():
        if pattern.match(flat):
            return spdx
    for granted in _GRANTED.finditer(flat):
        for pattern, spdx in _PHRASES:
            if pattern.match(flat, granted.end()):
                return spdx
    return None
