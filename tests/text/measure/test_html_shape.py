"""text/measure/html_shape.py: depth, tags, attributes and options agree with a count by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.measure.html_shape import html_shape


def shape(*pages: str) -> list[tuple[int, ...]]:
    encoded = [page.encode() for page in pages]
    data = np.frombuffer(b"".join(encoded), dtype=np.uint8)
    offsets = np.cumsum([0] + [len(page) for page in encoded]).astype(np.int64)
    offsets.flags.writeable = False
    return [tuple(int(value) for value in row) for row in zip(*html_shape(data, offsets), strict=True)]


@pytest.mark.parametrize(
    ("page", "counted"),
    [
        ("", (0, 0, 0, 0)),
        ("a < b, 1 <2, <", (0, 0, 0, 0)),
        ("<div><div></div></div>", (2, 2, 0, 0)),
        ("<DIV><Div></dIv></DIV><div>", (2, 3, 0, 0)),
        ("<div>" * 1500, (1000, 1500, 0, 0)),
        ("<div>x</div>" * 50, (1, 50, 0, 0)),
        ("<p>x" * 9 + "<br><img src=x>", (0, 11, 1, 0)),
        ("<ul><li>x<li>y</ul>" * 5, (1, 15, 0, 0)),
        ("<div><span>x</div>" * 50, (2, 100, 0, 0)),
        ("<b>x" * 7 + "</i></u>", (7, 7, 0, 0)),
        ("</div></div><div>", (1, 1, 0, 0)),
        ("<path d='M 1'/>" * 9, (0, 9, 1, 0)),
        ("<a href=\"x>y<div>\" b='<div>' c d = 1><i>", (1, 2, 4, 0)),
        ("<a href='<div>", (0, 1, 1, 0)),
        ("<script>if (a<b) '<div><div>'</script><i>", (1, 2, 0, 0)),
        ("<SCRIPT><div></ScRiPt ><i>", (1, 2, 0, 0)),
        ("<style><div>", (0, 1, 0, 0)),
        ("<!-- <div> > <div> --><!doctype html><?xml <div> ?><i>", (1, 1, 0, 0)),
        ("<!--><i>", (1, 1, 0, 0)),
        ("<!-- <div>", (0, 0, 0, 0)),
        ("<select><option>a<OPTION>b</select>", (1, 3, 0, 2)),
    ],
)
def test_a_page_is_counted_right(page: str, counted: tuple[int, ...]) -> None:
    assert shape(page) == [counted]


@given(st.lists(st.text(st.sampled_from("<>/!-='\" divpscript"), max_size=60), max_size=4))
@settings(deadline=None)
def test_a_page_is_counted_alike_alone_and_among_others(pages: list[str]) -> None:
    assert shape(*pages) == [shape(page)[0] for page in pages]
