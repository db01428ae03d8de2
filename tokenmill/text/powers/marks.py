"""Marks around raised and lowered text: bytes that UTF-8 never has.

The readers of HTML and of wikitext write them, and settle.py replaces them when all text is made. Then the bytes on
both sides are those that a reader sees, whatever tags, templates, links and styles they came from.
"""

from typing import Final

RAISED: Final = 0xF8  # two bytes, so that `^(` has room; the second is ITALIC if the text begins in italics
ITALIC: Final = 0xF9
RAISED_END: Final = 0xFA
POWER_END: Final = 0xFB  # the raised text is a power
BRACKET_END: Final = 0xFC  # it gets a closing bracket
LOWERED: Final = 0xFD
LOWERED_END: Final = 0xFE
STRUCK: Final = 0xFF  # before and behind struck text, which stands beside another number
