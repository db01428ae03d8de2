"""Marks superscripts and subscripts of HTML, so that they are set apart from numbers when a page is read.

A number or a variable in a `<sup>` behind a number, a letter or a unit is a power, and gets a `^`: 2^n, m^2, e^(x + 1).
"""

from tokenmill.text.html.lexer import name_code, read_name
from tokenmill.text.html.page import BLOCKS, DEPTH, HIDE, OPEN, PUT, SCRIPT, SCRIPTS, SPACE, Page, put_byte
from tokenmill.text.html.tags import TAG
from tokenmill.text.kernel.arrays import Bytes, int64
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.powers.marks import ITALIC, LOWERED, LOWERED_END, RAISED, RAISED_END
from tokenmill.text.powers.settle import settle

_SUP = TAG["sup"]
_ITALIC = tuple(map(name_code, ("i", "em", "var")))


@kernel
def begin_script(data: Bytes, at: int, end: int, tag: int, page: Page) -> None:
    """Note that the text of a `<sup>` or `<sub>` begins at `at`; its first character gets a mark."""
    state = page.state
    page.number[page.stack[state[DEPTH] - 1]] = state[PUT]
    if state[HIDE] or not state[OPEN] or state[SPACE]:
        state[SCRIPT] = 0
    elif tag != _SUP:
        state[SCRIPT] = LOWERED
    else:
        is_italic = at + 2 < end and data[at] == 60 and read_name(data, at + 1, end)[0] in _ITALIC
        state[SCRIPT] = ITALIC if is_italic else RAISED


@kernel
def end_script(tag: int, begin: int, page: Page) -> None:
    """End a `<sup>`, or a `<sub>` or struck text: a number that directly follows is no part of it.

    begin: where its text begins.
    """
    state = page.state
    state[SCRIPT] = 0
    if not state[HIDE] and state[OPEN] and state[PUT] > max(page.begin[state[BLOCKS]], begin):
        put_byte(page, RAISED_END if tag == _SUP else LOWERED_END)
        state[SCRIPTS] = 1


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
