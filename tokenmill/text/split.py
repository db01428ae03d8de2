"""The word splitter: cuts a run of characters without white space into words, as spaCy 3.8 does for English.

A run loses prefixes and suffixes (punctuation, quotes, symbols, `'s`, units after a digit) until an exception or
nothing to lose is left; what is left is cut at infixes (hyphens, commas, slashes between letters) unless it is a URL or
an address. Exceptions are looked for at every step, and at the end among neighbouring words. Time is linear in the
length of the run.

A word in a script without spaces (Chinese, Japanese, Thai) is what lies between two spaces, punctuation cut off: a
clause.
"""

from functools import cache

import numpy as np

from tokenmill.text.addresses import is_address
from tokenmill.text.cache import kernel, pointer
from tokenmill.text.classes import ALPHA, BEFORE_DOT, BUSY, CURRENCY, ICON, LOWER, PREFIX, QUOTE, SPACE, SUFFIX, UPPER
from tokenmill.text.codes import put_cut, put_word
from tokenmill.text.lexicon import (
    Lexicon,
    find_word,
    lexicon_of_exceptions,
    lexicon_pointers,
    may_be_member,
    with_rejoined,
    word_set,
)
from tokenmill.text.points import point_at, point_before
from tokenmill.text.rejoin import rejoin


@kernel
def split_document(lexicon, buffer, start, end, codes, at):  # type: ignore[no-untyped-def]
    """Write the codes of the words in buffer[start:end] from codes[at] on, end - start bytes at most; return the next
    `at`.
    """
    classes, plain = lexicon.classes, lexicon.plain
    position = start
    i = start
    while i < end:
        first = i
        while i < end and plain[buffer[i]]:
            i += 1
        if first < i:  # short cuts for nine runs of ten: a word, or a word and a mark, before a blank
            if i == end or buffer[i] == 32 or buffer[i] == 10:
                gap, length = first - position, i - first
                if gap <= 1 and length <= 127 and not may_be_member(lexicon.exceptions, buffer, first, i):
                    codes[at] = length << 1 | gap  # as put_word does
                    at += 1
                else:
                    at = _put_known(lexicon, buffer, first, i, gap, codes, at)
                position = i
                i += 1
                continue
            before_blank = i + 1 == end or buffer[i + 1] == 32 or buffer[i + 1] == 10
            if before_blank and _is_word_and_mark(lexicon, buffer, first, i):
                at = put_word(codes, at, first - position, i - first)
                codes[at] = 2
                at += 1
                position = i + 1
                i += 2
                continue
        seen = np.uint16(0)
        while i < end:
            point, size = point_at(buffer, i, end)
            flags = classes[point]
            if flags & SPACE:
                break
            seen |= flags
            i += size
        if i == first:
            i += size
            continue
        if seen & BUSY:
            at = _split_run(lexicon, buffer, first, i, first - position, codes, at)
        else:
            at = _put_known(lexicon, buffer, first, i, first - position, codes, at)
        position = i
    return at


@kernel
def _is_word_and_mark(lexicon, buffer, low, high):  # type: ignore[no-untyped-def]
    """Whether the run of the plain word buffer[low:high] and the byte after it is cut between them and nowhere else."""
    mark = buffer[high]
    is_suffix = mark < 0x80 and lexicon.classes[mark & 0x7F] & SUFFIX
    if not is_suffix and not (mark == 46 and lexicon.classes[buffer[high - 1]] & BEFORE_DOT):
        return False
    members = lexicon.exceptions
    return not (may_be_member(members, buffer, low, high + 1) or may_be_member(members, buffer, low, high))


@kernel
def _put_known(lexicon, buffer, low, high, gap, codes, at):  # type: ignore[no-untyped-def]
    """Write buffer[low:high] as the exception that it is, else as one word."""
    number = find_word(lexicon.exceptions, buffer, low, high)
    if number >= 0:
        return put_cut(lexicon.cuts[number], high - low, gap, codes, at)
    return put_word(codes, at, gap, high - low)


@kernel
def _is_exception(lexicon, buffer, low, high):  # type: ignore[no-untyped-def]
    return find_word(lexicon.exceptions, buffer, low, high) >= 0


