"""The kept blocks of a page as plain text: gaps between blocks, marks of list items, tables as rows with tabs."""

from typing import Final

from tokenmill.text.html.containers import Containers, is_code_table, is_data_table
from tokenmill.text.html.features import NUM_SUMS, S_BLOCKS, Measures
from tokenmill.text.html.page import (
    BLOCKS,
    BULLET,
    DISPLAY_END,
    DISPLAY_FORMULA,
    ELEMENTS,
    INLINE_END,
    INLINE_FORMULA,
    NO_NUMBER,
    PUT,
    SPAN_BITS,
    Page,
)
from tokenmill.text.html.tags import TAG
from tokenmill.text.html.verdicts import Verdict
from tokenmill.text.kernel.arrays import Bytes, Ints, int64
from tokenmill.text.kernel.cache import kernel

COLUMNS: Final = 64  # of a table whose spans are followed
_TABLE, _TR, _TD, _TH, _CAPTION = TAG["table"], TAG["tr"], TAG["td"], TAG["th"], TAG["caption"]


@kernel
def room_for(page: Page) -> int:
    """The most bytes that the text of an HTML page takes with everything that writers add to it."""
    return int64(3 * page.state[PUT] + 32 * page.state[BLOCKS] + 64 + room_for_cells(page))


@kernel
def room_for_cells(page: Page) -> int:
    """The most bytes that writers of an HTML page put between the cells of its tables."""
    room = 0
    for element in range(page.state[ELEMENTS]):
        tag = page.tag[element]
        if tag in (_TR, _CAPTION):  # each begins a row, in which cells of rows above may span all columns
            room += 12 * COLUMNS
        elif tag in (_TD, _TH):
            room += 16 * min(page.number[element] & ((1 << SPAN_BITS) - 1), COLUMNS) + 16
    return int64(room)


@kernel
def write_plain(
    page: Page, found: Containers, into: Measures, verdict: Verdict, bullets: int, spans: Ints, out: Bytes, put: int
) -> int:
    """Write the kept blocks of an HTML page to out[put:] as plain text; returns where it ends."""
    begin = put
    last = int64(-1)
    block = int64(0)
    while block < page.state[BLOCKS]:
        if not verdict.keep[block]:
            block += 1
            continue
        table = found.table[page.where[block]]
        if put > begin:
            put = _write_gap(page, found, last, block, out, put)
        if table and is_data_table(table, found):
            put, block = write_rows(page, table, block, found, into, spans, out, put)
        else:
            if bullets and page.item[block] != NO_NUMBER:
                put = write_item(page.item[block], out, put)
            put = write_text(page, block, int64(0), out, put)
            block += 1
        last = block - 1
    return put


@kernel
def _write_gap(page: Page, found: Containers, last: int, block: int, out: Bytes, put: int) -> int:
    """Write the line feeds between block `last` and this one."""
    table = found.table[page.where[block]]
    feeds = int64(2)
    if table and found.table[page.where[last]] == table and is_code_table(table, found):
        feeds = int64(1)
    elif last == block - 1:
        feeds = int64(page.gap[block])
    for _ in range(feeds):
        out[put] = 10
        put += 1
    return put


@kernel
def write_text(page: Page, block: int, flat: int, out: Bytes, put: int) -> int:
    """Write the text of a block of an HTML page. flat: int64 1 if line feeds become spaces."""
    for at in range(page.begin[block], page.end[block]):
        byte = page.text[at]
        if byte in (INLINE_FORMULA, INLINE_END):
            byte = 36
        elif byte in (DISPLAY_FORMULA, DISPLAY_END):
            out[put] = 36
            put += 1
            byte = 36
        elif flat and (byte == 10 or byte == 9):
            byte = 32
        out[put] = byte
        put += 1
    return put


@kernel
def write_item(item: int, out: Bytes, put: int) -> int:
    """Write the mark of a list item of an HTML page: `• ` or its number."""
    if item == BULLET:
        out[put], out[put + 1], out[put + 2], out[put + 3] = 0xE2, 0x80, 0xA2, 32  # •
        return put + 4
    if item < 0:
        out[put] = 45
        put += 1
        item = -item
    power = 1
    while power * 10 <= item:
        power *= 10
    while power:
        out[put] = 48 + item // power % 10
        power //= 10
        put += 1
    out[put], out[put + 1] = 46, 32
    return put + 2


