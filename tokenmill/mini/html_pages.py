"""Builds HTML pages around articles: six templates with menus, cookie notices, sidebars, comments and scripts.

A template is a file in data/pages with placeholders. @name@ stands for one text. @nav WRAP@ stands for the links of the
menu, each in place of the %s in WRAP; @related@, @first_two_related@ and @comments@ are lists too. @charset WRAP@ is a
line of its own, which is left out if a page does not declare its charset. @random LOW HIGH@ is a number, and @article@
is the article. The menus and notices are where extractors expect them (nav, aside, footer, class names such as sidebar
and related-posts). So an extractor of main content returns the article alone, and an article gives the same text in
every template.
"""

import html
import random
import re
from dataclasses import dataclass

from tokenmill.mini.data_files import Slots, read_text

Blocks = list[tuple[str, str]]  # (tag, text); tags: h1 h2 p li pre

TEMPLATES = tuple(read_text(f"pages/{name}.txt") for name in ("semantic", "blog", "table", "news", "nineties", "xhtml"))
_PLACEHOLDER = re.compile(r"@(\w+)(?: ([^@\n]*))?@")


@dataclass(frozen=True)
class Site:
    """The texts and links of a page apart from its article."""

    lang: str
    name: str
    nav: tuple[str, ...]
    cookie: str
    accept: str
    related_heading: str
    related: tuple[str, ...]
    rights: str
    comments: tuple[str, ...]
    search: str
    script: str
    licence: str | None = None
    charset: str | None = None  # for a meta element; None if the page does not declare it

    def visible_text(self, article: str) -> str:
        """Returns the page as in a text dump, with menus and notices, one line per piece of text."""
        lines = [self.name, *self.nav, self.cookie, self.accept, article.replace("\n\n", "\n")]
        lines += [self.related_heading, *self.related, *self.comments, f"© {self.name}", self.rights]
        return "\n".join(line for line in lines if line) + "\n"


def make_site(rng: random.Random, lang: str, name: str, chrome: Slots, related: tuple[str, ...]) -> Site:
    """Returns a made-up site of the mini-crawl in one language: menus, notices and links around articles.

    related: titles of other pages.
    """
    return Site(
        lang=lang,
        name=name,
        nav=tuple(rng.sample(chrome["nav"], rng.randint(5, 10))),
        cookie=rng.choice(chrome["cookie"]),
        accept=rng.choice(chrome["accept"]),
        related_heading=rng.choice(chrome["related"]),
        related=related,
        rights=rng.choice(chrome["rights"]),
        comments=tuple(rng.sample(chrome["comments"], rng.randint(0, 3))),
        search=chrome["search"][0],
        script=chrome["script"][0],
    )


def render(site: Site, blocks: Blocks, *, template: int, rng: random.Random) -> str:
    """Returns a whole HTML page of the mini-crawl, in template number `template` modulo the number of templates.

    Placeholders are filled, and random numbers drawn, in the order of the template.
    """
    return _PLACEHOLDER.sub(
        lambda match: _fill(match[1], match[2] or "", site, blocks, rng), TEMPLATES[template % len(TEMPLATES)]
    )


def _fill(name: str, argument: str, site: Site, blocks: Blocks, rng: random.Random) -> str:
    """Returns what replaces @name argument@."""
    if name in ("article", "article_with_breaks"):
        return article_html(blocks, rng, breaks=name == "article_with_breaks")
    if name == "random":
        low, high = argument.split(" ")
        return str(rng.randint(int(low), int(high)))
    if name == "charset":
        return argument % site.charset + "\n" if site.charset else ""
    if name == "comments":
        return "".join(argument % comment for comment in site.comments)
    lists = {"nav": site.nav, "related": site.related, "first_two_related": site.related[:2]}
    if name in lists:
        return _links(lists[name], argument)
    return _words(site, blocks)[name]


def _words(site: Site, blocks: Blocks) -> dict[str, str]:
    """Returns the placeholders that stand for one text."""
    return {
        "lang": site.lang,
        "name": site.name,
        "title": _head_title(site, blocks),
        "first_nav": site.nav[0],
        "second_nav": site.nav[1],
        "cookie": site.cookie,
        "accept": site.accept,
        "related_heading": site.related_heading,
        "num_comments": str(len(site.comments)),
        "rights": site.rights,
        "licence": _licence(site),
        "search": site.search,
        "script": site.script,
    }


def article_html(blocks: Blocks, rng: random.Random, *, breaks: bool = False) -> str:
    """Returns the HTML markup of an article of the mini-crawl.

    breaks: separate paragraphs by line breaks, as pages of the 1990s do.
    """
    pieces, previous = [], ""
    breaks = breaks and not any(tag == "pre" for tag, _ in blocks)
    for tag, text in blocks:
        inner = html.escape(text, quote=False) if tag == "pre" else _inline(text, rng)
        if tag == "li":
            pieces.append(("" if previous == "li" else "<ul>\n") + f"<li>{inner}</li>")
        elif breaks and tag == "p":
            pieces.append(("<br><br>\n" if previous == "p" else "") + inner)
        else:
            pieces.append(f"<{tag}>{inner}</{tag}>")
        if previous == "li" and tag != "li":
            pieces[-1] = "</ul>\n" + pieces[-1]
        previous = tag
    return "\n".join(pieces) + ("\n</ul>\n" if previous == "li" else "\n")


def _inline(text: str, rng: random.Random) -> str:
    """Returns escaped text, sometimes with one word as a link or emphasised."""
    words = [html.escape(word, quote=False) for word in text.split(" ")]
    at = rng.randrange(len(words))
    if rng.random() < 0.5 and len(words[at]) > 3 and words[at].isalpha():  # some extractors drop shorter elements
        opening = rng.choice((f'<a href="/topic/{rng.randint(1, 999)}">', "<em>", "<b>"))
        words[at] = f"{opening}{words[at]}</{opening[1:].split()[0].rstrip('>')}>"
    return " ".join(words)


def _links(labels: tuple[str, ...], wrap: str) -> str:
    return "\n".join(wrap % f'<a href="/s/{i}">{html.escape(label, quote=False)}</a>' for i, label in enumerate(labels))


def _licence(site: Site) -> str:
    if site.licence is None:
        return ""
    slug, version = site.licence.removeprefix("CC-").rsplit("-", 1)
    return f'<a rel="license" href="https://creativecommons.org/licenses/{slug.lower()}/{version}/">{site.licence}</a>'


def _head_title(site: Site, blocks: Blocks) -> str:
    title = blocks[0][1] if blocks else site.nav[0]
    return f"<title>{html.escape(title, quote=False)} - {html.escape(site.name, quote=False)}</title>"
