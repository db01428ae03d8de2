"""Tells whether the text before raised text can have a power."""

from typing import Final

from tokenmill.text.kernel.arrays import Bytes, int64
from tokenmill.text.kernel.cache import kernel

NONE: Final = 0  # nothing, a space, or a sign that has no power
NUMBER: Final = 1
SYMBOL: Final = 2  # a letter alone, a unit, a function, a closing bracket, text with a subscript
WORD: Final = 3  # any other word; raised text behind it is the number of a note, or part of the word

_LONGEST_WORD = 5  # letters of a unit or a function
_LONGEST_NUMBER = 24  # bytes of a price or a subscript
_LONGEST_REMARK = 80  # bytes of text in brackets
_REMARK_WORD = 4  # letters of a word that no formula in brackets has


def _codes(words: str) -> tuple[int, ...]:
    return tuple(int.from_bytes(word.encode()) for word in words.split())


_UNITS = _codes("in mi Pa kPa MPa Hz kHz MHz GHz eV keV MeV GeV TeV kpc Mpc mol rad lb oz acre yard")
_FUNCTIONS = _codes("sin cos tan cot sec csc log sinh cosh tanh")
_ORDINALS = _codes("st nd rd th")
_PRODUCTS = _codes("ab ac ar av ax ay az")  # two variables; two consonants are too
_CURRENCIES = _codes("EUR USD CHF GBP PLN SEK NOK DKK CZK HUF RON BRL INR RUB Rs. $")
_BEHIND_CENTS = _codes("zł kr Kč руб Uhr am pm")
_METRES = (0x7C73, 0x5C3A, 0x91CC)  # 米 尺 里


@kernel
def char_before(text: Bytes, first: int, put: int) -> tuple[int, int]:
    """Returns (the code point that ends at text[put - 1], where it begins), (0, put) at the start of the text."""
    if put <= first:
        return int64(0), put
    at = put - 1
    while at > first and text[at] & 0xC0 == 0x80:
        at -= 1
    byte = int64(text[at])
    point = byte if byte < 0x80 else byte & 31 if byte < 0xE0 else byte & 15 if byte < 0xF0 else byte & 7
    for place in range(at + 1, put):
        point = point << 6 | int64(text[place]) & 63
    return point, int64(at)


@kernel
def is_digit(char: int) -> bool:
    """Returns True for an ASCII digit, as a byte or a code point."""
    return 48 <= char <= 57


@kernel
def is_letter_of_word(char: int) -> bool:
    """Returns True for an apostrophe, and for a letter of a script that sets words apart and has letters as symbols."""
    is_latin = 97 <= char | 32 <= 122 or (0xC0 <= char < 0x250 and char not in (0xD7, 0xF7))
    return is_latin or 0x370 <= char < 0x530 or char in (39, 0x2019)


@kernel
def base_before(text: Bytes, first: int, put: int, is_lowered: bool) -> int:
    """Returns what text[first:put] ends with: NONE, NUMBER, SYMBOL or WORD. is_lowered: it ends with a subscript."""
    if put > first and text[put - 1] in (2, 4):  # the end of a formula of HTML
        return int64(SYMBOL)
    char, at = char_before(text, first, put)
    if is_digit(char):
        if not is_lowered:
            return int64(NUMBER)
        while at > max(first, put - _LONGEST_NUMBER) and (is_digit(text[at - 1]) or 44 <= text[at - 1] <= 47):  # 1/2
            at -= 1
        before, _ = char_before(text, first, int64(at))  # nothing before the atomic number of ₂⁴He
        return int64(SYMBOL if is_letter_of_word(before) or before in (41, 93) else NONE)
    if 0xBC <= char <= 0xBE:  # ¼ ½ ¾
        return int64(NUMBER)
    if char in (41, 93, 124):  # ) ] |
        return int64(WORD if char != 124 and _is_remark(text, first, at) else SYMBOL)
    if 0x2100 <= char < 0x2150 or 0x1D400 <= char < 0x1D800 or char in _METRES:  # ℝ 𝑥
        return int64(SYMBOL)
    if not is_letter_of_word(char):
        return int64(WORD if char > 0x530 and not 0x2000 <= char < 0x2C00 else NONE)
    if char in (39, 0x2019):
        return int64(NONE)
    return int64(SYMBOL if is_lowered or _is_symbol(text, first, at, char) else WORD)


@kernel
def _is_symbol(text: Bytes, first: int, at: int, last: int) -> bool:
    """Returns True if the word that ends with `last`, at text[at], is a variable, a unit or a function."""
    before, at = char_before(text, first, at)
    if not is_letter_of_word(before) or (before >= 0x370) != (last >= 0x370):  # m², 5x², πr²
        return True
    code, letters = before << 8 | last, 2
    is_ascii = max(before, last) < 0x80
    while letters <= _LONGEST_WORD:
        char, at = char_before(text, first, at)
        if not is_letter_of_word(char):
            break
        is_ascii &= char < 0x80
        code |= char << (8 * letters) if is_ascii else 0
        letters += 1
    if letters == 2 and last == 0x43C:
        return before in (0x43A, 0x43C, 0x434, 0x441, 0x43D)  # км мм дм см нм
    if not is_ascii or letters > _LONGEST_WORD:
        return False
    is_product = letters == 2 and _is_consonant(before) and _is_consonant(last)
    return code not in _ORDINALS and (is_product or code in _PRODUCTS or code in _UNITS or code in _FUNCTIONS)


