"""Outputs are whole or absent, and a table's bytes depend on its rows alone."""

from pathlib import Path
from random import Random

import pyarrow as pa
import pytest

from tokenmill.core.columns import documents
from tokenmill.core.io import storage


def table(rows: int) -> pa.RecordBatch:
    return documents(
        {"id": [str(n) for n in range(rows)], "text": ["x" * (n % 50) if n % 7 else None for n in range(rows)]}
    )


@pytest.mark.parametrize("seed", range(4))
def test_bytes_do_not_depend_on_how_rows_were_batched(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "GROUP_BYTES", 3000)
    monkeypatch.setattr(storage, "GROUP_ROWS", 170)
    whole = table(1000)
    random, parts, at = Random(seed), [], 0
    while at < whole.num_rows:
        size = random.choice([0, 1, 7, 333])
        parts.append(whole.slice(at, size))
        at += size
    one = storage.write_table([whole], str(tmp_path / "one"), schema=whole.schema)
    many = storage.write_table(parts, str(tmp_path / "many"), schema=whole.schema)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "many").read_bytes()
    assert one.xxh3 == many.xxh3 == storage.file_record(str(tmp_path / "one")).xxh3
    back = pa.Table.from_batches(storage.read_table(str(tmp_path / "one")))
    assert back.equals(pa.Table.from_batches([whole]))
    assert len(list(storage.read_table(str(tmp_path / "one")))) > 5


def test_a_failed_write_leaves_nothing_and_keeps_the_old_file(tmp_path: Path) -> None:
    path = str(tmp_path / "file")
    storage.write_bytes(path, b"old")
    with pytest.raises(ZeroDivisionError), storage.open_output(path) as file:
        file.write(b"half of the n")
        raise ZeroDivisionError
    assert storage.read_bytes(path) == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_missing_columns_are_written_as_nulls_and_empty_tables_keep_their_columns(tmp_path: Path) -> None:
    schema = pa.schema([("id", pa.string()), ("lang", pa.string()), ("text", pa.large_string())])
    storage.write_table([table(3)], str(tmp_path / "t"), schema=schema)
    assert next(storage.read_table(str(tmp_path / "t"))).column("lang").null_count == 3
    record = storage.write_table([], str(tmp_path / "none"), schema=schema)
    assert record.rows == 0 and storage.table_schema(str(tmp_path / "none")) == schema


def test_urls_work_as_paths_do() -> None:
    path = "memory://bucket/folder/file"
    record = storage.write_table([table(10)], path, schema=table(0).schema)
    assert storage.size_of(path) == record.bytes and storage.exists(path)
    assert storage.list_files("memory://bucket/folder") == ["file"]
    assert sum(batch.num_rows for batch in storage.read_table(path)) == 10
    assert [found.rpartition("/")[2] for found in storage.expand("memory://bucket/folder/*")] == ["file"]
    storage.delete("memory://bucket/folder")
    assert not storage.exists(path) and storage.size_of(path) == -1


def test_an_etag_changes_with_the_content(tmp_path: Path) -> None:
    path = tmp_path / "source"
    path.write_bytes(b"a" * 200_000)
    before = storage.etag(str(path))
    assert storage.etag(str(path)) == before
    path.write_bytes(b"a" * 100_000 + b"b" + b"a" * 99_999)
    assert storage.etag(str(path)) != before


def test_folders_are_listed_by_name_and_files_are_not(tmp_path: Path) -> None:
    for folder in (str(tmp_path), "memory://lists/ut1"):
        for name in ("malware/domains", "adult/urls", "README"):
            storage.write_bytes(f"{folder}/{name}", b"x")
        assert storage.list_folders(folder) == ["adult", "malware"]
        assert storage.list_folders(f"{folder}/nowhere") == []
        storage.delete(folder)
