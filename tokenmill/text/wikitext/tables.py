"""Reads tables of wikitext, also those of HTML tags, and mixtures of both.

The text of an open table has marks before its rows and cells (see state). When the table closes, the marks tell
whether it has data, and the text becomes rows, or other text, or nothing (see layout and rows).
"""

from tokenmill.text.kernel.arrays import Bytes, Longs, int64, uint8
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.wikitext.attributes import CONTINUED, FLOAT, UNSEEN, are_attributes, is_hidden, look_of, span
from tokenmill.text.wikitext.layout import CAPTION, GONE, HEADER_CELL, PLAIN_CELL, ROWS, fate, measure
from tokenmill.text.wikitext.rows import write_rows, write_texts
from tokenmill.text.wikitext.state import (
    AT,
    ATTRIBUTES,
    BROKEN,
    CELL,
    CELL_START,
    DEPTH,
    END,
    EXTERNAL,
    HEADER,
    HIDDEN,
    HIDDEN_ROW,
    HTML,
    KIND,
    LINK,
    LINKED,
    LINKS,
    LOOK,
    OUT,
    PUT,
    ROOM,
    ROW_START,
    TABLE,
    TABLE_END,
    TABLE_START,
    TEMPLATE,
    VARIANT,
    Work,
    abandon,
    push,
    put_byte,
    replace_with_tail,
    take_back,
    top,
)

_MOST_BEFORE = 200  # bytes of attributes before a template that prints the text of a cell


@kernel
def open_table(w: Work) -> None:
    """At `{|` in wikitext: reads the attributes of a table and opens it. A whole table may be in this line."""
    s, data = w.state, w.data
    start = s[AT] + 2
    end = _line_end(w)
    behind = end
    for i in range(start - 1, end - 1):
        if data[i] == 124 and data[i + 1] == 125 and not (i + 2 < end and data[i + 2] == 125):
            behind = min(start, i)
            while data[behind] != 124:
                behind += 1
            break
    begin_table(w, look_of(data, start, behind), int64(0))
    s[AT] = behind
    if behind < end and data[behind + 1] != 125 and top(w) == TABLE:
        s[AT] = behind + 1
        new_cell(w, w.frames[s[DEPTH] - 1], int64(PLAIN_CELL))


@kernel
def begin_table(w: Work, look: int, html: int) -> None:
    """Opens a wikitext table with the given look of its attributes. html: 1 if a tag opened it."""
    if push(w, TABLE):
        frame = w.frames[w.state[DEPTH] - 1]
        frame[LOOK], frame[HTML] = look, html
        frame[LINKS] = w.state[LINKED]
        frame[CELL] = w.state[PUT]


@kernel
def reach_table(w: Work) -> bool:
    """Closes links and variants in the last cell of the innermost wikitext table. Returns False if none is open."""
    depth = _table_depth(w)
    if depth < 0:
        return False
    while w.state[DEPTH] - 1 > depth:
        abandon(w)
    return True


@kernel
def _table_depth(w: Work) -> int:
    """Returns the frame of the innermost table, if only links and variants are open inside it, or -1."""
    depth = w.state[DEPTH] - 1
    while depth >= 0 and w.frames[depth, KIND] in (LINK, EXTERNAL, VARIANT):
        depth -= 1
    return depth if depth >= 0 and w.frames[depth, KIND] == TABLE else int64(-1)


@kernel
def in_table(w: Work) -> bool:
    """Returns True if a line of wikitext that begins with `|` or `!` belongs to a table.

    Closes links of the last cell. Continues a table that a heading closed.
    """
    depth = _table_depth(w)
    at, end = w.state[AT], w.state[END]
    if depth < 0:
        if w.state[DEPTH] or not w.state[BROKEN]:
            return False
        begin_table(w, int64(CONTINUED), int64(0))
        return True
    closes = at + 2 < end and w.data[at + 1] == 125 and w.data[at + 2] == 125
    if closes and not (at + 3 < end and w.data[at + 3] == 125):
        for i in range(depth):
            if w.frames[i, KIND] == TEMPLATE:
                return False  # `|}}` ends the template around the table
    return reach_table(w)


