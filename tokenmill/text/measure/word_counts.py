"""Counts the words, symbols and lines of documents for the Gopher quality rules.

The definitions are datatrove's: lines are those of str.splitlines, and a word that consists only of marks
(classes.MARK) is a symbol.
"""

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, Longs, Offsets, Ushorts, int64
from tokenmill.text.kernel.cache import kernel, pointer
from tokenmill.text.kernel.classes import LETTER, MARK, SPACE, class_table
from tokenmill.text.kernel.codes import next_word
from tokenmill.text.kernel.points import line_break, point_at, point_before, points_of_word
from tokenmill.text.words.lexicon import WordSet, find_word, word_set, word_set_pointers
from tokenmill.text.words.segment import Words, tiny

COUNTS = (
    "words_and_symbols",
    "words",  # words with a character that is not a mark
    "word_chars",  # code points in these words
    "with_letters",  # words and symbols with a letter
    "stop_words",  # different stop words, spelled exactly as in the set
    "hashes",  # `#` in the text
    "ellipses",  # `...` and `…` in the text
    "lines",
    "bullet_lines",  # lines that begin with `•` or `-`
    "ellipsis_lines",  # lines that end with `...` or `…`
)

_MARKS = np.zeros(256, dtype=np.uint8)
_MARKS[[*range(10, 14), *range(28, 31), 35, 46, 0xC2, 0xE2]] = 1  # first bytes of line breaks, `#`, ellipses
_MARKS.flags.writeable = False


def word_counts(buffer: Bytes, offsets: Offsets, words: Words, stop_words: WordSet) -> dict[str, Longs]:
    """Returns the counts of Gopher's quality rules for each document, of words, symbols and lines, as COUNTS.

    Each is int64 (rows,).
    """
    counts = np.zeros((len(offsets) - 1, len(COUNTS)), dtype=np.int64)
    coded = (words.codes, words.code_starts, words.code_ends)
    _count(class_table(), _MARKS, stop_words, buffer, offsets, *coded, counts)
    return {name: counts[:, i] for i, name in enumerate(COUNTS)}


@kernel
def _count(
    class_table: Ushorts,
    marks_array: Bytes,
    stop_words: WordSet,
    buffer: Bytes,
    offsets: Offsets,
    code_array: Bytes,
    code_starts: Offsets,
    code_ends: Offsets,
    counts: Longs,
) -> int:
    classes, text, codes = pointer(class_table), pointer(buffer), pointer(code_array)
    members, marks = word_set_pointers(stop_words), pointer(marks_array)
    met = np.full(len(stop_words.offsets), -1, dtype=np.int64)  # by stop word, the last document that contained it
    meetings, out = pointer(met), pointer(counts)
    for row in range(len(offsets) - 1):
        at, end = code_starts[row], code_ends[row]
        _count_words(classes, members, text, offsets[row], offsets[row + 1], codes, at, end, meetings, row, out)
        _count_lines(classes, marks, text, offsets[row], offsets[row + 1], row, out)
    return len(met)


@kernel
def _count_words(
    classes: Ushorts,
    members: WordSet,
    text: Bytes,
    base: int,
    limit: int,
    codes: Bytes,
    at: int,
    end: int,
    met: Longs,
    row: int,
    counts: Longs,
) -> None:
    both = words = chars = letters = stops = position = int64(0)
    while at < end:
        at, start, position = next_word(codes, at, position)
        low, high = base + start, base + position
        both += 1
        number = find_word(members, text, low, high)
        if number >= 0 and met[number] != row:
            met[number] = row
            stops += 1
        seen_letter = seen_other = False
        i = low
        while i < high and not (seen_letter and seen_other):
            point, size = point_at(text, i, high)
            flags = classes[point]
            seen_letter |= flags & LETTER != 0
            seen_other |= flags & MARK == 0
            i += size
        letters += seen_letter
        if seen_other:
            words += 1
            chars += points_of_word(text, low, high, limit)
    place = row * 10
    counts[place], counts[place + 1], counts[place + 2] = both, words, chars
    counts[place + 3], counts[place + 4] = letters, stops


@kernel
def _count_lines(classes: Ushorts, marks: Bytes, text: Bytes, start: int, end: int, row: int, counts: Longs) -> None:
    hashes = ellipses = lines = bullets = cut = int64(0)
    i = first = start
    while i < end:
        if not marks[text[i]]:
            i += 1
            continue
        if text[i] == 35:
            hashes += 1
        elif _is_ellipsis(text, i, end):
            ellipses += 1
            i += 3
            continue
        size = line_break(text, i, end)
        if size:
            lines += 1
            bullets += _is_bullet(classes, text, first, i)
            cut += _is_cut(classes, text, first, i)
            first = i + size
        i += max(size, 1)
    if first < end:
        lines += 1
        bullets += _is_bullet(classes, text, first, end)
        cut += _is_cut(classes, text, first, end)
    place = row * 10 + 5
    counts[place], counts[place + 1], counts[place + 2] = hashes, ellipses, lines
    counts[place + 3], counts[place + 4] = bullets, cut


@kernel
def _is_ellipsis(text: Bytes, i: int, end: int) -> bool:
    if i + 2 >= end:
        return False
    dots = text[i] == 46 and text[i + 1] == 46 and text[i + 2] == 46
    return bool(dots or (text[i] == 0xE2 and text[i + 1] == 0x80 and text[i + 2] == 0xA6))


@kernel
def _is_bullet(classes: Ushorts, text: Bytes, start: int, end: int) -> bool:
    while start < end:
        point, size = point_at(text, start, end)
        if not classes[point] & SPACE:
            return point == 0x2022 or point == 45
        start += size
    return False


@kernel
def _is_cut(classes: Ushorts, text: Bytes, start: int, end: int) -> bool:
    while start < end:
        point, before = point_before(text, start, end)
        if not classes[point] & SPACE:
            return point == 0x2026 or (end - start >= 3 and text[end - 1] == text[end - 2] == text[end - 3] == 46)
        end = before
    return False


def warm() -> None:
    """Compiles or loads the kernels of this module."""
    word_counts(*tiny(), word_set(["a"]))
