"""What a page's publisher says about use by machines: robots directives and reservations of text and data mining.

Sources: the X-Robots-Tag header and the robots meta element (Google's specification; `noai` and `noimageai` were added
by DeviantArt in 2022), the TDM Reservation Protocol (W3C community group, 2024) and its two ways, header and meta.
"""

import html
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

SIGNS_BYTES = 1 << 16  # where meta elements are looked for
_META_BYTES = 2048
_ATTRIBUTE = re.compile(rb"(?<![a-z-])([a-z-]{1,32})\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_AGENT = re.compile(r"robots|[\w.-]*bot")
_VALUED = ("max-snippet", "max-image-preview", "max-video-preview", "unavailable_after")


class Signs(NamedTuple):
    """robots: directives, sorted, with a comma between, those for one agent as `agent:directive`; "" if none. tdm:
    "1" if mining is reserved, "0" if it is said not to be, "" if nothing is. policy: where licences are offered.
    """

    robots: str = ""
    tdm: str = ""
    policy: str = ""


def signs(headers: Iterable[tuple[bytes, bytes]], page: bytes) -> Signs:
    """What the HTTP header's fields (name in lower case, value) and the page, as UTF-8, say; the header goes first."""
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
    """The directives of `noai, noindex`, of `ccbot: noai, noindex` with the agent before each, without values."""
    agent, found = "", set()
    for part in value.lower().split(","):
        name, colon, rest = (piece.strip() for piece in part.partition(":"))
        if colon and name not in _VALUED:
            agent, name = f"{name}:", rest.partition(":")[0].strip()
        if name and len(name) < 40:
            found.add(agent + name)
    return found


def _metas(page: bytes) -> Iterator[tuple[str, str]]:
    """(name, content) of the meta elements in the page's head that may be signs."""
    body = page.find(b"<body", 0, SIGNS_BYTES)
    body = page.find(b"<BODY", 0, SIGNS_BYTES) if body < 0 else body
    head = page[: body if body >= 0 else SIGNS_BYTES]
    lower = head.lower()  # searching for small letters is ten times faster than searching for any
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
