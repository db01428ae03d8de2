"""Targets: MediaWiki XML dumps, and HTML dumps of Wikimedia Enterprise."""

import bz2
import gzip
import io
import json
import re
import tarfile
from typing import Any

import zstandard
from fuzzing.harness import Target
from fuzzing.rows import WHOLE, Row, assert_same, damaged, file_rows, is_broken, same_in_any_size, small_batch

from tokenmill.stages.wiki.read_wikipedia import ReadWikipedia
from tokenmill.stages.wiki.read_wikipedia_html import ReadWikipediaHtml

_LIMIT = 1 << 16
WIKITEXT = (
    "'''A''' is ''b''.<ref name=x>{{cite web|url=http://a}}</ref> {{convert|5|km|mi}} [[File:a.jpg|thumb|A [[b|c]]]]\n"
    "== H ==\n* one\n# two\n{| class=wikitable\n! h !! i\n|-\n| 1 || colspan=2 | 2\n|}\n<math>\\frac{1}{2}</math>\n"
    "{{lang|fr|été}} {{Infobox x|a=1|b={{plainlist|\n* c\n}}}} <nowiki>[[d]]</nowiki> <!-- e --> [http://f g] &amp;\n"
    "{{quote|h}} [[Category:I]] [[de:J]] -{zh-hans:k;zh-hant:l}- __TOC__ <gallery>\nFile:m.png|n\n</gallery>\n"
    "{{{o|p}}} {{#if:q|r|s}}\n"
)
_HEAD = (
    '<mediawiki xml:lang="en"><siteinfo><dbname>enwiki</dbname><base>https://en.example/wiki/Main_Page</base>'
    '<namespaces><namespace key="6">File</namespace></namespaces></siteinfo>\n'
)
_PAGE = (
    "<page><title>T{n}</title><ns>{ns}</ns><id>{n}</id>{extra}<revision><id>{n}9</id><timestamp>2024-01-02T03:04:05Z"
    "</timestamp><model>wikitext</model><text>{text}</text></revision></page>\n"
)
_DAMAGE = tuple(f"read_wikipedia.{rule}" for rule in ("corrupt", "broken_xml", "document_type"))


def _dump() -> str:
    pages = [(n, 0, WIKITEXT.replace("&", "&amp;").replace("<", "&lt;") * (n % 3 + 1), "") for n in range(1, 9)]
    pages += [(20, 0, "#REDIRECT [[T1]]", '<redirect title="T1" />'), (21, 10, "template", ""), (22, 0, "", "")]
    return _HEAD + "".join(_page(*page) for page in pages) + "</mediawiki>\n"


def _page(n: int | str, ns: int = 0, text: str = "Some text.", extra: str = "") -> str:
    return _PAGE.format(n=n, ns=ns, text=text, extra=extra)


def _past_dumps() -> dict[str, bytes]:
    pages = [_page(n) for n in range(1, 6)]
    made = {
        "page-cut-off-by-the-end": _HEAD + "".join(pages)[:-90],
        "text-between-pages": _HEAD + pages[0] + "junk " * 40 + pages[1] + pages[2] + "more" + "</mediawiki>",
        "pages-without-an-end": _HEAD + "".join(pages).replace("</page>", ""),
        "redirect-without-element": _HEAD + _page(1, text="#перенаправление [[Цель]]") + "</mediawiki>",
        "title-long": _HEAD + _page(1).replace("T1", "ü" * 30_000) + pages[1] + "</mediawiki>",
        "id-long": _HEAD + _page("3" * 30_000) + pages[1] + "</mediawiki>",
        "database-name-long": _HEAD.replace("enwiki", "d" * 90_000) + pages[0] + "</mediawiki>",
    }
    between = bz2.compress(_HEAD.encode()) + b"junk" * 30 + _streams("".join(pages).encode())
    return {name: text.encode() for name, text in made.items()} | {"bytes-between-streams": between}


def _streams(data: bytes) -> bytes:
    """Packs a dump as multistream dumps are packed: the head, three pages per stream, the tail."""
    parts = re.split(rb"(?=<page>)", data)
    groups = [parts[:1], *(parts[at : at + 3] for at in range(1, len(parts), 3))]
    return b"".join(bz2.compress(b"".join(group)) for group in groups)


