"""Formulas of an HTML page that has them as TeX: each is written once, between the marks of page.py.

TeX stands in the `alt` of an image, in a `<script type="math/tex">`, in the `<annotation>` or the `alttext` of a
`<math>`, and between delimiters in an element whose class says that a script shows it as a formula.
text/mathml/replace.py replaces a `<math>` without TeX before the page is read. A formula takes less room than its
source, but for the character references whose text is longer than their name, by a fifth at most. The page's text has
room for a quarter.
"""

from typing import Final

from tokenmill.text.html.entities import read_entity
from tokenmill.text.html.lexer import (
    find_byte,
    is_letter,
    name_code,
    next_attribute,
    next_token,
    pass_comment,
    pass_raw,
    read_name,
    token_code,
)
from tokenmill.text.html.page import (
    BLOCKS,
    DISPLAY_END,
    DISPLAY_FORMULA,
    FORMULA,
    HIDE,
    INLINE_END,
    INLINE_FORMULA,
    LINKS,
    OPEN,
    PRES,
    PUT,
    SPACE,
    Page,
    Tables,
    put_reference,
    put_text,
)
from tokenmill.text.kernel.arrays import Bytes, int64, uint8
from tokenmill.text.kernel.cache import kernel

MOST_BYTES: Final = 20_000  # of a `<math>` element; a longer one is read as text

_MATH, _ANNOTATION, _ENCODING = name_code("math"), name_code("annotation"), name_code("encoding")
_DISPLAYSTYLE, _TEXTSTYLE = name_code("displaystyle"), name_code("textstyle")
_TEX, _LATEX = token_code("tex"), token_code("latex")
_X_TEX, _X_LATEX = token_code("application/x-tex"), token_code("application/x-latex")
_SPARE = 4  # bytes that may come before the formula: white space, or the mark of a <sup>, and its own mark
_MOST_WRAPPERS = 4  # around a formula


@kernel
def put_tex(data: Bytes, at: int, end: int, display: int, decoded: int, tables: Tables, page: Page) -> bool:
    """Write data[at:end], TeX, between the marks of a formula; whether there is any.

    White space is run together. Comments, control characters and what wraps the whole (`$…$`, `\\(…\\)`,
    `{\\displaystyle …}`) are left out. Nothing is written if the formula directly before is the same, or if
    the text is hidden.

    display: whether the formula has a line of its own, unless `$$…$$` or `\\[…\\]` says so. decoded: whether character
    references are read, as everywhere but in a script.
    """
    state = page.state
    if state[HIDE]:
        return True
    at, end, display = _unwrapped(data, at, end, display)
    begin = state[PUT] + _SPARE
    stop = _copy_tex(data, at, end, decoded, tables, page.text, begin)
    if stop == begin:
        return False
    if not _is_repeated(page, begin, stop):
        put_reference(page, int64(48))  # in place of the mark
        page.text[state[PUT] - 1] = DISPLAY_FORMULA if display else INLINE_FORMULA
        page.text[stop] = DISPLAY_END if display else INLINE_END
        _move(begin, stop + 1, page)
        state[FORMULA] = state[PUT]
    return True


@kernel
def put_math(
    data: Bytes, at: int, end: int, alt_at: int, alt_end: int, display: int, tables: Tables, page: Page
) -> int:
    """Where to go on behind the `<math>` whose start tag ends at `at`; its TeX is written.

    Without TeX, without an end tag in the next MOST_BYTES, or with another `<math>` before it, nothing is written and
    the place is `at`. data[alt_at:alt_end]: the value of `alttext`.
    """
    close = _end_of_math(data, at, end)
    if close < 0:
        return at
    low, high, decoded = _find_tex(data, at, close)
    is_tex = put_tex(data, low, high, display, decoded, tables, page)
    if not is_tex and not put_tex(data, alt_at, alt_end, display, int64(1), tables, page):
        return at
    return min(find_byte(data, close, end, 62) + 1, end)


