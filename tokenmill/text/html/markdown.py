"""The kept blocks of a page as Markdown (CommonMark with the tables of GitHub): headings, lists, quotes, code, tables.

Characters that Markdown would read as markup are escaped, so that the rendered text has the words of the page.
"""

from typing import Final

from tokenmill.text.html.containers import Containers, is_code_table, is_data_table
from tokenmill.text.html.escapes import write_escaped, write_line_feed, write_prefix
from tokenmill.text.html.features import NUM_SUMS, S_BLOCKS, Measures
from tokenmill.text.html.lexer import code_of, name_code
from tokenmill.text.html.page import (
    BLOCKS,
    BULLET,
    ELEMENTS,
    NO_NUMBER,
    PUT,
    Page,
    list_around,
)
from tokenmill.text.html.plain import COLUMNS, pass_spans, place_cell, room_for_cells, take_cell
from tokenmill.text.html.tags import PRE_TRAIT, TAG
from tokenmill.text.html.verdicts import Verdict
from tokenmill.text.kernel.arrays import Bytes, Ints, int64
from tokenmill.text.kernel.cache import kernel

MOST_QUOTES: Final = 4  # deeper quotes are shown as this deep
MOST_INDENT: Final = 16  # columns of a list item; deeper lists are shown as this deep
_H1, _H6, _LI, _TR = TAG["h1"], TAG["h6"], TAG["li"], TAG["tr"]
_UL, _OL = TAG["ul"], TAG["ol"]
_TD, _TH, _CAPTION, _QUOTE = TAG["td"], TAG["th"], TAG["caption"], TAG["blockquote"]
_MOST_CLASS = 1000  # bytes of a class that are looked through for a language
_MOST_NUMBER = 999_999_999  # of a list item
_LANGUAGE, _LANG = name_code("language-"), name_code("lang-")
_HIGHLIGHT, _SOURCE = name_code("highlight-"), name_code("source-")
_MW, _MW_LANG = name_code("mw-highlight"), name_code("ht-lang-")
_DEFAULT, _NONE = name_code("default"), name_code("none")


@kernel
def room_for_markdown(page: Page) -> int:
    """The most bytes that the Markdown of an HTML page takes."""
    lines = page.state[BLOCKS]
    for at in range(page.state[PUT]):
        lines += page.text[at] == 10
    prefixes = (2 * MOST_QUOTES + MOST_INDENT + 4) * lines + 2 * MOST_QUOTES * page.state[BLOCKS]
    return int64(3 * page.state[PUT] + prefixes + 64 * page.state[BLOCKS] + 64 + room_for_cells(page))


@kernel
def write_markdown(
    data: Bytes, page: Page, found: Containers, into: Measures, verdict: Verdict, spans: Ints, out: Bytes, put: int
) -> int:
    """Write the kept blocks of the HTML document in data to out[put:] as Markdown; returns where it ends."""
    begin = put
    last = int64(-1)
    block = int64(0)
    for element in range(page.state[ELEMENTS]):
        verdict.sums[element] = 0  # of an item or list of which something is written: the column of its text, plus 1
    while block < page.state[BLOCKS]:
        if not verdict.keep[block]:
            block += 1
            continue
        table = found.table[page.where[block]]
        if put > begin:
            put = _write_gap(page, last, block, table, found, out, put)
        last = block
        quotes, indent = _place(page, block, verdict)
        if table and is_data_table(table, found):
            put, block = _write_table(page, table, block, found, into, spans, out, put)
            continue
        put = write_prefix(quotes, indent, out, put)
        if page.item[block] != NO_NUMBER:
            put, indent = _write_item(page, block, indent, verdict, out, put)
        if page.traits[page.block[page.where[block]]] & PRE_TRAIT:
            put, block = _write_code(data, page, block, table, found, verdict, quotes, indent, out, put)
            continue
        tag = page.tag[page.block[page.where[block]]]
        is_heading = _H1 <= tag <= _H6
        if is_heading:
            for _ in range(tag - _H1 + 1):
                out[put] = 35
                put += 1
            out[put] = 32
            put += 1
        put = write_escaped(page, block, is_heading, False, quotes, indent, out, put)
        block += 1
    return put


@kernel
def _write_gap(page: Page, last: int, block: int, table: int, found: Containers, out: Bytes, put: int) -> int:
    """Write the line feeds before a block, and the marks of quotes that hold both blocks."""
    out[put] = 10
    put += 1
    if _is_next_item(page, last, block):
        return put
    quotes = int64(0)
    element = int64(0) if table or found.table[page.where[last]] else page.block[page.where[block]]
    while element:  # an element around the block that began before `last` is around that too
        quotes += page.tag[element] == _QUOTE and element <= page.where[last]
        element = page.block[page.parent[element]]
    put = write_prefix(min(quotes, int64(MOST_QUOTES)), int64(0), out, put)
    put -= quotes > 0
    out[put] = 10
    return put + 1


