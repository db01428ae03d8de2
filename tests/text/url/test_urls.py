"""text/url/urls.py: which addresses are the same."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenmill.text.url.urls import address_keys, normal_urls


def normal(*urls: str | None) -> list[str | None]:
    return normal_urls(pa.array(urls, type=pa.string())).to_pylist()


@pytest.mark.parametrize(
    "same",
    [
        ["http://example.com/", "https://www.Example.COM", "HTTP://me:pw@example.com:80/#top", "//example.com.:443//"],
        ["http://a.org/x?b=1&c=2", "http://a.org/x/?b=1&utm_source=s&c=2&fbclid=f", "http://a.org/x?gclid=&b=1&&c=2#y"],
        ["http://[::1]:8080/x", "https://[::1]:8080/x/"],
        ["http://münchen.de/Ä", "HTTPS://MÜNCHEN.DE/Ä"],
        ["mailto:x@y.z", "  mailto:x@y.z\n"],
    ],
)  # fmt: skip
def test_addresses_that_are_the_same(same: list[str]) -> None:
    assert len(set(normal(*same))) == 1


def test_addresses_that_are_not() -> None:
    urls = [
        "http://a.org/x", "http://a.org/X", "http://a.org/x?b=1&c=2", "http://a.org/x?c=2&b=1", "http://a.org:8080/x",
        "http://b.a.org/x", "http://a.org/x?utm=1", "http://a.org/%7Ex", "http://a.org/~x", "ftp://a.org/x", "", "?",
    ]  # fmt: skip
    assert len(set(normal(*urls))) == len(urls)
    assert normal(None) == [None]


@given(st.lists(st.one_of(st.none(), st.text(max_size=20), st.from_regex(r"https?://[a-z.:@/?&#=%]*")), max_size=20))
def test_it_is_done_at_once_and_row_by_row(urls: list[str | None]) -> None:
    once = normal(*urls)
    assert once == [normal(url)[0] for url in urls]
    assert [url is None for url in once] == [url is None for url in urls]


def keys(*urls: str | None) -> list[str | None]:
    return address_keys(pa.array(urls, type=pa.string())).to_pylist()


@pytest.mark.parametrize(
    "same",
    [
        ["a.org/x", "//a.org/x", " http://a.org/x", "FTP://A.ORG/x", "https:\\\\a.org/x/", "http://%61.org/x"],
        ["http://bücher.de/Ä", "http://xn--bcher-kva.de/Ä", "BÜCHER.de/Ä", "http://b%C3%BCcher.de:80/Ä"],
        ["http://192.0.2.1/x", "http://3221225985/x", "http://0xc0.0.02.1/x", "192.0.2.1./x"],
        ["http://[::1]/x", "http://[0:0::1]/x"],
    ],
)
def test_keys_that_are_the_same(same: list[str]) -> None:
    assert len(set(keys(*same))) == 1


def test_keys_that_are_not() -> None:
    urls = ["a.org", "b.org", "a.org/x", "a.org/x?y", "a.org/X", "a.org:8080", ""]
    assert len(set(keys(*urls))) == len(urls)
    assert keys(None, "a.org") == [None, "a.org"]
