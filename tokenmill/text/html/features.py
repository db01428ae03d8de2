"""What is measured of each block of a page: its own text, the elements around it, its neighbours, the whole page.

All features are whole numbers, shares in per mille, so that a decision is the same on every machine. A unit is about a
letter: a code point, or half a Chinese or Japanese character.
"""

from typing import Final, NamedTuple

import numpy as np

from tokenmill.text.html.hints import class_weight_around
from tokenmill.text.html.lexer import TOKEN_BASIS, TOKEN_PRIME
from tokenmill.text.html.page import BLOCKS, BULLET, ELEMENTS, NO_NUMBER, Page
from tokenmill.text.html.tags import MARKS, NUM_MARKS, PRE_TRAIT
from tokenmill.text.kernel.arrays import Bytes, Hashes, Ints, int64
from tokenmill.text.kernel.cache import kernel

# Columns of the blocks' own numbers.
(UNITS, WORDS, LINK, ENDS, COMMAS, DIGITS, UPPER, LINES, LAST, FIRST, KIND, NOTICE) = range(12)
NUM_SAID: Final = 12  # those up to here are features as they are
(SCORE, BEFORE, SINCE_H1, SINCE_HEADING) = range(12, 16)
NUM_OWN: Final = 16
# Columns of the sums over all blocks in an element.
(S_UNITS, S_LINK, S_BLOCKS, S_ENDS, S_PARAGRAPH, S_SCORE) = range(6)
NUM_SUMS: Final = 6

KINDS: Final = {
    "p": 1, "h1": 2, "h2": 3, "h3": 4, "h4": 5, "h5": 5, "h6": 5, "li": 6, "td": 7, "th": 7, "dt": 8, "dd": 13,
    "blockquote": 9, "pre": 10, "figcaption": 11, "caption": 11, "address": 12, "center": 0,
}  # fmt: skip

_PRE_KIND: Final = KINDS["pre"]

_OWN_NAMES = ["units", "words", "link", "ends", "commas", "digits", "upper", "lines", "last", "first", "kind", "notice"]
_NEAR_NAMES = ["units", "link", "ends", "kind", "last"]
SUM_NAMES = ["units", "link", "blocks", "ends", "paragraph", "share"]
_PLACE_NAMES = [
    "gap", "item", "images", "depth", "word_length", "position", "position_units", "page_blocks", "page_units",
    "page_link", "page_ends", "since_h1", "since_heading", "in_best", "best_share", "best_up", "best_link", "in_run",
    "from_run", "run_units", "same_where_before", "same_where_after", "copies",
]  # fmt: skip
_HINT_NAMES = ["hint.words", "hint.classes", "hint.own"]
NEIGHBOURS: Final = (-3, -2, -1, 1, 2, 3)
FEATURES: Final = [
    *_OWN_NAMES,
    *_PLACE_NAMES,
    *_HINT_NAMES,
    *(f"{step:+d}.{name}" for step in NEIGHBOURS for name in _NEAR_NAMES),
    *(f"up{level}.{name}" for level in (1, 2, 3) for name in SUM_NAMES),
    *(f"in.{mark}" for mark in MARKS),
    *(f"at.{mark}" for mark in MARKS),
]
NUM_FEATURES: Final = len(FEATURES)


def kind_table(names: list[str]) -> list[int]:
    """The kind of block each HTML element begins, as a feature of the block."""
    return [KINDS.get(name, 0) for name in names]


@kernel
def is_heading(kind: int) -> bool:
    """Whether a block of an HTML page of this kind is a heading."""
    return 2 <= kind <= 5  # KINDS


class Measures(NamedTuple):
    """Scratch for one document, as pointers; rows one after another."""

    own: Ints  # (blocks, NUM_OWN)
    sums: Ints  # (elements, NUM_SUMS)
    hashes: Hashes  # (blocks,): of the text
    page: Ints  # (NUM_PAGE,)
    words: Ints  # (blocks,): hints of the words
    classes: Ints  # (elements,): hints of the element's own class names


