"""Reads the attributes of tables, cells and lists of wikitext: what a table is for, which places a cell takes."""

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, Hashes, int64, uint8
from tokenmill.text.kernel.cache import frozen, kernel
from tokenmill.text.templates.hashes import BASIS, add_byte, folded_hash, name_hash
from tokenmill.text.wikitext.state import COLUMNS, find

# Meanings of the attributes of a table, as bits.
# CONTINUED: a heading ended the table before, so it lays out the page. UNSEEN: a browser does not show it.
DATA, LAYOUT, FLOAT, CONTINUED, UNSEEN = 1, 2, 4, 8, 16

_TABLE_WORDS = {
    DATA: """
    wikitable prettytable sortable standard datatable mw-datatable wikitabel wikitabelle tablesorter graytable
    """,
    LAYOUT: """
    infobox infoboks infokast infoboxsp infotaula infobox_v2 taxobox navbox navboxes navigation navframe navigator
    navbar navigationsleiste vertical-navbox sidebar succession succession-box successionbox toc toc_plus
    toccompact ambox mbox tmbox ombox cmbox fmbox imbox messagebox metadata vcard sinottico biota portal
    bandeau bandeau-portail disambig disambigbox dablink hatnote stub boilerplate gallerytable vt-box noviewer
    """,
}
_CELL_WORDS = """
align valign style class colspan rowspan bgcolor width height scope nowrap id lang dir border cellpadding cellspacing
rules frame data-sort-value data-sort-type title headers color background
"""
_COLSPAN, _ROWSPAN = ord("c"), ord("r")


def word_set(words: str) -> Hashes:
    """Returns the sorted hashes of words, with a capital letter too, for the kernels of wikitext."""
    forms = {form for word in words.split() for form in (word, word[0].upper() + word[1:])}
    return frozen(np.array(sorted({name_hash(form) for form in forms}), dtype=np.uint64))


_DATA_WORDS, _LAYOUT_WORDS = word_set(_TABLE_WORDS[DATA]), word_set(_TABLE_WORDS[LAYOUT])
_FLOATS, _SIDES = word_set("float align"), word_set("right left")
_FLOATING = word_set("float-right float-left floatright floatleft tright tleft")
_NAMES = word_set(_CELL_WORDS)
_DISPLAY, _NONE = np.uint64(name_hash("display")), np.uint64(name_hash("none"))
_VISIBILITY, _HIDDEN = np.uint64(name_hash("visibility")), np.uint64(name_hash("hidden"))
_STYLE, _CLASS = np.uint64(name_hash("style")), np.uint64(name_hash("class"))
_THUMB, _OPENED = np.uint64(name_hash("thumb")), word_set("navcontent navframe mw-collapsed collapsed collapsible")
_COLLAPSIBLE = np.uint64(name_hash("mw-collapsible"))  # and mw-collapsible-content


@kernel
def look_of(data: Bytes, start: int, end: int) -> int:
    """Returns what the attributes data[start:end] of a wikitext table say about it, as bits."""
    look = int64(UNSEEN if is_hidden(data, start, end, False) else 0)
    floats = False
    at = start
    while at < end:
        if not _in_word(data[at]):
            at += 1
            continue
        value = BASIS
        while at < end and _in_word(data[at]):
            byte = data[at]
            if byte == 45 or byte == 95:  # infobox-country begins with infobox
                look |= _meaning(value)
            value = add_byte(value, byte)
            at += 1
        look |= _meaning(value)
        if floats and find(_SIDES, value) >= 0:
            look |= FLOAT
        floats = find(_FLOATS, value) >= 0
    return look


@kernel
def _meaning(word: np.uint64) -> int:
    if find(_LAYOUT_WORDS, word) >= 0:
        return int64(LAYOUT)
    if find(_DATA_WORDS, word) >= 0:
        return int64(DATA)
    return int64(FLOAT if find(_FLOATING, word) >= 0 else 0)


@kernel
def _in_word(byte: int) -> bool:
    return 97 <= (byte | 32) <= 122 or 48 <= byte <= 57 or byte == 45 or byte == 95 or byte >= 0x80


@kernel
def span(buffer: Bytes, start: int, end: int, columns: bool) -> int:
    """Returns the number after `colspan=` or `rowspan=` in the attributes of a wikitext cell, at most COLUMNS, or 1.

    Of several equal attributes the last one counts, as in MediaWiki.
    """
    found = int64(1)
    letter = _COLSPAN if columns else _ROWSPAN
    for i in range(start, end - 7):
        if (buffer[i] | 32) == letter and (buffer[i + 1] | 32) == 111 and (buffer[i + 3] | 32) == 115:
            at = i + 7
            if not ((buffer[i + 4] | 32) == 112 and (buffer[i + 5] | 32) == 97 and (buffer[i + 6] | 32) == 110):
                continue
            while at < end and buffer[at] in (32, 34, 39, 61):  # space, quotes, `=`
                at += 1
            number = int64(0)
            while at < end and 48 <= buffer[at] <= 57 and number < COLUMNS:
                number = number * 10 + int64(buffer[at]) - 48
                at += 1
            found = min(max(number, int64(1)), int64(COLUMNS))
    return found


