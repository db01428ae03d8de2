"""What the attributes of a start tag of HTML say: marks, traits, numbers, and the place of class and `alt`."""

from typing import Final

import numpy as np

from tokenmill.text.html.lexer import (
    TOKEN_BASIS,
    TOKEN_PRIME,
    code_of,
    find_byte,
    is_letter,
    name_code,
    next_attribute,
    next_token,
    read_number,
    value_of,
)
from tokenmill.text.html.page import (
    ALT_AT,
    ALT_END,
    BLOCKS,
    BULLET,
    CLASS_AT,
    CLASS_END,
    CLOSED,
    ELEMENTS,
    KIN,
    NO_NUMBER,
    NUMBER,
    OWN,
    REVERSED,
    SIGNS,
    SPAN_BITS,
    SPANS,
    TRAITS,
    TYPE,
    WANTED,
    Page,
    Tables,
    list_around,
)
from tokenmill.text.html.tags import (
    ANCHOR_TRAIT,
    ARIA_TRAIT,
    BODY_PROPERTY,
    DIALOG_TRAIT,
    DOWN_TRAIT,
    GONE_TRAIT,
    HIDDEN,
    HIDDEN_TRAIT,
    LINE_TRAIT,
    LINK_TRAIT,
    LOWERED_TRAIT,
    PANEL,
    PRE_TRAIT,
    RAISED_TRAIT,
    TAG,
    TOGGLE_TRAIT,
    UNSEEN_TRAIT,
)
from tokenmill.text.kernel.arrays import Bytes, Longs, int64
from tokenmill.text.kernel.cache import kernel

# What the attribute `type` of a script is, or `display` of a formula.
MATH_TEX: Final = 1
MATH_DISPLAY: Final = 2
LD_JSON: Final = 3

_CLASS, _ID, _ROLE, _STYLE = name_code("class"), name_code("id"), name_code("role"), name_code("style")
_ITEMPROP, _ITEMTYPE = name_code("itemprop"), name_code("itemtype")
_HIDDEN, _ARIA_HIDDEN, _OPEN = name_code("hidden"), name_code("aria-hidden"), name_code("open")
_HREF = name_code("href")
_START, _VALUE, _COLSPAN, _ROWSPAN = name_code("start"), name_code("value"), name_code("colspan"), name_code("rowspan")
_ALT, _ALTTEXT, _TYPE, _DISPLAY = name_code("alt"), name_code("alttext"), name_code("type"), name_code("display")
_PROPERTY, _NAME, _CONTENT = name_code("property"), name_code("name"), name_code("content")
_OG_TYPE, _GENERATOR, _ARTICLEBODY = name_code("og:type"), name_code("generator"), name_code("articlebody")
_ARIA_EXPANDED, _ARIA_CONTROLS = name_code("aria-expanded"), name_code("aria-controls")
_ARIA_MODAL, _REVERSED = name_code("aria-modal"), name_code("reversed")
_DIALOG_ROLE = name_code("dialog")
_ARIA_LABEL = name_code("aria-labelledby")  # ten letters: aria-label has the same
_A, _IMG, _MATH, _META, _SCRIPT, _LI = TAG["a"], TAG["img"], TAG["math"], TAG["meta"], TAG["script"], TAG["li"]
_OL, _TD, _TH, _DIALOG = TAG["ol"], TAG["td"], TAG["th"], TAG["dialog"]
_DIV, _SECTION, _H1 = TAG["div"], TAG["section"], TAG["h1"]
_VISIBILITY, _WHITE_SPACE, _CLIP = name_code("visibility"), name_code("white-space"), name_code("clip")
_VERTICAL_ALIGN = name_code("vertical-align")
_LEFT, _TOP, _RIGHT = name_code("left"), name_code("top"), name_code("right")
_INDENT, _MARGIN_LEFT = name_code("text-indent"), name_code("margin-left")
_MOST_SPAN = 1000  # as HTML has it
_MOST_NUMBER = 999_999_999  # of a list item; one from here on counts as none, as in browsers one over 32 bits does
_UNSAID = BULLET + 1  # items of a list that counts down, until number_down: the item has no `value`
_COUNTED = -(1 << 30)  # lists that count down: below it the number is _UNSAID and the items so far
_MATH_TEX = name_code("math/tex")
_OFF_SCREEN = -500  # pixels or em to the left or top that no screen shows


