"""Cuts an XML dump into its `<page>` elements and reads each alone, so that what is broken costs one page.

Inside a dump `<` is always escaped, so the tags of pages can be looked for in the bytes. Each page is then parsed by
itself, by a parser that knows no entities but XML's own five. A document type could only stand before the first page.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.parsers import expat

from tokenmill.stages.wiki.dump_stream import DumpChunk

_BEGIN, _END = b"<page>", b"</page>"
OUTSIDE = "content outside a page"
_HEAD_BYTES = 1 << 14  # kept of a page that is too large, for its id and title
_OUTSIDE_BYTES = 1 << 20  # of content between two pages; the site's header takes a hundredth of it
_DEEP = 64
_OUTSIDE = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<mediawiki\b[^>]*>\s*)?(?:<siteinfo>.*</siteinfo>\s*)?(?:</mediawiki>\s*)*", re.S
)
_FIELDS = {
    "page/title": "title", "page/ns": "ns", "page/id": "id", "page/revision/id": "revision",
    "page/revision/timestamp": "timestamp", "page/revision/model": "model", "page/revision/text": "text",
}  # fmt: skip


class PageElement(NamedTuple):
    """The bytes of one `<page>` element, cut off at the limit, or of what should be one.

    stream, inner: where it begins, as in DumpChunk. size: its true length. problem: why it is no whole page.
    """

    stream: int
    inner: int
    size: int
    data: bytes
    problem: str = ""


LOOK_BACK = len(_END) - 1
"""Bytes before a place in an uncompressed dump that tell whether a page ends just there."""


class Cutter:
    """Finds the pages in pieces. tail: the bytes begin inside a page that is accounted for already."""

    def __init__(self, limit: int, *, tail: bool) -> None:
        self.limit, self.tail, self.inside = limit, tail, False
        self.held = bytearray()
        self.first = 0  # position of held[0] among all bytes
        self.skipped = 0  # bytes left out behind the first _HEAD_BYTES, of a page that is too large
        self.searched = 0  # bytes of held before which no page ends
        self.places: list[tuple[int, int, int]] = []  # (position, stream, inner) of the pieces that held reaches into

    @property
    def owes(self) -> bool:
        """Whether the end is still to come of a page, or of what stands between two: those behind cannot tell it."""
        return self.inside or not self.tail

    def cut(self, piece: DumpChunk) -> Iterator[PageElement]:
        """The spans that end in this piece."""
        self.places.append((self.first + self.skipped + len(self.held), piece.stream, piece.inner))
        self.held += piece.data
        while self.held:
            spans = self._to_end() if self.inside else self._to_begin()
            if spans is None:
                break
            yield from spans

    def flush(self, problem: str) -> Iterator[PageElement]:
        """What is left where the bytes end or break; what comes next may begin inside a page."""
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
        """Go to where the next page begins; None if that needs more bytes."""
        at = self.held.find(_BEGIN)
        if self.tail and (end := self.held.find(_END, 0, at if at >= 0 else len(self.held))) >= 0:
            self._pass(end + len(_END))
            self.tail = False  # what follows is between two pages
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
        """Take the page that ends next; None if that needs more bytes. Pages before it without an end are spans too."""
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
    """(title, ns, id, redirect, revision, timestamp, model, deleted, text: those that are there; what is wrong, if
    anything) of a `<page>` element. Of several revisions the last counts.
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
    """Expat's handlers. path: the names of the elements around the current place."""

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
            raise _DeepError(f"elements nested over {_DEEP} deep")
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
