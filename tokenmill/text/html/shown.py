"""What of a page readers see: hidden elements, marks of editors, numbers of lines, buttons, words set apart."""

from tokenmill.text.html.formulas import delimited
from tokenmill.text.html.lexer import code_of, find_byte, name_code
from tokenmill.text.html.page import (
    APART,
    BEGUN,
    BLOCKS,
    DEPTH,
    ENDED,
    GAP,
    IMAGES,
    KIN,
    LAST_KIN,
    LAST_TAG,
    LINE_NUMBER,
    NO_NUMBER,
    OPEN,
    PRES,
    PUT,
    SEAM,
    SPACE,
    TRAITS,
    WANTED,
    Page,
    add_line,
    end_line,
)
from tokenmill.text.html.tags import (
    ANCHOR_TRAIT,
    CODE_MARK,
    COUNTER_TRAIT,
    DIALOG_TRAIT,
    DRAWN_TRAIT,
    HIDDEN_TRAIT,
    LINE_TRAIT,
    MARK_TRAIT,
    NOTICE,
    REFERENCE_TRAIT,
    ROW_TRAIT,
    STRUCK_TAGS,
    TAG,
    TEX_TRAIT,
    TOGGLE_TRAIT,
    UNSEEN_TRAIT,
    numbers_of,
)
from tokenmill.text.kernel.arrays import Bytes, int64
from tokenmill.text.kernel.cache import kernel

_A, _DT, _H1, _H6, _PRE, _CODE = TAG["a"], TAG["dt"], TAG["h1"], TAG["h6"], TAG["pre"], TAG["code"]
_LABEL, _INS = TAG["label"], TAG["ins"]
_MOST_LABEL = 4  # words
_PARTS = numbers_of("p li tr td th dt dd h1 h2 h3 h4 h5 h6")  # of a page, which a script does not show alone
_SPAN, _SUMMARY, _SUP, _TD = TAG["span"], TAG["summary"], TAG["sup"], TAG["td"]
_SUP_CODE = name_code("sup")
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
    if traits & ANCHOR_TRAIT and (_is_heading_mark(data, at, end, page) or _is_raised_number(data, at, end)):
        return True
    if not traits & (HIDDEN_TRAIT | DRAWN_TRAIT | COUNTER_TRAIT | MARK_TRAIT | REFERENCE_TRAIT):
        return False
    if (
        traits & UNSEEN_TRAIT and at + 1 < end and data[at] in (43, 47) and data[at + 1] == 60
    ):  # `+` or `/` of a fraction
        page.state[APART] = page.state[PUT] if data[at] == 43 else page.state[APART]
        return bool(data[at] == 43)
    if traits & HIDDEN_TRAIT and not (page.state[WANTED] and _may_be_page(page)):
        return True
    if traits & REFERENCE_TRAIT and tag == _SUP:
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
def _may_be_page(page: Page) -> bool:
    """Whether a script may show the hidden element just opened as the page itself: no dialog, notice or word."""
    element = page.stack[page.state[DEPTH] - 1]
    if page.block[element] != element or page.tag[element] in _PARTS:
        return False
    return not (page.state[TRAITS] & (DIALOG_TRAIT | UNSEEN_TRAIT) or page.own[element] & NOTICE)


@kernel
def _is_number(data: Bytes, at: int, end: int) -> bool:
    """Whether the element whose start tag ends at `at` has a number of at most five digits and nothing else."""
    digits = 0
    if at + 2 < end and data[at] == 60 and data[at + 1] | 32 == 97 and data[at + 2] <= 32:  # in a link to its line
        at = find_byte(data, at, min(at + _LINK_BYTES, end), 62) + 1
    while at < end and (data[at] <= 32 or 48 <= data[at] <= 57):
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
    if place + 2 >= close or not (data[place - 1] in (34, 39, 61) or _names_note(data[place + 1], data[place + 2])):
        return False  # neither href="#…" nor …#cite_note-3
    stop = _behind_number(data, close + 1, end)
    if stop + 6 >= end or data[stop] != 60 or data[stop + 1] != 47:
        return False
    after = find_byte(data, stop, stop + 4, 62) + 1  # behind </a>
    return bool(after + 2 < end and data[after] == 60 and data[after + 1] == 47 and data[after + 2] | 32 == 115)  # </s


