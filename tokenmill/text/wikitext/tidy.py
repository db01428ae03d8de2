"""Tidies the text made from wikitext: removes marks, what belonged to removed markup, and surplus white space.

White space in code stays.
"""

from tokenmill.text.kernel.arrays import Bytes, Offsets, int64, uint8
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.powers.marks import RAISED
from tokenmill.text.powers.settle import settle
from tokenmill.text.wikitext.state import CODE, ITEM_MARK, MARK, PLAIN, SPACED

_AHEAD = 200  # most bytes in an emptied pair of brackets


@kernel
def tidy_marks(out: Bytes, offsets: Offsets, ends: Offsets) -> None:
    """Removes the marks left by removed wikitext from each row out[offsets[r]:offsets[r + 1]], in place.

    Marks of lines of code stay, for tidy_lines. ends: receives the new offsets.
    """
    put = int64(0)
    for row in range(len(offsets) - 1):
        at, end = offsets[row], offsets[row + 1]
        first = put
        fresh = True  # at the start of a line
        spaced = False  # in code
        while at < end:
            if fresh:
                behind = _empty_line(out, at, end)
                if behind > at:
                    at = behind
                    continue
                fresh = False
            byte = out[at]
            if byte >= RAISED:
                at, put = settle(out, at, end, first, put)
            elif byte > 40 or (byte > 10 and byte != 40 and byte != 32):
                out[put] = byte
                put += 1
                at += 1
            elif byte == 40:
                at, put = _bracket(out, at, end, first, put)
            elif byte == MARK:
                at, put = _mark(out, at + 1, end, first, put)
            elif byte in (ITEM_MARK, SPACED, PLAIN):
                spaced = byte == SPACED or (spaced and byte == ITEM_MARK)
                at += 1
                while byte == ITEM_MARK and not spaced and at < end and out[at] == 32:
                    at += 1
            else:
                fresh = byte == 10
                spaced = byte == CODE or (spaced and not fresh)
                if not spaced:
                    at = _last_space(out, at, end, first, put)
                out[put] = byte
                put += 1
                at += 1
        ends[row + 1] = put


@kernel
def tidy_lines(out: Bytes, offsets: Offsets, ends: Offsets) -> None:
    """Tidies the white space of each row out[offsets[r]:offsets[r + 1]], in place. ends: receives the new offsets.

    White space at the end of a line is removed. At most one blank line stays between lines, except between lines of
    code, and none at either end. A no-break space becomes a space. Other control characters are removed.
    """
    put = int64(0)
    for row in range(len(offsets) - 1):
        at, end = offsets[row], offsets[row + 1]
        begin = put
        breaks = int64(0)  # line ends since the last line that is not blank
        code = False  # that line and all after it are code
        while at < end:
            is_code = out[at] == CODE
            at += is_code
            feeds = breaks if code and is_code else min(breaks, 2)
            line = put
            first = put + (feeds if line > begin else 0)
            put = first
            while at < end:
                byte = out[at]
                if byte < 32 and byte != 9:
                    if byte == 10:
                        break
                    at += 1
                    continue
                if byte == 0xC2 and at + 1 < end and out[at + 1] == 0xA0:
                    byte = uint8(32)
                    at += 1
                out[put] = byte
                put += 1
                at += 1
            while put > first and (out[put - 1] == 32 or out[put - 1] == 9):
                put -= 1
            at += 1
            if put == first:
                put = line
                breaks += 1
                code = code and is_code
            else:
                out[line:first] = 10
                breaks = 1
                code = is_code
        ends[row + 1] = put


@kernel
def _last_space(out: Bytes, at: int, end: int, first: int, put: int) -> int:
    """Returns the position of the last of several spaces between words, of which a page shows one, or else `at`."""
    if out[at] == 32 and put > first and out[put - 1] > 32:
        while at + 1 < end and out[at + 1] == 32:
            at += 1
    return at


@kernel
def _empty_line(out: Bytes, at: int, end: int) -> int:
    """Returns the position after a line of only marks, maybe with an item marker, or `at` for any other line."""
    start = at
    marks = False
    while at < end and out[at] != 10:
        byte = out[at]
        marker = byte == 45 or byte == 46 or 48 <= byte <= 57
        if marker and not _is_marker(out, at, end):
            return start
        if not marker and byte != 32 and byte != 9 and byte not in (MARK, ITEM_MARK, CODE):
            return start
        marks |= byte in (MARK, ITEM_MARK)
        at += 1
    return min(at + 1, end) if marks else start


@kernel
def _is_marker(out: Bytes, at: int, end: int) -> bool:
    """Returns True if a `-`, `.` or digit belongs to an item marker, which ends with a space and ITEM_MARK."""
    for i in range(at, min(at + 6, end)):
        if out[i] == ITEM_MARK:
            return True
        if out[i] == 10:
            return False
    return False


@kernel
def _bracket(out: Bytes, at: int, end: int, first: int, put: int) -> tuple[int, int]:
    """At `(`: removes it with its `)` if only marks and punctuation are between them. Returns the new (at, put).

    Otherwise, if it begins with marks, removes them and the punctuation around them.
    """
    marks = False
    i = at + 1
    clean = at + 1
    while i < end and i < at + _AHEAD and _is_filler(out[i]):
        marks |= out[i] == MARK
        i += 1
        if marks:
            clean = i
    if not marks:
        out[put] = 40
        return at + 1, put + 1
    if i < end and out[i] == 41:
        while put > first and out[put - 1] == 32:
            put -= 1
        return i + 1, put
    out[put] = 40
    return clean, put + 1


@kernel
def _is_filler(byte: int) -> bool:
    """Returns True for a space, mark, comma, semicolon, colon or slash."""
    return byte == 32 or byte == MARK or byte == 44 or byte == 59 or byte == 58 or byte == 47


@kernel
def _mark(out: Bytes, at: int, end: int, first: int, put: int) -> tuple[int, int]:
    """After a mark: keeps one of the spaces and commas on its two sides, and one space between two numbers.

    Returns the new (at, put).
    """
    i = at
    while i < end and (out[i] == 32 or out[i] == MARK):
        i += 1
    spaced = put > first and (out[put - 1] == 32 or out[put - 1] == 9)
    if i < end and out[i] == 41:  # as in `; )`
        while put > first and (out[put - 1] == 32 or out[put - 1] == 44 or out[put - 1] == 59):
            put -= 1
        return i, put
    ends = i < end and (out[i] == 44 or out[i] == 59 or (out[i] == 46 and not _continues(out, i + 1, end)))
    if ends and spaced and out[at - 2] != ITEM_MARK:
        while put > first and out[put - 1] == 32:
            put -= 1
        twice = put > first and out[i] != 46 and (out[put - 1] == 44 or out[put - 1] == 59)
        return i + twice, put
    if i == at and i < end and put > first and 48 <= out[i] <= 57 and 48 <= out[put - 1] <= 57:
        out[put] = 32
        return i, put + 1
    begins = put == first or out[put - 1] == 10 or (spaced and out[at - 2] == ITEM_MARK)
    while begins and i < end and _is_filler(out[i]):
        i += 1
    return (i if spaced or begins else at), put


@kernel
def _continues(out: Bytes, at: int, end: int) -> bool:
    """Returns True for a letter or digit at `at`: the full stop before it ends no sentence, as in `.22`."""
    return at < end and (97 <= (out[at] | 32) <= 122 or 48 <= out[at] <= 57 or out[at] >= 0x80)
