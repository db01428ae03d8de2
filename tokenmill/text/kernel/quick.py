"""Finds, for sixteen bytes at once, which of them surely continue a word. So most words are found without a loop.

The processor compares sixteen bytes at once, but only with ranges. So "quiet" bytes here are a subset of the idle bytes
of the class table (see Lexicon.idle).
"""

from collections.abc import Callable

from tokenmill.text.kernel.arrays import Bytes
from tokenmill.text.kernel.cache import intrinsic

WIDTH = 16
LETTERS = ((0x61, 0x7A),)  # and the capitals, which are 0x20 less
OTHERS = ((0x80, 0xC1), (0xC3, 0xD1), (0xE5, 0xE9), (0xEB, 0xED))
"""Ranges of bytes, which include their ends. Quiet bytes are ASCII letters and the bytes in OTHERS. The latter occur in
the UTF-8 of letters beyond ASCII and of the marks on them.
"""
DIGITS = ((0x30, 0x39),)

quiet_and_digits: Callable[[Bytes, int], tuple[int, int]] = intrinsic("quiet_and_digits")
"""In a kernel: returns two int64. Bit k of the first is set if buffer[i + k] is quiet or an ASCII digit, bit k of the
second if it is an ASCII digit.

buffer: a pointer to bytes. The WIDTH bytes from i on must be readable.
"""