@kernel
def put_delimited(data: Bytes, at: int, end: int, tables: Tables, page: Page) -> int:
    """Where to go on behind the text that begins at `at`, behind a tag, if it is TeX between delimiters; else `at`.

    The formula is written without them. In a `<pre>` it is code.
    """
    low, high, stop = delimited(data, at, end)
    if low == high or page.state[HIDE] or page.state[PRES]:
        return at
    put_text(data, at, low, tables, page)  # white space
    if not put_tex(data, low, high, int64(0), int64(1), tables, page):
        return low
    put_text(data, high, stop, tables, page)
    return stop


@kernel
def delimited(data: Bytes, at: int, end: int) -> tuple[int, int, int]:
    """(begin, end of TeX between `$`, `$$`, `\\(` or `\\[` that is all of the text from `at` on, where a tag is).

    Begin and end are the same if the text is something else.
    """
    stop = find_byte(data, at, end, 60)
    while stop + 1 < end and not (is_letter(data[stop + 1]) or data[stop + 1] in (33, 47, 63)):
        stop = find_byte(data, stop + 1, end, 60)
    high = stop
    while at < high and data[at] <= 32:
        at += 1
    while at < high and data[high - 1] <= 32:
        high -= 1
    return at, high if _dollars(data, at, high) or _is_bracketed(data, at, high) else at, stop


@kernel
def _end_of_math(data: Bytes, at: int, end: int) -> int:
    """Where the end tag of a `<math>` begins, -1 without one.

    The search ends at the next `<math>`, so that a page of many has each byte looked at once.
    """
    end = min(end, at + MOST_BYTES)
    while True:
        at = find_byte(data, at, end, 60)
        if at + 2 >= end:
            return int64(-1)
        if data[at + 1] == 33:
            at = pass_comment(data, at, end)
            continue
        is_end = int64(data[at + 1] == 47)
        code, after = read_name(data, at + 1 + is_end, end)
        if code == _MATH:
            return at if is_end else int64(-1)
        at = after


@kernel
def _find_tex(data: Bytes, at: int, end: int) -> tuple[int, int, int]:
    """(where the TeX in an `<annotation>` of data[at:end] begins, where it ends, whether it has references)."""
    while True:
        at = find_byte(data, at, end, 60)
        if at + 2 >= end:
            return end, end, int64(1)
        if data[at + 1] == 33:
            stop = _cdata_end(data, at, end)
            at = pass_comment(data, at, end) if stop < 0 else stop
            continue
        code, after = read_name(data, at + 1, end)
        if code == _ANNOTATION and after - at == 11:  # not annotation-xml
            low, high, after = _find_encoding(data, after, end)
            if low >= 0 and _is_tex(next_token(data, low, high)[0]):
                while after < end and data[after] <= 32:
                    after += 1
                stop = _cdata_end(data, after, end)
                if stop >= 0:
                    return after + 9, stop, int64(0)
                return after, pass_raw(data, after, end, int64(_ANNOTATION)), int64(1)
        at = after


@kernel
def _find_encoding(data: Bytes, at: int, end: int) -> tuple[int, int, int]:
    """(where the value of `encoding` begins, where it ends, where the tag does) in a tag from `at` on; -1 without."""
    low = high = int64(-1)
    while True:
        code, value_at, value_end, at = next_attribute(data, at, end)
        if code < 0:
            return low, high, at
        if code == _ENCODING and low < 0:
            low, high = value_at, value_end


@kernel
def _cdata_end(data: Bytes, at: int, end: int) -> int:
    """Where the `]]>` of the `<![CDATA[` at `at` begins, `end` without one; -1 if there is no such mark at `at`."""
    is_mark = at + 9 <= end and data[at] == 60 and data[at + 1] == 33 and data[at + 2] == 91
    if not is_mark or data[at + 3] != 67 or data[at + 8] != 91:
        return int64(-1)
    at += 9
    while at < end:
        at = find_byte(data, at, end, int64(93))
        if at + 2 < end and data[at + 1] == 93 and data[at + 2] == 62:
            return at
        at += 1
    return end


