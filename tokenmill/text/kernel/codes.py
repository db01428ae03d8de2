"""Stores words as codes: one byte per word in most cases, and never more bytes than the text has.

A word of 1 to 127 bytes after a gap of 0 or 1 bytes is the byte (length << 1 | gap). In front of a word, (1, n) skips
n + 1 bytes, any number of times. (0, b0, b1, b2, b3) is a word without a gap; the four bytes are its length,
little-endian. Kernels pass pointers to these functions.
"""

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, int64
from tokenmill.text.kernel.cache import inlined, kernel


@inlined
def put_word(codes: Bytes, at: int, gap: int, length: int) -> int:
    """Writes the code of a split word of `length` bytes, `gap` bytes after the last one; returns the next `at`."""
    if gap > 1 or length > 127:
        while gap > 0:
            step = min(gap, 256)
            codes[at] = 1
            codes[at + 1] = step - 1
            at += 2
            gap -= step
    if length > 127:
        codes[at] = 0
        for i in range(4):
            codes[at + 1 + i] = (length >> (8 * i)) & 255
        return at + 5
    codes[at] = length << 1 | gap
    return at + 1


@inlined
def next_word(codes: Bytes, at: int, position: int) -> tuple[int, int, int]:
    """Returns (next `at`, start, end) of the split word whose code is at codes[at].

    position: the end of the last word, 0 for the first.
    """
    code = int64(codes[at])
    while code == 1:
        position += int64(codes[at + 1]) + 1
        at += 2
        code = int64(codes[at])
    if code == 0:
        length = int64(0)
        for i in range(4):
            length |= int64(codes[at + 1 + i]) << (8 * i)
        return at + 5, position, position + length
    start = position + (code & 1)
    return at + 1, start, start + (code >> 1)


@kernel
def put_cut(cuts: np.uint64, length: int, gap: int, codes: Bytes, at: int) -> int:
    """Writes the codes of the words of an exception of `length` bytes, cut after each byte whose bit in `cuts` is set.

    Returns the next `at`.
    """
    start = int64(0)
    for i in range(length):
        if (cuts >> np.uint64(i)) & np.uint64(1):
            at = put_word(codes, at, gap, i + 1 - start)
            gap, start = int64(0), int64(i + 1)
    return at