@kernel
def are_attributes(out: Bytes, at: int, end: int) -> bool:
    """Returns True if the text of a wikitext cell is nothing but attributes, such as `colspan=2`."""
    some = False
    while True:
        while at < end and out[at] <= 32:
            at += 1
        if at == end:
            return some
        value = BASIS
        while at < end and (97 <= (out[at] | 32) <= 122 or out[at] == 45):
            value = add_byte(value, out[at])
            at += 1
        while at < end and out[at] == 32:
            at += 1
        if at == end or out[at] != 61 or find(_NAMES, value) < 0:
            return False
        some = True
        at += 1
        while at < end and out[at] == 32:
            at += 1
        quote = out[at] if at < end and (out[at] == 34 or out[at] == 39) else 32
        at += quote != 32
        while at < end and out[at] != quote and out[at] > 10:
            at += 1
        at += at < end and quote != 32


@kernel
def is_hidden(data: Bytes, start: int, end: int, boxes: bool) -> bool:
    """Returns True if the attributes data[start:end] of wikitext hide an element, or, with boxes, are a picture's box.

    Hidden are `display:none`, which sort keys have, and `visibility:hidden`, which digits have that only align numbers;
    not what a reader opens with a click (NavContent, mw-collapsible). A picture's box has `class=thumb`.
    """
    found = False
    at = start
    while at < end:
        name = at
        while at < end and _in_word(data[at]):
            at += 1
        key = folded_hash(data, name, at)
        while at < end and data[at] <= 32:
            at += 1
        if at >= end or data[at] != 61:
            at += at == name
            continue
        at += 1
        while at < end and data[at] <= 32:
            at += 1
        quote = data[at] if at < end and data[at] in (34, 39) else uint8(0)
        at += quote > 0
        value = at
        while at < end and data[at] != quote and (quote > 0 or data[at] > 32):
            at += 1
        if key == _STYLE:
            found |= _hides(data, value, at)
        elif key == _CLASS:
            opens, is_thumb = _class_words(data, value, at)
            if opens:
                return False
            found |= is_thumb and boxes
        at += 1
    return found


@kernel
def _class_words(data: Bytes, at: int, end: int) -> tuple[bool, bool]:
    """Returns (True if a class says that readers open the element, True if it says that it is a picture's box)."""
    opens, is_thumb = False, False
    while at < end:
        start = at
        while at < end and data[at] > 32:
            at += 1
        word = folded_hash(data, start, at)
        opens |= find(_OPENED, word) >= 0 or (at - start >= 14 and folded_hash(data, start, start + 14) == _COLLAPSIBLE)
        is_thumb |= word == _THUMB
        at += 1
    return opens, is_thumb


@kernel
def _hides(data: Bytes, at: int, end: int) -> bool:
    """Returns True if one of the declarations `name: value;` in data[at:end] hides an element."""
    while at < end:
        start, at = _word(data, at, end)
        name = folded_hash(data, start, at)
        while at < end and data[at] <= 32:
            at += 1
        if at < end and data[at] == 58:
            start, at = _word(data, at + 1, end)
            value = folded_hash(data, start, at)
            if (name == _DISPLAY and value == _NONE) or (name == _VISIBILITY and value == _HIDDEN):
                return True
        while at < end and data[at] != 59:
            at += 1
        at += 1
    return False


@kernel
def _word(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """Returns (start, end) of the word behind white space at data[at]."""
    while at < end and data[at] <= 32:
        at += 1
    start = at
    while at < end and _in_word(data[at]):
        at += 1
    return int64(start), int64(at)


@kernel
def attribute_number(data: Bytes, name: np.uint64, at: int, end: int) -> int:
    """Returns the number, cut off at 9999, of the attribute start= or value= in data[at:end], or 0 without it."""
    while at < end and (data[at] == 32 or 97 <= (data[at] | 32) <= 122):
        if at + 6 < end and data[at] == 32 and folded_hash(data, at + 1, at + 6) == name:
            at += 6
            while at < end and (data[at] == 32 or data[at] == 61 or data[at] == 34 or data[at] == 39):
                at += 1
            number = int64(0)
            while at < end and 48 <= data[at] <= 57:
                number = min(10 * number + int64(data[at]) - 48, int64(9999))
                at += 1
            return number
        at += 1
        while at < end and data[at] != 32:
            at += 1
    return int64(0)
