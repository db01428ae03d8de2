"""Character references are decoded as the standard library decodes them."""

import html
import re

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
NUMBERED = re.compile("(&#(?:[xX][0-9a-fA-F]+|[0-9]+);?)")
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
    return "".join(_kept(piece) or html.unescape(piece) for piece in NUMBERED.split(text))


def _kept(piece: str) -> str:
    """Returns the character of a reference that only html.unescape drops, "" for every other text."""
    if not NUMBERED.fullmatch(piece):
        return ""
    digits = piece[2:].rstrip(";")
    number = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
    unseen = number in UNSEEN or number in (0xB, 0x7F) or (number < 32 and number not in (0, 9, 10, 12, 13))
    return chr(number) if unseen else ""


@settings(deadline=None)
@given(st.lists(PIECES, max_size=5).map("".join))
def test_references_decode_as_in_the_standard_library(text: str) -> None:
    assert decoded(text) == plain(text)


def test_every_name_decodes() -> None:
    assert [decoded(f"&{name}") for name in NAMES] == [html.entities.html5[name] for name in NAMES]
