"""Reads the JSON Lines files in a tar archive as a single stream of bytes, in little memory."""

from collections.abc import Iterator
from typing import IO

from tokenmill.core.io.compression import MAGIC_BYTES, Decompressed, Format, Readable, format_of
from tokenmill.core.io.zstd_frame import LONGEST_WINDOW
from tokenmill.stages.reading.tar_members import FILES, TAR_BLOCK, NoTar, TarMembers

_CHUNK = 1 << 18
_MAGIC = slice(257, 262)
_NAMES = (b".ndjson", b".jsonl", b".json")


class TarLines:
    """A readable stream: the content of all JSON Lines members, one after the other, each ending with a line feed.

    A file that is not a tar archive is only decompressed. Raises EOFError if an archive is damaged.
    """

    def __init__(self, file: IO[bytes]) -> None:
        format = format_of(file.read(MAGIC_BYTES))
        file.seek(0)
        packed = format in (Format.GZIP, Format.ZSTD)
        self.pieces = _content(Decompressed(file, format, window=LONGEST_WINDOW) if format and packed else file)
        self.held = b""

    def read(self, size: int) -> bytes:
        """Returns at most `size` bytes, b"" at the end."""
        while not self.held:
            piece = next(self.pieces, None)
            if piece is None:
                return b""
            self.held = piece
        data, self.held = self.held[:size], self.held[size:]
        return data


def _content(file: Readable) -> Iterator[bytes]:
    start = file.read(TAR_BLOCK)
    if start[_MAGIC] != b"ustar":
        yield start
        yield from iter(lambda: file.read(_CHUNK), b"")
        return
    archive = TarMembers(file, start=start)
    try:
        for member in archive:
            if member.kind in FILES and not member.sparse and member.name.lower().endswith(_NAMES):
                yield from iter(lambda: archive.some(_CHUNK), b"")
                yield b"\n"
    except NoTar as error:
        raise EOFError(f"it {error}") from error
