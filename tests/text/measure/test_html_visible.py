"""The number of text characters on an HTML page is the one that Python's own parser gives."""

from html.parser import HTMLParser

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.measure.html_visible import visible_chars
from tokenmill.text.words.segment import text_buffer


def measured(*texts: str) -> list[int]:
    buffer, offsets = text_buffer(pa.record_batch({"text": pa.array(texts, type=pa.large_string())}))
    counts: list[int] = visible_chars(buffer, offsets, np.ones(len(texts), dtype=np.bool_)).tolist()
    return counts


class Text(HTMLParser):
    """Collects the text outside scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.inside = "", ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.inside = tag if tag in ("script", "style") else ""

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        self.text += "" if self.inside else data


def slow_chars(page: str) -> int:
    parser = Text()
    parser.feed(page)
    parser.close()
    return len(parser.text)


pieces = st.sampled_from(
    ["<p>", "</p>", "<b class='a>b'>", '<a href="x">', "<br/>", "<!-- <b> a -->", "<!doctype html>", "<?xml a?>",
     "é 字", "word ", "\n", "&amp;", "&eacute;", "&#8217;", "a &amp; b", "<script>if (a<b) '<p>'</script>",
     "<STYLE>p{}</STYLE>"]
)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(st.lists(st.lists(pieces, max_size=20).map("".join), max_size=3))
def test_visible_characters_are_those_that_a_parser_hands_out(pages: list[str]) -> None:
    assert measured(*pages) == [slow_chars(page) for page in pages]


@given(st.lists(st.text(st.sampled_from("<>/!-='\" &;pscrité"), max_size=60), max_size=4))
@settings(deadline=None)
def test_a_broken_page_is_counted_alike_alone_and_among_others(pages: list[str]) -> None:
    assert measured(*pages) == [measured(page)[0] for page in pages]
    assert all(0 <= count <= len(page) for count, page in zip(measured(*pages), pages, strict=True))


def test_rows_that_are_not_wanted_are_not_counted() -> None:
    buffer, offsets = text_buffer(pa.record_batch({"text": pa.array(["<p>abc", "<p>abc"], type=pa.large_string())}))
    assert visible_chars(buffer, offsets, np.array([True, False])).tolist() == [3, 0]


@pytest.mark.parametrize("part", ["<", "<!--", "<script>", "</", "<p ", "<p a='", "&", "&#", "<style></"])
def test_cost_grows_with_the_text_alone(part: str) -> None:
    assert 0 <= measured(part * (500_000 // len(part)))[0] <= 500_000
