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


UNREAD = ["25/12/2024", "", " ", None, 7, True, ["2016"], {"y": 2016}, "2016"]
KEPT = [
    {"date": "25/12/2024"},
    {},
    {},
    {},
    {"date": "7"},
    {"date": "true"},
    {"date": '["2016"]'},
    {"date": '{"y":2016}'},
    {},
]


def metas(path: Path, **settings: Any) -> list[Any]:
    source = ReadTable(str(path), **settings)
    batches = [batch for shard in source.shards() for batch in source.read(shard)]
    return [json.loads(meta) for batch in batches for meta in batch.column("meta").to_pylist()]


def test_meta_keeps_a_date_that_cannot_be_read(tmp_path: Path) -> None:
    """Guards against an earlier fault: the value was lost without a trace."""
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps({"text": "a", "date": one}) + "\n" for one in UNREAD))
    assert metas(path) == KEPT
    assert metas(path, unknown="drop") == [{}] * len(UNREAD)


def test_a_key_of_meta_is_never_replaced_by_a_date(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("text,date,when\na,mine,25/12/2024\n")
    assert metas(path, columns={"when": "date"}) == [{"date": "mine"}]


@pytest.mark.parametrize("format", ["datatrove", "dolma"])
def test_meta_keeps_an_unread_date_of_a_format(tmp_path: Path, format: str) -> None:
    path = tmp_path / "t.jsonl"
    key = "metadata" if format == "datatrove" else "created"
    value: Any = {"date": "25/12/2024", "k": 1} if format == "datatrove" else "25/12/2024"
    path.write_text(json.dumps({"text": "a", "id": "a", key: value}) + "\n")
    assert metas(path, format=format)[0]["date"] == "25/12/2024"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (pa.array(["2016", "soon", None, ""]), [None, "soon", None, None]),
        (pa.array(["soon", None]).dictionary_encode(), ["soon", None]),
        (pa.array([b"so\xffn", None], pa.binary()).view(pa.string()), ["so\ufffdn", None]),
        (pa.array([7.5, float("nan"), None, float("inf")]), ["7.5", None, None, "inf"]),
        (pa.array([1 << 62, 0, None], pa.timestamp("s")), ["<value out of range: 4611686018427387904>", None, None]),
        (pa.array([[2016], None]), ["[2016]", None]),
    ],
)
def test_meta_keeps_unread_dates_of_columns(tmp_path: Path, said: pa.Array, kept: list[str | None]) -> None:
    with pa.ipc.new_file(tmp_path / "t.arrow", pa.schema([("text", pa.string()), ("date", said.type)])) as out:
        out.write_table(pa.table({"text": ["a"] * len(said), "date": said}))
    found = [meta.get("date") for meta in metas(tmp_path / "t.arrow")]
    assert found == kept
