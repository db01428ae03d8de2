"""Finds the values of JSON arrays in a file, in the memory of one value. After a damaged value the next ones are found.

Only strings and brackets are followed; each value is parsed alone, as a line of JSON Lines is. Values outside of an
array are found too, because files may be joined.
"""

import re
from collections.abc import Iterable, Iterator

from tokenmill.core.errors import DataError
from tokenmill.core.io.compression import DecompressionError
from tokenmill.stages.reading.json_lines import BREAK, MAX_DEPTH, RawLine

_MARK = re.compile(rb'["\[\]{},]')
_COMMAS = re.compile(rb"[\s,]*,")
_NEXT_LINE = re.compile(rb"\n([ \t]{0,999})\{")
_LONGEST_INDENT = 1000
_BLANKS = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"
_QUOTE, _COMMA, _ARRAY, _ARRAY_END, _OBJECT, _OBJECT_END = b'",[]{}'
_OPENED_BY = {_ARRAY_END: _ARRAY, _OBJECT_END: _OBJECT}


def is_json_array(head: bytes) -> bool:
    """Returns True if a file with these first bytes has arrays of values, and not one value per line.

    A first line that is a whole array does not count, unless it and the next line are arrays of objects.
    """
    first, _, rest = head.removeprefix(_BOM).lstrip().partition(b"\n")
    first, rest = first.strip(), rest.lstrip()
    if not first.startswith(b"["):
        return False
    is_whole = first != b"[" and first.endswith(b"]")
    return not is_whole or not rest or (first[1:].lstrip().startswith(b"{") and rest.startswith(b"["))


def array_values(pieces: Iterable[bytes], name: str, limit: int) -> Iterator[RawLine]:
    """Yields the unparsed values of the JSON arrays in a file, given in pieces, with their places.

    A value over `limit` bytes has a problem, also one in which the file ends, and an array without an end. Brackets do
    not count after damage: the value then ends before the next line that begins with an object and is indented as it
    is. Raises DataError if decompression fails before the first byte.
    """
    scanner = _Scanner(limit)
    try:
        for piece in pieces:
            yield from scanner.feed(piece)
    except (DecompressionError, EOFError) as error:
        if not scanner.offset:
            raise DataError(f"{name}: cannot be decompressed: {error}; expected a JSON array") from error
        yield scanner.rest(f"{BREAK}{error}")
        return
    yield from scanner.finish()


