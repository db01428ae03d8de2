"""Reads source code from archives, git repositories and tables: one row per file, with path, language and licence.

Archives are tar (uncompressed, or with gzip, bzip2, xz or zstd) and zip; crates, jars, wheels and self-extracting
programs are such archives too. Archives and repositories are read twice, first for licence files and manifests, then
for the files, and nothing is written to a disk. Every member that is not a folder becomes a row. A row that is not
source code, or not the repository's own code, is marked with the rule that refused it.
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
from tokenmill.core.rules import check_numbers
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

_GROWTH_FLOOR = 256 << 20  # bytes: an archive that unpacks to less may grow more than max_growth
_MAX_ROWS = 16_384
_NAMELESS = (DAMAGED, "bomb", "unsafe_path")  # the ids of their rows are made of their place in the archive
_SEEKABLE = (".tar", ".zip", ".jar", ".whl", ".pyz", ".parquet")  # files with these names are split between tasks
_ZIP, _PARQUET = (b"PK\x03\x04", b"PK\x05\x06"), b"PAR1"


@dataclass(frozen=True)
class ReadCode:
    """A Source of source files.

    Attributes:
        paths: globs, or one glob, of archives (.tar, .tar.gz, .tar.bz2, .tar.xz, .tar.zst, .zip, .jar and similar), of
            Parquet files in the columns of The Stack, and of folders that are git repositories, bare or with a work
            tree. Files are recognised by their bytes. Required.
        source: name of the source, for the column `source`. Default "code".
        revision: what to read of git repositories: a full hash, a branch, a tag or HEAD. Default HEAD.
        languages: the languages to keep, by the names that GitHub uses, for example Python or C++. Empty keeps all
            languages that are recognised. Default empty.
        keep: rules to switch off: lock_file, vendored, generated, minified, language. Without the rule `language`,
            `languages` has no effect. Default none.
        notebooks: what a Jupyter notebook becomes: markdown (prose with fenced code), script (code with the prose in
            comments), or keep (its JSON). Default markdown.
        max_bytes: largest size of a file, in bytes. Default 1 MiB.
        max_notebook_bytes: largest size of a notebook, in bytes, before its outputs are removed. If `notebooks`
            is keep, max_bytes applies instead. Default 16 MiB.
        max_growth: largest ratio of unpacked to packed size, for an archive and for a member of a zip. Archives of up
            to 256 MiB unpacked, and members of up to 1 MiB, may grow more. Default 100.
        max_bad: largest share of a text that could not be decoded or is control characters, 0 to 1. Default 0.01.
        order: order of a repository's files: archive (as they come), path, or dependency (a file comes after the files
            that it imports). Default archive.
        whole: join the kept files of a repository to one document per licence, in that order, or by path if `order` is
            archive. Default false.
        marker: text before each file of a joined document. It must contain `{path}`, which becomes the file's path.
            Default "=== {path} ===" and a line feed.
        max_repository_bytes: largest size of a repository's kept files and rows, in bytes, that are ordered or joined
            together. A larger repository is cut into parts. Default 64 MiB.
        shard_bytes: input of one task, in bytes. Smaller files are packed together. Larger files are split if they are
            called .tar, .zip, .jar, .whl, .pyz or .parquet, `order` is archive and `whole` is false. Default 64 MiB.
        batch_bytes: approximate size of the texts and names in a batch, in bytes. A batch has at most 16,384 rows.
            Default 16 MiB.
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
        check_numbers(self, "max_bytes", "max_notebook_bytes", "max_growth", "max_repository_bytes", low=1)
        check_numbers(self, "shard_bytes", "batch_bytes", low=1)
        check_numbers(self, "max_bad", high=1)
        for rule in self.keep:
            if rule not in OPTIONAL:
                raise RecipeError(f"keep: {rule!r} cannot be switched off{did_you_mean(rule, OPTIONAL)}")
        if self.notebooks not in KINDS:
            raise RecipeError(f"notebooks: found {self.notebooks!r}{did_you_mean(self.notebooks, KINDS)}")
        if self.order not in ORDERS:
            raise RecipeError(f"order: found {self.order!r}{did_you_mean(self.order, ORDERS)}")
        if "{path}" not in self.marker:
            raise RecipeError(f"marker: found {self.marker!r}, expected a text with {{path}} in it")

    def shards(self) -> list[Shard]:
        """Returns one shard per repository, then one per file. The etag of a repository is its commit.

        Parquet, zip and uncompressed tar are split into pieces of shard_bytes, unless `order` or `whole` needs whole
        repositories.
        """
        paths = (self.paths,) if isinstance(self.paths, str) else self.paths
        folders = {pattern: [path for path in glob.glob(pattern) if git_folder(path)] for pattern in paths}
        known = {path for some in folders.values() for path in some}
        found = [self._repository(path) for path in sorted(known)]
        rest = [pattern for pattern in paths if not folders[pattern] or storage.expand(pattern)]
        files = file_shards(rest, self.source) if rest else []
        # a glob may also match the .git file of a linked work tree, which is in `known`
        pieces = [piece for file in files if file.file not in known for piece in self._pieces(file)]
        return [replace(shard, number=number) for number, shard in enumerate([*found, *pieces])]

    def _pieces(self, whole: Shard) -> Iterator[Shard]:
        apart = self.order == "archive" and not self.whole and whole.file.lower().endswith(_SEEKABLE)
        step = max(1, self.shard_bytes) if apart else max(whole.size, 1)
        for start in range(0, max(whole.size, 1), step):
            yield replace(whole, start=start, end=min(start + step, whole.size))

    def read(self, shard: Shard) -> Iterator[pa.RecordBatch]:
        """Yields the rows in their order, those of a git repository by path. Raises DataError if it cannot be read."""
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
            commit = str(error)  # read() raises it as an error
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
            return  # a table is done; a compressed archive is read by its first piece alone
        if not is_table:
            with self._members(shard) as members:
                found = survey(members, shard.file)
                found.commit = members.commit
            with self._members(shard) as members:
                # the last piece has no end, because damage may be reported after the last byte
                end = shard.end if shard.end < shard.size and not format_of(magic) else None
                yield from _member_rows(judge, members, found, shard.start, end)

    @contextmanager
    def _members(self, shard: Shard) -> Iterator[TarArchive | ZipMembers]:
        limit = max(_GROWTH_FLOOR, int(shard.size * self.max_growth))
        with storage.open_input(shard.address) as file:
            magic = file.read(TAR_BLOCK)
            file.seek(0)
            # a self-extracting program has its own code before the zip archive
            if magic[:4] in _ZIP or (not (format_of(magic) or is_tar(magic)) and ends_as_zip(file, shard.size)):
                yield ZipMembers(file, shard.size, max_growth=self.max_growth, limit=limit)
            else:
                file.seek(0)
                stream = unpacked(file)
                yield TarArchive(stream, limit, shard.size if stream is file else None)


def _member_rows(
    judge: Judge, members: Iterable[Member], found: Survey, start: int = 0, end: int | None = None
) -> Iterator[CodeRow]:
    """Yields the rows of the members whose header is in [start, end).

    Earlier members are only listed, so that a path that occurs again is found.
    """
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
