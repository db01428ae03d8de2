"""Source code out of archives: one row a file, with its repository, path, language and licence.

Archives are tar (as it is, or gzip, bzip2, xz, zstd) and zip, which crates, jars and wheels are too. They are gone over
twice, first for licence files and manifests, then for the files, and nothing is written to a disk. Every member that is
no folder is a row; what is no source code, or not the repository's own, is marked with the rule that refused it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
import xxhash

from tokenmill.core import storage
from tokenmill.core.errors import DataError, RecipeError, did_you_mean
from tokenmill.core.inputs import file_shards
from tokenmill.core.kinds import Shard
from tokenmill.stages.archive_members import DAMAGED, UNPACKING_ERRORS, Member, unpacked
from tokenmill.stages.code_content import generator_sign, is_binary, minified_mean
from tokenmill.stages.code_language import language_of
from tokenmill.stages.code_paths import name_rule, path_problem
from tokenmill.stages.code_repository import Survey, spelled, survey
from tokenmill.stages.code_rows import COLUMNS, CodeRow, Refusal, batch_of, text_of
from tokenmill.stages.license_evidence import of_source_file
from tokenmill.stages.tar_members import TarMembers
from tokenmill.stages.zip_members import ZipMembers

_OPTIONAL = ("lock_file", "vendored", "generated", "minified", "language")
_GROWTH_FLOOR = 256 << 20  # bytes: an archive that unpacks to less may grow as it likes
_MAX_ROWS = 16_384
_SHOWN = 200  # characters of what was found
_NAMELESS = (DAMAGED, "bomb", "unsafe_path", "repeated")  # their rows are called by their place in the archive
_PROSE = ("Text", "Markdown", "reStructuredText", "JSON", "HTML")  # they speak of licences that are not theirs
_EXPECTED = {
    "link": "a file", "device": "a file", "sparse": "a plain file", "encrypted": "a member that can be read",
    DAMAGED: "a whole archive", "bomb": "no more than max_growth", "unsafe_path": "a path inside the archive",
    "lock_file": "written code", "vendored": "the repository's own code", "generated": "written code",
    "minified": "code as it was written", "binary": "text",
}  # fmt: skip


@dataclass(frozen=True)
class ReadCode:
    """A Source of source files.

    paths: globs of .tar, .tar.gz, .tar.bz2, .tar.xz, .tar.zst, .zip, .jar and their like (told apart by their bytes).
    languages: those kept, as GitHub calls them; empty: all that are known. keep: rules that are switched off, of
    lock_file, vendored, generated, minified, language. max_bytes: of a file; a larger one is refused. max_growth: how
    many times its packed size an archive, or a member of a zip, may grow. max_bad: highest share of a text that could
    not be decoded or is control characters. batch_bytes: of text, about, in a batch.
    """

    paths: str | tuple[str, ...]
    source: str = "code"
    languages: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    max_bytes: int = 1 << 20
    max_growth: float = 100.0
    max_bad: float = 0.01
    batch_bytes: int = 16 << 20

    adds: ClassVar[tuple[str, ...]] = COLUMNS
    DAMAGE: ClassVar[tuple[str, ...]] = ("read_code.corrupt", "read_code.bomb")

    def __post_init__(self) -> None:
        for rule in self.keep:
            if rule not in _OPTIONAL:
                raise RecipeError(f"keep: {rule!r} is no rule that can be off{did_you_mean(rule, _OPTIONAL)}")

    def shards(self) -> list[Shard]:
        """One a file."""
        return file_shards(self.paths, self.source)

    def read(self, shard: Shard) -> Iterator[pa.RecordBatch]:
        """The archive's files in their order. Raises DataError if it is no archive."""
        rows: list[CodeRow] = []
        size = 0
        try:
            with self._members(shard) as members:
                found = survey(members, shard.file)
                found.commit = members.commit
            with self._members(shard) as members:
                for row in _rows(self, members, found):
                    rows.append(row)
                    size += len(row.text or "")
                    if size >= self.batch_bytes or len(rows) >= _MAX_ROWS:
                        yield batch_of(rows, shard)
                        rows, size = [], 0
        except ValueError as error:
            raise DataError(f"{shard.file}: {error}; expected a tar or zip archive of source code") from error
        if rows:
            yield batch_of(rows, shard)

    @contextmanager
    def _members(self, shard: Shard) -> Iterator[TarMembers | ZipMembers]:
        limit = max(_GROWTH_FLOOR, int(shard.size * self.max_growth))
        with storage.open_input(shard.file) as file:
            magic = file.read(4)
            file.seek(0)
            if magic in (b"PK\x03\x04", b"PK\x05\x06"):
                yield ZipMembers(file, shard.size, max_growth=self.max_growth, limit=limit)
            else:
                yield TarMembers(unpacked(file), limit)


