"""Builds a page from its plan: the text, the HTML in some encoding, and the planted values."""

import json
import random
import zlib
from dataclasses import dataclass, replace

from tokenmill.mini.data_files import read_slots
from tokenmill.mini.grammar import GRAMMARS
from tokenmill.mini.html_pages import Blocks, make_site, render
from tokenmill.mini.junk import MAKERS, junk_blocks
from tokenmill.mini.near import jaccard, near_duplicate
from tokenmill.mini.pii import FRAMES, lookalike, value
from tokenmill.mini.plan import Plan
from tokenmill.mini.prose import Article, Voice, randomness, voice

ENGLISH_ENCODINGS = ("utf-8", "utf-8", "windows-1252", "utf-8", "iso-8859-1")
DECLARATIONS = ("header", "meta", "none")
ENGLISH_DECLARATIONS = ("header", "meta", "header", "none", "header", "meta", "header")
GUESSABLE = ("utf-8", "windows-1252", "windows-1251", "shift_jis", "gb18030")  # may be undeclared
TITLES = {"utf-8": "UTF-8", "shift_jis": "Shift_JIS", "euc-jp": "EUC-JP", "koi8-r": "KOI8-R"}  # as headers spell them

WORDS = read_slots("words.txt")
WEB, QUESTIONS = WORDS["web"], WORDS["benchmark"]["question"]
HOST_FIRST, FAILURES = WEB["host_first"], WEB["failure"]

Extra = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Content:
    """The text of a page and the planted values in it, before it becomes HTML.

    Attributes:
        pii: (type, value) of the planted personal data.
        not_pii: planted values that look like personal data.
        benchmark: the planted question of a benchmark.
        similarity: Jaccard similarity to the first page of the duplicate group; None outside of groups.
    """

    blocks: Blocks
    pii: Extra = ()
    not_pii: tuple[str, ...] = ()
    benchmark: str | None = None
    similarity: float | None = None

    def text(self) -> str:
        """Returns the text that a perfect extractor would return."""
        lines = (text if tag == "li" else f"\n{text}\n" for tag, text in self.blocks)
        return "\n".join(lines).replace("\n\n\n", "\n\n").strip()


@dataclass(frozen=True)
class Page:
    """An HTTP response, ready to be written as a record. wet_text: text of its WET record, or None for no record."""

    plan: Plan
    url: str
    status: str
    content_type: str
    body: bytes
    payload_type: str
    headers: tuple[tuple[str, str], ...] = ()
    content: Content | None = None
    encoding: str | None = None
    declared_by: str | None = None
    wet_text: str | None = None


def make_page(plan: Plan, seed: int) -> Page:
    """Returns the page of the mini-crawl that a plan describes, as an HTTP response.

    Equal plan and seed give equal bytes.
    """
    rng = randomness(seed, "page", plan.name)
    url = _url(rng, plan)
    if plan.kind == "not_html":
        return _file(plan, url, rng)
    if plan.kind == "not_200":
        return _failure(plan, url, rng)
    return _html_page(plan, url, make_content(plan, seed), rng)


def make_content(plan: Plan, seed: int) -> Content:
    """Returns the text of a page of the mini-crawl and the planted values."""
    speak = voice(plan.lang or "en", plan.topic)
    rng = randomness(seed, "article", plan.article)
    if plan.kind in MAKERS:
        return Content(junk_blocks(plan.kind, speak, rng, plan.number))
    if plan.group is None:
        return _plant(plan, speak.article(rng), speak, rng)
    original = speak.article(rng, low=20)  # in a shorter text, one word changes several per cent
    if plan.target is None:
        return Content(original.blocks(), similarity=1.0)
    copy = near_duplicate(original, plan.target, speak, randomness(seed, "near", plan.name))
    return Content(copy.blocks(), similarity=jaccard(original.text(), copy.text()))


