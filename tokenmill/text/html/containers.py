"""What the elements of a page hold together: tables, lists, repeated siblings, blocks of the same path, sections."""

from typing import Final, NamedTuple

from tokenmill.text.html.features import (
    ENDS,
    KIND,
    KINDS,
    LINK,
    NUM_OWN,
    NUM_SUMS,
    S_BLOCKS,
    S_LINK,
    S_UNITS,
    UNITS,
    Measures,
)
from tokenmill.text.html.page import BLOCKS, ELEMENTS, NO_NUMBER, SPAN_BITS, Page
from tokenmill.text.html.tags import CODE_MARK, COUNTER_TRAIT, PRE_TRAIT, TAG
from tokenmill.text.kernel.arrays import Ints, Longs, int64
from tokenmill.text.kernel.cache import kernel

_TABLE, _TR, _TD, _TH, _LI = TAG["table"], TAG["tr"], TAG["td"], TAG["th"], TAG["li"]
_UL, _OL, _P, _DT, _DD = TAG["ul"], TAG["ol"], TAG["p"], TAG["dt"], TAG["dd"]
_PRE_KIND, _CELL_KIND = KINDS["pre"], KINDS["td"]

# Columns of Containers.counts, for tables and lists.
(ROWS, CELLS, HEADS, FILLED, LONG, MANY, NESTED, CODE, ITEMS, SPANNED, LINED) = range(11)
NUM_COUNTS: Final = 11
# Columns of the sums over elements or blocks that are alike.
(A_COUNT, A_UNITS, A_LINK, A_BLOCKS) = range(4)
NUM_ALIKE: Final = 4
(GROUPS, PATHS) = range(2)  # places in Containers.sizes
# Columns of the sums over a section: the blocks from a heading to the next.
(C_BLOCKS, C_UNITS, C_LINK) = range(3)
NUM_SECTION: Final = 3

ALIKE: Final = 3  # siblings of the same tag and class that make a group
_LONG_CELL = 80  # units
_NEAR = 4  # block elements in which near() looks: the block's own and three around it


class Containers(NamedTuple):
    """Scratch for one document, as pointers; rows one after another."""

    last: Ints  # (elements,): the last element inside, or itself
    table: Ints  # the innermost table around, or itself; 0 without one
    lists: Ints  # the outermost list around, or itself, in the innermost cell; 0 without one
    counts: Ints  # (elements, NUM_COUNTS): of tables and lists, and of 0
    siblings: Ints  # its row in `alike`; -1 without one
    order: Ints  # its number among the siblings like it
    group: Ints  # the innermost element around, or itself, that is one of at least ALIKE siblings; 0 without one
    wide: Ints  # the one of them whose group has most text
    alike: Ints  # (groups, NUM_ALIKE): siblings of the same tag and class
    path: Ints  # (blocks,): its row in `paths`
    paths: Ints  # (paths, NUM_ALIKE): blocks whose elements have the same tags and classes
    sizes: Ints  # (2,): how many rows `alike` and `paths` have
    keys: Longs  # (rows,): what the rows of the table that is filled stand for
    slots: Ints  # hash table: 1 + the row of a key, or 0
    section: Ints  # (blocks,): the heading before, or itself; -1 without one
    sections: Ints  # (blocks, NUM_SECTION): of a heading


@kernel
def slots_for(count: int) -> int:
    """The size of a hash table for so many elements or blocks of an HTML page: a power of 2, at most 3/4 full."""
    size = int64(16)
    while 3 * size < 4 * count:
        size *= 2
    return size


@kernel
def find_containers(page: Page, into: Measures, found: Containers) -> None:
    """Find what belongs together on the measured HTML page."""
    elements, blocks = page.state[ELEMENTS], page.state[BLOCKS]
    _nest(page, elements, found)
    _count_parts(page, elements, into, found)
    _group_siblings(page, elements, into, found)
    _group_paths(page, blocks, into, found)
    _cut_sections(blocks, into, found)


@kernel
def _nest(page: Page, elements: int, found: Containers) -> None:
    found.table[0] = found.lists[0] = 0
    for element in range(elements):
        found.last[element] = element
        if element:
            tag, parent = page.tag[element], page.parent[element]
            found.table[element] = element if tag == _TABLE else found.table[parent]
            around = found.lists[parent]
            if tag in (_TD, _TH):
                around = 0
            elif not around and (tag in (_UL, _OL)):
                around = element
            found.lists[element] = around
        if found.table[element] == element or found.lists[element] == element:
            for column in range(NUM_COUNTS):
                found.counts[element * NUM_COUNTS + column] = 0
    for element in range(elements - 1, 0, -1):
        parent = page.parent[element]
        found.last[parent] = max(found.last[parent], found.last[element])