@kernel
def table_line(w: Work, byte: int, following: int) -> None:
    """At the first `|` or `!` of a line in a wikitext table: handles the end, a row, the caption or a cell."""
    s = w.state
    frame = w.frames[s[DEPTH] - 1]
    if byte == 124 and following == 125:
        s[AT] += 2
        end_table(w)
    elif byte == 124 and following == 45:
        start = s[AT] + 2
        s[AT] = _line_end(w)
        new_row(w, frame, w.data, start, s[AT])
    elif byte == 124 and following == 43:
        s[AT] += 2
        new_row(w, frame, w.data, s[AT], s[AT])
        new_cell(w, frame, int64(CAPTION))
    else:
        s[AT] += 1
        if frame[HEADER] == CAPTION:
            new_row(w, frame, w.data, s[AT], s[AT])
        new_cell(w, frame, int64(HEADER_CELL if byte == 33 else PLAIN_CELL))


@kernel
def stray_line(w: Work) -> bool:
    """At a `|` that begins a line outside of tables: skips what is left of one, `|}` or a line of `|-`.

    Returns True if it was skipped.
    """
    s, data = w.state, w.data
    at, end = s[AT] + 1, s[END]
    if at < end and data[at] == 125 and not (at + 1 < end and data[at + 1] == 125):
        s[AT] = at + 1
        return True
    start = at
    while at < end and data[at] == 45:
        at += 1
    if at == start or (at < end and data[at] > 32):
        return False
    s[AT] = _line_end(w)
    return True


@kernel
def _line_end(w: Work) -> int:
    at = w.state[AT]
    while at < w.state[END] and w.data[at] != 10:
        at += 1
    return int64(at)


@kernel
def new_row(w: Work, frame: Longs, buffer: Bytes, start: int, end: int) -> None:
    """Begins a row of a wikitext table with the attributes buffer[start:end]."""
    _end_cell(w, frame)
    put_byte(w, uint8(ROW_START))
    frame[CELL] = w.state[PUT]
    frame[ATTRIBUTES] = frame[HEADER] = 0
    frame[HIDDEN] = HIDDEN_ROW if is_hidden(buffer, start, end, False) else 0


@kernel
def new_cell(w: Work, frame: Longs, kind: int) -> None:
    """Begins a cell of a wikitext table."""
    _end_cell(w, frame)
    out, put = w.out, w.state[PUT]
    out[put], out[put + 1], out[put + 2], out[put + 3] = CELL_START, 128 + kind, 129, 129
    frame[CELL] = w.state[PUT] = put + 4
    frame[ATTRIBUTES], frame[HEADER], frame[HIDDEN] = 1, kind, frame[HIDDEN] & HIDDEN_ROW


@kernel
def _end_cell(w: Work, frame: Longs) -> None:
    """Ends a cell: one that is hidden, or has nothing but attributes, without a `|` after them, has no text."""
    start, end = frame[CELL], w.state[PUT]
    if frame[HIDDEN]:
        take_back(w, start)
    elif are_attributes(w.out, start, end):
        if start >= frame[OUT] + 4 and w.out[start - 4] == CELL_START:
            span_cell(w, frame, w.out, start, end)
        take_back(w, start)


@kernel
def span_cell(w: Work, frame: Longs, buffer: Bytes, start: int, end: int) -> None:
    """Notes what the attributes buffer[start:end] say of a wikitext table's cell: its columns, its rows, and HIDDEN."""
    w.out[frame[CELL] - 2] = 128 + span(buffer, start, end, True)
    w.out[frame[CELL] - 1] = 128 + span(buffer, start, end, False)
    frame[HIDDEN] |= is_hidden(buffer, start, end, False)


