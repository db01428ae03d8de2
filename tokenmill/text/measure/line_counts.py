"""Counts the lines of documents for the FineWeb quality rules.

The definitions are datatrove's: newlines separate lines, and lines of only white space do not count.
"""

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, Longs, Offsets, Ushorts, int64
from tokenmill.text.kernel.cache import kernel, pointer
from tokenmill.text.kernel.classes import SPACE, TERMINAL, class_table
from tokenmill.text.kernel.codes import next_word
from tokenmill.text.kernel.keymap import grown, is_full, key_map, key_map_pointers, key_of_bytes, number_of
from tokenmill.text.kernel.points import point_at, point_before
from tokenmill.text.words.segment import Words, tiny

COUNTS = (
    "lines",
    "ended_lines",  # lines whose last character is a terminal mark (classes.TERMINAL)
    "short_lines",
    "duplicate_line_chars",  # code points of the lines that occurred before
    "chars",  # code points without newlines
    "newlines",
    "words_and_symbols",
)


def line_counts(buffer: Bytes, offsets: Offsets, words: Words, short: int) -> dict[str, Longs]:
    """Returns the counts of FineWeb's quality rules about the lines of each document, int64 (rows,) for each of COUNTS.

    A line of at most `short` code points is short.
    """
    counts = np.zeros((len(offsets) - 1, len(COUNTS)), dtype=np.int64)
    _count(class_table(), buffer, offsets, words.codes, words.code_starts, words.code_ends, short, counts)
    return {name: counts[:, i] for i, name in enumerate(COUNTS)}


@kernel
def _count(
    class_table: Ushorts,
    buffer: Bytes,
    offsets: Offsets,
    code_array: Bytes,
    code_starts: Offsets,
    code_ends: Offsets,
    short: int,
    counts: Longs,
) -> None:
    classes, text, codes = pointer(class_table), pointer(buffer), pointer(code_array)
    for row in range(len(offsets) - 1):
        _count_lines(classes, text, offsets[row], offsets[row + 1], short, counts[row])
        at, end = code_starts[row], code_ends[row]
        both = position = int64(0)
        while at < end:
            at, _, position = next_word(codes, at, position)
            both += 1
        counts[row, 6] = both


@kernel
def _count_lines(classes: Ushorts, text: Bytes, start: int, end: int, short: int, counts: Longs) -> None:
    table = key_map(int64(32))
    pointers = key_map_pointers(table)
    used = lines = ended = shorts = duplicate = chars = newlines = int64(0)
    i = start
    while start < end:
        while i < end and text[i] != 10:
            i += 1
        key, length = key_of_bytes(text, start, i, end)
        chars += length
        newlines += i < end
        if not _is_blank(classes, text, start, i):
            lines += 1
            last, _ = point_before(text, start, i)
            ended += classes[last] & TERMINAL != 0
            shorts += length <= short
            if is_full(table, used):
                table = grown(table, used)
                pointers = key_map_pointers(table)
            number = number_of(pointers, key, used, int64(0))
            if number > used:
                used = number
            else:
                duplicate += length
        i += 1
        start = i
    counts[0], counts[1], counts[2], counts[3], counts[4], counts[5] = lines, ended, shorts, duplicate, chars, newlines


@kernel
def _is_blank(classes: Ushorts, text: Bytes, start: int, end: int) -> bool:
    while start < end:
        point, size = point_at(text, start, end)
        if not classes[point] & SPACE:
            return False
        start += size
    return True


def warm() -> None:
    """Compiles or loads the kernels of this module."""
    line_counts(*tiny(), 30)
