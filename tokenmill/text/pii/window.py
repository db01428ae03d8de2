"""A place in a text and what stands around it, as strings, with the way back to bytes."""

from array import array
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

PiiKind = Literal["EMAIL_ADDRESS", "PHONE_NUMBER", "IP_ADDRESS", "CREDIT_CARD", "IBAN_CODE"]
Ip = Literal["all", "public"]

_WIDE = {point: point - 0xFEE0 for point in range(0xFF01, 0xFF5F)}
_ARABIC = {base + digit: 48 + digit for base in (0x660, 0x6F0) for digit in range(10)}
_BLANKS = dict.fromkeys([0xA0, 0x202F, 0x3000, *range(0x2000, 0x200C)], 32)
_DASHES = dict.fromkeys([0x2212, 0x30FC, *range(0x2010, 0x2015)], 45)  # U+30FC, ー, is typed for a dash in Japan
PLAIN = {**_WIDE, **_ARABIC, **_BLANKS, **_DASHES}
"""For str.translate, one character for one: digits and marks of any width to ASCII, blanks to a space, dashes to -."""


class PiiSpan(NamedTuple):
    """Personal data in bytes start to end of the buffer; of two that overlap the one with the lower rank is meant.

    kind: None for what is certainly something else and stays.
    """

    start: int
    end: int
    kind: PiiKind | None
    rank: int


class Window:
    """Bytes start to end of a buffer, of a document that lies in bytes low to high of it. All at character bounds."""

    __slots__ = ("_places", "data", "end", "high", "low", "start", "text")

    def __init__(self, data: memoryview, low: int, high: int, start: int, end: int) -> None:
        self.data, self.low, self.high, self.start, self.end = data, low, high, start, end
        self.text: str = _plain(bytes(data[start:end]))
        """The place itself, with PLAIN characters: as many as it has."""
        self._places: Sequence[int] | None = None

    def before(self, most: int) -> str:
        """Up to `most` bytes before it, PLAIN."""
        return _plain(bytes(self.data[max(self.low, self.start - most) : self.start]))

    def after(self, most: int) -> str:
        """Up to `most` bytes after it, PLAIN."""
        return _plain(bytes(self.data[self.end : min(self.high, self.end + most)]))

    def after_end(self, characters: int) -> int:
        """Where in the buffer the first so many characters after it end."""
        following = bytes(self.data[self.end : min(self.high, self.end + 4 * characters)])
        return self.end + len(following.decode(errors="ignore")[:characters].encode())

    def span(self, first: int, last: int, kind: PiiKind, rank: int) -> PiiSpan:
        """Characters first to last of text, as a PiiSpan."""
        return PiiSpan(self._place(first), self._place(last), kind, rank)

    def part(self, first: int, last: int) -> "Window":
        """Characters first to last of text, as a window of their own."""
        return Window(self.data, self.low, self.high, self._place(first), self._place(last))

    def _place(self, character: int) -> int:
        """Where in the buffer that character of text is."""
        if self.end - self.start == len(self.text):
            return self.start + character
        if self._places is None:
            content = np.frombuffer(self.data[self.start : self.end], dtype=np.int8)
            self._places = array("q", np.append(np.flatnonzero(content >= -64), len(content)))  # all but 10xxxxxx
        return self.start + self._places[character]


def _plain(content: bytes) -> str:
    if content.isascii():
        return content.decode("ascii")
    return content.decode("utf-8", errors="ignore").translate(PLAIN)
