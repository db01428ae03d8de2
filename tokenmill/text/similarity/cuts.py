"""Removes spans from texts without joining the words before and after them."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokenmill.text.kernel.arrays import Bytes, Longs, Offsets, Ushorts, int64
from tokenmill.text.kernel.cache import frozen, kernel
from tokenmill.text.kernel.classes import SPACE, class_table
from tokenmill.text.kernel.points import line_break, point_at
from tokenmill.text.words.segment import text_buffer

_LINE_FEED, _BLANK = 10, 32


def cut_out(
    batch: pa.RecordBatch, rows: npt.ArrayLike, starts: npt.ArrayLike, ends: npt.ArrayLike
) -> tuple[pa.Array, Offsets, Offsets]:
    """Returns (texts without duplicate spans, characters removed, characters before), large_string and int64 (rows,).

    Spans are ascending by row and start, and do not overlap. Words before and after a span stay apart: if there is no
    white space on either side, a line feed replaces a span that has a line break, and a space replaces any other. If
    there is a blank on both sides, those after the span are left out. Neither changes the numbers of characters.
    """
    buffer, offsets = text_buffer(batch)
    out = np.empty(int(offsets[-1] - offsets[0]), dtype=np.uint8)  # a span is never shorter than its replacement
    new, gone, lengths = (np.zeros(len(offsets), dtype=np.int64) for _ in range(3))
    rows, starts, ends = (frozen(np.ascontiguousarray(each, dtype=np.int64)) for each in (rows, starts, ends))
    used = _cut(buffer, offsets, rows, starts, ends, class_table(), out, new, gone, lengths)
    buffers = [None, pa.py_buffer(new), pa.py_buffer(out[:used].copy())]
    return pa.Array.from_buffers(pa.large_string(), len(offsets) - 1, buffers), gone[:-1], lengths[:-1]


@kernel
def _cut(
    buffer: Bytes,
    offsets: Offsets,
    rows: Offsets,
    starts: Offsets,
    ends: Offsets,
    classes: Ushorts,
    out: Bytes,
    new: Longs,
    gone: Longs,
    lengths: Longs,
) -> int:
    used = int64(0)
    span = int64(0)
    for row in range(len(offsets) - 1):
        at, end = offsets[row], offsets[row + 1]
        place, first = int64(0), used
        after_cut = broken = False  # a span was removed before this character; it has a line break
        after_space = after_blank = False  # the last character of the output is white space; it is no line break
        while at < end:
            point, size = point_at(buffer, at, end)
            space = classes[point] & SPACE != 0
            breaks = line_break(buffer, at, end) > 0
            while span < len(rows) and (rows[span] < row or (rows[span] == row and ends[span] <= place)):
                span += 1
            if span < len(rows) and rows[span] == row and starts[span] <= place:
                gone[row] += 1
                after_cut = True
                broken |= breaks
            elif not (after_cut and after_blank and space and not breaks):
                if after_cut and used > first and not (space or after_space):
                    out[used] = _LINE_FEED if broken else _BLANK
                    used += 1
                for i in range(at, at + size):
                    out[used] = buffer[i]
                    used += 1
                after_cut = broken = False
                after_space, after_blank = space, space and not breaks
            at += size
            place += 1
        lengths[row] = place
        new[row + 1] = used
    return used


def warm() -> None:
    """Compiles or loads the kernels of this module."""
    batch = pa.record_batch({"text": pa.array(["a bc d"], type=pa.large_string())})
    texts, gone, _ = cut_out(batch, [0], [2], [4])
    assert texts.to_pylist() == ["a d"] and gone.tolist() == [2]
