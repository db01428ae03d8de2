"""Which elements of a page readers see: hidden ones, marks of editors, numbers of lines, buttons that are headings."""

from tokenmill.text.html.formulas import delimited
from tokenmill.text.html.lexer import code_of, find_byte, name_code
from tokenmill.text.html.page import (
    BLOCKS,
    DEPTH,
    ENDED,
    GAP,
    IMAGES,
    LAST_TAG,
    NO_NUMBER,
    OPEN,
    PRES,
    PUT,
    SPACE,
    TRAITS,
    Page,
    add_line,
    end_line,
)
from tokenmill.text.html.tags import (
    ANCHOR_TRAIT,
    COUNTER_TRAIT,
    DRAWN_TRAIT,
    HIDDEN_TRAIT,
    MARK_TRAIT,
    REFERENCE_TRAIT,
    ROW_TRAIT,
    TAG,
    TEX_TRAIT,
    TOGGLE_TRAIT,
)
from tokenmill.text.kernel.arrays import Bytes, int64
from tokenmill.text.kernel.cache import kernel

_A, _DT, _H1, _H6, _PRE, _CODE = TAG["a"], TAG["dt"], TAG["h1"], TAG["h6"], TAG["pre"], TAG["code"]
_SPAN, _SUMMARY, _SUP, _TD = TAG["span"], TAG["summary"], TAG["sup"], TAG["td"]
_MOST_DIGITS = 5  # of the number of a line of code
_BUTTON_BYTES = 1000  # in which a button that is read has its first <p>, or its end
_LINK_BYTES = 300  # longest start tag of a link to a note
_MARK_BYTES = 12  # longest text of a link that is only a mark: `¶`, `&para;`, `#`
_HEADING_BYTES = 500  # behind such a link, in which the text of the heading begins
_MARK_NAMES = ("para", "sect", "num", "infin", "#182", "#167", "#35", "#8734", "#128279", "#xb6", "#xa7", "#x221e")
_MARK_CODES = tuple(map(name_code, _MARK_NAMES))


@kernel
def is_read_button(data: Bytes, at: int, end: int, page: Page) -> bool:
    """Whether the text of the <button> whose start tag ends at `at` is read.

    It is a heading if it opens something, stands in a heading, or asks a question; with a <p> or a heading inside, the
    button is a card.
    """
    around = page.tag[page.block[page.stack[page.state[DEPTH] - 1]]]
    if page.state[TRAITS] & TOGGLE_TRAIT or _H1 <= around <= _H6 or around in (_DT, _SUMMARY):
        return True
    end = min(end, at + _BUTTON_BYTES)
    last = 0
    while at < end:
        if data[at] != 60:
            last = data[at] if data[at] > 32 else last
            at += 1
            continue
        second = data[at + 1] | 32 if at + 2 < end else 0
        after = at + 1 + (second == 47)
        if after + 1 < end and data[after] | 32 == 98 and data[after + 1] | 32 == 117:  # <bu, </bu
            break
        if (second == 112 and data[at + 2] in (32, 62)) or (second == 104 and 49 <= data[at + 2] <= 54):  # <p>, <h1
            return True
        at = find_byte(data, at, end, 62) + 1
    return last == 63


@kernel
def is_unshown(data: Bytes, at: int, end: int, tag: int, page: Page) -> bool:
    """Whether the text of the element just opened is not for readers."""
    traits = page.state[TRAITS]
    if (tag == _SUP and _is_note(data, at, end)) or (tag == _A and _is_permalink(data, at, end)):
        return True
    if traits & ANCHOR_TRAIT and _is_heading_mark(data, at, end, page):
        return True
    if not traits & (HIDDEN_TRAIT | DRAWN_TRAIT | COUNTER_TRAIT | MARK_TRAIT | REFERENCE_TRAIT):
        return False
    if traits & HIDDEN_TRAIT or (traits & REFERENCE_TRAIT and tag == _SUP):
        return True
    if traits & DRAWN_TRAIT and tag == _SPAN:
        low, high, _ = delimited(data, at, end)
        return not traits & TEX_TRAIT or low == high
    if traits & COUNTER_TRAIT:
        around = page.block[page.parent[page.stack[page.state[DEPTH] - 1]]]
        if tag == _TD or (page.state[PRES] and tag == _SPAN and _is_number(data, at, end)):
            return True
        return bool(page.state[PRES] and page.tag[around] != _PRE and tag != _PRE)
    if traits & MARK_TRAIT:
        if tag == _A:  # a link of another kind may have the class too: a mark is short, and has no element inside
            stop = find_byte(data, at, min(at + _MARK_BYTES, end), 60)
            return bool(stop + 1 < end and data[stop] == 60 and data[stop + 1] == 47)
        return bool(tag == _SPAN)
    return False


@kernel
def _is_number(data: Bytes, at: int, end: int) -> bool:
    """Whether the element whose start tag ends at `at` has a number of at most five digits and nothing else."""
    digits = 0
    while at < end and (data[at] == 32 or 48 <= data[at] <= 57):
        digits += data[at] > 32
        at += 1
    return bool(0 < digits <= _MOST_DIGITS and at + 1 < end and data[at] == 60 and data[at + 1] == 47)


