"""HTML to blocks of text: one pass over the bytes, no tree of objects.

A block is a run of text between two block elements: a paragraph, a heading, a list item, a cell. The elements around it
are kept in small arrays (parent, marks), so that what is said of one can be said of all inside it. Missing end tags are
supplied, stray ones passed over, as browsers do in the common cases (HTML standard, 13.2.6, in outline).
"""

from tokenmill.text.html.lexer import (
    find_byte,
    is_letter,
    name_code,
    next_attribute,
    pass_comment,
    pass_raw,
    read_name,
    value_of,
)
from tokenmill.text.html.page import (
    CLOSED,
    DEPTH,
    ELEMENTS,
    GAP,
    IMAGES,
    LINKS,
    MOST_ELEMENTS,
    MOST_OPEN,
    NUM_STATE,
    OVER,
    OWN,
    PRES,
    Page,
    Tables,
    break_line,
    end_block,
    put_text,
)
from tokenmill.text.html.tags import BLOCK, BODY_PROPERTY, HIDDEN, LIMIT, NUM_TAGS, SKIP, TAG, VOID, WALL, WIDE
from tokenmill.text.kernel.arrays import Bytes, Longs, int64
from tokenmill.text.kernel.cache import kernel

_A, _P, _BR, _LI, _DT, _DD = TAG["a"], TAG["p"], TAG["br"], TAG["li"], TAG["dt"], TAG["dd"]
_TD, _TH, _TR, _TABLE = TAG["td"], TAG["th"], TAG["tr"], TAG["table"]
_TBODY, _THEAD, _TFOOT = TAG["tbody"], TAG["thead"], TAG["tfoot"]
_UL, _OL, _PRE, _H1, _H6 = TAG["ul"], TAG["ol"], TAG["pre"], TAG["h1"], TAG["h6"]
_HTML, _BODY, _IMG = TAG["html"], TAG["body"], TAG["img"]
_CLASS, _ID, _ROLE, _STYLE = name_code("class"), name_code("id"), name_code("role"), name_code("style")
_ITEMPROP, _HIDDEN, _ARIA_HIDDEN = name_code("itemprop"), name_code("hidden"), name_code("aria-hidden")
_ARTICLEBODY = name_code("articlebody")


@kernel
def read_blocks(data: Bytes, at: int, end: int, tables: Tables, page: Page) -> None:
    """Fill the state of a page with the blocks of text of the HTML document data[at:end]."""
    state = page.state
    for i in range(NUM_STATE):
        state[i] = 0
    for i in range(NUM_TAGS):
        page.unended[i] = 0
    page.tag[0] = page.parent[0] = page.own[0] = page.marks[0] = page.block[0] = page.items[0] = 0
    page.stack[0] = 0
    state[ELEMENTS] = state[DEPTH] = state[GAP] = 1
    while at < end:
        sign = find_byte(data, at, end, 60)
        if sign > at:
            put_text(data, at, sign, tables, page)
        at = sign
        if at + 1 >= end:
            break
        second = data[at + 1]
        if second == 33 or second == 63:
            at = pass_comment(data, at, end)
        elif is_letter(second):
            at = _start_tag(data, at, end, tables, page)
        elif second == 47 and at + 2 < end and is_letter(data[at + 2]):
            code, at = read_name(data, at + 2, end)
            at = min(find_byte(data, at, end, 62) + 1, end)
            tag = value_of(tables.tag_codes, tables.tag_numbers, code, 0)
            if tag:
                _end_tag(tag, tables, page)
            else:
                _end_unknown(page)
        elif second == 47:
            at = min(find_byte(data, at, end, 62) + 1, end)
        else:
            put_text(data, at, at + 1, tables, page)
            at += 1
    end_block(page, 1)


@kernel
def _start_tag(data: Bytes, at: int, end: int, tables: Tables, page: Page) -> int:
    """Where to go on behind the start tag at `at`, and behind what stands in it if that is not text."""
    code, at = read_name(data, at + 1, end)
    at = _attributes(data, at, end, tables, page)
    state = page.state
    tag = value_of(tables.tag_codes, tables.tag_numbers, code, 0)
    flags = tables.flags[tag]
    if flags & SKIP:
        if page.unended[tag]:
            return at
        after = pass_raw(data, at, end, code)
        if after < end:
            return min(find_byte(data, after, end, 62) + 1, end)
        page.unended[tag] = 1
        return at
    if tag == _BR:
        break_line(page)
    elif tag == _IMG:
        state[IMAGES] += 1
    elif flags & VOID:
        if flags & BLOCK:
            _close_paragraph(tables, page)
            end_block(page, 2)
    elif tag != _HTML and tag != _BODY and not (tag == 0 and state[CLOSED]):
        if flags & BLOCK:
            _close_paragraph(tables, page)
        _close_implied(tag, tables, page)
        if flags & BLOCK:
            end_block(page, 2 if flags & WIDE else 1)
        _push(tag, flags, tables, page)
    return at


