"""Finds the words of URLs, and reduces URLs to their letters and digits.

Both work on URLs without scheme, with percent codes decoded, in lower case (see readable). Letters and digits are those
of Unicode, with the marks on them; a word is a run of them.
"""

import unicodedata
from functools import cache
from itertools import pairwise

import numpy as np

from tokenmill.core.columns import BoolMask
from tokenmill.text.kernel.arrays import Bytes, Longs, Offsets, int64
from tokenmill.text.kernel.cache import frozen, kernel, pointer
from tokenmill.text.kernel.points import point_at
from tokenmill.text.url.hosts import after_scheme, trimmed
from tokenmill.text.words.lexicon import WordSet, find_word, word_set, word_set_pointers


def readable(buffer: Bytes, offsets: Offsets) -> tuple[Bytes, Offsets]:
    """Returns (the URLs without scheme, with percent codes decoded, in lower case; their offsets, int64 (rows + 1,)).

    Invalid UTF-8 becomes U+FFFD.
    """
    out, places = np.empty(int(offsets[-1] - offsets[0]), dtype=np.uint8), np.zeros(len(offsets), dtype=np.int64)
    strange = np.zeros(len(offsets) - 1, dtype=np.bool_)
    size = _read(buffer, offsets, out, places, strange)
    if not strange.any():
        return frozen(out[:size]), frozen(places)
    raw = out[:size].tobytes()
    rows = [raw[low:high] for low, high in pairwise(places.tolist())]
    for row in np.flatnonzero(strange).tolist():
        rows[row] = _lower(rows[row].decode(errors="replace")).encode()
    places = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    return frozen(np.frombuffer(b"".join(rows), dtype=np.uint8)), frozen(places)


def as_word(entry: str) -> str:
    """Returns the form in which a listed word is compared with URLs: its letters and digits, in lower case."""
    return "".join(letter for letter in _lower(entry) if _word_table()[ord(letter)])


def _lower(text: str) -> str:
    """Returns the text in lower case, with the same number of characters, so that no word becomes two.

    A letter whose lower case has several characters is unchanged.
    """
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)


def count_words(buffer: Bytes, offsets: Offsets, hard: WordSet, soft: WordSet) -> tuple[Longs, Longs]:
    """Returns (the number of the first hard word of each URL or -1, how many different soft words it has).

    The URLs must be in the form that readable() returns. Both results are int64 (rows,).
    """
    firsts, counts = np.full(len(offsets) - 1, -1, dtype=np.int64), np.zeros(len(offsets) - 1, dtype=np.int64)
    seen = np.full(len(soft.offsets), -1, dtype=np.int64)
    _count_words(_word_table(), hard, soft, buffer, offsets, seen, firsts, counts)
    return firsts, counts


def run_together(buffer: Bytes, offsets: Offsets) -> tuple[Bytes, Offsets]:
    """Returns (the letters and digits of each URL, with a newline after each URL; offsets of the URLs in it).

    The URLs must be in the form that readable() returns.
    """
    out = np.empty(int(offsets[-1] - offsets[0]) + len(offsets), dtype=np.uint8)
    places = np.zeros(len(offsets), dtype=np.int64)
    size = _run_together(_word_table(), buffer, offsets, out, places)
    return out[:size], places


@cache
def _word_table() -> Bytes:
    """Returns 1 for each code point that is part of a word (categories L, M and N), read-only uint8 (0x110000,)."""
    table = np.zeros(0x110000, dtype=np.uint8)
    for point in (*range(0xD800), *range(0xE000, 0x32400), *range(0xE0100, 0xE01F0)):  # no others are assigned
        table[point] = unicodedata.category(chr(point))[0] in "LMN"
    return frozen(table)


@kernel
def _read(buffer: Bytes, offsets: Offsets, out: Bytes, places: Longs, strange: BoolMask) -> int:
    """Returns the number of bytes written to out. strange: the rows with bytes above 127."""
    text, written = pointer(buffer), pointer(out)
    at = int64(0)
    for row in range(len(strange)):
        low, end = trimmed(text, offsets[row], offsets[row + 1])
        i = after_scheme(text, low, end)
        while i < end:
            byte = int64(text[i])
            if byte == 37 and i + 2 < end and _digit(text[i + 1]) >= 0 and _digit(text[i + 2]) >= 0:
                byte = _digit(text[i + 1]) << 4 | _digit(text[i + 2])
                i += 2
            strange[row] |= byte >= 0x80
            written[at] = byte + 32 if 65 <= byte <= 90 else byte
            at += 1
            i += 1
        places[row + 1] = at
    return at


@kernel
def _digit(byte: int) -> int:
    """Returns the value of a hexadecimal digit, or -1 for any other byte."""
    if 48 <= byte <= 57:
        return int64(byte) - 48
    letter = int64(byte) | 32
    return letter - 87 if 97 <= letter <= 102 else int64(-1)


@kernel
def _count_words(
    table: Bytes,
    hard_words: WordSet,
    soft_words: WordSet,
    buffer: Bytes,
    offsets: Offsets,
    seen: Longs,
    firsts: Longs,
    counts: Longs,
) -> None:
    parts, text = pointer(table), pointer(buffer)
    hard, soft = word_set_pointers(hard_words), word_set_pointers(soft_words)
    for row in range(len(firsts)):
        i, end = offsets[row], offsets[row + 1]
        start = i
        while i <= end:
            size = int64(1)
            inside = False
            if i < end:
                point, size = point_at(text, i, end)
                inside = parts[point] != 0
            if not inside:
                if start < i:
                    if firsts[row] < 0:
                        firsts[row] = find_word(hard, text, start, i)
                    number = find_word(soft, text, start, i)
                    if number >= 0 and seen[number] != row:
                        seen[number] = row
                        counts[row] += 1
                start = i + size
            i += size


@kernel
def _run_together(table: Bytes, buffer: Bytes, offsets: Offsets, out: Bytes, places: Longs) -> int:
    parts, text = pointer(table), pointer(buffer)
    at = int64(0)
    for row in range(len(places) - 1):
        i, end = offsets[row], offsets[row + 1]
        while i < end:
            point, size = point_at(text, i, end)
            if parts[point]:
                for k in range(size):
                    out[at + k] = text[i + k]
                at += size
            i += size
        out[at] = 10
        at += 1
        places[row + 1] = at
    return at


def warm() -> None:
    """Compiles or loads the kernels of this module."""
    buffer, offsets = frozen(np.frombuffer(b"a-b", dtype=np.uint8)), frozen(np.array([0, 3], dtype=np.int64))
    words = word_set(["a"])
    readable(buffer, offsets)
    count_words(buffer, offsets, words, words)
    run_together(buffer, offsets)
