"""Finds `<meta>` elements of HTML pages that may address robots or text and data mining."""

from typing import Final

import numpy as np

from tokenmill.text.html.lexer import find_byte
from tokenmill.text.kernel.arrays import Bytes, Longs, Offsets, int64
from tokenmill.text.kernel.cache import frozen, kernel

LONGEST: Final = 2048  # bytes of an element with its `>`; longer elements are ignored
_NAME_BYTES: Final = 4
_META, _BODY, _BOT, _TDM = b"meta", b"body", b"bot", b"tdm"


def sign_elements(data: Bytes, offsets: Offsets, most: int) -> tuple[Longs, Longs, Longs]:
    """Returns (row, begin, end) of each `<meta>` element that contains `bot` or `tdm-` in any case, each int64.

    Only the first `most` bytes of a row up to the first `<body` count, and comments and scripts are searched too. begin
    and end are positions in data, without the closing `>`. The first `>` ends an element, also one in a quoted value:
    a quote that is never closed would hide all elements behind it.
    """
    heads = np.minimum(np.diff(offsets), most)
    places = np.empty((3, int(heads.sum()) // (_NAME_BYTES + 2) + 1), dtype=np.int64)  # touched only as far as filled
    count = _find(data, offsets, most, *places)
    rows, begins, ends = places[:, :count]
    return rows, begins, ends


@kernel
def _find(data: Bytes, offsets: Offsets, most: int, rows: Longs, begins: Longs, ends: Longs) -> int:
    count = int64(0)
    for row in range(len(offsets) - 1):
        at = int64(offsets[row])
        end = min(int64(offsets[row + 1]), at + most)
        searched = at  # no `>` stands from `at` up to here, so that no byte is searched twice
        while at + _NAME_BYTES + 1 < end:
            if data[at] != 60 or not _ends_name(data[at + 1 + _NAME_BYTES]):
                at += 1
                continue
            if _is_word(data, at + 1, _BODY):
                break
            if not _is_word(data, at + 1, _META):
                at += 1
                continue
            limit = min(end, at + LONGEST)
            stop = find_byte(data, max(at, searched), limit, 62)
            if stop == limit:
                searched = limit
                at += 1 + _NAME_BYTES
                continue
            if _is_sign(data, at, stop):
                rows[count], begins[count], ends[count] = row, at, stop
                count += 1
            at = stop
    return count


@kernel
def _ends_name(byte: int) -> bool:
    """Whether the byte stands behind the name of a tag: white space, `/` or `>`."""
    return byte <= 32 or byte == 47 or byte == 62


@kernel
def _is_word(data: Bytes, at: int, word: bytes) -> bool:
    """Whether data[at:] begins with the word, which is in small letters, in capitals or not."""
    for place, letter in enumerate(word):  # noqa: SIM110 (a generator does not compile)
        if data[at + place] | 32 != letter:
            return False
    return True


@kernel
def _is_sign(data: Bytes, at: int, end: int) -> bool:
    """Whether the element data[at:end] contains `bot` or `tdm-`."""
    for place in range(at, end - 2):
        first = data[place] | 32
        if first == 98 and _is_word(data, place, _BOT):
            return True
        if first == 116 and place + 3 < end and data[place + 3] == 45 and _is_word(data, place, _TDM):
            return True
    return False


def warm() -> None:
    """Compiles or loads the kernels of this module."""
    sign_elements(frozen(np.zeros(1, dtype=np.uint8)), frozen(np.array([0, 1])), 1)
