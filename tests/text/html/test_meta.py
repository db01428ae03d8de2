"""The meta elements that may be signs are found as browsers end them, in time proportional to the bytes."""

import re
from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.html.meta import LONGEST, sign_elements
from tokenmill.text.kernel.cache import frozen

MOST = 1 << 16
PIECES = [
    b"<meta", b"<META ", b"<body", b"<body>", b"<bodyguard>", b"<metadata ", b">", b"/", b" ", b"\n", b"'", b'"',
    b"bot", b"ROBOTS", b"tdm-", b"tdm", b"tdm\r", b"-", b"b", b"<", b"<!--", b"x" * 40, b"<\xed\x85\x94a ", b"\xc3\xa9",
]  # fmt: skip
TAG = re.compile(rb"(?is)<body(?=[\0- />])|<meta(?=[\0- />])[^>]*>")


def found(*rows: bytes, most: int = MOST) -> list[tuple[int, bytes]]:
    data = frozen(np.frombuffer(b"".join(rows), dtype=np.uint8))
    offsets = frozen(np.cumsum([0, *map(len, rows)]))
    return [
        (int(row), bytes(data[begin:end])) for row, begin, end in zip(*sign_elements(data, offsets, most), strict=True)
    ]


def twin(page: bytes, most: int) -> list[bytes]:
    """Plain twin: one element after another up to <body; of a long one only the name is passed."""
    elements, at = [], 0
    while (match := TAG.search(page[:most], at)) and match[0][:5].lower() != b"<body":
        if len(match[0]) > LONGEST:
            at = match.start() + 5
            continue
        if re.search(rb"(?i)bot|tdm-", match[0]):
            elements.append(match[0][:-1])
        at = match.end()
    return elements


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=70).map(b"".join), max_size=4), st.integers(0, 900))
def test_elements_are_those_of_a_regular_expression(rows: list[bytes], most: int) -> None:
    for limit in (most, MOST):
        expected = [(row, element) for row, page in enumerate(rows) for element in twin(page, limit)]
        assert found(*rows, most=limit) == expected


@pytest.mark.parametrize(
    ("page", "elements"),
    [
        (b"<meta name=robots>", [b"<meta name=robots"]),
        (b"<META NAME=CCBot/>", [b"<META NAME=CCBot/"]),
        (b"<meta\nname=tdm-policy>", [b"<meta\nname=tdm-policy"]),
        (b"<meta/robots>", [b"<meta/robots"]),
        (b"<meta name=tdm>", []),
        (b"<meta name=tdm_x>", []),
        (b"<meta name=tdm\rx>", []),
        (b"<meta name=viewport>", []),
        (b"<metadata name=robots>", []),
        (b"<metadata><meta name=robots>", [b"<meta name=robots"]),
        (b"<bodyguard><meta name=robots>", [b"<meta name=robots"]),
        (b"<body><meta name=robots>", []),
        (b"<BODY\nclass=x><meta name=robots>", []),
        (b"<meta name=robots", []),
        (b"<meta name=bo>t", []),
        (b"<meta name=robots content='a > b'>", [b"<meta name=robots content='a "]),
        (b"<meta name=a><meta name=bot><meta name=tdm-b>", [b"<meta name=bot", b"<meta name=tdm-b"]),
        (b"<!-- <meta name=bot> -->", [b"<meta name=bot"]),
    ],
)
def test_an_element_has_its_whole_name_and_ends_at_its_first_sign(page: bytes, elements: list[bytes]) -> None:
    assert [element for _, element in found(page)] == elements


@pytest.mark.parametrize(("size", "is_found"), [(LONGEST - 1, True), (LONGEST, True), (LONGEST + 1, False)])
def test_an_element_may_have_2048_bytes(size: int, is_found: bool) -> None:
    element = b"<meta name=robots " + b"x" * (size - 19) + b">"
    assert len(element) == size
    assert found(b"a" + element) == ([(0, element[:-1])] if is_found else [])


def test_an_element_in_a_long_one_is_found() -> None:
    inner = b"<meta name=robots>"
    assert found(b"<meta " + b"x" * LONGEST + inner) == [(0, inner[:-1])]


def test_each_row_ends_where_it_ends() -> None:
    assert found(b"<meta name=robots", b">", b"", b"<meta name=bot>", b"<me", b"ta bot>", b"<meta bot>") == [
        (3, b"<meta name=bot"), (6, b"<meta bot"),
    ]  # fmt: skip


def test_only_the_first_bytes_of_a_row_count() -> None:
    page = b"<meta bot><meta bot>"
    assert [len(found(page, page, most=most)) for most in (9, 10, 19, 20)] == [0, 2, 2, 4]


def test_the_time_is_proportional_to_the_bytes() -> None:
    """Each `<meta` without an end was searched up to 2,048 bytes: 1 MiB took two seconds, and takes 2 ms."""
    for part in (b"<meta", b"<meta ", b"<meta bot "):
        page = part * (2**20 // len(part))
        start = process_time()
        assert found(page, most=len(page)) == []
        assert process_time() - start < 0.5
