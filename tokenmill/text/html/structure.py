"""What is measured of the things that a block belongs to: table, list, siblings, section, and the page as a whole."""

from typing import Final

from tokenmill.text.html.containers import (
    A_BLOCKS,
    A_COUNT,
    A_LINK,
    A_UNITS,
    C_BLOCKS,
    C_LINK,
    C_UNITS,
    CELLS,
    CODE,
    HEADS,
    ITEMS,
    NUM_ALIKE,
    NUM_COUNTS,
    NUM_SECTION,
    ROWS,
    Containers,
    is_data_table,
)
from tokenmill.text.html.features import (
    KIND,
    NUM_OWN,
    NUM_SUMS,
    S_ENDS,
    S_LINK,
    S_PARAGRAPH,
    S_UNITS,
    SUM_NAMES,
    TOTAL,
    UNITS,
    Measures,
    write_sums_of,
)
from tokenmill.text.html.page import BLOCKS, ELEMENTS, SIGNS, Page
from tokenmill.text.html.tags import MARKS
from tokenmill.text.html.tags import SIGNS as SIGN_NAMES
from tokenmill.text.kernel.arrays import Ints, int64
from tokenmill.text.kernel.cache import kernel

NUM_SIGNS: Final = len(SIGN_NAMES)
_UP_LEVELS: Final = (4, 5, 6)
_ALIKE_NAMES = ["count", "units", "link", "blocks", "order", "share"]
STRUCTURE: Final = [
    *(f"table.{name}" for name in ("data", "rows", "cells", "heads", "code", "cell_units", "link", "units")),
    *(f"list.{name}" for name in ("items", "item_units", "link", "units")),
    *(f"group.{name}" for name in _ALIKE_NAMES),
    *(f"wide.{name}" for name in _ALIKE_NAMES),
    *(f"path.{name}" for name in ("count", "units", "link", "ends")),
    *(f"section.{name}" for name in ("level", "blocks", "units", "link", "at", "heading")),
    *(f"up{level}.{name}" for level in _UP_LEVELS for name in SUM_NAMES),
]
NUM_STRUCTURE: Final = len(STRUCTURE)

_KIND_NAMES = ["p", "h1", "h2", "h3", "h4", "li", "td", "dt", "quote", "pre", "caption", "address", "dd", "other"]
NUM_KINDS: Final = len(_KIND_NAMES)
_SHARED_MARKS: Final = ("article", "main", "w_comment", "w_account", "w_list", "w_related", "w_content", "w_vote")
_SHARED_BITS: Final = tuple(MARKS.index(mark) for mark in _SHARED_MARKS)
WHOLE: Final = [
    *(f"page.{name}" for name in ("blocks", "units", "link", "ends", "paragraph", "elements", "mean")),
    *(f"page.units.{name}" for name in _KIND_NAMES),
    *(f"page.blocks.{name}" for name in _KIND_NAMES),
    *(f"page.in.{mark}" for mark in _SHARED_MARKS),
    *(f"page.group.{name}" for name in ("count", "units", "link", "blocks", "share")),
    *(f"page.says.{sign}" for sign in SIGN_NAMES),
]
NUM_WHOLE: Final = len(WHOLE)


@kernel
def write_structure(page: Page, block: int, into: Measures, found: Containers, out: Ints, at: int) -> int:
    """Put the features of the containers of one block of an HTML page into out[at:]; returns where they end."""
    element = page.where[block]
    at = _write_table(found.table[element], into, found, out, at)
    at = _write_list(found.lists[element], into, found, out, at)
    at = _write_alike(found.group[element], into, found, out, at)
    at = _write_alike(found.wide[element], into, found, out, at)
    alike = found.path[block] * NUM_ALIKE
    out[at] = found.paths[alike + A_COUNT]
    out[at + 1] = found.paths[alike + A_UNITS] // found.paths[alike + A_COUNT]
    out[at + 2] = found.paths[alike + A_LINK] * 1000 // max(found.paths[alike + A_UNITS], 1)
    out[at + 3] = found.paths[alike + A_BLOCKS] * 10 // found.paths[alike + A_COUNT]
    at = _write_section(block, into, found, out, at + 4)
    return _write_ancestors(page, block, into, out, at)


@kernel
def _write_table(table: int, into: Measures, found: Containers, out: Ints, at: int) -> int:
    for column in range(8):
        out[at + column] = 0
    if table:
        counts, sums = table * NUM_COUNTS, table * NUM_SUMS
        out[at] = 2 if is_data_table(table, found) else 1
        out[at + 1] = found.counts[counts + ROWS]
        out[at + 2] = found.counts[counts + CELLS]
        out[at + 3] = found.counts[counts + HEADS]
        out[at + 4] = found.counts[counts + CODE]
        out[at + 5] = into.sums[sums + S_UNITS] // max(found.counts[counts + CELLS], 1)
        out[at + 6] = into.sums[sums + S_LINK] * 1000 // max(into.sums[sums + S_UNITS], 1)
        out[at + 7] = into.sums[sums + S_UNITS]
    return at + 8