@kernel
def _attributes(data: Bytes, at: int, end: int, tables: Tables, page: Page) -> int:
    """Where the tag ends; what its attributes say is put into state[OWN]."""
    marks = int64(0)
    while True:
        code, low, high, at = next_attribute(data, at, end)
        if code < 0:
            break
        if code in (_CLASS, _ID):
            marks |= _words_marks(data, low, high, tables.word_codes, tables.word_marks)
        elif code == _ROLE:
            marks |= _words_marks(data, low, high, tables.role_codes, tables.role_marks)
        elif code == _STYLE:
            if _says_hidden(data, low, high):
                marks |= HIDDEN
        elif code == _HIDDEN:
            marks |= HIDDEN
        elif code == _ARIA_HIDDEN:
            if high - low == 4 and data[low] | 32 == 116:
                marks |= HIDDEN
        elif code == _ITEMPROP and high - low == 11 and _word_code(data, low, high)[0] == _ARTICLEBODY:
            marks |= BODY_PROPERTY
    page.state[OWN] = marks
    page.state[CLOSED] = at >= 2 and data[at - 1] == 62 and data[at - 2] == 47
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
def _says_hidden(data: Bytes, at: int, end: int) -> bool:
    """Whether a style has `display:none` or `visibility:hidden`."""
    while at < end:
        if data[at] == 58:
            at += 1
            while at < end and data[at] <= 32:
                at += 1
            if at + 4 <= end and data[at] | 32 == 110 and data[at + 1] | 32 == 111 and data[at + 2] | 32 == 110:
                return bool(data[at - 2] | 32 == 121 or data[at - 1] <= 32)  # …y:none, not float:none
            if at + 6 <= end and data[at] | 32 == 104 and data[at + 1] | 32 == 105 and data[at + 2] | 32 == 100:
                return bool(data[at - 2] | 32 == 121 or data[at - 1] <= 32)
        at += 1
    return False


@kernel
def _push(tag: int, flags: int, tables: Tables, page: Page) -> None:
    state = page.state
    number, depth = state[ELEMENTS], state[DEPTH]
    if depth >= MOST_OPEN or number >= MOST_ELEMENTS:
        state[OVER] += 1
        return
    parent = page.stack[depth - 1]
    page.tag[number] = tag
    page.parent[number] = parent
    page.own[number] = tables.tag_marks[tag] | state[OWN]
    page.marks[number] = page.marks[parent] | page.own[number]
    page.block[number] = number if flags & BLOCK else page.block[parent]
    page.items[number] = 0
    if tag == _LI:
        page.items[page.block[parent]] += 1
    page.stack[depth] = number
    state[DEPTH] = depth + 1
    state[ELEMENTS] = number + 1
    state[LINKS] += tag == _A
    state[PRES] += tag == _PRE


@kernel
def _pop_to(depth: int, page: Page) -> None:
    """Close all elements from this depth on."""
    state = page.state
    while state[DEPTH] > depth:
        state[DEPTH] -= 1
        tag = page.tag[page.stack[state[DEPTH]]]
        state[LINKS] -= tag == _A
        state[PRES] -= tag == _PRE


@kernel
def _close_paragraph(tables: Tables, page: Page) -> None:
    """A block element ends an open <p> that is the nearest block."""
    level = page.state[DEPTH] - 1
    while level > 0 and not tables.flags[page.tag[page.stack[level]]] & BLOCK:
        level -= 1
    if level > 0 and page.tag[page.stack[level]] == _P:
        end_block(page, 2)
        _pop_to(level, page)


@kernel
def _close_implied(tag: int, tables: Tables, page: Page) -> None:
    """Close what the start of this element ends though no end tag says so."""
    level = page.state[DEPTH] - 1
    while level > 0:
        other = page.tag[page.stack[level]]
        flags = tables.flags[other]
        if tag in (_LI, _DT, _DD):
            if other == tag or (tag != _LI and other in (_DT, _DD)):
                break
            if flags & LIMIT:
                return
        elif tag in (_TD, _TH):
            if other in (_TD, _TH):
                break
            if other in (_TABLE, _TR):
                return
        elif tag == _TR:
            if other == _TR:
                break
            if other in (_TABLE, _TBODY, _THEAD, _TFOOT):
                return
        elif tag in (_TBODY, _THEAD, _TFOOT):
            if other in (_TBODY, _THEAD, _TFOOT):
                break
            if other == _TABLE:
                return
        elif tag == _A:
            if other == _A:
                page.tag[page.stack[level]] = 0
                page.state[LINKS] -= 1
                return
            if flags & WALL:
                return
        elif _H1 <= tag <= _H6:
            if _H1 <= other <= _H6:
                break
            return
        else:
            return
        level -= 1
    if level > 0:
        _pop_to(level, page)


@kernel
def _end_tag(tag: int, tables: Tables, page: Page) -> None:
    flags = tables.flags[tag]
    state = page.state
    if tag == _BR:
        break_line(page)
    if flags & (VOID | SKIP) or tag in (_HTML, _BODY):
        return
    if flags & BLOCK:
        end_block(page, 2 if flags & WIDE else 1)
        if state[OVER] > 0:
            state[OVER] -= 1
            return
    level = state[DEPTH] - 1
    table = tag in (_TABLE, _TD, _TH, _TR, _TBODY, _THEAD, _TFOOT)
    while level > 0:
        other = page.tag[page.stack[level]]
        if other == tag or (_H1 <= tag <= _H6 and _H1 <= other <= _H6):
            _pop_to(level, page)
            return
        around = tables.flags[other]
        if table:
            if other == _TABLE:
                return
        elif around & WALL or (tag == _LI and other in (_UL, _OL)):
            return
        elif around & BLOCK and not flags & BLOCK:
            break
        level -= 1
    if tag == _A and state[LINKS]:  # a link ends although blocks in it are open
        while level > 0 and page.tag[page.stack[level]] != _A:
            level -= 1
        if level > 0:
            page.tag[page.stack[level]] = 0
            state[LINKS] -= 1


@kernel
def _end_unknown(page: Page) -> None:
    """An end tag of an unknown name closes an unknown element if that is the innermost."""
    state = page.state
    if state[DEPTH] > 1 and page.tag[page.stack[state[DEPTH] - 1]] == 0:
        _pop_to(state[DEPTH] - 1, page)
