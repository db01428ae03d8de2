"""Removes what has no text of its own: headings over nothing or over links to other sites, and indexes of letters."""

from tokenmill.text.kernel.arrays import Bytes, int64
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.wikitext.state import (
    AWAY,
    DEPTH,
    HEADS,
    ITEM_MARK,
    LETTERS,
    OUT_FROM,
    PUT,
    TEXT,
    Work,
    put_mark,
    take_back,
)

_INDEX = 5  # fewest letters of an index


@kernel
def drop_empty_headings(w: Work, level: int) -> None:
    """Removes wikitext headings of this level and below without text under them, before a new one of this level.

    Lines that only name links to other sites are no text.
    """
    s = w.state
    if s[HEADS] == 0:
        return
    if count_words(w.out, s[TEXT], s[PUT], s[AWAY]) > s[AWAY]:
        s[HEADS] = 0
        return
    while s[HEADS] and w.heads[s[HEADS] - 1, 1] >= level:
        s[HEADS] -= 1
        take_back(w, w.heads[s[HEADS], 0])
    s[TEXT] = s[PUT]
    s[AWAY] = 0


@kernel
def count_words(out: Bytes, start: int, end: int, most: int) -> int:
    """Returns the bytes of words in the text made from wikitext, without item markers and addresses.

    Stops after a word if there are more than `most`.
    """
    count = int64(0)
    i = start
    while i < end and count <= most:
        behind = _behind_marker(out, i, end)
        if behind > i:
            i = behind
            continue
        word = i
        size = int64(0)
        address = False
        while i < end and out[i] > 32:
            dash = out[i] == 0xE2 and i + 2 < end and out[i + 1] == 0x80
            size += _is_letter(out[i]) and not dash
            address |= out[i] == 58 and i + 2 < end and out[i + 1] == 47 and out[i + 2] == 47
            i += 3 if dash else 1
        count += 0 if address else size
        i = max(i, word + 1)
    return count


@kernel
def _is_letter(byte: int) -> bool:
    """Returns True for a byte of a word: an ASCII letter or digit, or a byte of any other character."""
    return 97 <= (byte | 32) <= 122 or 48 <= byte <= 57 or byte >= 0x80


@kernel
def _behind_marker(out: Bytes, at: int, end: int) -> int:
    """Returns the position after the item marker that begins at `at`, or `at` if no marker does."""
    for i in range(at, min(at + 6, end)):
        if out[i] == 10:
            return at
        if out[i] == ITEM_MARK:
            return int64(i + 1)
    return at


@kernel
def drop_index(w: Work) -> None:
    """Removes the line of wikitext that ends here if it is an index of linked letters, such as `A B C D`.

    Some letters may have no link.
    """
    s, out = w.state, w.out
    letters = s[LETTERS]
    s[LETTERS] = 0
    if s[DEPTH] or letters < _INDEX:
        return
    start = s[PUT]
    while start > s[OUT_FROM] and out[start - 1] != 10:
        start -= 1
    words = _short_words(out, start, s[PUT])
    if words and words <= 2 * letters:
        take_back(w, start)
        put_mark(w)


@kernel
def _short_words(out: Bytes, start: int, end: int) -> int:
    """Returns the number of words, or 0 if one of them has more than two characters. Signs are no words."""
    words, size = int64(0), int64(0)
    i = start
    while i <= end:
        if i < end and _is_letter(out[i]):
            size += not 0x80 <= out[i] < 0xC0
        else:
            words += size > 0
            size = int64(0)
        if size > 2:
            return int64(0)
        i += 1
    return words
