"""Whether a place that looks like an e-mail or IP address is one.

E-mail: local part and host as they are written in practice (RFC 5321 without quoted local parts), in any script with
upper and lower case; a host in a script without case (Chinese, Arabic) is not seen. IP: the text forms of RFC 791 and
RFC 4291.
"""

import ipaddress
import re

from tokenmill.text.pii.window import PiiSpan, Window

MAIL_RANK, IP_RANK = 0, 3

_AT = re.compile(r"@|%40")
_LEADING = re.compile(r"(?:%[0-9A-Fa-f]{2}|[.+'-])*")
_VERSION = re.compile(r"\d+\.\d+")
_FILE_ENDINGS = "png jpg jpeg gif svg webp bmp ico css js mjs ts map json html htm php pdf txt md mp3 mp4 woff"
_FILES = frozenset(_FILE_ENDINGS.split())


def mail_spans(window: Window) -> list[PiiSpan]:
    """The e-mail address in a MAIL place, or nothing."""
    text = window.text
    at = _AT.search(text)
    if at is None:
        return []
    first = _LEADING.match(text).end()  # type: ignore[union-attr]  # it matches nothing if nothing else
    local, host = text[first : at.start()], text[at.end() :]
    length = _host_length(host)
    if not length or not any(character.isalnum() for character in local):
        return []
    if local == "git" and window.after(1) == ":":  # git@host:path names a repository
        return []
    span = window.span(first, at.end() + length, "EMAIL_ADDRESS", MAIL_RANK)
    if first == 0 and window.before(1) == "=" and _host_length(local) == len(local):
        return [span._replace(start=span.start - _returned_to(window))]
    return [span]


def _host_length(host: str) -> int:
    """Characters of the host name or address literal that the text begins with; 0 if it begins with none."""
    if host.startswith("["):
        return len(host) if _is_address(host[1:-1].removeprefix("IPv6:")) else 0
    if _VERSION.match(host):
        return 0
    labels: list[str] = []
    for label in host.split("."):
        if not label or label.startswith("-") or len(label) > 63:
            break
        if len(labels) >= 2 and label.istitle() and not labels[-1][:1].isupper() and _top(labels[-1]):
            break  # the next sentence, its space missing
        labels.append(label)
    while len(labels) >= 2:
        top = _top(labels[-1])
        if top.lower() in _FILES:
            return 0
        if top:
            return sum(len(label) + 1 for label in labels[:-1]) + len(top)
        labels.pop()
    return 0


def _top(label: str) -> str:
    """The top-level domain that the label begins with; what follows it was not meant to be part of the address."""
    for pattern in _TOPS:
        if found := pattern.match(label):
            return found[0]
    return ""


_TOPS = (
    re.compile(r"xn--[a-z0-9-]+", re.IGNORECASE),
    re.compile(r"[a-z]{2,}(?=[A-Z][a-z])"),  # comPhone
    re.compile(r"[A-Za-z]{2,}"),
    re.compile(r"[^\W\d_]{2,}"),
)


def _returned_to(window: Window) -> int:
    """Bytes before the place that name the person where mail bounces: `name=host.org@` after bounces+ or srs0-."""
    before = window.before(65)[:-1]
    found = re.search(r"[A-Za-z0-9._%+'-]{1,64}\Z", before)
    return len(found[0]) + 1 if found else 0


def v4_spans(window: Window, *, public_only: bool) -> list[PiiSpan]:
    """The IP address in a V4 place, or nothing: not versions or section numbers, nor what names no single host.

    Addresses of which each number is below 20 count only where the text speaks of addresses: 1 public address in 25,000
    is like that, but most version and section numbers are.
    """
    if window.end - window.start > 60:
        return []
    text = window.text
    groups = text.split(".")
    if len(groups) != 4 or any((len(group) > 1 and group[0] == "0") or int(group) > 255 for group in groups):
        return []
    before, after = window.before(48), window.after(4)
    if groups[3] == "0" and re.match(r"/\d", after):  # a network
        return []
    if _NO_ADDRESS_BEFORE.search(before) or _NO_ADDRESS_AFTER.match(after):
        return []
    if all(int(group) < 20 for group in groups):
        named = _OF_ADDRESSES.search(before) and not _HEADING.search(before)
        if not (named or re.match(r":\d", after)):
            return []
    address = ipaddress.IPv4Address(text)
    if address.is_loopback or address.is_multicast or groups[0] == "0" or int(groups[0]) >= 240:
        return []
    if public_only and not address.is_global:
        return []
    return [window.span(0, len(text), "IP_ADDRESS", IP_RANK)]


_NO_ADDRESS_BEFORE = re.compile(
    r"(?:[A-Za-z0-9_][./]|[A-Za-z0-9_.§]|(?<![a-z])(?:v|ver|version|release|build|firmware|driver|update|kernel|section"
    r"|sec|chapter|clause|rule|figure|fig|table|article|art|appendix|paragraph|para|nr|no|abschnitt|kapitel)[.:]? ?)\Z",
    re.IGNORECASE,
)
_HEADING = re.compile(r"(?:\A|\n)\s*\Z")
_NO_ADDRESS_AFTER = re.compile(r"[A-Za-z0-9_]|-[A-Za-z]")
_OF_ADDRESSES = re.compile(
    r"(?<![a-z_])(?:ips?|ipv4|address(?:es)?|addr|hosts?|servers?|ping|dns|gateway|proxy|router|inet|adresse|direcci[oó]n)"
    r"(?![a-z])|//\Z|@\Z",
    re.IGNORECASE,
)


def v6_spans(window: Window, *, public_only: bool) -> list[PiiSpan]:
    """The IP address in a V6 place, or nothing: C++ and Ruby names, times and key fingerprints have colons too."""
    if window.end - window.start > 48:
        return []
    text = window.text.rstrip(".")
    if text.endswith(":") and not text.endswith("::"):
        text = text[:-1]
    followed = window.end - window.start == len(text) and re.match(r"\w", window.after(4))
    if followed or re.search(r"[\w:.]\Z", window.before(4)):
        return []
    if not _is_address(text):
        return []
    address = ipaddress.IPv6Address(text)
    groups = text.split(":")
    if address.is_multicast or address.is_loopback or address.is_unspecified:
        return []
    if "::" in text:  # std::, a::b: short forms only where the beginning is one in use
        unicast = address in _UNICAST and len(groups[0]) == 4
        if not (unicast or address.ipv4_mapped or address.is_link_local or address in _UNIQUE_LOCAL):
            return []
    elif len({len(group) for group in groups}) == 1 and len(groups[0]) <= 2:
        return []
    if public_only and not address.is_global:
        return []
    return [window.span(0, len(text), "IP_ADDRESS", IP_RANK)]


_UNIQUE_LOCAL = ipaddress.IPv6Network("fc00::/7")
_UNICAST = ipaddress.IPv6Network("2000::/3")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
