"""Folders called `column=value` give the rows of their files a column, in every format and place."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tokenmill.core.errors import DataError
from tokenmill.stages.tables.partitions import partition_of
from tokenmill.stages.tables.read_table import ReadTable


@pytest.mark.parametrize(
    ("file", "columns"),
    [
        ("lang=de/a.parquet", {"lang": "de"}),
        ("/data/lang=de/year=2024/month=01/a.parquet", {"lang": "de", "year": "2024", "month": "01"}),
        ("/run=5/data/lang=de/a.jsonl", {"lang": "de"}),
        ("lang=de/raw/a.jsonl", {}),
        ("a=1/lang=de=at/a.csv", {"a": "1", "lang": "de=at"}),
        ("lang=/a.csv", {"lang": ""}),
        ("=de/a.csv", {}),
        ("lang=de/a=b.csv", {"lang": "de"}),
        ("city=S%C3%A3o%20Paulo/a%3Db=1%2F2/a.csv", {"city": "São Paulo", "a=b": "1/2"}),
        ("x=%FF%zz%/a.csv", {"x": "\ufffd%zz%"}),
        ("lang=__HIVE_DEFAULT_PARTITION__/a.csv", {"lang": None}),
        ("lang=de/lang=at/a.csv", {"lang": "at"}),
        ("id=1/text=a/lang=de/a.csv", {"lang": "de"}),
        ("s3://bucket=1/lang=de/a.csv", {"lang": "de"}),
        ("s3://bucket/set/lang=a%20b/a.csv", {"lang": "a b"}),
        ("https://host.org/set/lang=de/day=2024-01-02/a.csv?x=1/y=2/z", {"lang": "de", "day": "2024-01-02"}),
        ("https://host.org/lang%3Dde/city=S%25C3%25A3o/a.csv", {"lang": "de", "city": "São"}),
        ("https://host.org/city=S%C3%A3o/a.csv", {"city": "São"}),
        ("a.csv", {}),
    ],
)
def test_the_columns_of_a_path(file: str, columns: dict[str, str | None]) -> None:
    assert partition_of(file) == columns


ROWS = [{"id": "a", "text": "x", "year": 7}, {"id": "b", "text": "y", "year": 8}]


def parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), out)
    return out.getvalue()


def arrow(stream: bool) -> bytes:
    out, table = io.BytesIO(), pa.Table.from_pylist(ROWS)
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(out, table.schema) as written:
        written.write_table(table)
    return out.getvalue()


FORMATS: dict[str, Callable[[], bytes]] = {
    "a.parquet": parquet,
    "a.arrow": lambda: arrow(False),
    "s.arrow": lambda: arrow(True),
    "a.jsonl": lambda: b"".join(json.dumps(row).encode() + b"\n" for row in ROWS),
    "a.json": lambda: json.dumps(ROWS).encode(),
    "a.csv": lambda: b"id,text,year\na,x,7\nb,y,8\n",
    "a.tsv": lambda: b"id\ttext\tyear\na\tx\t7\nb\ty\t8\n",
}


def rows(path: Path | str, **setting: Any) -> list[dict[str, Any]]:
    source = ReadTable(str(path), **setting)
    return [row for shard in source.shards() for batch in source.read(shard) for row in batch.to_pylist()]


@pytest.mark.parametrize("name", FORMATS)
def test_they_are_columns_of_the_rows_in_every_format(tmp_path: Path, name: str) -> None:
    """Guards against an earlier fault: the language of such a data set was lost."""
    folder = (
        tmp_path
        / "lang=de"
        / "site=a%2Fb"
        / "date=2024-03-04"
        / "year=2024"
        / "url=u"
        / "none=__HIVE_DEFAULT_PARTITION__"
    )
    folder.mkdir(parents=True)
    (folder / name).write_bytes(FORMATS[name]())
    found = rows(tmp_path / "lang=*" / "**" / name, columns={"lang": "lang"})
    year = ["7", "8"] if "sv" in name else [7, 8]
    assert [(row["id"], row["text"], row["lang"], row["url"], row["date"]) for row in found] == [
        ("a", "x", "de", "u", datetime(2024, 3, 4, tzinfo=UTC)),
        ("b", "y", "de", "u", datetime(2024, 3, 4, tzinfo=UTC)),
    ]
    assert [json.loads(row["meta"]) for row in found] == [{"none": None, "site": "a/b", "year": one} for one in year]
    assert [row["meta"] for row in rows(folder / name, unknown="drop")] == ["{}", "{}"]


@pytest.mark.parametrize("format", ["datatrove", "dolma"])
def test_they_are_metadata_of_other_layouts(tmp_path: Path, format: str) -> None:
    folder = tmp_path / "lang=de" / "part=1" / "date=2024-03-04"
    folder.mkdir(parents=True)
    lines = [
        {"id": "a", "text": "x", "metadata": {"part": "2"}},
        {"id": "b", "text": "y", "metadata": {"date": "2020"}},
    ]
    (folder / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = rows(folder / "a.jsonl", format=format, columns={"lang": "lang"})
    assert [row["lang"] for row in found] == ["de", "de"]
    assert [json.loads(row["meta"]).get("part") for row in found] == ["2", "1"]
    assert found[0]["date"] == datetime(2024, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize("name", FORMATS)
def test_a_column_that_neither_has_is_still_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "lang=de").mkdir()
    (tmp_path / "lang=de" / name).write_bytes(FORMATS[name]())
    with pytest.raises(DataError, match=r"no column 'long'; did you mean 'lang'"):
        rows(tmp_path / "lang=de" / name, columns={"long": "lang"})
    with pytest.raises(DataError, match=r"no column 'lang'"):
        (tmp_path / name).write_bytes(FORMATS[name]())
        rows(tmp_path / name, columns={"lang": "lang"})


def test_a_row_of_json_that_has_the_key_keeps_its_value(tmp_path: Path) -> None:
    (tmp_path / "lang=de").mkdir()
    (tmp_path / "lang=de" / "a.jsonl").write_text(
        '{"text": "x", "lang": "fr"}\n{"text": "y"}\n{"text": "z", "lang": null}\n'
    )
    assert [row["meta"] for row in rows(tmp_path / "lang=de" / "a.jsonl")] == [
        '{"lang":"fr"}', '{"lang":"de"}', '{"lang":null}',
    ]  # fmt: skip


def test_pieces_of_a_file_have_the_columns_too(tmp_path: Path) -> None:
    (tmp_path / "lang=de").mkdir()
    (tmp_path / "lang=de" / "a.jsonl").write_text('{"text": "x"}\n' * 50)
    found = rows(tmp_path / "lang=de" / "a.jsonl", shard_bytes=100)
    assert len(found) == 50 and {row["meta"] for row in found} == {'{"lang":"de"}'}


def test_folders_of_a_store_and_of_a_data_set_have_them(tmp_path: Path) -> None:
    store = fsspec.filesystem("memory")
    for lang in ("de", "fr"):
        store.pipe(f"/bucket/set/lang={lang}/part-0.parquet", FORMATS["a.parquet"]())
    found = rows("memory://bucket/set", columns={"lang": "lang"}, id="make")
    store.store.clear()
    assert [(row["id"], row["lang"]) for row in found] == [
        (f"lang={lang}/part-0.parquet#{row}", lang) for lang in ("de", "fr") for row in range(2)
    ]
