"""The word splitter: cuts a run of characters without white space into words, as spaCy 3.8 does for English.

The splitter cuts prefixes and suffixes (punctuation, quotes, symbols, `'s`, units after a digit) off a run until the
rest is an exception or has none. It then cuts the rest at infixes (hyphens, commas, slashes between letters), unless
the rest is a URL or an address. It looks for exceptions at every step, and at the end among neighbouring words. Time is
linear in the length of the run.

In a script without spaces (Chinese, Japanese, Thai) a word is the text between two spaces without its punctuation: a
clause.
"""

from functools import cache

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, Offsets, int64
from tokenmill.text.kernel.cache import inlined, kernel, pointer, trailing_zeros
from tokenmill.text.kernel.classes import BEFORE_DOT, BUSY, PREFIX, SPACE, SUFFIX
from tokenmill.text.kernel.codes import put_cut, put_word
from tokenmill.text.kernel.points import eight_bytes, point_at, point_before
from tokenmill.text.kernel.quick import WIDTH, quiet_and_digits
from tokenmill.text.words.addresses import is_address
from tokenmill.text.words.affixes import infix_at, prefix_of, suffix_of
from tokenmill.text.words.lexicon import (
    Lexicon,
    find_word,
    head_place,
    lexicon_of_exceptions,
    lexicon_pointers,
    may_be_member,
    with_rejoined,
    word_set,
)
from tokenmill.text.words.rejoin import any_rejoined, rejoin


@kernel
def split_document(lexicon: Lexicon, buffer: Bytes, start: int, end: int, limit: int, codes: Bytes, at: int) -> int:
    """Writes the codes of the words into which the splitter cuts buffer[start:end] to codes[at:].

    They have at most end - start bytes. Returns the next `at`. limit: the end of the bytes that may be read.
    """
    position = i = start
    while i < end:
        if buffer[i] == 32 or buffer[i] == 10:
            i += 1
            continue
        first = i
        i, digits = _after_quiet(lexicon, buffer, i, end, limit)
        if first < i and not (digits and not 48 <= buffer[i - 1] <= 57):
            gap, length = first - position, i - first  # a faster way for 9 of 10 runs: a word, or a word and a mark
            head = eight_bytes(buffer, first, i, limit)
            if i == end or buffer[i] == 32 or buffer[i] == 10:
                if gap <= 1 and length <= 127 and not _may_begin(lexicon, head):
                    codes[at] = length << 1 | gap  # the same code as put_word() writes
                    at += 1
                else:
                    at = _put_known(lexicon, buffer, first, i, gap, codes, at)
                position = i
                i += 1
                continue
            before_blank = i + 1 == end or buffer[i + 1] == 32 or buffer[i + 1] == 10
            if before_blank and _is_word_and_mark(lexicon, buffer, first, i, head):
                at = put_word(codes, at, gap, length)
                codes[at] = 2
                at += 1
                position = i + 1
                i += 2
                continue
        i, at, position = _put_run(lexicon, buffer, first, i, end, position, digits, codes, at)
    return at


@inlined
def _after_quiet(lexicon: Lexicon, buffer: Bytes, i: int, end: int, limit: int) -> tuple[int, bool]:
    """Returns (the end of the quiet bytes and digits that start at i, whether there are digits among them)."""
    digits = int64(0)
    size = int64(WIDTH)
    while size == WIDTH and i < end:
        if i + WIDTH > limit:  # the last bytes of the buffer
            return i, digits != 0
        quiet, numbers = quiet_and_digits(buffer, i)
        size = trailing_zeros(~quiet)
        if size > end - i:  # the bytes after it are of the next document
            size = end - i
        digits |= numbers & ((int64(1) << size) - 1)
        i += size
    return i, digits != 0


@inlined
def _may_begin(lexicon: Lexicon, part: np.uint64) -> np.uint64:
    """Returns 1 for each run that is an exception or begins like one, and 0 for nearly all others.

    part: the run's first eight bytes, or all if there are fewer.
    """
    place = head_place(part)
    return np.uint64((lexicon.heads[place >> np.uint64(6)] >> (place & np.uint64(63))) & np.uint64(1))


@inlined
def _is_word_and_mark(lexicon: Lexicon, buffer: Bytes, low: int, high: int, head: np.uint64) -> bool:
    """Returns whether the run buffer[low:high + 1] is cut only before its last byte.

    head: the first eight bytes of buffer[low:high], or all if there are fewer.
    """
    mark = buffer[high]
    is_suffix = mark < 0x80 and lexicon.classes[mark & 0x7F] & SUFFIX
    if not is_suffix and not (mark == 46 and lexicon.classes[point_before(buffer, low, high)[0]] & BEFORE_DOT):
        return False
    if _may_begin(lexicon, head):
        return False
    length = high - low
    return length > 7 or not _may_begin(lexicon, head | np.uint64(mark) << np.uint64(8 * length))


