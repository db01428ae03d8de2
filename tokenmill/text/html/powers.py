"""Superscripts and subscripts: text that they would otherwise make part of a number or a word is set apart.

A number or a variable in a `<sup>` behind a number, a letter or a unit is a power, and gets a `^`: 2^n, m^2, e^(x + 1).
"""

from typing import Final

from tokenmill.text.html.lexer import code_of, find_byte, is_letter, name_code, read_name
from tokenmill.text.html.page import BLOCKS, DEPTH, ENDED, HIDE, LAST_TAG, OPEN, PUT, SCRIPT, SPACE, Page, put_byte
from tokenmill.text.html.tags import POWER_TRAIT, TAG
from tokenmill.text.kernel.arrays import Bytes, int64
from tokenmill.text.kernel.cache import kernel

_SUP, _SUB = TAG["sup"], TAG["sub"]
_POWER_BYTES = 64  # longest text of a power, with tags

# Kinds of the parts of a power.
_OTHER: Final = 0
_END: Final = 1
_WHITE: Final = 2
_DIGIT: Final = 3
_LETTER: Final = 4
_SIGN: Final = 5
_OPENER: Final = 6
_CLOSER: Final = 7

_SUP_CODE, _STYLES = name_code("sup"), tuple(map(name_code, ("i", "b", "em", "var")))
_WHITE_CODES = tuple(map(name_code, ("nbsp", "thinsp", "#160", "#8201")))
_SLASHES = tuple(map(name_code, ("frasl", "#8260", "#x2044")))
_MINUS_CODES = tuple(map(name_code, ("minus", "ndash", "#8722", "#8211", "#x2212")))


@kernel
def begin_script(data: Bytes, at: int, end: int, tag: int, page: Page) -> None:
    """Prepare for the text of the `<sup>` or `<sub>` that begins at `at`, and write the `^` of a power."""
    state = page.state
    state[SCRIPT] = 95
    if tag != _SUP:
        return
    if _is_mark(data, at, end):
        state[SCRIPT] = 0
        return
    follows = state[OPEN] and not state[SPACE] and not state[HIDE]
    base = _base(page) if follows else int64(0)
    if follows and base == _OTHER and state[LAST_TAG] == _SUB and state[ENDED] == state[PUT]:  # x<sub>i</sub>
        base = int64(_LETTER)
    if follows and _is_price(page):
        state[SCRIPT] = 32 if base == _DIGIT else 0
        return
    state[SCRIPT] = 32 if base != _LETTER and _is_fraction(data, at, end) else 94
    size = _power(data, at, end, base) if base and state[SCRIPT] == 94 else int64(0)
    if size:
        put_byte(page, 94)
        state[SCRIPT] = 0
    if size == 2:
        put_byte(page, 40)
        page.traits[page.stack[state[DEPTH] - 1]] |= POWER_TRAIT


@kernel
def end_script(traits: int, page: Page) -> None:
    """End a `<sup>`, `<sub>` or `<del>` with these traits. A number that directly follows is no part of it."""
    if traits & POWER_TRAIT and page.state[OPEN]:
        put_byte(page, 41)
    page.state[SCRIPT] = -page.state[PUT]


@kernel
def _is_mark(data: Bytes, at: int, end: int) -> bool:
    """Whether the superscript at `at` begins with a mark such as † or ™, or with €: not with U+2010 to U+2013 or −."""
    if at + 2 >= end or data[at] != 0xE2:
        return False
    is_dash = data[at + 1] == 0x80 and 0x90 <= data[at + 2] <= 0x93
    return not (is_dash or (data[at + 1] == 0x88 and data[at + 2] == 0x92))


@kernel
def _is_price(page: Page) -> bool:
    """Whether the text ends in a number behind the sign of a currency, whose cents stand higher: $9."""
    text, begin, at = page.text, page.begin[page.state[BLOCKS]], page.state[PUT]
    while at > begin and (48 <= text[at - 1] <= 57 or text[at - 1] in (44, 46)):
        at -= 1
    if at == page.state[PUT] or at == begin:
        return False
    is_pound = at - begin >= 2 and text[at - 2] == 0xC2 and text[at - 1] in (0xA3, 0xA5)  # £ ¥
    is_euro = at - begin >= 3 and text[at - 3] == 0xE2 and text[at - 2] == 0x82 and text[at - 1] == 0xAC
    return bool(text[at - 1] == 36 or is_pound or is_euro)


