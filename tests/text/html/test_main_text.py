"""The text of a page is the laid-out text of the blocks that the trees classify as content."""

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.stages.web.extract_html import ExtractHtml
from tokenmill.text.html.main_text import FIRST, SECOND, SINGLE, Choice, load_models, main_text
from tokenmill.text.html.opinions import SURE, probability_table
from tokenmill.text.html.page import DISPLAY_END, DISPLAY_FORMULA, INLINE_END, INLINE_FORMULA
from tokenmill.text.html.scratch import CHUNK, scratch_for
from tokenmill.text.html.trees import MODEL
from tokenmill.text.html.trial import opinions_of, read_page, text_with
from tokenmill.text.kernel.cache import frozen

TAGS = "<p> </p> <div class=menu> </div> <a href=x> </a> <h1> </h1> <nav> </nav> <br> <article> <footer> <ul> <li>"
WORDS = "Some words of text, and then a full stop. |Home|中文的句子，很短。|\n|&amp;"
MORE = ["</ul>", "<table><tr><td>", "<pre>", "</pre>", "2<sup>n − 1</sup>", "<code>", "</code>", "<h2>", "</h2>"]
MORE += ["<a href='#x'>#</a>", "<span class=line>", "</span>", "<sup>", "</sup>", "<i class=math>", "</i>", "$x$"]
MORE += ["\\[", "<dl><dt>", "<dd>", "<a href='#n'>", "1", "<sup><a href='#n'>1</a></sup>"]
CUT = ["<", "</", "</s", "<meta", "&", "<p class='", "<sup><a href='#n'>1</ab></"]
PIECES = st.sampled_from([*TAGS.replace("> ", ">|").split("|"), *WORDS.split("|"), *MORE, *CUT])
FORMULA_SIGNS = {INLINE_FORMULA: "$", INLINE_END: "$", DISPLAY_FORMULA: "$$", DISPLAY_END: "$$"}
MODELS = load_models()
SENTENCES = "It rained for three days, and nobody in the town could say why. " * 3
PAGES = st.lists(st.lists(PIECES, max_size=30).map("".join), max_size=4)


def extracted(pages: list[str], **setting: object) -> list[str]:
    raw = [page.encode() for page in pages]
    offsets = frozen(np.cumsum([0, *map(len, raw)]))
    choice = ExtractHtml(**setting).choice()  # type: ignore[arg-type]
    data, ends = main_text(frozen(np.frombuffer(b"".join(raw), dtype=np.uint8)), offsets, MODELS, choice)
    return [bytes(data[ends[row] : ends[row + 1]]).decode() for row in range(len(pages))]


def chosen(page: str, choice: Choice) -> str:
    data = frozen(np.frombuffer(page.encode(), dtype=np.uint8))
    return bytes(main_text(data, frozen(np.array([0, len(data)])), MODELS, choice)[0]).decode()


def whole(page: str, **setting: object) -> str:
    return extracted([page], scope="body", **setting)[0]


@functools.cache
def model_file() -> Any:
    return json.loads(MODEL.read_text())