@kernel
def _put_run(
    lexicon: Lexicon, buffer: Bytes, first: int, i: int, end: int, position: int, digits: bool, codes: Bytes, at: int
) -> tuple[int, int, int]:
    """Writes the words of the run that begins at `first` and has no marks before i.

    Returns (the position after the run, the next `at`, the end of the last word). digits: whether there are digits
    before i. Most runs have no marks, or at most one in front and two at the end. They are cut here, unless a part of
    them may be an exception.
    """
    size, marks = int64(0), int64(0)
    dots = False
    while i < end:
        if lexicon.idle[buffer[i]]:
            i += 1
            continue
        point, size = point_at(buffer, i, end)
        flags = lexicon.classes[point]
        if flags & SPACE:
            break
        if 48 <= point <= 57:
            digits = True
        elif flags & BUSY:
            marks += 1
            dots = dots or point == 46
        i += size
    if i == first:
        return i + size, at, position
    gap = first - position
    no_unit = not digits or 48 <= buffer[i - 1] <= 57
    if (marks == 0 and no_unit) or (marks == 1 and first + point_at(buffer, first, end)[1] == i):
        return i, _put_known(lexicon, buffer, first, i, gap, codes, at), i
    if marks <= 3:
        done = _put_marked(lexicon, buffer, first, i, gap, marks, digits, codes, at)
        if done >= 0:
            return i, done, i
    return i, _split_run(lexicon, buffer, first, i, gap, digits, dots, codes, at), i


@inlined
def _put_marked(
    lexicon: Lexicon, buffer: Bytes, low: int, high: int, gap: int, marks: int, digits: bool, codes: Bytes, at: int
) -> int:
    """Writes the run buffer[low:high] as a word and the marks around it; returns the next `at`, or -1 if the run needs
    _split_run.

    marks: number of busy characters in the run that are not digits. All cuts are the same as those of _split_run. If
    the run, or several neighbouring words of it, may be an exception, the result is -1.
    """
    classes = lexicon.classes
    point, front = point_at(buffer, low, high)
    if not classes[point] & BUSY or 48 <= point <= 57:
        front = int64(0)
    elif not classes[point] & PREFIX:
        return int64(-1)
    behind = marks - (front > 0)
    end = middle = high  # the ends of the word and of the first mark after it
    if behind > 2:
        return int64(-1)
    if behind:
        point, end = point_before(buffer, low + front, high)
        flags = classes[point]
        prior, start = point_before(buffer, low + front, end)
        if not (flags & SUFFIX or (point == 46 and classes[prior] & BEFORE_DOT)):
            return int64(-1)
        if behind == 2:
            if point == prior and (point == 46 or point == 0x2026):
                return int64(-1)
            middle, end, point = end, start, prior
            flags = classes[point]
            prior, start = point_before(buffer, low + front, end)
            if not (flags & SUFFIX or (point == 46 and classes[prior] & BEFORE_DOT)):
                return int64(-1)
        if classes[prior] & BUSY and not 48 <= prior <= 57:
            return int64(-1)
    begin = low + front
    if begin >= end or (digits and not 48 <= buffer[end - 1] <= 57):
        return int64(-1)
    members = lexicon.exceptions
    if may_be_member(members, buffer, begin, end) or may_be_member(members, buffer, low, high):
        return int64(-1)
    if front and may_be_member(members, buffer, low, end):
        return int64(-1)
    if behind and front and may_be_member(members, buffer, begin, high):
        return int64(-1)
    if behind == 2:
        if may_be_member(members, buffer, begin, middle) or may_be_member(members, buffer, end, high):
            return int64(-1)
        if front and may_be_member(members, buffer, low, middle):
            return int64(-1)
    if front:
        at = put_word(codes, at, gap, front)
        gap = int64(0)
    at = put_word(codes, at, gap, end - begin)
    if behind:
        codes[at] = (middle - end) << 1
        at += 1
    if behind == 2:
        codes[at] = (high - middle) << 1
        at += 1
    return at


@inlined
def _put_known(lexicon: Lexicon, buffer: Bytes, low: int, high: int, gap: int, codes: Bytes, at: int) -> int:
    """Writes buffer[low:high] with the cuts of the exception if it is one, else as one word."""
    number = find_word(lexicon.exceptions, buffer, low, high)
    if number >= 0:
        return put_cut(lexicon.cuts[number], high - low, gap, codes, at)
    return put_word(codes, at, gap, high - low)


