"""Source code out of archives, git repositories and tables: one row a file, with repository, path, language, licence.

Archives are tar (as it is, or gzip, bzip2, xz, zstd) and zip, which crates, jars, wheels and programs that unpack
themselves are too. Archives and repositories are gone over twice, first for licence files and manifests, then for the
files, and nothing is written to a disk. Every member that is no folder is a row; what is no source code, or not the
repository's own, is marked with the rule that refused it.
"""

import glob
import os
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import ClassVar

import pyarrow as pa

from tokenmill.core.errors import DataError, RecipeError, did_you_mean
from tokenmill.core.io import storage
from tokenmill.core.io.compression import format_of
from tokenmill.core.kinds import Shard, SourceTraits
from tokenmill.stages.code.archive_members import DAMAGED, Member, NoArchive, unpacked
from tokenmill.stages.code.git_members import GitMembers, git_folder, is_hash, repository_name, resolved, shared_folder
from tokenmill.stages.code.judge import OPTIONAL, Judge, once
from tokenmill.stages.code.notebooks import KINDS
from tokenmill.stages.code.order import ORDERS, Order
from tokenmill.stages.code.repository import Survey, spelled, survey
from tokenmill.stages.code.rows import COLUMNS, CodeRow, batch_of, name_length
from tokenmill.stages.code.stack_rows import stack_rows
from tokenmill.stages.code.tar_archive import TarArchive
from tokenmill.stages.code.zip_directory import ends_as_zip
from tokenmill.stages.code.zip_members import ZipMembers
from tokenmill.stages.reading.inputs import file_shards
from tokenmill.stages.reading.tar_members import TAR_BLOCK, is_tar

_GROWTH_FLOOR = 256 << 20  # bytes: an archive that unpacks to less may grow as it likes
_MAX_ROWS = 16_384
_NAMELESS = (DAMAGED, "bomb", "unsafe_path")  # their rows are called by their place in the archive
_SEEKABLE = (".tar", ".zip", ".jar", ".whl", ".pyz", ".parquet")  # files of these names are shared by several tasks
_ZIP, _PARQUET = (b"PK\x03\x04", b"PK\x05\x06"), b"PAR1"