@kernel
def _is_next_item(page: Page, last: int, block: int) -> bool:
    """Whether both blocks begin items of lists, which stand without a blank line between them."""
    return bool(page.item[block] != NO_NUMBER and page.item[last] != NO_NUMBER and page.gap[block] < 2)


@kernel
def _place(page: Page, block: int, verdict: Verdict) -> tuple[int, int]:
    """(quotes around the block, column of the text of the innermost item around it that is written)."""
    quotes = indent = int64(0)
    element = page.block[page.where[block]]
    while element:
        if page.tag[element] == _QUOTE:
            quotes += 1
        elif page.tag[element] == _LI and not indent and not quotes and verdict.sums[element]:
            indent = verdict.sums[element] - 1
        around = page.block[page.parent[element]]
        if page.tag[element] in (_UL, _OL) and page.tag[around] in (_UL, _OL) and not indent and not quotes:
            indent = max(verdict.sums[around] - 1, 0)  # a list directly in a list belongs to the item before
        element = around
    return min(quotes, int64(MOST_QUOTES)), indent


@kernel
def _write_item(page: Page, block: int, indent: int, verdict: Verdict, out: Bytes, put: int) -> tuple[int, int]:
    """Write the mark of a list item; returns where it ends and the column of the item's text."""
    item, begin = page.item[block], put
    if item == BULLET or item < 0 or item > _MOST_NUMBER:
        out[put], out[put + 1] = 45, 32
        put += 2
    else:
        power = 1
        while power * 10 <= item:
            power *= 10
        while power:
            out[put] = 48 + item // power % 10
            power //= 10
            put += 1
        out[put], out[put + 1] = 46, 32
        put += 2
    indent = min(indent + put - begin, int64(MOST_INDENT))
    element = page.block[page.where[block]]
    while element and page.tag[element] != _LI:
        element = page.block[page.parent[element]]
    verdict.sums[element] = indent + 1
    around = list_around(page, page.parent[element])
    if around:
        verdict.sums[around] = indent + 1
    return put, indent


@kernel
def _write_code(
    data: Bytes,
    page: Page,
    block: int,
    table: int,
    found: Containers,
    verdict: Verdict,
    quotes: int,
    indent: int,
    out: Bytes,
    put: int,
) -> tuple[int, int]:
    """Write a block of code between fences; the kept lines of a table of code go between the same ones."""
    end = block + 1
    if table and is_code_table(table, found):
        while end < page.state[BLOCKS] and found.table[page.where[end]] == table:
            end += 1
    fence = max(_longest_run(page, block, end) + 1, int64(3))
    put = _write_fence(fence, out, put)
    put = _write_language(data, page, block, out, put)
    for each in range(block, end):
        if not verdict.keep[each]:
            continue
        put = write_line_feed(quotes, indent, out, put)
        for at in range(page.begin[each], page.end[each]):
            if page.text[at] == 10:
                put = write_line_feed(quotes, indent, out, put)
            else:
                out[put] = 36 if page.text[at] < 9 else page.text[at]
                put += 1
    put = write_line_feed(quotes, indent, out, put)
    return _write_fence(fence, out, put), int64(end)


@kernel
def _longest_run(page: Page, block: int, end: int) -> int:
    """The most backticks in a row."""
    longest = run = int64(0)
    for at in range(page.begin[block], page.end[end - 1]):
        run = run + 1 if page.text[at] == 96 else int64(0)
        longest = max(longest, run)
    return min(longest, int64(24))


@kernel
def _write_fence(fence: int, out: Bytes, put: int) -> int:
    for _ in range(fence):
        out[put] = 96
        put += 1
    return put


@kernel
def _write_language(data: Bytes, page: Page, block: int, out: Bytes, put: int) -> int:
    """Write the language that a class of the code or of the elements around it names: `language-python`."""
    element = page.where[block]
    beyond = 0
    while element and beyond < 3:
        at, end = page.class_at[element], page.class_end[element]
        end = min(end, at + _MOST_CLASS)
        while at < end:
            while at < end and data[at] <= 32:
                at += 1
            stop = at
            while stop < end and data[stop] > 32:
                stop += 1
            name = _behind_prefix(data, at, stop)
            if not name and stop - at == 6 and data[stop - 1] == 58:  # brush: python
                name = stop + 1
                stop = name
                while stop < end and data[stop] > 32 and data[stop] != 59:
                    stop += 1
            if 0 < name < stop:
                for place in range(name, min(stop, name + 24)):
                    if data[place] > 32 and data[place] != 96 and data[place] != 126 and data[place] < 127:
                        out[put] = data[place]
                        put += 1
                return put
            at = stop
        beyond += page.traits[element] & PRE_TRAIT > 0 or beyond > 0
        element = page.parent[element]
    return put


