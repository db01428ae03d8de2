"""Marks superscripts and subscripts of HTML, so that they are set apart from numbers when a page is read."""

from tokenmill.text.html.lexer import find_byte, name_code, read_name
from tokenmill.text.html.page import BLOCKS, HIDE, OPEN, PUT, SCRIPTS, SPACE, Page, put_byte
from tokenmill.text.html.tags import RAISED_TRAIT, STRUCK_TAGS, TAG
from tokenmill.text.kernel.arrays import Bytes, int64
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.powers.marks import ITALIC, LOWERED, LOWERED_END, RAISED, RAISED_END, STRUCK
from tokenmill.text.powers.settle import settle

_SUP = TAG["sup"]
_LINK_BYTES = 300  # longest start tag of a link to a note
_ITALIC = tuple(map(name_code, ("i", "em", "var")))


@kernel
def begin_script(data: Bytes, at: int, end: int, tag: int, traits: int, page: Page) -> None:
    """Mark that raised, lowered or struck text begins at `at`, if other text is directly before it."""
    if page.state[SPACE] or not _has_text(page):
        return
    if tag in STRUCK_TAGS or _is_linked_note(data, at, end):
        put_byte(page, STRUCK)
    elif tag == _SUP or traits & RAISED_TRAIT:
        is_italic = at + 2 < end and data[at] == 60 and read_name(data, at + 1, end)[0] in _ITALIC
        put_byte(page, RAISED)
        put_byte(page, ITALIC if is_italic else RAISED)
    else:
        put_byte(page, LOWERED)


@kernel
def end_script(tag: int, traits: int, page: Page) -> None:
    """Mark that raised, lowered or struck text ends: a number that directly follows is no part of it."""
    if _has_text(page):
        is_raised = tag == _SUP or traits & RAISED_TRAIT
        put_byte(page, STRUCK if tag in STRUCK_TAGS else RAISED_END if is_raised else LOWERED_END)


@kernel
def _is_linked_note(data: Bytes, at: int, end: int) -> bool:
    """Whether a `<sup>` begins with a link to a place on the page: it has the numbers of notes."""
    if at + 2 >= end or data[at] != 60 or data[at + 1] | 32 != 97 or data[at + 2] > 32:
        return False
    close = find_byte(data, at, min(at + _LINK_BYTES, end), 62)
    place = find_byte(data, at, close, 35)
    return bool(place < close and data[place - 1] in (34, 39, 61))


@kernel
def _has_text(page: Page) -> bool:
    """Whether a mark may be put: text is open and shown, and does not end in white space, as in a <pre>."""
    state = page.state
    if state[HIDE] or not state[OPEN] or state[PUT] == page.begin[state[BLOCKS]]:
        return False
    if 9 <= page.text[state[PUT] - 1] <= 32:
        return False
    state[SCRIPTS] = 1
    return True


@kernel
def settle_scripts(page: Page) -> None:
    """Replace the marks in the text of all blocks of an HTML page."""
    text = page.text
    for block in range(page.state[BLOCKS] if page.state[SCRIPTS] else 0):
        begin, end = page.begin[block], page.end[block]
        at = begin
        while at < end and text[at] < RAISED:
            at += 1
        put = int64(at)
        while at < end:
            if text[at] >= RAISED:
                at, put = settle(text, int64(at), end, begin, put)
            else:
                text[put] = text[at]
                put += 1
                at += 1
        while put > begin and 9 <= text[put - 1] <= 32:  # at the end of a <pre>, before a mark
            put -= 1
        page.end[block] = put
