"""HTML becomes tidy main text; documents that would take too much time or memory are refused by their counts."""

import os
import pickle
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tokenmill.core.columns import documents, drop
from tokenmill.stages.web.extract_html_resiliparse import ExtractHtmlResiliparse
from tokenmill.stages.web.read_warc import ReadWarc

PAGE = """<html><head><title>Title</title><script>var a = "<div>";</script></head><body>
<nav><a href="/">Home</a> <a href="/a">About</a></nav>
<main><h1>Heading</h1><p>First paragraph,\n on two lines.</p><p>Second&nbsp;paragraph.<br>After a break.</p>
<ol><li>one</li><li>two</li></ol><pre>code:\n    indented</pre></main>
<footer>Imprint <a href="/privacy">Privacy</a></footer></body></html>"""
TEXT = """Heading

First paragraph, on two lines.

Second paragraph.
After a break.

  1. one
  2. two
code:
    indented"""


def batch(*html: str | None) -> pa.RecordBatch:
    return documents({"id": [str(row) for row in range(len(html))], "text": list(html)})


def texts(*html: str | None, **setting: Any) -> list[str | None]:
    found: list[str | None] = ExtractHtmlResiliparse(**setting)(batch(*html)).column("text").to_pylist()
    return found


def verdict(html: str, **setting: Any) -> tuple[str | None, str | None, str | None, str | None]:
    """Returns (text, rule, measured, threshold) of one document."""
    [row] = ExtractHtmlResiliparse(**setting)(batch(html)).to_pylist()
    return row["text"], row.get("drop_rule"), row.get("drop_measured"), row.get("drop_threshold")


def test_a_page_becomes_its_main_text() -> None:
    assert texts(PAGE) == [TEXT]


def test_bullets_can_be_left_out() -> None:
    assert texts(PAGE, list_bullets=False) == [TEXT.replace("1. ", "").replace("2. ", "")]


def test_other_columns_rows_and_marks_stay_as_they_are() -> None:
    before = drop(batch(PAGE, None, PAGE), [False, False, True], "x.y", 1, 2)
    after = ExtractHtmlResiliparse()(before)
    assert after.to_pylist() == [
        {"id": "0", "text": TEXT, "drop_rule": None, "drop_measured": None, "drop_threshold": None},
        {"id": "1", "text": None, "drop_rule": None, "drop_measured": None, "drop_threshold": None},
        {"id": "2", "text": TEXT, "drop_rule": "x.y", "drop_measured": "1", "drop_threshold": "2"},
    ]


@pytest.mark.parametrize(
    ("html", "rule", "measured", "setting"),
    [
        ("<p>words</p>", "too_large", "12", {"max_bytes": 11}),
        ("<div>" * 129 + "words", "too_deep", "129", {}),
        ("<div>" * 100_000 + "words", "too_deep", "1000", {}),
        ("<p>words" * 4, "too_many_tags", "4", {"max_tags": 3}),
        ("<select>" + "<option>words" * 4, "too_many_options", "4", {"max_options": 3}),
        ("<p a=1 b='2' c>words", "too_many_attributes", "3", {"max_attributes": 2}),
    ],
)
def test_a_document_over_a_limit_is_refused_with_what_was_measured(
    html: str, rule: str, measured: str, setting: dict[str, int]
) -> None:
    threshold = str(next(iter(setting.values()), 128))
    assert verdict(html, **setting) == (None, f"extract_html_resiliparse.{rule}", measured, threshold)


@pytest.mark.parametrize(
    ("html", "setting"),
    [
        ("<p>words</p>", {"max_bytes": 12}),
        ("<div>" * 128 + "words", {}),
        ("<p>words", {"max_tags": 1}),
        ("<p a=1 b='2' c>words", {"max_attributes": 3}),
    ],
)
def test_a_document_at_a_limit_is_extracted(html: str, setting: dict[str, int]) -> None:
    assert verdict(html, **setting) == ("words", None, None, None)


@pytest.mark.parametrize(
    "html", ["", " \n ", "<html><body></body></html>", "<nav><a href=x>Home</a></nav>", "<div a='"]
)
def test_a_document_without_text_is_refused(html: str) -> None:
    assert verdict(html) == ("", "extract_html_resiliparse.empty", "0", "1")


def test_hostile_pages_are_refused_unparsed() -> None:
    """100,000 nested <div>, or <option>, or attributes on a tag, kept a worker busy for minutes."""
    hostile = (
        "<div>" * 100_000,
        "<select>" + "<option>x" * 100_000,
        "<p " + "".join(f"a{number}=1 " for number in range(100_000)) + ">x",
        "<p><b><i><u>x" * 30_000,
    )
    assert texts(*hostile) == [None] * 4


def test_a_single_line_of_5_mb_comes_out_whole() -> None:
    line = "word " * 1_000_000
    assert texts(f"<p>{line}</p>") == [line.strip()]


def test_no_rows_and_each_row_alone_give_the_same_as_all() -> None:
    step = pickle.loads(pickle.dumps(ExtractHtmlResiliparse()))
    pages = batch(PAGE, "<p>x", None, "")
    assert step(pages.slice(0, 0)).num_rows == 0
    alone = [step(pages.slice(row, 1)).column("text")[0].as_py() for row in range(4)]
    assert alone == step(pages).column("text").to_pylist() == step(pages).column("text").to_pylist()


def test_real_pages_lose_their_chrome_and_no_page_is_refused_for_its_shape() -> None:
    """This test runs over the archives in the development data, if they are present."""
    folder = os.environ.get("TOKENMILL_DEV_DATA")
    for path in sorted(Path(folder, "web").glob("cc-main*.warc.gz")) if folder else []:
        work = ReadWarc(str(path))
        for pages in work.read(work.shards()[0]):
            rules = set(ExtractHtmlResiliparse()(pages).to_pydict().get("drop_rule", []))
            assert rules <= {None, "extract_html_resiliparse.empty"}
