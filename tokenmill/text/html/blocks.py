"""HTML to blocks of text: one pass over the bytes, no tree of objects.

A block is a run of text between two block elements: a paragraph, a heading, a list item, a cell. The elements around it
are kept in small arrays (parent, marks), so that what is said of one can be said of all inside it. Missing end tags are
supplied, stray ones passed over, as browsers do in the common cases (HTML standard, 13.2.6, in outline).
"""

from tokenmill.text.html.attributes import (
    LD_JSON,
    MATH_DISPLAY,
    MATH_TEX,
    number_down,
    number_element,
    read_attributes,
    read_types,
)
from tokenmill.text.html.formulas import put_delimited, put_math, put_tex
from tokenmill.text.html.lexer import find_byte, is_letter, pass_comment, pass_raw, read_name, value_of
from tokenmill.text.html.page import (
    ALT_AT,
    ALT_END,
    APART,
    BEGUN,
    BLOCKS,
    CLASS_AT,
    CLASS_END,
    CLOSED,
    DEPTH,
    ELEMENTS,
    ENDED,
    GAP,
    HIDE,
    IMAGES,
    KIN,
    LAST_KIN,
    LAST_TAG,
    LINE_NUMBER,
    LINKS,
    MOST_OPEN,
    MOST_PARTS,
    NUM_STATE,
    OPEN,
    OVER,
    OWN,
    PRES,
    PUT,
    REVERSED,
    TRAITS,
    TYPE,
    UNSHOWN,
    WANTED,
    Page,
    Tables,
    add_line,
    break_line,
    end_block,
    end_line,
    put_text,
)
from tokenmill.text.html.powers import begin_script, end_script, settle_scripts
from tokenmill.text.html.shown import begin_row, drop_line_number, is_read_button, is_unshown, meet
from tokenmill.text.html.tags import (
    ARIA_TRAIT,
    BLOCK,
    FORMULA_TRAIT,
    LIMIT,
    LINE,
    LINE_TRAIT,
    LINK_TRAIT,
    NUM_TAGS,
    PRE_TRAIT,
    SCRIPT_TAGS,
    SCRIPT_TRAITS,
    SKIP,
    TEX_TRAIT,
    VOID,
    WALL,
    WIDE,
    numbers_of,
)
from tokenmill.text.kernel.arrays import Bytes, int64
from tokenmill.text.kernel.cache import kernel

_A, _P, _BR, _LI, _DT, _DD, _UL, _OL, _PRE, _H1, _H6 = numbers_of("a p br li dt dd ul ol pre h1 h6")
_TD, _TH, _TR, _TABLE, _TBODY, _THEAD, _TFOOT, _CAPTION = numbers_of("td th tr table tbody thead tfoot caption")
_HTML, _BODY, _IMG, _MATH, _SCRIPT, _NOSCRIPT, _BUTTON = numbers_of("html body img math script noscript button")
_DIV, _INPUT, _STYLE, _TEMPLATE = numbers_of("div input style template")


@kernel
def read_blocks(data: Bytes, at: int, end: int, wanted: int, tables: Tables, page: Page) -> None:
    """Fill the state of a page with the blocks of text of the HTML document data[at:end].

    wanted: whether to read `<noscript>` and hidden elements that a script may show as the page, int64 0 or 1.
    """
    state = page.state
    for i in range(NUM_STATE):
        state[i] = 0
    for i in range(NUM_TAGS):
        page.unended[i] = 0
    page.tag[0] = page.parent[0] = page.own[0] = page.marks[0] = page.block[0] = page.number[0] = 0
    page.traits[0] = page.kin[0] = page.class_at[0] = page.class_end[0] = 0
    page.stack[0] = 0
    state[ELEMENTS] = state[DEPTH] = state[GAP] = 1
    state[WANTED] = wanted
    while at < end:
        if page.traits[page.stack[state[DEPTH] - 1]] & TEX_TRAIT and data[at - 1] == 62:
            at = put_delimited(data, at, end, tables, page)
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
            if tag and tag != _NOSCRIPT:
                _end_tag(tag, tables, page)
            else:
                _end_unknown(page)
        elif second == 47:
            at = min(find_byte(data, at, end, 62) + 1, end)
        else:
            put_text(data, at, at + 1, tables, page)
            at += 1
    end_block(page, 1)
    if state[OPEN]:  # the last of MOST_BLOCKS
        state[BLOCKS] += 1
    if state[REVERSED]:
        number_down(page)
    settle_scripts(page)


