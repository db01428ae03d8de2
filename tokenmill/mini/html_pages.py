"""Pages around texts: six ways the web wraps an article, with menus, cookie notes, sidebars, comments and scripts.

The chrome sits where extractors expect it (nav, aside, footer, class names such as sidebar and related-posts), so a
main-content extractor returns the article alone, and the same article in two wrappings gives the same text.
"""

import html
import random
from collections.abc import Callable
from dataclasses import dataclass

from tokenmill.mini.grammar import Slots

Blocks = list[tuple[str, str]]  # (tag, text); tags: h1 h2 p li pre


@dataclass(frozen=True)
class Site:
    """What a page shows besides its article."""

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
    charset: str | None = None  # for a meta element; None where the page says nothing

    def visible_text(self, article: str) -> str:
        """The page as a text dump shows it, chrome included, one line a piece."""
        lines = [self.name, *self.nav, self.cookie, self.accept, article.replace("\n\n", "\n")]
        lines += [self.related_heading, *self.related, *self.comments, f"© {self.name}", self.rights]
        return "\n".join(line for line in lines if line) + "\n"


def make_site(rng: random.Random, lang: str, name: str, chrome: Slots, related: tuple[str, ...]) -> Site:
    """A site in one language; related are the titles of other pages."""
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
    """The whole page; template is counted round."""
    return TEMPLATES[template % len(TEMPLATES)](site, blocks, rng)


def article_html(blocks: Blocks, rng: random.Random, *, breaks: bool = False) -> str:
    """The article's own markup. breaks parts paragraphs by line breaks, as pages from the nineties do."""
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
    """Escaped text, now and then with one word in a link or set off."""
    words = [html.escape(word, quote=False) for word in text.split(" ")]
    at = rng.randrange(len(words))
    if rng.random() < 0.5 and len(words[at]) > 3 and words[at].isalpha():  # some extractors drop shorter elements
        opening = rng.choice((f'<a href="/topic/{rng.randint(1, 999)}">', "<em>", "<b>"))
        words[at] = f"{opening}{words[at]}</{opening[1:].split()[0].rstrip('>')}>"
    return " ".join(words)


def _links(labels: tuple[str, ...], *, wrap: str = "<li>%s</li>") -> str:
    return "\n".join(wrap % f'<a href="/s/{i}">{html.escape(label, quote=False)}</a>' for i, label in enumerate(labels))


def _licence(site: Site) -> str:
    if site.licence is None:
        return ""
    slug, version = site.licence.removeprefix("CC-").rsplit("-", 1)
    return f'<a rel="license" href="https://creativecommons.org/licenses/{slug.lower()}/{version}/">{site.licence}</a>'


def _meta(site: Site) -> str:
    return f'<meta charset="{site.charset}">\n' if site.charset else ""


def _head_title(site: Site, blocks: Blocks) -> str:
    title = blocks[0][1] if blocks else site.nav[0]
    return f"<title>{html.escape(title, quote=False)} - {html.escape(site.name, quote=False)}</title>"


def _semantic(site: Site, blocks: Blocks, rng: random.Random) -> str:
    return f"""<!DOCTYPE html>
<html lang="{site.lang}">
<head>
{_meta(site)}{_head_title(site, blocks)}
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body {{ font: 16px/1.5 serif; }} .nav a {{ color: #246; }}</style>
</head>
<body>
<header><nav><ul>
{_links(site.nav)}
</ul></nav></header>
<div class="cookie-banner"><p>{site.cookie}</p><button>{site.accept}</button></div>
<main>
<article>
{article_html(blocks, rng)}</article>
</main>
<aside class="comments"><h3>{len(site.comments)}</h3>{"".join(f"<p>{comment}</p>" for comment in site.comments)}</aside>
<aside class="related"><h4>{site.related_heading}</h4><ul>
{_links(site.related)}
</ul></aside>
<footer><p>© {site.name}. {site.rights} {_licence(site)}</p></footer>
<script>window.dataLayer = window.dataLayer || []; function gtag() {{ dataLayer.push(arguments); }}</script>
</body>
</html>
"""


