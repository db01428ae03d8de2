"""Counts the paragraphs, lines and word n-grams that a document repeats, for the Gopher repetition rules.

The definitions are datatrove's. A paragraph or line is a duplicate from its second occurrence on. The most frequent 2-,
3- or 4-gram counts with its spaces, times the number of its occurrences. For 5- to 10-grams, a scan from the left adds
the length of an n-gram that it has seen before, and continues after this n-gram. Lengths are in code points. N-grams
are compared as sequences of words (datatrove compares the words without separators).
"""

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, Hashes, Longs, Offsets, Uints, Ushorts, int64
from tokenmill.text.kernel.cache import kernel, pointer
from tokenmill.text.kernel.classes import class_table
from tokenmill.text.kernel.codes import next_word
from tokenmill.text.kernel.keymap import grown, is_full, key_map, key_map_pointers, key_of_bytes, number_of
from tokenmill.text.kernel.points import length_in_points, stripped
from tokenmill.text.words.segment import Words, tiny

_FACTOR = np.uint64(0x9E3779B97F4A7C15)

COUNTS = (
    "chars",
    "paragraphs",
    "duplicate_paragraphs",
    "duplicate_paragraph_chars",
    "lines",
    "duplicate_lines",
    "duplicate_line_chars",
    *(f"top_{n}_gram_chars" for n in (2, 3, 4)),
    *(f"duplicate_{n}_gram_chars" for n in (5, 6, 7, 8, 9, 10)),
)


def repetition_counts(buffer: Bytes, offsets: Offsets, words: Words) -> dict[str, Longs]:
    """Returns the counts of Gopher's repetition rules for each document, int64 (rows,) for each of COUNTS."""
    counts = np.zeros((len(offsets) - 1, len(COUNTS)), dtype=np.int64)
    _count(class_table(), buffer, offsets, words.codes, words.code_starts, words.code_ends, counts)
    return {name: counts[:, i] for i, name in enumerate(COUNTS)}


@kernel
def _count(
    class_table: Ushorts,
    buffer: Bytes,
    offsets: Offsets,
    code_array: Bytes,
    code_starts: Offsets,
    code_ends: Offsets,
    counts: Longs,
) -> int:
    classes, text, codes = pointer(class_table), pointer(buffer), pointer(code_array)
    room = int64(0)
    for row in range(len(counts)):
        room = max(room, code_ends[row] - code_starts[row])
    keys = np.empty(room + 1, dtype=np.uint64)
    places = np.empty(room + 1, dtype=np.uint32)
    lengths = np.empty(room + 1, dtype=np.uint32)
    for row in range(len(counts)):
        start, end = offsets[row], offsets[row + 1]
        counts[row, 0] = length_in_points(text, start, end)
        counts[row, 4], counts[row, 5], counts[row, 6] = _duplicate_parts(text, start, end, 1)
        low, high = stripped(classes, text, start, end)
        counts[row, 1], counts[row, 2], counts[row, 3] = _duplicate_parts(text, low, high, 2)
        at, last = code_starts[row], code_ends[row]
        words = _hash_words(text, start, end, codes, at, last, pointer(keys), pointer(lengths))
        _count_ngrams(keys, places, lengths, words, counts[row])
    return len(keys) + len(places) + len(lengths)


@kernel
def _duplicate_parts(text: Bytes, start: int, end: int, breaks: int) -> tuple[int, int, int]:
    """Splits the text at runs of `breaks` or more newlines. Returns (parts, duplicate parts, their code points)."""
    parts = seen = chars = used = int64(0)
    table = key_map(int64(32))
    pointers = key_map_pointers(table)
    i = first = start
    while True:
        while i < end and text[i] != 10:
            i += 1
        stop = i
        while stop < end and text[stop] == 10:
            stop += 1
        if i < end and stop - i < breaks:
            i = stop
            continue
        if is_full(table, used):
            table = grown(table, used)
            pointers = key_map_pointers(table)
        key, length = key_of_bytes(text, first, i, end)
        number = number_of(pointers, key, used, int64(0))
        parts += 1
        if number > used:
            used = number
        else:
            seen += 1
            chars += length
        if i == end:
            break
        i = first = stop
    return parts, seen, chars


