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
            sign = _sign(out, i)
            size += _is_letter(out[i]) and not sign
            address |= out[i] == 58 and i + 2 < end and out[i + 1] == 47 and out[i + 2] == 47
            i += sign if sign else 1
        count += 0 if address else size
        i = max(i, word + 1)
    return count


@kernel
def _is_letter(byte: int) -> bool:
    """Returns True for a byte of a word: an ASCII letter or digit, or a byte of any other character."""
    return 97 <= (byte | 32) <= 122 or 48 <= byte <= 57 or byte >= 0x80


@kernel
def _sign(out: Bytes, at: int) -> int:
    """Returns the number of bytes of a sign outside ASCII, such as a dash, bullet or bracket, or 0."""
    if out[at] == 0xC2:
        return int64(2)
    general = out[at] == 0xE2 and out[at + 1] < 0xB0
    return int64(3 if general or (out[at] == 0xE3 and out[at + 1] == 0x80) else 0)


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
    end = s[PUT]
    while end > s[OUT_FROM] and out[end - 1] <= 32:
        end -= 1
    start = end
    while start > s[OUT_FROM] and out[start - 1] != 10:
        start -= 1
    words = _short_words(out, start, end)
    if words and words <= 2 * letters:
        take_back(w, start)
        put_mark(w)


@kernel
def _short_words(out: Bytes, start: int, end: int) -> int:
    """Returns the number of words, or 0 if one of them has more than two characters. Signs are no words."""
    words, size = int64(0), int64(0)
    i = start
    while i <= end:
        sign = _sign(out, i) if i < end else int64(0)
        if i < end and _is_letter(out[i]) and not sign:
            size += not 0x80 <= out[i] < 0xC0
        else:
            words += size > 0
            size = int64(0)
        if size > 2:
            return int64(0)
        i += sign if sign else 1
    return words
