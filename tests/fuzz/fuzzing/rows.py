"""What all readers promise, whatever the file: sound rows, and the same rows in batches and shards of any size."""

import bz2
import gzip
import lzma
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tokenmill.core.errors import DataError

Row = dict[str, Any]

WHOLE = {"shard_bytes": 1 << 30, "batch_bytes": 1 << 24}
_BROKEN = (EOFError, OSError, zlib.error, lzma.LZMAError, ValueError)


def rows_of(work: Any) -> list[Row]:
    """All rows of a Source; each batch is valid, and each row has an id, and a text or the rule that refused it."""
    rows: list[Row] = []
    for shard in work.shards():
        for batch in work.read(shard):
            batch.validate(full=True)
            rows += batch.to_pylist()
    assert all(row["id"] for row in rows), "a row without an id"
    assert all(row["text"] is not None or row.get("drop_rule") for row in rows), "a row with neither text nor rule"
    return rows


def file_rows(data: bytes, name: str, make: Callable[..., Any], **settings: Any) -> list[Row]:
    """The rows of a file of this name and content, read by make(path, **settings)."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        rows = rows_of(make(str(path), **settings))
        for row in rows:
            row["locator"] = {**row["locator"], "file": name}
        return rows


def same_in_any_size(data: bytes, name: str, make: Callable[..., Any], *, shards: bool = True) -> list[Row]:
    """The file's rows, which small batches, and three shards, must give as well; if it is refused, by them too."""
    try:
        whole = file_rows(data, name, make, **WHOLE)
    except DataError as error:
        _assert_refused(data, name, make, error)
        raise
    cut = {"batch_bytes": 200} | ({"shard_bytes": len(data) // 3 + 1} if shards else {})
    try:
        pieces = file_rows(data, name, make, **cut)
    except DataError as error:
        raise AssertionError(f"refused in small batches and shards, but not as a whole: {error}") from error
    assert_same(pieces, whole, "small batches and shards")
    return whole


def _assert_refused(data: bytes, name: str, make: Callable[..., Any], error: DataError) -> None:
    try:
        rows = file_rows(data, name, make, batch_bytes=200)
    except DataError:
        return
    raise AssertionError(f"{len(rows)} rows in small batches, but refused as a whole: {error}")


def assert_same(found: list[Row], expected: list[Row], what: str) -> None:
    """Equal rows in one order; columns that hold nothing may be missing."""
    for number, (row, other) in enumerate(zip(found, expected, strict=False)):
        one, two = ({key: value for key, value in r.items() if value is not None} for r in (row, other))
        assert repr(sorted(one.items())) == repr(sorted(two.items())), f"{what}: row {number} differs: {one} != {two}"
    assert len(found) == len(expected), f"{what} give {len(found)} rows, not {len(expected)}"


def is_broken(data: bytes) -> bool | None:
    """Whether the standard library finds a compressed file broken or cut off; None if that cannot be said."""
    for magic, decompress in ((b"\x1f\x8b", gzip.decompress), (b"BZh", bz2.decompress), (b"\xfd7zXZ", lzma.decompress)):
        if data.startswith(magic):
            try:
                decompress(data)
            except _BROKEN:
                return True
            return False
    return None


def damaged(rows: list[Row], *rules: str) -> int:
    """How many rows report damage."""
    return sum(row.get("drop_rule") in rules for row in rows)
