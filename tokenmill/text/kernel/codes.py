"""How words are kept: one byte a word in most cases, never more bytes than the text has.

A code is (length << 1 | gap) for a word of 1 to 127 bytes after a gap of 0 or 1 bytes; before it (1, n) skips n + 1
bytes, any number of times; (0, b0, b1, b2, b3) is a word of that many bytes, little-endian, after no gap. Kernels give
pointers.
"""

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, int64
from tokenmill.text.kernel.cache import inlined, kernel


@inlined
def put_word(codes: Bytes, at: int, gap: int, length: int) -> int:
    """Write the code of a word of `length` bytes that starts `gap` bytes after the one before; return the next `at`."""
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
    """(next `at`, start, end) of the word coded at codes[at]; position: end of the word before, 0 for the first."""
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
    """Write the codes of an exception of `length` bytes that is cut after each byte whose bit is set; return the next
    `at`.
    """
    start = int64(0)
    for i in range(length):
        if (cuts >> np.uint64(i)) & np.uint64(1):
            at = put_word(codes, at, gap, i + 1 - start)
            gap, start = int64(0), int64(i + 1)
    return at