@kernel
def _is_consonant(char: int) -> bool:
    return 97 <= char <= 122 and char not in (97, 101, 105, 111, 117, 121)


@kernel
def _is_remark(text: Bytes, first: int, at: int) -> bool:
    """Returns True if the bracket that closes at text[at] has words inside, as no formula has."""
    letters = 0
    opener = 40 if text[at] == 41 else 91
    for place in range(at - 1, max(first, at - _LONGEST_REMARK) - 1, -1):
        if text[place] == opener:
            return False
        if text[place] & 0xC0 == 0x80:
            continue
        letters = letters + 1 if 97 <= text[place] | 32 <= 122 or text[place] >= 0xC3 else 0
        if letters == _REMARK_WORD:
            return True
    return False


@kernel
def ends_in_word(text: Bytes, first: int, put: int) -> bool:
    """Returns True if text[first:put] ends with a word of at least five small letters, or with a remark in brackets."""
    at = put
    while at > max(first, put - _LONGEST_WORD) and 97 <= text[at - 1] <= 122:
        at -= 1
    return bool(put - at == _LONGEST_WORD or (put > first and text[put - 1] in (41, 93)))


@kernel
def is_name(text: Bytes, first: int, put: int, following: int) -> bool:
    """Returns True if a capital alone stands before the raised text and another capital behind it, as in I²C."""
    char, at = char_before(text, first, put)
    before, _ = char_before(text, first, at)
    return 65 <= char <= 90 and 65 <= following <= 90 and not is_digit(before)


@kernel
def is_ten(text: Bytes, first: int, put: int) -> bool:
    """Returns True if text[first:put] ends with the number 10."""
    is_number = put - first > 1 and text[put - 2] == 49 and text[put - 1] == 48
    return is_number and (put - first == 2 or not (is_digit(text[put - 3]) or text[put - 3] in (44, 46)))


@kernel
def is_e(text: Bytes, first: int, put: int) -> bool:
    """Returns True if the base is the letter e alone, whose powers have any letters."""
    char, at = char_before(text, first, put)
    before, _ = char_before(text, first, at)
    return char == 101 and not is_letter_of_word(before)


@kernel
def is_score(text: Bytes, first: int, put: int) -> bool:
    """Returns True behind the score of a set of tennis, 7–6 or 6–7: the number of the tie-break is raised."""
    char, at = char_before(text, first, put)
    dash, at = char_before(text, first, at)
    other, at = char_before(text, first, at)
    if other == 41:  # 7(7)–6
        while at > max(first, put - _LONGEST_NUMBER) and is_digit(text[at - 1]):
            at -= 1
        other, at = char_before(text, first, int64(at))
        other, at = char_before(text, first, at)
    before, _ = char_before(text, first, at)
    is_set = (char == 54 and other == 55) or (char == 55 and other == 54)
    return is_set and dash in (45, 0x2010, 0x2011, 0x2013) and not is_digit(before)


@kernel
def is_lost_score(text: Bytes, first: int, put: int, at: int, end: int) -> bool:
    """Returns True before the other half of such a score, at text[at:end]: 6(4)–7."""
    char, begin = char_before(text, first, put)
    before, _ = char_before(text, first, begin)
    if char not in (54, 55) or is_digit(before) or at + 1 >= end:
        return False
    is_dash = at + 3 < end and text[at] == 0xE2 and text[at + 1] == 0x80 and 0x90 <= text[at + 2] <= 0x93
    at += 3 if is_dash else text[at] == 45
    is_alone = at + 1 >= end or not is_digit(text[at + 1])
    return bool((is_dash or text[at - 1] == 45) and text[at] in (54, 55) and text[at] != char and is_alone)


@kernel
def is_price(text: Bytes, first: int, put: int) -> bool:
    """Returns True if text[first:put] ends with a number behind the sign of a currency, whose cents are raised: $9."""
    at = put
    while at > max(first, put - _LONGEST_NUMBER) and (is_digit(text[at - 1]) or text[at - 1] in (44, 46)):
        at -= 1
    char, before = char_before(text, first, int64(at))
    if char in (32, 0xA0):
        char, _ = char_before(text, first, before)
    if at < put and (char in (36, 0xA3, 0xA5) or 0x20A0 <= char <= 0x20CF):  # $ £ ¥ €
        return True
    at -= at > first and text[at - 1] == 32
    code = int64(0)
    for place in range(max(first, at - 3), at):
        code = code << 8 | int64(text[place])
    return code in _CURRENCIES


@kernel
def is_unit_of_cents(text: Bytes, at: int, end: int) -> bool:
    """Returns True if a currency or a word for the time of day begins at text[at], behind a space or none."""
    at += at < end and text[at] == 32
    at += 2 if at + 1 < end and text[at] == 0xC2 and text[at + 1] == 0xA0 else 0
    code, place = int64(0), at
    while place < min(end, at + 3) and (97 <= text[place] | 32 <= 122 or text[place] >= 0x80 or text[place] == 36):
        code = code << 8 | int64(text[place])
        place += 1
    is_sign = code >> 8 == 0xE282 and 0xA0 <= code & 255 <= 0xCF  # €
    is_word = code in _CURRENCIES or code in _BEHIND_CENTS
    return bool(is_sign or (is_word and (place - at == 3 or place == end or text[place] < 0x80)))
