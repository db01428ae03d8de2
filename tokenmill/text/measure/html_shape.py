"""How deep HTML nests, and how many tags, options and attributes on a tag it has, in one pass over the bytes.

Parsers and extractors take time that grows with the square of some of these: resiliparse 2.0 needs 1.7 s for 10,000
nested <div>, 19 s for 100,000 attributes on a tag, 49 s for 100,000 <option>. So they are looked at before parsing.
"""

from typing import NamedTuple

import numpy as np

from tokenmill.text.html.lexer import find_byte, is_letter, name_code, pass_comment, pass_raw, read_name
from tokenmill.text.kernel.arrays import Bytes, Longs, Offsets, int64
from tokenmill.text.kernel.cache import frozen, kernel

_NOT_NESTING = (  # void elements, and those that a second one, or their parent's end, closes
    "area base br col embed hr img input link meta param source track wbr basefont bgsound frame keygen image"
    " p li dt dd tr td th tbody thead tfoot caption colgroup option a button form nobr html head body"
)
_RAW = "script style textarea title xmp iframe noembed noframes"  # what stands in them is not markup


class Shape(NamedTuple):
    """One value a document, int64 (rows,).

    depth: of open elements, but for those that cannot nest in themselves; 1000 means 1000 or more. tags: start tags.
    attributes: most on one tag. options: `<option>` tags.
    """

    depth: Longs
    tags: Longs
    attributes: Longs
    options: Longs


def html_shape(data: Bytes, offsets: Offsets) -> Shape:
    """The shape of each HTML document data[offsets[r]:offsets[r + 1]]: how deep it nests, how many tags it has.

    HTML's parsing rules are followed in outline only.
    """
    shape = np.zeros((4, len(offsets) - 1), dtype=np.int64)
    _shape_all(data, offsets, _FLAT, _OPAQUE, shape)
    return Shape(*shape)


_FLAT = frozen(np.array(sorted(name_code(name) for name in _NOT_NESTING.split()), dtype=np.int64))
_OPAQUE = frozen(np.array(sorted(name_code(name) for name in _RAW.split()), dtype=np.int64))
_OPTION = name_code("option")


@kernel
def _is_in(codes: Longs, code: int) -> bool:
    at = int64(np.searchsorted(codes, code))
    return bool(at < len(codes) and codes[at] == code)


@kernel
def _pass_attributes(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """(where the tag ends, behind its `>`, how many attributes it has)."""
    count = 0
    while at < end:
        byte = data[at]
        if byte == 62:
            return at + 1, count
        if byte <= 32 or byte == 47:
            at += 1
            continue
        count += 1
        while at < end and data[at] > 32 and data[at] != 62 and data[at] != 61:
            at += 1
        after = at
        while after < end and data[after] <= 32:
            after += 1
        if after >= end or data[after] != 61:
            continue
        at = after + 1
        while at < end and data[at] <= 32:
            at += 1
        if at < end and (data[at] == 34 or data[at] == 39):
            at = find_byte(data, at + 1, end, data[at]) + 1
        else:
            while at < end and data[at] > 32 and data[at] != 62:
                at += 1
    return end, count


@kernel
def _shape_all(data: Bytes, offsets: Offsets, flat: Longs, opaque: Longs, shape: Longs) -> None:
    opened = np.zeros(1000, dtype=np.int64)  # the names of the elements that are open
    for row in range(len(offsets) - 1):
        at = offsets[row]
        end = offsets[row + 1]
        depth = 0
        while True:
            at = find_byte(data, at, end, 60)
            if at + 1 >= end:
                break
            second = data[at + 1]
            if second == 33 or second == 63:
                at = pass_comment(data, at, end)
            elif is_letter(second):
                code, at = read_name(data, at + 1, end)
                at, count = _pass_attributes(data, at, end)
                shape[1, row] += 1
                shape[2, row] = max(shape[2, row], count)
                shape[3, row] += code == _OPTION
                if _is_in(opaque, code):
                    at = pass_raw(data, at, end, code)
                elif data[at - 2] != 47 and not _is_in(flat, code) and depth < len(opened):
                    opened[depth] = code
                    depth += 1
                    shape[0, row] = max(shape[0, row], depth)
            elif second == 47 and at + 2 < end and is_letter(data[at + 2]):
                code, at = read_name(data, at + 2, end)
                at = find_byte(data, at, end, 62) + 1
                level = depth - 1
                while level >= 0 and opened[level] != code:
                    level -= 1
                depth = level if level >= 0 else depth
            else:
                at += 1


def warm() -> None:
    """Compile or load the kernels of this module."""
    html_shape(frozen(np.zeros(1, dtype=np.uint8)), frozen(np.array([0, 1])))
