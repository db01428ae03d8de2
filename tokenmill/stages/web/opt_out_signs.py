"""Reads what a page's publisher states about use by machines: robots directives and reservations of data mining.

Sources: the X-Robots-Tag header and the robots meta element (Google's specification; DeviantArt added `noai` and
`noimageai` in 2022); the header and the meta element of the TDM Reservation Protocol (W3C community group, 2024), which
is about text and data mining.
"""

import html
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

SIGNS_BYTES = 1 << 16  # the start of a page, which is searched for meta elements
_META_BYTES = 2048
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


def signs(headers: Iterable[tuple[bytes, bytes]], page: bytes) -> Signs:
    """Reads a publisher's opt-out from use by machines, from the HTTP header's fields and the page.

    The names of the fields are in lower case, and the page is UTF-8. The directives of both are merged. For the TDM
    protocol the header has priority.
    """
    robots: set[str] = set()
    told = {"tdm-reservation": "", "tdm-policy": ""}
    for field, value in headers:
        if field == b"x-robots-tag":
            robots |= _directives(_text(value))
        else:
            told[_text(field)] = told.get(_text(field)) or _text(value)
    for name, content in _metas(page):
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


def _metas(page: bytes) -> Iterator[tuple[str, str]]:
    """Yields (name, content) of the meta elements in the page's head that may be signs."""
    body = page.find(b"<body", 0, SIGNS_BYTES)
    body = page.find(b"<BODY", 0, SIGNS_BYTES) if body < 0 else body
    head = page[: body if body >= 0 else SIGNS_BYTES]
    lower = head.lower()  # find() in lower case is ten times faster than a search that ignores case
    at = lower.find(b"<meta") if b"bot" in lower or b"tdm-" in lower else -1
    while at >= 0:
        stop = lower.find(b">", at, at + _META_BYTES)
        element = lower[at:stop] if stop >= 0 else b""
        if b"bot" in element or b"tdm-" in element:
            yield from _name_and_content(head[at:stop])
        at = lower.find(b"<meta", max(stop, at + 5))


def _name_and_content(element: bytes) -> Iterator[tuple[str, str]]:
    attributes: dict[bytes, bytes] = {}
    for name, *values in _ATTRIBUTE.findall(element):
        attributes.setdefault(name.lower(), next(filter(None, values), b""))
    if b"name" in attributes and b"content" in attributes:
        yield _text(attributes[b"name"]).lower().strip(), html.unescape(_text(attributes[b"content"]))


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
