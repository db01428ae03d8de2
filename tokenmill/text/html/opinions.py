"""The features of the second pass: how the first pass judged the block, its neighbours, and what it belongs to."""

from decimal import Decimal
from typing import Final, NamedTuple

import numpy as np

from tokenmill.text.html.containers import A_UNITS, C_UNITS, GROUPS, NUM_ALIKE, NUM_SECTION, PATHS, Containers
from tokenmill.text.html.features import BEFORE, NUM_OWN, NUM_SUMS, S_UNITS, TOTAL, UNITS, Measures
from tokenmill.text.html.page import BLOCKS, ELEMENTS, Page
from tokenmill.text.kernel.arrays import Ints, Longs, int64
from tokenmill.text.kernel.cache import frozen, kernel

SURE: Final = 1 << 12  # a probability of 1
UNIT: Final = 1 << 16  # a score of 1.0, in log odds
_STEP: Final = UNIT >> 7  # log odds between two entries of the table
_REACH: Final = 1 << 10  # entries on each side of 0: log odds of 8
NEAR: Final = 5
WINDOWS: Final = (3, 8, 20)
LEVELS: Final = 8
OPINIONS: Final = [
    *(f"{step:+d}.score" for step in range(-NEAR, NEAR + 1)),
    *(f"around{width}.score" for width in WINDOWS),
    *(f"up{level}.score" for level in range(LEVELS)),
    "table.score", "list.score", "group.score", "wide.score", "path.score", "section.score",
    "page.score", "page.kept", "page.kept_units", "page.kept_blocks",
    "in_kept_run", "from_kept_run", "kept_run", "from_first", "from_last",
]  # fmt: skip
NUM_OPINIONS: Final = len(OPINIONS)


class Opinions(NamedTuple):
    """Scratch for one document, as pointers. Weighted: probabilities in parts of SURE times units, as sums."""

    score: Ints  # (blocks,): the probability of the first pass
    elements: Longs  # (elements,): weighted, over all blocks inside
    groups: Longs  # (groups,): of siblings
    paths: Longs  # (paths,)
    sections: Longs  # (blocks,): of a heading
    before: Longs  # (blocks + 1,): weighted, over the blocks before
    page: Longs  # (NUM_PAGE,)


(KEPT_UNITS, KEPT_BLOCKS, LOW, HIGH, RUN, FIRST, LAST) = range(7)
NUM_PAGE: Final = 7


def probability_table() -> Ints:
    """Returns the logistic function at multiples of _STEP, in parts of SURE, int32; equal on every machine."""
    points = (Decimal(at * _STEP) / UNIT for at in range(-_REACH, _REACH + 1))
    return frozen(np.array([round(SURE / (1 + (-point).exp())) for point in points], dtype=np.int32))


