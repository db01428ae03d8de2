"""Writes a MediaWiki XML export: articles with much markup, redirects, and pages of other namespaces."""

import bz2
import random
from html import escape
from pathlib import Path

from tokenmill.mini.plan import ENGLISH_TOPICS
from tokenmill.mini.prose import Article, Voice, randomness, voice

NAMESPACES = {0: "", 1: "Talk", 2: "User", 4: "Wikipedia", 6: "File", 10: "Template", 14: "Category"}

MARKUPS = ("[[{w}]]", "[[{t}|{w}]]", "''{w}''", "{w}<ref>{{{{cite book|title={t}|year={y}}}}}</ref>")
ENDINGS = ("", '<ref name="a" />', "{{citation needed|date=May 2021}}", "<ref>Archive, p. 7.</ref>")


def write_wiki(path: Path, *, pages: int, seed: int) -> None:
    """Writes the mini-crawl's MediaWiki export: an article per 20 pages, at least twelve, and pages of other kinds."""
    titles = [_title(number, seed) for number in range(max(12, pages // 20))]
    texts = [(title, 0, _article(number, titles, seed)) for number, title in enumerate(titles)]
    texts += [(f"{title} (old name)", 0, f"#REDIRECT [[{title}]]") for title in titles[::5]]
    texts += _others(titles)
    xml = [_HEAD, *(_page(number, *entry, seed) for number, entry in enumerate(texts, start=1)), "</mediawiki>\n"]
    path.write_bytes(bz2.compress("".join(xml).encode(), 9))


def true_paragraphs(number: int, seed: int) -> list[str]:
    """Returns the paragraphs of an article of the mini-crawl's MediaWiki export, without markup.

    In the article, a sentence with the title comes first.
    """
    speak, rng = _speaker(number), randomness(seed, "wiki", number)
    return [" ".join(sentences) for sentences in speak.article(rng, low=16, high=40).paragraphs]


def _title(number: int, seed: int) -> str:
    speak, rng = _speaker(number), randomness(seed, "wiki/title", number)
    title = f"{speak.phrase(rng, 'adj')} {speak.phrase(rng, 'noun')} of {speak.phrase(rng, 'town')}"
    return title[0].upper() + title[1:]


def _speaker(number: int) -> Voice:
    return voice("en", ENGLISH_TOPICS[number % len(ENGLISH_TOPICS)])


def _article(number: int, titles: list[str], seed: int) -> str:
    """Returns wikitext with an infobox, references, sections, links, a table, a list, a comment and categories."""
    speak, rng = _speaker(number), randomness(seed, "wiki", number)
    article = speak.article(rng, low=16, high=40)
    paragraphs = [_markup(" ".join(sentences), titles, rng) for sentences in article.paragraphs]
    sections = [f"== {speak.sentence(rng, 'heading')} ==\n{paragraph}" for paragraph in paragraphs[1:]]
    title = titles[number]
    return "\n\n".join(
        [
            _infobox(title, speak, rng),
            f"'''{title}''' lies ''near'' [[{speak.phrase(rng, 'town')}]]. {paragraphs[0]}",
            *sections,
            _table(article, speak, rng),
            "== See also ==\n" + "\n".join(f"* [[{other}]]" for other in rng.sample(titles, 3)),
            f"== References ==\n{{{{reflist}}}}\n<!-- checked by hand {rng.randint(2015, 2023)} -->",
            f"[[Category:{speak.phrase(rng, 'nouns').capitalize()}]]",
            f"[[Category:{rng.randint(1900, 2000)} establishments]]",
        ]
    )


def _markup(text: str, titles: list[str], rng: random.Random) -> str:
    """Returns a paragraph with links, emphasis and references added."""
    words = text.split(" ")
    for at in rng.sample(range(len(words)), min(4, len(words))):
        word = words[at].strip(".,;?")
        if word.isalpha() and len(word) > 3:
            linked = rng.choice(MARKUPS).format(w=word, t=rng.choice(titles), y=rng.randint(1950, 2020))
            words[at] = words[at].replace(word, linked, 1)
    return " ".join(words) + rng.choice(ENDINGS)


def _infobox(title: str, speak: Voice, rng: random.Random) -> str:
    rows = {
        "name": title,
        "image": f"[[File:Picture {rng.randint(1, 99)}.jpg|thumb|{speak.phrase(rng, 'where').capitalize()}]]",
        "founded": f"{{{{start date|{rng.randint(1800, 2000)}}}}}",
        "length": f"{{{{convert|{rng.randint(2, 90)}|km|mi}}}}",
        "leader": f"[[{speak.phrase(rng, 'name')}]]",
    }
    return "{{Infobox thing\n" + "".join(f"| {key} = {text}\n" for key, text in rows.items()) + "}}"


def _table(article: Article, speak: Voice, rng: random.Random) -> str:
    rows = "".join(
        f"|-\n| {speak.phrase(rng, 'town')} || {rng.randint(2, 900)} || {rng.randint(1900, 2020)}\n" for _ in range(4)
    )
    return f'{{| class="wikitable"\n|+ {article.title}\n! Place !! Number !! Year\n{rows}|}}'


def _others(titles: list[str]) -> list[tuple[str, int, str]]:
    links = "\n".join(f"* [[{title}]]" for title in titles[:4])
    return [
        (f"Talk:{titles[0]}", 1, "== Sources ==\nIs this right? ~~~~\n:I think so. --[[User:Ann|Ann]]"),
        (
            "Template:Infobox thing",
            10,
            "<includeonly>{|\n! {{{name|}}}\n|}</includeonly><noinclude>Use it.</noinclude>",
        ),
        ("Category:Bridges", 14, "[[Category:Structures]]"),
        ("Wikipedia:About", 4, "This export was made up from beginning to end."),
        ("Mercury (disambiguation)", 0, f"'''Mercury''' may refer to:\n{links}\n{{{{disambiguation}}}}"),
        (
            "Formula",
            0,
            "Short: <math>a^2 = c^2</math>, <nowiki>[[no link]]</nowiki>, H<sub>2</sub>O &amp; more.\n[[de:Formel]]",
        ),
    ]


def _page(number: int, title: str, namespace: int, text: str, seed: int) -> str:
    """Returns a page element with a single revision."""
    rng = randomness(seed, "wiki/revision", number)
    redirect = f'    <redirect title="{escape(text[12:-2])}" />\n' if text.startswith("#REDIRECT") else ""
    stamp = f"20{rng.randint(10, 23)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}T{rng.randint(0, 23):02d}:15:00Z"
    return f"""  <page>
    <title>{escape(title, quote=False)}</title>
    <ns>{namespace}</ns>
    <id>{number * 7}</id>
{redirect}    <revision>
      <id>{number * 1000 + rng.randint(0, 999)}</id>
      <timestamp>{stamp}</timestamp>
      <contributor><username>Editor{rng.randint(1, 50)}</username><id>{rng.randint(1, 9999)}</id></contributor>
      <model>wikitext</model>
      <format>text/x-wiki</format>
      <text bytes="{len(text.encode())}" xml:space="preserve">{escape(text, quote=False)}</text>
    </revision>
  </page>
"""


_NAMESPACES = "".join(
    f'      <namespace key="{key}" case="first-letter">{name}</namespace>\n' for key, name in NAMESPACES.items()
)
_HEAD = f"""<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="en">
  <siteinfo>
    <sitename>Wikipedia</sitename>
    <dbname>enwiki</dbname>
    <base>https://en.wikipedia.example/wiki/Main_Page</base>
    <case>first-letter</case>
    <namespaces>
{_NAMESPACES}    </namespaces>
  </siteinfo>
"""