@kernel
def _is_permalink(data: Bytes, at: int, end: int) -> bool:
    """Whether the text of the link that begins at `at` is only the mark of a permanent link: `¶` or `§`."""
    is_mark = at + 4 < end and data[at] == 0xC2 and data[at + 1] in (0xB6, 0xA7) and data[at + 2] == 60
    return bool(is_mark and data[at + 3] == 47)


@kernel
def _is_heading_mark(data: Bytes, at: int, end: int, page: Page) -> bool:
    """Whether the link to a place that begins at `at` is only a mark, in a heading or a term that has other text."""
    around = page.tag[page.block[page.stack[page.state[DEPTH] - 1]]]
    if not (_H1 <= around <= _H6 or around == _DT):
        return False
    at = _behind_mark(data, at, min(at + 2 * _MARK_BYTES, end))
    if at < 0 or at + 1 >= end or data[at] != 60 or data[at + 1] != 47:
        return False
    blocks = page.state[BLOCKS]
    if page.state[OPEN] or (blocks and page.where[blocks - 1] >= page.block[page.stack[page.state[DEPTH] - 1]]):
        return True
    end = min(end, at + _HEADING_BYTES)
    while at < end:
        if data[at] > 32 and data[at] != 60:
            return True
        if data[at] <= 32:
            at += 1
        elif at + 2 < end and data[at + 1] == 47 and data[at + 2] | 32 in (100, 104):  # </d, </h
            return False
        else:
            at = find_byte(data, at, end, 62) + 1
    return False


@kernel
def _behind_mark(data: Bytes, at: int, end: int) -> int:
    """Where the mark of a permanent link ends, with white space around it: a sign or a character reference; else -1."""
    while at < end and data[at] <= 32:
        at += 1
    if at + 4 >= end:
        return int64(-1)
    begin = at
    first, second, third = data[at], data[at + 1], data[at + 2]
    if first in (35, 94):  # #, ^
        at += 1
    elif first == 38:
        at = find_byte(data, at, end - 1, 59) + 1
        if code_of(data, begin + 1, at - 1) not in _MARK_CODES:
            return int64(-1)
    elif first == 0xC2 and second in (0xA7, 0xB6):
        at += 2
    elif first == 0xE2 and second == 0x88 and third == 0x9E:  # ∞
        at += 3
    elif first == 0xF0 and second == 0x9F and third == 0x94 and data[at + 3] == 0x97:  # 🔗
        at += 4
    else:
        return int64(-1)
    if at + 2 < end and data[at] == 0xEF and data[at + 1] == 0xB8:  # how it is drawn
        at += 3
    while at < end and data[at] <= 32:
        at += 1
    return int64(at)


@kernel
def _is_note(data: Bytes, at: int, end: int) -> bool:
    """Whether the <sup> that begins at `at` is the number of a note: a link to a place on the page, such as [3]."""
    if at + 2 >= end or data[at] != 60 or data[at + 1] | 32 != 97 or data[at + 2] > 32:
        return False
    close = find_byte(data, at, min(at + _LINK_BYTES, end), 62)
    if close + 4 >= end or data[close] != 62:
        return False
    place = find_byte(data, at, close, 35)
    if place >= close or data[place - 1] not in (34, 39, 61):  # href="#…
        return False
    stop = find_byte(data, close, min(close + _MARK_BYTES, end), 60)
    for mark in range(close + 1, stop):
        if not (48 <= data[mark] <= 57 or data[mark] in (42, 91, 93)):  # *, [, ]
            return False
    if stop == close + 1 or stop + 6 >= end or data[stop] != 60 or data[stop + 1] != 47:
        return False
    after = find_byte(data, stop, stop + 4, 62) + 1  # behind </a>
    return bool(after + 2 < end and data[after] == 60 and data[after + 1] == 47 and data[after + 2] | 32 == 115)  # </s


@kernel
def drop_line_number(page: Page) -> None:
    """Remove the number in an inline element at the begin of a line of code, behind which a `<div>` with it begins."""
    state, text = page.state, page.text
    block = state[BLOCKS]
    if not state[OPEN] or state[SPACE] == 2 or state[ENDED] != state[PUT] or page.item[block] != NO_NUMBER:
        return
    begin, at = page.begin[block], state[PUT]
    while at > begin and 48 <= text[at - 1] <= 57:
        at -= 1
    if at == state[PUT] or state[PUT] - at > _MOST_DIGITS:
        return
    if at == begin:
        state[OPEN] = 0
        state[IMAGES] += page.images[block]
        state[GAP] = page.gap[block]
    elif text[at - 1] == 10:
        page.links[block] = min(page.links[block], at - begin)
    else:
        return
    state[PUT] = at
    state[SPACE] = 0


@kernel
def begin_row(tag: int, page: Page) -> None:
    """Begin a line of a `<pre>` at an element that directly follows another: a `<code>`, or one of the class `line`."""
    state = page.state
    is_code = tag == _CODE and page.tag[page.stack[state[DEPTH] - 1]] == _PRE
    if state[LAST_TAG] != tag or not (is_code or state[TRAITS] & ROW_TRAIT):
        return
    if state[SPACE] == 2:  # the one before is empty
        add_line(page)
    else:
        end_line(page)