@kernel
def write_rows(
    page: Page, table: int, block: int, found: Containers, into: Measures, spans: Ints, out: Bytes, put: int
) -> tuple[int, int]:
    """Write a data table of an HTML page from its first block on: a line per row, tabs between cells, empty ones too.

    Returns where the text ends, and the block behind the table. A cell that spans columns or rows stands in the first
    of its places, and the others are empty.
    """
    begin, line = put, put
    for column in range(COLUMNS):
        spans[column] = 0
    column = int64(0)
    for element in range(table + 1, found.last[table] + 1):
        tag = page.tag[element]
        if tag in (_TR, _CAPTION):
            put = end_row(begin, line, out, put)
            line = put
            column = pass_spans(column, spans)
        if not into.sums[element * NUM_SUMS + S_BLOCKS] and tag != _TD and tag != _TH:
            continue
        if tag in (_TD, _TH):
            if not page.number[element]:
                continue  # hidden: it has no column
            first, behind = place_cell(page.number[element], column, spans)
            put = _write_tabs(first - column, out, put)
            put, block = _write_cell(page, element, table, block, found, out, put)
            put = _write_tabs(behind - first, out, put)
            column = behind
        elif tag == _CAPTION:
            put, block = _write_cell(page, element, table, block, found, out, put)
    put = end_row(begin, line, out, put)
    while block < page.state[BLOCKS] and page.where[block] >= table and page.where[block] <= found.last[table]:
        put = write_text(page, block, int64(1), out, put)
        out[put] = 10
        put += 1
        block += 1
    while put > begin and out[put - 1] == 10:
        put -= 1
    return put, int64(block)


@kernel
def end_row(begin: int, line: int, out: Bytes, put: int) -> int:
    """End a row of a table of an HTML page: without tabs at its end, and without a line if it has no text."""
    while put > line and (out[put - 1] == 9 or out[put - 1] == 32):
        put -= 1
    if put > line:
        out[put] = 10
        put += 1
    return put


@kernel
def place_cell(number: int, column: int, spans: Ints) -> tuple[int, int]:
    """(column of a cell of an HTML table, column behind it): behind the cells of rows above that span this row.

    number: colspan | rowspan << SPAN_BITS, not 0. column: the one behind the cell before.
    """
    while column < COLUMNS and spans[column] > 0:
        spans[column] -= 1
        column += 1
    first = int64(column)
    for _ in range(min(number & ((1 << SPAN_BITS) - 1), COLUMNS)):
        if column < COLUMNS:
            spans[column] = (number >> SPAN_BITS) - 1
        column += 1
    return first, int64(column)


@kernel
def pass_spans(column: int, spans: Ints) -> int:
    """Count a row of an HTML table for the spans behind its last cell; returns the first column of the next row."""
    for place in range(column, COLUMNS):
        spans[place] = max(spans[place] - 1, 0)
    return int64(0)


@kernel
def _write_tabs(count: int, out: Bytes, put: int) -> int:
    for _ in range(count):
        out[put] = 9
        put += 1
    return put


@kernel
def take_cell(page: Page, cell: int, table: int, block: int, found: Containers) -> bool:
    """Whether a block of an HTML page is in the cell, or stands before it in the table in no other cell."""
    where = page.where[block]
    return bool(table <= where <= found.last[cell])


@kernel
def _write_cell(
    page: Page, cell: int, table: int, block: int, found: Containers, out: Bytes, put: int
) -> tuple[int, int]:
    """Write the blocks of a cell or caption, one space between them, and blocks before it that are in no cell."""
    first = True
    while block < page.state[BLOCKS] and take_cell(page, cell, table, block, found):
        if not first:
            out[put] = 32
            put += 1
        put = write_text(page, block, int64(1), out, put)
        first = False
        block += 1
    return put, int64(block)
