"""A value of Parquet or Arrow that is not UTF-8 costs its row alone, however the column is stored."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tokenmill.core.errors import DataError
from tokenmill.stages.tables.read_table import ReadTable

BAD = [b"first", b"caf\xe9 au lait", None, b"na\xc3\xafve", b"\xff\xfe\x00"]
BINARY = pa.array(BAD, pa.binary())
NESTED = pa.StructArray.from_arrays([BINARY.view(pa.string()), pa.array(range(5))], names=["s", "n"])
KINDS: dict[str, Callable[[], pa.Array]] = {
    "binary": lambda: BINARY,
    "large_binary": lambda: BINARY.cast(pa.large_binary()),
    "binary_view": lambda: BINARY.cast(pa.binary_view()),
    "string": lambda: BINARY.view(pa.string()),
    "large_string": lambda: BINARY.cast(pa.large_binary()).view(pa.large_string()),
    "string_view": lambda: BINARY.cast(pa.binary_view()).view(pa.string_view()),
    "dictionary of bytes": lambda: BINARY.dictionary_encode(),
    "dictionary of strings": lambda: pa.DictionaryArray.from_arrays(
        pa.array([0, 1, None, 2, 3], pa.int8()),
        pa.array([BAD[0], BAD[1], BAD[3], BAD[4]], pa.binary()).view(pa.string()),
    ),
}


def written(folder: Path, ending: str, columns: dict[str, Any]) -> Path:
    path, table = folder / f"t.{ending}", pa.table(columns)
    if ending == "parquet":
        pq.write_table(table, path, store_schema=False)
    elif ending == "parquet with its schema":
        pq.write_table(table, path)
    else:
        new = pa.ipc.new_stream if ending == "arrow stream" else pa.ipc.new_file
        with new(path, table.schema) as out:
            out.write_table(table)
    return path


def fates(path: Path, **setting: Any) -> list[tuple[str, str | None, str | None]]:
    """Returns (id, text, rule) of each row."""
    source = ReadTable(str(path), **setting)
    batches = [batch for shard in source.shards() for batch in source.read(shard)]
    rows = [row for batch in batches for row in batch.to_pylist()]
    return [(row["id"], row["text"], row.get("drop_rule")) for row in rows]


@pytest.mark.parametrize("ending", ["parquet", "parquet with its schema", "arrow", "arrow stream"])
@pytest.mark.parametrize("kind", KINDS)
def test_of_the_text(tmp_path: Path, kind: str, ending: str) -> None:
    """Guards against an earlier fault: bytes failed the file, and a broken string cost the whole batch of Arrow IPC."""
    path = written(tmp_path, ending, {"id": list("abcde"), "text": KINDS[kind]()})
    assert fates(path) == [
        ("a", "first", None),
        ("b", "caf\ufffd au lait", "read_table.bad_utf8"),
        ("c", None, "read_table.no_text"),
        ("d", "naïve", None),
        ("e", "\ufffd\ufffd\x00", "read_table.bad_utf8"),
    ]


@pytest.mark.parametrize("ending", ["parquet", "parquet with its schema", "arrow", "arrow stream"])
@pytest.mark.parametrize("kind", KINDS)
def test_of_the_id(tmp_path: Path, kind: str, ending: str) -> None:
    path = written(tmp_path, ending, {"id": KINDS[kind](), "text": list("abcde")})
    name = path.name
    assert fates(path) == [
        ("first", "a", None),
        (f"{name}#1", "b", "read_table.bad_utf8"),
        (f"{name}#2", "c", None),
        ("naïve", "d", None),
        (f"{name}#4", "e", "read_table.bad_utf8"),
    ]


@pytest.mark.parametrize("ending", ["parquet", "arrow", "arrow stream"])
@pytest.mark.parametrize("kind", [*KINDS, "struct", "list"])
def test_of_other_columns(tmp_path: Path, kind: str, ending: str) -> None:
    others = {"struct": lambda: NESTED, "list": lambda: pa.array([[one] for one in BAD]).view(pa.list_(pa.string()))}
    path = written(tmp_path, ending, {"text": list("abcde"), "more": (KINDS | others)[kind]()})
    bad = None if "bin" in kind or "bytes" in kind else "read_table.bad_utf8"  # bytes may be anything
    assert [fate[1:] for fate in fates(path)] == [("a", None), ("b", bad), ("c", None), ("d", None), ("e", bad)]
    assert [fate[1:] for fate in fates(path, unknown="drop")] == [(letter, None) for letter in "abcde"]


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
@pytest.mark.parametrize("kind", ["binary", "string"])
def test_a_table_of_which_no_row_is_utf_8_is_an_error(tmp_path: Path, kind: str, ending: str) -> None:
    texts = pa.array(["Größe".encode("latin-1")] * 3, pa.binary())
    path = written(tmp_path, ending, {"text": texts if kind == "binary" else texts.view(pa.string())})
    with pytest.raises(DataError, match=rf"t\.{ending}: none of its first 3 rows is text in UTF-8; .*columns"):
        fates(path)


def test_many_bad_rows_before_a_good_one_are_counted(tmp_path: Path) -> None:
    texts = pa.array([b"\xff"] * 500 + [b"good"], pa.binary())
    path = written(tmp_path, "parquet", {"text": texts})
    assert [fate[2] for fate in fates(path, batch_bytes=100)] == ["read_table.bad_utf8"] * 500 + [None]


def test_the_id_may_be_a_uuid(tmp_path: Path) -> None:
    id = uuid.UUID(int=7)
    column = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([id.bytes, None], pa.binary(16)))
    path = written(tmp_path, "parquet with its schema", {"id": column, "text": ["a", "b"]})
    assert fates(path) == [(str(id), "a", None), (f"{path.name}#1", "b", None)]
