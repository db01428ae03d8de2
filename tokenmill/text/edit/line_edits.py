"""The line edits of C4: they remove lines from documents, and citation marks from the lines that stay.

They work as in datatrove: the lines are those of str.splitlines, stripped. Rules remove lines, citation marks are cut
out of the others, and the lines that stay are joined by newlines. The case of ASCII letters makes no difference in
phrases.
"""

from typing import NamedTuple

import numpy as np

from tokenmill.core.columns import BoolMask
from tokenmill.text.kernel.arrays import Bytes, Longs, Offsets, Ushorts, int64
from tokenmill.text.kernel.cache import frozen, kernel, pointer
from tokenmill.text.kernel.classes import SPACE, class_table
from tokenmill.text.kernel.points import line_break, point_at, stripped
from tokenmill.text.words.segment import splice, spliced_offsets, tiny

COUNTS = (
    "lines",
    "removed_lines",
    "lorem_lines",  # lines with "lorem ipsum", among those that earlier rules do not remove
    "curly_lines",  # lines with `{`, among the same, while there are at most max_lorem_lines lorem_lines
)

_LOREM, _CURLY = 2, 4
_SCRIPT, _POLICY, _BRACKET = 8, 16, 32
_PHRASES = (  # (meaning, phrase, position of its rarest letter, at which the search looks for it)
    (_SCRIPT, "javascript", 0),
    (_LOREM, "lorem ipsum", 4),
    (_CURLY, "{", 0),
    (_BRACKET, "[", 0),
    (_POLICY, "terms of use", 3),
    (_POLICY, "privacy policy", 3),
    (_POLICY, "cookie policy", 3),
    (_POLICY, "uses cookies", 8),
    (_POLICY, "use of cookies", 10),
    (_POLICY, "use cookies", 7),
)
_RAREST, _MAY_BREAK = 1, 2
_CITATIONS = np.frombuffer(b"[edit][citation needed]", dtype=np.uint8)


class C4Phrases(NamedTuple):
    """_PHRASES as arrays for kernels."""

    text: Bytes
    offsets: Offsets
    anchors: Longs
    meanings: Longs
    kinds: Bytes  # (256,): _RAREST if a byte is the rarest letter of a phrase, _MAY_BREAK if it may begin a line break
    number: int


class Edited(NamedTuple):
    """Edited documents: buffer[starts[r]:ends[r]], in the order of the rows, with unused bytes between them."""

    buffer: Bytes
    starts: Offsets
    ends: Offsets
    counts: dict[str, Longs]  # {name in COUNTS: int64 (rows,)}


def edit_c4_lines(
    buffer: Bytes,
    offsets: Offsets,
    *,
    min_words: int,
    max_word_chars: int,
    terminal: bool,
    citations: bool,
    max_lorem_lines: int,
) -> Edited:
    """Removes, as C4 does, lines with too few words (min_words), with too long a word, or with certain phrases.

    A word is too long if it has more than max_word_chars code points. terminal: also removes lines that do not end in
    `.`, `?`, `!` or a straight quote, and lines that end in `...`. citations: cuts out citation marks. A line with
    "lorem ipsum" or `{` is counted and stays, because it drops the whole document; the first such line decides the
    rule. max_lorem_lines: if more lines have "lorem ipsum", lines with `{` after them are not counted.
    """
    rows = len(offsets) - 1
    out = np.empty(int(offsets[-1] - offsets[0]), dtype=np.uint8)
    ranges, counts = np.zeros((rows, 2), dtype=np.int64), np.zeros((rows, len(COUNTS)), dtype=np.int64)
    _edit(
        *(class_table(), _phrases(), _CITATIONS, buffer, offsets, min_words, max_word_chars, terminal, citations),
        *(max_lorem_lines, out, ranges, counts),
    )
    starts, ends = (frozen(np.ascontiguousarray(ranges[:, i])) for i in range(2))
    return Edited(out, starts, ends, {name: counts[:, i] for i, name in enumerate(COUNTS)})


def packed(edited: Edited, buffer: Bytes, offsets: Offsets, restored: BoolMask) -> tuple[Bytes, Offsets]:
    """Returns (bytes, offsets) of documents whose lines were edited, without gaps. Overwrites edited.buffer.

    buffer, offsets: the original documents. restored: bool (rows,), true for documents that keep their original text.
    """
    starts, ends = offsets[:-1], offsets[1:]
    out_offsets = spliced_offsets(edited.starts, edited.ends, starts, ends, restored)
    splice(edited.buffer, edited.starts, edited.ends, buffer, starts, ends, frozen(restored), out_offsets)
    return frozen(edited.buffer[: out_offsets[-1]]), out_offsets


def _phrases() -> C4Phrases:
    coded = [phrase.encode() for _, phrase, _ in _PHRASES]
    anchors = [place for _, _, place in _PHRASES]
    kinds = np.zeros(256, dtype=np.uint8)
    kinds[[*range(10, 14), *range(28, 31), 0xC2, 0xE2]] = _MAY_BREAK
    for phrase, place in zip(coded, anchors, strict=True):
        letter = chr(phrase[place])
        kinds[[ord(letter), ord(letter.upper())]] = _RAREST
    return C4Phrases(
        frozen(np.frombuffer(b"".join(coded), dtype=np.uint8)),
        frozen(np.cumsum([0, *map(len, coded)], dtype=np.int64)),
        frozen(np.array(anchors, dtype=np.int64)),
        frozen(np.array([meaning for meaning, _, _ in _PHRASES], dtype=np.int64)),
        frozen(kinds),
        len(coded),
    )


