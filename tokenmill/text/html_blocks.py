"""HTML to blocks of text: one pass over the bytes, no tree of objects.

A block is a run of text between two block elements: a paragraph, a heading, a list item, a cell. The elements around it
are kept in small arrays (parent, marks), so that what is said of one can be said of all inside it. Missing end tags are
supplied, stray ones passed over, as browsers do in the common cases (HTML standard, 13.2.6, in outline).
"""

from typing import Any, Final, NamedTuple

import numpy as np

from tokenmill.text.cache import kernel
from tokenmill.text.html_entities import read_entity
from tokenmill.text.html_lexer import (
    find_byte,
    is_letter,
    name_code,
    next_attribute,
    pass_comment,
    pass_raw,
    read_name,
    value_of,
)
from tokenmill.text.html_tags import BLOCK, BODY_PROPERTY, HIDDEN, LIMIT, NUM_TAGS, SKIP, TAG, VOID, WALL, WIDE

MOST_OPEN: Final = 512  # elements open at once; deeper ones only cut the text
MOST_ELEMENTS: Final = 1 << 18  # of a document; further ones only cut the text
MOST_BLOCKS: Final = 1 << 17  # of a document; further text belongs to the last

_A, _P, _BR, _LI, _DT, _DD = TAG["a"], TAG["p"], TAG["br"], TAG["li"], TAG["dt"], TAG["dd"]
_TD, _TH, _TR, _TABLE = TAG["td"], TAG["th"], TAG["tr"], TAG["table"]
_TBODY, _THEAD, _TFOOT = TAG["tbody"], TAG["thead"], TAG["tfoot"]
_UL, _OL, _PRE, _H1, _H6 = TAG["ul"], TAG["ol"], TAG["pre"], TAG["h1"], TAG["h6"]
_HTML, _BODY, _IMG = TAG["html"], TAG["body"], TAG["img"]
_CLASS, _ID, _ROLE, _STYLE = name_code("class"), name_code("id"), name_code("role"), name_code("style")
_ITEMPROP, _HIDDEN, _ARIA_HIDDEN = name_code("itemprop"), name_code("hidden"), name_code("aria-hidden")
_ARTICLEBODY = name_code("articlebody")

# What the state array holds.
PUT: Final = 0  # bytes of text so far
ELEMENTS: Final = 1
BLOCKS: Final = 2
DEPTH: Final = 3  # open elements
OVER: Final = 4  # opened beyond what is kept
LINKS: Final = 5  # open links
PRES: Final = 6  # open <pre>
SPACE: Final = 7  # white space waits to be written: 1 a space, 2 a line feed
GAP: Final = 8  # line feeds before the next block: 1 or 2
OPEN: Final = 9  # a block is open
OWN: Final = 10  # marks of the tag just read
CLOSED: Final = 11  # the tag just read ends in `/>`
IMAGES: Final = 12  # since the last block
NUM_STATE: Final = 13


class Tables(NamedTuple):
    """What the kernels look names up in: arrays, or pointers to them."""

    tag_codes: Any
    tag_numbers: Any
    flags: Any
    tag_marks: Any
    word_codes: Any
    word_marks: Any
    role_codes: Any
    role_marks: Any
    entities: Any
    entity_bytes: Any
    c1: Any


class Page(NamedTuple):
    """Scratch for one document, as pointers. Elements: tag, parent, own, marks, block. Blocks: the rest."""

    state: Any  # int64 (NUM_STATE,)
    text: Any  # uint8: the text of the blocks, one after another
    stack: Any  # int32 (MOST_OPEN,): the open elements; 0 is the root
    unended: Any  # uint8 (tags,): no end tag of this name is left in the document
    tag: Any  # int32 (elements,)
    parent: Any  # int32
    own: Any  # int64: its own marks
    marks: Any  # int64: and those of the elements around it
    block: Any  # int32: itself, or the nearest block element around it
    items: Any  # int32: items of the list so far
    begin: Any  # int64 (blocks,): of its text
    end: Any  # int64
    where: Any  # int32: the innermost element around its first character
    links: Any  # int64: bytes of it in links
    gap: Any  # int32: line feeds before it
    item: Any  # int32: 0, or the number of its list item: -1 for a bullet
    images: Any  # int32: before it, since the block before