@kernel
def _is_fraction(data: Bytes, at: int, end: int) -> bool:
    """Whether the <sup> that begins at `at` is the numerator of a fraction: digits, its end tag, a slash."""
    place = at
    while place < end and 48 <= data[place] <= 57:
        place += 1
    if place == at or place + 7 > end or data[place] != 60 or data[place + 1] != 47:
        return False
    place = find_byte(data, place, end, 62) + 1
    if place + 2 >= end:
        return False
    is_entity = (
        data[place] == 38 and code_of(data, place + 1, find_byte(data, place, min(end, place + 8), 59)) in _SLASHES
    )
    is_solidus = data[place] == 0xE2 and data[place + 1] == 0x81 and data[place + 2] == 0x84
    is_lowered = (
        place + 4 < end and data[place + 1] == 60 and data[place + 2] | 32 == 115 and data[place + 4] | 32 == 98
    )
    is_slash = data[place] == 47 and (48 <= data[place + 1] <= 57 or is_lowered)  # not 10^6/ml
    return bool(is_slash or is_entity or is_solidus)


@kernel
def _base(page: Page) -> int:
    """What the text ends in: a digit, a letter (or a unit, or a parenthesis) that may have a power, or _OTHER."""
    begin = page.begin[page.state[BLOCKS]]
    last, at = _char_before(page.text, begin, page.state[PUT])
    if 48 <= last <= 57:
        return int64(_DIGIT)
    if last == 41:
        return int64(_LETTER)
    if not _is_in_word(last) or last in (39, 0x2019):
        return int64(_OTHER)
    before, at = _char_before(page.text, begin, at)
    if not _is_in_word(before) or (before >= 0x370) != (last >= 0x370):  # πr
        return int64(_LETTER)
    first, _ = _char_before(page.text, begin, at)
    if _is_in_word(first):
        return int64(_OTHER)
    is_unit = last == 0x43C and before in (0x43A, 0x43C, 0x434, 0x441)  # км мм дм см
    is_unit |= (before == 105 and last == 110) or (before == 109 and last == 105)  # in, mi
    is_unit |= _is_consonant(before) and _is_consonant(last)  # cm, ft; mc, bx: no word
    return int64(_LETTER if is_unit else _OTHER)


@kernel
def _char_before(text: Bytes, begin: int, at: int) -> tuple[int, int]:
    """(character that ends at `at`, 0 without one or with one of four bytes, where it begins)."""
    if at <= begin:
        return int64(0), at
    last = int64(text[at - 1])
    if last < 128:
        return last, at - 1
    if at - 2 >= begin and text[at - 2] >= 0xC0:
        return (int64(text[at - 2]) & 31) << 6 | last & 63, at - 2
    if at - 3 >= begin and text[at - 3] >= 0xE0:
        return (int64(text[at - 3]) & 15) << 12 | (int64(text[at - 2]) & 63) << 6 | last & 63, at - 3
    return int64(0), at - 1


@kernel
def _is_in_word(char: int) -> bool:
    """Whether it is an apostrophe, or a letter of Latin, Greek or Cyrillic."""
    is_latin = 97 <= char | 32 <= 122 or (0xC0 <= char < 0x250 and char not in (0xD7, 0xF7))
    return is_latin or 0x370 <= char < 0x530 or char in (39, 0x2019)


@kernel
def _is_consonant(char: int) -> bool:
    return 97 <= char <= 122 and char not in (97, 101, 105, 111, 117, 121)


