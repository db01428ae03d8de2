"""Rejoins exceptions that the splitter's rules have cut."""

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, Offsets, int64
from tokenmill.text.kernel.cache import inlined, kernel
from tokenmill.text.kernel.codes import next_word, put_cut, put_word
from tokenmill.text.words.lexicon import Lexicon, find_word


@kernel
def rejoin(
    lexicon: Lexicon, buffer: Bytes, origin: int, length: int, gap: int, codes: Bytes, begin: int, at: int
) -> int:
    """Joins neighbouring words into an exception that the word splitter's rules would cut into them, as `:` and `)`.

    Returns the next `at`. codes[begin:at] are the words of the run. Call it only if any_rejoined() returns True. The
    exception of most words wins, then the earlier one. Words of an exception that loses are not used for shorter
    exceptions either.
    """
    starts = np.empty(at - begin + 1, dtype=np.int64)
    count, i, position = 0, begin, origin - gap
    while i < at:
        i, starts[count], position = next_word(codes, i, position)
        count += 1
    starts[count] = origin + length
    taken = np.zeros(count, dtype=np.bool_)
    chosen = np.full(count, -1, dtype=np.int64)
    last = np.zeros(count, dtype=np.int64)
    for most in range(lexicon.rejoined_most, 1, -1):
        for word in range(count - most + 1):
            number = _rejoined(lexicon, buffer, starts, word, word + most)
            if number >= 0:
                if not taken[word] and not taken[word + most - 1]:
                    chosen[word] = number
                    last[word] = word + most
                taken[word : word + most] = True
    word, at = 0, begin
    while word < count:
        if chosen[word] >= 0:
            size = starts[last[word]] - starts[word]
            at = put_cut(lexicon.cuts[chosen[word]], size, gap, codes, at)
            word = last[word]
        else:
            at = put_word(codes, at, gap, starts[word + 1] - starts[word])
            word += 1
        gap = int64(0)
    return at


@inlined
def any_rejoined(lexicon: Lexicon, buffer: Bytes, origin: int, codes: Bytes, begin: int, at: int, gap: int) -> bool:
    """Returns whether any consecutive words that the splitter cut a run into are together an exception."""
    i, position = begin, origin - gap
    while i < at:
        i, start, position = next_word(codes, i, position)
        lengths = lexicon.rejoined_lengths[buffer[start]]
        j, end = i, position
        while j < at and lengths >> np.uint64(min(end - start, 63)):
            j, _, end = next_word(codes, j, end)
            fits = end - start < 64 and (lengths >> np.uint64(end - start)) & np.uint64(1)
            if fits and find_word(lexicon.exceptions, buffer, start, end) >= 0:
                return True
    return False


@kernel
def _rejoined(lexicon: Lexicon, buffer: Bytes, starts: Offsets, word: int, end: int) -> int:
    """Returns the number of the exception that the rules cut into exactly the words [word, end), or -1."""
    length = starts[end] - starts[word]
    if length > 63 or not (lexicon.rejoined_lengths[buffer[starts[word]]] >> np.uint64(length)) & np.uint64(1):
        return int64(-1)
    number = find_word(lexicon.exceptions, buffer, starts[word], starts[end])
    if number < 0:
        return int64(-1)
    bits = np.uint64(0)
    for i in range(word + 1, end + 1):
        bits |= np.uint64(1) << np.uint64(starts[i] - starts[word] - 1)
    return number if bits == lexicon.rejoined[number] else int64(-1)