@kernel
def read_blocks(data, at, end, tables, page):  # type: ignore[no-untyped-def]
    """Fill the page from the document data[at:end]."""
    state = page.state
    for i in range(NUM_STATE):
        state[i] = 0
    for i in range(NUM_TAGS):
        page.unended[i] = 0
    page.tag[0] = page.parent[0] = page.own[0] = page.marks[0] = page.block[0] = page.items[0] = 0
    page.stack[0] = 0
    state[ELEMENTS] = state[DEPTH] = state[GAP] = 1
    while at < end:
        sign = find_byte(data, at, end, 60)
        if sign > at:
            _put_text(data, at, sign, tables, page)
        at = sign
        if at + 1 >= end:
            break
        second = data[at + 1]
        if second == 33 or second == 63:
            at = pass_comment(data, at, end)
        elif is_letter(second):
            at = _start_tag(data, at, end, tables, page)
        elif second == 47 and at + 2 < end and is_letter(data[at + 2]):
            code, at = read_name(data, at + 2, end)
            at = min(find_byte(data, at, end, 62) + 1, end)
            tag = value_of(tables.tag_codes, tables.tag_numbers, code, 0)
            if tag:
                _end_tag(tag, tables, page)
            else:
                _end_unknown(page)
        elif second == 47:
            at = min(find_byte(data, at, end, 62) + 1, end)
        else:
            _put_text(data, at, at + 1, tables, page)
            at += 1
    _end_block(page, 1)


@kernel
def _start_tag(data, at, end, tables, page):  # type: ignore[no-untyped-def]
    """Where to go on behind the start tag at `at`, and behind what stands in it if that is not text."""
    code, at = read_name(data, at + 1, end)
    at = _attributes(data, at, end, tables, page)
    state = page.state
    tag = value_of(tables.tag_codes, tables.tag_numbers, code, 0)
    flags = tables.flags[tag]
    if flags & SKIP:
        if page.unended[tag]:
            return at
        after = pass_raw(data, at, end, code)
        if after < end:
            return min(find_byte(data, after, end, 62) + 1, end)
        page.unended[tag] = 1
        return at
    if tag == _BR:
        _break_line(page)
    elif tag == _IMG:
        state[IMAGES] += 1
    elif flags & VOID:
        if flags & BLOCK:
            _close_paragraph(tables, page)
            _end_block(page, 2)
    elif tag != _HTML and tag != _BODY and not (tag == 0 and state[CLOSED]):
        if flags & BLOCK:
            _close_paragraph(tables, page)
        _close_implied(tag, tables, page)
        if flags & BLOCK:
            _end_block(page, 2 if flags & WIDE else 1)
        _push(tag, flags, tables, page)
    return at


@kernel
def _attributes(data, at, end, tables, page):  # type: ignore[no-untyped-def]
    """Where the tag ends; what its attributes say is put into state[OWN]."""
    marks = np.int64(0)
    while True:
        code, low, high, at = next_attribute(data, at, end)
        if code < 0:
            break
        if code in (_CLASS, _ID):
            marks |= _words_marks(data, low, high, tables.word_codes, tables.word_marks)
        elif code == _ROLE:
            marks |= _words_marks(data, low, high, tables.role_codes, tables.role_marks)
        elif code == _STYLE:
            if _says_hidden(data, low, high):
                marks |= HIDDEN
        elif code == _HIDDEN:
            marks |= HIDDEN
        elif code == _ARIA_HIDDEN:
            if high - low == 4 and data[low] | 32 == 116:
                marks |= HIDDEN
        elif code == _ITEMPROP and high - low == 11 and _word_code(data, low, high)[0] == _ARTICLEBODY:
            marks |= BODY_PROPERTY
    page.state[OWN] = marks
    page.state[CLOSED] = at >= 2 and data[at - 1] == 62 and data[at - 2] == 47
    return at


