"""Finds the prefixes, suffixes and infixes at which a run of characters is cut, as spaCy 3.8 defines them for English.

A run is a sequence of characters without white space.
"""

from tokenmill.text.kernel.arrays import Bytes, Ushorts, int64
from tokenmill.text.kernel.cache import inlined, kernel
from tokenmill.text.kernel.classes import ALPHA, BEFORE_DOT, CURRENCY, ICON, LOWER, PREFIX, QUOTE, SUFFIX, UPPER
from tokenmill.text.kernel.points import point_at, point_before
from tokenmill.text.words.lexicon import Lexicon, find_word


@inlined
def prefix_of(lexicon: Lexicon, buffer: Bytes, low: int, high: int) -> int:
    """Returns the length in bytes of the prefix that the word splitter cuts off buffer[low:high], or 0 without one."""
    point, size = point_at(buffer, low, high)
    if lexicon.classes[point] & PREFIX:
        return size
    if point == 46:  # two full stops or more
        i = low + 1
        while i < high and buffer[i] == 46:
            i += 1
        return i - low if i - low > 1 else int64(0)
    if point == 43:  # a plus, but not before a digit
        return int64(0 if low + 1 < high and 48 <= buffer[low + 1] <= 57 else 1)
    if (point == 65 or point == 67) and low + 1 < high and buffer[low + 1] == 36:  # A$ C$
        return int64(2)
    if point == 85 and low + 2 < high and buffer[low + 1] == 83 and buffer[low + 2] == 36:  # US$
        return int64(3)
    return int64(0)


@inlined
def suffix_of(lexicon: Lexicon, buffer: Bytes, low: int, high: int, digits: bool) -> int:
    """Returns the length in bytes of the longest suffix that the word splitter cuts off buffer[low:high], or 0.

    Reads nothing before low. digits: whether the run has digits; otherwise no unit of measure is looked up.
    """
    if low >= high:
        return int64(0)
    last, start = point_before(buffer, low, high)
    before, second = point_before(buffer, low, start)
    if last == 46 and before == 46:
        while start > low and buffer[start - 1] == 46:
            start -= 1
        return high - start
    if last == 0x2026 and before == 0x2026:
        return high - second
    if (last == 115 or last == 83) and (before == 39 or before == 0x2019):  # 's
        return high - second
    flags = lexicon.classes[last]
    unit = _unit(lexicon, buffer, low, high) if digits else int64(0)
    if unit:
        return unit
    after_digit = 48 <= before <= 57
    if flags & SUFFIX or (after_digit and (flags & CURRENCY or last == 43)):
        return high - start
    if last == 46 and start > low and _ends_before_dot(lexicon, buffer, low, before, second):
        return int64(1)
    return int64(0)


@inlined
def _ends_before_dot(lexicon: Lexicon, buffer: Bytes, low: int, before: int, second: int) -> int:
    """Returns whether a full stop is cut off after the character `before`, which starts at byte `second`."""
    flags = lexicon.classes[before]
    if flags & BEFORE_DOT:
        return True
    third, _ = point_before(buffer, low, second)
    if second == low:
        return False
    degrees = third == 0xB0 and (before == 70 or before == 67 or before == 75)  # °F °C °K
    return degrees or (flags & UPPER and lexicon.classes[third] & UPPER)


@kernel
def _unit(lexicon: Lexicon, buffer: Bytes, low: int, high: int) -> int:
    """Returns the length in bytes of the unit of measure that ends the run right after a digit, or 0."""
    i = high - 1
    lowest = max(low, high - 12)
    while i >= lowest and not 48 <= buffer[i] <= 57:
        i -= 1
    if i < lowest or i == high - 1:
        return int64(0)
    return high - i - 1 if find_word(lexicon.units, buffer, i + 1, high) >= 0 else int64(0)


@inlined
def infix_at(classes: Ushorts, buffer: Bytes, low: int, i: int, high: int, point: int, size: int) -> int:
    """Returns the length in bytes of the infix at buffer[i] at which the word splitter cuts a run, or 0 without one.

    The run without its prefixes and suffixes is the core buffer[low:high]. The core is the run without its prefixes and
    suffixes. point, size: the character at buffer[i] and its bytes.
    """
    if classes[point] & ICON or point == 0x2026:
        return size
    if i + size >= high:
        return int64(0)
    prior, _ = point_before(buffer, low, i)
    following, _ = point_at(buffer, i + size, high)
    before, after = classes[prior], classes[following]
    digit_before = 48 <= prior <= 57
    if point == 46:
        if following == 46:
            end = i + 2
            while end < high and buffer[end] == 46:
                end += 1
            return end - i
        return size if before & (LOWER | QUOTE) and after & (UPPER | QUOTE) else int64(0)
    digit_after = 48 <= following <= 57 or following == 45  # a hyphen counts too
    if digit_before and digit_after and (point == 43 or point == 45 or point == 42 or point == 94):  # + - * ^
        return size
    if point == 44:
        return size if before & ALPHA and after & ALPHA else int64(0)
    if not (before & ALPHA or digit_before):
        return int64(0)
    if point == 58 or point == 60 or point == 62 or point == 61 or point == 47:  # : < > = /
        return size if after & ALPHA else int64(0)
    if point == 45 or point == 0x2013 or point == 0x2014 or point == 126:  # - – — ~
        end = i + size
        most = 3 if point == 45 else 2 if point == 0x2014 else 1
        while most > 1 and end + size <= high and point_at(buffer, end, high)[0] == point:
            end += size
            most -= 1
        if end < high and classes[point_at(buffer, end, high)[0]] & ALPHA:
            return end - i
    return int64(0)
