"""Writes the text of a closed wikitext table: its rows as lines with tabs between cells, or its texts as paragraphs.

A cell that spans columns or rows is in the first of its places, and the others are empty. A list in a cell becomes its
items with `; ` between them.
"""

from tokenmill.text.kernel.arrays import Bytes, int64, uint8
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.wikitext.layout import (
    ALL_TEXTS,
    CAPTION,
    HEAD_ROWS,
    LONG,
    WIDTH,
    cell_end,
    is_long,
)
from tokenmill.text.wikitext.state import (
    CELL_START,
    CODE,
    COLUMNS,
    ITEM_MARK,
    MARK,
    PUT,
    ROW_START,
    SPANS,
    TABLE_END,
    TABLE_START,
    Work,
    put_byte,
    trimmed,
)


@kernel
def write_rows(w: Work, start: int, end: int) -> None:
    """Writes the rows in the text out[start:end] of a wikitext table after it.

    Leaves out rows without text, and in tables of two columns without a row of headers those of a label alone.
    """
    budget = end - start  # of tabs for spans
    at = start
    pairs = w.state[WIDTH] == 2 and not w.state[HEAD_ROWS]
    while at < end:
        at += w.out[at] == ROW_START
        line = w.state[PUT]
        label = pairs and _is_label(w.out, at, end)
        at, budget = _write_row(w, at, end, budget)
        if label:
            w.state[PUT] = line
        _end_line(w, line)


@kernel
def _end_line(w: Work, line: int) -> None:
    """Ends a row: without tabs at its end, and without a line if it has no text."""
    s = w.state
    while s[PUT] > line and w.out[s[PUT] - 1] in (9, 32, MARK):
        s[PUT] -= 1
    if s[PUT] > line:
        put_byte(w, uint8(10))


@kernel
def _is_label(out: Bytes, at: int, end: int) -> bool:
    """Returns True for a row of two cells of which the second has no text."""
    cells, texts, last = int64(0), int64(0), int64(0)
    at = cell_end(out, at, end)
    while at < end and out[at] == CELL_START:
        behind = cell_end(out, at + 4, end)
        first, stop = trimmed(out, at + 4, behind)
        cells += 1
        last = int64(first < stop)
        texts += last
        at = behind
    return bool(cells == 2 and texts == 1 and last == 0)


@kernel
def _write_row(w: Work, at: int, end: int, budget: int) -> tuple[int, int]:
    """Writes a row. Returns (its end, how many tabs for spans may follow)."""
    out, s = w.out, w.state
    column = int64(0)
    behind = cell_end(out, at, end)
    _write_cell(w, at, behind)  # text before the first cell
    while behind < end and out[behind] == CELL_START:
        at = behind
        behind = cell_end(out, at + 4, end)
        if out[at + 1] == 128 + CAPTION:
            _write_cell(w, at + 4, behind)
            continue
        first = column
        while column < COLUMNS and s[SPANS + column] > 0:
            s[SPANS + column] -= 1
            column += 1
        budget = _write_tabs(w, column - first, budget)
        _write_cell(w, at + 4, behind)
        put_byte(w, uint8(9))
        columns = int64(out[at + 2]) - 128
        budget = _write_tabs(w, columns - 1, budget)
        for _ in range(columns):
            if column < COLUMNS:
                s[SPANS + column] = int64(out[at + 3]) - 129
            column += 1
    if column:
        for place in range(SPANS + column, SPANS + COLUMNS):
            s[place] = max(s[place] - 1, 0)
    return behind, budget


@kernel
def _write_tabs(w: Work, count: int, budget: int) -> int:
    for _ in range(min(count, budget)):
        put_byte(w, uint8(9))
    return budget - min(count, budget)


@kernel
def _write_cell(w: Work, at: int, end: int) -> None:
    """Writes the text of a cell in one line, with `; ` between the items of a list."""
    out, s = w.out, w.state
    at, end = trimmed(out, at, end)
    before, item = False, False  # the last line with text, and this line, is an item
    begins = True  # at the start of a line
    gap = int64(0)  # before the next byte: 1 a space, 2 the end of an item
    start = s[PUT]
    while at < end:
        if begins:
            behind = _behind_item(out, at, end)
            item = behind > at
            gap = int64(2) if item and before else gap
            at = behind
            begins = False
            continue
        byte = out[at]
        if byte > 32:
            if gap and s[PUT] > start:
                _write_gap(w, gap)
            gap = int64(0)
            before = item
            put = s[PUT]
            while at < end and out[at] > 32:
                out[put] = out[at]
                put += 1
                at += 1
            s[PUT] = put
            continue
        at += 1
        begins = byte == 10
        if begins or byte in (9, TABLE_START, TABLE_END):
            gap = max(gap, int64(1))
        elif byte == MARK or (byte == 32 and not gap):
            put_byte(w, byte)


@kernel
def _write_gap(w: Work, gap: int) -> None:
    last = w.out[w.state[PUT] - 1]
    if gap == 2 and last not in (33, 44, 46, 58, 59, 63):  # not after `!,.:;?`
        while w.out[w.state[PUT] - 1] == 32:
            w.state[PUT] -= 1
        put_byte(w, uint8(59))
        last = uint8(59)
    if last != 32:
        put_byte(w, uint8(32))


@kernel
def _behind_item(out: Bytes, at: int, end: int) -> int:
    """Returns the position after the marker of a list item at the start of a line, or `at` if it has none."""
    i = at
    while i < end and (out[i] == 32 or out[i] == CODE):
        i += 1
    for k in range(i, min(i + 6, end)):
        if out[k] == 10:
            return at
        if out[k] == ITEM_MARK:
            return int64(k + 1)
    return at


@kernel
def write_texts(w: Work, start: int, end: int, kind: int, linked: int) -> None:
    """Writes texts of a wikitext table that lays out the page after it, as paragraphs.

    kind: ALL_TEXTS, or LONG_TEXTS for those that are long, the caption of these, and the tables in cells. linked: bytes
    of words of links.
    """
    out = w.out
    at = start
    while at < end:
        caption = out[at] == CELL_START and out[at + 1] == 128 + CAPTION
        at += 1 if out[at] == ROW_START else 4 if out[at] == CELL_START else 0
        behind = cell_end(out, at, end)
        first, last = trimmed(out, at, behind)
        long = is_long(_size(out, first, last), w, linked) or (caption and w.state[LONG] > 0)
        whole = kind == ALL_TEXTS or long
        inner = False
        for i in range(first, last):
            inner = out[i] == TABLE_START or (inner and out[i] != TABLE_END)
            if out[i] in (TABLE_START, TABLE_END):
                put_byte(w, uint8(10))
            elif whole or inner:
                put_byte(w, out[i])
        if first < last:
            put_byte(w, uint8(10))
            put_byte(w, uint8(10))
        at = behind


@kernel
def _size(out: Bytes, start: int, end: int) -> int:
    """Returns the bytes of a cell's text outside of tables in it."""
    size = int64(0)
    inner = False
    for i in range(start, end):
        inner = out[i] == TABLE_START or (inner and out[i] != TABLE_END)
        size += not inner
    return size