@kernel
def _word_code(data, at, end):  # type: ignore[no-untyped-def]
    """(code, end) of the run of letters at `at`; a capital behind a small letter begins another."""
    code = np.int64(0)
    letters = 0
    small = False
    while at < end and is_letter(data[at]):
        if data[at] < 97 and small:
            break
        small = data[at] >= 97
        if letters < 10:
            code = code << 6 | np.int64(data[at] & 31)
        letters += 1
        at += 1
    return code, at


@kernel
def _words_marks(data, at, end, codes, marks):  # type: ignore[no-untyped-def]
    """What the words of a class, an id or a role stand for."""
    found = np.int64(0)
    while at < end:
        if not is_letter(data[at]):
            at += 1
            continue
        code, at = _word_code(data, at, end)
        found |= value_of(codes, marks, code, 0)
    return found


@kernel
def _says_hidden(data, at, end):  # type: ignore[no-untyped-def]
    """Whether a style has `display:none` or `visibility:hidden`."""
    while at < end:
        if data[at] == 58:
            at += 1
            while at < end and data[at] <= 32:
                at += 1
            if at + 4 <= end and data[at] | 32 == 110 and data[at + 1] | 32 == 111 and data[at + 2] | 32 == 110:
                return data[at - 2] | 32 == 121 or data[at - 1] <= 32  # …y:none, not float:none
            if at + 6 <= end and data[at] | 32 == 104 and data[at + 1] | 32 == 105 and data[at + 2] | 32 == 100:
                return data[at - 2] | 32 == 121 or data[at - 1] <= 32
        at += 1
    return False


@kernel
def _push(tag, flags, tables, page):  # type: ignore[no-untyped-def]
    state = page.state
    number, depth = state[ELEMENTS], state[DEPTH]
    if depth >= MOST_OPEN or number >= MOST_ELEMENTS:
        state[OVER] += 1
        return
    parent = page.stack[depth - 1]
    page.tag[number] = tag
    page.parent[number] = parent
    page.own[number] = tables.tag_marks[tag] | state[OWN]
    page.marks[number] = page.marks[parent] | page.own[number]
    page.block[number] = number if flags & BLOCK else page.block[parent]
    page.items[number] = 0
    if tag == _LI:
        page.items[page.block[parent]] += 1
    page.stack[depth] = number
    state[DEPTH] = depth + 1
    state[ELEMENTS] = number + 1
    state[LINKS] += tag == _A
    state[PRES] += tag == _PRE


@kernel
def _pop_to(depth, page):  # type: ignore[no-untyped-def]
    """Close all elements from this depth on."""
    state = page.state
    while state[DEPTH] > depth:
        state[DEPTH] -= 1
        tag = page.tag[page.stack[state[DEPTH]]]
        state[LINKS] -= tag == _A
        state[PRES] -= tag == _PRE


@kernel
def _close_paragraph(tables, page):  # type: ignore[no-untyped-def]
    """A block element ends an open <p> that is the nearest block."""
    level = page.state[DEPTH] - 1
    while level > 0 and not tables.flags[page.tag[page.stack[level]]] & BLOCK:
        level -= 1
    if level > 0 and page.tag[page.stack[level]] == _P:
        _end_block(page, 2)
        _pop_to(level, page)


