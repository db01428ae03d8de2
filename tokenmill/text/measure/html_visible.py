"""How much of an HTML file is text that stands on the page: all that is no tag, comment, script or style.

What BeautifulSoup's get_text gives once `script` and `style` are taken out, which is what BigCode measures: white space
counts, a character reference is one character. HTML's parsing rules are followed in outline only.
"""

import numpy as np

from tokenmill.core.columns import BoolMask
from tokenmill.text.html.entities import C1_POINTS, ENTITY_BYTES, ENTITY_HASHES, read_entity
from tokenmill.text.html.lexer import is_letter, name_code, next_attribute, pass_comment, pass_raw, read_name
from tokenmill.text.kernel.arrays import Bytes, Hashes, Longs, Offsets, int64
from tokenmill.text.kernel.cache import frozen, kernel, pointer
from tokenmill.text.words.segment import tiny

_SCRIPT, _STYLE = name_code("script"), name_code("style")


def visible_chars(buffer: Bytes, offsets: Offsets, wanted: BoolMask) -> Longs:
    """Code points of text on the page for each HTML document, int64 (rows,); 0 for those that are not wanted."""
    counts = np.zeros(len(offsets) - 1, dtype=np.int64)
    _count_all(buffer, offsets, frozen(wanted), ENTITY_HASHES, ENTITY_BYTES, C1_POINTS, counts)
    return counts


@kernel
def _count_all(
    buffer: Bytes, offsets: Offsets, wanted: BoolMask, hashes: Hashes, values: Longs, c1: Longs, counts: Longs
) -> None:
    text = pointer(buffer)
    for row in range(len(counts)):
        if wanted[row]:
            counts[row] = _count(text, offsets[row], offsets[row + 1], hashes, values, c1)


@kernel
def _count(text: Bytes, at: int, end: int, hashes: Hashes, values: Longs, c1: Longs) -> int:
    chars = int64(0)
    while at < end:
        byte = text[at]
        if byte == 60 and at + 1 < end and (text[at + 1] == 33 or text[at + 1] == 63):
            at = pass_comment(text, at, end)
        elif byte == 60 and at + 1 < end and (is_letter(text[at + 1]) or text[at + 1] == 47):
            at = _pass_tag(text, at, end)
        else:
            chars += byte & 0xC0 != 0x80
            at = read_entity(text, at, end, hashes, values, c1)[1] if byte == 38 else at + 1
    return chars


@kernel
def _pass_tag(text: Bytes, at: int, end: int) -> int:
    """Returns the place after the tag at `at`, for a script or style after its end tag."""
    is_end = text[at + 1] == 47
    name, at = read_name(text, at + 2 if is_end else at + 1, end)
    found = int64(0)
    while found >= 0:
        found, _, _, at = next_attribute(text, at, end)
    return pass_raw(text, at, end, name) if not is_end and name in (_SCRIPT, _STYLE) else at


def warm() -> None:
    """Compile or load the kernels of this module."""
    visible_chars(*tiny()[:2], np.ones(1, dtype=np.bool_))