@kernel
def _start_tag(data: Bytes, at: int, end: int, tables: Tables, page: Page) -> int:
    """Where to go on behind the start tag at `at`, and behind what stands in it if that is not text."""
    code, at = read_name(data, at + 1, end)
    state = page.state
    tag = value_of(tables.tag_codes, tables.tag_numbers, code, 0)
    at = read_attributes(data, at, end, tag, tables, page)
    flags = tables.flags[tag]
    if flags & SKIP:
        if tag == _BUTTON and is_read_button(data, at, end, page):
            flags = int64(0)
        elif tag != _NOSCRIPT or not state[WANTED]:
            return _pass_element(data, at, end, code, tag, tables, page)
        else:
            tag = flags = int64(0)
    if tag == _BR:
        break_line(page)
    elif tag == _IMG:
        if state[TRAITS] & FORMULA_TRAIT and state[ALT_END] > state[ALT_AT]:
            put_tex(data, state[ALT_AT], state[ALT_END], int64(0), int64(1), tables, page)
        elif not state[HIDE]:
            state[IMAGES] += 1
            state[APART] = state[PUT]
    elif flags & VOID:
        if flags & BLOCK:
            _close_paragraph(tables, page)
            end_block(page, 2)
        elif tag == _INPUT:
            state[APART] = state[PUT]
    elif tag == _MATH:
        display = int64(state[TYPE] == MATH_DISPLAY)
        after = put_math(data, at, end, state[ALT_AT], state[ALT_END], display, tables, page)
        if after == at:
            _push(tag, flags, tables, page)
        at = after
    elif tag != _HTML and tag != _BODY and not (tag == 0 and state[CLOSED]):
        _open_element(data, at, end, tag, flags, tables, page)
        if tag == _PRE and at < end:  # the first line feed is no text
            at += 2 if data[at] == 13 and at + 1 < end and data[at + 1] == 10 else data[at] == 10
    return at


@kernel
def _pass_element(data: Bytes, at: int, end: int, code: int, tag: int, tables: Tables, page: Page) -> int:
    """Where to go on behind an element without text for readers, whose start tag ends at `at`."""
    state = page.state
    if page.unended[tag]:
        return at
    after = pass_raw(data, at, end, code)
    if after >= end:
        page.unended[tag] = 1
        return at
    if tag == _SCRIPT and (state[TYPE] == MATH_TEX or state[TYPE] == MATH_DISPLAY):
        put_tex(data, at, after, int64(state[TYPE] == MATH_DISPLAY), int64(0), tables, page)
    elif tag == _SCRIPT and state[TYPE] == LD_JSON:
        read_types(data, at, after, tables, page)
    elif tag == _NOSCRIPT:
        state[UNSHOWN] += (after - at) // 4
    if tag not in (_SCRIPT, _STYLE, _TEMPLATE, _NOSCRIPT):  # the others show something
        state[APART] = state[PUT]
    return min(find_byte(data, after, end, 62) + 1, end)


