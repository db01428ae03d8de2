"""How deep HTML nests, and how many tags, options and attributes on a tag it has, in one pass over the bytes.

Parsers and extractors take time that grows with the square of some of these: resiliparse 2.0 needs 1.7 s for 10,000
nested <div>, 19 s for 100,000 attributes on a tag, 49 s for 100,000 <option>. So they are looked at before parsing.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tokenmill.text.cache import frozen, kernel

Bytes = npt.NDArray[np.uint8]
Longs = npt.NDArray[np.int64]

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


def html_shape(data: Bytes, offsets: Longs) -> Shape:
    """The shape of each document data[offsets[r]:offsets[r + 1]]; HTML's parsing rules are followed in outline only."""
    shape = np.zeros((4, len(offsets) - 1), dtype=np.int64)
    _shape_all(data, offsets, _FLAT, _OPAQUE, shape)
    return Shape(*shape)


def _name_code(name: str) -> int:
    """The number a tag's name has in the kernels: its letters, five bits each, the first twelve of them."""
    code = 0
    for letter in name[:12]:
        code = code << 5 | ord(letter) & 31
    return code


_FLAT = frozen(np.array(sorted(_name_code(name) for name in _NOT_NESTING.split()), dtype=np.int64))
_OPAQUE = frozen(np.array(sorted(_name_code(name) for name in _RAW.split()), dtype=np.int64))
_OPTION = _name_code("option")


@kernel
def _is_in(codes, code):  # type: ignore[no-untyped-def]
    at = np.searchsorted(codes, code)
    return at < len(codes) and codes[at] == code


@kernel
def _is_letter(byte):  # type: ignore[no-untyped-def]
    return 97 <= (byte | 32) <= 122


@kernel
def _find(data, at, end, byte):  # type: ignore[no-untyped-def]
    """The first place of a byte from `at` on, `end` if there is none."""
    place, stop = np.uint64(at), np.uint64(end)  # unsigned, so that no index can count from the end: twice as fast
    while place < stop and data[place] != byte:
        place += np.uint64(1)
    return np.int64(place)


@kernel
def _read_name(data, at, end):  # type: ignore[no-untyped-def]
    """(code of the tag name that begins at `at`, where it ends)."""
    code = np.int64(0)
    letters = 0
    while at < end and data[at] > 32 and data[at] != 62 and data[at] != 47:
        if letters < 12:
            code = code << 5 | np.int64(data[at] & 31)
            letters += 1
        at += 1
    return code, at


@kernel
def _pass_attributes(data, at, end):  # type: ignore[no-untyped-def]
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
            at = _find(data, at + 1, end, data[at]) + 1
        else:
            while at < end and data[at] > 32 and data[at] != 62:
                at += 1
    return end, count


@kernel
def _pass_raw(data, at, end, code):  # type: ignore[no-untyped-def]
    """Where the end tag of a raw element stands, `end` if it has none."""
    while at < end:
        at = _find(data, at, end, 60)
        if at + 2 < end and data[at + 1] == 47 and _read_name(data, at + 2, end)[0] == code:
            return at
        at += 1
    return end


@kernel
def _pass_comment(data, at, end):  # type: ignore[no-untyped-def]
    """Where markup goes on behind `<!…` or `<?…` at `at`."""
    if at + 4 <= end and data[at + 1] == 33 and data[at + 2] == 45 and data[at + 3] == 45:
        at += 4
        while at < end:
            at = _find(data, at, end, 62)
            if data[at - 1] == 45 and data[at - 2] == 45:
                return at + 1
            at += 1
        return end
    return _find(data, at, end, 62) + 1


@kernel
def _shape_all(data, offsets, flat, opaque, shape):  # type: ignore[no-untyped-def]
    opened = np.zeros(1000, dtype=np.int64)  # the names of the elements that are open
    for row in range(len(offsets) - 1):
        at = offsets[row]
        end = offsets[row + 1]
        depth = 0
        while True:
            at = _find(data, at, end, 60)
            if at + 1 >= end:
                break
            second = data[at + 1]
            if second == 33 or second == 63:
                at = _pass_comment(data, at, end)
            elif _is_letter(second):
                code, at = _read_name(data, at + 1, end)
                at, count = _pass_attributes(data, at, end)
                shape[1, row] += 1
                shape[2, row] = max(shape[2, row], count)
                shape[3, row] += code == _OPTION
                if _is_in(opaque, code):
                    at = _pass_raw(data, at, end, code)
                elif data[at - 2] != 47 and not _is_in(flat, code) and depth < len(opened):
                    opened[depth] = code
                    depth += 1
                    shape[0, row] = max(shape[0, row], depth)
            elif second == 47 and at + 2 < end and _is_letter(data[at + 2]):
                code, at = _read_name(data, at + 2, end)
                at = _find(data, at, end, 62) + 1
                level = depth - 1
                while level >= 0 and opened[level] != code:
                    level -= 1
                depth = level if level >= 0 else depth
            else:
                at += 1


def warm() -> None:
    """Compile or load the kernels of this module."""
    html_shape(frozen(np.zeros(1, dtype=np.uint8)), frozen(np.array([0, 1])))
