"""The state of an HTML page while it is read, and the functions that write its text, with white space collapsed.

The text of a formula stands between two bytes of the formula marks below. No other text has such bytes, because control
characters of a page count as white space.
"""

from typing import Final, NamedTuple

from tokenmill.text.html.entities import read_entity
from tokenmill.text.html.tags import TAG
from tokenmill.text.kernel.arrays import Bytes, Hashes, Ints, Longs, int32, int64
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.powers.marks import RAISED

MOST_OPEN: Final = 512  # elements open at once; deeper ones only cut the text
MOST_PARTS: Final = 1 << 18  # elements and blocks of a document together; further elements only cut the text
MOST_BLOCKS: Final = 1 << 17  # of a document; further text belongs to the last

_LI, _OL, _UL, _MENU, _DIR, _TD, _TH = (TAG[name] for name in ("li", "ol", "ul", "menu", "dir", "td", "th"))

# What the state array holds.
PUT: Final = 0  # bytes of text so far
ELEMENTS: Final = 1
BLOCKS: Final = 2
DEPTH: Final = 3  # open elements
OVER: Final = 4  # opened beyond what is kept
LINKS: Final = 5  # open links
PRES: Final = 6  # open elements in which white space counts
SPACE: Final = 7  # white space waits to be written: 1 a space, 2 a line feed
GAP: Final = 8  # line feeds before the next block: 1 or 2
OPEN: Final = 9  # a block is open
OWN: Final = 10  # marks of the tag just read
CLOSED: Final = 11  # the tag just read ends in `/>`
IMAGES: Final = 12  # since the last block
TRAITS: Final = 13  # traits of the tag just read
CLASS_AT: Final = 14  # where the value of its class begins
CLASS_END: Final = 15
KIN: Final = 16  # hash of its class
NUMBER: Final = 17  # its `start` or `value`, NO_NUMBER without one
SPANS: Final = 18  # its `colspan` | `rowspan` << SPAN_BITS
ALT_AT: Final = 19  # where the value of its `alt` begins
ALT_END: Final = 20
HIDE: Final = 21  # depth of the element whose content is not shown, 0 if none is open
UNSHOWN: Final = 22  # bytes of text that is not shown
WANTED: Final = 23  # whether text that is not shown is read too
SCRIPTS: Final = 24  # whether the text has marks of text/powers/marks.py
FORMULA: Final = 25  # where the last formula ends in the text
SIGNS: Final = 26  # bits of tags.SIGNS: what the page says of itself
TYPE: Final = 27  # what the `type` of the tag just read says: one of the types of attributes.py
ENDED: Final = 28  # where the last inline element ends in the text
LAST_TAG: Final = 29  # what that element is
SEAM: Final = 30  # where one inline element ends and the next begins
APART: Final = 31  # where words on both sides are apart: at an image or a button, or between two links
LAST_KIN: Final = 32  # hash of the class of the last inline element
BEGUN: Final = 33  # where the element that was opened last begins in the text
LINE_NUMBER: Final = 34  # the number of a line of code that was removed last in this <pre>
REVERSED: Final = 35  # whether a list that counts down is on the page
NUM_STATE: Final = 36

SPAN_BITS: Final = 10
NO_NUMBER: Final = -(1 << 31)  # items: the block begins no list item
BULLET: Final = NO_NUMBER + 1  # items: it begins an item of a list without numbers
WRITTEN: Final = -1 << 62  # bit of an element's own marks: the first block of this list item is written

# Bytes in the text that surround a formula.
INLINE_FORMULA: Final = 1
INLINE_END: Final = 2
DISPLAY_FORMULA: Final = 3
DISPLAY_END: Final = 4


class Tables(NamedTuple):
    """What the kernels look names up in: arrays, or pointers to them."""

    tag_codes: Longs
    tag_numbers: Longs
    flags: Longs
    tag_marks: Longs
    word_codes: Longs
    word_marks: Longs
    role_codes: Longs
    role_marks: Longs
    token_codes: Longs
    token_traits: Longs
    sign_codes: Longs
    sign_bits: Longs
    entities: Hashes
    entity_bytes: Longs
    c1: Longs


class Page(NamedTuple):
    """Scratch for one document, as pointers. Elements: from tag to number. Blocks: the rest."""

    state: Longs  # (NUM_STATE,)
    text: Bytes  # the text of the blocks, one after another
    stack: Ints  # (MOST_OPEN,): the open elements; 0 is the root
    unended: Bytes  # (tags,): no end tag of this name is left in the document
    tag: Ints  # (elements,)
    parent: Ints
    own: Longs  # its own marks
    marks: Longs  # and those of the elements around it
    block: Ints  # itself, or the nearest block element around it
    traits: Ints
    kin: Ints  # hash of its class
    class_at: Longs  # the value of its class in the document
    class_end: Longs
    number: Ints  # of a list: the number of its last item; of a cell: colspan | rowspan << SPAN_BITS
    begin: Longs  # (blocks,): of its text
    end: Longs
    where: Ints  # the innermost element around its first character
    links: Longs  # bytes of it in links
    gap: Ints  # line feeds before it
    item: Ints  # the number of the list item that it begins, BULLET, or NO_NUMBER
    images: Ints  # before it, since the block before