@kernel
def _open_element(data: Bytes, at: int, end: int, tag: int, flags: int, tables: Tables, page: Page) -> None:
    """Open the element whose start tag ends at `at`, and close what its start ends."""
    state = page.state
    marks_line = state[PRES] and (flags & LINE or state[TRAITS] & LINE_TRAIT)
    if flags & BLOCK and not marks_line:
        _close_paragraph(tables, page)
    _close_implied(tag, tables, page)
    if marks_line:
        drop_line_number(page)
        end_line(page)
        state[TRAITS] |= LINE_TRAIT
        flags &= ~BLOCK
    else:
        if state[TRAITS] & LINE_TRAIT:
            state[APART] = state[PUT]
        state[TRAITS] &= ~LINE_TRAIT
        if flags & BLOCK:
            state[TRAITS] &= ~SCRIPT_TRAITS
            end_block(page, 2 if flags & WIDE else 1)
        elif state[ENDED] == state[PUT] and state[OPEN]:
            if state[PRES]:
                begin_row(tag, page)
            else:
                meet(tag, page)
    depth = state[DEPTH]
    _push(tag, flags, tables, page)
    state[BEGUN] = state[PUT]
    if depth < state[DEPTH] and not state[HIDE] and is_unshown(data, at, end, tag, page):
        state[HIDE] = depth
        if state[TRAITS] & ARIA_TRAIT:  # a browser shows it: a dot or a line between words
            state[APART] = state[PUT]
    elif depth < state[DEPTH] and (tag in SCRIPT_TAGS or state[TRAITS] & SCRIPT_TRAITS):
        begin_script(data, at, end, tag, state[TRAITS], page)


@kernel
def _push(tag: int, flags: int, tables: Tables, page: Page) -> None:
    state = page.state
    number, depth = state[ELEMENTS], state[DEPTH]
    if depth >= MOST_OPEN or number + state[BLOCKS] >= MOST_PARTS:
        state[OVER] += 1
        return
    parent = page.stack[depth - 1]
    traits = state[TRAITS] | (PRE_TRAIT if tag == _PRE else 0)
    if not flags & BLOCK and tag != _PRE:
        traits &= ~PRE_TRAIT
    elif state[PRES]:
        traits |= PRE_TRAIT
    page.tag[number] = tag
    page.parent[number] = parent
    page.own[number] = tables.tag_marks[tag] | state[OWN]
    page.marks[number] = page.marks[parent] | page.own[number]
    page.block[number] = number if flags & BLOCK else page.block[parent]
    page.traits[number] = traits
    page.kin[number] = state[KIN]
    page.class_at[number] = state[CLASS_AT]
    page.class_end[number] = state[CLASS_END]
    number_element(tag, number, page)
    page.stack[depth] = number
    state[DEPTH] = depth + 1
    state[ELEMENTS] = number + 1
    state[LINKS] += tag == _A or traits & LINK_TRAIT > 0
    if traits & PRE_TRAIT:
        state[LINE_NUMBER] *= state[PRES] > 0
        state[PRES] += 1


@kernel
def _pop_to(depth: int, page: Page) -> None:
    """Close all elements from this depth on."""
    state = page.state
    while state[DEPTH] > depth:
        element = page.stack[state[DEPTH] - 1]
        tag, traits = page.tag[element], page.traits[element]
        if traits & PRE_TRAIT:
            end_block(page, 2 if tag == _PRE else 1)
            state[PRES] -= 1
        elif traits & LINE_TRAIT and state[PRES]:
            end_line(page)
            if tag in (_DIV, _LI) and element == state[ELEMENTS] - 1 and state[BEGUN] == state[PUT]:
                add_line(page)
        state[DEPTH] -= 1
        if tag == _A or traits & LINK_TRAIT:
            state[LINKS] -= 1
        if tag in SCRIPT_TAGS or traits & SCRIPT_TRAITS:
            end_script(tag, traits, page)
        if page.block[element] != element:
            state[ENDED], state[LAST_TAG], state[LAST_KIN] = state[PUT], tag, page.kin[element]
    if state[DEPTH] <= state[HIDE]:
        state[HIDE] = 0


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
            if other in (_TD, _TH, _CAPTION):
                break
            if other in (_TABLE, _TR):
                return
        elif tag == _TR:
            if other in (_TR, _CAPTION):
                break
            if other in (_TABLE, _TBODY, _THEAD, _TFOOT):
                return
        elif tag in (_TBODY, _THEAD, _TFOOT):
            if other in (_TBODY, _THEAD, _TFOOT, _CAPTION):
                break
            if other == _TABLE:
                return
        elif tag == _CAPTION:  # an open cell ends
            if other == _TABLE:
                level += 1
                break
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
    if (flags & (VOID | SKIP) and tag != _BUTTON) or tag in (_HTML, _BODY):
        return
    if flags & BLOCK:
        if not (state[PRES] and flags & LINE):
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