@kernel
def _behind_prefix(data: Bytes, at: int, end: int) -> int:
    """Where the language begins in a name such as `language-python`, 0 if it names none."""
    if code_of(data, at, min(at + 5, end)) == _LANG:
        return int64(at + 5)
    if code_of(data, at, min(at + 9, end)) == _LANGUAGE:
        return int64(at + 9)
    if code_of(data, at, min(at + 10, end)) == _MW and code_of(data, at + 10, min(at + 18, end)) == _MW_LANG:
        return int64(at + 18)
    if code_of(data, at, min(at + 10, end)) != _HIGHLIGHT:
        return int64(0)
    if code_of(data, at + 10, min(at + 17, end)) == _SOURCE:
        return int64(at + 17)
    return int64(0 if code_of(data, at + 10, end) in (_DEFAULT, _NONE) else at + 10)


@kernel
def _write_table(
    page: Page, table: int, block: int, found: Containers, into: Measures, spans: Ints, out: Bytes, put: int
) -> tuple[int, int]:
    """Write a data table: its caption, then its rows. The first is the head, and has as many cells as the longest."""
    begin = start = put
    columns = _count_columns(page, table, found, into, spans)
    for column in range(COLUMNS):
        spans[column] = 0
    rows = 0
    column = int64(0)
    is_open = False
    for element in range(table + 1, found.last[table] + 1):
        tag = page.tag[element]
        if tag == _TR:
            if is_open:
                put = _end_cells(column, columns, rows == 0, out, put)
                rows += 1
            column = pass_spans(column, spans)
            is_open = into.sums[element * NUM_SUMS + S_BLOCKS] > 0
            if is_open:
                put = _begin_line(begin, out, put)
        elif tag == _CAPTION and into.sums[element * NUM_SUMS + S_BLOCKS]:
            if is_open:
                put = _end_cells(column, columns, rows == 0, out, put)
                rows += 1
                is_open = False
            if put > begin:
                out[put], out[put + 1] = 10, 10
                put += 2
            put, block = _write_cell(page, element, table, block, found, out, put)
            out[put], out[put + 1] = 10, 10
            put += 2
            begin = put
        elif (tag in (_TD, _TH)) and is_open and page.number[element]:
            first, behind = place_cell(page.number[element], column, spans)
            put = _write_bars(first - column, out, put)
            out[put] = 32
            begin_cell = put + 1
            put, block = _write_cell(page, element, table, block, found, out, begin_cell)
            put -= put == begin_cell
            put = _write_bars(behind - first, out, put)
            column = behind
    if is_open:
        put = _end_cells(column, columns, rows == 0, out, put)
    while put > start and out[put - 1] == 10:  # behind a caption at the end
        put -= 1
    while block < page.state[BLOCKS] and page.where[block] >= table and page.where[block] <= found.last[table]:
        out[put], out[put + 1] = 10, 10
        put = write_escaped(page, block, True, False, int64(0), int64(0), out, put + 2)
        block += 1
    return put, int64(block)


@kernel
def _write_bars(count: int, out: Bytes, put: int) -> int:
    for _ in range(count):
        out[put], out[put + 1] = 32, 124
        put += 2
    return put


@kernel
def _begin_line(begin: int, out: Bytes, put: int) -> int:
    if put > begin:
        out[put] = 10
        put += 1
    out[put] = 124
    return put + 1


@kernel
def _end_cells(column: int, columns: int, is_head: bool, out: Bytes, put: int) -> int:
    """Fill the head up with empty cells, and write the line below it. Other rows may be shorter (GFM, 4.10)."""
    if is_head:
        put = _write_bars(columns - column, out, put)
        out[put], out[put + 1] = 10, 124
        put += 2
        for _ in range(columns):
            for byte in (32, 45, 45, 45, 32, 124):
                out[put] = byte
                put += 1
    return put


@kernel
def _count_columns(page: Page, table: int, found: Containers, into: Measures, spans: Ints) -> int:
    """The most columns of a row with text."""
    for column in range(COLUMNS):
        spans[column] = 0
    most = column = int64(0)
    for element in range(table + 1, found.last[table] + 1):
        tag = page.tag[element]
        if tag == _TR:
            column = pass_spans(column, spans)
        elif tag in (_TD, _TH) and page.number[element]:
            _, column = place_cell(page.number[element], column, spans)
            most = max(most, column)
    return most


@kernel
def _write_cell(
    page: Page, cell: int, table: int, block: int, found: Containers, out: Bytes, put: int
) -> tuple[int, int]:
    first = True
    while block < page.state[BLOCKS] and take_cell(page, cell, table, block, found):
        if not first:
            out[put] = 32
            put += 1
        put = write_escaped(page, block, True, True, int64(0), int64(0), out, put)
        first = False
        block += 1
    return put, int64(block)
