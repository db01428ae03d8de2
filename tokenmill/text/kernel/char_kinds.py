"""A table of the results of str.isupper, isdigit, isdecimal, isalpha and isalnum for each code point, for kernels."""

from functools import cache

import numpy as np

from tokenmill.text.kernel.arrays import Bytes
from tokenmill.text.kernel.cache import frozen

UPPER = 1
DIGIT = 2  # str.isdigit, which includes superscripts
DECIMAL = 4  # str.isdecimal
ALPHABETIC = 8
ALPHANUMERIC = 16

_METHODS = (
    (UPPER, str.isupper),
    (DIGIT, str.isdigit),
    (DECIMAL, str.isdecimal),
    (ALPHABETIC, str.isalpha),
    (ALPHANUMERIC, str.isalnum),
)


@cache
def char_kinds() -> Bytes:
    """Returns flags for str.isupper, isdigit, isdecimal, isalpha, isalnum of each code point, uint8 (0x110000,).

    They are read-only.
    """
    table = np.zeros(0x110000, dtype=np.uint8)
    for point in (*range(0xD800), *range(0xE000, 0x32400)):  # above this there are no letters and digits
        character = chr(point)
        for flag, method in _METHODS:
            if method(character):
                table[point] |= flag
    return frozen(table)