@kernel
def cell_mark(w: Work, frame: Longs) -> None:
    """At `|` in a wikitext table's cell: begins another cell, or removes its attributes before it, or writes it."""
    s = w.state
    at = s[AT]
    following = w.data[at + 1] if at + 1 < s[END] else uint8(0)
    if following == 124 and frame[HEADER] != CAPTION:
        s[AT] = at + 2
        new_cell(w, frame, frame[HEADER])
    elif following == 125 and (at + 2 >= s[END] or w.data[at + 2] <= 32) and not frame[HTML]:
        s[AT] = at + 2
        end_table(w)
    elif frame[ATTRIBUTES]:
        span_cell(w, frame, w.out, frame[CELL], s[PUT])
        take_back(w, frame[CELL])
        frame[ATTRIBUTES] = 0
        s[AT] = at + 1
    else:
        put_byte(w, uint8(124))
        s[AT] = at + 1


@kernel
def cell_text(w: Work, start: int) -> int:
    """Notes the attributes before a wikitext template that prints a cell's text, as in `| colspan=2 {{no}}`.

    The template wrote out[start:]. Returns where the text of the template goes: start, or the place of the attributes.
    """
    s = w.state
    if top(w) != TABLE:
        return start
    frame = w.frames[s[DEPTH] - 1]
    cell = frame[CELL]
    if not (frame[ATTRIBUTES] and cell < start <= cell + _MOST_BEFORE and w.out[start - 1] in (32, 34, 39)):  # ` "'`
        return start
    quotes = int64(0)
    for i in range(cell, start):
        quotes += w.out[i] == 34
    if quotes & 1 or not are_attributes(w.out, cell, start):
        return start
    span_cell(w, frame, w.out, cell, start)
    frame[ATTRIBUTES] = 0
    return int64(cell)


@kernel
def end_table(w: Work) -> None:
    """At `|}`: closes the innermost wikitext table, and with it those that a tag opened inside."""
    while top(w) == TABLE:
        frame = w.frames[w.state[DEPTH] - 1]
        html = frame[HTML]
        if frame[LOOK] & CONTINUED:
            w.state[BROKEN] = max(w.state[BROKEN] - 1, 0)
        close_table(w)
        if not html:
            return


@kernel
def leave(w: Work) -> None:
    """Closes the innermost frame of open wikitext markup, as if its end were here."""
    if top(w) == TABLE:
        close_table(w)
    else:
        abandon(w)


@kernel
def break_tables(w: Work) -> None:
    """At a heading of wikitext: closes open links and tables, which may continue after it."""
    while w.state[DEPTH] and top(w) > 2:
        if top(w) == TABLE and not w.frames[w.state[DEPTH] - 1, LOOK] & CONTINUED:
            w.state[BROKEN] += 1
        leave(w)


@kernel
def close_table(w: Work) -> None:
    """Closes the innermost frame of open wikitext markup, a table, and replaces its text by what is left of it."""
    s = w.state
    depth = s[DEPTH] - 1
    frame = w.frames[depth]
    _end_cell(w, frame)
    out, end, linked = frame[OUT], s[PUT], s[LINKED] - frame[LINKS]
    nested = depth > 0 and w.frames[depth - 1, KIND] == TABLE
    if nested:
        w.frames[depth - 1, LINKS] += linked  # these are not links of the table around
    measure(w, out, end, frame[LOOK] & ~FLOAT)
    left = int64(GONE) if frame[LOOK] & UNSEEN else fate(w, frame[LOOK], linked)
    abandon(w)
    if left == GONE or end + 2 * (end - out) + 64 > s[ROOM]:
        take_back(w, out)
        put_byte(w, uint8(10))
        return
    put_byte(w, uint8(TABLE_START if nested else 10))
    if left == ROWS:
        write_rows(w, out, end)
    else:
        write_texts(w, out, end, left, linked)
    put_byte(w, uint8(TABLE_END if nested else 10))
    replace_with_tail(w, out, end)
