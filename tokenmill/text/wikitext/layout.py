"""Decides which tables of wikitext have data, and which only lay out the page: boxes of facts, navigation, columns.

The attributes of a table count first (`class="wikitable"`, `class="infobox"`), then its shape: data has at least two
rows and two columns. The decision needs no template of the wiki and few words of its language.
"""

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, Longs, int64
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.templates.hashes import BASIS, add_byte
from tokenmill.text.wikitext.attributes import CONTINUED, DATA, FLOAT, LAYOUT, word_set
from tokenmill.text.wikitext.state import (
    CELL_START,
    ITEM_MARK,
    ROW_START,
    TABLE_COUNTS,
    TABLE_END,
    TABLE_START,
    TABLES,
    Work,
    find,
    trimmed,
)

# Kinds of cells.
PLAIN_CELL, HEADER_CELL, CAPTION = range(3)
# The fates of a table: nothing; rows; its long texts and the tables in its cells; all of its texts.
GONE, ROWS, LONG_TEXTS, ALL_TEXTS = range(4)

_BEFORE = """
predecessor preceded preceding previous predecesor predecessore predecessora precedido precedida precedente antecessor
antecesor anterior prédécesseur précédé précédent précédente vorgänger vorgängerin voorganger voorafgegaan poprzednik
poprzednio предшественник предшественница предыдущий попередник претходник предишен папярэднік předchůdce predchodca
prethodnik predhodnik föregående företräddes företrädare forgjenger forgænger edeltäjä elődje előd önceki selefi
predecesorul precedat priekštecis iepriekšējais prīškguojiejs prīšktecs pirmtakas eelkäija eelnev pendahulu
προκάτοχος סלפו قبله سلفه پیشین 前任 先代 前职 前職 전임 전임자
"""
_AFTER = """
successor succeeded succeeding next sucesor sucesora sucedido sucedida successore successeur suivi suivant suivante
siguiente succeduto succeduta nachfolger nachfolgerin opvolger opgevolgd następca następnie преемник преемница
следующий наступник наследник наступний спадкоемець nástupce nástupca nasljednik naslednik efterträdare efterträddes
efterföljande etterfølger efterfølger seuraaja utódja utód sonraki halefi succesorul succedat pēctecis nākamais
pieceguojiejs pēcguojiejs įpėdinis järgnev järeltulija penerus διάδοχος יורשו بعده خلفه پسین 后任 後任 次代 继任 繼任
후임 후임자
"""


_BEFORE_WORDS, _AFTER_WORDS = word_set(_BEFORE), word_set(_AFTER)

# Entries of Work.state. FILLED: rows with text. WIDTH: columns. CELLS, HEADS: cells with text, and headers of them.
# HEAD_ROWS: rows of headers only. LONG: long cells. SHORT, WORDS: words of one or two letters, and all. SIZE: bytes of
# text. TITLE: 1 if the first row is one cell. PAIRS: rows of a label and a value. SIDED: rows of three cells of which
# the outer ones have a line of their own for a label. BEFORE, AFTER: 1 if a cell names a predecessor or successor.
# ITEMS: items of lists.
(FILLED, WIDTH, CELLS, HEADS, HEAD_ROWS, LONG, SHORT, WORDS, SIZE, TITLE, PAIRS, SIDED, BEFORE, AFTER, ITEMS) = range(
    TABLE_COUNTS, TABLE_COUNTS + 15
)
_ROW = TABLE_COUNTS + 16  # from here on: the same of the row so far
_ROW_CELLS, _ROW_TEXTS, _ROW_HEADS, _ROW_WIDTH, _ROW_FLAGS = range(_ROW, _ROW + 5)
_LABEL, _FIRST_LINES, _THIRD_LINES = 1, 2, 4
_LONG_CELL = 200  # bytes
_SUCCESSIONS = 8  # most rows of a box of predecessors and successors


@kernel
def cell_end(out: Bytes, at: int, end: int) -> int:
    """Returns the end of the text of a cell of an open wikitext table."""
    while at < end and out[at] != CELL_START and out[at] != ROW_START:
        at += 1
    return at


@kernel
def measure(w: Work, start: int, end: int, look: int) -> None:
    """Counts the rows and cells in the text out[start:end] of an open wikitext table, in Work.state.

    Of a table whose look says that it has data, counts only the first rows, and no words.
    """
    out, t = w.out, w.state
    t[TABLE_COUNTS:] = 0
    at = start
    while at < end:
        if out[at] == ROW_START:
            _end_row(t)
            if look == DATA and t[FILLED] > _SUCCESSIONS:
                return
            at += 1
            continue
        kind, columns = int64(CAPTION), int64(1)  # also text before the first cell
        if out[at] == CELL_START:
            kind, columns = int64(out[at + 1]) - 128, int64(out[at + 2]) - 128
            at += 4
        behind = cell_end(out, at, end)
        if kind != CAPTION:
            _count_cell(w, kind, columns, at, behind, look == DATA)
        at = behind
    _end_row(t)