@kernel
def _split_run(lexicon, buffer, low, high, gap, codes, at):  # type: ignore[no-untyped-def]
    """Write the words of one run. Suffixes come off back to front, so their codes wait where the run's room ends."""
    begin, length = at, high - low
    room = back = at + gap + length  # codes take no more than the bytes they stand for
    first_gap, origin = gap, low
    exact = False
    while low < high:
        if _is_exception(lexicon, buffer, low, high):
            exact = True
            break
        front = _prefix(lexicon, buffer, low, high)
        if front and _is_exception(lexicon, buffer, low + front, high):
            at = put_word(codes, at, gap, front)
            gap = np.int64(0)
            low += front
            exact = True
            break
        rear = _suffix(lexicon, buffer, low + front, high)
        if rear and _is_exception(lexicon, buffer, low, high - rear):
            back = _put_back(codes, back, rear)
            high -= rear
            exact = True
            break
        if front == 0 and (rear == 0 or rear == high - low):
            break
        if front:
            at = put_word(codes, at, gap, front)
            gap = np.int64(0)
            low += front
        if rear:
            back = _put_back(codes, back, rear)
            high -= rear
    if exact:
        at = _put_known(lexicon, buffer, low, high, gap, codes, at)
    elif low < high:
        at = _put_core(lexicon, buffer, low, high, gap, codes, at)
    while back < room:
        codes[at] = codes[back]
        at += 1
        back += 1
    if at - begin > 2 and lexicon.rejoined_most:  # two words are the whole run, which is no exception
        at = rejoin(lexicon, buffer, origin, length, first_gap, codes, begin, at)
    return at


@kernel
def _put_back(codes, back, length):  # type: ignore[no-untyped-def]
    """Write a word's code so that it ends before codes[back]; return where it starts."""
    back -= 5 if length > 127 else 1
    put_word(codes, back, np.int64(0), length)
    return back


@kernel
def _prefix(lexicon, buffer, low, high):  # type: ignore[no-untyped-def]
    """Bytes of the prefix of buffer[low:high], 0 for none."""
    point, size = point_at(buffer, low, high)
    if lexicon.classes[point] & PREFIX:
        return size
    if point == 46:  # two full stops or more
        i = low + 1
        while i < high and buffer[i] == 46:
            i += 1
        return i - low if i - low > 1 else np.int64(0)
    if point == 43:  # a plus, but not before a digit
        return np.int64(0 if low + 1 < high and 48 <= buffer[low + 1] <= 57 else 1)
    if (point == 65 or point == 67) and low + 1 < high and buffer[low + 1] == 36:  # A$ C$
        return np.int64(2)
    if point == 85 and low + 2 < high and buffer[low + 1] == 83 and buffer[low + 2] == 36:  # US$
        return np.int64(3)
    return np.int64(0)


@kernel
def _suffix(lexicon, buffer, low, high):  # type: ignore[no-untyped-def]
    """Bytes of the longest suffix of buffer[low:high], 0 for none; nothing before low is looked at."""
    if low >= high:
        return np.int64(0)
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
    unit = _unit(lexicon, buffer, low, high)
    if unit:
        return unit
    after_digit = 48 <= before <= 57
    if flags & SUFFIX or (after_digit and (flags & CURRENCY or last == 43)):
        return high - start
    if last == 46 and start > low and _ends_before_dot(lexicon, buffer, low, before, second):
        return np.int64(1)
    return np.int64(0)


@kernel
def _ends_before_dot(lexicon, buffer, low, before, second):  # type: ignore[no-untyped-def]
    """Whether a full stop after the character `before`, which starts at second, is cut off."""
    flags = lexicon.classes[before]
    if flags & BEFORE_DOT:
        return True
    third, _ = point_before(buffer, low, second)
    if second == low:
        return False
    degrees = third == 0xB0 and (before == 70 or before == 67 or before == 75)  # °F °C °K
    return degrees or (flags & UPPER and lexicon.classes[third] & UPPER)


@kernel
def _unit(lexicon, buffer, low, high):  # type: ignore[no-untyped-def]
    """Bytes of the unit of measure that ends the run right after a digit, 0 for none."""
    i = high - 1
    lowest = max(low, high - 12)
    while i >= lowest and not 48 <= buffer[i] <= 57:
        i -= 1
    if i < lowest or i == high - 1:
        return np.int64(0)
    return high - i - 1 if find_word(lexicon.units, buffer, i + 1, high) >= 0 else np.int64(0)