@kernel
def _is_tex(encoding: int) -> bool:
    return encoding in (_X_TEX, _TEX, _X_LATEX, _LATEX)


@kernel
def _unwrapped(data: Bytes, at: int, end: int, display: int) -> tuple[int, int, int]:
    """(begin, end, whether it has a line of its own) of TeX without what wraps the whole."""
    for _ in range(_MOST_WRAPPERS):
        while at < end and data[at] <= 32:
            at += 1
        while at < end and data[end - 1] <= 32:
            end -= 1
        if (
            end - at >= 4
            and data[end - 4] == 37
            and data[end - 3] == 93
            and data[end - 2] == 93
            and data[end - 1] == 62
        ):
            end -= 4  # `%]]>`, whose `% <![CDATA[` is a comment
        size = _dollars(data, at, end)
        if size:
            at, end = at + size, end - size
            display |= int64(size == 2)
        elif _is_bracketed(data, at, end):
            display |= int64(data[at + 1] == 91)
            at, end = at + 2, end - 2
        elif _is_styled(data, at, end):
            at, end = at + 1, end - 1
        else:
            size = _style(data, at, end)
            if not size:
                break
            at += size
    return at, end, display


@kernel
def _dollars(data: Bytes, at: int, end: int) -> int:
    """How many `$` stand on each side of the whole."""
    if end - at < 2 or data[at] != 36:
        return int64(0)
    size = int64(2 if end - at >= 4 and data[at + 1] == 36 else 1)
    close = _closer(data, at + size, end, int64(36))
    return size if close == end - size and data[end - 1] == 36 else int64(0)


@kernel
def _is_bracketed(data: Bytes, at: int, end: int) -> bool:
    """Whether `\\(` and `\\)`, or `\\[` and `\\]`, stand around the whole."""
    if end - at < 4 or data[at] != 92 or (data[at + 1] != 40 and data[at + 1] != 91):
        return False
    return bool(_closer(data, at + 2, end, int64(41 if data[at + 1] == 40 else 93)) == end - 2)


@kernel
def _is_styled(data: Bytes, at: int, end: int) -> bool:
    """Whether the whole is `{\\displaystyle …}` or `{\\textstyle …}`."""
    if at >= end or data[at] != 123 or not _style(data, at + 1, end):
        return False
    return bool(_closer(data, at + 1, end, int64(125)) == end - 1)


@kernel
def _closer(data: Bytes, at: int, end: int, sign: int) -> int:
    """Where the first `$`, the first `}` without a `{`, or the first `\\)` or `\\]` is; `end` without one."""
    depth = 0
    while at < end:
        byte = data[at]
        if byte == 92:
            if sign != 36 and sign != 125 and at + 1 < end and data[at + 1] == sign:
                return at
            at += 1
        elif byte == sign and (sign == 36 or (sign == 125 and depth == 0)):
            return at
        elif byte == 123 or byte == 125:
            depth += 1 if byte == 123 else -1
        at += 1
    return end


@kernel
def _style(data: Bytes, at: int, end: int) -> int:
    """The length of the `\\displaystyle` or `\\textstyle` at `at`, 0 without one."""
    if at >= end or data[at] != 92:
        return int64(0)
    code = int64(0)
    size = int64(1)
    while at + size < end and is_letter(data[at + size]):
        code = code << 6 | int64(data[at + size] & 31) if size <= 10 else code
        size += 1
    is_style = (code == _DISPLAYSTYLE and size == 13) or (code == _TEXTSTYLE and size == 10)
    return size if is_style else int64(0)


