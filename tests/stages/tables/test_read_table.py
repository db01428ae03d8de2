"""Tables become documents: columns are mapped or kept, and bad lines and broken files are recorded."""

import gzip
import hashlib
import json
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.stages.tables.read_table import ReadTable

DAY = datetime(2026, 1, 2, tzinfo=UTC)


def read(path: Path, **setting: Any) -> list[dict[str, Any]]:
    """Returns all rows of a file. Null marks are left out, and locators are (offset, length)."""
    work: ReadTable = pickle.loads(pickle.dumps(ReadTable(str(path), **setting)))
    found = [row for shard in work.shards() for batch in work.read(shard) for row in batch.to_pylist()]
    for row in found:
        assert row["locator"].pop("file") == str(path)
        row["locator"] = (row["locator"]["offset"], row["locator"]["length"])
        for mark in ("drop_rule", "drop_measured", "drop_threshold"):
            if row.get(mark) is None:
                row.pop(mark, None)
    return found


def lines(folder: Path, *values: Any, pack: Callable[[bytes], bytes] = bytes) -> Path:
    """Writes a JSON Lines file. A value of type bytes becomes an unchanged line."""
    content = b"".join((value if isinstance(value, bytes) else json.dumps(value).encode()) + b"\n" for value in values)
    path = folder / "t.jsonl"
    path.write_bytes(pack(content))
    return path


