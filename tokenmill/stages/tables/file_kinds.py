"""Rejects files that are not tables by their first bytes. The error says what the file is and what to do."""

import re

from tokenmill.core.errors import DataError, short
from tokenmill.core.io.compression import Format, format_of
from tokenmill.stages.reading.json_lines import is_packed
from tokenmill.stages.reading.not_data import pointer
from tokenmill.stages.reading.tar_members import is_tar

HEAD_BYTES = 1 << 10
"""Number of bytes that are needed to tell what a file is."""

PAGES_ADVICE = (
    "pages are read from WARC files by stages.read_warc, or from JSON Lines with their HTML in `text`; docs/recipes.md "
    "('Pages that are files') has a script that writes these"
)
"""Says how files of HTML are read, for errors."""

_BOM = b"\xef\xbb\xbf"
_PAGE = re.compile(rb"<(?:!--|\?xml\b|error\b|!doctype\s+html|html|head|body|title\b)", re.IGNORECASE)
_CODE = re.compile(rb"<Code>\s*([\w.\- ]{1,80}?)\s*</Code>")
_JSON = re.compile(rb'\[?\s*\{\s*"[^"]*"\s*:')
_WIKI = re.compile(rb"(?:<\?xml[^>]{0,200}>\s*)?<mediawiki\b")
_OTHERS = {
    b"PARE": "an encrypted Parquet file; decrypt it first",
    b"PK\x03\x04": "a zip archive; unpack it first",
    b"PK\x05\x06": "a zip archive without files; get it again, or leave it out of paths",
    b"7z\xbc\xaf": "a 7z archive; unpack it first",
    b"Rar!\x1a\x07": "a rar archive; unpack it first",
    b"%PDF-": "a PDF; it has no table that can be read",
    b"SQLite format 3\x00": "an SQLite database; export its table as JSON Lines or Parquet",
    b"\x89HDF\r\n": "an HDF5 file; export its table as JSON Lines or Parquet",
    b"\x93NUMPY": "an array of NumPy; export it as JSON Lines or Parquet",
    b"Obj\x01": "an Avro file; export it as JSON Lines or Parquet",
    b"ORC\n": "an ORC file; export it as JSON Lines or Parquet",
    b"\xd0\xcf\x11\xe0": "a document of Microsoft Office; export it as CSV",
    b'\x04"M\x18': "compressed with lz4; decompress it first, or compress it with gzip or zstd",
    b"\xff\x06\x00\x00sNaPpY": "compressed with snappy; decompress it first, or compress it with gzip or zstd",
    b"\x1f\x9d": "compressed with compress (.Z); decompress it first, or compress it with gzip or zstd",
    b"WARC/": "a WARC file; read it with stages.read_warc",
    b"filedesc://": "an ARC file; read it with stages.read_warc",
}
_NEVER_EMPTY = (".parquet", ".arrow", ".feather", ".gz", ".zst", ".bz2", ".xz")
_BINARY = (".parquet", ".arrow", ".feather")
_PAGES = (".html", ".htm", ".xhtml", ".shtml")
_TABLE_MAGICS = (b"PAR1", b"ARROW1", b"\xff\xff\xff\xff")


def is_page(file: str) -> bool:
    """Returns True if a file's name is that of a page of HTML, compressed or not."""
    return file.lower().removesuffix(".gz").removesuffix(".zst").endswith(_PAGES)


def refuse_no_table(head: bytes, content: bytes, file: str, *, is_csv: bool) -> None:
    """Raises DataError if a file is known to be of a kind that read_table does not read.

    head: its first HEAD_BYTES bytes, or fewer if it is shorter. content: the same after decompression; if nothing can
    be decompressed, it is empty.
    """
    if not head and file.lower().endswith(_NEVER_EMPTY):
        raise DataError(f"{file}: is empty; get it again, or leave it out of paths")
    packed = format_of(head) if content != head else None
    what = _kind(content, file, is_csv=is_csv) or (_kind_inside(content, packed) if packed else "")
    if what:
        raise DataError(f"{file}: is {what}" if not packed else f"{file}: is, inside {packed}, {what}")
    if file.lower().endswith(_BINARY) and not content.startswith((*_TABLE_MAGICS, b"{", b"[")):
        raise DataError(f"{file}: is not a table, although its name says so: it begins with {short(head[:20])}")


def _kind(content: bytes, file: str, *, is_csv: bool) -> str:
    """Returns what a file is and what to do, "" if it may be a table."""
    start = content.removeprefix(_BOM).lstrip()
    if what := pointer(content):
        return what
    if is_csv and _JSON.match(start):
        return "JSON, although its name says that it is CSV or TSV; rename it to .jsonl"
    if _WIKI.match(start):
        return "a dump of MediaWiki; read it with stages.read_wikipedia"
    if _PAGE.match(start) or (is_page(file) and not start.startswith((b"{", b"["))):
        return _page(start, file)
    if is_tar(content):
        return "a tar archive; unpack it first"
    return next((what for magic, what in _OTHERS.items() if content.startswith(magic) and not is_csv), "")


def _page(start: bytes, file: str) -> str:
    if is_page(file):
        return f"a page of HTML; {PAGES_ADVICE}"
    if code := _CODE.search(start):
        return f"an error of an object store ({code[1].decode()}), not the data; download the file again"
    return f"a page of HTML or XML, such as a server's error page; download the file again. To read it: {PAGES_ADVICE}"


def _kind_inside(content: bytes, packed: Format) -> str:
    """Returns what a compressed file is that has no lines, and what to do; "" if it may have lines."""
    if content.startswith(_TABLE_MAGICS):
        return "a table of Parquet or Arrow, which is compressed already; decompress it first"
    return f"compressed again with {format_of(content)}; decompress it once" if is_packed(content) else ""
