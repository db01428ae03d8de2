"""Tells whether raised text is a power, or something else such as an ordinal, a note or part of a name.

The text is read into tokens: numbers, letters, signs and brackets. They tell whether it is a formula:

    behind        a number     a symbol    a word
    2  1.5        2^2          x^2         word2 (a note)
    -1            10^-1        m^-1        mol^-1
    2+            SO4^2+       Ca^2+       Ca^2+
    n  (n)        2^n          x^n         apal + y
    n+1  2n       2^(n+1)      x^(2n)      word + n+1
    1/2           5 1/2        x^(1/2)     word + 1/2
    st  a-c  7-5  1st 12a-c    word        word
"""

from typing import Final, NamedTuple

from tokenmill.text.kernel.arrays import Bytes, int64
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.powers.bases import NONE, NUMBER, SYMBOL, WORD, is_digit
from tokenmill.text.powers.marks import LOWERED, LOWERED_END

# How raised text is written behind its base.
NO_POWER: Final = 0  # as it stands
POWER: Final = 1  # x^2
LONG_POWER: Final = 2  # x^(n+1)
TIE_BREAK: Final = 3  # 7–6(5)

# Tokens. Their sequence is a number with _BITS for each, the last one lowest.
_NUMBER, _VARIABLE, _LETTER, _PLUS, _DASH, _TIMES, _SLASH, _OPENER, _CLOSER = range(1, 10)
_BITS = 4
_MOST_TOKENS = 15
_OTHER, _NOTHING = 14, 15  # _OTHER: what no formula has; _NOTHING: white space and marks

_PARTS = (2, 3, 4, 5, 6, 8, 16, 32, 64)  # denominators of mixed numbers such as 5 1/2
_VARIABLES = tuple(map(ord, "ijkxyznN"))  # letters that stand for a number behind a number: no ordinal, unit or note
_EXPONENTS = tuple(map(ord, "mpqT"))  # and these behind a symbol


class _Found(NamedTuple):
    """How many of each there are in raised text; is_signed: it begins with a sign."""

    numbers: int
    letters: int
    variables: int
    pluses: int
    dashes: int
    slashes: int
    is_signed: bool
    is_bracketed: bool  # its first bracket closes at its end


@kernel
def power_of(text: Bytes, start: int, stop: int, base: int, is_free: bool) -> int:
    """Returns NO_POWER, POWER or LONG_POWER for the raised text[start:stop] behind a base of this kind.

    is_free: any letter is a variable, because it is in italics or behind the letter e.
    """
    tokens, is_long = _tokens(text, start, stop, base, is_free)
    if tokens == 0 or base == NONE:
        return int64(NO_POWER)
    last, before = tokens & 15, tokens >> _BITS
    is_sign = last in (_PLUS, _DASH)
    if before == _NUMBER and is_sign:  # a charge
        return int64(POWER)
    if last == _NUMBER and before in (_PLUS, _DASH):
        return int64(POWER)
    if base == WORD:
        return int64(NO_POWER)
    if tokens == _NUMBER or (tokens == _VARIABLE and not is_long):
        return int64(POWER)
    if is_sign or last in (_TIMES, _SLASH, _OPENER):
        return int64(NO_POWER)
    is_formula, found = _find(tokens)
    if not is_formula or not _is_power(found, base, is_free, text, start, stop):
        return int64(NO_POWER)
    return int64(POWER if found.is_bracketed else LONG_POWER)


@kernel
def _is_power(found: _Found, base: int, is_free: bool, text: Bytes, start: int, stop: int) -> bool:
    """Returns True for a formula that is a power; not for a range, a note or a mixed number."""
    signs = found.pluses + found.dashes + found.slashes
    if found.letters == 0:
        if found.slashes:
            is_fraction = signs == 1 and found.numbers == 2
            return is_fraction and (base == SYMBOL or found.is_signed or not _is_part(text, start, stop))
        return found.dashes == 0 and (found.numbers == 1 or signs > 0)
    if signs == 0 and found.numbers == 0:
        if found.letters == 1:
            return found.variables > 0 or found.is_signed
        is_product = found.variables == 2 and (base == SYMBOL or (not is_free and text[stop - 1] < 0x80))
        return found.letters == 2 and is_product and not _is_ordinal(text, start, stop)
    if signs == 0:
        return found.variables > 0
    return found.numbers > 0 or found.pluses > 0 or found.variables > 0


@kernel
def _find(tokens: int) -> tuple[bool, _Found]:
    """Returns (True if brackets are balanced and no two signs meet, what there is)."""
    numbers, letters, variables = int64(0), int64(0), int64(0)
    pluses, dashes, slashes = int64(0), int64(0), int64(0)
    depth, last = int64(0), int64(_OPENER)
    is_signed, is_bracketed, is_formula = False, True, True
    place = _MOST_TOKENS * _BITS
    while place > 0:
        place -= _BITS
        token = tokens >> place & 15
        if token == 0:
            continue
        begins = last in (_OPENER, _PLUS, _DASH, _TIMES, _SLASH)
        if _PLUS <= token <= _SLASH:
            is_unary = last == _OPENER and token in (_PLUS, _DASH)
            is_formula &= is_unary or not begins
            is_signed |= is_unary and letters + numbers == 0
            pluses += token in (_PLUS, _TIMES) and not is_unary
            dashes += token == _DASH and not is_unary
            slashes += token == _SLASH
        numbers += token == _NUMBER
        is_formula &= token != _NUMBER or last != _NUMBER
        letters += token in (_VARIABLE, _LETTER)
        variables += token == _VARIABLE
        depth += (token == _OPENER) - (token == _CLOSER)
        is_formula &= depth >= 0 and (token != _CLOSER or not begins)
        is_bracketed &= depth > 0 or place == 0
        last = token
    is_bracketed &= last == _CLOSER
    found = _Found(numbers, letters, variables, pluses, dashes, slashes, is_signed, is_bracketed)
    return is_formula and depth == 0, found


