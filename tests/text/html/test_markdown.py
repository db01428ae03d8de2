"""Markdown of a page, rendered by a CommonMark parser, has the words of the page and its structure."""

import html
import random
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tokenmill.core.columns import documents
from tokenmill.stages.web.extract_html import ExtractHtml

RENDERER = MarkdownIt("commonmark").enable("table").enable("strikethrough")
SIGNS = st.text("ab1 *_`~#+-.>=<&;:()[]!|\\$\n/\"'", min_size=1, max_size=40).filter(lambda text: text.strip())
NAMES = ["p", "li", "ul", "ol", "blockquote", "pre", "td", "tr", "table"]
PARTS = [f"<{name}>" for name in NAMES] + [f"</{name}>" for name in NAMES]
PARTS += ["x * y", "1) a", "~~b~~", "[c](d)", "&amp;lt;", "2<sup>n+1</sup>", "m<sup>2</sup>", "<code>a</code>"]
PARTS += [
    "<h2>T <a href='#t'>#</a></h2>",
    "<span class=line>l</span>",
    "<i class=math>$x+1$</i>",
    "<div class=math>\\[y\\]</div>",
]
TREES = st.recursive(
    SIGNS.map(html.escape),
    lambda inner: st.builds(
        lambda name, parts: f"<{name}>{''.join(parts)}</{name}>",
        st.sampled_from(
            ["p", "div", "ul", "ol", "li", "blockquote", "h2", "pre", "dl", "dt", "dd", "td", "tr", "table"]
        ),
        st.lists(inner, max_size=4),
    ),
    max_leaves=12,
)


def words_of(rendered: str) -> str:
    return "".join(html.unescape(re.sub(r"<[^>]*>", "", rendered)).split())


def whole(page: str, **setting: Any) -> str:
    step = ExtractHtml(scope="body", **setting)
    return str(step(documents({"id": ["a"], "text": [page]})).column("text")[0].as_py())


def markdown(page: str) -> str:
    return whole(page, format="markdown")


@settings(deadline=None, max_examples=300)
@given(st.lists(TREES, max_size=4).map("".join))
def test_the_rendered_words_are_those_of_the_page(page: str) -> None:
    text = markdown(page)
    rendered = RENDERER.render(text)
    assert words_of(rendered) == "".join(whole(page, list_bullets=False).split()), (text, rendered)


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<h1>One</h1><h3>Two\nthree</h3><p>x", "# One\n\n### Two three\n\nx"),
        ("<ul><li>a<li>b<ol><li>c<li>d</ol><li>e</ul>", "- a\n- b\n\n  1. c\n  2. d\n\n- e"),
        ("<ol start=9><li>a<li><p>b</p><p>c</p></ol>", "9. a\n\n10. b\n\n    c"),
        ("<p>C:\\<img class=tex alt=a>", "C:\\\\$a$"),
        ("<blockquote><p>a</p><p>b</p></blockquote>c", "> a\n>\n> b\n\nc"),
        ("<blockquote>a</blockquote><blockquote>b</blockquote>", "> a\n\n> b"),
        (
            "<blockquote><p>a<blockquote><p>b<p>c</blockquote><ul><li>d<li>e</ul></blockquote>",
            "> a\n>\n> > b\n> >\n> > c\n>\n> - d\n> - e",
        ),
        ("<blockquote><pre>a</pre><p>b</blockquote>", "> ```\n> a\n> ```\n>\n> b"),
        (
            "<pre class='language-python'><code>def f():\n    return '`'</code></pre>",
            "```python\ndef f():\n    return '`'\n```",
        ),
        ("<div class='highlight-source-shell'><pre>ls ``` x</pre></div>", "````shell\nls ``` x\n````"),
        ("<div class='highlight-javascript notranslate'><pre>x</pre></div>", "```javascript\nx\n```"),
        ("<div class='highlight-default notranslate'><pre>x</pre></div>", "```\nx\n```"),
        ("<div class='language-c highlighter-rouge'><div><pre>x</pre></div></div>", "```c\nx\n```"),
        (
            "<table><caption>T<tr><th>a<th>b<tr><td>1|2<td><tr><td>3<td>4</table>",
            "T\n\n| a | b |\n| --- | --- |\n| 1\\|2 | |\n| 3 | 4 |",
        ),
        ("<table><tr><th>a<th rowspan=2>b<tr><td><tr><td>c<td>d</table>", "| a | b |\n| --- | --- |\n| c | d |"),
        ("<p>1. no list<p>a_b __init__ 2*3 * 4<p># no heading<p>5 < 6 & <b>&lt;b>", None),
        ("<p>one<br>two", "one\\\ntwo"),
        ("<h2>C ##</h2>", "## C \\##"),
    ],
)
def test_structure_is_written(page: str, text: str | None) -> None:
    made = markdown(page)
    if text is not None:
        assert made == text
    assert words_of(RENDERER.render(made)) == "".join(whole(page, list_bullets=False).split())


def test_raw_tex_is_no_markup() -> None:
    """Regression: `*` and `_` in formulas of Stack Exchange and Sphinx were escaped, and the `$` too."""
    page = (
        "<p>Let <span class='math-container'>$a_1 * b_1 * c_{i}$</span> be<div class=math>\\[\\sum_{i} x_i^*\\]</div>"
    )
    assert markdown(page) == whole(page) == "Let $a_1 * b_1 * c_{i}$ be\n\n$$\\sum_{i} x_i^*$$"


def test_the_structure_survives_rendering() -> None:
    page = "<h2>H</h2><ul><li>a<ul><li>b</ul></ul><pre>c\n  d</pre>"
    page += "<table><tr><th>x<th>y<tr><td>1<td>2<tr><td>3<td>4</table>"
    rendered = RENDERER.render(markdown(page))
    for part in ("<h2>H</h2>", "<ul>\n<li>\n<p>a</p>\n<ul>\n<li>b</li>", "<code>c\n  d\n</code>", "<td>4</td>"):
        assert part in rendered, rendered


def test_random_pages_of_real_looking_markup() -> None:
    chance = random.Random(5)
    for _ in range(200):
        page = "".join(chance.choices(PARTS, k=30))
        assert words_of(RENDERER.render(markdown(page))) == "".join(whole(page, list_bullets=False).split())
