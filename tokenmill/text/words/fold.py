"""How MinHash sees a character: one table that says which code points are the same letter, and which are none.

It follows datatrove's text normalisation, which FineWeb used, character by character: lower case, canonical
decomposition without its non-spacing marks, decimal digits all `0`, punctuation and symbols between words. Format
characters (soft hyphens, joiners, byte order marks) are left out too, because copies differ in what nobody sees.
"""

import unicodedata
from functools import cache

import numpy as np

from tokenmill.text.kernel.arrays import Uints, uint32
from tokenmill.text.kernel.cache import frozen

NOTHING = 0
BREAK = 1  # between words
JOINER = 2  # between words, except that between two digits it is part of the number
DIGIT = 48
ALONE = 1 << 30  # flag: the code is a word by itself
SPELT = 1 << 31  # flag: the rest is a place in the spellings: how many codes, then the codes

JOINERS = ".,،٫⎖⎗⎘"

_ALONE = "e01-eda 1000-104f 1780-17ff 3005-3007 3041-30ff 3105-312f 31f0-31ff 3400-9fff f900-faff ff66-ff9d 20000-323af"
"""Scripts without spaces between words (Chinese, Japanese, Thai, Lao, Burmese, Khmer): there each letter is a word."""


@cache
def fold_table() -> tuple[Uints, Uints]:
    """(code of every code point, uint32 (0x110000,); spellings of those that are several codes), both read-only."""
    codes = np.arange(0x110000, dtype=np.uint32)
    spellings: list[int] = []
    category = unicodedata.category
    for point in (*range(0xD800), *range(0xF900, 0x32400), *range(0xE0000, 0xE0200)):  # elsewhere each is itself
        character = chr(point)
        kind = category(character)
        if kind == "Lo" and not unicodedata.decomposition(character) and not 0xAC00 <= point < 0xD7A4:
            continue  # most of them, and neither case nor parts
        code = _code_of_kind(character, kind)
        if code is None:
            letters = folded(character)
            if len(letters) == 1:
                code = ord(letters)
            else:
                code = SPELT | len(spellings) if letters else NOTHING
                spellings += [len(letters), *map(ord, letters)] if letters else []
        codes[point] = code
    for part in _ALONE.split():
        first, last = (int(end, 16) for end in part.split("-"))
        block = codes[first : last + 1]
        block[(block > DIGIT) & (block < SPELT)] |= uint32(ALONE)
    return frozen(codes), frozen(np.array(spellings, dtype=np.uint32))


def folded(character: str) -> str:
    """A letter's lower case, decomposed (NFD), without non-spacing marks; often one character, sometimes none."""
    parts = unicodedata.normalize("NFD", character.lower())
    return "".join(part for part in parts if unicodedata.category(part) != "Mn")


def _code_of_kind(character: str, kind: str) -> int | None:
    if kind == "Nd":
        return DIGIT
    if character in JOINERS:
        return JOINER
    if kind[0] in "PSZ" or kind == "Cc":
        return BREAK
    return NOTHING if kind in ("Mn", "Cf") else None
