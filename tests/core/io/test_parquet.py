"""The bytes of a table depend only on its rows, and its columns are those of the schema."""

from pathlib import Path
from random import Random

import pyarrow as pa
import pytest

from tokenmill.core.columns import documents
from tokenmill.core.io import parquet, storage


def table(rows: int) -> pa.RecordBatch:
    return documents(
        {"id": [str(n) for n in range(rows)], "text": ["x" * (n % 50) if n % 7 else None for n in range(rows)]}
    )


@pytest.mark.parametrize("seed", range(4))
def test_bytes_do_not_depend_on_how_rows_were_batched(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "GROUP_BYTES", 3000)
    monkeypatch.setattr(parquet, "GROUP_ROWS", 170)
    whole = table(1000)
    random, parts, at = Random(seed), [], 0
    while at < whole.num_rows:
        size = random.choice([0, 1, 7, 333])
        parts.append(whole.slice(at, size))
        at += size
    one = parquet.write_table([whole], str(tmp_path / "one"), schema=whole.schema)
    many = parquet.write_table(parts, str(tmp_path / "many"), schema=whole.schema)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "many").read_bytes()
    assert one.xxh3 == many.xxh3 == storage.file_record(str(tmp_path / "one")).xxh3
    back = pa.Table.from_batches(parquet.read_table(str(tmp_path / "one")))
    assert back.equals(pa.Table.from_batches([whole]))
    assert len(list(parquet.read_table(str(tmp_path / "one")))) > 5


def test_missing_columns_are_written_as_nulls_and_empty_tables_keep_their_columns(tmp_path: Path) -> None:
    schema = pa.schema([("id", pa.string()), ("lang", pa.string()), ("text", pa.large_string())])
    parquet.write_table([table(3)], str(tmp_path / "t"), schema=schema)
    assert next(parquet.read_table(str(tmp_path / "t"))).column("lang").null_count == 3
    record = parquet.write_table([], str(tmp_path / "none"), schema=schema)
    assert record.rows == 0 and parquet.table_schema(str(tmp_path / "none")) == schema


def test_tables_at_urls_are_as_those_at_paths() -> None:
    path = "memory://tables/folder/file"
    record = parquet.write_table([table(10)], path, schema=table(0).schema)
    assert storage.size_of(path) == record.bytes
    assert sum(batch.num_rows for batch in parquet.read_table(path)) == 10
    storage.delete("memory://tables/folder")