@kernel
def _close_implied(tag, tables, page):  # type: ignore[no-untyped-def]
    """Close what the start of this element ends though no end tag says so."""
    level = page.state[DEPTH] - 1
    while level > 0:
        other = page.tag[page.stack[level]]
        flags = tables.flags[other]
        if tag in (_LI, _DT, _DD):
            if other == tag or (tag != _LI and other in (_DT, _DD)):
                break
            if flags & LIMIT:
                return
        elif tag in (_TD, _TH):
            if other in (_TD, _TH):
                break
            if other in (_TABLE, _TR):
                return
        elif tag == _TR:
            if other == _TR:
                break
            if other in (_TABLE, _TBODY, _THEAD, _TFOOT):
                return
        elif tag in (_TBODY, _THEAD, _TFOOT):
            if other in (_TBODY, _THEAD, _TFOOT):
                break
            if other == _TABLE:
                return
        elif tag == _A:
            if other == _A:
                page.tag[page.stack[level]] = 0
                page.state[LINKS] -= 1
                return
            if flags & WALL:
                return
        elif _H1 <= tag <= _H6:
            if _H1 <= other <= _H6:
                break
            return
        else:
            return
        level -= 1
    if level > 0:
        _pop_to(level, page)


@kernel
def _end_tag(tag, tables, page):  # type: ignore[no-untyped-def]
    flags = tables.flags[tag]
    state = page.state
    if tag == _BR:
        _break_line(page)
    if flags & (VOID | SKIP) or tag in (_HTML, _BODY):
        return
    if flags & BLOCK:
        _end_block(page, 2 if flags & WIDE else 1)
        if state[OVER] > 0:
            state[OVER] -= 1
            return
    level = state[DEPTH] - 1
    table = tag in (_TABLE, _TD, _TH, _TR, _TBODY, _THEAD, _TFOOT)
    while level > 0:
        other = page.tag[page.stack[level]]
        if other == tag or (_H1 <= tag <= _H6 and _H1 <= other <= _H6):
            _pop_to(level, page)
            return
        around = tables.flags[other]
        if table:
            if other == _TABLE:
                return
        elif around & WALL or (tag == _LI and other in (_UL, _OL)):
            return
        elif around & BLOCK and not flags & BLOCK:
            break
        level -= 1
    if tag == _A and state[LINKS]:  # a link ends although blocks in it are open
        while level > 0 and page.tag[page.stack[level]] != _A:
            level -= 1
        if level > 0:
            page.tag[page.stack[level]] = 0
            state[LINKS] -= 1


@kernel
def _end_unknown(page):  # type: ignore[no-untyped-def]
    """An end tag of an unknown name closes an unknown element if that is the innermost."""
    state = page.state
    if state[DEPTH] > 1 and page.tag[page.stack[state[DEPTH] - 1]] == 0:
        _pop_to(state[DEPTH] - 1, page)


@kernel
def _break_line(page):  # type: ignore[no-untyped-def]
    """<br>: a line feed; two of them end the block."""
    state = page.state
    if state[OPEN] and state[SPACE] >= 2:
        _end_block(page, 2)
    elif state[OPEN]:
        state[SPACE] = 2


@kernel
def _end_block(page, gap):  # type: ignore[no-untyped-def]
    """Close the open block, if there is one; the next stands at least `gap` line feeds behind it."""
    state = page.state
    if state[OPEN] and state[BLOCKS] < MOST_BLOCKS - 1:
        page.end[state[BLOCKS]] = state[PUT]
        state[BLOCKS] += 1
        state[OPEN] = 0
        state[GAP] = gap
        state[SPACE] = 0
    elif state[OPEN]:
        page.end[state[BLOCKS]] = state[PUT]
        state[SPACE] = 2
    else:
        state[GAP] = max(state[GAP], gap)


@kernel
def _begin_block(page):  # type: ignore[no-untyped-def]
    state = page.state
    number = state[BLOCKS]
    where = page.stack[state[DEPTH] - 1]
    page.begin[number] = page.end[number] = state[PUT]
    page.where[number] = where
    page.links[number] = 0
    page.gap[number] = state[GAP]
    page.item[number] = _item_number(page, page.block[where])
    page.images[number] = state[IMAGES]
    state[IMAGES] = 0
    state[GAP] = 1
    state[SPACE] = 0
    state[OPEN] = 1