def scores(name: str, names: list[str], rows: np.ndarray) -> np.ndarray:
    """Plain twin of the trees, which reads the model file itself: probabilities in parts of SURE."""
    model, table = model_file()[name], probability_table()
    columns = rows[:, [names.index(name) for name in model["features"]]]
    total = np.zeros(len(rows), dtype=np.int64)
    for tree in model["trees"]:
        leaf = np.zeros(len(rows), dtype=np.int64)
        for level, (feature, limit) in enumerate(zip(tree["feature"], tree["limit"], strict=True)):
            leaf |= (columns[:, feature] > limit).astype(np.int64) << level
        total += np.array(tree["leaf"])[leaf]
    return np.asarray(table[np.clip((total + 256) // 512 + 1024, 0, 2048)])


def judged(page: str) -> tuple[np.ndarray, np.ndarray, int]:
    """Plain twin of the judgement: the scores of both passes, and the probability that the page is on one thing."""
    html = page.encode()
    _, rows, whole = read_page(html, MODELS.hints)
    first = scores("first", FIRST, rows)
    opinions, kept = opinions_of(html, first)
    second = scores("second", SECOND, np.concatenate([rows, opinions], axis=1))
    single = scores("single", SINGLE, np.concatenate([whole, kept])[np.newaxis])
    return first, second, int(single[0])


@settings(deadline=None, max_examples=25)
@given(PAGES)
def test_the_trees_of_both_passes_are_those_of_the_model_file(pages: list[str]) -> None:
    for page, text in zip(pages, extracted(pages), strict=True):
        assert text == text_with(page.encode(), *judged(page), ExtractHtml().choice())


def test_a_page_with_more_blocks_than_rows_are_held_is_judged_by_its_own_rows() -> None:
    part = f"<h2>Day {{0}}</h2><p>{SENTENCES}</p><div class=menu><a href=x>Home {{0}}</a></div>"
    page = "".join(part.format(number) for number in range(400)) + "<ul>" + "<li><a href=x>Next day</a>" * 300
    first, second, single = judged(page)
    assert len(first) == 1500 > CHUNK and 100 < (second >= SURE // 2).sum() < 1400
    for cut in map(int, np.quantile(second, np.linspace(0.1, 0.9, 9))):  # the text shows which scores reach each cut
        choice = ExtractHtml().choice()._replace(cut=cut, lowest=cut, single=0)
        assert chosen(page, choice) == text_with(page.encode(), first, second, single, choice)


def test_the_kind_of_a_page_decides_between_its_cuts() -> None:
    """A page is on one thing from its probability on, and not one step above it."""
    page = f"<h1>Rain</h1><p>{SENTENCES}<p>{SENTENCES}<div class=menu><p>Rain again, says the town.</div>"
    first, second, single = judged(page)
    cut = int(second[-1]) + 1  # too high for the last block; a cut that fits the page better is lower
    both = [ExtractHtml().choice()._replace(cut=cut, lowest=0, single=limit) for limit in (single, single + 1)]
    texts = [chosen(page, choice) for choice in both]
    assert texts == [text_with(page.encode(), first, second, single, choice) for choice in both]
    assert texts[0] != texts[1]


@settings(deadline=None)
@given(PAGES)
def test_each_page_is_for_itself(pages: list[str]) -> None:
    for scope in ("main", "body"):
        alone = [text for page in pages for text in extracted([page], scope=scope)]
        assert extracted(pages, scope=scope) == alone


def test_what_begins_the_next_page_ends_no_note() -> None:
    """The end tag of a <sup> was looked for one byte behind the page."""
    pages = ['<p>x<sup><a href="#n">1</ab></', "s"]
    assert extracted(pages, scope="body") == ["x1", "s"] == [whole(page) for page in pages]


@settings(deadline=None)
@given(PAGES)
def test_with_all_blocks_no_word_is_lost_or_made(pages: list[str]) -> None:
    for page in pages:
        words = " ".join(read_page(page.encode()).texts).translate(FORMULA_SIGNS).split()
        assert whole(page, list_bullets=False).split() == words


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>a</p><p>b</p>c<div>d</div>", "a\n\nb\n\nc\nd"),
        ("<ul><li>a<li>b<ul><li>c</ul></ul>", "• a\n• b\n\n• c"),
        ("<ol><li>a<li><p>b</p><p>c</p></ol>", "1. a\n\n2. b\n\nc"),
        ("<ol start=3><li>a<li value=7>b<li>c</ol>", "3. a\n7. b\n8. c"),
        ("<ol start=0><li>a<li>b</ol><ol start=-1><li>c</ol>", "0. a\n1. b\n\n-1. c"),
        ("<table><tr><td>a<td>b<tr><td>c<td><p>d</table>", "a\tb\nc\td"),
        (
            "<table><caption>T</caption><tr><th>a<th>b<th>c<tr><td>1<td><td>3"
            "<tr><td><a href=x>4</a><td><p>5<td>6</table>",
            "T\na\tb\tc\n1\t\t3\n4\t5\t6",
        ),
        (
            "<table><tr><td rowspan=2>a<td>b<td>c<tr><td>d<td>e<tr><td colspan=2>f<td>g</table>",
            "a\tb\tc\n\td\te\nf\t\tg",
        ),
        (
            "<table><tr><td>a<td>b<td>c<tr><td>d<td rowspan=3 colspan=2>e<tr><td>f<tr><td>g<tr><td>h<td>i<td>j</table>",
            "a\tb\tc\nd\te\nf\ng\nh\ti\tj",
        ),
        ("<table><tr><td>a<td>b<td rowspan=2>c<tr><td><td><tr><td>d<td>e<td>f</table>", "a\tb\tc\nd\te\tf"),
        ("<table><tr><td><p>One</p><p>two</p><td><p>x</p><p>y</p></table>", "One\n\ntwo\n\nx\n\ny"),
        (
            "<table><tr><td class=blob-num>1<td class=blob-code>def f():"
            "<tr><td class=blob-num>2<td class=blob-code>  x()</table>",
            "def f():\n  x()",
        ),
        ("<h1>a</h1>b", "a\n\nb"),
        ("<dl><dt>term<dd>meaning</dl>", "term\nmeaning"),
    ],
)
def test_blocks_are_laid_out(page: str, text: str) -> None:
    assert whole(page) == text


def test_a_numbered_list_may_be_long() -> None:
    text = whole("<ol>" + "<li>x" * 12_345 + "</ol>")
    assert text.split("\n") == [f"{number}. x" for number in range(1, 12_346)]


@pytest.mark.parametrize(
    "page",
    [
        "<table>" + "<tr>" + "<td rowspan=1000>x" * 90 + "<tr><td>y" * 2000 + "</table>",
        "<table>" + "<tr><td colspan=1000>x<td>y" * 2000 + "</table>",
        "<table><tr>" + "<td colspan=999999999>x" * 5000 + "<tr><td>a<td>b</table>",
        "<blockquote>" * 300 + "<ul><li>" * 100 + "<pre>" + "\n" * 5000 + "x",
        "<li>" * 3000 + "a\n*b*" * 100,
        "<table><tr>" + "<td>a" * 2000 + "<tr><td>b<td>c" * 800,
        "<table><tr><td>b<td>c" + "<tr>" + "<td colspan=64>a" * 900 + "<tr><td>b<td>c" * 800,
        "<table>" + "<tr><td>a<td>b" * 3 + ("<tr><td colspan=64 rowspan=1000>y" + "<caption><td>x" * 999) * 18,
        "<p>a " + " #" * 300_000,
        "<div class='" + "a " * 100_000 + "'>" + "<pre>x</pre>" * 20_000,
    ],
    ids=lambda page: page[:20],
)
@pytest.mark.parametrize("form", ["text", "markdown"])
def test_hostile_tables_and_lists_stay_in_bounds(page: str, form: str) -> None:
    text = whole(page, format=form)
    assert text and len(text) < 60 * len(page)


def test_text_beyond_the_most_blocks_belongs_to_the_last() -> None:
    text = whole("<p>a" * ((1 << 17) + 9) + "<p>END")
    assert text.count("a") == (1 << 17) + 9 and text.endswith("END")


def test_text_beyond_the_most_parts_is_kept_in_order() -> None:
    words = [f"a{number}" for number in range(100_000)]
    text = whole("".join(f"<ul><li>{word}</ul>" for word in words) + "<table><tr><td>x<td>y<tr><td>1<td>2</table>")
    assert text.replace("•", "").split() == [*words, "x", "y", "1", "2"]


def test_the_arrays_of_a_document_do_not_grow_with_its_tags() -> None:
    """The bound holds for any page: all arrays but that of the text, if every place in them were used."""
    data = frozen(np.full(10 << 20, ord("<"), dtype=np.uint8))
    arrays = scratch_for(data, frozen(np.array([0, len(data)])), len(SECOND))
    assert sum(part.nbytes for part in parts_of(arrays)) - arrays.page.text.nbytes < 90 << 20


def parts_of(arrays: Any) -> list[np.ndarray]:
    """Returns the arrays in nested tuples."""
    if isinstance(arrays, np.ndarray):
        return [arrays]
    return [part for field in arrays for part in parts_of(field)]


def test_what_surrounds_an_article_goes() -> None:
    sentences = "It rained for three days, and nobody in the town could say why. " * 4
    page = f"""<html><head><title>Rain</title></head><body><div class="menu"><ul><li><a href="/">Home</a><li>
      <a href="/news">News</a></ul></div><div id="content">
      <h1>Rain falls on the old harbour town</h1><p>{sentences}</p><p>{sentences}</p></div>
      <div class="sidebar"><h3>Most read</h3><ul><li><a href="/1">Sun</a><li><a href="/2">Wind</a></ul></div>
      <div id="footer">Copyright 2020 <a href="/i">Imprint</a></div>"""
    assert extracted([page]) == [f"Rain falls on the old harbour town\n\n{sentences.strip()}\n\n{sentences.strip()}"]


@pytest.mark.parametrize(
    ("page", "scores", "text"),
    [
        ("<p>a<h2>h</h2>{}<p>b", [4000, 0, 0, 4000], "a\n\nh\n\n1\t2\n3\t4\n\nb"),
        ("<p>a{}<p>b<p>c", [4000, 0, 0, 4000], "a\n\n1\t2\n3\t4\n\nc"),
        ("<p>a{}<p>b<p>c", [4000, 0, 0, 0], "a"),
        ("<p>a<p>b{}<p>c", [4000, 0, 0, 4000], "a\n\nc"),
        ("<p>a{}<p>b", [4000, 1600, 0], "a\n\n1\t2\n3\t4"),
        ("<p>a{}<p>b", [4000, 1500, 0], "a"),
        ("{}", [0], ""),
    ],
)
def test_a_table_is_kept_whole_between_kept_blocks(page: str, scores: list[int], text: str) -> None:
    html = page.format("<table><tr><th>1<th>2<tr><td>3<td>4</table>").encode()
    table = read_page(html).texts.index("1")
    marks = np.array([*scores[:table], *scores[table : table + 1] * 4, *scores[table + 1 :]], dtype=np.int32)
    assert text_with(html, marks, marks, SURE, ExtractHtml().choice()) == text


@pytest.mark.parametrize(
    ("page", "kept", "text"),
    [
        ("<h2>a</h2><h3>b</h3><p>c", [0, 0, 1], "a\n\nb\n\nc"),
        ("<h3>a</h3><h2>b</h2><p>c", [0, 0, 1], "b\n\nc"),
        ("<h2>a</h2><p>b<p>c", [0, 0, 1], "c"),
        ("<p>a<pre>b</pre><p>c", [1, 0, 1], "a\n\nb\n\nc"),
        ("<p>a<div>b</div><p>c", [1, 0, 1], "a\n\nc"),
        ("<p>a<p>b<p>c", [1, 0, 1], "a\n\nb\n\nc"),
        ("<p>a<p>b<p>c<p>d", [1, 0, 0, 1], "a\n\nd"),
        ("<dl><dt>a<dd>b<dt>c<dd>d</dl>", [1, 0, 0, 1], "a\nb\nc\nd"),
        ("<p>a<h3>b</h3><div class=comments><p>c</div>", [1, 0, 1], "a"),
        ("<h1>a</h1><p>b<dl><dt><h5>c</h5></dl>", [1, 0, 1], ""),
        ("<h1>a</h1><p>b<dl><dt><h5>c</h5><dd>d</dl>", [1, 0, 1, 0], "a\n\nc\n\nd"),
        ("<h4>a</h4><h4>b</h4><h4>c</h4>", [1, 1, 1], ""),
        (f"<h4>{'ab ' * 40}</h4><h4>b</h4>", [1, 1], f"{'ab ' * 40}".strip() + "\n\nb"),
        ("<h1>a</h1><p>b<h5>c</h5>", [1, 1, 1], "a\n\nb\n\nc"),
    ],
)
def test_what_belongs_to_kept_blocks_is_kept(page: str, kept: list[int], text: str) -> None:
    scores = np.array(kept, dtype=np.int32) * (SURE - 1)
    assert text_with(page.encode(), scores, scores, SURE, ExtractHtml().choice()) == text


def test_a_model_with_an_unknown_feature_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(MODEL.read_text().replace('"features": ["', '"features": ["no_such_'))
    with pytest.raises(ValueError, match="no_such_"):
        load_models(path)