@kernel
def _count_parts(page: Page, elements: int, into: Measures, found: Containers) -> None:
    """Count the rows and cells of each table and the items of each list."""
    for element in range(1, elements):
        tag = page.tag[element]
        if tag == _LI:
            found.counts[found.lists[element] * NUM_COUNTS + ITEMS] += 1
        elif tag == _TABLE and found.table[page.parent[element]]:
            found.counts[found.table[page.parent[element]] * NUM_COUNTS + NESTED] += 1
        elif tag == _TR:
            found.counts[found.table[element] * NUM_COUNTS + ROWS] += 1
        elif tag in (_TD, _TH) and page.number[element]:
            counts, sums = found.table[element] * NUM_COUNTS, element * NUM_SUMS
            found.counts[counts + CELLS] += 1
            found.counts[counts + SPANNED] += (page.number[element] >> SPAN_BITS) - 1
            found.counts[counts + HEADS] += tag == _TH
            found.counts[counts + FILLED] += into.sums[sums + S_BLOCKS] > 0
            found.counts[counts + LONG] += into.sums[sums + S_UNITS] > _LONG_CELL
            found.counts[counts + MANY] += into.sums[sums + S_BLOCKS] > 2
            found.counts[counts + CODE] += page.traits[element] & (PRE_TRAIT | COUNTER_TRAIT) > 0
    for element in range(1, elements):  # a <pre> makes its cell a cell of code
        if page.traits[element] & PRE_TRAIT:
            cell = page.block[page.parent[element]]
            if page.tag[cell] == _TD and not page.traits[cell] & (PRE_TRAIT | COUNTER_TRAIT):
                found.counts[found.table[cell] * NUM_COUNTS + CODE] += 1
    for block in range(page.state[BLOCKS]):
        element = page.where[block]
        if page.marks[element] & CODE_MARK and page.traits[page.block[element]] & PRE_TRAIT and found.table[element]:
            found.counts[found.table[element] * NUM_COUNTS + LINED] += _has_lines(page, block)


@kernel
def _has_lines(page: Page, block: int) -> bool:
    """Whether the text of a block has several lines."""
    at, end = page.begin[block], page.end[block]
    while at < end and page.text[at] != 10:
        at += 1
    return bool(at < end)


@kernel
def is_code_table(table: int, found: Containers) -> bool:
    """Whether the cells of this table of an HTML page are lines of code, or their numbers."""
    counts = table * NUM_COUNTS
    return bool(found.counts[counts + CODE] > 0 and found.counts[counts + FILLED] <= found.counts[counts + CODE])


@kernel
def is_data_table(table: int, found: Containers) -> bool:
    """Whether this table of an HTML page has data in rows and columns, and does not lay out the page."""
    counts = table * NUM_COUNTS
    rows, cells, filled = found.counts[counts + ROWS], found.counts[counts + CELLS], found.counts[counts + FILLED]
    places = cells + min(found.counts[counts + SPANNED], rows)  # those that cells of rows above cover too
    if rows < 2 or 2 * places < 3 * rows or filled < 3 or found.counts[counts + NESTED]:
        return False
    if found.counts[counts + LINED]:  # lines of code in a row would become one
        return False
    if is_code_table(table, found):
        return False
    most = filled if found.counts[counts + HEADS] else filled // 2
    return bool(2 * found.counts[counts + LONG] <= most and 4 * found.counts[counts + MANY] <= filled)


@kernel
def _row(key: int, mask: int, found: Containers, sums: Ints, rows: int) -> int:
    """The row of a key in sums, which has so many rows. A new key gets the next row, with zeros.

    Only the hash table is as large as the page could need: it has 4 bytes for each slot, a row has 24.
    """
    place = (key ^ key >> 29) * 0x9E3779B1 >> 7 & mask
    while found.slots[place]:
        row = int64(found.slots[place] - 1)
        if found.keys[row] == key:
            return row
        place = (place + 1) & mask
    found.slots[place] = rows + 1
    found.keys[rows] = key
    for column in range(NUM_ALIKE):
        sums[rows * NUM_ALIKE + column] = 0
    return int64(rows)


@kernel
def clear_slots(count: int, slots: Ints) -> int:
    """Make a hash table for so many elements or blocks of an HTML page; returns the mask of its places."""
    size = slots_for(count)
    for place in range(size):
        slots[place] = 0
    return size - 1