@kernel
def _hash_words(
    text: Bytes, base: int, limit: int, codes: Bytes, at: int, end: int, keys: Hashes, lengths: Uints
) -> int:
    """Writes the key of each word, and the code points of the words before it. Returns the number of words."""
    words = position = length = int64(0)
    while at < end:
        at, start, position = next_word(codes, at, position)
        key, points = key_of_bytes(text, base + start, base + position, limit)
        keys[words] = key
        lengths[words] = length
        length += points
        words += 1
    lengths[words] = length
    return words


@kernel
def _count_ngrams(keys: Hashes, places: Uints, lengths: Uints, words: int, counts: Longs) -> None:
    """Fills counts[7:] from the keys of the words. Overwrites the keys.

    An n-gram can repeat only if both (n - 1)-grams in it repeat, so each n has fewer places to check. The key of an
    n-gram consists of exactly the numbers of these two; the key of a pair is mixed from the keys of its words.
    """
    left = max(words - 1, int64(0))
    for i in range(left):
        keys[i] = (keys[i] ^ (keys[i] >> np.uint64(29))) * _FACTOR ^ keys[i + 1]
        places[i] = i
    for n in range(2, 11):
        if words < n:
            break
        if n > 2:
            left = _pair_numbers(keys, places, left)
        left, best, times = _number_repeated(keys, places, left)
        if n <= 4:
            counts[5 + n] = (int64(lengths[best + n]) - int64(lengths[best]) + n - 1) * times
        else:
            counts[5 + n] = _scan_duplicates(keys, places, lengths, left, n)


@kernel
def _pair_numbers(keys: Hashes, places: Uints, left: int) -> int:
    """Makes the keys of n-grams from the numbers of (n - 1)-grams at adjacent places. Returns the number of keys."""
    kept = int64(0)
    for i in range(left - 1):
        place = places[i]
        keys[kept] = keys[i] << np.uint64(32) | keys[i + 1]
        places[kept] = place
        kept += places[i + 1] == place + 1
    return kept


@kernel
def _number_repeated(keys: Hashes, places: Uints, left: int) -> tuple[int, int, int]:
    """Keeps the keys that repeat, as numbers, and their places.

    Returns (how many there are, the place of the most frequent one, its count). Most keys occur once; a small table
    that counts up to two removes them before they take a place in the KeyMap.
    """
    bits = int64(6)
    while bits < 22 and (1 << bits) < 4 * left:
        bits += 1
    seen = np.zeros(1 << bits, dtype=np.uint8)
    shift = np.uint64(64 - bits)
    for i in range(left):
        slot = int64((keys[i] * _FACTOR) >> shift)
        seen[slot] += seen[slot] < 2
    kept = int64(0)
    for i in range(left):
        key = keys[i]
        keys[kept] = key
        places[kept] = places[i]
        kept += seen[int64((key * _FACTOR) >> shift)] > 1
    table = key_map(kept // 2)
    pointers = key_map_pointers(table)
    used = int64(0)
    for i in range(kept):
        if is_full(table, used):
            table = grown(table, used)
            pointers = key_map_pointers(table)
        number = number_of(pointers, keys[i], used, places[i])
        used = max(used, number)
        keys[i] = number
    best, times = int64(0), int64(1)
    for number in range(1, used + 1):
        if table.counts[number] > times:
            best, times = int64(table.firsts[number]), int64(table.counts[number])
    left = int64(0)
    for i in range(kept):
        number = int64(keys[i])
        keys[left] = number
        places[left] = places[i]
        left += table.counts[number] > 1
    return left, best, times


@kernel
def _scan_duplicates(numbers: Hashes, places: Uints, lengths: Uints, left: int, n: int) -> int:
    """Returns the code points of n-grams that a scan from the left has seen before; it continues after each of them."""
    highest = int64(0)
    for i in range(left):
        highest = max(highest, int64(numbers[i]))
    seen = np.zeros(highest + 1, dtype=np.bool_)
    chars = following = int64(0)
    for i in range(left):
        place = int64(places[i])
        if place < following:
            continue
        number = int64(numbers[i])
        if seen[number]:
            chars += int64(lengths[place + n]) - int64(lengths[place])
            following = place + n
        seen[number] = True
    return chars


def warm() -> None:
    """Compiles or loads the kernels of this module."""
    repetition_counts(*tiny())
