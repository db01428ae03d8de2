"""Recognises URLs, host names and e-mail addresses, which the splitter does not cut."""

from tokenmill.text.kernel.arrays import Bytes, Ushorts, int64
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.kernel.classes import LETTER, LOWER
from tokenmill.text.kernel.points import point_at


@kernel
def is_address(classes: Ushorts, buffer: Bytes, low: int, high: int) -> bool:
    """Returns whether the run buffer[low:high] of a split text looks like a URL, a host name or an e-mail address."""
    i, letters = low, 0
    point, size = point_at(buffer, i, high)
    while i < high and (classes[point] & LETTER or 48 <= point <= 57 or point in (43, 45, 46, 95, 0xB2, 0xB3)):
        i += size
        letters += 1
        point, size = point_at(buffer, min(i, high - 1), high)
    if letters >= 2 and i + 2 < high and buffer[i] == 58 and buffer[i + 1] == 47 and buffer[i + 2] == 47:
        found = _is_host(classes, buffer, i + 3, high)
    else:
        found = False
    found = found or _is_host(classes, buffer, low, high)
    i = low + 1
    while i < high - 1 and not found:
        found = buffer[i] == 64 and _is_host(classes, buffer, i + 1, high)
        i += 1
    return found


@kernel
def _is_host(classes: Ushorts, buffer: Bytes, low: int, high: int) -> bool:
    """Returns whether buffer[low:high] is a host, optionally with a port, then optionally a path, query or fragment."""
    i = start = low  # start: first byte of the current label
    tail = int64(0)  # number of characters of the current label so far
    lower = good = True  # the label is all lower case; it does not start with a hyphen or underscore
    last_good = False  # the last character is neither a hyphen nor an underscore
    labels = int64(0)
    digits_only = True
    while i < high:
        point, size = point_at(buffer, i, high)
        flags = classes[point]
        inner = point == 45 or point == 95
        if point == 46:
            if tail == 0 or tail > 64 or not good or not last_good:
                return False
            labels += 1
            tail = int64(0)
            start = i + 1
            lower = good = True
        elif inner or 48 <= point <= 57 or 65 <= point <= 90 or 97 <= point <= 122 or 0xA1 <= point <= 0xFFFF:
            if tail == 0 and inner:
                good = False
            last_good = not inner
            if not flags & LOWER:
                lower = False
            if not 48 <= point <= 57:
                digits_only = False
            tail += 1
        else:
            break
        i += size
    if digits_only and labels == 3 and tail:
        if not _is_public_address(buffer, low, i):
            return False
    elif labels == 0 or not lower or not good or tail < 2 or tail > 63 or start == i:
        return False
    if i < high and buffer[i] == 58:
        port = i + 1
        i = port
        while i < high and 48 <= buffer[i] <= 57:
            i += 1
        if i - port < 2 or i - port > 5:
            return False
    return i == high or buffer[i] == 47 or buffer[i] == 63 or buffer[i] == 35


@kernel
def _is_public_address(buffer: Bytes, low: int, high: int) -> bool:
    """Returns whether the four numbers in buffer[low:high] are an IPv4 address outside private and reserved ranges."""
    a = b = c = d = int64(0)  # the last four numbers read
    last = low
    for i in range(low, high):
        if buffer[i] == 46:
            a, b, c, d = b, c, d, int64(0)
            last = i + 1
        else:
            d = min(d * 10 + int64(buffer[i]) - 48, int64(1000))
    if buffer[low] == 48 or buffer[last] == 48:
        return False
    if a < 1 or a > 223 or b > 255 or c > 255 or d < 1 or d > 254:
        return False
    private = a == 10 or a == 127 or (a == 169 and b == 254) or (a == 192 and b == 168) or (a == 172 and 16 <= b <= 31)
    return not private
