"""Cuts WARC and ARC files into records, and reports each span that is not a record.

A record counts only if it is whole: its compressed member passes its checksum, and the bytes after its stated length
are line ends, followed by the next record or by nothing. Readers that trust the length alone silently lose the records
after a wrong length. After damage, reading continues at the next place where a record begins.

Sources: ISO 28500:2017 (WARC 1.1), WARC 1.0; the ARC file format of the Internet Archive, versions 1 and 2.
"""

import re
from collections.abc import Iterator
from typing import IO, NamedTuple

from tokenmill.core.errors import DataError
from tokenmill.core.io.compression import DecompressionError
from tokenmill.stages.reading.not_data import not_data
from tokenmill.stages.web import warc_stream as ws

_HEAD_BYTES = 1 << 16
_NEXT_START = b"\nWARC/"  # inside a header: it was cut off, and the next record follows
_HEAD_END = re.compile(rb"\n(?:\r?\n|WARC/)")
_ARC_LINE = re.compile(rb"([^\n]*) \S+ (\d{12,14}) (\S+)(?: \d+ \S+ \S+ \d+ \S+)? (\d+)\r?\n")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_LINE_END = re.compile(rb"\n")


class Record(NamedTuple):
    """A whole record.

    Attributes:
        offset: file offset of the record, or of the compressed stream that contains it.
        inner: offset of the record in the decompressed stream, nearly always 0.
        length: bytes in the file; None if the record shares its stream with others.
        fields: header fields, with names in lower case.
        block: the content, cut off at the reader's limit.
        block_bytes: length of the whole content.
    """

    offset: int
    inner: int
    length: int | None
    fields: dict[bytes, bytes]
    block: bytes
    block_bytes: int


class Damage(NamedTuple):
    """A span that is not a record: its place (offset, inner, length, as in Record) and the problem."""

    offset: int
    inner: int
    length: int | None
    problem: str


def read_records(file: IO[bytes], size: int, name: str, limit: int) -> Iterator[Record | Damage]:
    """Yields all records and damaged spans of a WARC or ARC file, in order.

    limit: bytes of a record's content to keep; memory stays within a few times that. Zeros at the end of a compressed
    file, as tapes and block stores write them, are not damage. Raises DataError if nothing in the file looks like a
    record, because it is another kind of file.
    """
    window, codec, offset = ws.Window(file, size), ws.Codec(), 0
    plain = _is_plain(window, codec, name)
    while offset < size:
        if record := _quick_record(window, offset, limit):
            yield record
            offset += record.length or 0
            continue
        if offset and not plain and ws.only_zeros(window, offset):
            return
        passed, dictionary = ws.skippable(window, offset)
        if passed:
            codec = ws.Codec(dictionary) if dictionary else codec
            offset += passed
            continue
        cutter = _Cutter(ws.Stream(window, offset, codec), limit)
        if ws.starts_record(ws.head_of(window, offset, codec)):
            yield from cutter.cut()
        else:
            cutter.refuse_content()
        if cutter.problem:
            after = ws.next_stream(window, offset + 1, codec, plain=plain)
            yield Damage(offset, cutter.start, after - offset, cutter.problem)
            offset = after
        else:
            offset = cutter.stream.end


def fields_of(head: bytes) -> dict[bytes, bytes]:
    """Returns the fields of a WARC or HTTP header; of fields with equal names, the last one."""
    return dict(field_lines(head))