@kernel
def _edit(
    class_table: Ushorts,
    phrase_arrays: C4Phrases,
    citation_array: Bytes,
    buffer: Bytes,
    offsets: Offsets,
    min_words: int,
    max_chars: int,
    terminal: bool,
    citations: bool,
    max_lorem: int,
    out: Bytes,
    ranges: Longs,
    counts: Longs,
) -> None:
    classes, text, written = pointer(class_table), pointer(buffer), pointer(out)
    marks = pointer(citation_array)
    phrases = C4Phrases(
        pointer(phrase_arrays.text),
        pointer(phrase_arrays.offsets),
        pointer(phrase_arrays.anchors),
        pointer(phrase_arrays.meanings),
        pointer(phrase_arrays.kinds),
        phrase_arrays.number,
    )
    at = int64(0)
    for row in range(len(ranges)):
        end = offsets[row + 1]
        begin = at  # directly after the previous document, so that memory pages at the end are not touched
        first = offsets[row]
        lines = removed = lorem = curly = kept = int64(0)
        while first < end:
            i, size, found = _scan_line(phrases, text, first, end)
            low, high = stripped(classes, text, first, i)
            first = i + size
            lines += 1
            if not _has_words(classes, text, low, high, min_words) or _has_long_word(
                classes, text, low, high, max_chars
            ):
                removed += 1
                continue
            place = at + (kept > 0)
            if found & _BRACKET and citations:
                stop = _copy_uncited(text, low, high, written, place, marks)
                _, _, found = _scan_line(phrases, written, place, stop)
            else:
                stop = place + high - low
                for k in range(high - low):
                    written[place + k] = text[low + k]
            if terminal and not _is_ended(written, place, stop):
                removed += 1
                continue
            lorem += (found & _LOREM) != 0
            curly += (found & (_CURLY | _SCRIPT)) == _CURLY and lorem <= max_lorem
            if found & (_SCRIPT | _POLICY):
                removed += 1
                continue
            if kept:
                written[at] = 10
            kept += 1
            at = stop
        ranges[row, 0], at = stripped(classes, written, begin, at)
        ranges[row, 1] = at
        counts[row, 0], counts[row, 1], counts[row, 2], counts[row, 3] = lines, removed, lorem, curly


@kernel
def _scan_line(phrases: C4Phrases, text: Bytes, start: int, end: int) -> tuple[int, int, int]:
    """Returns (end of the line at text[start], bytes of its line break, the or-ed meanings of all phrases in it)."""
    found = int64(0)
    i = start
    while i < end:
        kind = phrases.kinds[text[i]]
        if kind == _MAY_BREAK:
            size = line_break(text, i, end)
            if size:
                return i, size, found
        elif kind:
            for number in range(phrases.number):
                first = phrases.offsets[number]
                length = phrases.offsets[number + 1] - first
                low = i - phrases.anchors[number]
                if low >= start and low + length <= end:
                    k = int64(0)
                    while k < length and _lower(text[low + k]) == phrases.text[first + k]:
                        k += 1
                    if k == length:
                        found |= phrases.meanings[number]
        i += 1
    return end, int64(0), found


@kernel
def _has_words(classes: Ushorts, text: Bytes, start: int, end: int, least: int) -> bool:
    """Returns whether there are at least `least` words, separated by white space."""
    words = int64(0)
    inside = False
    while start < end and words < least:
        point, size = point_at(text, start, end)
        space = classes[point] & SPACE != 0
        words += not space and not inside
        inside = not space
        start += size
    return words >= least


@kernel
def _has_long_word(classes: Ushorts, text: Bytes, start: int, end: int, most: int) -> bool:
    """Returns whether a word has more than `most` code points."""
    if end - start <= most:
        return False
    length = int64(0)
    while start < end and length <= most:
        point, size = point_at(text, start, end)
        length = int64(0) if classes[point] & SPACE else length + 1
        start += size
    return length > most


@kernel
def _copy_uncited(text: Bytes, start: int, end: int, out: Bytes, at: int, marks: Bytes) -> int:
    """Copies text[start:end] to out[at:] without `[1]`, `[]`, `[edit]`, `[citation needed]`. Returns its end."""
    i = start
    while i < end:
        if text[i] == 91:
            size = _citation(text, i, end, marks)
            if size:
                i += size
                continue
        out[at] = text[i]
        at += 1
        i += 1
    return at


@kernel
def _citation(text: Bytes, i: int, end: int, marks: Bytes) -> int:
    """Returns the length of the citation mark that begins at text[i], a `[`; 0 if there is none. marks: _CITATIONS."""
    k = i + 1
    while k < end and 48 <= text[k] <= 57:
        k += 1
    if k < end and text[k] == 93:
        return k + 1 - i
    for first, last in ((0, 6), (6, 23)):
        if end - i >= last - first:
            same = True
            for k in range(first, last):
                same &= text[i + k - first] == marks[k]
            if same:
                return int64(last - first)
    return int64(0)


@kernel
def _is_ended(text: Bytes, start: int, end: int) -> bool:
    if start == end:
        return False
    last = text[end - 1]
    if end - start >= 3 and last == 46 and text[end - 2] == 46 and text[end - 3] == 46:
        return False
    return bool(last == 46 or last == 63 or last == 33 or last == 34 or last == 39)


@kernel
def _lower(byte: int) -> int:
    return byte + 32 if 65 <= byte <= 90 else byte


def warm() -> None:
    """Compiles or loads the kernels of this module."""
    buffer, offsets, _ = tiny()
    edited = edit_c4_lines(
        buffer, offsets, min_words=3, max_word_chars=1000, terminal=False, citations=True, max_lorem_lines=0
    )
    packed(edited, buffer, offsets, np.zeros(1, dtype=np.bool_))
