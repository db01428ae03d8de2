"""Reads wiki pages from MediaWiki XML dumps (`pages-articles`): one row per page, with its wikitext unchanged.

A refused page is a row too, marked with the rule that refused it, and so is each damaged place of the file. Many
workers can share a multistream dump, because the start of its streams can be found from any place in the file.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pyarrow as pa

from tokenmill.core.columns import LOCATOR, documents, drop
from tokenmill.core.io import storage
from tokenmill.core.kinds import Shard, SourceTraits
from tokenmill.core.rules import check_numbers
from tokenmill.stages.reading.dates import timestamps
from tokenmill.stages.reading.inputs import file_shards
from tokenmill.stages.wiki.dump_index import index_of, pages_of_streams
from tokenmill.stages.wiki.dump_pages import LOOK_BACK, OUTSIDE, Cutter, PageElement, read_page
from tokenmill.stages.wiki.dump_site import Site, read_site
from tokenmill.stages.wiki.dump_stream import NO_STREAM, DumpChunk, Gap, read_chunks
from tokenmill.stages.wiki.wiki_disambiguation import disambiguation_sign
from tokenmill.stages.wiki.wiki_redirect import redirect_target

_SPLIT = (".bz2", ".xml")  # files with these endings can be read from any place
_FILE, _CATEGORY = 6, 14
_ESCAPED = 6  # most bytes of XML per byte of wikitext: &quot;
_MAX_ROWS = 65_536
_LONGEST = 1000  # most characters of a title or another field; MediaWiki's titles have 255 bytes


@dataclass(frozen=True)
class ReadWikipedia:
    """Reads wiki pages from MediaWiki XML dumps, as wikitext.

    Attributes:
        paths: globs of .xml, .xml.bz2, .xml.gz and .xml.zst files. Index files of multistream dumps are skipped.
            Required.
        source: name of the source, for the column `source`. Default wiki.
        namespaces: numbers of the namespaces whose pages are kept; 0 are the articles. Default 0.
        keep_disambiguation: keep disambiguation pages. Default false.
        disambiguation: names of templates that make a page a disambiguation page, in addition to the built-in names of
            60 editions. Default none.
        max_bytes: largest wikitext of a page in bytes. MediaWiki itself allows 2 MiB. Default 4 MiB.
        shard_bytes: bytes of files per task. Small files are read together, .xml and .bz2 files are cut. A dump that is
            a single stream is read by one task, whatever its size. Default 256 MiB.
        license: SPDX expression for the texts. Default CC-BY-SA-4.0.
        batch_bytes: approximate number of characters of text per batch. Default 16,777,216.
    """

    paths: str | tuple[str, ...]
    source: str = "wiki"
    namespaces: tuple[int, ...] = (0,)
    keep_disambiguation: bool = False
    disambiguation: tuple[str, ...] = ()
    max_bytes: int = 4 << 20
    shard_bytes: int = 256 << 20
    license: str = "CC-BY-SA-4.0"
    batch_bytes: int = 16 << 20

    adds: ClassVar[tuple[str, ...]] = ("id", "source", "url", "license", "date", "text", "locator", "meta")
    traits: ClassVar[SourceTraits] = SourceTraits(
        damage=(
            "read_wikipedia.corrupt",
            "read_wikipedia.broken_xml",
            "read_wikipedia.document_type",
        )
    )

    def __post_init__(self) -> None:
        check_numbers(self, "max_bytes", "shard_bytes", "batch_bytes", low=1)

    def shards(self) -> list[Shard]:
        """Returns one shard per file, or per shard_bytes of a file that can be read from any place."""
        found: list[Shard] = []
        for whole in file_shards(self.paths, self.source):
            if index_of(whole.file) == whole.file:
                continue
            step = max(1, self.shard_bytes) if whole.file.endswith(_SPLIT) else whole.size
            for start in range(0, max(whole.size, 1), max(step, 1)):
                found.append(replace(whole, number=len(found), start=start, end=min(start + step, whole.size)))
        return found

    def read(self, shard: Shard) -> Iterator[pa.RecordBatch]:
        """Yields the pages that begin in the shard, in order. Raises DataError if it is not a MediaWiki export."""
        with storage.open_input(shard.address) as file:
            site = read_site(file, shard.file, shard.size)
            rows = _Rows(self, shard, site, set())
            if shard.start and site.kind in ("gzip", "zstd"):
                return
            start = max(0, shard.start - LOOK_BACK) if site.kind == "plain" else shard.start
            for found in _spans(read_chunks(file, site.kind, start, shard.size), shard, site, self.max_bytes):
                rows.add(found)
                if rows.bytes >= self.batch_bytes or len(rows.ids) >= _MAX_ROWS:
                    yield rows.batch()
                    rows = _Rows(self, shard, site, rows.seen)
        if rows.ids:
            yield rows.batch()


def _spans(pieces: Iterator[DumpChunk | Gap], shard: Shard, site: Site, limit: int) -> Iterator[PageElement | Gap]:
    """Yields the pages that begin in the shard, or in a stream that begins there, and the gaps between them."""
    cutter = Cutter(limit * _ESCAPED, tail=shard.start > 0)

    def place_of(span: PageElement) -> int:
        return span.inner if site.kind == "plain" else span.stream

    def ours(spans: Iterator[PageElement]) -> Iterator[PageElement]:
        return (span for span in spans if shard.start <= place_of(span) < shard.end)

    for piece in pieces:
        place = piece.inner if site.kind == "plain" else piece.stream
        owed = cutter.owes or (isinstance(piece, Gap) and piece.problem == NO_STREAM)
        if place >= shard.end and not owed:
            return
        if isinstance(piece, Gap):
            yield from ours(cutter.flush(f"cut off: {piece.problem}"))
            if place >= shard.end and piece.problem != NO_STREAM:
                return  # the shard in which the gap begins reports it
            yield piece
            continue
        for span in cutter.cut(piece):
            if place_of(span) >= shard.end and (site.kind == "plain" or span.problem != OUTSIDE):
                return  # but not for content outside a page, which the next shard treats as the end of a page
            if place_of(span) >= shard.start:
                yield span
    yield from ours(cutter.flush("the file ends inside the page"))


class _Rows:
    """The columns of a batch while it is filled. seen: ids of the pages that were read so far in the shard."""

    def __init__(self, work: ReadWikipedia, shard: Shard, site: Site, seen: set[str]) -> None:
        self.work, self.shard, self.site = work, shard, site
        self.name = os.path.basename(shard.file)
        self.seen = seen
        self.ids: list[str] = []
        self.urls: list[str | None] = []
        self.dates: list[str | None] = []
        self.texts: list[str | None] = []
        self.offsets: list[int] = []
        self.lengths: list[int | None] = []
        self.metas: list[dict[str, Any]] = []
        self.drops: dict[str, tuple[dict[int, Any], Any]] = {}
        self.bytes = 0

    def add(self, found: PageElement | Gap) -> None:
        """Adds a row for a page. For a gap, adds one row, and one for each page that the index lists in it."""
        if isinstance(found, Gap):
            self._start(f"{self.name}#{found.stream}!{found.inner}", found.stream, found.length, {})
            self._drop("corrupt", found.problem, "a whole stream")
            self._add_lost(found)
            return
        self._add_page(found)

    def batch(self) -> pa.RecordBatch:
        """Returns the rows as a batch, with refused rows marked."""
        count = len(self.ids)
        files = pa.array([self.shard.file] * count)
        places = [files, pa.array(self.offsets, pa.int64()), pa.array(self.lengths, pa.int64())]
        batch = documents(
            {
                "id": self.ids,
                "source": [self.shard.source] * count,
                "url": self.urls,
                "license": [self.work.license] * count,
                "date": timestamps(self.dates),
                "text": self.texts,
                "locator": pa.StructArray.from_arrays(places, fields=list(LOCATOR)),
                "meta": [json.dumps(facts, sort_keys=True, separators=(",", ":")) for facts in self.metas],
            }
        )
        for rule, (measured, threshold) in self.drops.items():
            mask = pa.array([row in measured for row in range(count)])
            batch = drop(batch, mask, f"read_wikipedia.{rule}", [measured.get(row) for row in range(count)], threshold)
        return batch

    def _add_page(self, span: PageElement) -> None:
        fields, problem = read_page(span.data)
        too_long = _cut_long_fields(fields)
        problem = problem or too_long
        plain = self.site.kind == "plain"
        number, revision = fields.get("id", ""), fields.get("revision", "")
        repeated = number in self.seen
        sound = not span.problem and not problem and number.isdecimal() and not repeated
        place = f"{self.name}#{span.inner}" if plain else f"{self.name}#{span.stream}+{span.inner}"
        id = f"{self.site.database}:{number}@{revision}" if sound else place
        offset, length = (span.inner, span.size) if plain else (span.stream, None)
        self._start(id, offset, length, self._facts(fields) | ({} if plain else {"inner_offset": span.inner}))
        self.seen.add(number)
        title = fields.get("title", "")
        self.urls[-1] = self.site.url(title) if title else None
        self.dates[-1] = fields.get("timestamp")
        if (number and not number.isdecimal()) or (not number and not problem):
            problem = f"a page with the id {number[:40]!r}"
        refused = self._refusal(span, fields, problem)
        if repeated and not refused:
            refused = "repeated", number, "each page once"
        if refused:
            self._drop(*refused)
            return
        self.texts[-1] = fields["text"]
        self.bytes += len(fields["text"])

    def _facts(self, fields: dict[str, str]) -> dict[str, Any]:
        """Returns the facts for meta. By the local names of two namespaces, extractors recognise links to pictures."""
        local = {number: self.site.namespaces.get(number, "") for number in (_FILE, _CATEGORY)}
        facts: dict[str, Any] = {
            "title": fields.get("title"),
            "lang": self.site.language,
            "redirect": fields.get("redirect"),
        }
        namespace = fields.get("ns", "")
        facts |= {"namespaces": [name for name in local.values() if name not in ("", "File", "Category")]}
        return {key: fact for key, fact in facts.items() if fact} | ({"ns": namespace} if namespace != "0" else {})

    def _refusal(self, span: PageElement, fields: dict[str, str], problem: str) -> tuple[str, Any, Any] | None:
        """Returns (rule, measured, threshold) of the first rule that the page breaks, or None."""
        work = self.work
        size = len(fields.get("text", "").encode()) if not span.problem else 0
        if not span.problem and (span.size > len(span.data) or size > work.max_bytes):
            return "too_large", size if span.size == len(span.data) else span.size, work.max_bytes
        if b"<!DOCTYPE" in span.data or b"<!ENTITY" in span.data:
            return "document_type", "a document type", "none"
        if span.problem or problem:
            return "broken_xml", span.problem or problem, "a whole page"
        namespace = fields.get("ns", "0")
        if namespace not in map(str, work.namespaces):
            return "namespace", namespace, ",".join(map(str, work.namespaces))
        if target := fields.get("redirect") or redirect_target(fields.get("text", "")):
            return "redirect", target, "a page of its own"
        if (model := fields.get("model", "wikitext")) != "wikitext":
            return "content_model", model, "wikitext"
        if "deleted" in fields or not fields.get("text", "").strip():
            return "empty", 0, 1
        sign = "" if work.keep_disambiguation else disambiguation_sign(fields["text"], work.disambiguation)
        return ("disambiguation", sign, "an article") if sign else None

    def _add_lost(self, gap: Gap) -> None:
        """Adds rows for the pages that the index lists in the gap's streams and that were not read."""
        index = index_of(self.shard.file)
        if not index:
            return
        for stream, number, title in pages_of_streams(index, gap.stream, gap.stream + gap.length):
            if number not in self.seen:
                self._start(f"{self.site.database}:{number}@lost", stream, None, {"title": title})
                self.urls[-1] = self.site.url(title)
                self._drop("corrupt", gap.problem, "a whole stream")

    def _start(self, id: str, offset: int, length: int | None, facts: dict[str, Any]) -> None:
        self.ids.append(id)
        self.urls.append(None)
        self.dates.append(None)
        self.texts.append(None)
        self.offsets.append(offset)
        self.lengths.append(length)
        self.metas.append(facts)

    def _drop(self, rule: str, measured: Any, threshold: Any) -> None:
        self.drops.setdefault(rule, ({}, threshold))[0][len(self.ids) - 1] = measured


def _cut_long_fields(fields: dict[str, str]) -> str:
    """Cuts fields that are longer than those of MediaWiki. Returns the problem, or "".

    They are cut because ids and facts are made from them.
    """
    problem = ""
    for name in fields:
        if name != "text" and len(fields[name]) > _LONGEST:
            problem = f"{name}: {len(fields[name])} characters"
            fields[name] = fields[name][:_LONGEST]
    return problem