@kernel
def _power(data: Bytes, at: int, end: int, base: int) -> int:
    """Whether the `<sup>` that begins at `at` is a power: 0 no, 1 a number or a letter, 2 something longer.

    Ordinals such as `1st`, marks of notes, and words are not powers. base: _DIGIT or _LETTER.
    """
    end = min(end, at + _POWER_BYTES)
    numbers = letters = run = signs = slashes = pluses = depth = openers = 0
    is_signed = False
    first_letter = first = last = int64(_OTHER)
    while True:
        kind, byte, after = _part(data, at, end)
        if kind == _OTHER or after > end or (kind == _WHITE and not first and byte == 32):
            return int64(0)
        at = after
        if kind == _END:
            break
        run = run + 1 if kind == _LETTER else 0
        if kind == _DIGIT:
            numbers += last != _DIGIT
        elif kind == _LETTER:
            first_letter = first_letter if letters else byte
            letters += 1
        elif kind == _SIGN:
            if last == _SIGN or (not first and byte == 47):
                return int64(0)
            is_signed |= not first
            signs += first > 0
            slashes += byte == 47
            pluses += byte == 43
        elif kind == _OPENER:
            openers += 1
            depth += 1
        elif kind == _CLOSER:
            depth -= 1
        if run > 2 or depth < 0:
            return int64(0)
        if kind != _WHITE or last == _DIGIT:  # the digits of 1 000 are two numbers
            last = kind
        first = first if first or kind == _WHITE else kind
    if last == _SIGN or depth:
        return int64(0)
    if signs:
        if not letters:
            return int64(2 if base == _LETTER and slashes == signs else 0)
        is_range = not numbers and not pluses and 97 <= first_letter | 32 <= 104  # a-c, a/b: notes
        return int64(0 if is_range else 1 if first == _OPENER and last == _CLOSER and openers == 1 else 2)
    if openers or numbers + letters > 2 or numbers > 1:
        return int64(0)
    if numbers and not is_signed and at < end and 65 <= data[at] <= 90:  # a name: I2C
        return int64(0)
    if numbers + letters == 1:
        return int64(is_signed or numbers > 0 or _is_variable(first_letter))
    return int64(2 if is_signed or (numbers > 0 and last == _LETTER and _is_variable(first_letter)) else 0)


@kernel
def _is_variable(letter: int) -> bool:
    """Whether a letter alone is a variable, not an ordinal (19e, 1o), a unit (5h, 9p) or a note (12a)."""
    return 105 <= letter <= 107 or 120 <= letter <= 122 or letter | 32 == 110  # i to k, x to z, n, N


@kernel
def _part(data: Bytes, at: int, end: int) -> tuple[int, int, int]:
    """(kind of the part of a power at `at`, its first byte, where it ends)."""
    if at + 2 >= end:
        return int64(_OTHER), int64(0), at
    byte = int64(data[at])
    if byte == 60:
        is_end = int64(data[at + 1] == 47)
        code, after = read_name(data, at + 1 + is_end, end)
        if after >= end or data[after] != 62:
            return int64(_OTHER), byte, at
        if code in _STYLES:
            return int64(_WHITE), byte, after + 1
        return int64(_END if is_end and code == _SUP_CODE else _OTHER), byte, after + 1
    if byte == 38:
        after = find_byte(data, at, min(end, at + 8), 59)
        code = code_of(data, at + 1, after)
        kind = _WHITE if code in _WHITE_CODES else _SIGN if code in _MINUS_CODES else _OTHER
        return int64(kind), int64(45), after + 1
    if 48 <= byte <= 57 or (byte == 46 and 48 <= data[at + 1] <= 57):
        return int64(_DIGIT), byte, at + 1
    if is_letter(data[at]):
        return int64(_LETTER), byte, at + 1
    if byte in (43, 45, 47):
        return int64(_SIGN), byte, at + 1
    if byte in (40, 41):
        return int64(_OPENER if byte == 40 else _CLOSER), byte, at + 1
    if byte == 32:
        return int64(_WHITE), byte, at + 1
    second, third = data[at + 1], data[at + 2]
    if byte in (0xCE, 0xCF):
        return int64(_LETTER), byte, at + 2
    if byte == 0xC2 and second in (0xA0, 0xB7):
        return int64(_WHITE if second == 0xA0 else _SIGN), byte, at + 2
    is_minus = (second == 0x88 and third == 0x92) or (second == 0x80 and third == 0x93)
    return int64(_SIGN if byte == 0xE2 and is_minus else _OTHER), byte, at + 3