@kernel
def break_line(page: Page) -> None:
    """Note a `<br>` of an HTML page: a line feed in its text; two of them end the block."""
    state = page.state
    if state[HIDE]:
        return
    if state[PRES]:
        open_text(page)
        put_byte(page, 10)
    elif state[OPEN] and state[SPACE] >= 2:
        end_block(page, 2)
    elif state[OPEN]:
        state[SPACE] = 2


@kernel
def end_line(page: Page) -> None:
    """Note in a `<pre>` of an HTML page that a `<div>` or another marker of lines begins or ends."""
    state = page.state
    if state[OPEN] and state[PUT] > page.begin[state[BLOCKS]] and page.text[state[PUT] - 1] != 10:
        state[SPACE] = 2


@kernel
def add_line(page: Page) -> None:
    """Write an empty line of a `<pre>`, which a `<div>` without text marks."""
    state = page.state
    if state[OPEN] and state[SPACE] == 2 and state[PUT] > page.begin[state[BLOCKS]]:
        put_byte(page, 10)


@kernel
def end_block(page: Page, gap: int) -> None:
    """Close the open block of an HTML page, if there is one; the next stands at least `gap` line feeds behind it."""
    state = page.state
    block = state[BLOCKS]
    if state[OPEN]:
        if page.text[state[PUT] - 1] <= 32:
            _trim(page)
        if state[PUT] == page.begin[block]:
            state[OPEN] = 0
            state[IMAGES] += page.images[block]
            state[GAP] = max(page.gap[block], gap)
            state[SPACE] = 0
        elif block < MOST_BLOCKS - 1:
            page.end[block] = state[PUT]
            state[BLOCKS] += 1
            state[OPEN] = 0
            state[GAP] = gap
            state[SPACE] = 0
        else:
            page.end[block] = state[PUT]
            state[SPACE] = 2
    else:
        state[GAP] = max(state[GAP], gap)


@kernel
def _trim(page: Page) -> None:
    """Remove white space at the end of the open block, which only a `<pre>` has, and its blank lines at the begin."""
    state, text = page.state, page.text
    begin = page.begin[state[BLOCKS]]
    while state[PUT] > begin and (text[state[PUT] - 1] <= 32 and text[state[PUT] - 1] >= 9):
        state[PUT] -= 1
    if state[PUT] == begin:
        return
    line = begin
    at = begin
    while text[at] <= 32 and text[at] >= 9:
        at += 1
        if text[at - 1] == 10:
            line = at
    page.begin[state[BLOCKS]] = line


@kernel
def begin_block(page: Page) -> None:
    """Open a block of an HTML page where its text so far ends."""
    state = page.state
    number = state[BLOCKS]
    where = page.stack[state[DEPTH] - 1]
    page.begin[number] = page.end[number] = state[PUT]
    page.where[number] = where
    page.links[number] = 0
    page.gap[number] = state[GAP]
    page.item[number] = NO_NUMBER
    page.images[number] = state[IMAGES]
    state[IMAGES] = 0
    state[GAP] = 1
    state[SPACE] = 0
    state[OPEN] = 1


@kernel
def list_around(page: Page, element: int) -> int:
    """The list of an HTML page that an item in this element belongs to: an `<ol>` or a `<ul>`, or 0."""
    element = page.block[element]
    for _ in range(4):  # <ol><div><li> is an item of the list too
        tag = page.tag[element]
        if tag in (_OL, _UL):
            return int64(element)
        if element == 0 or tag in (_LI, _MENU, _DIR, _TD, _TH):
            break
        element = page.block[page.parent[element]]
    return int64(0)


@kernel
def _item_number(page: Page, element: int) -> int:
    """The number of the list item that begins here, BULLET in a list without numbers, NO_NUMBER if none does."""
    for _ in range(3):  # <li><div><p> begins an item too
        if page.tag[element] == _LI:
            around = list_around(page, page.parent[element])
            if page.own[element] & int64(WRITTEN):
                return int32(NO_NUMBER)
            page.own[element] |= int64(WRITTEN)
            return int32(page.number[element] if page.tag[around] == _OL else BULLET)
        if element == 0:
            break
        element = page.block[page.parent[element]]
    return int32(NO_NUMBER)


