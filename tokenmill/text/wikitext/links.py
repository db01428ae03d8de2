"""Handles links of wikitext: keeps their text; removes pictures, categories and links to other editions."""

from tokenmill.text.kernel.arrays import Bytes, int64, uint8
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.templates.hashes import folded_hash
from tokenmill.text.wikitext.names import Names
from tokenmill.text.wikitext.sections import count_words
from tokenmill.text.wikitext.state import (
    ARGUMENTS,
    AT,
    ATTRIBUTES,
    AWAY,
    DEPTH,
    END,
    EXTERNAL,
    FIRST,
    LETTERS,
    LINK,
    LINKED,
    OUT,
    PUT,
    TABLE,
    VARIANT,
    Work,
    abandon,
    find,
    push,
    put_byte,
    put_mark,
    replace_with_tail,
    take_back,
    top,
    trimmed,
)

_MAX_PREFIX = 64
_LETTER_BYTES = 8  # two characters


@kernel
def open_link(w: Work) -> None:
    """At `[` in wikitext: opens a link to a page or to an address. Any other bracket is text."""
    s, data = w.state, w.data
    at = s[AT]
    if at + 1 < s[END] and data[at + 1] == 91:
        push(w, LINK)
        s[AT] = at + 2
        return
    behind = _address_end(data, at + 1, s[END])
    if behind > 0 and _closes_in_line(data, behind, s[END]):
        put_mark(w)
        push(w, EXTERNAL)
        s[AT] = behind
        return
    put_byte(w, uint8(91))
    s[AT] = at + 1


@kernel
def close_link(w: Work, names: Names) -> None:
    """At `]` in wikitext: closes the innermost link, if there is one."""
    s = w.state
    at = s[AT]
    double = at + 1 < s[END] and w.data[at + 1] == 93
    if (top(w) == EXTERNAL and not double) or (top(w) == EXTERNAL and _three(w, at)):
        _end_external(w)
        s[AT] = at + 1
    elif not double:
        put_byte(w, uint8(93))
        s[AT] = at + 1
    else:
        inner = top(w) == EXTERNAL
        while top(w) == EXTERNAL or top(w) == VARIANT:
            abandon(w)
        if top(w) == LINK:
            _finish(w, names)
            s[AT] = at + 2
        else:
            s[AT] = at + 1 if inner else at + 2


@kernel
def _three(w: Work, at: int) -> bool:
    return bool(at + 2 < w.state[END] and w.data[at + 2] == 93)


@kernel
def _end_external(w: Work) -> None:
    """Closes a link to an address, and counts its words."""
    s = w.state
    out = w.frames[s[DEPTH] - 1, OUT]
    abandon(w)
    s[LINKED] += s[PUT] - out
    if s[DEPTH] == 0:
        s[AWAY] += count_words(w.out, out, s[PUT], s[PUT])


@kernel
def _finish(w: Work, names: Names) -> None:
    """Closes a link, and replaces all that it wrote by its text."""
    s = w.state
    frame = w.frames[s[DEPTH] - 1]
    out, first, last = frame[OUT], frame[FIRST], s[ARGUMENTS]
    abandon(w)
    start, end = trimmed(w.out, out, w.arguments[first, 0] if last > first else s[PUT])
    shown = start < end and w.out[start] == 58  # [[:Category:X]] is a link to it
    if not shown and _leaves_nothing(w, names, start, end):
        take_back(w, out)
        put_mark(w)
        return
    text = w.arguments[last - 1, 0] + 1 if last > first else s[PUT]
    from_, to = trimmed(w.out, text, s[PUT])
    if from_ == to:
        text = start + shown
        s[PUT] = max(end, text)
    replace_with_tail(w, out, text)
    _count(w, out)


@kernel
def _count(w: Work, out: int) -> None:
    """Counts the words of a link, which are the text from `out` on, for tables and for indexes of letters."""
    s = w.state
    s[LINKED] += s[PUT] - out
    if s[PUT] - out <= _LETTER_BYTES and s[PUT] > out:
        s[LETTERS] += 1
    if top(w) == TABLE:
        w.frames[s[DEPTH] - 1, ATTRIBUTES] = 0  # `| [[a]] | b` has no attributes


@kernel
def _leaves_nothing(w: Work, names: Names, start: int, end: int) -> bool:
    """Returns True if the target's prefix is that of pictures, categories or another language edition."""
    colon = start
    while colon < end and colon - start < _MAX_PREFIX and w.out[colon] != 58:
        colon += 1
    if colon >= end or w.out[colon] != 58:
        return False
    start, stop = trimmed(w.out, start, colon)
    prefix = folded_hash(w.out, start, stop)
    if find(names.media, prefix) >= 0 or prefix == w.extra[0] or prefix == w.extra[1]:
        return True
    if find(names.languages, prefix) < 0:
        return False
    large = False  # `IT:` begins a title, `it:` leads to the Italian edition
    for i in range(start, stop):
        large |= 65 <= w.out[i] <= 90
    return not large


@kernel
def _address_end(data: Bytes, at: int, end: int) -> int:
    """Returns the position after the address at `at` and the spaces after it, or -1 if there is no address at `at`."""
    i = at
    while i < end and i - at < 10 and 97 <= (data[i] | 32) <= 122:
        i += 1
    colon = i < end and data[i] == 58 and i > at
    slashes = i + 1 < end and data[i] == 47 and data[i + 1] == 47 and i == at
    double = colon and i + 2 < end and data[i + 1] == 47 and data[i + 2] == 47
    mail = colon and (i - at == 6 or i - at == 4) and (data[at] | 32 == 109 or data[at] | 32 == 110)
    if not (slashes or double or mail):
        return int64(-1)
    while i < end and data[i] > 32 and data[i] != 93 and data[i] != 60 and data[i] != 91 and data[i] != 123:
        if data[i] == 124 or data[i] == 125:
            break
        i += 1
    while i < end and data[i] == 123:  # a template builds the address
        i = _past_braces(data, i, end)
    while i < end and data[i] == 32:
        i += 1
    return i


@kernel
def _past_braces(data: Bytes, at: int, end: int) -> int:
    for i in range(at, min(end, at + 500)):
        if data[i] == 125 and (i + 1 >= end or data[i + 1] != 125):
            i += 1
            while i < end and data[i] > 32 and data[i] != 93 and data[i] != 123 and data[i] != 60:
                i += 1
            return i
        if data[i] == 10:
            break
    return at + 1


@kernel
def _closes_in_line(data: Bytes, at: int, end: int) -> bool:
    """Returns True if a `]` follows in the same line within 2,000 bytes."""
    for i in range(at, min(end, at + 2000)):
        if data[i] == 93:
            return True
        if data[i] == 10:
            return False
    return False