@dataclass(frozen=True)
class ReadCode:
    """A Source of source files.

    paths: globs of .tar, .tar.gz, .tar.bz2, .tar.xz, .tar.zst, .zip, .jar and their like and of Parquet files in The
    Stack's columns (told apart by their bytes), or of folders that are git repositories, bare or with a work tree, read
    at revision. languages: those kept, as GitHub calls them; empty: all that are known. keep: rules that are switched
    off, of lock_file, vendored, generated, minified, language. notebooks: become "markdown" or a "script", or "keep"
    their JSON. max_bytes, max_notebook_bytes: of a file; a larger one is refused. max_growth: how many times its packed
    size an archive, or a member of a zip, may grow. max_bad: highest share of a text that could not be decoded or is
    control characters. order: of the files of a repository, "archive", "path", or "dependency", what a file imports
    before it. whole: put its kept files together, in that order (by path for "archive"), one document a licence, marker
    before each; a repository whose kept files and rows are larger than max_repository_bytes together comes in parts.
    shard_bytes: of archives, for one task: small ones are put together; zip, Parquet and plain tar are split, what is
    compressed as a whole is read by one. batch_bytes: of text and names, about, in a batch.
    """

    paths: str | tuple[str, ...]
    source: str = "code"
    revision: str = "HEAD"
    languages: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    notebooks: str = "markdown"
    max_bytes: int = 1 << 20
    max_notebook_bytes: int = 16 << 20
    max_growth: float = 100.0
    max_bad: float = 0.01
    order: str = "archive"
    whole: bool = False
    marker: str = "=== {path} ===\n"
    max_repository_bytes: int = 64 << 20
    shard_bytes: int = 64 << 20
    batch_bytes: int = 16 << 20

    adds: ClassVar[tuple[str, ...]] = COLUMNS
    traits: ClassVar[SourceTraits] = SourceTraits(damage=("read_code.corrupt", "read_code.bomb"))

    def __post_init__(self) -> None:
        for rule in self.keep:
            if rule not in OPTIONAL:
                raise RecipeError(f"keep: {rule!r} is no rule that can be off{did_you_mean(rule, OPTIONAL)}")
        if self.notebooks not in KINDS:
            raise RecipeError(f"notebooks: found {self.notebooks!r}{did_you_mean(self.notebooks, KINDS)}")
        if self.order not in ORDERS:
            raise RecipeError(f"order: found {self.order!r}{did_you_mean(self.order, ORDERS)}")
        if "{path}" not in self.marker:
            raise RecipeError(f"marker: found {self.marker!r}, expected a text with {{path}} in it")

    def shards(self) -> list[Shard]:
        """One a file or repository; repositories come first, and are known by the commit. Parquet, zip and tar that is
        not compressed come in pieces of shard_bytes, unless repositories are to be kept together.
        """
        paths = (self.paths,) if isinstance(self.paths, str) else self.paths
        folders = {pattern: [path for path in glob.glob(pattern) if git_folder(path)] for pattern in paths}
        known = {path for some in folders.values() for path in some}
        found = [self._repository(path) for path in sorted(known)]
        rest = [pattern for pattern in paths if not folders[pattern] or storage.expand(pattern)]
        files = file_shards(rest, self.source) if rest else []
        # the .git of a work tree is a file
        pieces = [piece for file in files if file.file not in known for piece in self._pieces(file)]
        return [replace(shard, number=number) for number, shard in enumerate([*found, *pieces])]

    def _pieces(self, whole: Shard) -> Iterator[Shard]:
        apart = self.order == "archive" and not self.whole and whole.file.lower().endswith(_SEEKABLE)
        step = max(1, self.shard_bytes) if apart else max(whole.size, 1)
        for start in range(0, max(whole.size, 1), step):
            yield replace(whole, start=start, end=min(start + step, whole.size))

    def read(self, shard: Shard) -> Iterator[pa.RecordBatch]:
        """The files in their order, those of a repository by path. Raises DataError if it is nothing of the kind."""
        arrange = Order(self.order, self.whole, self.marker, self.max_repository_bytes)
        rows: list[CodeRow] = []
        size = 0
        try:
            for row in arrange(self._rows(shard)):
                rows.append(row)
                size += len(row.text or "") + name_length(row)
                if size >= self.batch_bytes or len(rows) >= _MAX_ROWS:
                    yield batch_of(rows, shard)
                    rows, size = [], 0
        except NoArchive as error:
            raise DataError(
                f"{shard.file}: {error}; expected an archive, repository or table of source code"
            ) from error
        if rows:
            yield batch_of(rows, shard)

    def _repository(self, path: str) -> Shard:
        folder = git_folder(path)
        try:
            commit = resolved(folder, self.revision)
        except NoArchive as error:
            commit = str(error)  # read() raises it
        packs = glob.glob(os.path.join(glob.escape(shared_folder(folder)), "objects", "pack", "*.pack"))
        size = sum(os.path.getsize(pack) for pack in packs)
        return Shard(0, self.source, path, 0, size, size, commit)

    def _rows(self, shard: Shard) -> Iterator[CodeRow]:
        judge = Judge(self.keep, self.languages, self.notebooks, self.max_bytes, self.max_notebook_bytes, self.max_bad)
        if folder := git_folder(shard.file):
            with closing(GitMembers(folder, shard.etag if is_hash(shard.etag) else self.revision)) as members:
                found = survey(members, repository_name(shard.file))
                found.is_git, found.commit = True, members.commit
                yield from _member_rows(judge, members, found)
            return
        with storage.open_input(shard.address) as file:
            magic = file.read(6)
            is_table = magic.startswith(_PARQUET)
            if is_table:
                yield from stack_rows(file, judge, shard, self.batch_bytes)
        if shard.start and (is_table or format_of(magic)):
            return  # its first piece has it all
        if not is_table:
            with self._members(shard) as members:
                found = survey(members, shard.file)
                found.commit = members.commit
            with self._members(shard) as members:
                # the last piece has no end: damage may lie behind the last byte
                end = shard.end if shard.end < shard.size and not format_of(magic) else None
                yield from _member_rows(judge, members, found, shard.start, end)

    @contextmanager
    def _members(self, shard: Shard) -> Iterator[TarArchive | ZipMembers]:
        limit = max(_GROWTH_FLOOR, int(shard.size * self.max_growth))
        with storage.open_input(shard.address) as file:
            magic = file.read(TAR_BLOCK)
            file.seek(0)
            # a program that unpacks itself has its own code before the zip archive
            if magic[:4] in _ZIP or (not (format_of(magic) or is_tar(magic)) and ends_as_zip(file, shard.size)):
                yield ZipMembers(file, shard.size, max_growth=self.max_growth, limit=limit)
            else:
                file.seek(0)
                stream = unpacked(file)
                yield TarArchive(stream, limit, shard.size if stream is file else None)


def _member_rows(
    judge: Judge, members: Iterable[Member], found: Survey, start: int = 0, end: int | None = None
) -> Iterator[CodeRow]:
    """Of the members whose header lies in [start, end), those before only to know what comes again."""
    seen: set[int] = set()
    for member in members:
        if end is not None and member.offset >= end:
            return
        path = spelled(member.name)
        place = found.place(path)
        row = CodeRow(f"{place.repo}@{place.rev}:{place.path}", place.path, member.offset, member.size, member.time)
        row.facts = {"repo": place.repo, "rev": place.rev}
        row.refusal = judge.of_member(member, path)
        fallback = f"{found.archive}#{member.offset}"
        if row.refusal and row.refusal[0] in _NAMELESS:
            row.id, row.path, row.facts = fallback, None, {}
        once(row, seen, fallback)
        if member.offset < start:
            continue
        if row.refusal is None:
            row.refusal = judge.read(member, row)
        if row.refusal is None:
            row.license, told_by = found.license_of(path, place.root, row.license)
            row.facts |= {"license_from": told_by} if row.license else {}
        yield row
