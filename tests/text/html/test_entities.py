"""Character references are decoded as the standard library decodes them."""

import html

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.html.entities import C1_POINTS, ENTITY_BYTES, ENTITY_HASHES, read_entity
from tokenmill.text.kernel.cache import frozen

NAMES = sorted(html.entities.html5)
PIECES = st.one_of(
    st.sampled_from([f"&{name}" for name in NAMES]),
    st.sampled_from([f"&{name.rstrip(';')}" for name in NAMES]),
    st.integers(0, 0x120000).map(lambda number: f"&#{number};"),
    st.integers(0, 0x120000).map(lambda number: f"&#x{number:X}"),
    st.text("abct;&#xX0189= é", max_size=6),
)
UNSEEN = {*range(0xFDD0, 0xFDF0), *(plane << 16 | low for plane in range(17) for low in (0xFFFE, 0xFFFF))}


def decoded(text: str) -> str:
    data = frozen(np.frombuffer(text.encode(), dtype=np.uint8))
    found, at = b"", 0
    while at < len(data):
        if data[at] == 38:
            value, at = read_entity(data, at, len(data), ENTITY_HASHES, ENTITY_BYTES, C1_POINTS)
            found += int(value).to_bytes(8, "little").rstrip(b"\0") or b"\0"
        else:
            found += bytes([data[at]])
            at += 1
    return found.decode()


def plain(text: str) -> str:
    """Works as html.unescape, but keeps controls and non-characters, which html.unescape drops and the HTML standard
    keeps.
    """

    def kept(number: int) -> bool:
        return number in UNSEEN or (number < 32 and number not in (0, 9, 10, 12, 13)) or number in (0xB, 0x7F)

    pieces = text.split("&#")
    for place, piece in enumerate(pieces[1:], 1):
        base, digits = (16, "0123456789abcdefABCDEF") if piece[:1] in "xX" and piece[:1] else (10, "0123456789")
        body = piece[1:] if base == 16 else piece
        length = next((i for i, letter in enumerate(body) if letter not in digits), len(body))
        if length and kept(int(body[:length], base)):
            rest = body[length:].removeprefix(";")
            pieces[place] = "\ue000" + chr(int(body[:length], base)) + rest
        else:
            pieces[place] = "&#" + piece
    return html.unescape("".join(pieces)).replace("\ue000", "")


@settings(deadline=None)
@given(st.lists(PIECES, max_size=5).map("".join))
def test_references_decode_as_in_the_standard_library(text: str) -> None:
    assert decoded(text) == plain(text)


def test_every_name_decodes() -> None:
    assert [decoded(f"&{name}") for name in NAMES] == [html.entities.html5[name] for name in NAMES]