@kernel
def _group_siblings(page: Page, elements: int, into: Measures, found: Containers) -> None:
    """Find the repeated siblings: block elements with text that have the parent, the tag and the class in common."""
    mask = clear_slots(elements, found.slots)
    rows = int64(0)
    for element in range(1, elements):
        sums = element * NUM_SUMS
        found.siblings[element] = -1
        if page.block[element] != element or not into.sums[sums + S_BLOCKS]:
            continue
        key = (page.parent[element] << 42 ^ page.tag[element] << 34 ^ int64(page.kin[element])) & int64((1 << 62) - 1)
        row = _row(key, mask, found, found.alike, rows)
        rows = max(rows, row + 1)
        found.siblings[element] = row
        alike = row * NUM_ALIKE
        found.order[element] = found.alike[alike + A_COUNT]
        found.alike[alike + A_COUNT] += 1
        found.alike[alike + A_UNITS] += into.sums[sums + S_UNITS]
        found.alike[alike + A_LINK] += into.sums[sums + S_LINK]
        found.alike[alike + A_BLOCKS] += into.sums[sums + S_BLOCKS]
    found.sizes[GROUPS] = rows
    found.group[0] = found.wide[0] = 0
    for element in range(1, elements):
        parent, row = page.parent[element], found.siblings[element]
        found.group[element], found.wide[element] = found.group[parent], found.wide[parent]
        if row < 0 or page.tag[element] == _P or found.alike[row * NUM_ALIKE + A_COUNT] < ALIKE:
            continue
        found.group[element] = element
        wide = found.wide[parent]
        if not wide or _text_of(found, row) > _text_of(found, found.siblings[wide]):
            found.wide[element] = element


@kernel
def _text_of(found: Containers, row: int) -> int:
    return int64(found.alike[row * NUM_ALIKE + A_UNITS])


@kernel
def _group_paths(page: Page, blocks: int, into: Measures, found: Containers) -> None:
    """Find the blocks whose elements have the tag and class in common, and those around them too."""
    mask = clear_slots(blocks, found.slots)
    rows = int64(0)
    for block in range(blocks):
        element = page.block[page.where[block]]
        key = int64(0)
        for _ in range(3):
            key = (key * 1_000_003 + int64(page.kin[element]) * 128 + page.tag[element]) & int64((1 << 62) - 1)
            element = page.block[page.parent[element]]
        row = _row(key, mask, found, found.paths, rows)
        rows = max(rows, row + 1)
        found.path[block] = row
        own, alike = block * NUM_OWN, row * NUM_ALIKE
        found.paths[alike + A_COUNT] += 1
        found.paths[alike + A_UNITS] += into.own[own + UNITS]
        found.paths[alike + A_LINK] += into.own[own + UNITS] * into.own[own + LINK] // 1000
        found.paths[alike + A_BLOCKS] += into.own[own + ENDS]
    found.sizes[PATHS] = rows


@kernel
def _cut_sections(blocks: int, into: Measures, found: Containers) -> None:
    heading = int64(-1)
    for block in range(blocks):
        own = block * NUM_OWN
        if 2 <= into.own[own + KIND] <= 5:
            heading = int64(block)
            for column in range(NUM_SECTION):
                found.sections[heading * NUM_SECTION + column] = 0
        found.section[block] = heading
        if heading >= 0:
            sums = heading * NUM_SECTION
            found.sections[sums + C_BLOCKS] += 1
            found.sections[sums + C_UNITS] += into.own[own + UNITS]
            found.sections[sums + C_LINK] += into.own[own + UNITS] * into.own[own + LINK] // 1000


@kernel
def near(page: Page, block: int, first: int, second: int) -> int:
    """The nearest element of these two tags around the text of a block: <dd><p> begins a definition too. 0 if none."""
    element = page.block[page.where[block]]
    for _ in range(_NEAR):
        if page.tag[element] == first or page.tag[element] == second:
            return int64(element)
        element = page.block[page.parent[element]]
    return int64(0)


@kernel
def is_entry(page: Page, block: int, found: Containers, into: Measures) -> bool:
    """Whether the block is a cell, a term, code or an item of a list: its text has a sense of its own."""
    where, kind = page.where[block], into.own[block * NUM_OWN + KIND]
    table = found.table[where]
    if kind in (_CELL_KIND, _PRE_KIND) or (table and is_data_table(int64(table), found)):
        return True
    return bool(
        page.marks[where] & CODE_MARK or page.item[block] != NO_NUMBER or page.tag[near(page, block, _DT, _DD)] == _DT
    )
