"""The text of a block as Markdown: what Markdown would read as markup is escaped, and formulas stay as they are."""

from tokenmill.text.html.page import DISPLAY_END, DISPLAY_FORMULA, INLINE_END, INLINE_FORMULA, Page
from tokenmill.text.kernel.arrays import Bytes, int64
from tokenmill.text.kernel.cache import kernel


@kernel
def write_prefix(quotes: int, indent: int, out: Bytes, put: int) -> int:
    """Write what stands before a line of Markdown of an HTML page: marks of quotes, and the indent of a list item."""
    for _ in range(quotes):
        out[put], out[put + 1] = 62, 32
        put += 2
    for _ in range(indent):
        out[put] = 32
        put += 1
    return put


@kernel
def write_line_feed(quotes: int, indent: int, out: Bytes, put: int) -> int:
    """End a line of Markdown of an HTML page, and begin the next with its prefix."""
    out[put] = 10
    return write_prefix(quotes, indent, out, put + 1)


@kernel
def write_escaped(
    page: Page, block: int, flat: bool, in_table: bool, quotes: int, indent: int, out: Bytes, put: int
) -> int:
    """Write the text of a block of an HTML page as Markdown. flat: line feeds become spaces, not line breaks."""
    text, begin, end = page.text, page.begin[block], page.end[block]
    dollars = 0
    for at in range(begin, end):
        dollars += text[at] == 36 or text[at] < 9
    tail = end
    while tail > begin and (text[tail - 1] == 35 or text[tail - 1] <= 32):
        tail -= 1
    in_formula = False
    is_first = True  # of a line
    at = begin
    while at < end:
        byte = text[at]
        if byte in (INLINE_FORMULA, DISPLAY_FORMULA, INLINE_END, DISPLAY_END):
            in_formula = byte in (INLINE_FORMULA, DISPLAY_FORMULA)
            for _ in range(2 if byte in (DISPLAY_FORMULA, DISPLAY_END) else 1):
                out[put] = 36
                put += 1
        elif byte == 10 or (byte < 32 and flat):
            if flat:
                out[put] = 32
                put += 1
            else:
                out[put] = 92
                put = write_line_feed(quotes, indent, out, put + 1)
                is_first = True
                at += 1
                continue
        else:
            if in_formula:
                if byte == 124 and in_table:
                    out[put] = 92
                    put += 1
            elif (
                (byte == 124 and in_table)
                or (byte == 36 and dollars > 1)
                or _is_markup(text, at, begin, end, tail, is_first)
            ):
                out[put] = 92
                put += 1
            elif is_first and 48 <= byte <= 57 and not in_table:
                at, put = _write_digits(text, at, end, out, put)
                is_first = False
                continue
            out[put] = byte
            put += 1
        is_first = False
        at += 1
    return put


@kernel
def _write_digits(text: Bytes, at: int, end: int, out: Bytes, put: int) -> tuple[int, int]:
    """Write the number at the begin of a line; behind it a `.` or `)` would make it an item of a list."""
    while at < end and 48 <= text[at] <= 57:
        out[put] = text[at]
        put += 1
        at += 1
    if at < end and (text[at] == 46 or text[at] == 41) and (at + 1 == end or text[at + 1] <= 32):
        out[put], out[put + 1] = 92, text[at]
        put += 2
        at += 1
    return int64(at), put


@kernel
def _is_markup(text: Bytes, at: int, begin: int, end: int, tail: int, is_first: bool) -> bool:
    """Whether Markdown would read the character at `at` as markup. tail: from here on there are only `#` and blanks."""
    byte = text[at]
    if 97 <= (byte | 32) <= 122 or byte >= 128 or byte == 32 or 48 <= byte <= 57:
        return False
    after = text[at + 1] if at + 1 < end else 10
    before = text[at - 1] if at > begin else 10
    if is_first and (byte in (35, 43, 45, 61, 62, 91) or (byte in (42, 95, 126) and (after <= 32 or after == byte))):
        return True
    if byte == 35:
        return before <= 32 and at >= tail  # which a heading may have at its end
    if byte == 96:
        return True
    if byte == 92:
        is_plain = (4 < after <= 32 and after != 10) or 48 <= after <= 57 or 97 <= (after | 32) <= 122 or after >= 128
        return not is_plain
    if byte == 60:
        return 97 <= (after | 32) <= 122 or after == 47 or after == 33 or after == 63
    if byte == 38:
        return 97 <= (after | 32) <= 122 or after == 35
    if byte == 93:
        return after == 40 or after == 58 or after == 91
    if byte == 42 or byte == 126:
        return before > 32
    if byte == 95:
        return before > 32 and not (_is_word(before) and _is_word(after))
    return False


@kernel
def _is_word(byte: int) -> bool:
    return 97 <= (byte | 32) <= 122 or 48 <= byte <= 57 or byte >= 128