def _blog(site: Site, blocks: Blocks, rng: random.Random) -> str:
    return f"""<!DOCTYPE html>
<html lang="{site.lang}"><head>
{_meta(site)}{_head_title(site, blocks)}
<link rel="stylesheet" href="/wp-content/themes/plain/style.css">
</head>
<body class="single single-post">
<div id="header"><a href="/">{site.name}</a>
<ul class="menu">
{_links(site.nav)}
</ul></div>
<div id="wrapper">
<div class="sidebar"><h3>{site.search}</h3>
<form action="/"><input type="text" name="s"><input type="submit" value="{site.search}"></form>
<h3>{site.related_heading}</h3><ul>
{_links(site.related)}
</ul></div>
<div id="content" class="post hentry">
<div class="entry-content">
{article_html(blocks, rng)}</div>
<div class="related-posts"><h3>{site.related_heading}</h3><ul>
{_links(site.related[:2])}
</ul></div>
<aside id="comments">{"".join(f'<div class="comment"><p>{comment}</p></div>' for comment in site.comments)}</aside>
</div></div>
<div id="footer"><p>{site.rights} © {site.name} {_licence(site)}</p></div>
<!-- cached page, {rng.randint(20, 90)} queries -->
</body></html>
"""


def _table(site: Site, blocks: Blocks, rng: random.Random) -> str:
    return f"""<html>
<head>
{_meta(site)}{_head_title(site, blocks)}
</head>
<body bgcolor="#ffffff">
<table width="100%" border="0" cellpadding="4">
<tr><td class="sidebar" width="160" valign="top">
{_links(site.nav, wrap="%s<br>")}
</td>
<td class="content" valign="top">
{article_html(blocks, rng)}
<p class="copyright">© {site.name}. {site.rights} {_licence(site)}</p>
</td>
<td class="sidebar"><b>{site.related_heading}</b><br>
{_links(site.related, wrap="%s<br>")}
</td></tr>
</table>
</body>
</html>
"""


def _news(site: Site, blocks: Blocks, rng: random.Random) -> str:
    return f"""<!DOCTYPE html>
<html lang="{site.lang}">
<head>
{_meta(site)}{_head_title(site, blocks)}
<script type="application/ld+json">{{"@context": "https://schema.org", "@type": "NewsArticle"}}</script>
</head>
<body>
<div class="cookie-notice"><p>{site.cookie}</p><a href="#">{site.accept}</a></div>
<nav class="breadcrumbs"><a href="/">{site.nav[0]}</a> &raquo; <a href="/a">{site.nav[1]}</a></nav>
<div role="main" class="story">
<time datetime="2024-01-0{rng.randint(1, 9)}">{rng.randint(1, 28)}.01.2024</time>
{article_html(blocks, rng)}</div>
<div class="pagination"><a href="?page=2">2</a> <a href="?page=3">3</a></div>
<div class="modal"><p>{site.cookie}</p></div>
<aside><h4>{site.related_heading}</h4><ul>
{_links(site.related)}
</ul></aside>
<footer class="site-footer"><ul>
{_links(site.nav)}
</ul><p>© {site.name} {site.rights} {_licence(site)}</p></footer>
<noscript>{site.script}</noscript>
</body>
</html>
"""


def _nineties(site: Site, blocks: Blocks, rng: random.Random) -> str:
    return f"""<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2//EN">
<HTML><HEAD>
{_meta(site)}{_head_title(site, blocks)}
</HEAD>
<BODY>
<DIV CLASS="menu">
{_links(site.nav, wrap="[%s]")}
</DIV>
<DIV CLASS="text">
{article_html(blocks, rng, breaks=True)}</DIV>
<DIV CLASS="footer"><I>{site.rights} © {site.name}</I> {_licence(site)}</DIV>
</BODY></HTML>
"""


def _xhtml(site: Site, blocks: Blocks, rng: random.Random) -> str:
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={site.charset}" />\n' if site.charset else ""
    return f"""<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
 "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="{site.lang}">
<head>
{meta}{_head_title(site, blocks)}
<style type="text/css">#page {{ width: 960px; }}</style>
</head>
<body>
<div id="page">
<div class="site-header"><ul class="nav">
{_links(site.nav)}
</ul></div>
<div style="display:none">{site.search}: {site.name}</div>
<div class="node article-body">
{article_html(blocks, rng)}</div>
<div class="advertisement"><p>{site.accept}</p></div>
<div class="sidebar"><ul>
{_links(site.related)}
</ul></div>
<div class="footer"><p>© {site.name}. {site.rights} {_licence(site)}</p></div>
</div>
<script type="text/javascript">var page = {rng.randint(1, 9999)};</script>
</body>
</html>
"""


TEMPLATES: tuple[Callable[[Site, Blocks, random.Random], str], ...] = (
    _semantic, _blog, _table, _news, _nineties, _xhtml,
)  # fmt: skip
