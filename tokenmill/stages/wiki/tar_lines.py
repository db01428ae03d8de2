"""The lines of the JSON Lines files in a tar archive, as one stream of bytes, in little memory.

Python's tarfile reads the extended headers of an archive whole, whatever size they claim; here headers are 512 bytes,
and members that are no plain files are passed over.
"""

from collections.abc import Iterator

from tokenmill.core.io.compression import Readable
from tokenmill.stages.reading.json_lines import chunks

_BLOCK = 512
_MAGIC = slice(257, 262)
_FILES = (b"0", b"\0", b"7")
_NAMES = (b".ndjson", b".jsonl", b".json")


class TarLines:
    """Reads like a file: the content of all JSON Lines members one after the other, each ending in a line feed.

    A file that is no tar archive is read as it is, decompressed. Raises EOFError where an archive ends inside a member.
    """

    def __init__(self, file: Readable) -> None:
        self.pieces = self._content(_Buffer(chunks(file)))
        self.held = b""

    def read(self, size: int) -> bytes:
        """At most `size` bytes, b"" at the end."""
        while not self.held:
            piece = next(self.pieces, None)
            if piece is None:
                return b""
            self.held = piece
        data, self.held = self.held[:size], self.held[size:]
        return data

    def _content(self, buffer: "_Buffer") -> Iterator[bytes]:
        header = buffer.take(_BLOCK)
        if header[_MAGIC] != b"ustar":
            yield header
            yield from buffer.rest()
            return
        while len(header) == _BLOCK and header.strip(b"\0"):
            size = _size(header[124:136])
            name = header[:100].rstrip(b"\0").lower()  # cut off, if it is longer
            wanted = header[156:157] in _FILES and (name.endswith(_NAMES) or len(name) == 100)
            for piece in buffer.pass_over(size):
                if wanted:
                    yield piece
            if wanted:
                yield b"\n"
            for _ in buffer.pass_over(-size % _BLOCK):
                pass
            header = buffer.take(_BLOCK)
        if 0 < len(header) < _BLOCK:
            raise EOFError("it ends inside a tar header")


class _Buffer:
    """Bytes taken from pieces in lengths asked for."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces, self.held = pieces, b""

    def take(self, size: int) -> bytes:
        while len(self.held) < size:
            piece = next(self.pieces, None)
            if piece is None:
                break
            self.held += piece
        data, self.held = self.held[:size], self.held[size:]
        return data

    def pass_over(self, size: int) -> Iterator[bytes]:
        """The next `size` bytes, piece by piece."""
        while size:
            if not self.held:
                self.held = next(self.pieces, None) or self.take(1)
                if not self.held:
                    raise EOFError(f"it ends {size} bytes before a member of the archive does")
            data, self.held = self.held[:size], self.held[size:]
            size -= len(data)
            yield data

    def rest(self) -> Iterator[bytes]:
        yield self.held
        yield from self.pieces


def _size(field: bytes) -> int:
    """A member's size: octal digits, or for 8 GiB and more the binary form of GNU tar."""
    if field[0] & 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b"\0 ")
    if not all(48 <= byte < 56 for byte in digits):
        raise EOFError(f"a tar header has the size {field!r}")
    return int(digits or b"0", 8)
