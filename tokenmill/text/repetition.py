"""How much of a document repeats itself: paragraphs, lines and word n-grams, counted for the Gopher repetition rules.

Counts are datatrove's: a paragraph or line is a duplicate from its second occurrence on; the most frequent 2-, 3- or
4-gram counts with its spaces, times its occurrences; for 5- to 10-grams a scan from the left adds an n-gram seen before
and jumps over it. Lengths are in code points. N-grams are compared as sequences of words (datatrove compares the
letters run together).
"""

import numpy as np
import numpy.typing as npt

from tokenmill.text.cache import kernel, pointer
from tokenmill.text.classes import class_table
from tokenmill.text.codes import next_word
from tokenmill.text.keymap import grown, is_full, key_map, key_map_pointers, key_of_bytes, number_of
from tokenmill.text.points import length_in_points, stripped
from tokenmill.text.segment import Bytes, Offsets, Words, tiny

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


def repetition_counts(buffer: Bytes, offsets: Offsets, words: Words) -> dict[str, npt.NDArray[np.int64]]:
    """Each of COUNTS for each document, int64 (rows,)."""
    counts = np.zeros((len(offsets) - 1, len(COUNTS)), dtype=np.int64)
    _count(class_table(), buffer, offsets, words.codes, words.code_offsets, counts)
    return {name: counts[:, i] for i, name in enumerate(COUNTS)}


@kernel
def _count(class_table, buffer, offsets, code_array, code_offsets, counts):  # type: ignore[no-untyped-def]
    classes, text, codes = pointer(class_table), pointer(buffer), pointer(code_array)
    room = np.int64(0)
    for row in range(len(counts)):
        room = max(room, code_offsets[row + 1] - code_offsets[row])
    numbers = np.empty(room + 1, dtype=np.uint32)
    places = np.empty(room + 1, dtype=np.uint32)
    lengths = np.empty(room + 1, dtype=np.uint32)
    for row in range(len(counts)):
        start, end = offsets[row], offsets[row + 1]
        counts[row, 0] = length_in_points(text, start, end)
        counts[row, 4], counts[row, 5], counts[row, 6] = _duplicate_parts(text, start, end, 1)
        low, high = stripped(classes, text, start, end)
        counts[row, 1], counts[row, 2], counts[row, 3] = _duplicate_parts(text, low, high, 2)
        first, last = code_offsets[row], code_offsets[row + 1]
        _count_ngrams(text, start, end, codes, first, last, numbers, places, lengths, counts[row])


@kernel
def _duplicate_parts(text, start, end, breaks):  # type: ignore[no-untyped-def]
    """(parts, those seen before, their code points) where text is split at every run of `breaks` or more newlines."""
    parts = seen = chars = used = np.int64(0)
    table = key_map(np.int64(32))
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
        number = number_of(pointers, key, used, np.int64(0))
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
def _count_ngrams(text, base, limit, codes, at, end, numbers, places, lengths, counts):  # type: ignore[no-untyped-def]
    """Fill counts[7:]. An n-gram can only repeat where the two (n - 1)-grams in it do, so each n looks at fewer places.

    limit: end of the document. Scratch with room for all words: numbers, places: number and position of the n-grams
    that repeat; lengths: code points of the words before each position.
    """
    words, left = _number_words(text, base, limit, codes, at, end, numbers, places, lengths)
    for n in range(2, 11):
        if words < n:
            break
        left, best, times = _number_ngrams(numbers, places, left)
        if n <= 4:
            counts[5 + n] = (np.int64(lengths[best + n]) - np.int64(lengths[best]) + n - 1) * times
        else:
            counts[5 + n] = _scan_duplicates(numbers, places, lengths, left, n)


@kernel
def _number_words(text, base, limit, codes, at, end, numbers, places, lengths):  # type: ignore[no-untyped-def]
    """(words, places left): number the words, and keep the places of those that occur more than once."""
    table = key_map((end - at) // 4)
    pointers = key_map_pointers(table)
    words = used = position = length = np.int64(0)
    while at < end:
        at, start, position = next_word(codes, at, position)
        if is_full(table, used):
            table = grown(table, used)
            pointers = key_map_pointers(table)
        key, points = key_of_bytes(text, base + start, base + position, limit)
        number = number_of(pointers, key, used, words)
        used = max(used, number)
        numbers[words] = number
        lengths[words] = length
        length += points
        words += 1
    lengths[words] = length
    left = np.int64(0)
    for i in range(words):
        number = numbers[i]
        numbers[left] = number
        places[left] = i
        left += table.counts[number] > 1
    return words, left


@kernel
def _number_ngrams(numbers, places, left):  # type: ignore[no-untyped-def]
    """(places left, place of the most frequent n-gram, how often it occurs), from the (n - 1)-grams that repeat."""
    table = key_map(left // 2)
    pointers = key_map_pointers(table)
    used = kept = np.int64(0)
    for i in range(left - 1):
        if places[i + 1] == places[i] + 1:
            if is_full(table, used):
                table = grown(table, used)
                pointers = key_map_pointers(table)
            key = np.uint64(numbers[i]) << np.uint64(32) | np.uint64(numbers[i + 1])
            number = number_of(pointers, key, used, places[i])
            used = max(used, number)
            numbers[kept] = number
            places[kept] = places[i]
            kept += 1
    best, times = np.int64(0), np.int64(1)
    for number in range(1, used + 1):
        if table.counts[number] > times:
            best, times = np.int64(table.firsts[number]), np.int64(table.counts[number])
    left = np.int64(0)
    for i in range(kept):
        number = numbers[i]
        numbers[left] = number
        places[left] = places[i]
        left += table.counts[number] > 1
    return left, best, times


@kernel
def _scan_duplicates(numbers, places, lengths, left, n):  # type: ignore[no-untyped-def]
    """Code points of the n-grams that a scan from the left has seen before, jumping over each."""
    highest = np.int64(0)
    for i in range(left):
        highest = max(highest, np.int64(numbers[i]))
    seen = np.zeros(highest + 1, dtype=np.bool_)
    chars = following = np.int64(0)
    for i in range(left):
        place = np.int64(places[i])
        if place < following:
            continue
        if seen[numbers[i]]:
            chars += np.int64(lengths[place + n]) - np.int64(lengths[place])
            following = place + n
        seen[numbers[i]] = True
    return chars


def warm() -> None:
    """Compile or load the kernels of this module."""
    repetition_counts(*tiny())