class _Scanner:
    """Cuts a file of JSON arrays into values."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.data, self.offset = b"", 0  # bytes to look at, and their place in the file
        self.begin = 0  # the bytes before it in `data` belong to earlier values, or to `parts`
        self.found: list[RawLine] = []
        self.in_array = self.in_string = self.damaged = False
        self._start_value()

    def _start_value(self) -> None:
        self.start, self.size, self.parts = self.offset + self.begin, 0, list[bytes]()
        self.indent: bytes | None = None  # white space before the value in its line; None if something else is there
        self.inside, self.last = bytearray(), 0  # the open brackets of the value, and its last mark

    def feed(self, piece: bytes) -> list[RawLine]:
        """Takes the next bytes of the file. Returns the values that end in them."""
        self.data += piece
        if not self.offset and len(self.data) < len(_BOM) and _BOM.startswith(self.data):
            return []
        if not self.offset and self.data.startswith(_BOM):
            self.begin = len(_BOM)
        place, enough = self.begin, True
        while enough:
            place, enough = self._step(place)
        line = self.data.rfind(b"\n", self.begin, place)
        if line >= 0 and place - line <= _LONGEST_INDENT and not self.data[line:place].strip():
            place = line  # the next bytes say how the line begins
        self._add(place)
        self.data, self.offset, self.begin = self.data[place:], self.offset + place, 0
        self.damaged |= self.size > self.limit
        found, self.found = self.found, []
        return found

    def finish(self) -> list[RawLine]:
        """Returns the rest of a file that ends."""
        self._add(len(self.data))
        if (self.in_string or self.inside) and not self.damaged:
            return [self.rest("the file ends inside this value")]
        self._end_value(len(self.data))
        has_no_end = self.in_array and not self.damaged
        return [*self.found, *([self.rest("the file ends inside an array")] if has_no_end else [])]

    def rest(self, problem: str) -> RawLine:
        """Returns the value in which the file ends, with this problem."""
        return RawLine(self.start, self.size, b"", problem)

    def _step(self, place: int) -> tuple[int, bool]:
        """Looks at the data from `place`. Returns (the next place, False if more bytes of the file are needed)."""
        if self.damaged:
            return self._skip(place)
        return self._read_string(place) if self.in_string else self._read_mark(place)

    def _read_string(self, place: int) -> tuple[int, bool]:
        quote = self.data.find(b'"', place)
        end = quote if quote >= 0 else len(self.data)
        line = self.data.find(b"\n", place, end)  # no string has a line feed
        if line >= 0:
            self.in_string = False
            return self._damage(line), True
        part = self.data[place:end]
        is_escaped = (len(part) - len(part.rstrip(b"\\"))) % 2 == 1
        if quote < 0:
            return end - is_escaped, False  # the next byte belongs to the backslash
        if not is_escaped:
            self.in_string, self.last = False, _QUOTE
        return quote + 1, True

    def _read_mark(self, place: int) -> tuple[int, bool]:
        found = _MARK.search(self.data, place)
        if not found:
            return len(self.data), False
        at, mark = found.start(), self.data[found.start()]
        if mark == _QUOTE:
            self.in_string = True
        elif mark == _COMMA and not self.inside:
            more = _COMMAS.match(self.data, at + 1)  # there may be millions of them, without a value
            self._end_value(at, more.end() if more else at + 1)
            return self.begin, True
        elif mark in (_ARRAY, _OBJECT):
            return self._open(at, mark), True
        elif mark in (_ARRAY_END, _OBJECT_END):
            return self._close(at, mark), True
        else:
            self.last = mark
        return at + 1, True

    def _open(self, at: int, mark: int) -> int:
        if mark == _ARRAY and not self.in_array and not self.inside:
            self._end_value(at, at + 1)
            self.in_array = True
            return at + 1
        lacks_key = self.inside[-1:] == b"{" and self.last != _QUOTE
        if lacks_key or len(self.inside) > MAX_DEPTH:
            return self._damage(at)
        self.inside.append(mark)
        self.last = mark
        return at + 1

    def _close(self, at: int, mark: int) -> int:
        if not self.inside:
            if mark == _ARRAY_END and self.in_array:
                self._end_value(at, at + 1)
                self.in_array = False
            return at + 1
        if self.inside.pop() != _OPENED_BY[mark]:
            return self._damage(at)
        self.last = mark
        if not self.inside:
            self._end_value(at + 1)
        return at + 1

    def _damage(self, at: int) -> int:
        """Marks the value as damaged. Returns the place from which the next line is looked for."""
        line = self.data.rfind(b"\n", self.begin, at)
        if line >= 0 and not self.data[line:at].strip():
            at = line
        self._add(at)
        self.damaged = True
        return at

    def _skip(self, place: int) -> tuple[int, bool]:
        """Looks for the line with which the next value after a damaged one begins."""
        for found in _NEXT_LINE.finditer(self.data, place):
            if self.indent in (None, found[1]):
                self._end_value(found.start())
                self.damaged = self.in_string = False
                return found.end() - 1, True
        return len(self.data), False

    def _add(self, end: int) -> None:
        """Adds data up to `end` to the value."""
        part, start = self.data[self.begin : end], self.offset + self.begin
        self.begin = max(self.begin, end)
        if not self.size:
            bare = part.lstrip(_BLANKS)
            before = part[: len(part) - len(bare)]
            self.indent = before.rpartition(b"\n")[2] if b"\n" in before else None
            part, self.start = bare, start + len(before)
        self.size += len(part)
        self.parts.append(part)
        if self.size > self.limit:
            self.parts.clear()

    def _end_value(self, end: int, next: int | None = None) -> None:
        """Ends the value at `end`, if there is one. Bytes from `next` on, by default `end`, are of the next one."""
        self._add(end)
        if self.size > self.limit:
            self.found.append(RawLine(self.start, self.size, b"", f"a value of {self.size} bytes, over {self.limit}"))
        elif self.size:
            content = b"".join(self.parts).rstrip(_BLANKS)
            self.found.append(RawLine(self.start, len(content), content))
        self.begin = end if next is None else next
        self._start_value()
