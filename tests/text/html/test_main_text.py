"""The text of a page is the laid-out text of the blocks that the trees classify as content."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.html.features import FEATURES
from tokenmill.text.html.main_text import MODEL, features_of, load_trees, main_text
from tokenmill.text.kernel.cache import frozen

TAGS = "<p> </p> <div class=menu> </div> <a href=x> </a> <h1> </h1> <nav> </nav> <br> <article> <footer>"
WORDS = "Some words of text, and then a full stop. |Home|中文的句子，很短。|\n|&amp;"
PIECES = st.sampled_from(TAGS.replace("> ", ">|").split("|") + WORDS.split("|"))
PAGES = st.lists(st.lists(PIECES, max_size=30).map("".join), max_size=4)


def extracted(pages: list[str], *, least: int = 0, bullets: bool = True) -> list[str]:
    raw = [page.encode() for page in pages]
    offsets = frozen(np.cumsum([0, *map(len, raw)]))
    data, ends = main_text(
        frozen(np.frombuffer(b"".join(raw), dtype=np.uint8)), offsets, load_trees(), least=least, bullets=bullets
    )
    return [bytes(data[ends[row] : ends[row + 1]]).decode() for row in range(len(pages))]


def scores(features: np.ndarray) -> list[int]:
    """Plain twin of the trees, which reads the model file itself."""
    model = json.loads(MODEL.read_text())
    found = []
    for row in features:
        total = 0
        for tree in model["trees"]:
            node = 0
            while node < len(tree["feature"]):
                name = model["features"][tree["feature"][node]]
                node = 2 * node + 1 + (row[FEATURES.index(name)] > tree["limit"][node])
            total += tree["leaf"][node - len(tree["feature"])]
        found.append(total)
    return found


@settings(deadline=None)
@given(PAGES, st.sampled_from([-200_000, 0, 50_000]))
def test_content_is_the_blocks_the_trees_take(pages: list[str], least: int) -> None:
    for page, text in zip(pages, extracted(pages, least=least), strict=True):
        texts, features = features_of(page.encode())
        kept = [block for block, score in zip(texts, scores(features), strict=True) if score >= least]
        assert [line for line in text.split("\n") if line] == [line for block in kept for line in block.split("\n")]


@settings(deadline=None)
@given(PAGES)
def test_each_page_is_for_itself(pages: list[str]) -> None:
    assert extracted(pages) == [text for page in pages for text in extracted([page])]


EVERYTHING = -(1 << 30)


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>a</p><p>b</p>c<div>d</div>", "a\n\nb\n\nc\nd"),
        ("<ul><li>a<li>b<ul><li>c</ul></ul>", "• a\n• b\n\n• c"),
        ("<ol><li>a<li><p>b</p><p>c</p></ol>", "1. a\n\n2. b\n\nc"),
        ("<table><tr><td>a<td>b<tr><td>c<td><p>d</table>", "a\tb\nc\n\nd"),
        ("<h1>a</h1>b", "a\n\nb"),
    ],
)
def test_blocks_are_laid_out(page: str, text: str) -> None:
    assert extracted([page], least=EVERYTHING) == [text]


def test_a_numbered_list_may_be_long() -> None:
    text = extracted(["<ol>" + "<li>x" * 12_345 + "</ol>"], least=EVERYTHING)[0]
    assert text.split("\n") == [f"{number}. x" for number in range(1, 12_346)]


def test_what_surrounds_an_article_goes() -> None:
    sentences = "It rained for three days, and nobody in the town could say why. " * 4
    page = f"""<html><head><title>Rain</title></head><body><div class="menu"><ul><li><a href="/">Home</a><li>
      <a href="/news">News</a></ul></div><div id="content">
      <h1>Rain falls on the old harbour town</h1><p>{sentences}</p><p>{sentences}</p></div>
      <div class="sidebar"><h3>Most read</h3><ul><li><a href="/1">Sun</a><li><a href="/2">Wind</a></ul></div>
      <div class="comments"><p>Anna: so wet!</p></div><div id="footer">Copyright 2020 <a href="/i">Imprint</a></div>"""
    assert extracted([page]) == [f"Rain falls on the old harbour town\n\n{sentences.strip()}\n\n{sentences.strip()}"]


def test_a_model_with_an_unknown_feature_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(MODEL.read_text().replace('"features": ["', '"features": ["no_such_'))
    with pytest.raises(ValueError, match="no_such_"):
        load_trees(path)