@kernel
def _write_list(around: int, into: Measures, found: Containers, out: Ints, at: int) -> int:
    for column in range(4):
        out[at + column] = 0
    if around:
        sums = around * NUM_SUMS
        items = found.counts[around * NUM_COUNTS + ITEMS]
        out[at] = items
        out[at + 1] = into.sums[sums + S_UNITS] // max(items, 1)
        out[at + 2] = into.sums[sums + S_LINK] * 1000 // max(into.sums[sums + S_UNITS], 1)
        out[at + 3] = into.sums[sums + S_UNITS]
    return at + 4


@kernel
def _write_alike(element: int, into: Measures, found: Containers, out: Ints, at: int) -> int:
    for column in range(6):
        out[at + column] = 0
    if element:
        alike = found.siblings[element] * NUM_ALIKE
        count, units = found.alike[alike + A_COUNT], found.alike[alike + A_UNITS]
        out[at] = count
        out[at + 1] = units // count
        out[at + 2] = found.alike[alike + A_LINK] * 1000 // max(units, 1)
        out[at + 3] = found.alike[alike + A_BLOCKS] * 10 // count
        out[at + 4] = found.order[element]
        out[at + 5] = int64(units) * 1000 // into.page[TOTAL]
    return at + 6


@kernel
def _write_section(block: int, into: Measures, found: Containers, out: Ints, at: int) -> int:
    heading = found.section[block]
    for column in range(6):
        out[at + column] = -1
    if heading >= 0:
        sums = heading * NUM_SECTION
        out[at] = into.own[heading * NUM_OWN + KIND]
        out[at + 1] = found.sections[sums + C_BLOCKS]
        out[at + 2] = found.sections[sums + C_UNITS]
        out[at + 3] = found.sections[sums + C_LINK] * 1000 // max(found.sections[sums + C_UNITS], 1)
        out[at + 4] = block - heading
        out[at + 5] = into.own[heading * NUM_OWN + UNITS]
    return at + 6


@kernel
def _write_ancestors(page: Page, block: int, into: Measures, out: Ints, at: int) -> int:
    """Of the fourth to sixth block element around the block's own."""
    element = page.block[page.where[block]]
    for _ in range(3):
        element = page.block[page.parent[element]]
    for _ in _UP_LEVELS:
        element = page.block[page.parent[element]]
        at = write_sums_of(element, into, out, at)
    return at


@kernel
def measure_whole(page: Page, into: Measures, found: Containers, whole: Ints) -> None:
    """Put the features of an HTML page as a whole into whole[: NUM_WHOLE]."""
    blocks, total = page.state[BLOCKS], into.page[TOTAL]
    for column in range(NUM_WHOLE):
        whole[column] = 0
    whole[0], whole[1] = blocks, total
    whole[2] = into.sums[S_LINK] * 1000 // total
    whole[3] = into.sums[S_ENDS]
    whole[4] = into.sums[S_PARAGRAPH] * 1000 // total
    whole[5] = page.state[ELEMENTS]
    whole[6] = total // max(blocks, 1)
    kinds = NUM_KINDS
    for block in range(blocks):
        units = into.own[block * NUM_OWN + UNITS]
        kind = (into.own[block * NUM_OWN + KIND] + kinds - 1) % kinds
        whole[7 + kind] += units
        whole[7 + kinds + kind] += 1
        marks = page.marks[page.where[block]]
        at = 7 + 2 * kinds
        for bit in _SHARED_BITS:
            whole[at] += units * (marks >> bit & 1)
            at += 1
    for column in range(7, 7 + kinds):
        whole[column] = int64(whole[column]) * 1000 // total
    at = 7 + 2 * kinds
    for column in range(at, at + len(_SHARED_BITS)):
        whole[column] = int64(whole[column]) * 1000 // total
    at = _write_largest(page, into, found, whole, at + len(_SHARED_BITS))
    for sign in range(NUM_SIGNS):
        whole[at + sign] = page.state[SIGNS] >> sign & 1


@kernel
def _write_largest(page: Page, into: Measures, found: Containers, whole: Ints, at: int) -> int:
    """The group of siblings that has most text."""
    best = most = int64(0)
    for element in range(1, page.state[ELEMENTS]):
        if found.group[element] == element and found.alike[found.siblings[element] * NUM_ALIKE + A_UNITS] > most:
            best, most = int64(element), int64(found.alike[found.siblings[element] * NUM_ALIKE + A_UNITS])
    if best:
        alike = found.siblings[best] * NUM_ALIKE
        count = found.alike[alike + A_COUNT]
        whole[at] = count
        whole[at + 1] = most // count
        whole[at + 2] = found.alike[alike + A_LINK] * 1000 // max(most, 1)
        whole[at + 3] = found.alike[alike + A_BLOCKS] * 10 // count
        whole[at + 4] = most * 1000 // into.page[TOTAL]
    return at + 5
