"""What is known of a page of HTML while it is read, and how its text is written, white space run together."""

from typing import Final, NamedTuple

from tokenmill.text.html.entities import read_entity
from tokenmill.text.html.tags import TAG
from tokenmill.text.kernel.arrays import Bytes, Hashes, Ints, Longs, int32, int64
from tokenmill.text.kernel.cache import kernel

MOST_OPEN: Final = 512  # elements open at once; deeper ones only cut the text
MOST_ELEMENTS: Final = 1 << 18  # of a document; further ones only cut the text
MOST_BLOCKS: Final = 1 << 17  # of a document; further text belongs to the last

_LI, _OL = TAG["li"], TAG["ol"]

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

    tag_codes: Longs
    tag_numbers: Longs
    flags: Longs
    tag_marks: Longs
    word_codes: Longs
    word_marks: Longs
    role_codes: Longs
    role_marks: Longs
    entities: Hashes
    entity_bytes: Longs
    c1: Longs


class Page(NamedTuple):
    """Scratch for one document, as pointers. Elements: tag, parent, own, marks, block. Blocks: the rest."""

    state: Longs  # (NUM_STATE,)
    text: Bytes  # the text of the blocks, one after another
    stack: Ints  # (MOST_OPEN,): the open elements; 0 is the root
    unended: Bytes  # (tags,): no end tag of this name is left in the document
    tag: Ints  # (elements,)
    parent: Ints
    own: Longs  # its own marks
    marks: Longs  # and those of the elements around it
    block: Ints  # itself, or the nearest block element around it
    items: Ints  # items of the list so far
    begin: Longs  # (blocks,): of its text
    end: Longs
    where: Ints  # the innermost element around its first character
    links: Longs  # bytes of it in links
    gap: Ints  # line feeds before it
    item: Ints  # 0, or the number of its list item: -1 for a bullet
    images: Ints  # before it, since the block before


@kernel
def break_line(page: Page) -> None:
    """Note a `<br>` of an HTML page: a line feed in its text; two of them end the block."""
    state = page.state
    if state[OPEN] and state[SPACE] >= 2:
        end_block(page, 2)
    elif state[OPEN]:
        state[SPACE] = 2


@kernel
def end_block(page: Page, gap: int) -> None:
    """Close the open block of an HTML page, if there is one; the next stands at least `gap` line feeds behind it."""
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
def begin_block(page: Page) -> None:
    """Open a block of an HTML page where its text so far ends."""
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
def _item_number(page: Page, element: int) -> int:
    """The number of the list item that begins here, -1 in a list without numbers, 0 if none does."""
    for _ in range(3):  # <li><div><p> begins an item too
        if page.tag[element] == _LI:
            around = page.block[page.parent[element]]
            number = page.items[around]
            if page.own[element] & int64(-1 << 62):  # its first block is written
                return int32(0)
            page.own[element] |= int64(-1 << 62)
            return int32(number if page.tag[around] == _OL else -1)
        if element == 0:
            break
        element = page.block[page.parent[element]]
    return int32(0)


@kernel
def put_text(data: Bytes, at: int, end: int, tables: Tables, page: Page) -> None:
    """Write HTML text[at:end], references decoded, white space run together (but in <pre>), the invisible left out."""
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
def _put_run(data: Bytes, at: int, end: int, page: Page) -> int:
    """Write the bytes from `at` on up to one that needs a look; the first is written as it is."""
    state = page.state
    text = page.text
    if not state[OPEN]:
        begin_block(page)
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
def _put_byte(page: Page, byte: int) -> None:
    state = page.state
    page.text[state[PUT]] = byte
    state[PUT] += 1


@kernel
def _put_reference(page: Page, value: int) -> None:
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
        begin_block(page)
    if state[SPACE]:
        _put_byte(page, 32 if state[SPACE] == 1 else 10)
        state[SPACE] = 0
    if state[LINKS]:
        page.links[state[BLOCKS]] += 1
    while value:
        _put_byte(page, value & 255)
        value >>= 8
