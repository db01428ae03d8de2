"""The state that the wikitext kernels share: the positions of reading and writing, and a stack of open markup.

Text is written as it is read, also inside templates and links. When one of these closes, the text that it wrote is
removed, rearranged or kept. So nested markup is rendered from the inside out, each byte once, and the text of markup
that never closes simply stays.
"""

from typing import NamedTuple

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, Hashes, Longs, int64, uint8
from tokenmill.text.kernel.cache import inlined, kernel

MARK = 1  # written in place of removed markup, so that brackets and commas around it can be tidied
ITEM_MARK = 2  # written after the marker of a list item, which is removed if nothing follows it
CODE = 3  # written before a line of code, whose white space stays
NO_END, HIDDEN_TO_END = 1, 2  # bits of Work.absent
SPACED, PLAIN = 6, 7  # written around code inside a line
# Written into the text of an open table: before a row; before a cell, followed by 128 + its kind, its columns and its
# rows; around a table in a cell.
ROW_START, CELL_START, TABLE_START, TABLE_END = 4, 5, 14, 15
MAX_DEPTH = 96  # deeper markup stays as text; in 100 MB of real wikitext nothing was deeper than 20
MAX_ARGUMENTS = 4096  # of all open templates together; a template that needs more leaves no text

# Entries of Work.state. AT, END, FROM: in data, the current position and the end and start of the document. PUT,
# LIMIT, OUT_FROM: the same in out. DEPTH, ARGUMENTS, HEADS: entries in use of frames, arguments and heads. OVER:
# templates that are open but too deep for a frame. HEADING: position of the `=` that ends a heading. QUOTE: that of a
# `'''` that has an apostrophe. QUOTE_LINE: end of the line for which QUOTE is known. TEXT: in out, start of the text
# under the last heading. TABLES: 1 to keep tables.
AT, END, PUT, LIMIT, DEPTH, ARGUMENTS, OVER, HEADING, QUOTE, QUOTE_LINE, HEADS, TEXT, TABLES, FROM, OUT_FROM = range(15)
BRACKETS = 15  # and 16 to 18: places in out of the open brackets of a pattern, by depth
LANGUAGE = 19  # number of the page's language, see template_tables.py
COUNTS = 20  # from here on: numbers of list items, by depth
STATE = 40
# LINKED: bytes of the words of links so far. LETTERS: links to a letter in this line. AWAY: bytes of words in links to
# other sites under the last heading. INDENTED: 1 if the line before is code by its indentation. CODE_END: in data, end
# of an element whose white space stays. BROKEN: tables that a heading closed. VARIANTS: how `-{` is read. ROOM: like
# LIMIT, for tables, which are written a second time when they close. NUMBERED: the next number in an `<ol>`, or 0.
# READING: what came last in a `<ruby>`, see tags.py.
LINKED, LETTERS, AWAY, INDENTED, CODE_END, BROKEN, VARIANTS, ROOM, NUMBERED, READING = range(50, 60)
TABLE_COUNTS = 64  # from here on: counts of the table that is being closed, see layout
SPANS, COLUMNS = 96, 64  # from here on: for each column, rows that cells of a table above still take
ENTRIES = SPANS + COLUMNS

# Entries of a frame. OUT: start of its text in out. FIRST: its first argument. FULL: 1 if it has too many arguments.
# Of tables, CELL: start of the cell in out. ATTRIBUTES: 1 as long as the text of a cell may be its attributes. HEADER:
# kind of the cell. LOOK: what the attributes of the table say. LINKS: LINKED at its start. HTML: 1 if a tag opened it.
# HIDDEN: 1 if the cell is not shown, HIDDEN_ROW if the row is not.
# Of templates, BEGIN: position of the braces in data.
KIND, OUT, FIRST, CELL, ATTRIBUTES, HEADER, FULL, LOOK, LINKS, HTML, HIDDEN = range(11)
HIDDEN_ROW = 2
BEGIN = CELL
FRAME = 11
TEMPLATE, PARAMETER, LINK, EXTERNAL, TABLE, VARIANT = range(1, 7)


class Work(NamedTuple):
    """The arrays that all kernels get.

    Attributes:
        data: the wikitext.
        out: the text.
        state: (ENTRIES,), see above.
        frames: (MAX_DEPTH, FRAME), the stack of open markup, see above.
        arguments: (MAX_ARGUMENTS, 2), for each argument of open templates and links the places in out of its `|` and
            of its `=`, or -1.
        heads: (16, 2), for headings without text so far the place in out and the level.
        absent: (256,), by tag: NO_END if it has no end tag in the rest of the document, HIDDEN_TO_END if a hidden
            element has none.
        extra: (2,), hashes of the wiki's own names for the namespaces of pictures and categories.
        log: (see unknown.py), the inline templates that were not understood.
    """

    data: Bytes
    out: Bytes
    state: Longs
    frames: Longs
    arguments: Longs
    heads: Longs
    absent: Bytes
    extra: Hashes
    log: Longs


