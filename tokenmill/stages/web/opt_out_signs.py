"""Reads what a page's publisher states about use by machines: robots directives and reservations of data mining.

Sources: the X-Robots-Tag header and the robots meta element (Google's specification; DeviantArt added `noai` and
`noimageai` in 2022); the header and the meta element of the TDM Reservation Protocol (W3C community group, 2024), which
is about text and data mining.
"""

import html
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

import pyarrow as pa

from tokenmill.text.html.meta import sign_elements
from tokenmill.text.words.segment import text_buffer

SIGNS_BYTES = 1 << 16  # the start of a page, which is searched for meta elements
_ATTRIBUTE = re.compile(rb"(?<![a-z-])([a-z-]{1,32})\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_AGENT = re.compile(r"robots|[\w.-]*bot")
_VALUED = ("max-snippet", "max-image-preview", "max-video-preview", "unavailable_after")


class Signs(NamedTuple):
    """The statements of a page's publisher.

    Attributes:
        robots: directives, sorted and separated by commas, those for one agent as `agent:directive`. Default "".
        tdm: "1" if mining is reserved, "0" if the publisher states that it is not, "" if there is no statement.
        policy: address at which licences are offered. Default "".
    """

    robots: str = ""
    tdm: str = ""
    policy: str = ""


def meta_elements(text: pa.Array) -> list[list[bytes]]:
    """Returns the `<meta>` elements of each page, large_string (rows,), that may be signs. A null has none."""
    data, offsets = text_buffer(pa.record_batch({"text": text}))
    found: list[list[bytes]] = [[] for _ in range(len(text))]
    for row, begin, end in zip(*sign_elements(data, offsets, SIGNS_BYTES), strict=True):
        found[row].append(data[begin:end].tobytes())
    return found


def signs(headers: Iterable[tuple[bytes, bytes]], elements: Iterable[bytes]) -> Signs:
    """Reads a publisher's opt-out from use by machines, from the HTTP header's fields and the page's meta elements.

    The names of the fields are in lower case, and the elements are UTF-8. The directives of both are merged. For the
    TDM protocol the header has priority.
    """
    robots: set[str] = set()
    told = {"tdm-reservation": "", "tdm-policy": ""}
    for field, value in headers:
        if field == b"x-robots-tag":
            robots |= _directives(_text(value))
        else:
            told[_text(field)] = told.get(_text(field)) or _text(value)
    for name, content in chain.from_iterable(map(_name_and_content, elements)):
        if name in told:
            told[name] = told[name] or content
        elif _AGENT.fullmatch(name):
            found = _directives(content)
            robots |= found if name == "robots" else {f"{name}:{directive}" for directive in found}
    tdm = told["tdm-reservation"].strip()
    return Signs(",".join(sorted(robots)), tdm if tdm in ("0", "1") else "", told["tdm-policy"][:2048])


def _directives(value: str) -> set[str]:
    """Returns the directives of `noai, noindex`, or of `ccbot: noai, noindex` with the agent before each; no values."""
    agent, found = "", set()
    for part in value.lower().split(","):
        name, colon, rest = (piece.strip() for piece in part.partition(":"))
        if colon and name not in _VALUED:
            agent, name = f"{name}:", rest.partition(":")[0].strip()
        if name and len(name) < 40:
            found.add(agent + name)
    return found


def _name_and_content(element: bytes) -> Iterator[tuple[str, str]]:
    attributes: dict[bytes, bytes] = {}
    for name, *values in _ATTRIBUTE.findall(element):
        attributes.setdefault(name.lower(), next(filter(None, values), b""))
    if b"name" in attributes and b"content" in attributes:
        yield _text(attributes[b"name"]).lower().strip(), html.unescape(_text(attributes[b"content"]))


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
