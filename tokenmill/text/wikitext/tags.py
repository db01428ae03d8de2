"""Handles tags, comments and magic words of wikitext."""

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, int64, uint8
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.powers.marks import LOWERED, LOWERED_END, RAISED_END, STRUCK
from tokenmill.text.templates.hashes import folded_hash, name_hash
from tokenmill.text.wikitext.attributes import attribute_number, is_hidden
from tokenmill.text.wikitext.lines import MAX_NUMBER, put_marker, renumber_item
from tokenmill.text.wikitext.names import (
    BLOCK,
    BLOCK_RAW,
    CELL,
    ITEM,
    MATH,
    NONE,
    RAW,
    ROW,
    RUBY,
    SKIP,
    SUB,
    SUP,
    Names,
)
from tokenmill.text.wikitext.powers import put_raised
from tokenmill.text.wikitext.state import (
    AT,
    CODE,
    CODE_END,
    END,
    HIDDEN_TO_END,
    INDENTED,
    NO_END,
    NUMBERED,
    OUT_FROM,
    PLAIN,
    PUT,
    READING,
    SPACED,
    Work,
    find,
    put_byte,
    put_mark,
)
from tokenmill.text.wikitext.table_tags import CAPTION_TAG, TABLE_TAG, table_tag
from tokenmill.text.wikitext.words import entity

_NAME_BYTES, _TAG_BYTES = 20, 4096
_OL, _UL, _START, _VALUE = (np.uint64(name_hash(name)) for name in ("ol", "ul", "start", "value"))
_RUBY, _RP = np.uint64(name_hash("ruby")), np.uint64(name_hash("rp"))
_BASE, _OWN = 1, 2  # states of READING in a `<ruby>`: nothing, or `<rp>`, came last; else 2 + the place of our bracket
_NOWIKI = np.uint64(name_hash("nowiki"))
_STRUCK_TAGS = tuple(np.uint64(name_hash(name)) for name in ("del", "s", "strike"))
_SPACED_TAGS = tuple(np.uint64(name_hash(name)) for name in ("poem", "code", "samp", "kbd", "tt"))


@kernel
def tag(w: Work, names: Names) -> None:
    """At `<` in wikitext: skips a comment, or skips an element's `<…>` and applies its effect.

    Any other `<` is text.
    """
    data, at, end = w.data, w.state[AT], w.state[END]
    if at + 3 < end and data[at + 1] == 33 and data[at + 2] == 45 and data[at + 3] == 45:
        w.state[AT] = _end_of_comment(w, at + 4)
        put_mark(w)
        return
    closing = at + 1 < end and data[at + 1] == 47
    start = at + 1 + closing
    stop = start
    while stop < end and stop - start < _NAME_BYTES and _is_letter(data[stop]):
        stop += 1
    name = folded_hash(data, start, stop)
    found = find(names.tags, name) if stop > start else int64(-1)
    action = names.tag_actions[found] if found >= 0 else int64(NONE)
    of_table = action in (CELL, ROW) or name == TABLE_TAG
    if of_table and stop < end and data[stop] == 59:  # as in `<td; align=left>`
        stop += 1
    behind = _end_of_tag(data, stop, end) if found >= 0 else int64(-1)
    if behind < 0:
        put_byte(w, uint8(60))
        w.state[AT] = at + 1
        return
    w.state[AT] = behind
    may_hide = action in (NONE, BLOCK, ITEM, SUP, SUB, RUBY) and name != TABLE_TAG and data[behind - 2] != 47
    if may_hide and not closing and is_hidden(data, stop, behind, True) and _skip_hidden(w, found, start, stop):
        return
    if action <= BLOCK_RAW:
        if not closing and data[behind - 2] != 47:
            _content(w, names, action, found, start, stop, behind)
        if action == SKIP and not closing:
            put_mark(w)
    elif (of_table or name == CAPTION_TAG) and table_tag(w, name, closing, stop, behind):
        return
    elif action == RUBY:
        _ruby(w, name, closing)
    elif name in _STRUCK_TAGS:
        put_byte(w, uint8(STRUCK))
    elif name in _SPACED_TAGS:
        _spaced(w, action, closing, found, start, stop)
    else:
        if name in (_OL, _UL):
            first = min(max(attribute_number(data, _START, stop, behind), int64(1)), int64(MAX_NUMBER))
            w.state[NUMBERED] = first if name == _OL and not closing else int64(0)
        elif action == ITEM and not closing:
            given = min(attribute_number(data, _VALUE, stop, behind), int64(MAX_NUMBER))
            if given and not w.state[NUMBERED] and renumber_item(w, given):
                return
            w.state[NUMBERED] = given if given and w.state[NUMBERED] else w.state[NUMBERED]
        _act(w, action, closing)


