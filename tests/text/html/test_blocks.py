"""Pages are cut into blocks as browsers show them, even if the markup is incomplete, nested or hostile."""

import html
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.html.features import FEATURES
from tokenmill.text.html.main_text import features_of
from tokenmill.text.html.page import MOST_BLOCKS

WORDS = st.text("abc é中<&", min_size=1, max_size=8).filter(lambda text: text.split())
INLINE = ["b", "i", "span", "em", "unknown-name"]
BLOCK = ["div", "section", "article", "blockquote", "main", "center"]
TREE = st.recursive(
    WORDS,
    lambda inner: st.tuples(st.sampled_from(INLINE + BLOCK), st.lists(inner, max_size=4)),
    max_leaves=20,
)


def blocks(page: str) -> list[str]:
    return features_of(page.encode())[0]


def measured(page: str, name: str) -> list[int]:
    features = features_of(page.encode())[1]
    return features[:, FEATURES.index(name)].tolist()


def written(tree: object) -> str:
    if isinstance(tree, str):
        return html.escape(tree)
    name, inner = tree  # type: ignore[misc]
    return f"<{name} class='x'>{''.join(map(written, inner))}</{name}>"


def cut(tree: object, lines: list[str]) -> None:
    """Plain twin: text goes to the last line, and a block element starts a new line before and after itself."""
    if isinstance(tree, str):
        lines[-1] += tree
        return
    name, inner = tree  # type: ignore[misc]
    if name in BLOCK:
        lines.append("")
    for child in inner:
        cut(child, lines)
    if name in BLOCK:
        lines.append("")


@settings(deadline=None)
@given(st.lists(TREE, max_size=5))
def test_sound_markup_is_cut_at_its_block_elements(trees: list[object]) -> None:
    lines = [""]
    for tree in trees:
        cut(tree, lines)
    expected = [" ".join(line.split()) for line in lines]
    assert blocks("".join(map(written, trees))) == [line for line in expected if line]


@settings(deadline=None)
@given(st.text("<>/!-='\"& \n\0abpdivtrlé中;#0", max_size=200))
def test_any_text_at_all_gives_sound_blocks(page: str) -> None:
    for text in blocks(page):
        assert text and text == text.strip(" ") and "\0" not in text


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<p>one<p>two", ["one", "two"]),
        ("<ul><li>one<li>two<div>three<li>four</ul>five", ["one", "two", "three", "four", "five"]),
        ("<dl><dt>a<dd>b<dt>c</dl>", ["a", "b", "c"]),
        ("<table><tr><td>a<td>b<tr><th>c</table>d", ["a", "b", "c", "d"]),
        ("one<br>two<br/><br>three", ["one\ntwo", "three"]),
        ("a<script>if (a < b) '<p>'</script>b<style>p{}</style>c", ["abc"]),
        ("a<!-- <p>hidden</p> -->b<!doctype html><?php x ?>c", ["abc"]),
        ("<script>never closed <p>text", ["never closed", "text"]),
        ("a < b and 1 <2 </3> x", ["a < b and 1 <2 x"]),
        ("<p>a&nbsp;b\u00a0c\u00adc\u200bd\ufeff", ["a b ccd"]),
        ("<p>a&#141;b&#128;&shy;&ZeroWidthSpace;\u0080", ["ab€"]),
        ("<pre>a\n  b\tc</pre>", ["a\n  b\tc"]),
        ("<b>a<p>b</b>c</p>d", ["a", "bc", "d"]),
        ("<td>a</div>b</td>", ["a", "b"]),
        ("<select><option>no</select>yes<button>no</button>", ["yes"]),
        ("<p title='>'>a</p><p title=\"</p>\">b", ["a", "b"]),
        ("<P CLASS=x>a<DIV>b</DIV>", ["a", "b"]),
    ],
)
def test_markup_is_mended(page: str, expected: list[str]) -> None:
    assert blocks(page) == expected


def test_text_in_links_is_told_apart_even_where_links_are_not_closed() -> None:
    page = "<p><a href=x>link</a> text</p><p><a>one <a>two</p><p>plain</p><a><div>in</a></div><p>out"
    assert measured(page, "link") == [444, 857, 0, 1000, 0]


def test_what_is_said_of_an_element_is_said_of_all_in_it() -> None:
    page = "<nav><p>a</nav><div role=main><p>b</div><div class='postContent'><b>c</b></div>"
    page += "<div style='display: none'>d</div>"
    assert measured(page, "in.nav") == [1, 0, 0, 0]
    assert measured(page, "in.main") == [0, 1, 0, 0]
    assert measured(page, "in.w_content") == [0, 0, 1, 0]
    assert measured(page, "in.hidden") == [0, 0, 0, 1]


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 1_000_000 + "x",
        "<b>" * 1_000_000 + "x" + "</b>" * 1_000_000,
        "<table><tr><td>" * 300_000 + "x",
        "<p>x" * 1_000_000,
        "<a href='" * 500_000,
        "<select>" * 500_000 + "x",
        "<script>" * 500_000,
        "<!--" * 500_000,
        "&" * 3_000_000,
        "&#" + "9" * 3_000_000,
        "<p " + "a=1 " * 1_000_000 + ">x",
        "<li>x</ul>" * 300_000,
    ],
    ids=lambda page: page[:12],
)
def test_hostile_pages_are_read_to_their_end(page: str) -> None:
    """This takes about a second; work that grows with the square of the size would not end."""
    texts, features = features_of(page.encode())
    assert len(texts) == len(features) <= MOST_BLOCKS


def test_broken_pages_never_crash() -> None:
    chance = random.Random(7)
    page = (
        "<div class=a><table><tr><td><p>text &amp; <a href='x'>link</a><ul><li>item</ul></table></div><pre>\n x</pre>"
    )
    for _ in range(2_000):
        letters = list(page * 3)
        for _ in range(chance.randrange(1, 30)):
            place = chance.randrange(len(letters))
            letters[place] = chance.choice(["", "<", ">", "/", "'", '"', "&", "!", letters[place - 1]])
        for text in blocks("".join(letters)):
            assert text
