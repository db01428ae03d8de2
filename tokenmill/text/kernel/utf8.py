"""Counts well-formed and broken UTF-8 sequences and control characters in bytes."""

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, Longs, Offsets, int64, uint8
from tokenmill.text.kernel.cache import frozen, kernel

_BLOCK = 32
_ONE, _TWO, _THREE = np.uint64(1), np.uint64(2), np.uint64(3)

COMMON_TWO, OTHER_TWO, THREE, FOUR, LONE_LEAD, LONE_CONTINUATION, CUT = range(7)
"""Positions in the counts of `sequences`."""


def soundness(data: Bytes, offsets: Offsets) -> tuple[Longs, Longs, Longs]:
    """Returns the UTF-8 counts (broken, wide, control) of each row data[offsets[r]:offsets[r + 1]], each int64 (rows,).

    broken: ill-formed sequences, one for each U+FFFD that would replace them (Unicode 15, 3.9, maximal subparts).
    wide: well-formed characters above U+007F. control: C0 characters except tab, line feed and carriage return.
    """
    broken, wide, control = (np.zeros(len(offsets) - 1, dtype=np.int64) for _ in range(3))
    _measure(data, offsets, broken, wide, control)
    return broken, wide, control


@kernel
def _measure(data: Bytes, offsets: Offsets, broken: Longs, wide: Longs, control: Longs) -> None:
    for row in range(len(offsets) - 1):
        at = offsets[row]
        end = offsets[row + 1]
        while at < end:
            if at + _BLOCK <= end:  # most of a page is plain ASCII: test a whole block in a loop that is vectorised
                odd = uint8(0)
                for i in range(np.uint64(at), np.uint64(at + _BLOCK)):
                    byte = data[i]
                    odd |= uint8((byte > 127) | ((byte < 32) & (byte != 10) & (byte != 13) & (byte != 9)))
                if not odd:
                    at += _BLOCK
                    continue
                if at - 3 >= offsets[row]:
                    length, whole = _sound_block(data, at)
                    if length:
                        wide[row] += whole
                        at += length
                        continue
            stop = min(at + _BLOCK, end)
            while at < stop:
                byte = data[at]
                if byte < 128:
                    control[row] += (byte < 32) & (byte != 10) & (byte != 13) & (byte != 9)
                    at += 1
                    continue
                length, whole = _sequence(data, at, end)
                wide[row] += whole
                broken[row] += 1 - whole
                at += length


@kernel
def _sound_block(data: Bytes, at: int) -> tuple[int, int]:
    """Returns (bytes, characters above U+007F) of a block that begins at a character; (0, 0) if it is not sound.

    The bytes of a last character that is not complete are not counted. All bytes are tested in a vectorised loop: each
    against the three before it, which tell whether it must continue a character (Keiser and Lemire, 2021, section 6).
    """
    bad = starts = uint8(0)
    for i in range(np.uint64(at), np.uint64(at + _BLOCK)):
        byte, before, second, third = data[i], data[i - _ONE], data[i - _TWO], data[i - _THREE]
        continues = uint8(before >= 0xC0) | uint8(second >= 0xE0) | uint8(third >= 0xF0)
        bad |= continues ^ uint8((byte & 0xC0) == 0x80)
        bad |= uint8(byte == 0xC0) | uint8(byte == 0xC1) | uint8(byte > 0xF4)
        bad |= uint8(before == 0xE0) & uint8(byte < 0xA0)
        bad |= uint8(before == 0xED) & uint8(byte > 0x9F)
        bad |= uint8(before == 0xF0) & uint8(byte < 0x90)
        bad |= uint8(before == 0xF4) & uint8(byte > 0x8F)
        bad |= uint8(byte < 32) & uint8(byte != 10) & uint8(byte != 13) & uint8(byte != 9)
        starts += uint8(byte > 0xBF)
    if bad:
        return 0, 0
    end = at + _BLOCK
    left = 1 if data[end - 1] > 0xBF else 2 if data[end - 2] > 0xDF else 3 if data[end - 3] > 0xEF else 0
    return _BLOCK - left, int64(starts) - (left > 0)


