"""Signs by which publishers address machines are found in the places and forms that are defined, and nowhere else."""

from collections.abc import Iterable

import pyarrow as pa
import pytest

from tokenmill.stages.web.opt_out_signs import Signs, meta_elements, signs

HEADERS = [
    ([], "", Signs()),
    ([(b"x-robots-tag", b"noai")], "", Signs("noai")),
    ([(b"x-robots-tag", b"NOAI, noindex"), (b"x-robots-tag", b"nofollow")], "", Signs("noai,nofollow,noindex")),
    ([(b"x-robots-tag", b"CCBot: noai, noindex")], "", Signs("ccbot:noai,ccbot:noindex")),
    ([(b"x-robots-tag", b"max-snippet: 20, unavailable_after: 25 Jun 2030 15:00:00 PST")], "",
     Signs("max-snippet,unavailable_after")),
    ([(b"tdm-reservation", b"1"), (b"tdm-policy", b"https://a.example/p.json")], "",
     Signs("", "1", "https://a.example/p.json")),
    ([(b"tdm-reservation", b"0")], "<meta name=tdm-reservation content=1>", Signs("", "0")),
    ([(b"tdm-reservation", b"maybe")], "", Signs()),
]  # fmt: skip
PAGES = [
    ('<META NAME="Robots" CONTENT="noai, noimageai">', Signs("noai,noimageai")),
    ("<meta content='noindex' name='robots'>", Signs("noindex")),
    ("<meta name=robots content=none />", Signs("none")),
    ('<meta name="ccbot" content="noindex"><meta name="GoogleBot" content="noai">',
     Signs("ccbot:noindex,googlebot:noai")),
    ('<meta name="tdm-reservation" content="1"><meta name="tdm-policy" content="https://a/?x=1&amp;y=2">',
     Signs("", "1", "https://a/?x=1&y=2")),
    ('<meta name="description" content="robots, noai">', Signs()),
    ('<meta property="robots" content="noai">', Signs()),
    ('<body><meta name="robots" content="noai">', Signs()),
    ('<meta name="robots" content="noai"', Signs()),
    ("<meta " * 9000 + '<meta name="robots" content="noai">', Signs("noai")),
    ("bots" * 9000 + "<meta name=ccbot content=noai><meta name=tdm-reservation content=1>", Signs("ccbot:noai", "1")),
    ('<meta name="viewport" content="x"><title>ü</title><meta name="robots" content="all">', Signs("all")),
    ("x" * (1 << 16) + '<meta name="robots" content="noai">', Signs()),
]  # fmt: skip


def of_page(page: str, headers: Iterable[tuple[bytes, bytes]] = ()) -> Signs:
    [elements] = meta_elements(pa.array([page], pa.large_string()))
    return signs(headers, elements)


@pytest.mark.parametrize(("headers", "page", "found"), HEADERS)
def test_headers_are_read(headers: list[tuple[bytes, bytes]], page: str, found: Signs) -> None:
    assert of_page(page, headers) == found


@pytest.mark.parametrize(("page", "found"), PAGES, ids=range(len(PAGES)))
def test_pages_are_read_as_far_as_their_head_goes(page: str, found: Signs) -> None:
    assert of_page(page) == found
