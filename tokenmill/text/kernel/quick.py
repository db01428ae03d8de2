"""Sixteen bytes at a time: which of them surely go on with a word, so that most words are found without a loop.

The processor compares sixteen bytes at once, but only with ranges; so what it calls quiet is a part of what the class
table calls idle.
"""

from collections.abc import Callable

from tokenmill.text.kernel.arrays import Bytes
from tokenmill.text.kernel.cache import intrinsic

WIDTH = 16
LETTERS = ((0x61, 0x7A),)  # and 0x20 less, the capitals
OTHERS = ((0x80, 0xC1), (0xC3, 0xD1), (0xE5, 0xE9), (0xEB, 0xED))
"""Ranges of bytes, ends included: quiet are ASCII letters, and what other characters are made of that are letters or
marks on them.
"""
DIGITS = ((0x30, 0x39),)

quiet_and_digits: Callable[[Bytes, int], tuple[int, int]] = intrinsic("quiet_and_digits")
"""In a kernel: (bit k set: buffer[i + k] is quiet or an ASCII digit; the same for digits alone), two int64.

buffer: a pointer to bytes, of which WIDTH from i on may be read.
"""