def encoding_of(plan: Plan) -> tuple[str, str]:
    """Returns (encoding, place of its declaration) of a page of the mini-crawl.

    All combinations take turns, by language and number.
    """
    lang = plan.lang or "en"
    options = ENGLISH_ENCODINGS if lang == "en" else GRAMMARS[lang].encodings
    turn = plan.number + plan.copy
    encoding = options[turn % len(options)]
    declarations = ENGLISH_DECLARATIONS if lang == "en" else DECLARATIONS
    declared_by = declarations[(turn + turn // len(options) + list(GRAMMARS).index(lang)) % len(declarations)]
    return encoding, "meta" if declared_by == "none" and encoding not in GUESSABLE else declared_by


def _plant(plan: Plan, article: Article, speak: Voice, rng: random.Random) -> Content:
    """Returns the article with personal data, look-alikes and a benchmark question inserted as planned."""
    lang = plan.lang or "en"
    pii, not_pii = [], []
    for kind in plan.pii_types:
        pii.append((kind, value(rng, kind, lang)))
        article = article.with_sentence(_carry(pii[-1][1], FRAMES[lang][kind], speak, rng), rng.randrange(99))
    for kind in plan.lookalikes:
        not_pii.append(lookalike(rng, kind))
        article = article.with_sentence(_carry(not_pii[-1], FRAMES["en"][kind], speak, rng), rng.randrange(99))
    question = QUESTIONS[plan.number % len(QUESTIONS)] if plan.benchmark else None
    if question is not None:
        article = article.with_sentence(question, rng.randrange(99))
    return Content(article.blocks(), tuple(pii), tuple(not_pii), question)


def _carry(planted: str, frames: tuple[str, ...], speak: Voice, rng: random.Random) -> str:
    return rng.choice(frames).replace("{value}", planted).replace("{name}", speak.phrase(rng, "name"))


def _url(rng: random.Random, plan: Plan) -> str:
    host = f"{rng.choice(HOST_FIRST)}{rng.choice(('-', ''))}{rng.choice(WEB['host_second'])}.example"
    prefix = rng.choice(("www.", "", "blog.", f"{plan.lang}." if plan.lang else "m."))
    scheme = rng.choice(("https", "https", "http"))
    page = "-".join((*plan.name.split("/"), f"{rng.getrandbits(24):06x}"))
    section = rng.choice(WEB["section"])
    path = rng.choice((f"{section}/{page}.html", f"{section}/{page}/", f"index.php?page={page}"))
    return f"{scheme}://{prefix}{host}/{path}"


def _html_page(plan: Plan, url: str, content: Content, rng: random.Random) -> Page:
    lang = plan.lang or "en"
    encoding, declared_by = encoding_of(plan)
    related = tuple(voice(lang, plan.topic).sentence(rng, "heading") for _ in range(rng.randint(3, 5)))
    label = TITLES.get(encoding, encoding)
    site = replace(
        make_site(rng, lang, _site_name(url), GRAMMARS[lang].chrome, related),
        licence=plan.licence,
        charset=label if declared_by == "meta" else None,
    )
    template = plan.number + plan.copy
    is_xhtml = template % 6 == 5 and rng.random() < 0.5
    media = "application/xhtml+xml" if is_xhtml else "text/html"
    page = render(site, content.blocks, template=template, rng=rng)
    return Page(
        plan=plan,
        url=url,
        status="HTTP/1.1 200 OK",
        content_type=f"{media}; charset={label}" if declared_by == "header" else media,
        body=page.encode(encoding, "xmlcharrefreplace"),
        payload_type=media,
        content=content,
        encoding=encoding,
        declared_by=declared_by,
        wet_text=site.visible_text(content.text()),
    )


def _site_name(url: str) -> str:
    host = url.split("://")[1].split("/")[0].removesuffix(".example")
    return host.split(".")[-1].replace("-", " ").title()


def _file(plan: Plan, url: str, rng: random.Random) -> Page:
    """Returns a response that is not a page: PDF, PNG, JSON or a feed."""
    bodies = {
        "application/pdf": _pdf(rng),
        "image/png": _png(rng),
        "application/json": json.dumps({"items": [rng.randint(0, 999) for _ in range(20)], "next": None}).encode(),
        "application/rss+xml": b'<?xml version="1.0"?><rss version="2.0"><channel></channel></rss>\n',
    }
    media = list(bodies)[plan.number % len(bodies)]
    return Page(plan, url, "HTTP/1.1 200 OK", media, bodies[media], media)


def _pdf(rng: random.Random) -> bytes:
    noise = zlib.compress(bytes(rng.randrange(256) for _ in range(400)))
    start = b"%%PDF-1.4\n1 0 obj\n<</Length %d/Filter/FlateDecode>>\nstream\n" % len(noise)
    return start + noise + b"\nendstream\nendobj\n%%EOF\n"


def _png(rng: random.Random) -> bytes:
    """Returns an image of eight by eight random grey pixels."""
    rows = b"".join(b"\0" + bytes(rng.randrange(256) for _ in range(8)) for _ in range(8))
    chunks = [(b"IHDR", b"\0\0\0\x08\0\0\0\x08\x08\0\0\0\0"), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big") for name, data in chunks
    )


def _failure(plan: Plan, url: str, rng: random.Random) -> Page:
    """Returns a response with another status than 200: not found, moved, forbidden, gone or failed."""
    chosen = FAILURES[plan.number % len(FAILURES)]
    body = f"<html><head><title>{chosen}</title></head><body><h1>{chosen}</h1><p>nginx</p></body></html>\n".encode()
    moved = (("Location", f"https://www.{rng.choice(HOST_FIRST)}.example/"),) if chosen[0] == "3" else ()
    return Page(plan, url, f"HTTP/1.1 {chosen}", "text/html", body, "text/html", headers=moved)
