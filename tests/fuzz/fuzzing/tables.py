"""Targets: tables in Parquet, Arrow IPC, JSON Lines and CSV."""

import functools
import gzip
import io
import json
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from fuzzing.harness import Target
from fuzzing.rows import (
    WHOLE,
    Row,
    assert_same,
    damaged,
    file_rows,
    is_broken,
    same_in_any_size,
    same_unless_damaged,
    small_batch,
)  # fmt: skip

from tokenmill.core.io.compression import MAGIC_BYTES, format_of
from tokenmill.stages.tables.file_kinds import HEAD_BYTES
from tokenmill.stages.tables.json_arrays import is_json_array
from tokenmill.stages.tables.jsonl_formats import FORMATS
from tokenmill.stages.tables.read_table import ReadTable

_LIMIT = 1 << 12
_DAMAGE = tuple(f"read_table.{rule}" for rule in ("bad_compression", "bad_json", "bad_csv", "bad_utf8", "corrupt"))
_PACKINGS = (bytes, bytes, gzip.compress, zstandard.compress)


def _table() -> pa.Table:
    texts = [None if n == 3 else f"text {n} é " * (n % 5) for n in range(20)]
    kinds = pa.array([f"kind {n % 3}" for n in range(20)]).dictionary_encode()
    more = [{"a": n, "b": [str(n)] * (n % 3)} for n in range(20)]
    return pa.table({"id": [str(n) for n in range(20)], "text": texts, "kind": kinds, "more": more})


def _parquet(table: pa.Table, **settings: object) -> bytes:
    target = io.BytesIO()
    pq.write_table(table, target, **{"row_group_size": 7, **settings})  # type: ignore[arg-type]
    return target.getvalue()


def _parquets() -> dict[str, bytes]:
    return {
        f"{compression}{ending}": _parquet(_table(), compression=compression, **settings)
        for compression in ("none", "snappy", "zstd", "gzip")
        for ending, settings in (
            ("", {"use_dictionary": False}), (" 2.0", {"write_page_checksum": True, "data_page_version": "2.0"}),
        )
    }  # fmt: skip


def _broken_texts() -> pa.Table:
    """Returns strings that are not UTF-8: alone, inside a struct, and in a dictionary."""
    broken = pa.array([b"fine", b"a\xff", b"good"], pa.binary()).view(pa.string())
    kinds = pa.DictionaryArray.from_arrays(pa.array([1, 0, 2], pa.int32()), broken)
    nested = pa.StructArray.from_arrays([broken], names=["b"])
    return pa.table({"text": broken, "kind": kinds, "nested": nested})


def _past_parquets() -> dict[str, bytes]:
    dates = pa.array([None, 0, 1 << 62], pa.timestamp("us", "UTC"))
    coded = pa.DictionaryArray.from_arrays(pa.array([0] * 400, pa.int32()), ["a long text " * 100])
    return {
        "name-of-bad-utf-8": _parquet(pa.table({"text": ["a"], "more": [1]}), store_schema=False).replace(
            b"more", b"mo\xffe"
        ),
        "texts-of-bad-utf-8": _parquet(_broken_texts()),
        "binary-texts": _parquet(pa.table({"text": pa.array([b"a", b"\xff", None])})),
        "date-beyond-9999": _parquet(pa.table({"text": ["a", "b", "c"], "date": dates})),
        "place-outside-the-dictionary": place_outside_the_dictionary(),
        "one-text-400-times": _parquet(pa.table({"text": coded}), row_group_size=200),
    }


def place_outside_the_dictionary() -> bytes:
    """Returns five texts of a dictionary. The last one refers to a sixth entry, which does not exist."""
    table = pa.table({"text": list("abcde")})
    data = _parquet(table, compression="none", store_schema=False)
    places = b"\x03\x03\x88\x46\x00"  # 0 to 4, in three bits each
    assert data.count(places) == 1
    return data.replace(places, b"\x03\x03\x88\x56\x00")