@kernel
def _spaced(w: Work, action: int, closing: bool, found: int, start: int, stop: int) -> None:
    """At the tag of a poem or of code whose markup is read like other text: its white space stays."""
    s, data = w.state, w.data
    _act(w, action, closing)
    if closing:
        s[CODE_END] = min(s[CODE_END], s[AT])
        if action == NONE:
            put_byte(w, uint8(PLAIN))
        return
    if s[AT] < s[CODE_END]:
        return
    last, _ = _end_tag(w, found, start, stop, True)
    if last < 0:
        return
    s[CODE_END] = last
    if action != NONE:
        put_byte(w, uint8(CODE))
        return
    for i in range(s[AT], last - 1):
        if data[i] <= 32 and data[i + 1] <= 32:
            put_byte(w, uint8(SPACED))
            return


@kernel
def _act(w: Work, action: int, closing: bool) -> None:
    """Writes the effect of a tag whose content is read like other text."""
    if action == NONE:
        return
    if action == SUP:
        if closing:
            put_byte(w, uint8(RAISED_END))
        else:
            put_raised(w)
    elif action == SUB:
        put_byte(w, uint8(LOWERED_END if closing else LOWERED))
    elif action == CELL:
        if not closing and w.state[PUT] > w.state[OUT_FROM] and w.out[w.state[PUT] - 1] > 10:
            put_byte(w, uint8(9))
    else:
        line_break(w)
        if action == ITEM and not closing:
            number = w.state[NUMBERED]
            put_marker(w, number)
            w.state[NUMBERED] = min(number + (number > 0), int64(MAX_NUMBER))
            while w.state[AT] < w.state[END] and w.data[w.state[AT]] == 32:
                w.state[AT] += 1
        if action == BLOCK:
            line_break(w)


@kernel
def _ruby(w: Work, name: np.uint64, closing: bool) -> None:
    """At a tag of `<ruby>`: writes brackets around the reading in `<rt>`, unless `<rp>` has them."""
    s = w.state
    if s[READING] > _OWN:  # `</rt>` may be missing
        bracket = s[READING] - _OWN
        if bracket == s[PUT]:
            s[PUT] -= 1
        elif bracket < s[PUT] and w.out[bracket - 1] == 40:
            put_byte(w, uint8(41))
        s[READING] = _BASE
    if name == _RUBY:
        s[READING] = 0 if closing else _BASE
    elif name == _RP:
        s[READING] = _OWN
    elif s[READING] == _BASE and not closing:
        put_byte(w, uint8(40))
        s[READING] = _OWN + s[PUT]  # behind the bracket


@kernel
def line_break(w: Work) -> None:
    """Ends the line of the text that is made from wikitext, at `<br>` and elements that begin a line."""
    put_byte(w, uint8(10))


@kernel
def _content(w: Work, names: Names, action: int, found: int, start: int, stop: int, behind: int) -> None:
    """Handles the content of the tag data[start:behind] that was just read, up to its end tag.

    Without an end tag, only the tag is removed.
    """
    s, first = w.state, w.state[AT]
    last, behind_end = _end_tag(w, found, start, stop, action == SKIP)
    if last < 0:
        return
    block = action == BLOCK_RAW and not _is_inline(w.data, stop, behind)
    if action == MATH:
        put_byte(w, uint8(36))
        while first < last and w.data[first] <= 32:
            first += 1
        while last > first and w.data[last - 1] <= 32:
            last -= 1
    elif block:
        line_break(w)
        put_byte(w, uint8(CODE))
    elif action == BLOCK_RAW:
        put_byte(w, uint8(SPACED))
    s[AT] = first
    if action != SKIP:
        lines = block or (action == RAW and (first < s[CODE_END] or s[INDENTED] > 0))
        literal = action == BLOCK_RAW and (w.data[start] | 32) == 115  # syntaxhighlight, source
        _copy_raw(w, names, last, lines, literal)
    if action == MATH:
        put_byte(w, uint8(36))
    elif block:
        line_break(w)
    elif action == BLOCK_RAW:
        put_byte(w, uint8(PLAIN))
    s[AT] = behind_end
    while block and s[AT] < s[END] and w.data[s[AT]] == 32:
        s[AT] += 1


@kernel
def _is_inline(data: Bytes, start: int, end: int) -> bool:
    """Returns True if the attributes of a tag have `inline`, as of code inside a sentence."""
    for i in range(start, end - 6):
        if data[i] == 105 and data[i + 1] == 110 and data[i + 2] == 108 and data[i + 3] == 105:
            return bool(data[i + 4] == 110 and data[i + 5] == 101 and data[i - 1] <= 34)
    return False


@kernel
def _copy_raw(w: Work, names: Names, last: int, lines: bool, literal: bool) -> None:
    """Writes data[AT:last], decoding only entities, without tags of nowiki. literal: also without these changes.

    lines: keep line feeds, and mark the lines after them as code; otherwise line feeds become spaces.
    """
    end = w.state[END]
    w.state[END] = last
    while w.state[AT] < last:
        byte = w.data[w.state[AT]]
        if byte == 38 and not literal:
            entity(w, names)
            continue
        behind = _behind_nowiki(w.data, w.state[AT], last) if byte == 60 and lines and not literal else int64(0)
        if behind:
            w.state[AT] = behind
            continue
        if byte == 10 and not lines:
            byte = uint8(32)
        if byte >= 32 or byte == 9 or byte == 10:
            put_byte(w, byte)
        if byte == 10:
            put_byte(w, uint8(CODE))
        w.state[AT] += 1
    w.state[END] = end


