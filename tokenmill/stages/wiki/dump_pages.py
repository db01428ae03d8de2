"""Cuts an XML dump into its `<page>` elements and parses each separately, so that broken XML costs one page.

The content of a dump always escapes `<`, so the tags of pages can be searched for in the bytes. The parser of a page
knows only the five entities of XML itself. A document type can only be before the first page.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.parsers import expat

from tokenmill.stages.wiki.dump_stream import DumpChunk

_BEGIN, _END = b"<page>", b"</page>"
OUTSIDE = "content outside a page"
_HEAD_BYTES = 1 << 14  # bytes kept of a page that is too large, for its id and title
_OUTSIDE_BYTES = 1 << 20  # most content between two pages; the site's header takes a hundredth of it
_DEEP = 64
_OUTSIDE = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<mediawiki\b[^>]*>\s*)?(?:<siteinfo>.*</siteinfo>\s*)?(?:</mediawiki>\s*)*", re.S
)
_FIELDS = {
    "page/title": "title", "page/ns": "ns", "page/id": "id", "page/revision/id": "revision",
    "page/revision/timestamp": "timestamp", "page/revision/model": "model", "page/revision/text": "text",
}  # fmt: skip


class PageElement(NamedTuple):
    """The bytes of one `<page>` element, or of a span that is not a whole page.

    Attributes:
        stream, inner: its place, as in DumpChunk.
        size: its length in bytes, before it is cut off.
        data: its bytes, cut off at the limit.
        problem: why it is not a whole page, "" if it is one.
    """

    stream: int
    inner: int
    size: int
    data: bytes
    problem: str = ""


LOOK_BACK = len(_END) - 1
"""Bytes to read before a place in an uncompressed dump, to find out whether a page ends exactly there."""


class Cutter:
    """Finds the pages in the chunks of a dump.

    limit: bytes kept of a page. tail: True if the bytes begin inside a page that another shard accounts for.
    """

    def __init__(self, limit: int, *, tail: bool) -> None:
        self.limit, self.tail, self.inside = limit, tail, False
        self.held = bytearray()
        self.first = 0  # position of held[0] among all bytes
        self.skipped = 0  # bytes left out after the first _HEAD_BYTES of a page that is too large
        self.searched = 0  # no page ends in this many bytes at the start of held
        self.places: list[tuple[int, int, int]] = []  # (position, stream, inner) of the chunks in held

    @property
    def owes(self) -> bool:
        """True if a page, or the content between two pages, has not ended yet. A reader that starts later misses it."""
        return self.inside or not self.tail

    def cut(self, piece: DumpChunk) -> Iterator[PageElement]:
        """Yields the spans that end in this chunk."""
        self.places.append((self.first + self.skipped + len(self.held), piece.stream, piece.inner))
        self.held += piece.data
        while self.held:
            spans = self._to_end() if self.inside else self._to_begin()
            if spans is None:
                break
            yield from spans

    def flush(self, problem: str) -> Iterator[PageElement]:
        """Yields the rest of the bytes when they end or break. The next bytes may begin inside a page."""
        if self.inside:
            while (again := self.held.find(_BEGIN, 1)) > 0:
                yield self._span(again, "the page has no end")
                self._pass(again)
            yield self._span(len(self.held), problem)
        elif not self.tail and not _plausible(self.held):
            yield self._span(len(self.held), OUTSIDE)
        self._pass(len(self.held))
        self.places, self.inside, self.tail = [], False, True

    def _to_begin(self) -> list[PageElement] | None:
        """Moves to the start of the next page. Returns the spans before it, or None if that needs more bytes."""
        at = self.held.find(_BEGIN)
        if self.tail and (end := self.held.find(_END, 0, at if at >= 0 else len(self.held))) >= 0:
            self._pass(end + len(_END))
            self.tail = False  # the next bytes are between two pages
            return []
        if at < 0 and (self.tail or len(self.held) > _OUTSIDE_BYTES):
            spans = [] if self.tail else [self._span(len(self.held), f"{_OUTSIDE_BYTES} bytes outside a page")]
            self._pass(max(0, len(self.held) - len(_END) + 1))
            self.tail = True
            return spans or None
        if at < 0:
            return None
        spans = [] if self.tail or _plausible(self.held[:at]) else [self._span(at, OUTSIDE)]
        self._pass(at)
        self.inside, self.tail, self.searched = True, False, len(_BEGIN)
        return spans

    def _to_end(self) -> list[PageElement] | None:
        """Takes the page that ends next, and pages before it without an end. Returns None if that needs more bytes."""
        at = self.held.find(_END, self.searched)
        if at < 0:
            self.searched = max(len(_BEGIN), len(self.held) - len(_END) + 1)
            if len(self.held) > self.limit + _HEAD_BYTES:
                self.skipped += self.searched - _HEAD_BYTES
                del self.held[_HEAD_BYTES : self.searched]
                self.searched = _HEAD_BYTES
            return None
        size, spans = at + len(_END), []
        while (again := self.held.find(_BEGIN, 1, size)) > 0:
            spans.append(self._span(again, "the page has no end"))
            self._pass(again)
            size -= again
        spans.append(self._span(size, ""))
        self._pass(size)
        self.inside = False
        return spans

    def _span(self, end: int, problem: str) -> PageElement:
        position, stream, inner = max(place for place in self.places if place[0] <= self.first)
        where = inner + self.first - position
        return PageElement(stream, where, end + self.skipped, bytes(self.held[: min(end, self.limit)]), problem)

    def _pass(self, count: int) -> None:
        del self.held[:count]
        self.first += count + self.skipped
        self.searched = self.skipped = 0
        while len(self.places) > 1 and self.places[1][0] <= self.first:
            self.places.pop(0)


def read_page(data: bytes) -> tuple[dict[str, str], str]:
    """Parses a `<page>` element of a MediaWiki dump. Returns (its fields, the problem or "").

    The fields are title, ns, id, redirect, revision, timestamp, model, deleted and text, as far as the element has
    them. If it has several revisions, the last one counts.
    """
    reader = _Reader()
    try:
        reader.parser.Parse(data, True)
    except (expat.ExpatError, _DeepError) as error:
        return reader.fields, str(error)
    return reader.fields, ""


class _DeepError(Exception):
    """Elements are nested too deep."""


class _Reader:
    """The handlers of an expat parser. path: the names of the elements around the current place."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.path: list[str] = []
        self.wanted = ""
        self.parser = expat.ParserCreate("UTF-8")
        self.parser.buffer_text = True
        self.parser.buffer_size = 1 << 18
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.path.append(name)
        if len(self.path) > _DEEP:
            raise _DeepError(f"elements nested more than {_DEEP} deep")
        self.wanted = self._field()
        if self.wanted:
            self.fields[self.wanted] = ""
        if name == "redirect" and len(self.path) == 2:
            self.fields["redirect"] = attributes.get("title", "")
        elif self.wanted == "text" and "deleted" in attributes:
            self.fields["deleted"] = attributes["deleted"]

    def _end(self, name: str) -> None:
        self.path.pop()
        self.wanted = ""

    def _text(self, data: str) -> None:
        if self.wanted:
            self.fields[self.wanted] += data

    def _field(self) -> str:
        return _FIELDS.get("/".join(self.path), "") if len(self.path) < 4 else ""


def _plausible(between: bytes | bytearray) -> bool:
    return _OUTSIDE.fullmatch(between) is not None
