"""Tidies the white space of extracted text: keeps the lines, and removes the white space left over from page layout."""

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, Offsets, int64, uint8
from tokenmill.text.kernel.cache import frozen, kernel


def tidy_lines(data: Bytes, offsets: Offsets) -> tuple[Bytes, Offsets]:
    """Returns texts extracted from pages, data[offsets[r]:offsets[r + 1]], with tidy white space, in the same form.

    Line ends become line feeds, and white space before them is removed. At most one blank line stays between lines, and
    none at either end. A no-break space becomes a space, and several tabs become one. Other C0 characters and DEL are
    removed. Indentation stays.
    """
    out = np.empty(len(data), dtype=np.uint8)
    ends = np.zeros(len(offsets), dtype=np.int64)
    _tidy_all(data, offsets, out, ends)
    return frozen(out[: ends[-1]]), frozen(ends)


@kernel
def _tidy_all(data: Bytes, offsets: Offsets, out: Bytes, ends: Offsets) -> None:
    put = int64(0)
    for row in range(len(offsets) - 1):
        at = offsets[row]
        end = offsets[row + 1]
        begin = put
        breaks = 0  # line ends since the last line that is not blank
        while at < end:
            line = put
            if line > begin:
                for _ in range(min(breaks, 2)):
                    out[put] = 10
                    put += 1
            first = put
            while at < end and data[at] != 10 and data[at] != 13:
                byte = data[at]
                at += 1
                if byte == 0xC2 and at < end and data[at] == 0xA0:
                    byte = uint8(32)
                    at += 1
                if (byte < 32 and byte != 9) or byte == 127 or (byte == 9 and put > first and out[put - 1] == 9):
                    continue
                out[put] = byte
                put += 1
            while put > first and (out[put - 1] == 32 or out[put - 1] == 9):
                put -= 1
            if put == first:
                put = line
                breaks += 1
            else:
                breaks = 1
            at += 2 if at + 1 < end and data[at] == 13 and data[at + 1] == 10 else 1
        ends[row + 1] = put


def warm() -> None:
    """Compiles or loads the kernels of this module."""
    tidy_lines(frozen(np.zeros(1, dtype=np.uint8)), frozen(np.array([0, 1])))
