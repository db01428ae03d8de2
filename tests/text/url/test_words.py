"""text/url/words.py: the words of URLs are compared with plain Python."""

import re
import unicodedata
from itertools import pairwise
from urllib.parse import unquote_to_bytes

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.url.words import as_word, count_words, readable, run_together
from tokenmill.text.words.lexicon import word_set
from tokenmill.text.words.segment import string_buffer

URLS = st.lists(
    st.one_of(st.none(), st.text(max_size=30), st.text(alphabet="aBb1:/-.%eE9É\u0301 ", max_size=30)), max_size=12
)
HARD, SOFT = ["ab", "é", "b1"], ["a", "b", "bb", "ab"]


def lowered(text: str) -> str:
    return "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)


def plain_readable(url: str | None) -> str:
    """Plain twin."""
    bare = re.sub(r"^[A-Za-z0-9+._-]+:[/\\]+|^[/\\]{2,}", "", (url or "").strip("".join(map(chr, range(33)))))
    return lowered(unquote_to_bytes(bare).decode(errors="replace"))


def plain_words(text: str) -> list[str]:
    parts = "".join(letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in text)
    return [word for word in parts.split(" ") if word]


def read(urls: list[str | None]) -> list[str]:
    buffer, offsets = readable(*string_buffer(pa.array(urls, type=pa.string())))
    return [buffer[low:high].tobytes().decode() for low, high in pairwise(offsets.tolist())]


@settings(max_examples=40, deadline=None)
@given(URLS)
def test_urls_are_read_as_by_the_plain_twin(urls: list[str | None]) -> None:
    assert read(urls) == [plain_readable(url) for url in urls]


@settings(max_examples=40, deadline=None)
@given(URLS)
def test_words_are_counted_as_by_the_plain_twin(urls: list[str | None]) -> None:
    buffer, offsets = readable(*string_buffer(pa.array(urls, type=pa.string())))
    firsts, counts = count_words(buffer, offsets, word_set(HARD), word_set(SOFT))
    words = [plain_words(plain_readable(url)) for url in urls]
    assert firsts.tolist() == [next((HARD.index(word) for word in found if word in HARD), -1) for found in words]
    assert counts.tolist() == [len(set(found) & set(SOFT)) for found in words]


@settings(max_examples=40, deadline=None)
@given(URLS)
def test_what_is_run_together_is_all_words(urls: list[str | None]) -> None:
    out, offsets = run_together(*readable(*string_buffer(pa.array(urls, type=pa.string()))))
    assert out.tobytes().decode() == "".join("".join(plain_words(plain_readable(url))) + "\n" for url in urls)
    assert offsets[-1] == len(out)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        (" HTTPS://A.org/%C3%89t%c3%a9%20%2", "a.org/été %2"),
        ("a.org:/b", "b"),
        ("/a/b", "/a/b"),
        ("http://a/%FF%C3", "a/\ufffd\ufffd"),
        ("%2550%49", "%50i"),
        ("http:", "http:"),
    ],
)
def test_what_is_read(url: str, wanted: str) -> None:
    assert read([url]) == [wanted]


def test_a_long_url_is_read_to_its_end() -> None:
    assert read(["http://" + "%41" * 300_000]) == ["a" * 300_000]


def test_entries_are_compared_as_words() -> None:
    assert [as_word(entry) for entry in ("Foo-Bar", "ÉTÉ", "--", "हिन्दी")] == ["foobar", "été", "", "हिन्दी"]