@kernel
def open_text(page: Page) -> None:
    """Make an HTML page ready for the next byte of text: open a block, write the white space that waits."""
    state = page.state
    if not state[OPEN]:
        begin_block(page)
    elif state[SPACE]:
        page.text[state[PUT]] = 32 if state[SPACE] == 1 else 10
        state[PUT] += 1
        state[SPACE] = 0


@kernel
def put_byte(page: Page, byte: int) -> None:
    """Write one byte of text of an HTML page behind the text so far; open_text comes before the first."""
    state = page.state
    page.text[state[PUT]] = byte
    state[PUT] += 1


@kernel
def put_text(data: Bytes, at: int, end: int, tables: Tables, page: Page) -> None:
    """Write HTML text[at:end], references decoded, white space run together (but in <pre>), the invisible left out."""
    state = page.state
    if state[HIDE]:
        while at < end:
            state[UNSHOWN] += data[at] > 32
            at += 1
    while at < end:
        byte = data[at]
        if byte <= 32 or byte == 127:
            if state[PRES]:
                _put_white(page, 10 if byte == 13 and (at + 1 == end or data[at + 1] != 10) else byte)
            elif state[OPEN] and state[SPACE] == 0 and byte <= 32:
                state[SPACE] = 1
            at += 1
        elif byte == 38:
            value, at = read_entity(data, at, end, tables.entities, tables.entity_bytes, tables.c1)
            put_reference(page, value)
        elif byte == 0xC2 and at + 1 < end and (data[at + 1] == 0xA0 or data[at + 1] == 0xAD or data[at + 1] < 0xA0):
            if data[at + 1] == 0xA0:
                put_reference(page, 0xA0C2)
            at += 2
        elif byte == 0xE2 and at + 2 < end and data[at + 1] == 0x80 and data[at + 2] == 0x8B:
            at += 3  # zero-width space
        elif byte == 0xEF and at + 2 < end and data[at + 1] == 0xBB and data[at + 2] == 0xBF:
            at += 3  # byte order mark
        else:
            at = _put_run(data, at, end, page)


@kernel
def _put_white(page: Page, byte: int) -> None:
    """Write white space of a `<pre>`."""
    if byte == 10 or byte == 32 or byte == 9:
        open_text(page)
        put_byte(page, byte)


@kernel
def _put_run(data: Bytes, at: int, end: int, page: Page) -> int:
    """Write the bytes from `at` on up to one that needs a look; the first is written as it is."""
    state = page.state
    text = page.text
    _open_word(page, int64(data[at]))
    put = state[PUT]
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
def _open_word(page: Page, byte: int) -> None:
    """Make the page ready for this byte, which is no white space."""
    state = page.state
    open_text(page)
    block = state[BLOCKS]
    if page.item[block] == NO_NUMBER:
        begin = page.begin[block]
        if state[PUT] == begin or page.text[begin] <= 32:
            page.item[block] = _item_number(page, page.block[page.where[block]])
    if state[APART] == state[PUT] and state[PUT] > page.begin[block] and not state[PRES]:
        if _is_word(int64(byte), int64(0xC3), int64(0xDF)) and _is_word(_last_byte(page), int64(0x80), int64(0xBF)):
            put_byte(page, 32)
    elif state[SEAM] == state[PUT] and 65 <= byte <= 90 and 97 <= _last_byte(page) <= 122:
        put_byte(page, 32)  # `<b>Name</b><i>Role</i>`: a style sheet sets them apart


@kernel
def _last_byte(page: Page) -> int:
    """The last byte of the text of the open block before marks of raised and lowered text; 0 without one."""
    at = page.state[PUT] - 1
    while at >= page.begin[page.state[BLOCKS]]:
        if page.text[at] < RAISED:
            return int64(page.text[at])
        at -= 1
    return int64(0)


@kernel
def _is_word(byte: int, low: int, high: int) -> bool:
    """Whether a word may have this byte; low, high: of the bytes of a letter of two bytes, the first or the last."""
    return 97 <= byte | 32 <= 122 or 48 <= byte <= 57 or low <= byte <= high


@kernel
def put_reference(page: Page, value: int) -> None:
    """Write what a character reference of an HTML page stands for: its UTF-8, low byte first."""
    state = page.state
    if state[HIDE]:
        return
    if value == 0xA0C2 or value <= 32 or value == 127:
        if state[PRES]:
            _put_white(page, 32 if value == 0xA0C2 else value)
        elif state[OPEN] and state[SPACE] == 0:
            state[SPACE] = 1
        return
    is_c1 = value & 0xFF == 0xC2 and value < 0xA0C2
    if is_c1 or value == 0xADC2 or value == 0x8B80E2 or value == 0xBFBBEF:
        return
    _open_word(page, value & 255)
    if state[LINKS]:
        page.links[state[BLOCKS]] += 1
    while value:
        put_byte(page, value & 255)
        value >>= 8