@kernel
def _copy_tex(data: Bytes, at: int, end: int, decoded: int, tables: Tables, text: Bytes, put: int) -> int:
    """Where the text ends once the TeX data[at:end] is put at `put`."""
    begin, line = put, int64(-1)
    is_white = is_escaped = is_cut = False
    while at < end:
        if data[at] == 37 and not is_escaped:
            line = _behind_comment(data, at, end, decoded, line)
            if line < end:
                at = line
                is_cut = True
                continue
        value, at = _read_char(data, at, end, decoded, tables)
        if value <= 32 or value == 0xA0C2:
            is_white = True
        elif not _is_left_out(value):
            is_cut = is_cut and is_letter(uint8(value & 255)) and put > begin and is_letter(text[put - 1])
            if (is_white and put > begin) or is_cut:
                text[put] = 32
                put += 1
            is_escaped = value == 92 and not is_escaped
            is_white = is_cut = False
            while value:
                text[put] = value & 255
                put += 1
                value >>= 8
    return put


@kernel
def _read_char(data: Bytes, at: int, end: int, decoded: int, tables: Tables) -> tuple[int, int]:
    """(UTF-8 of the character at `at`, low byte first, where to go on). decoded: whether `&` begins a reference."""
    byte = int64(data[at])
    if byte == 38 and decoded:
        return read_entity(data, at, end, tables.entities, tables.entity_bytes, tables.c1)
    size = min(int64(1) + (byte >= 0xC0) + (byte >= 0xE0) + (byte >= 0xF0), end - at)
    value = byte
    length = int64(1)
    while length < size and data[at + length] & 0xC0 == 0x80:
        value |= int64(data[at + length]) << (8 * length)
        length += 1
    return value, at + length


@kernel
def _is_left_out(value: int) -> bool:
    """Whether a character, as UTF-8 with the low byte first, is a control character or one without a width."""
    if value & 0xFFFF == 0x80E2:  # U+2000 to U+203F
        return 0x8B <= value >> 16 <= 0x8F
    if value & 0xFF == 0xC2:
        return bool(value < 0xA0C2 or value == 0xADC2)
    is_selector = value & 0xFFFF == 0xB8EF and value >> 16 <= 0x8F
    return bool(is_selector or value in (127, 0xA081E2, 0xBFBBEF))


@kernel
def _behind_comment(data: Bytes, at: int, end: int, decoded: int, line: int) -> int:
    """Where TeX goes on behind the line of the `%` at `at`, or `end` if no other line follows.

    line: what the last call for these data returned. LaTeXML breaks the lines of its attributes by `%&#10;`.
    """
    if decoded and at + 5 < end and data[at + 1] == 38 and data[at + 2] == 35 and data[at + 5] == 59:
        return at + 6
    if line <= at:
        line = find_byte(data, at, end, int64(10))
    while line < end and data[line] <= 32:
        line += 1
    return line


@kernel
def _is_repeated(page: Page, begin: int, stop: int) -> bool:
    """Whether the text ends in a formula that is the same as text[begin:stop]."""
    state, text = page.state, page.text
    place = state[PUT] - 1
    if not state[OPEN] or state[SPACE] or state[FORMULA] != state[PUT] or place <= page.begin[state[BLOCKS]]:
        return False
    if text[place] != INLINE_END and text[place] != DISPLAY_END:
        return False
    while stop > begin:
        place -= 1
        stop -= 1
        if text[place] != text[stop]:
            return False
    return bool(text[place - 1] == INLINE_FORMULA or text[place - 1] == DISPLAY_FORMULA)


@kernel
def _move(begin: int, stop: int, page: Page) -> None:
    """Append text[begin:stop], which is written behind the text, to the text."""
    state, text = page.state, page.text
    put = state[PUT]
    for place in range(begin, stop):
        text[put] = text[place]
        put += 1
    if state[LINKS]:
        page.links[state[BLOCKS]] += put - state[PUT]
    state[PUT] = put
