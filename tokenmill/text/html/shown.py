"""Which elements of a page readers see: hidden ones, marks of editors, numbers of lines, buttons that are headings."""

from tokenmill.text.html.lexer import find_byte
from tokenmill.text.html.page import DEPTH, PRES, TRAITS, Page
from tokenmill.text.html.tags import (
    COUNTER_TRAIT,
    DRAWN_TRAIT,
    HIDDEN_TRAIT,
    MARK_TRAIT,
    REFERENCE_TRAIT,
    TAG,
    TOGGLE_TRAIT,
)
from tokenmill.text.kernel.arrays import Bytes
from tokenmill.text.kernel.cache import kernel

_A, _DT, _H1, _H6, _PRE = TAG["a"], TAG["dt"], TAG["h1"], TAG["h6"], TAG["pre"]
_SPAN, _SUMMARY, _SUP, _TD = TAG["span"], TAG["summary"], TAG["sup"], TAG["td"]
_MARK_BYTES = 12  # longest text of a link that is only a mark: `¶`, `&para;`, `#`


@kernel
def is_heading_button(page: Page) -> bool:
    """Whether the text of the <button> just read is a heading: it opens something, or stands in a heading."""
    around = page.tag[page.block[page.stack[page.state[DEPTH] - 1]]]
    return bool(page.state[TRAITS] & TOGGLE_TRAIT or _H1 <= around <= _H6 or around in (_DT, _SUMMARY))


@kernel
def is_unshown(data: Bytes, at: int, end: int, tag: int, page: Page) -> bool:
    """Whether the text of the element just opened is not for readers."""
    traits = page.state[TRAITS]
    if not traits & (HIDDEN_TRAIT | DRAWN_TRAIT | COUNTER_TRAIT | MARK_TRAIT | REFERENCE_TRAIT):
        return False
    if traits & HIDDEN_TRAIT or (traits & DRAWN_TRAIT and tag == _SPAN) or (traits & REFERENCE_TRAIT and tag == _SUP):
        return True
    if traits & COUNTER_TRAIT:
        around = page.block[page.parent[page.stack[page.state[DEPTH] - 1]]]
        return bool(tag == _TD or (page.state[PRES] and page.tag[around] != _PRE and tag != _PRE))
    if traits & MARK_TRAIT:
        if tag == _A:  # a link of another kind may have the class too: a mark is short, and has no element inside
            stop = find_byte(data, at, min(at + _MARK_BYTES, end), 60)
            return bool(stop + 1 < end and data[stop] == 60 and data[stop + 1] == 47)
        return bool(tag == _SPAN)
    return False


@kernel
def is_fraction(data: Bytes, at: int, end: int) -> bool:
    """Whether the <sup> that begins at `at` is the numerator of a fraction: digits, its end tag, a slash."""
    place = at
    while place < end and 48 <= data[place] <= 57:
        place += 1
    if place == at or place + 7 > end or data[place] != 60 or data[place + 1] != 47:
        return False
    place = find_byte(data, place, end, 62) + 1
    if place + 2 >= end:
        return False
    is_entity = data[place] == 38 and (data[place + 1] == 102 or data[place + 1] == 35)  # &frasl; or &#8260;
    is_solidus = data[place] == 0xE2 and data[place + 1] == 0x81 and data[place + 2] == 0x84
    return bool(data[place] == 47 or is_entity or is_solidus)
