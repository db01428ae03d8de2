"""Reads source files from Parquet files in the columns of The Stack (v1, v2) or of Software Heritage's exports."""

import os
from collections.abc import Iterator
from typing import IO, Any

import pyarrow as pa

from tokenmill.core.kinds import Shard
from tokenmill.stages.code.archive_members import DAMAGED, NoArchive
from tokenmill.stages.code.judge import Judge, once, refusal
from tokenmill.stages.code.paths import path_problem
from tokenmill.stages.code.rows import CodeRow
from tokenmill.stages.reading.dates import moments
from tokenmill.stages.reading.parquet_batches import Parquet, RowLoss, groups_between, open_parquet, row_batches
from tokenmill.stages.reading.plain_columns import plain_column
from tokenmill.stages.reading.row_cuts import cut_batches
from tokenmill.text.code.spdx import joined

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
"""{value: names of the columns that may have it}. The first of the names that a file has is used."""
_FLAGS = ("vendored", "generated")


def stack_rows(file: IO[bytes], judge: Judge, shard: Shard, batch_bytes: int) -> Iterator[CodeRow]:
    """Yields the source files in a Parquet file like The Stack's, of the row groups that begin in the shard, in order.

    Raises NoArchive if the file cannot be read, or has no column for the content or the path.
    """
    try:
        parquet = open_parquet(file)
        there = parquet.plain.schema_arrow.names
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last one for the name of a column
        raise NoArchive(f"cannot be read as Parquet: {error}") from error
    names = {ours: next((one for one in theirs if one in there), "") for ours, theirs in _COLUMNS.items()}
    if not names["content"] or not names["path"]:
        raise NoArchive(f"has the columns {', '.join(sorted(there))[:300]}, but none for a file's content or path")
    _check_columns(parquet.plain.schema_arrow, names)
    name = os.path.basename(shard.file)
    groups, offset = groups_between(parquet.plain, shard.start, max(shard.end, 1))
    seen = _seen_before(parquet, names, groups[0], batch_bytes) if groups and groups[0] else set()
    whole = row_batches(parquet, batch_bytes, [one for one in names.values() if one], groups)
    for batch in cut_batches(whole, batch_bytes):
        if isinstance(batch, RowLoss):
            yield CodeRow(f"{name}#{offset}", None, offset, 0, refusal=refusal(DAMAGED, batch.problem))
            offset += batch.rows
            continue
        columns = {ours: _values(batch.column(theirs), ours) for ours, theirs in names.items() if theirs}
        for row in range(batch.num_rows):
            yield _row({ours: values[row] for ours, values in columns.items()}, judge, seen, f"{name}#{offset}")
            offset += 1


def _check_columns(schema: pa.Schema, names: dict[str, str]) -> None:
    """Raises NoArchive if two columns have the same name, or if the type of content or path is not text or bytes."""
    for ours, theirs in names.items():
        found = [field.type for field in schema if field.name == theirs]
        if len(found) > 1:
            raise NoArchive(f"two columns are called {theirs!r}")
        if ours in ("content", "path") and not (_is_text(found[0]) or pa.types.is_null(found[0])):
            raise NoArchive(f"the column {theirs!r} is of type {str(found[0])[:200]}, expected text or bytes")


def _seen_before(parquet: Parquet, names: dict[str, str], group: int, batch_bytes: int) -> set[int]:
    """Returns the ids, as once() hashes them, of all rows before a row group. Reads only the columns that ids need."""
    columns = {ours: names[ours] for ours in ("path", "repo", "rev") if names[ours]}
    seen: set[int] = set()
    whole = row_batches(parquet, batch_bytes, list(columns.values()), list(range(group)))
    for batch in cut_batches(whole, batch_bytes):
        if isinstance(batch, RowLoss):
            continue
        values = {ours: _values(batch.column(theirs), ours) for ours, theirs in columns.items()}
        for row in range(batch.num_rows):
            path, repo, rev = (_text(values[ours][row]) if ours in values else "" for ours in ("path", "repo", "rev"))
            path = path.removeprefix("/")
            if repo and not path_problem(path):
                once(CodeRow(_id(path, repo, rev, ""), path, 0, 0), seen, "")
    return seen


def _id(path: str, repo: str, rev: str, place: str) -> str:
    return f"{repo}@{rev}:{path}" if repo else f"{place}:{path}"


def _row(value: dict[str, Any], judge: Judge, seen: set[int], place: str) -> CodeRow:
    path, repo, rev = (_text(value.get(key)) for key in ("path", "repo", "rev"))
    path = path.removeprefix("/")  # version 2 writes paths with a leading slash
    content = value["content"] if isinstance(value["content"], bytes) else b""
    number = int(place.rpartition("#")[2])
    row = CodeRow(_id(path, repo, rev, place), path, number, len(content))
    row.time = (value.get("date") or 0) // 1_000_000
    row.facts = {key: text for key, text in (("repo", repo), ("rev", rev)) if text}
    if problem := path_problem(path):
        row.refusal, row.id, row.path = refusal("unsafe_path", problem), place, None
        return row
    row.refusal = judge.of_name(path, len(content))
    for flag in _FLAGS:
        if value.get(flag) is True and row.refusal is None and flag not in judge.keep:
            row.refusal = refusal(flag, f"marked as {flag}")
    once(row, seen, place)
    if row.refusal is None:
        row.refusal = judge.fill(row, content, _text(value.get("language")) or None)
    if row.refusal is None and row.license is None and (license := _license(value.get("licenses"))):
        row.license, row.facts["license_from"] = license, "column"
    return row


def _values(column: pa.Array, ours: str) -> list[Any]:
    """Returns the column as Python values, all None if its type cannot be the value `ours`.

    Texts are bytes, because Parquet files can have texts that are not UTF-8. Dates are in microseconds since 1970.
    """
    column = plain_column(column)
    type = column.type
    if ours in _FLAGS:
        fits = pa.types.is_boolean(type)
    elif ours == "date":
        fits = pa.types.is_timestamp(type) or pa.types.is_date(type)
        column = moments(column).cast(pa.int64()) if fits else column
    elif fits := _is_text(type):
        column = column.cast(pa.large_binary())
    elif fits := ours == "licenses" and _is_list(type) and _is_text(type.value_type):
        column = column.cast(pa.large_list(pa.large_binary()))
    values: list[Any] = column.to_pylist() if fits else [None] * len(column)
    return values


def _is_text(type: pa.DataType) -> bool:
    types = pa.types
    kinds = (types.is_string, types.is_large_string, types.is_string_view)
    raw = (types.is_binary, types.is_large_binary, types.is_binary_view, types.is_fixed_size_binary)
    return any(is_kind(type.value_type if types.is_dictionary(type) else type) for is_kind in (*kinds, *raw))


def _is_list(type: pa.DataType) -> bool:
    return type.id in (pa.lib.Type_LIST, pa.lib.Type_LARGE_LIST)


def _text(value: Any) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else ""


def _license(value: Any) -> str | None:
    """Returns the licences joined by AND, because a list has all that were found in the repository, not a choice."""
    many = value if isinstance(value, list) else [value]
    return joined(
        [_text(one) if isinstance(one, bytes) else one for one in many if isinstance(one, bytes | str)], "AND"
    )