@kernel
def _item_number(page, element):  # type: ignore[no-untyped-def]
    """The number of the list item that begins here, -1 in a list without numbers, 0 if none does."""
    for _ in range(3):  # <li><div><p> begins an item too
        if page.tag[element] == _LI:
            around = page.block[page.parent[element]]
            number = page.items[around]
            if page.own[element] & np.int64(-1 << 62):  # its first block is written
                return np.int32(0)
            page.own[element] |= np.int64(-1 << 62)
            return np.int32(number if page.tag[around] == _OL else -1)
        if element == 0:
            break
        element = page.block[page.parent[element]]
    return np.int32(0)


@kernel
def _put_text(data, at, end, tables, page):  # type: ignore[no-untyped-def]
    """Write text[at:end], references decoded, white space run together (but in <pre>), what cannot be seen left out."""
    state = page.state
    while at < end:
        byte = data[at]
        if byte <= 32 or byte == 127:
            if state[OPEN]:
                if state[PRES] and (byte == 10 or byte == 32 or byte == 9):
                    _put_byte(page, byte)
                elif state[SPACE] == 0 and byte <= 32:
                    state[SPACE] = 1
            at += 1
        elif byte == 38:
            value, at = read_entity(data, at, end, tables.entities, tables.entity_bytes, tables.c1)
            _put_reference(page, value)
        elif byte == 0xC2 and at + 1 < end and (data[at + 1] == 0xA0 or data[at + 1] == 0xAD or data[at + 1] < 0xA0):
            if data[at + 1] == 0xA0 and state[OPEN] and state[SPACE] == 0:
                state[SPACE] = 1
            at += 2
        elif byte == 0xE2 and at + 2 < end and data[at + 1] == 0x80 and data[at + 2] == 0x8B:
            at += 3  # zero-width space
        elif byte == 0xEF and at + 2 < end and data[at + 1] == 0xBB and data[at + 2] == 0xBF:
            at += 3  # byte order mark
        else:
            at = _put_run(data, at, end, page)


@kernel
def _put_run(data, at, end, page):  # type: ignore[no-untyped-def]
    """Write the bytes from `at` on up to one that needs a look; the first is written as it is."""
    state = page.state
    text = page.text
    if not state[OPEN]:
        _begin_block(page)
    put = state[PUT]
    if state[SPACE]:
        text[put] = 32 if state[SPACE] == 1 else 10
        put += 1
        state[SPACE] = 0
    first = put
    text[put] = data[at]
    put += 1
    at += 1
    while at < end:
        byte = data[at]
        if byte <= 32 or byte == 38 or byte == 127 or byte == 0xC2 or byte == 0xE2 or byte == 0xEF:
            break
        text[put] = byte
        put += 1
        at += 1
    if state[LINKS]:
        page.links[state[BLOCKS]] += put - first
    state[PUT] = put
    return at


@kernel
def _put_byte(page, byte):  # type: ignore[no-untyped-def]
    state = page.state
    page.text[state[PUT]] = byte
    state[PUT] += 1


@kernel
def _put_reference(page, value):  # type: ignore[no-untyped-def]
    """Write what a character reference stands for."""
    state = page.state
    if value == 0xA0C2 or value <= 32 or value == 127:
        if state[OPEN] and state[SPACE] == 0:
            state[SPACE] = 1
        return
    is_c1 = value & 0xFF == 0xC2 and value < 0xA0C2
    if is_c1 or value == 0xADC2 or value == 0x8B80E2 or value == 0xBFBBEF:
        return
    if not state[OPEN]:
        _begin_block(page)
    if state[SPACE]:
        _put_byte(page, 32 if state[SPACE] == 1 else 10)
        state[SPACE] = 0
    if state[LINKS]:
        page.links[state[BLOCKS]] += 1
    while value:
        _put_byte(page, value & 255)
        value >>= 8