@kernel
def read_attributes(data: Bytes, at: int, end: int, tag: int, tables: Tables, page: Page) -> int:
    """Where the HTML tag ends; what its attributes say is put into the state of the page."""
    state = page.state
    marks = traits = columns = rows = kind = int64(0)
    is_sign = is_open = is_streamed = is_labelled = False
    state[CLASS_AT] = state[CLASS_END] = state[ALT_AT] = state[ALT_END] = state[KIN] = 0
    content_at = content_end = int64(0)
    state[NUMBER] = NO_NUMBER
    while True:
        code, low, high, at = next_attribute(data, at, end)
        if code < 0:
            break
        if code == _CLASS:
            marks |= _words_marks(data, low, high, tables.word_codes, tables.word_marks)
            traits |= _class_traits(data, low, high, tables, page)
        elif code == _ID:
            is_streamed = high - low >= 3 and data[low] == 83 and data[low + 1] == 58
            marks |= _words_marks(data, low, high, tables.word_codes, tables.word_marks)
        elif code == _ROLE:
            marks |= _words_marks(data, low, high, tables.role_codes, tables.role_marks)
            if high - low >= 6 and code_of(data, high - 6, high) == _DIALOG_ROLE:  # alertdialog too
                traits |= DIALOG_TRAIT
        elif code == _STYLE:
            traits |= _style_traits(data, low, high)
        elif code == _HIDDEN:
            traits |= 0 if high > low and data[low] | 32 == 117 else HIDDEN_TRAIT | GONE_TRAIT  # not until-found
        elif code == _ARIA_HIDDEN:
            if high - low == 4 and data[low] | 32 == 116:
                traits |= ARIA_TRAIT
        elif code == _HREF:
            if tag == 0:
                traits |= LINK_TRAIT
            elif tag == _A and find_byte(data, low, high, 35) < high:
                traits |= ANCHOR_TRAIT
        elif code == _ARIA_LABEL:
            is_labelled = high > low >= 3 and data[low - 2] == 61 and data[low - 3] | 32 == 121  # …by="
        elif code == _ARIA_MODAL:
            traits |= DIALOG_TRAIT
        elif code == _REVERSED and tag == _OL:
            traits |= DOWN_TRAIT
        elif code in (_ARIA_EXPANDED, _ARIA_CONTROLS):
            traits |= TOGGLE_TRAIT
        elif code == _ITEMPROP:
            if high - low == 11 and _word_code(data, low, high)[0] == _ARTICLEBODY:
                marks |= BODY_PROPERTY
        elif code == _ITEMTYPE:
            _read_signs(data, low, high, tables, page)
        elif code == _OPEN:
            is_open = True
        elif code == _COLSPAN:
            columns = read_number(data, low, high, 1)
        elif code == _ROWSPAN:
            rows = read_number(data, low, high, 1)
        elif (code == _START and tag == _OL) or (code == _VALUE and tag == _LI):
            state[NUMBER] = read_number(data, low, high, NO_NUMBER)
            if state[NUMBER] > _MOST_NUMBER or state[NUMBER] < -_MOST_NUMBER:
                state[NUMBER] = NO_NUMBER
        elif (code == _ALT and tag == _IMG) or (code == _ALTTEXT and tag == _MATH):
            state[ALT_AT], state[ALT_END] = low, high
        elif (code == _TYPE and tag == _SCRIPT) or (code == _DISPLAY and tag == _MATH):
            kind = _type_of(data, low, high)
        elif tag == _META:
            if code in (_PROPERTY, _NAME):
                name = code_of(data, low, high)
                is_sign = name in (_OG_TYPE, _GENERATOR)
            elif code == _CONTENT:
                content_at, content_end = low, high
    if is_sign:
        _read_signs(data, content_at, content_end, tables, page)
    if tag == _DIALOG and not is_open:
        traits |= HIDDEN_TRAIT | DIALOG_TRAIT
    if tag == _H1:
        traits &= ~UNSEEN_TRAIT
    elif traits & UNSEEN_TRAIT:
        traits |= HIDDEN_TRAIT
    is_hidden = traits & HIDDEN_TRAIT > 0
    is_panel = marks & PANEL or (is_labelled and tag in (_DIV, _SECTION))  # a button names and opens it
    if is_streamed or is_panel:  # React moves `<div hidden id="S:0">` into its place
        traits &= ~HIDDEN_TRAIT
    elif traits & ARIA_TRAIT and tag != _A and tag != _LI:  # cells of carousels are hidden from screen readers
        traits |= HIDDEN_TRAIT
    state[OWN] = marks | (HIDDEN if traits & (HIDDEN_TRAIT | ARIA_TRAIT) or is_hidden else 0)
    state[TRAITS] = traits
    state[TYPE] = kind
    if tag in (_TD, _TH):
        state[SPANS] = min(max(columns, 1), _MOST_SPAN) | min(max(rows, 1), _MOST_SPAN) << SPAN_BITS
        if traits & HIDDEN_TRAIT and traits & GONE_TRAIT and not state[WANTED]:
            state[SPANS] = 0
    state[CLOSED] = at >= 2 and data[at - 1] == 62 and data[at - 2] == 47
    return at


