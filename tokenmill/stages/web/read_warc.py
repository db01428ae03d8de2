"""Reads web pages from WARC and ARC files: one row per document record, with its body as text; HTML stays HTML.

Responses, conversions (WET), resources and revisits are document records. Requests, warcinfo and DNS records are not,
and metadata records (WAT) only if `records` names them. A refused record is a row too, marked with the rule that
refused it, and so is each damaged span of a file. The accepted types are those of FineWeb (Penedo et al. 2024;
datatrove's WARC reader), but the status must be 200 and the declared charset is used. Files are named by paths or by a
crawl. docs/common_crawl.md explains how to read all or a part of a crawl.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import IO, Any, ClassVar

import pyarrow as pa

from tokenmill.core.errors import RecipeError, did_you_mean
from tokenmill.core.io import storage
from tokenmill.core.io.manners import Manners, current, manners
from tokenmill.core.kinds import Shard, SourceTraits
from tokenmill.core.rules import check_numbers
from tokenmill.stages.web import crawl_files
from tokenmill.stages.web.crawl_index import Wanted
from tokenmill.stages.web.crawl_selection import Picked, read_selected, selected_shards, selection
from tokenmill.stages.web.warc_records import Damage, read_records
from tokenmill.stages.web.warc_rows import DOCUMENTS, SIGNALS, Rows

_HEAD_BYTES = 1 << 16  # bytes read of a block in addition to max_bytes of body
_MAX_ROWS = 65_536


@dataclass(frozen=True)
class ReadWarc:
    """Reads web pages from WARC and ARC files. The input is given by paths, by crawl, or by select with an index.

    Attributes:
        paths: globs and addresses of .warc and .arc files, which may end with .gz or .zst, and of lists of such files
            (`warc.paths.gz`). Default none.
        source: name of the source, for the column `source`. Default web.
        crawl: a published crawl to read, such as CC-MAIN-2026-05 or CC-NEWS/2026/01. Default none.
        part: the list of the crawl to read: warc, wet, wat, robotstxt or non200responses. With select only warc.
            Default warc.
        base: the address, bucket (s3://commoncrawl) or folder that the paths in lists are below. Default
            https://data.commoncrawl.org.
        select: read only records that the columnar index has for these keys: domain, tld, mime, language and status,
            each a value or a list. The key index names the index files, as globs or lists. Default: all records, and
            the index of the crawl.
        gap: largest number of bytes between two selected records that are read with one request, at least 0. Default
            256 KiB.
        selections: folder or URL for stored selections, which all workers must be able to read. Default: the user's
            cache.
        requests_per_second: largest number of requests per second to one host, by all workers of a machine together;
            above 0. Default 10.
        records: the types of record that become documents: response, conversion (WET), resource, metadata (WAT).
            Default response.
        mime: accepted MIME types. Plain text of conversions and all metadata are accepted too. Default text/html and
            application/xhtml+xml.
        max_bytes: largest body in bytes. A longer one is cut off, and `truncated` in `meta` records that. Default
            10 MiB.
        max_growth: largest growth of a compressed body that reaches max_bytes, as a factor. Default 100.
        max_bad: largest share of bytes that could not be decoded or are control characters, 0 to 1. Default 0.01.
        verify: compare the digests of blocks or payloads with their content. Default false.
        shard_bytes: bytes of files or of selected records per task, at least 1; small files are read together. Default
            64 MiB.
        batch_bytes: approximate bytes of bodies and header fields per batch. Default 16 MiB.
    """

    paths: str | tuple[str, ...] = ()
    source: str = "web"
    crawl: str = ""
    part: str = "warc"
    base: str = "https://data.commoncrawl.org"
    select: dict[str, Any] = field(default_factory=dict)
    gap: int = 1 << 18
    selections: str = ""
    requests_per_second: float = 10.0
    records: tuple[str, ...] = ("response",)
    mime: tuple[str, ...] = ("text/html", "application/xhtml+xml")
    max_bytes: int = 10 << 20
    max_growth: float = 100.0
    max_bad: float = 0.01
    verify: bool = False
    shard_bytes: int = 64 << 20
    batch_bytes: int = 16 << 20

    adds: ClassVar[tuple[str, ...]] = ("id", "source", "url", "date", "text", "locator", "meta", *SIGNALS.names)
    traits: ClassVar[SourceTraits] = SourceTraits(
        damage=("read_warc.corrupt",),
        signals=SIGNALS,
        unhashed=("crawl", "part", "select", "gap", "selections", "requests_per_second", "shard_bytes"),
    )

    def __post_init__(self) -> None:
        for kind in self.records:
            if kind not in DOCUMENTS:
                raise RecipeError(f"records: {kind!r} is not a kind of document{did_you_mean(kind, DOCUMENTS)}")
        if self.part not in crawl_files.PARTS:
            raise RecipeError(
                f"part: {self.part!r} is not a part of a crawl{did_you_mean(self.part, crawl_files.PARTS)}"
            )
        if bool(self.paths) + bool(self.crawl) + ("index" in self.select and not self.crawl) != 1:
            raise RecipeError("read_warc: give one of paths, crawl, and select with an index")
        if self.select and self.part != "warc":
            raise RecipeError(f"select: the index lists records of the part warc, not of {self.part}")
        if self.select and not self.crawl and not self.select.get("index"):
            raise RecipeError("select: give the crawl whose index it searches, or the files of an index: select.index")
        check_numbers(self, "gap")
        check_numbers(self, "requests_per_second", low=0, ends="(]")
        check_numbers(self, "max_bytes", "max_growth", "shard_bytes", "batch_bytes", low=1)
        check_numbers(self, "max_bad", high=1)
        self._polite()
        if self.select:
            self._wanted()
        if self.crawl:
            crawl_files.crawl_list(self.base, self.crawl, self.part)

    def shards(self) -> list[Shard]:
        """Returns one shard per file, or one per about shard_bytes of a selection, for which the index is read once."""
        with manners(self._polite()):
            if self.select:
                index, from_list = self._index()
                path = selection(index, self._wanted(), self.selections, from_list=from_list)
                return selected_shards(path, self.source, self.shard_bytes)
            paths = (self.paths,) if isinstance(self.paths, str) else self.paths
            if self.crawl:
                paths = (crawl_files.crawl_list(self.base, self.crawl, self.part),)
            found = crawl_files.shards_of(paths, self.base, self.source)
        return [replace(shard, number=number) for number, shard in enumerate(found)]

    def read(self, shard: Shard) -> Iterator[pa.RecordBatch]:
        """Yields the file's documents in order, and a row for each damaged span.

        Raises DataError if it is another kind of file.
        """
        rows = Rows(self, shard.source)
        for file, item in self._items(shard):
            rows.file = file
            if isinstance(item, Damage):
                rows.add_damage(item)
            else:
                rows.add_record(item)
            if rows.bytes >= self.batch_bytes or len(rows.ids) >= _MAX_ROWS:
                yield rows.batch()
                rows = Rows(self, shard.source)
        if rows.ids:
            yield rows.batch()

    def _items(self, shard: Shard) -> Iterator[Picked]:
        limit = self.max_bytes + _HEAD_BYTES
        polite = self._polite()
        if self.select:
            yield from read_selected(shard, self.base, self.gap, limit, polite)
            return
        with manners(polite):
            file: IO[bytes] = storage.open_input(shard.address)
        with file:
            size = file.seek(0, io.SEEK_END) if shard.etag == crawl_files.LISTED else shard.size
            for item in read_records(file, size, shard.file, limit):
                yield Picked(shard.file, item)

    def _polite(self) -> Manners:
        """Returns how to ask servers. Raises RecipeError for a rate that is not above 0."""
        return replace(current(), requests_per_second=self.requests_per_second)

    def _wanted(self) -> Wanted:
        return Wanted.of({name: value for name, value in self.select.items() if name != "index"})

    def _index(self) -> tuple[list[str], bool]:
        """Returns (the files of the index, True if they are those of a published crawl)."""
        given = self.select.get("index", ())
        if not given:
            return crawl_files.index_files(self.base, self.crawl), True
        files: list[str] = []
        for path in (given,) if isinstance(given, str) else given:
            found = crawl_files.listed(path, self.base) if crawl_files.is_list(path) else storage.expand(path)
            if not found:
                raise RecipeError(f"select: index: {path!r} matches no file")
            files += found
        return files, False