@kernel
def _names_note(first: int, second: int) -> bool:
    """Whether a place on a page whose name begins with these bytes is that of a note: cite, fn, note, ref."""
    first, second = first | 32, second | 32
    return (
        (first == 99 and second == 105)
        or (first == 102 and second == 110)
        or (first == 110 and second == 111)
        or (first == 114 and second == 101)
    )


@kernel
def _is_raised_number(data: Bytes, at: int, end: int) -> bool:
    """Whether the link that begins at `at` has only a `<sup>` with the number of a note."""
    if at + 4 >= end or data[at] != 60 or code_of(data, at + 1, at + 4) != _SUP_CODE:
        return False
    stop = _behind_number(data, find_byte(data, at, min(at + _LINK_BYTES, end), 62) + 1, end)
    return bool(stop + 2 < end and data[stop] == 60 and data[stop + 1] == 47 and data[stop + 2] | 32 == 115)  # </s


@kernel
def _behind_number(data: Bytes, at: int, end: int) -> int:
    """Where the number of a note ends, such as 3, [3] or *: digits and these signs before the next tag; or `end`."""
    stop = find_byte(data, at, min(at + _MARK_BYTES, end), 60)
    for mark in range(at, stop):
        if not (48 <= data[mark] <= 57 or data[mark] in (42, 91, 93)):  # *, [, ]
            return end
    return stop if stop > at else end


@kernel
def drop_line_number(page: Page) -> None:
    """Remove the number in an inline element at the begin of a line of code, behind which a `<div>` with it begins.

    The numbers of a `<pre>` count up, from 1 or from that of the first line that is an element: another one is code.
    """
    state, text = page.state, page.text
    block = state[BLOCKS]
    if not state[OPEN] or state[SPACE] == 2 or state[ENDED] != state[PUT] or page.item[block] != NO_NUMBER:
        return
    begin, at = page.begin[block], state[PUT]
    while at > begin and 48 <= text[at - 1] <= 57:
        at -= 1
    if at == state[PUT] or state[PUT] - at > _MOST_DIGITS:
        return
    number = int64(0)
    for place in range(at, state[PUT]):
        number = number * 10 + text[place] - 48
    is_first = not state[LINE_NUMBER] and page.traits[page.stack[state[DEPTH] - 1]] & LINE_TRAIT
    if number not in (1, state[LINE_NUMBER] + 1) and not is_first:
        return
    if at == begin:
        state[OPEN] = 0
        state[IMAGES] += page.images[block]
        state[GAP] = page.gap[block]
    elif text[at - 1] == 10:
        page.links[block] = min(page.links[block], at - begin)
    else:
        return
    state[LINE_NUMBER] = number
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


@kernel
def _is_sentence(page: Page, start: int) -> bool:
    """Whether the text from here on has more than _MOST_LABEL words."""
    spaces = 0
    for at in range(start, page.state[PUT]):
        spaces += page.text[at] == 32
    return bool(spaces >= _MOST_LABEL)


@kernel
def meet(tag: int, page: Page) -> None:
    """Note that two inline elements of an HTML page stand side by side without white space.

    Words of two links, labels, or elements of the same class are apart, unless the first has a single letter, or
    is a sentence: some editors cut sentences into elements of one class, in the middle of words.
    """
    state = page.state
    begun = state[BEGUN]
    if begun < state[PUT] and page.text[begun] in (10, 32):  # white space that stands before the element
        begun += 1
    is_same = state[KIN] and state[KIN] == state[LAST_KIN] and state[PUT] - begun > 1
    if page.marks[page.stack[state[DEPTH] - 1]] & CODE_MARK:
        return
    is_edit = tag == _INS and state[LAST_TAG] in STRUCK_TAGS
    if (tag in (_A, _LABEL) and state[LAST_TAG] == tag) or (is_same and not _is_sentence(page, begun)) or is_edit:
        state[APART] = state[PUT]
    elif state[KIN] != state[LAST_KIN]:
        state[SEAM] = state[PUT]
