"""Handles tables of wikitext: rows become lines, with tabs between cells. A nested table stays in its cell's line."""

from tokenmill.text.kernel.arrays import Longs, uint8
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.wikitext.state import (
    AT,
    ATTRIBUTES,
    CELL,
    DEPTH,
    END,
    EXTERNAL,
    HEADER,
    KIND,
    LEVEL,
    LINK,
    OUT,
    PUT,
    TABLE,
    TABLES,
    TEMPLATE,
    Work,
    abandon,
    push,
    put_byte,
    take_back,
    top,
)

_CAPTION = 2


@kernel
def open_table(w: Work) -> None:
    """At `{|` in wikitext: skips the attributes of a table and opens it."""
    s = w.state
    nested = top(w) == TABLE
    _pass_line(w)
    if push(w, TABLE):
        put_byte(w, uint8(32 if nested else 10))
        frame = w.frames[s[DEPTH] - 1]
        frame[CELL] = frame[LEVEL] = s[PUT]


@kernel
def in_table(w: Work) -> bool:
    """Returns True if a line of wikitext that begins with `|` or `!` belongs to a table.

    Closes links of the last cell.
    """
    depth = w.state[DEPTH] - 1
    while depth >= 0 and (w.frames[depth, KIND] == LINK or w.frames[depth, KIND] == EXTERNAL):
        depth -= 1
    if depth < 0 or w.frames[depth, KIND] != TABLE:
        return False
    at, end = w.state[AT], w.state[END]
    closes = at + 2 < end and w.data[at + 1] == 125 and w.data[at + 2] == 125
    if closes and not (at + 3 < end and w.data[at + 3] == 125):
        for i in range(depth):
            if w.frames[i, KIND] == TEMPLATE:
                return False  # `|}}` ends the template around the table
    while w.state[DEPTH] - 1 > depth:
        abandon(w)
    return True


@kernel
def table_line(w: Work, byte: int, following: int) -> None:
    """At the first `|` or `!` of a line in a wikitext table: handles the end, a row, the caption or a cell."""
    s = w.state
    frame = w.frames[s[DEPTH] - 1]
    if byte == 124 and following == 125:
        s[AT] += 2
        close_table(w)
    elif byte == 124 and following == 45:
        _pass_line(w)
        _new_row(w, frame)
    elif byte == 124 and following == 43:
        s[AT] += 2
        _new_row(w, frame)
        new_cell(w, frame, _CAPTION)
    else:
        s[AT] += 1
        if frame[HEADER] == _CAPTION:
            _new_row(w, frame)
        new_cell(w, frame, byte == 33)


@kernel
def _pass_line(w: Work) -> None:
    s = w.state
    while s[AT] < s[END] and w.data[s[AT]] != 10:
        s[AT] += 1


@kernel
def _new_row(w: Work, frame: Longs) -> None:
    if w.state[PUT] > frame[LEVEL]:
        nested = w.state[DEPTH] > 1 and w.frames[w.state[DEPTH] - 2, KIND] == TABLE
        put_byte(w, uint8(32 if nested else 10))
    frame[LEVEL] = frame[CELL] = w.state[PUT]
    frame[ATTRIBUTES] = 0


@kernel
def new_cell(w: Work, frame: Longs, header: int) -> None:
    """Begins a cell of a wikitext table, after a tab if the row already has text."""
    s = w.state
    while s[PUT] > frame[LEVEL] and w.out[s[PUT] - 1] <= 32 and w.out[s[PUT] - 1] != 9:
        s[PUT] -= 1
    if s[PUT] > frame[LEVEL] and w.out[s[PUT] - 1] != 9:
        put_byte(w, uint8(9))
    frame[CELL] = s[PUT]
    frame[ATTRIBUTES], frame[HEADER] = 1, header
    while s[AT] < s[END] and (w.data[s[AT]] == 32 or w.data[s[AT]] == 9):
        s[AT] += 1


@kernel
def cell_mark(w: Work, frame: Longs) -> None:
    """At `|` in a wikitext table's cell: begins another cell, or removes its attributes before it, or writes it."""
    s = w.state
    at = s[AT]
    if at + 1 < s[END] and w.data[at + 1] == 124:
        s[AT] = at + 2
        new_cell(w, frame, frame[HEADER])
    elif frame[ATTRIBUTES]:
        take_back(w, frame[CELL])
        frame[ATTRIBUTES] = 0
        s[AT] = at + 1
        while s[AT] < s[END] and (w.data[s[AT]] == 32 or w.data[s[AT]] == 9):
            s[AT] += 1
    else:
        put_byte(w, uint8(124))
        s[AT] = at + 1


@kernel
def close_table(w: Work) -> None:
    """Closes the innermost frame of open wikitext markup, which is a table."""
    depth = w.state[DEPTH] - 1
    out = w.frames[depth, OUT]
    abandon(w)
    if w.state[TABLES] == 0:
        take_back(w, out)
    nested = depth > 0 and w.frames[depth - 1, KIND] == TABLE
    put_byte(w, uint8(32 if nested else 10))
