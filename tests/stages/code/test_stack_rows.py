"""The Stack's Parquet files: columns by the names of either version, with their licences and languages as given."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tokenmill.core.errors import DataError
from tokenmill.mini.code_dump import repository, write_code
from tokenmill.stages.code.read_code import ReadCode

DICTIONARY = pa.dictionary(pa.int32(), pa.string())


def read(path: Path, **options: Any) -> list[dict[str, Any]]:
    work = ReadCode(paths=str(path), **options)
    return [row for shard in work.shards() for batch in work.read(shard) for row in batch.to_pylist()]


def table(folder: Path, rows: list[dict[str, Any]], schema: pa.Schema | None = None) -> Path:
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / "t.parquet", row_group_size=2)
    return folder / "t.parquet"


def test_the_mini_dump_comes_out_as_it_went_in(tmp_path: Path) -> None:
    write_code(tmp_path, pages=300, seed=5)
    rows = read(tmp_path / "code.parquet", batch_bytes=20_000)
    truth = [file for number in range(10, 20) for file in repository(5, number)]
    assert len(rows) == len(truth) and len({row["id"] for row in rows}) == len(rows)
    for row, file in zip(rows, truth, strict=True):
        assert row["path"] == file.path and row["id"].startswith(f"{file.repo}@")
        if row.get("drop_rule") is None:
            assert (row["text"], row["code_lang"], row["license"]) == (file.content, file.lang, file.licence)
    rules = {(row["drop_rule"], row["path"]) for row in rows if row.get("drop_rule")}
    assert rules == {("read_code.generated", "gen/schema.pb.go"), ("read_code.minified", "dist/bundle.min.js")}


def test_version_2_with_lists_flags_and_dates(tmp_path: Path) -> None:
    base = {
        "repo_name": "a/b", "revision_id": "f" * 40, "language": "Rust", "detected_licenses": ["MIT", "Apache-2.0"],
        "committer_date": datetime(2021, 2, 3), "is_vendor": False, "is_generated": False,
    }  # fmt: skip
    rows = read(
        table(
            tmp_path,
            [
                {**base, "path": "/src/a.rs", "content": "fn a() {}\n"},
                {**base, "path": "src/b.rs", "content": "fn b() {}\n", "is_vendor": True},
                {**base, "path": "src/c.rs", "content": "fn c() {}\n", "is_generated": True},
                {**base, "path": "src/a.rs", "content": "fn a() {}\n"},
                {**base, "path": "../d.rs", "content": "fn d() {}\n"},
                {**base, "path": "e.rs", "content": None},
            ],
        )
    )
    assert rows[0]["id"] == f"a/b@{'f' * 40}:src/a.rs" and rows[0]["license"] == "MIT AND Apache-2.0"
    assert rows[0]["date"].year == 2021 and json.loads(rows[0]["meta"])["license_from"] == "column"
    rules = [(row["drop_rule"] or "").removeprefix("read_code.") for row in rows]
    assert rules == ["", "vendored", "generated", "repeated", "unsafe_path", "empty"]
    assert len({row["id"] for row in rows}) == len(rows)


def stack_columns(**changed: Any) -> dict[str, Any]:
    return {"content": ["x = 1\n"], "path": ["a.py"], "repo_name": ["a/b"], "lang": ["Python"]} | changed


@pytest.mark.parametrize("type", [DICTIONARY, pa.string_view(), pa.large_string()])
def test_columns_of_text_may_be_of_any_type_that_holds_text(tmp_path: Path, type: pa.DataType) -> None:
    columns = {name: pa.array(values).cast(type) for name, values in stack_columns(license=["MIT"]).items()}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    [row] = read(tmp_path / "t.parquet")
    assert row.get("drop_rule") is None and (row["text"], row["license"]) == ("x = 1\n", "MIT")
    assert (row["id"], row["code_lang"]) == ("a/b@:a.py", "Python")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"content": [["x"]]}, "the column 'content' is of type list<.*>, expected text or bytes"),
        ({"content": [{"x": 1}]}, "the column 'content' is of type struct<.*>, expected text or bytes"),
        ({"path": [1]}, "the column 'path' is of type int64, expected text or bytes"),
    ],
)
def test_a_column_of_a_wrong_type_is_a_data_error(tmp_path: Path, changed: Any, message: str) -> None:
    pq.write_table(pa.table(stack_columns(**changed)), tmp_path / "t.parquet")
    with pytest.raises(DataError, match=rf"t\.parquet: {message}"):
        read(tmp_path / "t.parquet")


def test_two_columns_of_one_name_are_a_data_error(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array(["x"])] * 3, names=["content", "path", "content"])
    pq.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"t\.parquet: two columns are called 'content'"):
        read(tmp_path / "t.parquet")


@pytest.mark.parametrize(
    ("date", "year"),
    [
        (pa.array([1_600_000_000_000_000_001], pa.timestamp("ns")), 2020),
        (pa.array([1_600_000_000], pa.timestamp("s", tz="Mars/X")), 2020),
        (pa.array([10_000], pa.date32()), 1997),
        (pa.array([1 << 50], pa.timestamp("s")), None),
        (pa.array([10_000_000], pa.date32()), None),
        (pa.array([5], pa.int64()), None),
    ],
)
def test_dates_that_python_cannot_hold(tmp_path: Path, date: pa.Array, year: int | None) -> None:
    pq.write_table(pa.table(stack_columns(committer_date=date)), tmp_path / "t.parquet")
    [row] = read(tmp_path / "t.parquet")
    assert (row["date"] and row["date"].year) == year


def test_licences_and_facts_of_types_that_say_nothing_are_passed_over(tmp_path: Path) -> None:
    broken = pa.array([b"MIT\xff"], pa.binary()).view(pa.string())
    listed = pa.ListArray.from_arrays([0, 1], broken)
    for licenses in (listed, pa.array([1 << 62], pa.duration("s")), pa.array([["MIT"]])):
        columns = stack_columns(detected_licenses=licenses, repo_name=[7], is_vendor=["yes"])
        pq.write_table(pa.table(columns), tmp_path / "t.parquet")
        [row] = read(tmp_path / "t.parquet")
        assert row["text"] == "x = 1\n" and row["id"] == "t.parquet#0:a.py"
    assert row["license"] == "MIT"


def test_text_that_is_not_utf_8_and_damaged_groups(tmp_path: Path) -> None:
    content = pa.array(["# Größe\n".encode("latin-1"), b"x = 1\n", b"y = 2\n"], pa.binary())
    broken = pa.Array.from_buffers(pa.string(), 3, content.buffers())
    path = tmp_path / "t.parquet"
    columns = {"content": broken, "path": ["a.py", "b.py", "c.py"], "repo_name": ["r"] * 3, "commit": ["1"] * 3}
    pq.write_table(pa.table(columns), path, row_group_size=1, write_page_checksum=True, compression="none")
    assert [row["text"] for row in read(path)] == ["# Größe\n", "x = 1\n", "y = 2\n"]
    data = path.read_bytes()
    path.write_bytes(data.replace(b"x = 1\n", b"x = 9\n", 1))
    rows = read(path)
    assert [row.get("drop_rule") for row in rows] == [None, "read_code.corrupt", None]


def test_what_is_no_such_table_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"t\.parquet: has the columns other, but none"):
        read(table(tmp_path, [{"other": 1}]))
    (tmp_path / "t.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        read(tmp_path / "t.parquet")