(BEST, LOW, HIGH, RUN, TOTAL) = range(
    5
)  # Measures.page: best container, the densest run of blocks and its units, units
NUM_PAGE: Final = 5


@kernel
def measure_page(page: Page, kinds: Ints, into: Measures) -> None:
    """Measure all blocks and elements of the HTML page, so that write_features can put them side by side."""
    blocks, elements = page.state[BLOCKS], page.state[ELEMENTS]
    for i in range(elements * NUM_SUMS):
        into.sums[i] = 0
    before = 0
    since_h1 = since_heading = 1000
    for block in range(blocks):
        own = block * NUM_OWN
        _measure_text(page, block, into)
        element = page.block[page.where[block]]
        kind = _PRE_KIND if page.traits[element] & PRE_TRAIT else kinds[page.tag[element]]
        since_h1 = 0 if kind == 2 else min(since_h1 + 1, 1000)
        since_heading = 0 if is_heading(int64(kind)) else min(since_heading + 1, 1000)
        into.own[own + KIND] = kind
        into.own[own + BEFORE] = before
        into.own[own + SINCE_H1] = since_h1
        into.own[own + SINCE_HEADING] = since_heading
        before += into.own[own + UNITS]
        _add_to_element(page, block, into)
    into.page[BEST] = _best_container(elements, into)
    into.page[TOTAL] = max(before, 1)
    for element in range(elements - 1, 0, -1):
        for column in range(NUM_SUMS - 1):
            into.sums[page.parent[element] * NUM_SUMS + column] += into.sums[element * NUM_SUMS + column]
    _densest_run(blocks, into)


