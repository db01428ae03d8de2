"""Finds `<meta>` elements of HTML pages that may address robots or text and data mining."""

from typing import Final

import numpy as np

from tokenmill.text.html.lexer import code_of, name_code
from tokenmill.text.kernel.arrays import Bytes, Longs, Offsets, int64
from tokenmill.text.kernel.cache import frozen, kernel

LONGEST: Final = 2048  # bytes of an element; longer elements are ignored
_NAME_BYTES: Final = 4
_META, _BODY, _BOT, _TDM = (name_code(name) for name in ("meta", "body", "bot", "tdm"))


def sign_elements(data: Bytes, offsets: Offsets, most: int) -> tuple[Longs, Longs, Longs]:
    """Returns (row, begin, end) of each `<meta>` element that contains `bot` or `tdm-` in any case, each int64.

    Only the first `most` bytes of a row up to the first `<body` count, and comments and scripts are searched too. begin
    and end are positions in data, without the closing `>`.
    """
    heads = np.minimum(np.diff(offsets), most)
    places = np.empty((3, int(heads.sum()) // (_NAME_BYTES + 1) + 1), dtype=np.int64)  # touched only as far as filled
    count = _find(data, offsets, most, *places)
    rows, begins, ends = places[:, :count]
    return rows, begins, ends


@kernel
def _find(data: Bytes, offsets: Offsets, most: int, rows: Longs, begins: Longs, ends: Longs) -> int:
    count = int64(0)
    for row in range(len(offsets) - 1):
        at = int64(offsets[row])
        end = min(int64(offsets[row + 1]), at + most)
        while at + _NAME_BYTES < end:
            if data[at] != 60:
                at += 1
                continue
            name = code_of(data, at + 1, at + 1 + _NAME_BYTES)
            if name == _BODY:
                break
            if name != _META:
                at += 1
                continue
            stop, is_sign = _element(data, at, min(end, at + LONGEST))
            if is_sign:
                rows[count], begins[count], ends[count] = row, at, stop
                count += 1
            at = max(stop, at + 1 + _NAME_BYTES)
    return count


@kernel
def _element(data: Bytes, at: int, end: int) -> tuple[int, bool]:
    """Returns (place of the `>` of the element at `at`, -1 if there is none before `end`; whether it may be a sign)."""
    is_sign = False
    while at < end:
        byte = data[at]
        if byte == 62:
            return at, is_sign
        if byte | 32 == 98 or byte | 32 == 116:  # b, t
            three = code_of(data, at, min(end, at + 3))
            is_sign |= three == _BOT or (three == _TDM and at + 3 < end and data[at + 3] == 45)
        at += 1
    return -1, False


def warm() -> None:
    """Compiles or loads the kernels of this module."""
    sign_elements(frozen(np.zeros(1, dtype=np.uint8)), frozen(np.array([0, 1])), 1)