@kernel
def _behind_nowiki(data: Bytes, at: int, end: int) -> int:
    """Returns the position after the `<nowiki>` or `</nowiki>` at `at`, or 0."""
    start = at + 2 if at + 1 < end and data[at + 1] == 47 else at + 1
    stop = start + 6
    if stop < end and data[stop] == 62 and folded_hash(data, start, stop) == _NOWIKI:
        return int64(stop + 1)
    return int64(0)


@kernel
def _end_tag(w: Work, found: int, start: int, stop: int, alone: bool) -> tuple[int, int]:
    """Returns (start of the end tag, position after it) of the tag data[start:stop] just read; (-1, -1) without one.

    alone: the tag does not nest, so if another one comes before the end tag, this one has no end tag. If there is no
    end tag in the rest of the document, it is not searched again. Otherwise the time for a page of `<math>` would grow
    with the square of its length.
    """
    data, end, size = w.data, w.state[END], stop - start
    if w.absent[found] & NO_END:
        return int64(-1), int64(-1)
    i = w.state[AT]
    while i + size + 1 < end:
        if data[i] == 60:
            closing = data[i + 1] == 47
            same = (closing or alone) and i + 1 + closing + size <= end
            k = int64(0)
            while same and k < size:
                same = data[i + 1 + closing + k] | 32 == data[start + k] | 32
                k += 1
            after = i + 1 + closing + size
            if same and not (after < end and _is_letter(data[after])):
                behind = _end_of_tag(data, after, end)
                if closing:
                    return i, (behind if behind >= 0 else after)
                if behind >= 0 and data[behind - 2] != 47:
                    return int64(-1), int64(-1)
        i += 1
    w.absent[found] |= NO_END
    return int64(-1), int64(-1)


@kernel
def _skip_hidden(w: Work, found: int, start: int, stop: int) -> bool:
    """Skips the rest of an element that is not shown, whose tag data[start:stop] was just read.

    Returns False if it has no end tag. Then no other one is searched for, as in `_end_tag`.
    """
    data, end, size = w.data, w.state[END], stop - start
    depth, i = int64(1), w.state[AT]
    while i + size + 1 < end and not w.absent[found] & HIDDEN_TO_END:
        if data[i] == 60:
            first = i + 1 + (data[i + 1] == 47)
            same = first + size < end and not _is_letter(data[first + size])
            k = int64(0)
            while same and k < size:
                same = data[first + k] | 32 == data[start + k] | 32
                k += 1
            if same:
                behind = max(_end_of_tag(data, first + size, end), first + size)
                depth += -1 if data[i + 1] == 47 else 1 if data[behind - 2] != 47 else 0
                i = behind - 1
                if depth == 0:
                    w.state[AT] = behind
                    put_mark(w)
                    return True
        i += 1
    w.absent[found] |= HIDDEN_TO_END
    return False


@kernel
def _end_of_tag(data: Bytes, at: int, end: int) -> int:
    """Returns the position after the `>` of a tag whose name ends at `at`, or -1 if a `<` comes first."""
    if at < end and not (data[at] == 62 or data[at] == 47 or data[at] <= 32):
        return int64(-1)
    for i in range(at, min(end, at + _TAG_BYTES)):
        byte = data[i]
        if byte == 62:
            return i + 1
        if byte == 60:
            return int64(-1)
    return int64(-1)


@kernel
def _end_of_comment(w: Work, at: int) -> int:
    data, end = w.data, w.state[END]
    while at + 2 < end:
        if data[at + 2] == 62 and data[at + 1] == 45 and data[at] == 45:
            return at + 3
        at += 1
    return int64(end)


@kernel
def underscores(w: Work, names: Names) -> None:
    """At `_` in wikitext: skips a magic word such as `__NOTOC__`. Any other `_` is text."""
    data, at, end = w.data, w.state[AT], w.state[END]
    if at + 1 < end and data[at + 1] == 95:
        i = at + 2
        wide = False
        while i + 1 < end and i - at < 60 and not (data[i] == 95 and data[i + 1] == 95):
            if data[i] <= 32 or 97 <= data[i] <= 122:
                i = end
                break
            wide |= data[i] >= 0x80
            i += 1
        ends = i + 1 < end and i > at + 2 and data[i] == 95 and data[i + 1] == 95
        if ends and (wide or find(names.magic, folded_hash(data, at + 2, i)) >= 0):
            w.state[AT] = i + 2
            put_mark(w)
            return
    put_byte(w, uint8(95))
    w.state[AT] = at + 1


@kernel
def _is_letter(byte: int) -> bool:
    return 97 <= (byte | 32) <= 122 or 48 <= byte <= 57
