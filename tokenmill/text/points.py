"""Reading UTF-8 in kernels, one code point at a time, forwards and backwards."""

import numpy as np

from tokenmill.text.cache import kernel


@kernel
def point_at(buffer, i, end):  # type: ignore[no-untyped-def]
    """(code point, bytes it takes) at buffer[i]; a byte that starts no UTF-8 sequence before end is U+FFFD, one byte."""
    lead = np.int64(buffer[i])
    if lead < 0x80:
        return lead, np.int64(1)
    if 0xC0 <= lead < 0xE0 and i + 1 < end:
        return (lead & 0x1F) << 6 | np.int64(buffer[i + 1]) & 0x3F, np.int64(2)
    if 0xE0 <= lead < 0xF0 and i + 2 < end:
        return (lead & 0xF) << 12 | (np.int64(buffer[i + 1]) & 0x3F) << 6 | np.int64(buffer[i + 2]) & 0x3F, np.int64(3)
    if 0xF0 <= lead < 0xF5 and i + 3 < end:
        high = (lead & 7) << 18 | (np.int64(buffer[i + 1]) & 0x3F) << 12
        point = high | (np.int64(buffer[i + 2]) & 0x3F) << 6 | np.int64(buffer[i + 3]) & 0x3F
        return min(point, 0x10FFFF), np.int64(4)
    return np.int64(0xFFFD), np.int64(1)


@kernel
def point_before(buffer, low, end):  # type: ignore[no-untyped-def]
    """(code point, where it starts) of the character that ends at end, not before low; (0, low) if there is none."""
    if end <= low:
        return np.int64(0), low
    i = end - 1
    while i > low and end - i < 4 and buffer[i] & 0xC0 == 0x80:
        i -= 1
    return point_at(buffer, i, end)[0], i