def field_lines(head: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yields the `Name: value` lines of a WARC or HTTP header after its first line, with names in lower case.

    A line that begins with a space or tab continues the line before.
    """
    if b"\n " in head or b"\n\t" in head:
        head = _FOLD.sub(b" ", head)
    for line in head.split(b"\n")[1:]:
        name, colon, value = line.partition(b":")
        if colon:
            yield name.strip().lower(), value.strip()


def _quick_record(window: ws.Window, offset: int, limit: int) -> Record | None:
    """Returns the record that fills the gzip member at `offset` exactly, as nearly all do; None for anything else.

    _Cutter finds the same record, but takes three times as long.
    """
    member = ws.whole_member(window, offset, limit + _HEAD_BYTES)
    if member is None:
        return None
    data, packed_bytes = member
    head = data.find(b"\r\n\r\n", 0, _HEAD_BYTES)
    if head < 0 or not data.startswith(b"WARC/") or not ws.starts_record(data[:12]) or not data.endswith(b"\r\n\r\n"):
        return None
    if _NEXT_START in data[:head]:
        return None
    fields = fields_of(data[:head])
    length = fields.get(b"content-length", b"")
    size = len(data) - head - 8
    if not length.isdigit() or len(length) > 18 or int(length) != size or size > limit:
        return None
    return Record(offset, 0, packed_bytes, fields, data[head + 4 : -4], size)


class _Cutter:
    """Cuts one stream. problem: set if the stream breaks, in the record that begins at `start`."""

    def __init__(self, stream: ws.Stream, limit: int) -> None:
        self.stream, self.limit = stream, limit
        self.start, self.problem, self.name = 0, "", ""

    def cut(self) -> Iterator[Record | Damage]:
        """Yields the records of the stream, and the damaged spans between them."""
        try:
            first = not self.stream.plain
            while self.stream.pass_line_ends():
                self.start = 0 if first else self.stream.done  # line ends before the first record belong to its member
                first, self.name = False, ""
                yield self._record() or self._damage("a header that cannot be read, or no valid Content-Length")
        except DecompressionError as error:
            self.problem = f"{error}; in record {self.name}" if self.name else str(error)

    def refuse_content(self) -> None:
        """Sets the problem of a stream without a record, unless it has only line ends or is empty, as with bgzip."""
        try:
            if self.stream.pass_line_ends():
                self.problem = f"found {self.stream.held[:16]!r}, expected the start of a record"
        except DecompressionError as error:
            self.problem = str(error)

    def _record(self) -> Record | Damage | None:
        """Takes the record that begins here. Returns None if it has no header."""
        found = self._head()
        if found is None:
            return None
        head_bytes, fields, size = found
        self.name = fields.get(b"warc-record-id", b"").decode("utf-8", "replace")
        stream = self.stream
        if stream.plain and size > self.limit and not self._sound_behind(head_bytes + size):
            return self._damage(f"no record or end of file follows the stated length of {size}")
        if size <= self.limit:
            if not self._reach(head_bytes + size):
                return self._damage(f"the content ends before the stated length of {size}")
            if not stream.ends(head_bytes + size) and not stream.starts_record(head_bytes + size):
                return self._damage(f"the content continues after the stated length of {size}")
        stream.take(head_bytes)
        block = stream.take(min(size, self.limit))
        if self._skip(size - len(block)) < size - len(block):
            return self._damage(f"the content ends before the stated length of {size}")
        if size > self.limit and not stream.ends() and not stream.starts_record():
            return self._damage(f"the content continues after the stated length of {size}")
        stream.pass_line_ends()
        return Record(*self._place(), fields, block, size)

    def _head(self) -> tuple[int, dict[bytes, bytes], int] | None:
        """Returns (bytes of the header, its fields, bytes of the content) of the record here; None without a header."""
        stream = self.stream
        while True:
            stream.has(5)
            warc = stream.held.startswith(b"WARC/", stream.first)
            end = stream.find(_HEAD_END if warc else _LINE_END, _HEAD_BYTES)
            if end >= 0 or not stream.extend():
                break
        if end < 0 or not stream.starts_record():
            return None
        head = stream.held[stream.first : stream.first + end]
        if warc and head.endswith(_NEXT_START):
            return None
        fields = fields_of(head) if warc else _arc_fields(head)
        length = fields.get(b"content-length", b"")
        return (end, fields, int(length)) if length.isdigit() and len(length) < 19 else None

    def _damage(self, problem: str) -> Damage:
        """Moves to the next record with a header, and returns the span before it as Damage."""
        while self.stream.to_next_record() and self._head() is None:
            pass
        return Damage(*self._place(), problem)

    def _place(self) -> tuple[int, int, int | None]:
        """Returns (offset, inner, length), as in Record, of the span from `start` to here."""
        stream = self.stream
        if stream.plain:
            return stream.offset + self.start, 0, stream.done - self.start
        alone = self.start == 0 and not stream.has(1)
        return stream.offset, self.start, stream.end - stream.offset if alone else None

    def _reach(self, length: int) -> bool:
        while not self.stream.has(length):
            if not self.stream.extend():
                return False
        return True

    def _skip(self, length: int) -> int:
        passed = self.stream.skip(length)
        while passed < length and self.stream.extend():
            passed += self.stream.skip(length - passed)
        return passed

    def _sound_behind(self, length: int) -> bool:
        """Returns True if the next record or the end of the file follows an uncompressed record of this length."""
        end = self.stream.offset + self.stream.done + length
        if end > self.stream.window.size:
            return False
        behind = self.stream.window.glance(end, 1 << 14).lstrip(b"\r\n")
        return not behind or ws.starts_record(behind)


def _is_plain(window: ws.Window, codec: ws.Codec, name: str) -> bool:
    """Returns True if the file's records are uncompressed. Raises DataError if no record is found in the file."""
    magic = bytes(window.view(0, 4))
    packed = ws.is_compressed(magic) or ws.skippable(window, 0)[0] > 0
    head = ws.head_of(window, 0, codec)
    if ws.starts_record(head) or ws.skippable(window, 0)[0]:
        return not packed
    for plain in (False, True):
        if ws.next_stream(window, 1, codec, plain=plain) < window.size:
            return plain
    if what := not_data(head):
        raise DataError(f"{name}: is {what}")
    found = f"begins with {head[:24]!r}" if head else f"begins with {magic!r}, and nothing of it can be decompressed"
    found = found if window.size else "is empty"
    raise DataError(
        f"{name}: neither WARC nor ARC: {'decompressed, it ' if packed and head else ''}{found}; expected WARC/1.0 or"
        " WARC/1.1, uncompressed or compressed with gzip or zstd"
    )


def _arc_fields(line: bytes) -> dict[bytes, bytes]:
    """Returns an ARC header line (version 1 or 2) as the fields of a WARC record, without the address of the host."""
    found = _ARC_LINE.match(line)
    assert found, "only lines that begin a record come here"
    url, date, mime, length = found.groups()
    kind = b"warcinfo" if url.startswith(b"filedesc:") else b"response"
    names = (b"warc-type", b"warc-target-uri", b"warc-date", b"content-type", b"content-length")
    return dict(zip(names, (kind, url, date, mime, length), strict=True))
