"""text/url/hosts.py: the host of a URL is found in every spelling of the URL."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.url.hosts import LONGEST, clean_host, hosts, is_number, without_www
from tokenmill.text.words.segment import string_buffer

HOSTILE = st.one_of(st.text(max_size=40), st.text(alphabet="aB1.-_:/@?#[]%\\ \t\né。", max_size=40))


def names(*urls: str | None) -> list[str]:
    found, _ = hosts(*string_buffer(pa.array(urls, type=pa.string())))
    return [found.name(row) for row in range(len(urls))]


def plain_host(url: str) -> str:
    """Plain twin that uses the string methods of Python."""
    url = url.strip("".join(map(chr, range(33)))).replace("\\", "/")
    scheme, colon, rest = url.partition(":/")
    simple = scheme and all(letter.isascii() and (letter.isalnum() or letter in "+-._") for letter in scheme)
    if colon and simple:
        url = rest.lstrip("/")
    elif url.startswith("//"):
        url = url.lstrip("/")
    for end in "/?#":
        url = url.partition(end)[0]
    url = url.rpartition("@")[2]
    host = url.partition("]")[0] + "]" if url.startswith("[") and "]" in url else url
    if not url.startswith("["):
        host = url.partition(":")[0].strip(".")
    return clean_host(host.encode())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(HOSTILE, st.builds("http://{}".format, HOSTILE)), max_size=10))
def test_hosts_are_those_of_the_plain_twin(urls: list[str]) -> None:
    assert names(*urls) == [plain_host(url) for url in urls]


@pytest.mark.parametrize(
    ("host", "urls"),
    [
        ("a.org", ["http://a.org", "HTTPS://me:p@w@A.org.:80/x@y", "a.org", "//a.org?x", "\thttp:\\\\a.org\\x"]),
        ("a.org", ["http://%61.org", "http://a%2Eorg#x", "http://ａ.org", "http://a。org", "http://a\n.or\tg/"]),
        ("xn--bcher-kva.de", ["http://bücher.de", "http://BÜCHER.DE", "http://b%c3%bccher.de", "xn--bcher-kva.de"]),
        ("xn--i-7iq.ws", ["http://i❤.ws", "https://I%E2%9D%A4.ws"]),
        ("192.0.2.1", ["http://192.0.2.1:8080", "3221225985", "http://0xC0.0.2.1", "http://0300.0.513"]),
        ("[2001:db8::1]", ["http://[2001:DB8::1]:80/", "http://[2001:db8:0:0::1]"]),
        ("", ["", " ", "/path", "http://", "http://a b.org", "http://a%2Fb.org", "http://[::x]", "http://<b>"]),
        ("a_b.org", ["http:/a_b.org", "a_b.org#"]),
        ("a..b", ["http://a..b"]),
    ],
)  # fmt: skip
def test_a_host_has_one_spelling(host: str, urls: list[str]) -> None:
    assert names(*urls) == [host] * len(urls)


def test_very_long_hosts_are_read_or_are_none() -> None:
    long = "a." * 500_000
    assert names(f"http://{long}org", f"http://é{long}org", None) == [f"{long}org", "", ""]
    assert clean_host(b"%61" * (LONGEST // 3)) and not clean_host(b"%61" * LONGEST)


def test_a_slice_has_its_own_hosts() -> None:
    urls = pa.array(["http://a.org", "http://é.org", "http://B.org"])
    found, odd = hosts(*string_buffer(urls.slice(1)))
    assert [found.name(row) for row in range(2)] == ["xn--9ca.org", "b.org"] and odd.tolist() == [0]


def test_www_goes_however_often() -> None:
    found, _ = hosts(
        *string_buffer(pa.array(["www.a.org", "www.www.a.org", "www", "www.", "wwwa.org", None, "www.www.x"]))
    )
    bare = without_www(found)
    assert [bare.name(row) for row in range(7)] == ["a.org", "a.org", "www", "www", "wwwa.org", "", "x"]
    assert np.array_equal(bare.ends, found.ends)


def test_addresses_are_told_from_names() -> None:
    assert [is_number(host) for host in ("1.2.3.4", "[::1]", "a.1", "1.a", "a", "")] == [True] * 3 + [False] * 3