@kernel
def _tokens(text: Bytes, start: int, stop: int, base: int, is_free: bool) -> tuple[int, bool]:
    """Returns (the tokens of text[start:stop], 0 if it is no formula; True if a variable has a subscript)."""
    tokens, count, run = int64(0), int64(0), int64(0)
    is_long = False
    at = start
    while at < stop:
        if text[at] == LOWERED and run:
            is_long = True
            while at < stop and text[at] != LOWERED_END:
                at += 1
            continue
        token, size = _token(text, at, stop, base, is_free)
        at += size
        if token == _NOTHING:
            continue
        run = run + 1 if token in (_VARIABLE, _LETTER) else int64(0)
        count += 1
        if token == _OTHER or run > 2 or count > _MOST_TOKENS:
            return int64(0), False
        tokens = tokens << _BITS | token
    return tokens, is_long


@kernel
def _token(text: Bytes, at: int, stop: int, base: int, is_free: bool) -> tuple[int, int]:
    """Returns (the token at text[at], its bytes)."""
    byte = int64(text[at])
    if is_digit(byte) or (byte == 46 and at + 1 < stop and is_digit(text[at + 1])):
        end = at + 1
        while end < stop and (is_digit(text[end]) or (_is_point(text, end, stop) and is_digit(text[end - 1]))):
            end += 1
        return int64(_NUMBER), int64(end - at)
    if 97 <= byte | 32 <= 122:
        return int64(_VARIABLE if _is_variable(byte, base, is_free) else _LETTER), int64(1)
    if byte in (0xCE, 0xCF):  # Greek
        return int64(_VARIABLE), int64(2)
    if byte < 9 or byte in (32, 33) or byte >= 0xF8:  # 33: a factorial
        return int64(_NOTHING), int64(1)
    return (_sign(byte), int64(1)) if byte < 0x80 else _long_sign(text, at, stop)


@kernel
def _sign(byte: int) -> int:
    """Returns the token of a sign of ASCII."""
    if byte in (40, 41):
        return int64(_OPENER if byte == 40 else _CLOSER)
    if byte in (43, 45):
        return int64(_PLUS if byte == 43 else _DASH)
    return int64(_SLASH if byte == 47 else _TIMES if byte in (42, 94) else _OTHER)  # / * ^


@kernel
def _long_sign(text: Bytes, at: int, stop: int) -> tuple[int, int]:
    """Returns (the token at text[at], a character of two or three bytes; its bytes)."""
    first, second = int64(text[at]), int64(text[at + 1]) if at + 1 < stop else int64(0)
    third = int64(text[at + 2]) if at + 2 < stop else int64(0)
    if first < 0xE0:
        is_times = (first == 0xC2 and second == 0xB7) or (first == 0xC3 and second == 0x97)  # · ×
        is_space = first == 0xC2 and second == 0xA0
        return int64(_TIMES if is_times else _NOTHING if is_space else _OTHER), int64(2)
    token = _OTHER
    if first == 0xE2 and second == 0x88:
        token = _PLUS if third == 0x92 else _VARIABLE if third == 0x9E else _OTHER  # − ∞
    elif first == 0xE2 and second == 0x80:
        is_space = 0x80 <= third <= 0x8B or third == 0xAF
        token = _NOTHING if is_space else _DASH if 0x90 <= third <= 0x93 else _OTHER
    elif first == 0xE2 and second == 0x8B and third == 0x85:  # ⋅
        token = _TIMES
    return int64(token), int64(3)


@kernel
def _is_point(text: Bytes, at: int, stop: int) -> bool:
    """Returns True for a point or comma within a number."""
    return text[at] in (44, 46) and at + 1 < stop and is_digit(text[at + 1])


@kernel
def _is_variable(letter: int, base: int, is_free: bool) -> bool:
    if letter in _VARIABLES or (base == SYMBOL and letter in _EXPONENTS):
        return True
    return is_free and (base != NUMBER or letter not in (97, 101, 111))  # 1o, 19e and 12a, in italics too


@kernel
def _is_ordinal(text: Bytes, start: int, stop: int) -> bool:
    """Returns True for the end of an ordinal: th, or er in French."""
    while start < stop and not 97 <= text[start] | 32 <= 122:
        start += 1
    return start + 1 < stop and (text[start], text[start + 1]) in ((116, 104), (101, 114))


@kernel
def _is_part(text: Bytes, start: int, stop: int) -> bool:
    """Returns True for a fraction that may be part of a mixed number, such as 1/2 or 15/16."""
    while not is_digit(text[start]):
        start += 1
    above, at = number_at(text, start, stop)
    while at < stop and not is_digit(text[at]):
        at += 1
    below, _ = number_at(text, at, stop)
    return is_part(above, below)


@kernel
def is_part(above: int, below: int) -> bool:
    """Returns True for numbers of a fraction that may be part of a mixed number, such as 5 1/2."""
    return 0 <= above < below and below in _PARTS


@kernel
def number_at(text: Bytes, at: int, end: int) -> tuple[int, int]:
    """Returns (the number at text[at:end], at most a million, or -1; where it ends)."""
    number = int64(-1)
    while at < end and is_digit(text[at]):
        number = min(max(number, int64(0)) * 10 + int64(text[at]) - 48, int64(1_000_000))
        at += 1
    return number, int64(at)
