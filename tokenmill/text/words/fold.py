"""Builds the table of character codes for MinHash: which code points are the same letter, and which are no letter.

With everything folded, the table follows datatrove's text normalisation, which FineWeb used, character by character:
lower case, canonical decomposition without non-spacing marks, all decimal digits as `0`, punctuation and symbols as
separators of words. Format characters (soft hyphens, joiners, byte order marks) are left out too, because copies of one
text often differ in these invisible characters. With nothing folded, each character counts as it is, except that white
space only separates words.
"""

import unicodedata
from functools import cache
from typing import Literal

import numpy as np

from tokenmill.text.kernel.arrays import Uints, uint32
from tokenmill.text.kernel.cache import frozen

NOTHING = 0
BREAK = 1  # separates words
JOINER = 2  # separates words, except between two digits, where it is part of the number
DIGIT = 48
AS_IT_IS = 1 << 24  # flag: U+0000 to U+0030 unchanged; without it they would clash with the codes above
ALONE = 1 << 30  # flag: the code is a word by itself
SPELT = 1 << 31  # flag: the other bits are an index into the spellings: the number of codes, then the codes

JOINERS = ".,،٫⎖⎗⎘"

Fold = Literal["case", "marks", "punctuation", "digits"]
FOLDS: tuple[Fold, ...] = ("case", "marks", "punctuation", "digits")
"""All differences that can be ignored.

case: upper and lower case are the same.
marks: accents and format characters are left out.
punctuation: punctuation and symbols only separate words.
digits: each number is one digit.
"""

_ALONE = "e01-eda 1000-104f 1780-17ff 3005-3007 3041-30ff 3105-312f 31f0-31ff 3400-9fff f900-faff ff66-ff9d 20000-323af"
"""Code points of scripts without spaces between words (Chinese, Japanese, Thai, Lao, Burmese, Khmer), as hexadecimal
ranges. Each letter of these scripts is a word.
"""


@cache
def fold_table(fold: tuple[Fold, ...] = FOLDS) -> tuple[Uints, Uints]:
    """Returns MinHash's (code of each code point, uint32 (0x110000,); spellings, uint32), both read-only.

    The spellings list the codes of each code point that becomes several codes (see SPELT).
    """
    codes = np.arange(0x110000, dtype=np.uint32)
    codes[: DIGIT + 1] |= uint32(AS_IT_IS)
    spellings: list[int] = []
    category = unicodedata.category
    for point in (*range(0xD800), *range(0xF900, 0x32400), *range(0xE0000, 0xE0200)):  # all others stay as they are
        character = chr(point)
        if not fold and not character.isspace():
            continue  # with this shortcut the loop takes a fourth of the time
        kind = category(character)
        if kind == "Lo" and not unicodedata.decomposition(character) and not 0xAC00 <= point < 0xD7A4:
            continue  # most code points: they have neither case nor a decomposition
        code = _code_of_kind(character, kind, fold)
        if code is None:
            letters = folded(character, fold)
            if letters == character:
                continue
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


def folded(character: str, fold: tuple[Fold, ...] = FOLDS) -> str:
    """Returns a letter for MinHash in lower case and decomposed (NFD) without non-spacing marks, as `fold` asks for.

    The result is often one character, sometimes several or none.
    """
    letters = character.lower() if "case" in fold else character
    if "marks" not in fold:
        return letters
    return "".join(part for part in unicodedata.normalize("NFD", letters) if unicodedata.category(part) != "Mn")


def _code_of_kind(character: str, kind: str, fold: tuple[Fold, ...]) -> int | None:
    """Returns the code of a character by its Unicode category, or None for letters and for unchanged characters."""
    if character.isspace():
        return BREAK
    if kind == "Nd":
        return DIGIT if "digits" in fold else None
    if "punctuation" in fold and character in JOINERS:
        return JOINER
    if "punctuation" in fold and (kind[0] in "PSZ" or kind == "Cc"):
        return BREAK
    return NOTHING if "marks" in fold and kind in ("Mn", "Cf") else None
