"""The index beside a multistream dump: which pages each bz2 stream holds, so that those lost with one can be named.

Its lines are `<offset of the stream>:<page id>:<title>`, sorted by offset. Streams are found in the dump itself and not
by the index, which costs reading all of it before any work can be shared out.
"""

import os
import re
from collections.abc import Iterator

from tokenmill.core.errors import DataError
from tokenmill.core.io import storage
from tokenmill.core.io.compression import Decompressed, Format
from tokenmill.stages.reading.json_lines import raw_lines

_INDEX = re.compile(r"-index\d*\.txt(?=\.|-|$)")
_LINE_BYTES = 1 << 16  # a longer line is no index's
_CHUNK = 1 << 18
_DUMP = re.compile(r"-multistream(\d*)\.xml(.*)$")


def index_of(file: str) -> str:
    """The index file of a dump, the file itself if it is an index, `` if there is none."""
    if _INDEX.search(os.path.basename(file)):
        return file
    index = _DUMP.sub(r"-multistream-index\1.txt\2", file)
    return index if index != file and storage.exists(index) else ""


def pages_of_streams(index: str, low: int, high: int) -> Iterator[tuple[int, str, str]]:
    """(offset of the stream, page id, title) of each page in the streams that begin in [low, high). A broken index
    gives the pages up to where it breaks: it only adds names to a loss that is reported anyway.
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
