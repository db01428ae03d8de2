"""Dates of tables may be numbers of seconds, milliseconds, microseconds or nanoseconds since 1970."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tokenmill.stages.tables.read_table import ReadTable

SECONDS = 1_451_606_400  # 2016-01-01
WHEN = datetime(2016, 1, 1, tzinfo=UTC)
TYPES = [pa.int64(), pa.uint64(), pa.float64(), pa.string(), pa.binary(), pa.decimal128(30, 3), pa.decimal256(40, 0)]


def dates(path: Path, name: str = "created_utc") -> list[datetime | None]:
    source = ReadTable(str(path), columns={name: "date"})
    batches = [batch for shard in source.shards() for batch in source.read(shard)]
    assert not any("drop_rule" in batch.schema.names for batch in batches)
    return [date for batch in batches for date in batch.column("date").to_pylist()]


@pytest.mark.parametrize("unit", [1, 10**3, 10**6, 10**9])
@pytest.mark.parametrize("type", [int, float, str, lambda value: f"{value}.0"])
def test_json_lines(tmp_path: Path, unit: int, type: Any) -> None:
    said = [type(SECONDS * unit), None, type(0), True, [SECONDS], "2016", 20160101]
    (tmp_path / "t.jsonl").write_text("".join(json.dumps({"text": "a", "created_utc": one}) + "\n" for one in said))
    assert dates(tmp_path / "t.jsonl") == [WHEN, None, None, None, None, WHEN, WHEN]


@pytest.mark.parametrize("unit", [1, 10**3, 10**6, 10**9])
def test_csv(tmp_path: Path, unit: int) -> None:
    (tmp_path / "t.csv").write_text(f"text,created_utc\na,{SECONDS * unit}\nb,{SECONDS * unit}.0\nc,-5\nd,\n")
    assert dates(tmp_path / "t.csv") == [WHEN, WHEN, None, None]


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
@pytest.mark.parametrize("unit", [1, 10**3, 10**6, 10**9])
@pytest.mark.parametrize(
    "type",
    [pa.int64(), pa.uint64(), pa.float64(), pa.string(), pa.binary(), pa.decimal128(30, 3), pa.decimal256(40, 0)],
)
def test_columns(tmp_path: Path, ending: str, unit: int, type: pa.DataType) -> None:
    said: list[Any] = [SECONDS * unit, None, 7]
    if pa.types.is_decimal(type):
        said = [one if one is None else Decimal(one) for one in said]
    if type in (pa.string(), pa.binary()):
        said = [one if one is None else str(one) for one in said]
    table = pa.table({"text": ["a", "b", "c"], "created_utc": pa.array(said).cast(type, safe=False)})
    if ending == "parquet":
        pq.write_table(table, tmp_path / "t.parquet")
    else:
        with pa.ipc.new_file(tmp_path / "t.arrow", table.schema) as out:
            out.write_table(table)
    assert dates(tmp_path / f"t.{ending}") == [WHEN, None, None]