def check_wikipedia(data: bytes) -> int:
    def read(name: str, content: bytes, **settings: int) -> list[Row]:
        return file_rows(content, name, ReadWikipedia, max_bytes=_LIMIT, **settings)

    rows = read("w.xml.bz2", data, **WHOLE)
    ids = [row["id"] for row in rows]
    assert len(set(ids)) == len(ids), f"{len(ids) - len(set(ids))} ids come twice"
    assert_same(read("w.xml.bz2", data, batch_bytes=small_batch(data)), rows, "small batches")
    _check_shards(rows, read("w.xml.bz2", data, shard_bytes=len(data) // 3 + 1))
    if data.startswith(b"<mediawiki"):
        assert len(rows) >= data.count(b"<page>"), f"{data.count(b'<page>')} pages, but {len(rows)} rows"
    broken = is_broken(data)
    if broken:
        assert damaged(rows, *_DAMAGE), "a broken file without a row of damage"
    return len(rows)


def _check_shards(rows: list[Row], pieces: list[Row]) -> None:
    """Shards give the rows of the whole file. Several shards may report the same long gap between pages.

    A page that occurs twice is refused only if one shard has both copies.
    """
    places = [[(row["locator"]["offset"], row["meta"]) for row in some] for some in (rows, pieces)]
    assert set(places[0]) <= set(places[1]), "shards lose rows of the whole file"
    more = [row for row, place in zip(pieces, places[1], strict=True) if place not in places[0]]
    outside = [row.get("drop_measured") == "content outside a page" for row in more]
    assert all(outside), "shards give rows that the whole file has not"
    texts = {place: row["text"] for place, row in zip(places[1], pieces, strict=True)}
    for place, row in zip(places[0], rows, strict=True):
        assert row["text"] in (None, texts[place]), f"shards give another text at {place}"


def _line(number: int, **more: Any) -> bytes:
    value = {
        "name": f"Page {number}", "identifier": number, "date_modified": "2024-01-02T03:04:05Z",
        "version": {"identifier": number + 5000}, "url": f"https://en.wikipedia.org/wiki/Page_{number}",
        "namespace": {"identifier": 0}, "in_language": {"identifier": "en"}, "is_part_of": {"identifier": "enwiki"},
        "article_body": {"html": f"<html><body><p>Page {number} é.</p></body></html>" * number, "wikitext": "'''x'''"},
        "license": [{"identifier": "CC-BY-SA-4.0"}],
    }  # fmt: skip
    return json.dumps(value | more).encode() + b"\n"


def _archive(*members: tuple[str, bytes], format: int = tarfile.PAX_FORMAT) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=format) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return target.getvalue()


def _html_dumps() -> dict[str, bytes]:
    lines = b"".join(_line(number) for number in range(1, 7))
    members = [("w_0.ndjson", lines), ("folder/" + "n" * 80 + ".ndjson", _line(7) + _line(8).rstrip(b"\n"))]
    return {
        "tar": gzip.compress(_archive(*members), mtime=0),
        "tar of gnu": gzip.compress(_archive(*members, format=tarfile.GNU_FORMAT), mtime=0),
        "lines": lines,
        "packed lines": gzip.compress(lines, mtime=0),
    }


def _past_html_dumps() -> dict[str, bytes]:
    deep = b'{"name": ' + b"[" * 600 + b"]" * 600 + b"}\n"
    return {
        "lines-of-odd-values": b'[]\n1\n"x"\n{}\n\n{"is_part_of": 5, "license": [3], "namespace": []}\n' + _line(1),
        "line-deep": deep + _line(1),
        "surrogate-alone": _line(1, article_body={"html": "a\ud800b"}),
        "page-twice": _line(1) + _line(1) + _line(2),
        "archive-behind-the-end": gzip.compress(_archive(("a.ndjson", _line(1))) + _archive(("b.ndjson", _line(2)))),
    }


def check_wikipedia_html(data: bytes) -> int:
    rows = same_in_any_size(data, "w.json.tar.gz", ReadWikipediaHtml, shards=False)
    ids = [row["id"] for row in rows]
    assert len(set(ids)) == len(ids), f"{len(ids) - len(set(ids))} ids come twice"
    if is_broken(data):
        assert damaged(rows, "read_wikipedia_html.bad_json"), "a broken file without a row of damage"
    return len(rows)


_MARKUP = (b"<page>", b"</page>", b"<text>", b"</text>", b"<revision>", b"&lt;", b"<!DOCTYPE x [", b"<![CDATA[", b"]]>")
TARGETS = (
    Target(
        "wikipedia", lambda: {"dump": _dump().encode()}, check_wikipedia, past=_past_dumps, rows={"dump": 11},
        forms=(bytes, gzip.compress, zstandard.compress, bz2.compress, _streams), tokens=_MARKUP,
        brackets=((b"<page>", b"</page>"), (b"<a>", b"</a>")),
    ),
    Target(
        "wikipedia_html", _html_dumps, check_wikipedia_html, past=_past_html_dumps,
        rows={"tar": 8, "tar of gnu": 8, "lines": 6, "packed lines": 6},
        tokens=(b'{"name": 1}', b"\\ud800", b"\n", b"null", b'"identifier": '),
        brackets=((b"[", b"]"), (b'{"a":', b"}")),
    ),
)  # fmt: skip
