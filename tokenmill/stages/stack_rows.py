"""Source files out of Parquet files laid out as The Stack (v1 and v2) and Software Heritage's exports with contents."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from tokenmill.core.kinds import Shard
from tokenmill.core.spdx import joined
from tokenmill.stages.archive_members import DAMAGED, NoArchive
from tokenmill.stages.code_judge import Judge, once, refusal
from tokenmill.stages.code_paths import path_problem
from tokenmill.stages.code_rows import CodeRow
from tokenmill.stages.parquet_batches import RowLoss, groups_between, row_batches

_COLUMNS = {
    "content": ("content", "text", "code"),
    "path": ("max_stars_repo_path", "path", "filename"),
    "repo": ("max_stars_repo_name", "repo_name", "repository_name", "origin"),
    "rev": ("max_stars_repo_head_hexsha", "revision_id", "commit", "hexsha", "blob_id", "swhid", "sha1_git"),
    "language": ("lang", "language", "programming_language"),
    "licenses": ("license", "max_stars_repo_licenses", "detected_licenses", "licenses"),
    "date": ("committer_date", "revision_date", "visit_date"),
    "vendored": ("is_vendor",),
    "generated": ("is_generated",),
}
"""What we want, and the names that it goes by, the first that a file has."""


def stack_rows(file: IO[bytes], judge: Judge, shard: Shard, batch_bytes: int) -> Iterator[CodeRow]:
    """The rows of the row groups that begin in the shard, in order. Raises NoArchive if there is no content or path."""
    try:
        parquet = pq.ParquetFile(file, page_checksum_verification=True)
        there = parquet.schema_arrow.names
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last for the name of a column
        raise NoArchive(f"cannot be read as Parquet: {error}") from error
    names = {ours: next((one for one in theirs if one in there), "") for ours, theirs in _COLUMNS.items()}
    if not names["content"] or not names["path"]:
        raise NoArchive(f"has the columns {', '.join(sorted(there))[:300]}, but none for a file's content or path")
    name = os.path.basename(shard.file)
    groups, offset = groups_between(parquet, shard.start, max(shard.end, 1))
    seen = _seen_before(parquet, names, groups[0], batch_bytes) if groups and groups[0] else set()
    for batch in row_batches(parquet, batch_bytes, [one for one in names.values() if one], groups):
        if isinstance(batch, RowLoss):
            yield CodeRow(f"{name}#{offset}", None, offset, 0, refusal=refusal(DAMAGED, batch.problem))
            offset += batch.rows
            continue
        columns = {ours: _values(batch.column(theirs)) for ours, theirs in names.items() if theirs}
        for row in range(batch.num_rows):
            yield _row({ours: values[row] for ours, values in columns.items()}, judge, seen, f"{name}#{offset}")
            offset += 1


def _seen_before(parquet: pq.ParquetFile, names: dict[str, str], group: int, batch_bytes: int) -> set[int]:
    """What once() knows after the row groups before one; only the columns that ids are made of are read."""
    columns = {ours: names[ours] for ours in ("path", "repo", "rev") if names[ours]}
    seen: set[int] = set()
    for batch in row_batches(parquet, batch_bytes, list(columns.values()), list(range(group))):
        if isinstance(batch, RowLoss):
            continue
        values = {ours: _values(batch.column(theirs)) for ours, theirs in columns.items()}
        for row in range(batch.num_rows):
            path, repo, rev = (_text(values[ours][row]) if ours in values else "" for ours in ("path", "repo", "rev"))
            if repo and not path_problem(path):
                once(CodeRow(_id(path, repo, rev, ""), path, 0, 0), seen, "")
    return seen


def _id(path: str, repo: str, rev: str, place: str) -> str:
    return f"{repo}@{rev}:{path}" if repo else f"{place}:{path}"


def _row(value: dict[str, Any], judge: Judge, seen: set[int], place: str) -> CodeRow:
    path, repo, rev = (_text(value.get(key)) for key in ("path", "repo", "rev"))
    content = value["content"] if isinstance(value["content"], bytes) else b""
    number = int(place.rpartition("#")[2])
    row = CodeRow(_id(path, repo, rev, place), path, number, len(content))
    row.time = _seconds(value.get("date"))
    row.facts = {key: text for key, text in (("repo", repo), ("rev", rev)) if text}
    if problem := path_problem(path):
        row.refusal, row.id, row.path = refusal("unsafe_path", problem), place, None
        return row
    row.refusal = judge.of_name(path, len(content))
    for flag in ("vendored", "generated"):
        if value.get(flag) is True and row.refusal is None and flag not in judge.keep:
            row.refusal = refusal(flag, f"said to be {flag}")
    once(row, seen, place)
    if row.refusal is None:
        row.refusal = judge.fill(row, content, _text(value.get("language")) or None)
    if row.refusal is None and row.license is None and (license := _license(value.get("licenses"))):
        row.license, row.facts["license_from"] = license, "column"
    return row


def _values(column: pa.Array) -> list[Any]:
    """Python values; strings as bytes, because Parquet files can hold such as are not UTF-8."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = column.cast(pa.large_binary())
    values: list[Any] = column.to_pylist()
    return values


def _text(value: Any) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else ""


def _license(value: Any) -> str | None:
    """All of a list hold: it says what was found in the repository, not what one may choose."""
    many = value if isinstance(value, list) else [value]
    return joined(
        [_text(one) if isinstance(one, bytes) else one for one in many if isinstance(one, bytes | str)], "AND"
    )


def _seconds(value: Any) -> int:
    if not isinstance(value, datetime):
        return 0
    return int((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp())