@kernel
def _count_cell(w: Work, kind: int, columns: int, start: int, end: int, data: bool) -> None:
    out, t = w.out, w.state
    number = t[_ROW_CELLS]
    t[_ROW_CELLS] += 1
    t[_ROW_WIDTH] += columns
    first, last = trimmed(out, start, end)
    if first == last:
        return
    t[CELLS] += 1
    t[_ROW_TEXTS] += 1
    t[HEADS] += kind == HEADER_CELL
    t[_ROW_HEADS] += kind == HEADER_CELL
    lines, length = (False, last - first) if data else _count_words(out, first, last, t)
    t[SIZE] += length
    t[LONG] += length >= _LONG_CELL
    if t[FILLED] < _SUCCESSIONS and number < 4:
        word = _first_word(out, first, last)
        if find(_BEFORE_WORDS, word) >= 0:
            t[BEFORE] = 1
        elif find(_AFTER_WORDS, word) >= 0:
            t[AFTER] = 1
    if number == 0:
        label = kind == HEADER_CELL or out[last - 1] == 58
        t[_ROW_FLAGS] = label * _LABEL + lines * _FIRST_LINES
    elif number == 2:
        t[_ROW_FLAGS] |= lines * _THIRD_LINES


@kernel
def _count_words(out: Bytes, start: int, end: int, t: Longs) -> tuple[bool, int]:
    """Counts the words of a cell. Returns (whether it has a line break or a colon, bytes outside of inner tables)."""
    lines, inner = False, False
    letters, length = int64(0), int64(0)
    for i in range(start, end + 1):
        byte = out[i] if i < end else 32
        inner = byte == TABLE_START or (inner and byte != TABLE_END)
        if inner:
            continue
        lines |= byte == 10 or (byte == 58 and i + 1 < end and out[i + 1] <= 32)  # not a time of day
        length += i < end
        t[ITEMS] += byte == ITEM_MARK
        if byte > 32:
            letters += not 0x80 <= byte < 0xC0  # the start of a character
        elif letters:
            t[WORDS] += 1
            t[SHORT] += letters <= 2
            letters = 0
    return lines, length


@kernel
def _first_word(out: Bytes, at: int, end: int) -> np.uint64:
    value = BASIS
    while at < end and (97 <= (out[at] | 32) <= 122 or out[at] >= 0x80):
        value = add_byte(value, out[at])
        at += 1
    return value


@kernel
def _end_row(t: Longs) -> None:
    texts, flags = t[_ROW_TEXTS], t[_ROW_FLAGS]
    if texts:
        t[TITLE] |= t[FILLED] == 0 and texts == 1 and (t[_ROW_CELLS] == 1)
        t[FILLED] += 1
        t[HEAD_ROWS] += texts == t[_ROW_HEADS] and texts >= 2
        t[PAIRS] += t[_ROW_CELLS] == 2 and (flags & _LABEL) > 0 and t[_ROW_HEADS] < 2
        t[SIDED] += t[_ROW_CELLS] == 3 and flags >= _FIRST_LINES + _THIRD_LINES
    t[WIDTH] = max(t[WIDTH], t[_ROW_WIDTH])
    t[_ROW_CELLS] = t[_ROW_TEXTS] = t[_ROW_HEADS] = t[_ROW_WIDTH] = t[_ROW_FLAGS] = 0


@kernel
def fate(w: Work, look: int, linked: int) -> int:
    """Returns what becomes of the measured table. linked: bytes of the words of links in it."""
    t = w.state
    mixed = look & LAYOUT and look & DATA  # an infobox that looks like a table of data, or the reverse
    if w.state[TABLES] == 0 or (look & LAYOUT and not mixed) or _is_index(t, linked):
        return int64(GONE)
    if look & CONTINUED or _has_lists(t, look):
        return int64(ALL_TEXTS)
    if _is_succession(t, look):
        return int64(GONE)
    if (look & DATA and not mixed) or _has_shape_of_data(t, look, linked):
        return int64(ROWS)
    return int64(GONE if mixed else LONG_TEXTS)


@kernel
def _has_lists(t: Longs, look: int) -> bool:
    """Returns True for a list that is only laid out in columns."""
    columns = t[FILLED] == 1 and t[CELLS] > 1 and t[ITEMS] >= 2 * t[CELLS]
    return bool(columns and not look & (DATA | FLOAT))


@kernel
def _is_index(t: Longs, linked: int) -> bool:
    """Returns True for an index of linked letters. Of tables that are data by their look, no words were counted."""
    return bool(t[WORDS] >= 5 and 10 * t[SHORT] >= 9 * t[WORDS] and 2 * linked >= t[SIZE])


@kernel
def _is_succession(t: Longs, look: int) -> bool:
    """Returns True for a box of few rows with a predecessor and a successor."""
    if t[WIDTH] > 4 or t[FILLED] > _SUCCESSIONS:
        return False
    named = t[BEFORE] and t[AFTER]
    return bool(not t[LONG] and (named or _is_sided(t, look)))


@kernel
def _is_sided(t: Longs, look: int) -> bool:
    return bool(not look & DATA and t[SIDED] == t[FILLED] and not t[HEADS])


@kernel
def _has_shape_of_data(t: Longs, look: int, linked: int) -> bool:
    """Returns True for a table of several rows and columns that is no box of facts, navigation or page layout."""
    if t[WIDTH] < 2 or t[FILLED] < 2 or t[CELLS] < 3 or 2 * t[LONG] > t[CELLS]:
        return False
    if t[HEAD_ROWS]:
        return True
    if t[WIDTH] == 2 and (look & FLOAT or t[TITLE] or 2 * t[PAIRS] > t[FILLED]):
        return False
    return bool(t[HEADS] or 20 * linked < 17 * t[SIZE])


@kernel
def is_long(size: int, w: Work, linked: int) -> bool:
    """Returns True if a cell of `size` bytes in a measured table without data is prose, and not navigation."""
    return bool(size >= _LONG_CELL and 2 * linked < w.state[SIZE])
