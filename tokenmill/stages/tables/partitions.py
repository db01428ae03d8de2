"""Reads the columns that folders name, as Hive and Spark write them: lang=de/year=2024/part-0.parquet."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
import pyarrow as pa

from tokenmill.core.io.http import is_http
from tokenmill.core.io.storage import is_url

_FOLDER = re.compile(r"([^=/]+)=([^/]*)")
_NULL = "__HIVE_DEFAULT_PARTITION__"
_OF_FILES = ("id", "text")  # differ from row to row, so a folder cannot have them

Partition = Mapping[str, str | None]
"""{column: its value in all rows of a file}."""


def partition_of(file: str) -> Partition:
    """Returns the columns that the folders directly above a file name as `column=value`. Values stay text.

    Percent codes in both are decoded, `__HIVE_DEFAULT_PARTITION__` is null, and of two folders with one column the
    nearer counts. A folder of another form ends the search.
    """
    found: dict[str, str | None] = {}
    for folder in reversed(_folders(file)):
        named = _FOLDER.fullmatch(folder)
        if not named:
            break
        name, value = unquote(named[1]), unquote(named[2])
        if name not in _OF_FILES:
            found.setdefault(name, None if named[2] == _NULL else value)
    return found


def _folders(file: str) -> Sequence[str]:
    if is_http(file):
        return [unquote(part) for part in urlsplit(file).path.split("/")[:-1]]  # an address encodes names once more
    if is_url(file):
        return file.partition("://")[2].split("/")[1:-1]  # without the bucket
    return file.split("/")[:-1]


def schema_with(schema: pa.Schema, partition: Partition) -> pa.Schema:
    """Returns the schema of a table with the columns of its partition."""
    for name in partition:
        if name not in schema.names:
            schema = schema.append(pa.field(name, pa.dictionary(pa.int32(), pa.string())))
    return schema


def with_columns(batch: pa.RecordBatch, partition: Partition) -> pa.RecordBatch:
    """Returns a table's batch with the columns of its partition. A column that the table has stays as it is."""
    for name, value in partition.items():
        if name not in batch.schema.names:
            batch = batch.append_column(name, _repeated(value, batch.num_rows))
    return batch


def with_values(rows: list[dict[str, Any]], partition: Partition) -> list[dict[str, Any]]:
    """Returns rows of JSON or CSV with the values of their partition. A key that a row has stays as it is."""
    return [{**partition, **row} for row in rows] if partition else rows


def _repeated(value: str | None, count: int) -> pa.Array:
    """Returns a dictionary, because its size does not depend on the length of the value."""
    return pa.DictionaryArray.from_arrays(np.zeros(count, dtype=np.int32), pa.array([value], pa.string()))