@kernel
def probability(score: int, table: Ints) -> int:
    """The probability, in parts of SURE, of a score in log odds, for a block of an HTML page."""
    place = (score + _STEP // 2) // _STEP + _REACH
    return int64(table[min(max(place, 0), 2 * _REACH)])


@kernel
def gather_opinions(page: Page, into: Measures, found: Containers, held: Opinions) -> None:
    """Sum up the scores of the first pass over everything on the HTML page that holds blocks."""
    blocks, elements = page.state[BLOCKS], page.state[ELEMENTS]
    for element in range(elements):
        held.elements[element] = 0
    for row in range(found.sizes[GROUPS]):
        held.groups[row] = 0
    for row in range(found.sizes[PATHS]):
        held.paths[row] = 0
    held.before[0] = 0
    for block in range(blocks):
        units = into.own[block * NUM_OWN + UNITS]
        weighted = int64(units) * held.score[block]
        held.before[block + 1] = held.before[block] + weighted
        held.elements[page.block[page.where[block]]] += weighted
        held.paths[found.path[block]] += weighted
        if found.section[block] == block:
            held.sections[block] = 0
        if found.section[block] >= 0:
            held.sections[found.section[block]] += weighted
    for element in range(elements - 1, 0, -1):
        held.elements[page.parent[element]] += held.elements[element]
        if found.siblings[element] >= 0:
            held.groups[found.siblings[element]] += held.elements[element]
    _find_kept(blocks, into, held)


@kernel
def _find_kept(blocks: int, into: Measures, held: Opinions) -> None:
    """What the first pass would keep, and the run of blocks where that is densest."""
    for column in range(NUM_PAGE):
        held.page[column] = 0
    held.page[FIRST] = held.page[LAST] = -1
    total = highest = int64(0)
    start = int64(0)
    for block in range(blocks):
        units = int64(into.own[block * NUM_OWN + UNITS])
        if 2 * held.score[block] >= SURE:
            held.page[KEPT_UNITS] += units
            held.page[KEPT_BLOCKS] += 1
            held.page[LAST] = block
            if held.page[FIRST] < 0:
                held.page[FIRST] = block
        total += (min(units, 600) + 20) * (2 * held.score[block] - SURE)
        if total <= 0:
            total, start = int64(0), int64(block + 1)
        elif total > highest:
            held.page[LOW], held.page[HIGH], highest = start, block + 1, total
    held.page[RUN] = _units(held.page[LOW], held.page[HIGH], blocks, into)


@kernel
def write_opinions(
    page: Page, block: int, into: Measures, found: Containers, held: Opinions, out: Ints, at: int
) -> int:
    """Put the features of the second pass for one block of an HTML page into out[at:]; returns where they end."""
    blocks = page.state[BLOCKS]
    for step in range(-NEAR, NEAR + 1):
        other = block + step
        out[at] = held.score[other] if 0 <= other < blocks else -1
        at += 1
    for width in WINDOWS:
        low, high = max(block - width, 0), min(block + width + 1, blocks)
        out[at] = _mean(held.before[high] - held.before[low], _units(low, high, blocks, into))
        at += 1
    element = page.block[page.where[block]]
    for _ in range(LEVELS):
        out[at] = _mean_of(element, into, held)
        element = page.block[page.parent[element]]
        at += 1
    where = page.where[block]
    out[at] = _mean_of(found.table[where], into, held) if found.table[where] else -1
    out[at + 1] = _mean_of(found.lists[where], into, held) if found.lists[where] else -1
    out[at + 2] = _mean_of_group(found.group[where], found, held)
    out[at + 3] = _mean_of_group(found.wide[where], found, held)
    out[at + 4] = _mean(held.paths[found.path[block]], int64(found.paths[found.path[block] * NUM_ALIKE + A_UNITS]))
    heading = found.section[block]
    out[at + 5] = (
        _mean(held.sections[heading], int64(found.sections[heading * NUM_SECTION + C_UNITS])) if heading >= 0 else -1
    )
    return _write_kept(blocks, block, into, held, out, at + 6)


@kernel
def _write_kept(blocks: int, block: int, into: Measures, held: Opinions, out: Ints, at: int) -> int:
    total = into.page[TOTAL]
    low, high, first, last = held.page[LOW], held.page[HIGH], held.page[FIRST], held.page[LAST]
    out[at] = _mean(held.before[blocks], int64(total))
    out[at + 1] = held.page[KEPT_UNITS] * 1000 // total
    out[at + 2] = held.page[KEPT_UNITS]
    out[at + 3] = held.page[KEPT_BLOCKS]
    out[at + 4] = low <= block < high
    out[at + 5] = block - high + 1 if block >= high else block - low if block < low else 0
    out[at + 6] = held.page[RUN] * 1000 // total
    out[at + 7] = block - first if first >= 0 else -1000
    out[at + 8] = block - last if last >= 0 else -1000
    return at + 9


@kernel
def _units(low: int, high: int, blocks: int, into: Measures) -> int:
    """The units of the blocks low..high - 1."""
    end = into.own[high * NUM_OWN + BEFORE] if high < blocks else into.page[TOTAL]
    return int64(end - into.own[low * NUM_OWN + BEFORE]) if low < high else int64(0)


@kernel
def _mean(weighted: int, units: int) -> int:
    return int64(weighted // units) if units > 0 else int64(-1)


@kernel
def _mean_of(element: int, into: Measures, held: Opinions) -> int:
    return _mean(held.elements[element], int64(into.sums[element * NUM_SUMS + S_UNITS]))


@kernel
def _mean_of_group(element: int, found: Containers, held: Opinions) -> int:
    if not element:
        return int64(-1)
    row = found.siblings[element]
    return _mean(held.groups[row], int64(found.alike[row * NUM_ALIKE + A_UNITS]))