@inlined
def _is_exception(lexicon: Lexicon, buffer: Bytes, low: int, high: int) -> bool:
    return find_word(lexicon.exceptions, buffer, low, high) >= 0


@inlined
def _split_run(
    lexicon: Lexicon, buffer: Bytes, low: int, high: int, gap: int, digits: bool, dots: bool, codes: Bytes, at: int
) -> int:
    """Writes the words of one run and returns the next `at`.

    Suffixes are found from the last to the first, so their codes are first written to the end of the run's space in
    `codes` and then moved. digits, dots: whether the run has digits and full stops. Only runs with digits can have
    units, and only runs with full stops can be addresses.
    """
    begin, length = at, high - low
    room = back = at + gap + length  # codes never take more bytes than the words and gaps that they stand for
    first_gap, origin = gap, low
    exact = False
    while low < high:
        if _is_exception(lexicon, buffer, low, high):
            exact = True
            break
        front = prefix_of(lexicon, buffer, low, high)
        if front and _is_exception(lexicon, buffer, low + front, high):
            at = put_word(codes, at, gap, front)
            gap = int64(0)
            low += front
            exact = True
            break
        rear = suffix_of(lexicon, buffer, low + front, high, digits)
        if rear and _is_exception(lexicon, buffer, low, high - rear):
            back = _put_back(codes, back, rear)
            high -= rear
            exact = True
            break
        if front == 0 and (rear == 0 or rear == high - low):
            break
        if front:
            at = put_word(codes, at, gap, front)
            gap = int64(0)
            low += front
        if rear:
            back = _put_back(codes, back, rear)
            high -= rear
    if exact:
        at = _put_known(lexicon, buffer, low, high, gap, codes, at)
    elif low < high:
        at = _put_core(lexicon, buffer, low, high, gap, dots, codes, at)
    while back < room:
        codes[at] = codes[back]
        at += 1
        back += 1
    # Two words together are the whole run. The loop above has found that it is not an exception.
    if at - begin > 2 and lexicon.rejoined_most and any_rejoined(lexicon, buffer, origin, codes, begin, at, first_gap):
        at = rejoin(lexicon, buffer, origin, length, first_gap, codes, begin, at)
    return at


@inlined
def _put_back(codes: Bytes, back: int, length: int) -> int:
    """Writes a word's code so that it ends before codes[back]; returns the index at which the code starts."""
    back -= 5 if length > 127 else 1
    put_word(codes, back, int64(0), length)
    return back


@inlined
def _put_core(lexicon: Lexicon, buffer: Bytes, low: int, high: int, gap: int, dots: bool, codes: Bytes, at: int) -> int:
    """Writes the rest of a run without prefixes and suffixes, cut at its infixes; returns the next `at`."""
    classes = lexicon.classes
    start = i = low
    asked = not dots
    while i < high:
        if lexicon.idle[buffer[i]]:
            i += 1
            continue
        point, size = point_at(buffer, i, high)
        if classes[point] & BUSY and i > low and not 48 <= point <= 57:
            infix = infix_at(classes, buffer, low, i, high, point, size)
            if infix:
                if not asked:
                    asked = True
                    if is_address(classes, buffer, low, high):
                        break
                if i > start:
                    at = put_word(codes, at, gap, i - start)
                    gap = int64(0)
                at = put_word(codes, at, gap, infix)
                start = i + infix
                size = infix
        i += size
    if start < high:
        at = put_word(codes, at, gap, high - start)
    return at


@kernel
def split_all(
    lexicon: Lexicon, buffer: Bytes, starts: Offsets, ends: Offsets, first: int, codes: Bytes, code_offsets: Offsets
) -> int:
    """Writes the codes of the words of the documents buffer[starts[r]:ends[r]], and their offsets, from row `first` on.

    Returns the first row with more bytes than `codes` has space left, or the number of rows if all are done. codes:
    uint8. code_offsets: int64 (rows + 1,); code_offsets[:first + 1] must already be set.
    """
    at = code_offsets[first]
    tables, text, out = lexicon_pointers(lexicon), pointer(buffer), pointer(codes)
    for row in range(first, len(starts)):
        if ends[row] - starts[row] > len(codes) - at:
            return row
        at = split_document(tables, text, starts[row], ends[row], len(buffer), out, at)
        code_offsets[row + 1] = at
    return len(starts)


@cache
def lexicon() -> Lexicon:
    """Returns the exceptions and tables of the word splitter, which are computed once per process."""
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
    bits[pairs & (bits == bare.cuts)] = 0  # the rules cut these two words as the exception does: nothing to rejoin
    return with_rejoined(bare, bits)