def _arrow(table: pa.Table, make: object = pa.ipc.new_file, compression: str | None = None) -> bytes:
    target = io.BytesIO()
    with make(target, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:  # type: ignore[operator]
        writer.write_table(table, max_chunksize=7)
    return target.getvalue()


def _arrows() -> dict[str, bytes]:
    return {
        f"{kind} {compression}": _arrow(_table(), make, compression)
        for kind, make in (("file", pa.ipc.new_file), ("stream", pa.ipc.new_stream))
        for compression in (None, "lz4", "zstd")
    }


def _past_arrows() -> dict[str, bytes]:
    whole = _arrow(_table(), pa.ipc.new_stream)
    return {
        "name-of-bad-utf-8": _arrow(pa.table({"text": ["a"], "more": [1]})).replace(b"more", b"mo\xffe"),
        "texts-of-bad-utf-8": _arrow(_broken_texts()),
        "stream-that-claims-more": whole[:4] + (1 << 30).to_bytes(4, "little") + whole[8:],
        "cut-off": whole[: len(whole) // 2],
    }


def _lines() -> dict[str, bytes]:
    more = {"a": [1, None, 1.5e300, "\ud83d\ude00"]}
    rows = [{"id": str(n), "text": f"text {n} é " * n, "more": more} for n in range(12)]
    plain = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    return {"lines": plain}


def _laid_out() -> dict[str, bytes]:
    """Returns objects with keys of both layouts."""
    more = {"source": "s", "added": "2024-01-02", "created": "2024-01-02", "attributes": {"a": [1]}, "version": "1"}
    metadata: list[object] = [{"url": "http://a", "date": "2024-01-02", "language": "en"}, '{"url": "b"}', None]
    rows = [{"id": str(n), "text": f"text {n} é", "metadata": metadata[n % 3], "media": [], **more} for n in range(9)]
    return {"lines": b"".join(json.dumps(row).encode() + b"\n" for row in rows)}


def _past_lines() -> dict[str, bytes]:
    good = b'{"text": "a"}\n'
    return {
        "list-500-deep": b'{"text": ' + b"[" * 501 + b"]" * 501 + b"}\n" + good,
        "list-4000-deep": b"[" * 4_000 + b"\n" + good,
        "line-over-the-limit": b'{"text": "' + b"x" * (2 * _LIMIT) + b'"}\n' + good,
        "number-of-5000-digits": b'{"text": "a", "n": ' + b"9" * 5000 + b"}\n" + good,
        "surrogate-alone": b'{"text": "a\\ud800b"}\n' + good,
        "not-utf-8": b'{"text": "a\xffb"}\n' + good,
        "zstd-frame-to-skip": b"\x50\x2a\x4d\x18\x05\0\0\0hello" + zstandard.compress(good),
        "zeros-behind-gzip": gzip.compress(good * 9, mtime=0) + bytes(512),
        "no-newline-at-the-end": good + good[:-1],
    }


def _arrays() -> dict[str, bytes]:
    rows = [{"id": str(n), "text": f"text {n} é " * n, "more": [{"a": [n]}]} for n in range(9)]
    return {"one line": json.dumps(rows).encode(), "many lines": json.dumps(rows, indent=1).encode()}


def _past_arrays() -> dict[str, bytes]:
    good = b'{"text": "a"}'
    return {
        "line-feed-in-a-string": b'[\n{"text": "a\n},\n' + good + b"]",
        "bracket-lost": b'[\n{"text": ["a"},\n' + good + b",\n" + good + b"]",
        "values-over-the-limit": b"[" + b'"' + b"x" * (2 * _LIMIT) + b'",\n' + good + b"]",
        "brackets-over-the-limit": b"[" * (3 * _LIMIT) + b"\n" + good,
        "arrays-joined": b"[" + good + b"]\n[" + good + b"]" + good,
        "array-without-an-end": b"[" + good + b"," + good,
    }


def _csvs() -> dict[str, bytes]:
    return {"quoted": b'id,text,n\n1,"a ""b""\nc",2\r\n2,d,3\n,,\n' * 4}


def _past_csvs() -> dict[str, bytes]:
    return {
        "quote-without-end": b'id,text\n1,"a\n2,b\n3,c\n',
        "record-over-the-limit": b'id,text\n1,"' + b"x\n" * _LIMIT + b'"\n2,b\n',
        "line-over-the-limit-with-a-quote": b"id,text\n1," + b"x" * (2 * _LIMIT) + b'"\n2,b\n',
        "quote-inside-a-field": b'id,text\n1,a"b\n2,"b"c\n',
        "column-twice": b"text,text\n1,2\n",
        "only-a-header": b"id,text",
        "mark-of-byte-order": b"\xef\xbb\xbfid,text\n1,a\n",
    }


def _make(path: str, **settings: int | str) -> ReadTable:
    return ReadTable(path, max_line_bytes=_LIMIT, **settings)  # type: ignore[arg-type]


def check_lines(data: bytes) -> int:
    """Each line that is not blank is a row, and a broken compressed file has a row that reports it."""
    rows = same_in_any_size(data, "t.jsonl", _make, may_refuse="no column 'text'")
    if _is_text(data):
        there = sum(bool(line.strip()) for line in data.split(b"\n"))
        assert len(rows) == there, f"{there} lines, but {len(rows)} rows"
    _assert_told(data, rows)
    return len(rows)


def check_array(data: bytes) -> int:
    """Checks that the same values are found in batches and shards of any size."""
    rows = same_in_any_size(data, "t.json", _make, may_refuse="no column 'text'")
    _assert_told(data, rows)
    return len(rows)


def check_laid_out(data: bytes, format: str) -> int:
    """Checks the same as check_lines, for objects in the layout of another pipeline."""
    rows = same_in_any_size(
        data, "t.jsonl", lambda path, **settings: _make(path, format=format, **settings), may_refuse="no column 'text'"
    )
    _assert_told(data, rows)
    return len(rows)


def check_csv(data: bytes) -> int:
    """Everything except the header, blank lines and line ends belongs to a row."""
    rows = file_rows(data, "t.csv", _make, **WHOLE)
    assert_same(file_rows(data, "t.csv", _make, batch_bytes=small_batch(data)), rows, "small batches")
    if rows and _is_text(data):
        at = rows[0]["locator"]["offset"]
        for row in rows:
            place = row["locator"]
            assert not data[at : place["offset"]].strip(b"\r\n"), f"bytes {at} to {place['offset']} in no row"
            at = place["offset"] + place["length"]
        assert not data[at:].strip(b"\r\n"), f"bytes from {at} on in no row"
    _assert_told(data, rows)
    return len(rows)


def _is_text(data: bytes) -> bool:
    if is_json_array(data[:HEAD_BYTES]):
        return False
    return format_of(data[:MAGIC_BYTES]) is None and not data.startswith((b"PAR1", b"ARROW1", b"\xff\xff\xff\xff"))


def _assert_told(data: bytes, rows: list[Row]) -> None:
    if is_broken(data):
        assert damaged(rows, *_DAMAGE), "a broken file without a row of damage"


def check_parquet(data: bytes) -> int:
    return len(same_unless_damaged(data, "t.parquet", _make, *_DAMAGE))


def _rows(number: int, seeds: Mapping[str, bytes]) -> dict[str, int]:
    return dict.fromkeys(seeds, number)


TARGETS = (
    Target("parquet", _parquets, check_parquet, past=_past_parquets, rows=_rows(20, _parquets()), most_refused=0.95),
    Target(
        "arrow", _arrows, lambda data: len(same_in_any_size(data, "t.arrow", _make)), past=_past_arrows,
        rows=_rows(20, _arrows()), most_refused=0.95,
    ),
    Target(
        "jsonl", _lines, check_lines, past=_past_lines, rows=_rows(12, _lines()), forms=_PACKINGS,
        tokens=(b'{"text": "a"}\n', b"\\ud800", b"\\", b'{"id": null}\n', b"\xef\xbb\xbf", b"1e999", b"NaN"),
        brackets=((b"[", b"]"), (b'{"a":', b"}"), (b'"', b'"')),
    ),
    Target(
        "json_array", _arrays, check_array, past=_past_arrays, rows=_rows(9, _arrays()), forms=_PACKINGS,
        tokens=(b'{"text": "a"}', b"]", b"[", b",", b"\n", b'"', b"\\", b'\n{"text": "b"},\n'),
        brackets=((b"[", b"]"), (b'{"a":', b"}"), (b'"', b'"')),
    ),
    *(
        Target(
            f"jsonl_{format}", _laid_out, functools.partial(check_laid_out, format=format), rows={"lines": 9}, slow=100,
            tokens=(b'"metadata": 1, ', b'"metadata": "[]", ', b'"created": "2024"', b"null"),
            brackets=((b"[", b"]"), (b'{"metadata":', b"}")),
        )
        for format in FORMATS
    ),
    Target(
        "csv", _csvs, check_csv, past=_past_csvs, rows={"quoted": 15}, forms=_PACKINGS, slow=200,
        tokens=(b'"', b'""', b",", b'"\n', b"\r", b'",'), brackets=((b'"', b'"'), (b',"', b'",')),
    ),
)  # fmt: skip
