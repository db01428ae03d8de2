"""Finds the host name of each URL in the form in which a name server is asked for it, even if the URL disguises it.

It reads URLs as browsers do (WHATWG URL Standard, section 4). It removes surrounding white space, scheme, user, port
and trailing dots, treats backslashes as slashes, lower-cases letters, decodes percent codes, turns names beyond ASCII
into Punycode (UTS 46), and numbers of any base into the four numbers of an IPv4 address. A URL without scheme begins
with its host.
"""

import ipaddress
import re
import socket
import unicodedata
from typing import NamedTuple
from urllib.parse import unquote

import idna
import numpy as np

from tokenmill.text.kernel.arrays import Bytes, Longs, Offsets
from tokenmill.text.kernel.cache import frozen, kernel, pointer

LONGEST = 2048  # bytes of a host that is not a plain name; names have 253, but each byte may be written as `%61`

_PLAIN, _ODD = 1, 2
_NAME = re.compile(r"[a-z0-9._-]+")
_GONE = dict.fromkeys(map(ord, "\t\n\r"))  # browsers also remove them inside a host
_DOTS = dict.fromkeys(map(ord, "。．｡"), ".")


class Hosts(NamedTuple):
    """The hosts of some URLs: host r is buffer[starts[r]:ends[r]], and empty if there is none."""

    buffer: Bytes
    starts: Offsets
    ends: Offsets

    def name(self, row: int) -> str:
        """Returns the host of a row."""
        return self.buffer[self.starts[row] : self.ends[row]].tobytes().decode()


def hosts(buffer: Bytes, offsets: Offsets) -> tuple[Hosts, Longs]:
    """Returns (the host of each URL buffer[offsets[r]:offsets[r + 1]], the rows of those that need clean_host()).

    All other hosts are plain names and appear in the URL as they are, apart from upper case.
    """
    rows, first = len(offsets) - 1, int(offsets[0])
    lowered = np.empty(int(offsets[-1]) - first, dtype=np.uint8)
    starts, ends = (np.zeros(rows, dtype=np.int64) for _ in range(2))
    kinds = np.zeros(rows, dtype=np.uint8)
    _find_hosts(buffer, offsets, lowered, starts, ends, kinds)
    odd = np.flatnonzero(kinds == _ODD)
    if len(odd):
        clean = [clean_host(lowered[starts[row] : ends[row]].tobytes()).encode() for row in odd]
        places = len(lowered) + np.cumsum([0, *map(len, clean)])
        starts[odd], ends[odd] = places[:-1], places[1:]
        lowered = np.concatenate([lowered, np.frombuffer(b"".join(clean), dtype=np.uint8)])
    return Hosts(frozen(lowered), frozen(starts), frozen(ends)), odd


def without_www(found: Hosts) -> Hosts:
    """Returns the hosts of URLs without the `www.` at their start, also if it is repeated."""
    starts = np.array(found.starts)
    rows = np.flatnonzero(found.ends - starts >= 4)
    while len(rows):
        heads = found.buffer[starts[rows, np.newaxis] + np.arange(4)]
        rows = rows[(heads == np.frombuffer(b"www.", dtype=np.uint8)).all(axis=1)]
        starts[rows] += 4
        rows = rows[found.ends[rows] - starts[rows] >= 4]
    return found._replace(starts=frozen(starts))


def clean_host(raw: bytes) -> str:
    """Returns a URL's host in the form in which a name server is asked for it, or "" if it is not a valid host."""
    if len(raw) > LONGEST:
        return ""
    host = unquote(raw.decode(errors="replace").translate(_GONE)).lower()
    if host.startswith("["):
        return _ipv6(host[1:-1])
    if not host.isascii():
        host = _punycode(host)
    host = host.strip(".")
    if not _NAME.fullmatch(host):
        return ""
    return _ipv4(host) if is_number(host) else host


def is_number(host: str) -> bool:
    """Returns whether a URL's host is an IP address and not a name: no top-level domain begins with a digit."""
    return host.startswith("[") or host[host.rfind(".") + 1 :][:1].isdigit()