def new_work(data: Bytes, out: Bytes, log: Longs) -> Work:
    """Returns an empty Work, the state that the kernels for wikitext share."""
    return Work(
        data,
        out,
        np.zeros(ENTRIES, dtype=np.int64),
        np.zeros((MAX_DEPTH, FRAME), dtype=np.int64),
        np.zeros((MAX_ARGUMENTS, 2), dtype=np.int64),
        np.zeros((16, 2), dtype=np.int64),
        np.zeros(256, dtype=np.uint8),
        np.zeros(2, dtype=np.uint64),
        log,
    )


@kernel
def top(w: Work) -> int:
    """Returns the kind of the innermost frame of open wikitext markup, or 0 if there is no frame."""
    depth = w.state[DEPTH]
    return w.frames[depth - 1, KIND] if depth else int64(0)


@kernel
def push(w: Work, kind: int) -> bool:
    """Opens a frame for wikitext markup. Returns False if MAX_DEPTH frames are open."""
    depth = w.state[DEPTH]
    if depth >= MAX_DEPTH:
        return False
    frame = w.frames[depth]
    frame[:] = 0
    frame[KIND] = kind
    frame[OUT] = w.state[PUT]
    frame[FIRST] = w.state[ARGUMENTS]
    w.state[DEPTH] = depth + 1
    return True


@kernel
def abandon(w: Work) -> None:
    """Closes the innermost frame of open wikitext markup. The text that it wrote stays."""
    depth = w.state[DEPTH] - 1
    w.state[ARGUMENTS] = w.frames[depth, FIRST]
    w.state[DEPTH] = depth


@kernel
def abandon_links(w: Work) -> None:
    """Closes the innermost open links and variants of wikitext. The text that they wrote stays."""
    while top(w) == EXTERNAL or top(w) == LINK or top(w) == VARIANT:
        abandon(w)


@kernel
def put_byte(w: Work, byte: int) -> None:
    """Writes one byte to the text that is made from wikitext."""
    w.out[w.state[PUT]] = byte
    w.state[PUT] += 1


@kernel
def put_mark(w: Work) -> None:
    """Writes a mark in place of removed wikitext, unless the last byte is one."""
    at = w.state[PUT]
    if at == w.state[OUT_FROM] or w.out[at - 1] != MARK:
        put_byte(w, uint8(MARK))


@kernel
def put_range(w: Work, source: Bytes, start: int, end: int) -> None:
    """Writes source[start:end] to the text that is made from wikitext."""
    at = w.state[PUT]
    for i in range(start, end):
        w.out[at] = source[i]
        at += 1
    w.state[PUT] = at


@kernel
def put_point(w: Work, point: int) -> None:
    """Writes a code point in UTF-8 to the text that is made from wikitext.

    Spaces of all widths become a space; control and format characters are dropped.
    """
    if point < 0x80:
        if point >= 32 and point != 127:
            put_byte(w, uint8(point))
        elif point == 9 or point == 10 or point == 13:
            put_byte(w, uint8(32))
    elif point == 0xA0 or 0x2000 <= point <= 0x200A or point == 0x202F or point == 0x205F:
        put_byte(w, uint8(32))
    elif point == 0xAD or point < 0xA0 or point == 0x200B or point == 0x200E or point == 0x200F or point == 0xFEFF:
        pass
    elif point < 0x800:
        put_byte(w, uint8(0xC0 | point >> 6))
        put_byte(w, uint8(0x80 | point & 63))
    else:
        if point > 0x10FFFF or 0xD800 <= point < 0xE000:
            point = int64(0xFFFD)
        if point < 0x10000:
            put_byte(w, uint8(0xE0 | point >> 12))
        else:
            put_byte(w, uint8(0xF0 | point >> 18))
            put_byte(w, uint8(0x80 | point >> 12 & 63))
        put_byte(w, uint8(0x80 | point >> 6 & 63))
        put_byte(w, uint8(0x80 | point & 63))


@inlined
def find(table: Hashes, value: np.uint64) -> int:
    """Returns the index of a hash in a sorted table of wikitext names, or -1 if the table does not have it."""
    low = int64(0)
    high = int64(len(table))
    while low < high:
        middle = (low + high) >> 1
        if table[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low if low < len(table) and table[low] == value else int64(-1)


@inlined
def trimmed(buffer: Bytes, start: int, end: int) -> tuple[int, int]:
    """Returns a range of the text made from wikitext, without spaces, tabs, line feeds and marks at its ends."""
    while start < end and (buffer[start] <= 10 or buffer[start] == 32):
        start += 1
    while end > start and (buffer[end - 1] <= 10 or buffer[end - 1] == 32):
        end -= 1
    return start, end


@kernel
def take_back(w: Work, where: int) -> None:
    """Removes the text made from wikitext that was written from `where` on."""
    w.state[PUT] = where


@kernel
def replace_with_tail(w: Work, where: int, tail: int) -> None:
    """Replaces the text made from wikitext, from `where` on, by its last part, out[tail:PUT]."""
    length = w.state[PUT] - tail
    for i in range(length):
        w.out[where + i] = w.out[tail + i]
    take_back(w, where + length)