@kernel
def _measure_text(page: Page, block: int, into: Measures) -> None:
    """The block's own numbers."""
    text = page.text
    begin, end = page.begin[block], page.end[block]
    notice = points = wide = digits = upper = ends = commas = words = lines = 0
    state = TOKEN_BASIS
    apart = True
    last = 0
    for i in range(begin, end):
        byte = text[i]
        state = (state ^ np.uint64(byte)) * TOKEN_PRIME
        if byte & 0xC0 == 0x80:
            continue
        points += 1
        if byte <= 32:
            apart = True
            lines += byte == 10
            continue
        words += apart
        apart = False
        last = 0
        if byte < 0x80:
            if 48 <= byte <= 57:
                digits += 1
            elif 65 <= byte <= 90:
                upper += 1
            elif byte == 46 or byte == 33 or byte == 63:
                last = 1
                ends += i + 1 == end or text[i + 1] <= 32 or text[i + 1] == 34
            elif byte == 44 or byte == 59:
                commas += 1
                last = 2
            elif byte == 58:
                last = 3
            elif byte == 34 or byte == 41:
                last = 4
            elif not 97 <= byte <= 122:
                last = 5
            elif byte == 99 and i + 6 <= end and _is_cookie(text, i):
                notice += 1
        elif byte == 0xE3 and i + 2 < end and text[i + 1] == 0x80:
            if text[i + 2] == 0x82:  # 。
                ends += 1
                last = 1
            elif text[i + 2] == 0x81:  # 、
                commas += 1
                last = 2
        elif byte == 0xEF and i + 2 < end and text[i + 1] == 0xBC:
            if text[i + 2] == 0x81 or text[i + 2] == 0x9F:  # ！？
                ends += 1
                last = 1
            elif text[i + 2] == 0x8C:  # ，
                commas += 1
                last = 2
        elif byte == 0xE2 and i + 2 < end and text[i + 1] == 0x80:
            last = 1 if text[i + 2] == 0xA6 else 4  # …, quotes
        elif byte == 0xC2 and i + 1 < end and text[i + 1] == 0xA9:  # ©
            notice += 1
        if 0xE3 <= byte <= 0xE9:
            wide += 1
    units = points + wide
    own = block * NUM_OWN
    first = text[begin]
    into.own[own + UNITS] = min(units, 1 << 24)
    into.own[own + WORDS] = words + wide // 2
    into.own[own + LINK] = page.links[block] * 1000 // max(end - begin, 1)
    into.own[own + ENDS] = ends
    into.own[own + COMMAS] = commas
    into.own[own + DIGITS] = digits * 1000 // max(points, 1)
    into.own[own + UPPER] = upper * 1000 // max(points, 1)
    into.own[own + LINES] = lines
    into.own[own + LAST] = last
    into.own[own + FIRST] = 1 if 97 <= first <= 122 else 2 if 65 <= first <= 90 else 3 if first >= 128 else 0
    plain = units - units * into.own[own + LINK] // 1000
    into.own[own + NOTICE] = notice
    into.own[own + SCORE] = min(plain // 40, 10) + 3 * min(ends + commas, 10) if plain >= 25 else 0
    into.hashes[block] = state


@kernel
def _is_cookie(text: Bytes, at: int) -> bool:
    """Whether `cookie` stands here, which is what notices call it in any language."""
    return bool(text[at + 1] == 111 and text[at + 2] == 111 and text[at + 3] == 107 and text[at + 4] == 105)


@kernel
def _add_to_element(page: Page, block: int, into: Measures) -> None:
    own = block * NUM_OWN
    element = page.block[page.where[block]]
    sums = element * NUM_SUMS
    units = into.own[own + UNITS]
    into.sums[sums + S_UNITS] += units
    into.sums[sums + S_LINK] += units * into.own[own + LINK] // 1000
    into.sums[sums + S_BLOCKS] += 1
    into.sums[sums + S_ENDS] += into.own[own + ENDS]
    if into.own[own + KIND] == 1:
        into.sums[sums + S_PARAGRAPH] += units
    score = into.own[own + SCORE]
    if into.own[own + KIND] in (1, 9, 10):  # a paragraph speaks for what holds it
        element = page.parent[element]
    into.sums[element * NUM_SUMS + S_SCORE] += 2 * score
    if element:
        into.sums[page.block[page.parent[element]] * NUM_SUMS + S_SCORE] += score


@kernel
def _best_container(elements: int, into: Measures) -> int:
    """The element whose own paragraphs and their likes score highest; 0 if none scores."""
    best, highest = 0, 0
    for element in range(1, elements):
        score = into.sums[element * NUM_SUMS + S_SCORE]
        if score > highest:
            best, highest = element, score
    return best


@kernel
def _densest_run(blocks: int, into: Measures) -> None:
    """The run of blocks where text outweighs what is between most: the largest sum over a stretch."""
    low = high = start = 0
    total = highest = 0
    for block in range(blocks):
        own = block * NUM_OWN
        plain = into.own[own + UNITS] - into.own[own + UNITS] * into.own[own + LINK] // 1000
        total += min(plain, 600) - 60 + 20 * min(into.own[own + ENDS] + into.own[own + COMMAS], 10)
        if total <= 0:
            total, start = 0, block + 1
        elif total > highest:
            low, high, highest = start, block + 1, total
    units = 0
    for block in range(low, high):
        units += into.own[block * NUM_OWN + UNITS]
    into.page[LOW], into.page[HIGH], into.page[RUN] = low, high, units


@kernel
def write_features(page: Page, block: int, into: Measures, out: Ints, at: int) -> None:
    """Put the features of one block of an HTML page into out[at : at + NUM_FEATURES]."""
    for column in range(NUM_SAID):
        out[at + column] = into.own[block * NUM_OWN + column]
    at = _write_place(page, block, into, out, at + NUM_SAID)
    out[at] = into.words[block]
    out[at + 1] = class_weight_around(page, block, into.classes)
    out[at + 2] = into.classes[page.where[block]]
    at = _write_neighbours(page.state[BLOCKS], block, into, out, at + 3)
    at = _write_sums(page, block, into, out, at)
    _write_marks(page, block, out, at)


@kernel
def _write_place(page: Page, block: int, into: Measures, out: Ints, at: int) -> int:
    """Where on the page the block stands: _PLACE_NAMES."""
    blocks, own, total = page.state[BLOCKS], block * NUM_OWN, into.page[TOTAL]
    best, low, high = into.page[BEST], into.page[LOW], into.page[HIGH]
    element = page.block[page.where[block]]
    depth, up = 0, element
    while up:
        up = page.parent[up]
        depth += 1
    levels, up, other = 0, best, element  # from the best container up to one that holds the block
    while up != other:  # parents have smaller numbers
        if up > other:
            up = page.parent[up]
            levels += 1
        else:
            other = page.parent[other]
    copies = 0
    for other in range(max(block - 50, 0), min(block + 50, blocks)):
        copies += into.hashes[other] == into.hashes[block]
    best_units = into.sums[best * NUM_SUMS + S_UNITS]
    out[at] = page.gap[block]
    out[at + 1] = 0 if page.item[block] == NO_NUMBER else -1 if page.item[block] == BULLET else 1
    out[at + 2] = page.images[block]
    out[at + 3] = depth
    out[at + 4] = into.own[own + UNITS] * 10 // max(into.own[own + WORDS], 1)
    out[at + 5] = block * 1000 // blocks
    out[at + 6] = into.own[own + BEFORE] * 1000 // total
    out[at + 7] = blocks
    out[at + 8] = total
    out[at + 9] = into.sums[S_LINK] * 1000 // total
    out[at + 10] = into.sums[S_ENDS]
    out[at + 11] = into.own[own + SINCE_H1]
    out[at + 12] = into.own[own + SINCE_HEADING]
    out[at + 13] = best > 0 and levels == 0
    out[at + 14] = best_units * 1000 // into.page[TOTAL]
    out[at + 15] = levels
    out[at + 16] = into.sums[best * NUM_SUMS + S_LINK] * 1000 // max(best_units, 1)
    out[at + 17] = low <= block < high
    out[at + 18] = block - high + 1 if block >= high else block - low if block < low else 0
    out[at + 19] = into.page[RUN] * 1000 // total
    out[at + 20] = block > 0 and page.block[page.where[block - 1]] == element
    out[at + 21] = block + 1 < blocks and page.block[page.where[block + 1]] == element
    out[at + 22] = copies
    return at + 23


@kernel
def _write_neighbours(blocks: int, block: int, into: Measures, out: Ints, at: int) -> int:
    for step in NEIGHBOURS:
        other = block + step
        there = 0 <= other < blocks
        own = other * NUM_OWN
        out[at] = into.own[own + UNITS] if there else -1
        out[at + 1] = into.own[own + LINK] if there else -1
        out[at + 2] = into.own[own + ENDS] if there else -1
        out[at + 3] = into.own[own + KIND] if there else -1
        out[at + 4] = into.own[own + LAST] if there else -1
        at += 5
    return at


@kernel
def _write_sums(page: Page, block: int, into: Measures, out: Ints, at: int) -> int:
    """Of the three elements around the block's own."""
    element = page.block[page.where[block]]
    for _ in range(3):
        element = page.block[page.parent[element]]
        at = write_sums_of(element, into, out, at)
    return at


@kernel
def write_sums_of(element: int, into: Measures, out: Ints, at: int) -> int:
    """Put SUM_NAMES of an element of an HTML page into out[at:]; returns where they end."""
    sums = element * NUM_SUMS
    units = max(into.sums[sums + S_UNITS], 1)
    out[at] = units
    out[at + 1] = into.sums[sums + S_LINK] * 1000 // units
    out[at + 2] = into.sums[sums + S_BLOCKS]
    out[at + 3] = into.sums[sums + S_ENDS]
    out[at + 4] = into.sums[sums + S_PARAGRAPH] * 1000 // units
    out[at + 5] = int64(units) * 1000 // into.page[TOTAL]
    return at + 6


@kernel
def _write_marks(page: Page, block: int, out: Ints, at: int) -> None:
    where = page.where[block]
    element = page.block[where]
    around = page.marks[where]
    near = page.own[where] | page.own[page.parent[where]] | page.own[element] | page.own[page.parent[element]]
    for mark in range(NUM_MARKS):
        out[at + mark] = around >> mark & 1
        out[at + NUM_MARKS + mark] = near >> mark & 1
