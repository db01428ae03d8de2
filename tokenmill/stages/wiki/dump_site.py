"""Reads the head of a MediaWiki dump, which describes its site: database, language, address, namespaces."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO
from urllib.parse import quote
from xml.parsers import expat

from tokenmill.core.errors import DataError
from tokenmill.stages.reading.not_data import not_data
from tokenmill.stages.wiki.dump_stream import DumpChunk, Gap, kind_of, read_chunks

_HEAD_BYTES = 1 << 20
_END = re.compile(rb"</siteinfo>|<page>")
_LONGEST_END = len("</siteinfo>")
_DOCUMENT_TYPE = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.I)
_LONGEST = 1000
"""Most characters of a name or an address. A longer one counts as missing, because it would be in every row."""
_NAME = re.compile(r"([a-z][a-z0-9_]*wik(?:i|tionary|ibooks|inews|iquote|isource|iversity|ivoyage))-")


@dataclass(frozen=True)
class Site:
    """The site of a dump.

    Attributes:
        database: its name, such as enwiki.
        language: as in xml:lang.
        folder: the start of the URLs of its pages, "" if unknown.
        namespaces: local names by number. Default none.
        kind: bz2, gzip, zstd or plain. Default plain.
    """

    database: str
    language: str
    folder: str
    namespaces: dict[int, str] = field(default_factory=dict)
    kind: str = "plain"

    def url(self, title: str) -> str | None:
        """Returns the address of a page, as MediaWiki writes it, or None if the site's address is unknown."""
        return self.folder + quote(title.replace(" ", "_"), safe="/:,;@!$*()~'") if self.folder else None


def read_site(file: IO[bytes], name: str, size: int) -> Site:
    """Reads the site that a MediaWiki dump describes: database, language, address, namespaces.

    Raises DataError if the file is not MediaWiki XML or declares a document type.
    """
    file.seek(0)
    kind = kind_of(file.read(4), name)
    read, searched = bytearray(), 0
    for piece in _sound(read_chunks(file, kind, 0, size)):
        read += piece.data
        if len(read) > _HEAD_BYTES or _END.search(read, max(searched - _LONGEST_END, 0)):
            break
        searched = len(read)
    head = bytes(read)
    found = _END.search(head)
    head = head[: found.end() if found and found[0] != b"<page>" else found.start() if found else _HEAD_BYTES]
    if what := not_data(head):
        raise DataError(f"{name}: is {what}")
    if refused := _DOCUMENT_TYPE.search(head):
        raise DataError(
            f"{name}: declares a document type ({refused[0].decode()} at byte {refused.start()}), so it is not read:"
            " entity bombs need one, and MediaWiki dumps never have one"
        )
    if not head:
        raise DataError(
            f"{name}: not a MediaWiki export: it has no text (empty, cut, or damaged in its first block); get it again"
        )
    if b"<mediawiki" not in head and found is None:
        raise DataError(
            f"{name}: not a MediaWiki export: it begins with {head[:40]!r}, expected <mediawiki …> and <page>s"
        )
    return _site(head, os.path.basename(name), kind)


def _sound(pieces: Iterator[DumpChunk | Gap]) -> Iterator[DumpChunk]:
    return (piece for piece in pieces if isinstance(piece, DumpChunk))


def _site(head: bytes, name: str, kind: str) -> Site:
    texts: dict[str, str] = {}
    namespaces: dict[int, str] = {}
    path: list[tuple[str, dict[str, str]]] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        path.append((tag, attributes))
        if tag == "mediawiki":
            texts["lang"] = attributes.get("xml:lang", "")

    def text(data: str) -> None:
        tag, attributes = path[-1]
        key = attributes.get("key", "")
        if tag == "namespace" and key.lstrip("-").isdecimal() and len(key) < 9:
            namespaces[int(key)] = namespaces.get(int(key), "") + data
        texts[tag] = texts.get(tag, "") + data

    parser = expat.ParserCreate("UTF-8")
    parser.StartElementHandler, parser.CharacterDataHandler = start, text
    parser.EndElementHandler = lambda tag: path.pop()
    try:
        parser.Parse(head, False)
    except expat.ExpatError as error:
        raise DataError(f"{name}: the head of the dump is broken: {error}") from error
    named = _NAME.match(name)
    said = {tag: words.strip() for tag, words in texts.items() if len(words) <= _LONGEST}
    base = said.get("base", "")
    return Site(
        database=said.get("dbname", "") or (named[1] if named else "wiki"),
        language=said.get("lang", ""),
        folder=base[: base.rfind("/") + 1] if "://" in base else "",
        namespaces={number: local for number, local in namespaces.items() if len(local) <= _LONGEST},
        kind=kind,
    )