def _ipv4(host: str) -> str:
    """Returns the usual form of an IPv4 address, such as `127.0.0.1` for `0x7f.1` and `2130706433`."""
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return host


def _ipv6(host: str) -> str:
    try:
        return f"[{ipaddress.IPv6Address(host).compressed}]"
    except ValueError:
        return ""


def _punycode(host: str) -> str:
    """Returns the host by IDNA 2008 with UTS 46; if that does not allow it (emoji), each label in plain Punycode."""
    try:
        return idna.encode(host, uts46=True).decode()
    except UnicodeError:  # idna.IDNAError is a subclass
        labels = unicodedata.normalize("NFKC", host).lower().translate(_DOTS).split(".")
        return ".".join(label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in labels)


@kernel
def _find_hosts(buffer: Bytes, offsets: Offsets, lowered: Bytes, starts: Offsets, ends: Offsets, kinds: Bytes) -> None:
    source, text, first = pointer(buffer), pointer(lowered), offsets[0]
    for i in range(first, offsets[-1]):
        byte = source[i]
        text[i - first] = byte + 32 if 65 <= byte <= 90 else byte
    for row in range(len(kinds)):
        low, high = _host_range(text, offsets[row] - first, offsets[row + 1] - first)
        starts[row], ends[row] = low, high
        if low < high:
            kinds[row] = _PLAIN if is_plain(text, low, high) else _ODD


@kernel
def after_scheme(text: Bytes, low: int, high: int) -> int:
    """Returns the position after the scheme and slashes of the URL text[low:high].

    A single slash without a scheme belongs to a path and is not skipped.
    """
    i = low
    while i < high and (_is_name_byte(text[i]) or text[i] == 43):
        i += 1
    scheme = low < i and i + 1 < high and text[i] == 58 and _is_slash(text[i + 1])
    if scheme:
        low = i + 1
    after = low
    while after < high and _is_slash(text[after]):
        after += 1
    return low if after == low + 1 and not scheme else after


@kernel
def _host_range(text: Bytes, low: int, high: int) -> tuple[int, int]:
    low, high = trimmed(text, low, high)
    low = end = after_scheme(text, low, high)
    while end < high and not (_is_slash(text[end]) or text[end] == 63 or text[end] == 35):
        if text[end] == 64:  # @: everything before it is the user
            low = end + 1
        end += 1
    i = low
    if i < end and text[i] == 91:
        while i < end and text[i] != 93:
            i += 1
        return low, min(i + 1, end)
    while i < end and text[i] != 58:
        i += 1
    return without_dots(text, low, i)


@kernel
def is_plain(text: Bytes, low: int, high: int) -> bool:
    """Returns whether text[low:high] in a URL is a plain host name.

    That is: ASCII letters, digits, hyphens, underscores and dots, and a last label that does not begin with a digit.
    """
    label = low
    for i in range(low, high):
        if not _is_name_byte(text[i]):
            return False
        if text[i] == 46:
            label = i + 1
    return label < high and not 48 <= text[label] <= 57


@kernel
def trimmed(text: Bytes, low: int, high: int) -> tuple[int, int]:
    """Returns the range of a URL without blanks and control characters at its ends."""
    while low < high and text[low] <= 32:
        low += 1
    while low < high and text[high - 1] <= 32:
        high -= 1
    return low, high


@kernel
def without_dots(text: Bytes, low: int, high: int) -> tuple[int, int]:
    """Returns the range of a URL's host without dots at its ends."""
    while low < high and text[low] == 46:
        low += 1
    while low < high and text[high - 1] == 46:
        high -= 1
    return low, high


@kernel
def _is_name_byte(byte: int) -> bool:
    return 97 <= byte | 32 <= 122 or 48 <= byte <= 57 or byte == 45 or byte == 46 or byte == 95


@kernel
def _is_slash(byte: int) -> bool:
    return byte == 47 or byte == 92


def warm() -> None:
    """Compiles or loads the kernels of this module."""
    hosts(frozen(np.frombuffer(b"http://a.b/", dtype=np.uint8)), frozen(np.array([0, 11], dtype=np.int64)))
