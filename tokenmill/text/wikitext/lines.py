"""Handles wikitext markup that depends on lines: headings, lists, rules, and quotes, which balance in each line."""

from tokenmill.text.kernel.arrays import Bytes, int64, uint8
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.wikitext.sections import drop_empty_headings, drop_index
from tokenmill.text.wikitext.state import (
    AT,
    ATTRIBUTES,
    AWAY,
    CODE,
    CODE_END,
    COUNTS,
    DEPTH,
    END,
    EXTERNAL,
    FROM,
    HEADING,
    HEADS,
    INDENTED,
    ITEM_MARK,
    LETTERS,
    OUT_FROM,
    PUT,
    QUOTE,
    QUOTE_LINE,
    STATE,
    TABLE,
    TEXT,
    Work,
    abandon,
    abandon_links,
    put_byte,
    top,
)
from tokenmill.text.wikitext.tables import break_tables, in_table, open_table, stray_line, table_line

MAX_NUMBER = 999
_DEPTHS = STATE - COUNTS


@kernel
def new_line(w: Work) -> None:
    """At a line feed of wikitext: ends the line, and links that cannot continue after it."""
    s = w.state
    at = s[AT]
    s[AT] = at + 1
    s[HEADING] = -1
    while top(w) == EXTERNAL:
        abandon(w)
    if at + 1 < s[END] and w.data[at + 1] == 10:
        abandon_links(w)
    if top(w) == TABLE:
        w.frames[s[DEPTH] - 1, ATTRIBUTES] = 0
    if s[LETTERS]:
        drop_index(w)
    put_byte(w, uint8(10))


@kernel
def line_start(w: Work) -> None:
    """At the first byte of a line of wikitext: handles the markup that gives the kind of the line."""
    s, data = w.state, w.data
    if s[AT] >= s[END]:
        return
    if (data[s[AT]] == 32 or s[AT] < s[CODE_END]) and _begins_code(w):
        return
    s[INDENTED] = 0
    while s[AT] < s[END] and (data[s[AT]] == 32 or data[s[AT]] == 9):
        s[AT] += 1
    at = s[AT]
    if at >= s[END]:
        return
    byte = data[at]
    if byte == 61 and _heading(w):
        return
    following = data[at + 1] if at + 1 < s[END] else uint8(0)
    if byte == 123 and following == 124:
        open_table(w)
    elif (byte == 124 or byte == 33) and in_table(w):
        table_line(w, byte, following)
    elif byte == 124 and s[DEPTH] == 0 and stray_line(w):
        return
    elif byte == 42 or byte == 35 or byte == 58 or byte == 59:
        _list_item(w)
    else:
        s[COUNTS:STATE] = 0
        if byte == 45 and following == 45:
            _rule(w)


@kernel
def _begins_code(w: Work) -> bool:
    """Marks a line of code, whose white space stays. Returns True if no other markup can begin this line.

    Such a line is in an element for code, or begins with a space, which is not part of the code. A line of a template,
    link, table or comment that is only indented is not code, unless it follows a line of code.
    """
    s, data = w.state, w.data
    at, end = s[AT], s[END]
    if at < s[CODE_END]:
        put_byte(w, uint8(CODE))
        return bool(data[at] == 32)
    if s[DEPTH]:
        return False
    i = at
    while i < end and (data[i] == 32 or data[i] == 9):
        i += 1
    byte = data[i] if i < end else uint8(10)
    following = data[i + 1] if i + 1 < end else uint8(10)
    table = (byte == 123 or byte == 124) and (following == 124 or following == 125 or following == 45)
    doubled = byte in (61, 91, 123) and following == byte  # a heading, link or template
    markup = doubled or byte == 10 or (byte == 60 and following == 33)
    if table or (markup and not s[INDENTED]):
        return False
    s[INDENTED] = 1
    s[COUNTS:STATE] = 0
    put_byte(w, uint8(CODE))
    s[AT] = at + 1
    return True


@kernel
def _rule(w: Work) -> None:
    s = w.state
    i = s[AT]
    while i < s[END] and w.data[i] == 45:
        i += 1
    if i - s[AT] >= 4:
        s[AT] = i


@kernel
def _heading(w: Work) -> bool:
    """Begins a heading if the line is one. Returns True if it is.

    A heading ends all open links and tables, and removes the headings before it that have no text.
    """
    s, data = w.state, w.data
    first, end = s[AT], s[AT]
    while end < s[END] and data[end] != 10:
        end += 1
    last = end
    while True:
        while last > first and data[last - 1] <= 32:
            last -= 1
        comment = _comment_before(data, first, last)
        if comment < 0:
            break
        last = comment
    level = int64(0)
    while first + level < last - 1 - level and data[first + level] == 61 and data[last - 1 - level] == 61 and level < 6:
        level += 1
    if level == 0:
        return False
    break_tables(w)
    s[COUNTS:STATE] = 0
    s[INDENTED] = 0
    put_byte(w, uint8(10))
    put_byte(w, uint8(10))
    if s[DEPTH] == 0:
        drop_empty_headings(w, level)
        count = s[HEADS]
        if count < len(w.heads):
            w.heads[count, 0] = s[PUT]
            w.heads[count, 1] = level
            s[HEADS] = count + 1
    s[AT] = first + level
    while data[s[AT]] == 32 or data[s[AT]] == 9:
        s[AT] += 1
    s[HEADING] = last - level
    return True


