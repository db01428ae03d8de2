"""What read_code makes of an archive's bytes, for tests of its readers."""

from pathlib import Path
from typing import Any

from tokenmill.stages.code.read_code import ReadCode


def read(folder: Path, content: bytes | bytearray, name: str = "lib.zip", **setting: Any) -> list[dict[str, Any]]:
    """The rows of an archive of this name; no two have one id."""
    path = folder / name
    path.write_bytes(content)
    work = ReadCode(str(path), **setting)
    rows = [row for shard in work.shards() for batch in work.read(shard) for row in batch.to_pylist()]
    assert len({row["id"] for row in rows}) == len(rows)
    return rows


def rules(rows: list[dict[str, Any]]) -> list[str | None]:
    """By which rule each was refused, None for those that stay."""
    return [(row.get("drop_rule") or "").removeprefix("read_code.") or None for row in rows]
