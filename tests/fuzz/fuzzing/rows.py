"""Promises of all readers for any file: sound rows, and the same rows in batches and shards of any size."""

import bz2
import gzip
import io
import lzma
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import zstandard

from tokenmill.core.errors import DataError

Row = dict[str, Any]

WHOLE = {"shard_bytes": 1 << 30, "batch_bytes": 1 << 24}
_ZSTD = b"\x28\xb5\x2f\xfd"
_BROKEN = (zstandard.ZstdError, EOFError, OSError, zlib.error, lzma.LZMAError, ValueError)


def rows_of(work: Any) -> list[Row]:
    """Returns all rows of a Source. Checks that each batch is valid and each row has an id, and a text or a rule that
    refused it.
    """
    rows: list[Row] = []
    for shard in work.shards():
        for batch in work.read(shard):
            batch.validate(full=True)
            rows += batch.to_pylist()
    assert all(row["id"] for row in rows), "a row without an id"
    assert all(row["text"] is not None or row.get("drop_rule") for row in rows), "a row with neither text nor rule"
    return rows


def file_rows(data: bytes, name: str, make: Callable[..., Any], **settings: Any) -> list[Row]:
    """Returns the rows of a file with this name and content, read by make(path, **settings)."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        rows = rows_of(make(str(path), **settings))
        for row in rows:
            row["locator"] = {**row["locator"], "file": name}
        return rows


def same_in_any_size(
    data: bytes, name: str, make: Callable[..., Any], *, shards: bool = True, may_refuse: str = "\0"
) -> list[Row]:
    """Returns the file's rows. Checks that small batches and three shards give the same rows, or refuse the file if it
    is refused.

    Small batches may refuse it with a message that contains `may_refuse`, because some checks use a file's first batch.
    """
    try:
        whole = file_rows(data, name, make, **WHOLE)
    except DataError as error:
        _assert_refused(data, name, make, error)
        raise
    cuts = [{"batch_bytes": small_batch(data)}, *([{"shard_bytes": len(data) // 3 + 1}] if shards else [])]
    for cut in cuts:
        try:
            found = file_rows(data, name, make, **cut)
        except DataError as error:
            if may_refuse in str(error) and "batch_bytes" in cut:
                continue
            raise AssertionError(f"refused with {cut}, but not as a whole: {error}") from error
        assert_same(found, whole, str(cut))
    return whole


def same_unless_damaged(data: bytes, name: str, make: Callable[..., Any], *rules: str) -> list[Row]:
    """Works like same_in_any_size, but compares only shards if there is damage, because its loss depends on
    batch_bytes.

    Small row groups are read with their dictionaries and large ones without, and pyarrow finds different damage.
    """
    whole = file_rows(data, name, make, **WHOLE)
    if not damaged(whole, *rules):
        small = file_rows(data, name, make, batch_bytes=small_batch(data))
        if not damaged(small, *rules):
            assert_same(small, whole, "small batches")
    assert_same(file_rows(data, name, make, shard_bytes=len(data) // 3 + 1), whole, "small shards")
    return whole


def _assert_refused(data: bytes, name: str, make: Callable[..., Any], error: DataError) -> None:
    try:
        rows = file_rows(data, name, make, batch_bytes=small_batch(data))
    except DataError:
        return
    raise AssertionError(f"{len(rows)} rows in small batches, but refused as a whole: {error}")


def assert_same(found: list[Row], expected: list[Row], what: str) -> None:
    """Checks that rows are equal and in the same order. Columns without a value may be missing."""
    for number, (row, other) in enumerate(zip(found, expected, strict=False)):
        one, two = ({key: value for key, value in r.items() if value is not None} for r in (row, other))
        assert repr(sorted(one.items())) == repr(sorted(two.items())), f"{what}: row {number} differs: {one} != {two}"
    assert len(found) == len(expected), f"{what} give {len(found)} rows, not {len(expected)}"


def is_broken(data: bytes) -> bool:
    """Returns whether a file is gzip, bzip2 or xz, and the standard library finds it broken or cut off."""
    problem = content_bytes(data, most=1 << 40)[1]
    return problem is not None and not data.startswith(_ZSTD) and "limit" not in str(problem)


def content_bytes(data: bytes, most: int = 8 << 20) -> tuple[int, Exception | None]:
    """Returns (bytes of the content by the standard library, its error about damage). Stops after `most` bytes."""
    streams: tuple[tuple[bytes, Callable[[IO[bytes]], Any]], ...] = (
        (b"\x1f\x8b", lambda file: gzip.GzipFile(fileobj=file)),
        (b"BZh", bz2.BZ2File),
        (_ZSTD, lambda file: zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)),
        (b"\xfd7zXZ", _Xz),
    )
    stream = next((make(io.BytesIO(data)) for magic, make in streams if data.startswith(magic)), io.BytesIO(data))
    total = 0
    try:
        while total < most and (part := stream.read(1 << 16)):
            total += len(part)
    except _BROKEN as error:
        return total, error
    return total, None


class _Xz:
    """Reads the first stream of an xz file, within 128 MiB of memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self.data, self.stream = file.read(), lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=128 << 20)

    def read(self, size: int) -> bytes:
        data, self.data = self.data, b""
        if self.stream.eof:
            return b""
        found = self.stream.decompress(data, size)
        if not found and not self.stream.eof:
            raise EOFError
        return found


def small_batch(data: bytes) -> int:
    """Returns a batch_bytes that makes about twenty batches, also for a large content, instead of thousands."""
    return max(200, content_bytes(data)[0] // 20)


def damaged(rows: list[Row], *rules: str) -> int:
    """Returns the number of rows that report damage."""
    return sum(row.get("drop_rule") in rules for row in rows)
