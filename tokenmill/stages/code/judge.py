"""Decides whether a source file is read or refused, by its member in an archive, its name and its content."""

from dataclasses import dataclass

import xxhash

from tokenmill.stages.code.archive_members import DAMAGED, UNPACKING_ERRORS, Member
from tokenmill.stages.code.content import generator_sign, is_binary, minified_mean
from tokenmill.stages.code.language import language_of
from tokenmill.stages.code.license_evidence import of_source_file
from tokenmill.stages.code.notebooks import NOTEBOOK, NotANotebook, converted
from tokenmill.stages.code.paths import name_rule, path_problem
from tokenmill.stages.code.rows import CodeRow, Refusal, text_of

SHOWN = 200  # largest number of characters of a measured value
OPTIONAL = ("lock_file", "vendored", "generated", "minified", "language")
"""The rules that the setting `keep` can switch off."""

_PROSE = ("Text", "Markdown", "reStructuredText", "JSON", "HTML")  # they mention licences that are not their own
_EXPECTED = {
    "link": "a file", "device": "a file", "sparse": "a plain file", "encrypted": "a member that can be read",
    DAMAGED: "an intact archive", "bomb": "at most max_growth", "unsafe_path": "a path inside the archive",
    "lock_file": "hand-written code", "vendored": "the repository's own code", "generated": "hand-written code",
    "minified": "code that is not minified", "binary": "text", "notebook": "a notebook", "repeated": "each path once",
}  # fmt: skip


@dataclass(frozen=True)
class Judge:
    """The settings of stages.read_code that decide on a file."""

    keep: tuple[str, ...]
    languages: tuple[str, ...]
    notebooks: str
    max_bytes: int
    max_notebook_bytes: int
    max_bad: float

    def of_member(self, member: Member, path: str) -> Refusal | None:
        """Returns the first rule that a member breaks, without reading its content, or None."""
        if member.refused in (DAMAGED, "bomb") and not member.name:
            return refusal(member.refused, member.found)
        if problem := path_problem(path):
            return refusal("unsafe_path", problem)
        return refusal(member.refused, member.found) if member.refused else self.of_name(path, member.size)

    def of_name(self, path: str, size: int) -> Refusal | None:
        """Returns the first rule that a file of this path and size in bytes breaks, or None."""
        is_notebook = path.endswith(".ipynb")
        limit = self.max_notebook_bytes if is_notebook and self.notebooks != "keep" else self.max_bytes
        if size > limit:
            return "too_large", size, limit
        rule = name_rule(path)
        return refusal(*rule) if rule and rule[0] not in self.keep else None

    def read(self, member: Member, row: CodeRow) -> Refusal | None:
        """Reads a member into its row. Returns the first rule that its content breaks, or None."""
        try:
            content = member.read(member.size)
        except UNPACKING_ERRORS as error:
            return refusal(DAMAGED, str(error))
        return self.fill(row, content)

    def fill(self, row: CodeRow, content: bytes, language: str | None = None) -> Refusal | None:
        """Sets the row's text, language and licence from a file's content. Returns the first rule it breaks, or None.

        language: the file's language if it is already known. Default: it is detected.
        """
        if not content.strip():
            return "empty", 0, 1
        if is_binary(content):
            return refusal("binary", "a NUL byte")
        row.code_lang = language or language_of(row.path or "", content)
        return self._by_language(row, content) or self._text(row, content)

    def _by_language(self, row: CodeRow, content: bytes) -> Refusal | None:
        language = row.code_lang
        if "generated" not in self.keep and language not in _PROSE and (sign := generator_sign(content)):
            return refusal("generated", sign)
        if "minified" not in self.keep and (mean := minified_mean(content, language)):
            return "minified", mean, _EXPECTED["minified"]
        if "language" not in self.keep and (language is None or (self.languages and language not in self.languages)):
            return "language", language or "unknown", ",".join(sorted(self.languages)) or "a known one"
        return None

    def _text(self, row: CodeRow, content: bytes) -> Refusal | None:
        text, charset, bad = text_of(content)
        if bad > self.max_bad:
            return "charset", bad, self.max_bad
        if row.code_lang == NOTEBOOK and self.notebooks != "keep":
            try:
                text, row.code_lang = converted(text, self.notebooks)
            except NotANotebook as error:
                return refusal("notebook", str(error))
            if not text.strip():
                return "empty", 0, 1
        row.text = text
        if charset != "utf-8":
            row.facts["charset"] = charset
        if row.code_lang not in (*_PROSE, NOTEBOOK) and (license := of_source_file(content)):
            row.license, row.facts["license_from"] = license, "header"
        return None


def once(row: CodeRow, seen: set[int], fallback: str) -> None:
    """Marks a source file as `repeated` if its id is in `seen`, and gives it the id `fallback`; else adds its id."""
    known = xxhash.xxh3_64_intdigest(row.id.encode())
    if known not in seen:
        seen.add(known)
        return
    row.refusal = row.refusal or refusal("repeated", row.path or row.id)
    row.id = fallback


def refusal(rule: str, found: str) -> Refusal:
    """Returns why a source file is refused, by a rule whose threshold is a phrase, not a number."""
    return rule, found[:SHOWN], _EXPECTED[rule]