@kernel
def _comment_before(data: Bytes, first: int, last: int) -> int:
    """Returns the start of the comment that ends at `last`, or -1 if no comment ends there."""
    if last - first < 7 or data[last - 1] != 62 or data[last - 2] != 45 or data[last - 3] != 45:
        return int64(-1)
    for i in range(last - 7, max(first, last - 1000) - 1, -1):
        if data[i] == 60 and data[i + 1] == 33 and data[i + 2] == 45 and data[i + 3] == 45:
            return int64(i)
    return int64(-1)


@kernel
def end_heading(w: Work) -> None:
    """At the `=` after the words of a wikitext heading: skips the rest of the line and separates heading and text."""
    s = w.state
    at = s[AT]
    while at < s[END] and w.data[at] != 10:
        at += 1
    s[AT], s[HEADING] = at, -1
    abandon_links(w)
    put_byte(w, uint8(10))
    if s[DEPTH] == 0:
        s[TEXT] = s[PUT]
        s[AWAY] = 0


@kernel
def _list_item(w: Work) -> None:
    """Writes the indentation of a list item and its `- ` or number. Items of `:` and `;` get neither."""
    s, data = w.state, w.data
    at = s[AT]
    depth = int64(0)
    while at < s[END] and (data[at] == 42 or data[at] == 35 or data[at] == 58 or data[at] == 59):
        at += 1
        depth += 1
    last = data[at - 1]
    while at < s[END] and (data[at] == 32 or data[at] == 9):
        at += 1
    s[AT] = at
    if at + 1 < s[END] and data[at] == 123 and data[at + 1] == 124:
        open_table(w)
        return
    slot = COUNTS + min(depth, int64(_DEPTHS)) - 1
    s[slot + 1 : STATE] = 0
    if last == 35:
        s[slot] = min(s[slot] + 1, MAX_NUMBER)
    elif last == 42:
        s[slot] = 0
    if last == 58 or last == 59:
        return
    for _ in range(2 * min(depth - 1, int64(_DEPTHS))):
        put_byte(w, uint8(32))
    put_marker(w, s[slot] if last == 35 else int64(0))


@kernel
def put_marker(w: Work, number: int) -> None:
    """Writes the start of a list item: `12. `, or `- ` for 0."""
    if number == 0:
        put_byte(w, uint8(45))
    else:
        if number >= 100:
            put_byte(w, uint8(48 + number // 100))
        if number >= 10:
            put_byte(w, uint8(48 + number // 10 % 10))
        put_byte(w, uint8(48 + number % 10))
        put_byte(w, uint8(46))
    put_byte(w, uint8(32))
    put_byte(w, uint8(ITEM_MARK))


@kernel
def renumber_item(w: Work, number: int) -> bool:
    """Gives the item of a numbered wikitext list whose marker was just written another number: `#<li value=7>`.

    Returns False if no such marker is directly before.
    """
    s, out = w.state, w.out
    put = s[PUT]
    if put < s[OUT_FROM] + 4 or out[put - 1] != ITEM_MARK or out[put - 3] != 46:
        return False
    slot = STATE - 1
    while slot > COUNTS and s[slot] == 0:
        slot -= 1
    s[slot] = number
    put -= 3
    while put > s[OUT_FROM] and 48 <= out[put - 1] <= 57:
        put -= 1
    s[PUT] = put
    put_marker(w, number)
    return True


@kernel
def quotes(w: Work) -> None:
    """At `'` in wikitext: skips the marks of italics and bold. Quotes of a run that are not part of a mark are text."""
    s = w.state
    at = s[AT]
    run = int64(0)
    while at + run < s[END] and w.data[at + run] == 39:
        run += 1
    if run >= 2 and at >= s[QUOTE_LINE]:
        _balance(w)
    literal = run if run == 1 else int64(1) if run == 4 or at == s[QUOTE] else max(run - 5, int64(0))
    for _ in range(literal):
        put_byte(w, uint8(39))
    s[AT] = at + run


@kernel
def _balance(w: Work) -> None:
    """Finds the `'''` of this line that means an apostrophe and italics, as in l'''opera''.

    MediaWiki's rule: if the numbers of bold and of italic marks are both odd, it is the first `'''` after a single
    letter, else the first after a longer word, else the first after a space.
    """
    s, data = w.state, w.data
    i = s[AT]
    bold, italic = int64(0), int64(0)
    single, word, space = int64(-1), int64(-1), int64(-1)
    while i < s[END] and data[i] != 10:
        if data[i] != 39:
            i += 1
            continue
        start = i
        while i < s[END] and data[i] == 39:
            i += 1
        run = i - start
        if run < 2:
            continue
        italic += run == 2 or run >= 5
        bold += run >= 3
        if run == 3 or run == 4:
            before = data[start - 1] if start > s[FROM] else uint8(32)
            second = data[start - 2] if start - 1 > s[FROM] else uint8(32)
            if before == 32:
                space = start if space < 0 else space
            elif second == 32:
                single = start if single < 0 else single
            else:
                word = start if word < 0 else word
    s[QUOTE_LINE], s[QUOTE] = i, -1
    if bold & 1 and italic & 1:
        s[QUOTE] = single if single >= 0 else word if word >= 0 else space