def _rows(work: ReadCode, members: TarMembers | ZipMembers, found: Survey) -> Iterator[CodeRow]:
    seen: set[int] = set()
    for member in members:
        path = spelled(member.name)
        place = found.place(path)
        row = CodeRow(f"{place.repo}@{place.rev}:{place.path}", place.path, member.offset, member.size, member.time)
        row.facts = {"repo": place.repo, "rev": place.rev}
        row.refusal = _member_refusal(work, member, path)
        known = xxhash.xxh3_64_intdigest(row.id.encode())
        if row.refusal is None and known in seen:
            row.refusal = "repeated", path[:_SHOWN], "each path once"
        if row.refusal and row.refusal[0] in _NAMELESS:
            row.id, row.path, row.facts = f"{found.archive}#{member.offset}", None, {}
        else:
            seen.add(known)
        if row.refusal is None:
            row.refusal = _fill(work, member, row)
        if row.refusal is None and row.license is None:
            row.license, told_by = found.license_of(path, place.root)
            row.facts |= {"license_from": told_by} if row.license else {}
        yield row


def _member_refusal(work: ReadCode, member: Member, path: str) -> Refusal | None:
    """The first rule that a member breaks, its content unread."""
    if member.refused in (DAMAGED, "bomb") and not member.name:
        return member.refused, member.found, _EXPECTED[member.refused]
    if problem := path_problem(path):
        return "unsafe_path", problem, _EXPECTED["unsafe_path"]
    if member.refused:
        return member.refused, member.found, _EXPECTED[member.refused]
    if member.size > work.max_bytes:
        return "too_large", member.size, work.max_bytes
    if (rule := name_rule(path)) and rule[0] not in work.keep:
        return rule[0], rule[1][:_SHOWN], _EXPECTED[rule[0]]
    return None


def _fill(work: ReadCode, member: Member, row: CodeRow) -> Refusal | None:
    """Read a member into its row; the first rule that its content breaks."""
    try:
        content = member.read(member.size)
    except UNPACKING_ERRORS as error:
        return DAMAGED, str(error)[:_SHOWN], _EXPECTED[DAMAGED]
    if not content.strip():
        return "empty", 0, 1
    if is_binary(content):
        return "binary", "a NUL byte", "text"
    language = row.code_lang = language_of(row.path or "", content)
    if (sign := generator_sign(content)) and "generated" not in work.keep and language not in _PROSE:
        return "generated", sign, _EXPECTED["generated"]
    if (mean := minified_mean(content, language)) and "minified" not in work.keep:
        return "minified", mean, _EXPECTED["minified"]
    if "language" not in work.keep and (language is None or (work.languages and language not in work.languages)):
        return "language", language or "unknown", ",".join(sorted(work.languages)) or "a known one"
    text, charset, bad = text_of(content)
    if bad > work.max_bad:
        return "charset", bad, work.max_bad
    row.text = text
    if charset != "utf-8":
        row.facts["charset"] = charset
    if language not in _PROSE and (license := of_source_file(content)):
        row.license, row.facts["license_from"] = license, "header"
    return None
