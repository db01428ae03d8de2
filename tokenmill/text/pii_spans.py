"""Where personal data may stand: one pass over the bytes marks spans worth judging, so that clean text costs almost
nothing.

A span is a place where an e-mail address, a number (phone, card, IPv4), an IBAN or an IPv6 address could lie. The
kernel lets through too much, never too little; core.personal_data judges. Linear in the text, whatever it holds.
"""

import numpy as np
import numpy.typing as npt

from tokenmill.text.cache import frozen, kernel
from tokenmill.text.segment import Bytes, Offsets

MAIL, NUMBER, IBAN, COLONS = 0, 1, 2, 3
MIN_DIGITS = (
    7  # the shortest telephone number taken for one; an IPv4 address has 4 at least and is let through by its dots
)

Spans = npt.NDArray[np.int64]


def spans(buffer: Bytes, offsets: Offsets) -> Spans:
    """int64 (spans, 3): kind, first byte and one past the last byte in the buffer, ascending; spans of a kind are
    disjoint.
    """
    room = 1024
    while True:
        found = np.empty((room, 3), dtype=np.int64)
        needed = int(_find(buffer, offsets, found))
        if needed <= room:
            return found[:needed]
        room = needed


@kernel
def _find(buffer, offsets, found):  # type: ignore[no-untyped-def]
    """The number of spans there are; as many as fit are written."""
    count = np.int64(0)
    for row in range(len(offsets) - 1):
        i, end = offsets[row], offsets[row + 1]
        start = i
        while i < end:
            byte = buffer[i]
            if byte == 64:  # @
                count = _put(found, count, MAIL, i, i + 1)
                i += 1
            elif _is_digit(byte):
                stop, digits, dots = _number_end(buffer, i, end)
                if digits >= MIN_DIGITS or dots >= 3:
                    first = i
                    while first > start and (buffer[first - 1] == 43 or buffer[first - 1] == 40):  # + and (
                        first -= 1
                    count = _put(found, count, NUMBER, first, stop)
                i = stop
            elif (
                byte == 58 and i + 1 < end and (buffer[i + 1] == 58 or _is_hex(buffer[i + 1]))
            ):  # a colon in hex digits
                first, stop, colons = _colon_run(buffer, i, start, end)
                if colons >= 2:
                    count = _put(found, count, COLONS, first, stop)
                i = stop
            elif _is_letter(byte) and i + 4 <= end and (i == start or not _is_word(buffer[i - 1])):
                if _is_letter(buffer[i + 1]) and _is_digit(buffer[i + 2]) and _is_digit(buffer[i + 3]):
                    count = _put(found, count, IBAN, i, min(end, i + 48))
                i += 1
            else:
                i += 1
    return count


@kernel
def _put(found, count, kind, first, stop):  # type: ignore[no-untyped-def]
    if count < len(found):
        found[count, 0] = kind
        found[count, 1] = first
        found[count, 2] = stop
    return count + 1


@kernel
def _number_end(buffer, i, end):  # type: ignore[no-untyped-def]
    """(one past the last digit, digits, dots) of a run of digits and what stands between the groups of a number."""
    digits = dots = gap = 0
    stop = i
    while i < end and gap <= 3:
        byte = buffer[i]
        if _is_digit(byte):
            digits += 1
            gap = 0
            stop = i + 1
        elif byte == 46:  # .
            dots += 1
            gap += 1
        elif byte == 32 or byte == 45 or byte == 40 or byte == 41 or byte == 47 or byte == 43:  # space - ( ) / +
            gap += 1
        elif byte == 0xC2 and i + 1 < end and buffer[i + 1] == 0xA0:  # no-break space
            i += 1
            gap += 1
        else:
            break
        i += 1
    return stop, digits, dots


@kernel
def _colon_run(buffer, i, start, end):  # type: ignore[no-untyped-def]
    """(first, one past the last, colons) of the run of hex digits, colons and dots around i, at most 48 bytes."""
    first = i
    while first > start and i - first < 5 and _is_hex(buffer[first - 1]):
        first -= 1
    stop, colons = i, np.int64(0)
    while stop < end and stop - first < 48 and (_is_hex(buffer[stop]) or buffer[stop] == 58 or buffer[stop] == 46):
        colons += buffer[stop] == 58
        stop += 1
    return first, stop, colons


@kernel
def _is_digit(byte):  # type: ignore[no-untyped-def]
    return 48 <= byte <= 57


@kernel
def _is_letter(byte):  # type: ignore[no-untyped-def]
    return 65 <= byte <= 90 or 97 <= byte <= 122


@kernel
def _is_hex(byte):  # type: ignore[no-untyped-def]
    return 48 <= byte <= 57 or 65 <= byte <= 70 or 97 <= byte <= 102


@kernel
def _is_word(byte):  # type: ignore[no-untyped-def]
    return 48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122 or byte == 95


def warm() -> None:
    """Compile, or load, this module's kernels."""
    text = frozen(np.frombuffer(b"x@y", dtype=np.uint8))
    spans(text, frozen(np.array([0, 3], dtype=np.int64)))
