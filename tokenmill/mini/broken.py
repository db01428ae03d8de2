"""Writes damaged records, as real crawls contain them: cut files, wrong lengths and charsets, difficult bodies.

Every file is small. There are whole records next to the broken ones, which show how much a reader can recover.
"""

import gzip
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tokenmill.mini import warc
from tokenmill.mini.grammar import GRAMMARS
from tokenmill.mini.html_pages import make_site, render
from tokenmill.mini.prose import Article, randomness, voice
from tokenmill.mini.truth import Truth

LONG_LINE_BYTES = 5_000_000
NESTED_DIVS = 100_000


@dataclass(frozen=True)
class Broken:
    """A response record, broken or whole.

    Attributes:
        what: name of the damage; None for a whole record.
        lang: language of the text.
        body: HTTP body as sent.
        text: output of a perfect extractor; None if there is nothing to extract.
        encoding: actual encoding of the body.
        content_type: the HTTP header Content-Type.
        headers: further HTTP headers.
        wrong_length: bytes that are added to the record's Content-Length.
        cut: share of the record's gzip member that is written; None for all of it.
        has_http: False for a record with an empty block.
    """

    what: str | None
    lang: str
    body: bytes
    text: str | None
    encoding: str | None = "utf-8"
    content_type: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    wrong_length: int = 0
    cut: float | None = None
    has_http: bool = True


def write_broken(folder: Path, seed: int) -> list[Truth]:
    """Writes the mini-crawl's files with damaged WARC records, broken-*.warc.gz.

    Returns the truth about every response record in them.
    """
    rows = []
    for file, make in FILES.items():
        name = f"broken-{file}.warc.gz"
        records = list(make(randomness(seed, "broken", file)))
        members = [warc.warcinfo(seed, name)]
        for number, record in enumerate(records):
            member, row = _record(record, name, number, seed)
            members.append(member)
            rows.append(row)
        (folder / name).write_bytes(b"".join(members))
    return rows


def _record(record: Broken, file: str, number: int, seed: int) -> tuple[bytes, Truth]:
    name = f"{file}/{number}"
    identity, url = warc.record_id(seed, name), f"https://broken.example/{file.split('.')[0]}/{number}"
    headers = [("Content-Type", record.content_type), *record.headers]
    block = warc.http_block("HTTP/1.1 200 OK", headers, record.body) if record.has_http else b""
    lines = warc.response_headers(
        identity=identity,
        date=warc.warc_date(seed, number),
        url=url,
        block=block,
        payload=record.body,
        payload_type="text/html",
    )
    length = len(block) + record.wrong_length if record.wrong_length else None
    member = warc.member(warc.record_bytes(lines, block, content_length=length))
    if record.cut is not None:
        member = member[: int(len(member) * record.cut)]
    row = Truth(
        id=identity,
        url=url,
        file=file,
        kind="broken" if record.what else "article",
        lang=record.lang if record.text else None,
        encoding=record.encoding,
        declared_by="header",
        main_text=record.text,
        broken=record.what,
    )
    return member, row


def _article(rng: random.Random, lang: str = "en") -> tuple[Article, str]:
    """Returns a short article and its page, which does not declare its charset."""
    topic = rng.choice(("history", "cooking", "technology"))
    article = voice(lang, topic).article(rng, low=12, high=16)
    site = make_site(rng, lang, "Broken Pages", GRAMMARS[lang].chrome, ())
    return article, render(site, article.blocks(), template=rng.randrange(6), rng=rng)


def _whole(rng: random.Random, what: str | None = None) -> Broken:
    article, page = _article(rng)
    return Broken(what, "en", page.encode(), article.text())


def _truncated(rng: random.Random) -> Iterator[Broken]:
    """A file that ends in the middle of its last member, as an interrupted download does."""
    for _ in range(4):
        yield _whole(rng)
    yield replace(_whole(rng, "truncated_gzip"), cut=0.5)


def _length(rng: random.Random) -> Iterator[Broken]:
    """Content-Length too small, then too large. Before each comes a whole record."""
    yield _whole(rng)
    yield replace(_whole(rng, "length_too_small"), wrong_length=-700)
    yield _whole(rng)
    yield replace(_whole(rng, "length_too_large"), wrong_length=5000)


def _charset(rng: random.Random) -> Iterator[Broken]:
    """The header names one charset, but the bytes are in another."""
    for lang, declared, real in (
        ("ru", "utf-8", "windows-1251"),
        ("de", "utf-8", "windows-1252"),
        ("ja", "iso-8859-1", "shift_jis"),
        ("zh", "big5", "gb18030"),
        ("fr", "iso-8859-1", "utf-8"),
        ("en", "no-such-charset", "utf-8"),
    ):
        article, page = _article(rng, lang)
        body = page.encode(real, "xmlcharrefreplace")
        yield Broken(
            "wrong_charset", lang, body, article.text(), encoding=real, content_type=f"text/html; charset={declared}"
        )


def _bodies(rng: random.Random) -> Iterator[Broken]:
    """Bodies that are empty, one long line, deeply nested, or contain control characters."""
    yield Broken("empty_body", "en", b"", None, encoding=None)
    yield Broken("empty_record", "en", b"", None, encoding=None, has_http=False)
    yield _long_line(rng)
    article, _ = _article(rng)
    inner = "".join(f"<{tag}>{text}</{tag}>" for tag, text in article.blocks())
    nested = "<html><body>" + "<div>" * NESTED_DIVS + inner + "</div>" * NESTED_DIVS + "</body></html>"
    yield Broken("nested", "en", nested.encode(), article.text())
    article, page = _article(rng)
    controls = page.replace(" the ", " the\x00 ").replace(". ", ".\x01\x08 ").replace("<p>", "<p>\x1b[31m\x7f")
    yield Broken("control_characters", "en", controls.encode(), article.text())


def _long_line(rng: random.Random) -> Broken:
    """Five million bytes of words without a line end. One passage is repeated, so that gzip makes it small."""
    speak = voice("en", "travel")
    stretch = " ".join(speak.sentence(rng) for _ in range(200)) + " "
    line = stretch * (LONG_LINE_BYTES // len(stretch.encode()) + 1)
    return Broken("long_line", "en", f"<html><body><p>{line}</p></body></html>".encode(), None)


def _encodings(rng: random.Random) -> Iterator[Broken]:
    """Transfer and content encodings left in place: chunks, gzip, gzip that is cut off, and plain text called gzip."""
    whole = _whole(rng, "chunked")
    yield replace(whole, body=_chunks(whole.body), headers=(("Transfer-Encoding", "chunked"),))
    gzipped = (("Content-Encoding", "gzip"),)
    whole = _whole(rng, "gzip_body")
    yield replace(whole, body=gzip.compress(whole.body, mtime=0), headers=gzipped)
    whole = _whole(rng, "gzip_body_cut")
    yield replace(whole, body=gzip.compress(whole.body, mtime=0)[:-900], headers=gzipped)
    yield replace(_whole(rng, "gzip_body_plain"), headers=gzipped)


def _chunks(body: bytes, size: int = 1000) -> bytes:
    pieces = [body[i : i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


FILES: dict[str, Callable[[random.Random], Iterator[Broken]]] = {
    "truncated": _truncated,
    "length": _length,
    "charset": _charset,
    "bodies": _bodies,
    "encodings": _encodings,
}