@kernel
def _put_core(lexicon, buffer, low, high, gap, codes, at):  # type: ignore[no-untyped-def]
    """Write what is left of a run, cut at its infixes."""
    classes = lexicon.classes
    start = i = low
    prior, before = np.int64(0), np.uint16(0)  # the character before i and its flags
    asked = False
    while i < high:
        point, size = point_at(buffer, i, high)
        flags = classes[point]
        infix = np.int64(0)
        if flags & BUSY:
            infix = _infix(classes, buffer, i, high, point, size, prior, before)
        if infix and i > low:
            if not asked:
                asked = True
                if is_address(classes, buffer, low, high):
                    break
            if i > start:
                at = put_word(codes, at, gap, i - start)
                gap = np.int64(0)
            at = put_word(codes, at, gap, infix)
            start = i + infix
        if infix > size:
            point, _ = point_before(buffer, i, i + infix)
            flags = classes[point]
            size = infix
        prior, before = point, flags
        i += size
    if start < high:
        at = put_word(codes, at, gap, high - start)
    return at


@kernel
def _infix(classes, buffer, i, high, point, size, prior, before):  # type: ignore[no-untyped-def]
    """Bytes of the infix at buffer[i], where `point` stands after `prior` with flags `before`; 0 for none."""
    if classes[point] & ICON or point == 0x2026:
        return size
    if i + size >= high:
        return np.int64(0)
    following, _ = point_at(buffer, i + size, high)
    after = classes[following]
    digit_before = 48 <= prior <= 57
    if point == 46:
        if following == 46:
            end = i + 2
            while end < high and buffer[end] == 46:
                end += 1
            return end - i
        return size if before & (LOWER | QUOTE) and after & (UPPER | QUOTE) else np.int64(0)
    digit_after = 48 <= following <= 57 or following == 45  # or a hyphen
    if digit_before and digit_after and (point == 43 or point == 45 or point == 42 or point == 94):  # + - * ^
        return size
    if point == 44:
        return size if before & ALPHA and after & ALPHA else np.int64(0)
    if not (before & ALPHA or digit_before):
        return np.int64(0)
    if point == 58 or point == 60 or point == 62 or point == 61 or point == 47:  # : < > = /
        return size if after & ALPHA else np.int64(0)
    if point == 45 or point == 0x2013 or point == 0x2014 or point == 126:  # - – — ~
        end = i + size
        most = 3 if point == 45 else 2 if point == 0x2014 else 1
        while most > 1 and end + size <= high and point_at(buffer, end, high)[0] == point:
            end += size
            most -= 1
        if end < high and classes[point_at(buffer, end, high)[0]] & ALPHA:
            return end - i
    return np.int64(0)


@kernel
def split_all(lexicon, buffer, starts, ends, first, codes, code_offsets):  # type: ignore[no-untyped-def]
    """Write the codes of the documents buffer[starts[r]:ends[r]] from row `first` on, and their offsets.

    Return the row at which it ends: that of a document with more bytes than codes has room for, or else their number.
    codes: uint8; code_offsets: int64 (rows + 1,), those up to `first` written.
    """
    at = code_offsets[first]
    tables, text, out = lexicon_pointers(lexicon), pointer(buffer), pointer(codes)
    for row in range(first, len(starts)):
        if ends[row] - starts[row] > len(codes) - at:
            return row
        at = split_document(tables, text, starts[row], ends[row], out, at)
        code_offsets[row + 1] = at
    return len(starts)


@cache
def lexicon() -> Lexicon:
    """The lexicon of the splitter, made once a process."""
    bare = lexicon_of_exceptions()
    members = bare.exceptions
    starts, ends = members.offsets[:-1], members.offsets[1:]
    codes, code_offsets = np.empty(ends[-1], dtype=np.uint8), np.zeros(len(ends) + 1, dtype=np.int64)
    ruled = bare._replace(exceptions=word_set([]))
    split_all(ruled, members.text, starts, ends, 0, codes, code_offsets)
    bits = np.zeros(len(ends), dtype=np.uint64)
    for number in range(len(ends)):
        lengths = (codes[code_offsets[number] : code_offsets[number + 1]] >> 1).tolist()
        if len(lengths) > 1:
            bits[number] = sum(1 << (end - 1) for end in np.cumsum(lengths).tolist())
    pairs = bits & (bits - np.uint64(1)) & ((bits & (bits - np.uint64(1))) - np.uint64(1)) == 0
    bits[pairs & (bits == bare.cuts)] = 0  # cut alike either way, and in nobody's way
    return with_rejoined(bare, bits)