@kernel
def _word_code(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """(code, end) of the run of letters at `at`; a capital behind a small letter begins another."""
    code = int64(0)
    letters = 0
    small = False
    while at < end and is_letter(data[at]):
        if data[at] < 97 and small:
            break
        small = data[at] >= 97
        if letters < 10:
            code = code << 6 | int64(data[at] & 31)
        letters += 1
        at += 1
    return code, at


@kernel
def _words_marks(data: Bytes, at: int, end: int, codes: Longs, marks: Longs) -> int:
    """What the words of a class, an id or a role stand for."""
    found = int64(0)
    while at < end:
        if not is_letter(data[at]):
            at += 1
            continue
        code, at = _word_code(data, at, end)
        found |= value_of(codes, marks, code, 0)
    return found


@kernel
def _class_traits(data: Bytes, at: int, end: int, tables: Tables, page: Page) -> int:
    """The traits of the names in a class; the place of its value and its hash are put into the state."""
    state = page.state
    state[CLASS_AT], state[CLASS_END] = at, end
    traits = kin = int64(0)
    while True:
        code, at = next_token(data, at, end)
        if code < 0:
            break
        traits |= value_of(tables.token_codes, tables.token_traits, code, 0)
        kin = (kin * 31 + code) & 0x7FFFFFFF
    state[KIN] = kin
    return traits


@kernel
def _style_traits(data: Bytes, at: int, end: int) -> int:
    """The traits of a style: text that no browser shows, white space that counts, a line of its own."""
    traits = int64(0)
    while at < end:
        while at < end and (data[at] <= 32 or data[at] == 59):
            at += 1
        first = at
        while at < end and data[at] != 58 and data[at] != 59 and data[at] > 32:
            at += 1
        name = code_of(data, first, at)
        while at < end and (data[at] <= 32 or data[at] == 58):
            at += 1
        stop = find_byte(data, at, end, 59)
        if stop - at >= 3:
            traits |= _declared(data, at, stop, name)
        at = stop
    return traits


@kernel
def _declared(data: Bytes, at: int, end: int, name: int) -> int:
    """The traits that one declaration of a style gives: the code of its name, its value data[at:end]."""
    a, b, c = data[at] | 32, data[at + 1] | 32, data[at + 2] | 32
    if name == _DISPLAY:
        if a == 110 and b == 111 and c == 110:  # none
            return int64(HIDDEN_TRAIT | GONE_TRAIT)
        return int64(LINE_TRAIT if a == 98 and b == 108 and c == 111 else 0)  # block
    if name == _VISIBILITY:
        return int64(HIDDEN_TRAIT if (a == 104 and b == 105) or (a == 99 and b == 111) else 0)  # hidden, collapse
    if name == _WHITE_SPACE:
        is_pre = a == 112 and b == 114 and c == 101 and (at + 3 >= end or data[at + 3] <= 33)  # not pre-wrap
        return int64(PRE_TRAIT if is_pre else 0)
    if name == _VERTICAL_ALIGN:
        is_super = a == 115 and b == 117 and c == 112
        is_top = end - at == 8 and a == 116 and b == 101 and data[at + 5] | 32 == 116  # text-top
        if is_super or is_top or 49 <= a <= 57 or (a in (46, 48) and c >= 37):  # 0.5em, .4em, 50%
            return int64(RAISED_TRAIT)
        return int64(LOWERED_TRAIT if a == 45 or (a == 115 and b == 117 and c == 98) else 0)
    if name in (_LEFT, _TOP, _RIGHT, _INDENT, _MARGIN_LEFT):
        return int64(HIDDEN_TRAIT if read_number(data, at, end, 0) <= _OFF_SCREEN else 0)
    if name == _CLIP and end - at >= 7 and a == 114:  # rect(0 0 0 0), rect(1px, 1px, 1px, 1px)
        return int64(HIDDEN_TRAIT if data[at + 5] == 48 or (data[at + 5] == 49 and data[at + 6] | 32 == 112) else 0)
    return int64(0)


@kernel
def _type_of(data: Bytes, at: int, end: int) -> int:
    """What the `type` of a script or the `display` of a formula says, 0 if it is nothing of these."""
    size = end - at
    if size >= 8 and code_of(data, at, at + 8) == _MATH_TEX:
        return int64(MATH_DISPLAY if size > 16 else MATH_TEX)
    if size == 19 and data[at + 12] | 32 == 108 and data[at + 13] | 32 == 100 and data[at + 14] == 43:
        return int64(LD_JSON)
    return int64(MATH_DISPLAY if size == 5 and data[at] | 32 == 98 else 0)  # display="block"


@kernel
def _read_signs(data: Bytes, at: int, end: int, tables: Tables, page: Page) -> None:
    """Note which words of tags.SIGNS are in the value of an attribute."""
    while at < end:
        if not is_letter(data[at]):
            at += 1
            continue
        state = TOKEN_BASIS
        while at < end and is_letter(data[at]):
            state = (state ^ np.uint64(data[at] | 32)) * TOKEN_PRIME
            at += 1
        page.state[SIGNS] |= value_of(tables.sign_codes, tables.sign_bits, int64(state >> np.uint64(2)), 0)


@kernel
def read_types(data: Bytes, at: int, end: int, tables: Tables, page: Page) -> None:
    """Note the values of `@type` in the JSON-LD data[at:end] that are in tags.SIGNS."""
    while at < end:
        at = find_byte(data, at, end, 64) + 1
        if at + 5 >= end or data[at] != 116 or data[at + 1] != 121 or data[at + 2] != 112 or data[at + 3] != 101:
            continue
        low = find_byte(data, at + 5, end, 34) + 1
        high = find_byte(data, low, end, 34)
        if high - low < 40:
            _read_signs(data, low, high, tables, page)
        at = high


@kernel
def number_element(tag: int, number: int, page: Page) -> None:
    """Set the number of a list (its last item), of an item, or of a cell (its spans); the element is just opened."""
    said = page.state[NUMBER]
    page.number[number] = 0
    if tag == _OL and page.traits[number] & DOWN_TRAIT:
        page.state[REVERSED] = 1
        page.number[number] = said if said != NO_NUMBER else _UNSAID
    elif tag == _OL:
        page.number[number] = said - 1 if said != NO_NUMBER else 0
    elif tag == _LI and not page.traits[number] & GONE_TRAIT:
        around = list_around(page, page.parent[number])
        if page.traits[around] & DOWN_TRAIT:
            page.number[around] += page.number[around] < _COUNTED
            page.number[number] = said if said != NO_NUMBER else _UNSAID
            return
        page.number[around] = said if said != NO_NUMBER else page.number[around] + 1
        page.number[number] = page.number[around]
    elif tag in (_TD, _TH):
        page.number[number] = page.state[SPANS]


@kernel
def number_down(page: Page) -> None:
    """Number the items of the lists of an HTML page that count down: to 1 if the list has no `start`."""
    for element in range(1, page.state[ELEMENTS]):
        if page.tag[element] == _OL and page.traits[element] & DOWN_TRAIT:
            page.number[element] -= _UNSAID if page.number[element] < _COUNTED else 0
        elif page.tag[element] == _LI:
            around = list_around(page, page.parent[element])
            if page.traits[around] & DOWN_TRAIT:
                said = page.number[element]
                page.number[element] = said if said != _UNSAID else page.number[around]
                page.number[around] = page.number[element] - 1
    for block in range(page.state[BLOCKS]):
        if page.item[block] in (NO_NUMBER, BULLET):
            continue
        element = page.block[page.where[block]]
        while element and page.tag[element] != _LI:
            element = page.block[page.parent[element]]
        if page.traits[list_around(page, page.parent[element])] & DOWN_TRAIT:
            page.item[block] = page.number[element]
