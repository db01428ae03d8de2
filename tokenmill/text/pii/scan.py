"""Where personal data may stand in a text: one pass over its bytes finds the few places worth a closer look.

A place is a run of bytes and what it may hold. Whether it does is for text/pii/addresses.py and text/pii/numbers.py to
judge. Every byte is looked at a bounded number of times, whatever the text.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, Longs, Offsets, Ushorts, int64
from tokenmill.text.kernel.cache import frozen, kernel, pointer
from tokenmill.text.kernel.classes import LOWER, UPPER, class_table
from tokenmill.text.kernel.points import point_at, point_before

MAIL = 1  # characters of a local part, an at sign (@, its full-width form or %40), characters of a host
V4 = 2  # four or more groups of one to three digits, joined by dots
V6 = 3  # hexadecimal digits, colons and dots, with seven colons or two together
IBAN = 4  # two letters of a country and two digits, at the start of a word; the place ends after those
NUMBER = 5  # 6 to LONG digits in groups, with what joins the groups of phone and card numbers
LONG_NUMBER = 6  # the same with more digits than LONG

LONG = 24

_SKIP, _DIGIT, _AT, _COLON, _PERCENT, _WIDE = range(6)  # what a byte starts
_LOCAL, _HOST, _HEX = 1, 2, 4  # what an ASCII byte may be part of
_BLANK, _MARK, _PAREN, _PLUS = 1, 2, 3, 4  # what joins groups of digits


@dataclass(frozen=True)
class Places:
    """int64 (places,) each: the row, ascending, the kind, and where the place starts and ends in the bytes scanned."""

    rows: Longs
    kinds: Longs
    starts: Offsets
    ends: Offsets

    def __len__(self) -> int:
        return len(self.kinds)


def scan(data: Bytes, offsets: Offsets) -> Places:
    """The places for personal data in the texts data[offsets[r]:offsets[r + 1]], valid UTF-8, rows ascending."""
    counts = np.zeros(len(offsets) - 1, dtype=np.int64)
    room = int(offsets[-1] - offsets[0]) // 64 + 64
    while True:
        found = np.empty((room, 3), dtype=np.int64)
        used = _scan_all(data, offsets, *_tables(), found, counts)
        if used <= room:
            break
        room = used  # only where every other word is a number
    rows = np.repeat(np.arange(len(counts)), counts)
    return Places(rows, *(np.ascontiguousarray(column) for column in found[:used].T))


@cache
def _tables() -> tuple[Bytes, Bytes, Bytes, Ushorts]:
    """(what each byte starts, what it may be part of, its role between digits, the classes of all code points)."""
    starts, parts, roles = (np.zeros(256, dtype=np.uint8) for _ in range(3))
    for byte in range(128):
        letter = chr(byte)
        if letter.isalnum():
            parts[byte] = _LOCAL | _HOST | (_HEX if letter in "0123456789abcdefABCDEF" else 0)
    for letter in "._%+-'":
        parts[ord(letter)] |= _LOCAL
    for letter in ".-":
        parts[ord(letter)] |= _HOST
    for letters, start in (("0123456789", _DIGIT), ("@", _AT), (":", _COLON), ("%", _PERCENT)):
        for letter in letters:
            starts[ord(letter)] = start
    starts[[0xD9, 0xDB, 0xEF]] = _WIDE  # first bytes of Arabic, extended Arabic and full-width digits; of U+FF20, ＠
    for letters, role in ((" ", _BLANK), ("-./", _MARK), ("()", _PAREN), ("+", _PLUS)):
        for letter in letters:
            roles[ord(letter)] = role
    return frozen(starts), frozen(parts), frozen(roles), class_table()


@kernel
def _scan_all(
    data: Bytes,
    offsets: Offsets,
    firsts: Bytes,
    parts: Bytes,
    roles: Bytes,
    classes: Ushorts,
    found: Longs,
    counts: Longs,
) -> int:
    """Fill found with (kind, start, end), as many as it has room for, and counts by row; return how many there are."""
    used = int64(0)
    room = int64(len(found))
    texts, tables, places = pointer(data), (pointer(firsts), pointer(parts), pointer(roles)), pointer(found)
    for row in range(len(counts)):
        before = used
        used = _scan_text(texts, offsets[row], offsets[row + 1], *tables, pointer(classes), places, room, used)
        counts[row] = used - before
    return used


@kernel
def _put(found: Longs, room: int, used: int, kind: int, start: int, end: int) -> int:
    if used < room:
        found[3 * used] = kind
        found[3 * used + 1] = start
        found[3 * used + 2] = end
    return used + 1


@kernel
def _scan_text(
    data: Bytes,
    low: int,
    high: int,
    firsts: Bytes,
    parts: Bytes,
    roles: Bytes,
    classes: Ushorts,
    found: Longs,
    room: int,
    used: int,
) -> int:
    after_mail = low  # a local part starts no earlier: at signs in a row would be walked over again and again
    after_hex = low
    i = low
    while i < high:
        first = firsts[data[i]]
        if first == 0:
            i += 1
            continue
        size = int64(1)
        if first == _DIGIT or (first == _WIDE and _digit_size(data, i, high) > 0):
            used = _scan_iban(data, low, i, high, found, room, used)
            i, used = _scan_number(data, low, i, high, roles, found, room, used)
            continue
        if first == _COLON:
            if i >= after_hex:
                after_hex, used = _scan_hex(data, low, i, high, parts, found, room, used)
        else:
            size = _at_size(data, i, high)
            if size > 0:
                used = _scan_mail(data, after_mail, i, i + size, high, parts, classes, found, room, used)
                after_mail = i + size
        i += max(size, 1)
    return used


@kernel
def _at_size(data: Bytes, i: int, high: int) -> int:
    """Bytes of the at sign at data[i], 1, or 3 if it is full-width or percent-coded; 0 if there is none."""
    if data[i] == 64:
        return int64(1)
    if i + 2 >= high:
        return int64(0)
    if data[i] == 0xEF and data[i + 1] == 0xBC and data[i + 2] == 0xA0:
        return int64(3)
    return int64(3) if data[i] == 37 and data[i + 1] == 52 and data[i + 2] == 48 else int64(0)


@kernel
def _digit_size(data: Bytes, i: int, high: int) -> int:
    """Bytes of the digit at data[i]: 1 for ASCII, 2 for Arabic, 3 for full-width; 0 for anything else."""
    if 48 <= data[i] <= 57:
        return int64(1)
    if i + 1 < high and data[i] == 0xD9 and 0xA0 <= data[i + 1] <= 0xA9:
        return int64(2)
    if i + 1 < high and data[i] == 0xDB and 0xB0 <= data[i + 1] <= 0xB9:
        return int64(2)
    if i + 2 < high and data[i] == 0xEF and data[i + 1] == 0xBC and 0x90 <= data[i + 2] <= 0x99:
        return int64(3)
    return int64(0)


@kernel
def _joint(data: Bytes, i: int, high: int, roles: Bytes) -> tuple[int, int]:
    """(role between digits, bytes) of the character at data[i]: blanks, dashes, their Unicode kin; else (0, 0)."""
    byte = data[i]
    if byte < 0x80:
        role = int64(roles[byte])
        return role, min(role, int64(1))
    if byte == 0xC2 and i + 1 < high and data[i + 1] == 0xA0:
        return int64(_BLANK), int64(2)
    if i + 2 < high:
        point = int64(byte) << 16 | int64(data[i + 1]) << 8 | int64(data[i + 2])
        if 0xE28080 <= point <= 0xE2808B or point == 0xE280AF or point == 0xE38080:
            return int64(_BLANK), int64(3)
        if 0xE28090 <= point <= 0xE28094 or point in (0xE28892, 0xE383BC) or 0xEFBC8D <= point <= 0xEFBC8F:
            return int64(_MARK), int64(3)
        if point == 0xEFBC88 or point == 0xEFBC89:
            return int64(_PAREN), int64(3)
        if point == 0xEFBC8B:
            return int64(_PLUS), int64(3)
    return int64(0), int64(0)


@kernel
def _scan_iban(data: Bytes, low: int, i: int, high: int, found: Longs, room: int, used: int) -> int:
    """Places so far, with one more if the digit at i follows the first two letters of a word and is followed by one."""
    if i - low < 2 or i + 1 >= high or not (48 <= data[i] <= 57 and 48 <= data[i + 1] <= 57):
        return used
    if not (_is_letter(data[i - 1]) and _is_letter(data[i - 2])):
        return used
    if i - low > 2 and (_is_letter(data[i - 3]) or 48 <= data[i - 3] <= 57):
        return used
    return _put(found, room, used, IBAN, i - 2, i + 2)


@kernel
def _scan_number(
    data: Bytes, low: int, i: int, high: int, roles: Bytes, found: Longs, room: int, used: int
) -> tuple[int, int]:
    """(one past the groups of digits that start at i, places so far)."""
    begin = i
    for _ in range(3):  # "(+", "+", "("
        if begin > low and (data[begin - 1] == 40 or data[begin - 1] == 43):
            begin -= 1
        elif begin - 3 >= low and data[begin - 3] == 0xEF and _joint(data, begin - 3, high, roles)[0] >= _PAREN:
            begin -= 3
    first = i
    digits = int64(0)
    pairs = int64(0)  # groups of two digits
    chain = i  # start of the groups that dots join
    dotted = int64(0)  # groups in the chain, far below 0 if one of them is longer than three digits
    end = i
    while i >= 0:
        group = int64(0)
        size = _digit_size(data, i, high)
        while size > 0:
            i += size
            group += 1
            size = _digit_size(data, i, high) if i < high else int64(0)
        digits += group
        pairs += group == 2
        dotted = dotted + 1 if group <= 3 else int64(-1 << 40)
        end = i
        i = _next_group(data, end, high, roles)
        if i - end != 1 or data[end] != 46:
            if dotted >= 4:
                used = _put(found, room, used, V4, chain, end)
            chain = i
            dotted = int64(0)
    plain = end - begin == digits < 13 and (data[first] != 48 or data[first + 1] != 48)
    if plain and _letters(data, max(low, begin - 48), min(high, end + 8)) == 0:
        return end, used  # only words could make a phone number of it: most of a table of numbers ends here
    if digits >= 7 or (digits == 6 and pairs == 3):
        used = _put(found, room, used, NUMBER if digits <= LONG else LONG_NUMBER, begin, end)
    return end, used


@kernel
def _is_letter(byte: int) -> bool:
    return 65 <= byte <= 90 or 97 <= byte <= 122


@kernel
def _letters(data: Bytes, low: int, high: int) -> int:
    """How many bytes of letters, and of characters above ASCII, there are in data[low:high]."""
    count = int64(0)
    for i in range(low, high):
        count += data[i] >= 65
    return count


@kernel
def _next_group(data: Bytes, i: int, high: int, roles: Bytes) -> int:
    """Where the next group of digits starts, after at most four characters that may join it to the last, or -1."""
    blanks = int64(0)
    marks = int64(0)
    for _ in range(5):
        if i >= high:
            return int64(-1)
        if _digit_size(data, i, high) > 0:
            return i
        role, size = _joint(data, i, high, roles)
        if role == _BLANK:
            blanks += 1
        elif role == _MARK:
            marks += 1
            if data[i] == 46 and (i + 1 >= high or data[i + 1] == 32):
                return int64(-1)
        if role == 0 or role == _PLUS or blanks > 2 or marks > 1:
            return int64(-1)
        i += size
    return int64(-1)


@kernel
def _scan_hex(
    data: Bytes, low: int, i: int, high: int, parts: Bytes, found: Longs, room: int, used: int
) -> tuple[int, int]:
    """(one past the hexadecimal digits, colons and dots around the colon at i, places so far)."""
    begin = i
    while begin > low and i - begin < 5 and parts[data[begin - 1]] & _HEX:
        begin -= 1
    end = i
    colons = int64(0)
    double = False
    while end < high and (parts[data[end]] & _HEX or data[end] == 58 or data[end] == 46):
        if data[end] == 58:
            colons += 1
            double = double or (end > i and data[end - 1] == 58)
        end += 1
    if colons >= 7 or (double and end - begin >= 5):
        used = _put(found, room, used, V6, begin, end)
    return end, used


@kernel
def _scan_mail(
    data: Bytes,
    low: int,
    i: int,
    after: int,
    high: int,
    parts: Bytes,
    classes: Ushorts,
    found: Longs,
    room: int,
    used: int,
) -> int:
    """Places so far, with one more if the at sign data[i:after] may be an address's, whose start is not before low."""
    begin = i
    while begin > low:
        if data[begin - 1] < 0x80:
            if not parts[data[begin - 1]] & _LOCAL:
                break
            begin -= 1
        else:
            point, place = point_before(data, low, begin)
            if not _is_cased(classes, point):
                break
            begin = place
    end = after
    dots = int64(0)
    literal = False
    if end < high and data[end] == 91:  # user@[192.0.2.1]
        close = end
        while close < high and close - after < 48 and data[close] != 93 and data[close] != 10:
            close += 1
        literal = close < high and data[close] == 93
        end = close + 1 if literal else end
    while end < high and not literal:
        if data[end] < 0x80:
            if not parts[data[end]] & _HOST:
                break
            dots += data[end] == 46
            end += 1
        else:
            point, size = point_at(data, end, high)
            if not _is_cased(classes, point):
                break
            dots += point == 0xFF0E
            end += size
    if begin < i and (literal or (dots > 0 and end - after >= 4)):
        used = _put(found, room, used, MAIL, begin, end)
    return used


@kernel
def _is_cased(classes: Ushorts, point: int) -> bool:
    """Whether a character above ASCII may be part of an address: letters with case, full-width digits and marks."""
    flags = classes[point]
    return (flags & LOWER != 0) != (flags & UPPER != 0) or 0xFF0D <= point <= 0xFF0E or 0xFF10 <= point <= 0xFF19


def warm() -> None:
    """Compile or load the kernels of this module."""
    text = np.frombuffer(b"a@b.co +49 30 1234567 fe80::1", dtype=np.uint8)
    assert len(scan(frozen(text), frozen(np.array([0, len(text)])))) == 4