@kernel
def _sequence(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """Returns (bytes to skip at data[at], 1 if they are a character above U+007F or 0 if they are ill-formed)."""
    lead = data[at]
    low = uint8(0x80)
    high = uint8(0xBF)
    if 0xC2 <= lead <= 0xDF:
        needed = 1
    elif 0xE0 <= lead <= 0xEF:
        needed = 2
        if lead == 0xE0:
            low = uint8(0xA0)
        elif lead == 0xED:
            high = uint8(0x9F)
    elif 0xF0 <= lead <= 0xF4:
        needed = 3
        if lead == 0xF0:
            low = uint8(0x90)
        elif lead == 0xF4:
            high = uint8(0x8F)
    else:
        return 1, 0
    for i in range(1, needed + 1):
        if at + i >= end or not low <= data[at + i] <= high:
            return i, 0
        low = uint8(0x80)
        high = uint8(0xBF)
    return needed + 1, 1


def sequences(data: Bytes) -> Longs:
    """Counts the UTF-8 sequences above ASCII in bytes by kind, int64 (7,), as evidence for or against UTF-8.

    COMMON_TWO: two bytes, a letter or symbol of Latin, Greek, Cyrillic, Hebrew or Arabic. OTHER_TWO: two bytes of other
    blocks. THREE, FOUR: three or four bytes. LONE_LEAD: a lead byte without a continuation byte. LONE_CONTINUATION: a
    continuation byte without a lead byte. CUT: the first bytes of a longer sequence.

    Not counted: a well-formed sequence that touches a lone lead byte (both may be letters of a word in another
    charset), a sequence of the right form for a forbidden value (overlong, surrogate, above U+10FFFF), and an
    unfinished sequence at the end of the data.
    """
    counts = np.zeros(7, dtype=np.int64)
    _count_sequences(data, counts)
    return counts


@kernel
def _count_sequences(data: Bytes, counts: Longs) -> None:
    end = len(data)
    at = 0
    lone_end = -1  # where the last lone lead byte ends
    sound_end, sound = -1, 0  # where the last counted well-formed sequence ends, and its kind
    while at < end:
        lead = data[at]
        if lead < 0xC0:
            counts[LONE_CONTINUATION] += lead >= 0x80
            at += 1
            continue
        needed = _form(lead)
        follow = 0
        while follow < needed and at + 1 + follow < end and (data[at + 1 + follow] & 0xC0) == 0x80:
            follow += 1
        after = at + 1 + follow
        if follow == needed and needed:
            if at != lone_end and _sequence(data, at, end)[1]:
                sound = _kind(lead)
                counts[sound] += 1
                sound_end = after
        elif follow:
            counts[CUT] += after < end
        else:
            if sound_end == at:
                counts[sound] -= 1
            counts[LONE_LEAD] += after < end or not needed
            lone_end = after
        at = after


@kernel
def _form(lead: int) -> int:
    """Returns the number of continuation bytes that a lead byte announces. 0 for FE and FF, 4 and 5 in old UTF-8."""
    if lead < 0xE0:
        return 1
    if lead < 0xF0:
        return 2
    if lead < 0xF8:
        return 3
    if lead < 0xFE:
        return 4 + (lead >= 0xFC)
    return 0


@kernel
def _kind(lead: int) -> int:
    """Returns the position in the counts of a well-formed sequence with this lead byte."""
    if lead >= 0xE0:
        return THREE + (lead >= 0xF0)
    common = lead <= 0xC5 or 0xCE <= lead <= 0xD1 or 0xD7 <= lead <= 0xDB
    return COMMON_TWO if common else OTHER_TWO


def warm() -> None:
    """Compiles or loads the kernels of this module."""
    soundness(frozen(np.zeros(1, dtype=np.uint8)), frozen(np.array([0, 1])))
    sequences(frozen(np.zeros(1, dtype=np.uint8)))
