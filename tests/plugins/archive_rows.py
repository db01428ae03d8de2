"""Reads an archive's bytes with read_code, for tests of its readers."""

from pathlib import Path
from typing import Any

from tokenmill.stages.code.read_code import ReadCode


def read(folder: Path, content: bytes | bytearray, name: str = "lib.zip", **setting: Any) -> list[dict[str, Any]]:
    """Returns the rows of an archive of this name and content. Checks that no two rows have the same id."""
    path = folder / name
    path.write_bytes(content)
    work = ReadCode(str(path), **setting)
    rows = [row for shard in work.shards() for batch in work.read(shard) for row in batch.to_pylist()]
    assert len({row["id"] for row in rows}) == len(rows)
    return rows


def rules(rows: list[dict[str, Any]]) -> list[str | None]:
    """Returns for each row the rule that dropped it, or None if it stays."""
    return [(row.get("drop_rule") or "").removeprefix("read_code.") or None for row in rows]
