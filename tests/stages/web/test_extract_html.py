"""HTML becomes its main text, in a time that no markup can increase without bound."""

import os
import pickle
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from bench.annotated_pages import read_pages
from bench.extraction_parts import judge
from tokenmill.core.columns import documents, drop
from tokenmill.core.errors import RecipeError
from tokenmill.pipeline.planning.resolve import WorkSpec, build
from tokenmill.stages.web.extract_html import ExtractHtml

SENTENCE = "The ferry left at nine, an hour late, with only two cars and a dog on board. "
PAGE = f"""<html><head><title>Title</title><script>var a = "<div>";</script></head><body>
<nav><a href="/">Home</a> <a href="/a">About</a></nav>
<main><h1>Heading</h1><p>{SENTENCE * 3}\n{SENTENCE}</p><p>Second&nbsp;paragraph: {SENTENCE * 2}<br>{SENTENCE}</p>
<ol><li>{SENTENCE}</li><li>{SENTENCE}</li></ol></main>
<footer>Imprint <a href="/privacy">Privacy</a></footer></body></html>"""
LINE = SENTENCE.strip()
TEXT = f"""Heading

{" ".join([LINE] * 4)}

Second paragraph: {LINE} {LINE}
{LINE}

1. {LINE}
2. {LINE}"""


def batch(*html: str | None) -> pa.RecordBatch:
    return documents({"id": [str(row) for row in range(len(html))], "text": list(html)})


def texts(*html: str | None, **setting: Any) -> list[str | None]:
    found: list[str | None] = ExtractHtml(**setting)(batch(*html)).column("text").to_pylist()
    return found


def test_a_page_becomes_its_main_text() -> None:
    assert texts(PAGE) == [TEXT]


def test_bullets_can_be_left_out() -> None:
    assert texts(PAGE, list_bullets=False) == [TEXT.replace("1. ", "").replace("2. ", "")]


def test_a_lower_score_keeps_more() -> None:
    sizes = [len(texts(PAGE, min_score=score)[0] or "") for score in (0.001, 0.5, 0.999)]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] > sizes[2]


def test_other_columns_rows_and_marks_stay_as_they_are() -> None:
    before = drop(batch(PAGE, None, PAGE), [False, False, True], "x.y", 1, 2)
    after = ExtractHtml()(before)
    assert after.to_pylist() == [
        {"id": "0", "text": TEXT, "drop_rule": None, "drop_measured": None, "drop_threshold": None},
        {"id": "1", "text": None, "drop_rule": None, "drop_measured": None, "drop_threshold": None},
        {"id": "2", "text": TEXT, "drop_rule": "x.y", "drop_measured": "1", "drop_threshold": "2"},
    ]


@pytest.mark.parametrize(
    ("html", "setting", "verdict"),
    [
        ("<p>words</p>", {"max_bytes": 11}, (None, "extract_html.too_large", "12", "11")),
        ("", {}, ("", "extract_html.empty", "0", "1")),
        ("<html><body></body></html>", {}, ("", "extract_html.empty", "0", "1")),
        ("<nav><a href=x>Home</a></nav>", {}, ("", "extract_html.empty", "0", "1")),
        ("<div a='", {}, ("", "extract_html.empty", "0", "1")),
    ],
)
def test_a_document_too_large_or_without_text_is_marked(html: str, setting: dict[str, Any], verdict: Any) -> None:
    first, second = ExtractHtml(**setting)(batch(html, None)).to_pylist()
    assert (first["text"], first["drop_rule"], first["drop_measured"], first["drop_threshold"]) == verdict
    assert (second["text"], second["drop_rule"]) == (None, None)


def test_a_document_at_the_limit_is_extracted() -> None:
    assert texts(PAGE, max_bytes=len(PAGE)) == [TEXT]


@pytest.mark.parametrize(
    "setting",
    [
        {"min_score": 0.0}, {"min_score": 1.0}, {"max_bytes": 0}, {"headline": "first"}, {"comments": "none"},
        {"scope": "page"}, {"format": "html"},
    ],
)  # fmt: skip
def test_settings_without_sense_are_refused(setting: dict[str, Any]) -> None:
    with pytest.raises(RecipeError, match=rf"extract_html[.:] ?{next(iter(setting))}"):
        ExtractHtml(**setting)


def test_a_choice_that_yaml_reads_as_no_is_refused_with_the_values_that_it_may_have() -> None:
    with pytest.raises(RecipeError, match=r"comments: .*'keep' or 'drop'"):
        build(WorkSpec("stages.extract_html", {"comments": False}, 1), seed=0, plugins=None, where="")


def test_a_single_line_of_5_mb_comes_out_whole() -> None:
    line = LINE + " " + SENTENCE * 65_000
    assert texts(f"<p>{line}</p>") == [line.strip()]


def test_no_rows_and_each_row_alone_give_the_same_as_all() -> None:
    step = pickle.loads(pickle.dumps(ExtractHtml()))
    pages = batch(PAGE, "<p>x", None, "")
    assert step(pages.slice(0, 0)).num_rows == 0
    alone = [step(pages.slice(row, 1)).column("text")[0].as_py() for row in range(4)]
    assert alone == step(pages).column("text").to_pylist() == step(pages).column("text").to_pylist()


def test_main_text_of_annotated_pages_comes_out() -> None:
    """This test runs over the development data, if it is present."""
    folder = os.environ.get("TOKENMILL_DEV_DATA")
    pages = list(read_pages(Path(folder, "extraction")))[::20] if folder else []
    if pages:
        extracted = [text or "" for text in texts(*(page.html for page in pages))]
        found = judge(zip(pages, extracted, strict=True))
        least = {"full_text": 0.9, "snippets": 0.9, "wcxb_dev": 0.85}
        assert all(found[name].f1 > limit for name, limit in least.items()), found
