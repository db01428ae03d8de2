"""Reads the index of a multistream dump, which lists the pages of each bz2 stream, to name pages lost by damage.

Its lines are `<offset of the stream>:<page id>:<title>`, sorted by offset. Streams are found in the dump itself and not
by the index, because all of the index would have to be read before tasks could start.
"""

import os
import re
from collections.abc import Iterator

from tokenmill.core.errors import DataError
from tokenmill.core.io import storage
from tokenmill.core.io.compression import Decompressed, Format
from tokenmill.stages.reading.json_lines import raw_lines

_INDEX = re.compile(r"-index\d*\.txt(?=\.|-|$)")
_LINE_BYTES = 1 << 16  # an index has no longer lines
_CHUNK = 1 << 18
_DUMP = re.compile(r"-multistream(\d*)\.xml(.*)$")


def index_of(file: str) -> str:
    """Returns the index file of a wiki's dump, the file itself if it is an index, or "" if the dump has no index."""
    if _INDEX.search(os.path.basename(file)):
        return file
    index = _DUMP.sub(r"-multistream-index\1.txt\2", file)
    return index if index != file and storage.exists(index) else ""


def pages_of_streams(index: str, low: int, high: int) -> Iterator[tuple[int, str, str]]:
    """Yields (offset of the stream, page id, title) of each page in a wiki dump's streams that begin in [low, high).

    A broken index gives the pages before the break, because it only adds names to a loss that is reported anyway.
    """
    with storage.open_input(index) as file:
        content = Decompressed(file, Format.BZ2) if index.endswith(".bz2") else file
        chunks = iter(lambda: content.read(_CHUNK), b"")
        try:
            for line in raw_lines(chunks, index, _LINE_BYTES, expected="an index"):
                offset, _, rest = line.content.decode("utf-8", "replace").partition(":")
                number, _, title = rest.partition(":")
                if offset.isdecimal() and number.isdecimal() and low <= int(offset):
                    if int(offset) >= high:
                        return
                    yield int(offset), number, title
        except (OSError, DataError):
            return