def table(folder: Path, columns: dict[str, Any], **setting: Any) -> Path:
    path = folder / "t.parquet"
    pq.write_table(pa.table(columns), path, **setting)
    return path


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress], ids=["plain", "gzip", "zstd"])
def test_lines_become_documents(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = lines(
        tmp_path,
        {"id": "a", "text": "one", "url": "http://a.example/", "date": "2026-01-02", "tags": ["x"], "é": 1},
        b"",
        {"text": "two", "id": 7},
        {"text": "three", "url": None},
        pack=pack,
    )
    found = read(path, source="mine")
    same = {"source": "mine", "url": None, "date": None, "meta": "{}"}
    assert found == [
        {
            "id": "a",
            "source": "mine",
            "url": "http://a.example/",
            "date": DAY,
            "text": "one",
            "locator": (0, 104),
            "meta": '{"tags":["x"],"\\u00e9":1}',
        },
        {**same, "id": "7", "text": "two", "locator": (106, 24)},
        {**same, "id": "t.jsonl#131", "text": "three", "locator": (131, 30)},
    ]


def test_a_bad_line_is_a_row_with_what_is_wrong(tmp_path: Path) -> None:
    path = lines(tmp_path, {"text": "one"}, b"not json", b"[1]", b'{"text": "\xff"}', {"text": None}, {"text": 5}, {})
    found = [(row["id"], row["text"], row.get("drop_rule"), row.get("drop_measured")) for row in read(path)]
    assert found == [
        ("t.jsonl#0", "one", None, None),
        ("t.jsonl#16", None, "read_table.bad_json", "Expecting value: line 1 column 1 (char 0)"),
        ("t.jsonl#25", None, "read_table.bad_json", "found a JSON list, expected an object"),
        (
            "t.jsonl#29",
            None,
            "read_table.bad_json",
            "'utf-8' codec can't decode byte 0xff in position 10: invalid start byte",
        ),
        ("t.jsonl#43", None, "read_table.no_text", "null"),
        ("t.jsonl#58", None, "read_table.no_text", "number"),
        ("t.jsonl#70", None, "read_table.no_text", "null"),
    ]


def test_a_line_over_the_limit_is_refused_and_the_next_one_read(tmp_path: Path) -> None:
    path = lines(tmp_path, {"text": "x" * 2_000_000}, {"text": "short"})
    found = [(row["id"], row["text"], row.get("drop_measured")) for row in read(path, max_line_bytes=1000)]
    assert found == [
        ("t.jsonl#0", None, "a line of 2000012 bytes, over 1000"),
        ("t.jsonl#2000013", "short", None),
    ]


def test_half_a_surrogate_pair_becomes_a_replacement_character(tmp_path: Path) -> None:
    assert read(lines(tmp_path, b'{"text": "a\\ud800b \\ud83d\\ude00"}'))[0]["text"] == "a\ufffdb \U0001f600"


def test_a_compressed_file_that_breaks_gives_its_good_lines_and_its_end(tmp_path: Path) -> None:
    values = [{"text": f"{number} {hash(number) ** 3}"} for number in range(20_000)]
    path = lines(tmp_path, *values, pack=lambda content: gzip.compress(content)[:-5000])
    *good, last = read(path)
    assert [row["text"] for row in good] == [value["text"] for value in values[: len(good)]]
    assert len(good) > 15_000
    assert (last["drop_rule"], last["drop_measured"]) == (
        "read_table.bad_compression",
        "the compressed file breaks here: the file ends inside a gzip member",
    )


COLUMNS = {
    "content": ["one", None, "three"],
    "key": [1, None, 3],
    "lang": ["en", "de", None],
    "date": pa.array([DAY, None, DAY], pa.timestamp("s")),
    "extra": [{"q": 1}, None, {"q": 2}],
}


def test_a_parquet_file_becomes_documents(tmp_path: Path) -> None:
    work = ReadTable(str(table(tmp_path, COLUMNS)), columns={"content": "text", "key": "id", "lang": "lang"})
    assert work.adds == ("id", "source", "url", "date", "text", "locator", "meta", "lang")
    found = read(tmp_path / "t.parquet", columns=work.columns)
    same = {"source": "table", "url": None}
    one, three = '{"extra":{"q":1}}', '{"extra":{"q":2}}'
    assert found == [
        {**same, "id": "1", "date": DAY, "text": "one", "locator": (0, None), "meta": one, "lang": "en"},
        {
            **same,
            "id": "t.parquet#1",
            "date": None,
            "text": None,
            "locator": (1, None),
            "meta": '{"extra":null}',
            "lang": "de",
            "drop_rule": "read_table.no_text",
            "drop_measured": "null",
            "drop_threshold": "a text",
        },
        {**same, "id": "3", "date": DAY, "text": "three", "locator": (2, None), "meta": three, "lang": None},
    ]
    dropped = read(tmp_path / "t.parquet", columns=work.columns, unknown="drop")
    assert [row["meta"] for row in dropped] == ["{}"] * 3


def test_a_row_group_that_cannot_be_read_is_a_row_and_the_others_are_read(tmp_path: Path) -> None:
    texts = [hashlib.sha256(b"%d" % number).hexdigest() * 9 for number in range(30)]
    path = table(tmp_path, {"text": texts}, row_group_size=10, use_dictionary=False, write_page_checksum=True)
    content = bytearray(path.read_bytes())
    chunk = pq.ParquetFile(path).metadata.row_group(1).column(0)
    place = chunk.data_page_offset + chunk.total_compressed_size - 100  # inside the page, after its header
    content[place : place + 30] = b"\xff" * 30
    path.write_bytes(content)
    found = read(path)
    assert [row["text"] for row in found] == [*texts[:10], None, *texts[20:]]
    assert [row["id"] for row in found[9:12]] == ["t.parquet#9", "t.parquet#10", "t.parquet#20"]
    assert found[10]["drop_rule"] == "read_table.corrupt"
    assert found[10]["drop_measured"].startswith("10 rows of row group 1: ")


def test_a_string_that_is_not_utf8_is_refused_with_its_faults_counted(tmp_path: Path) -> None:
    broken = pa.array([b"fine", b"a\xff\xfeb", None], pa.binary()).view(pa.string())
    found = read(table(tmp_path, {"text": broken, "id": broken}))
    assert [(row["id"], row["text"], row.get("drop_rule"), row.get("drop_measured")) for row in found] == [
        ("fine", "fine", None, None),
        ("t.parquet#1", "a\ufffd\ufffdb", "read_table.bad_utf8", "2"),
        ("t.parquet#2", None, "read_table.no_text", "null"),
    ]


def test_batches_are_about_as_large_as_asked(tmp_path: Path) -> None:
    values = [{"text": "x" * 990} for _ in range(10)]
    counts = []
    for path in (lines(tmp_path, *values), table(tmp_path, {"text": ["x" * 990] * 10}, use_dictionary=False)):
        work = ReadTable(str(path), batch_bytes=3000)
        counts.append([batch.num_rows for batch in work.read(work.shards()[0])])
    assert counts == [[3, 3, 3, 1], [2, 2, 2, 2, 2]]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({}, r"no column 'text' among content, date, extra, key, lang; name it: columns: \{NAME: text\}"),
        ({"columns": {"contnet": "text"}}, "no column 'contnet'; did you mean 'content'"),
        ({"columns": {"extra": "text"}}, "the column for 'text' is of type struct"),
    ],
)
def test_a_file_that_does_not_fit_the_settings_is_an_error(tmp_path: Path, setting: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(table(tmp_path, COLUMNS), **setting)


def test_lines_that_do_not_fit_the_settings_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column 'text' among body, id"):
        read(lines(tmp_path, {"id": "a"}, {"body": "b"}))


@pytest.mark.parametrize("content", [b"PAR1 and no footer", b"\x1f\x8b\x08\x00broken", b"\x28\xb5\x2f\xfdbroken"])
def test_a_file_broken_from_the_start_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"broken: cannot be (read as Parquet|decompressed)"):
        read(path)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"unknown": "keep"}, "found 'keep', expected 'meta' or 'drop'"),
        ({"columns": {"a": "txt"}}, "'txt' is not a column of documents; did you mean 'text'"),
        ({"columns": {"a": "text", "b": "text"}}, "two columns become the same one"),
    ],
)
def test_wrong_settings_are_refused_before_anything_is_read(setting: Any, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        ReadTable("x", **setting)
