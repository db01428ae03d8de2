"""Wikimedia Enterprise dumps: JSON Lines in a tar.gz. Each page has its HTML, and each bad line its place."""

import gzip
import io
import json
import random
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tokenmill.core.errors import DataError
from tokenmill.stages.web.extract_html import ExtractHtml
from tokenmill.stages.wiki.read_wikipedia_html import ReadWikipediaHtml


def line(number: int, html: str | None = None, *, namespace: int = 0, **more: Any) -> bytes:
    body = f"<html><body><p>The page number {number} says <b>something</b> of its own.</p></body></html>"
    value = {
        "name": f"Page {number}",
        "identifier": number,
        "date_modified": "2024-01-02T03:04:05Z",
        "version": {"identifier": number + 5000},
        "url": f"https://en.wikipedia.org/wiki/Page_{number}",
        "namespace": {"identifier": namespace},
        "in_language": {"identifier": "en"},
        "is_part_of": {"identifier": "enwiki"},
        "article_body": {"html": body if html is None else html, "wikitext": "'''x'''"},
        "license": [{"identifier": "CC-BY-SA-4.0"}],
    }
    return json.dumps(value | more).encode() + b"\n"


def archive(*members: tuple[str, bytes], format: int = tarfile.PAX_FORMAT) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=format) as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return target.getvalue()


def read(folder: Path, content: bytes, name: str = "enwiki-NS0.json.tar.gz", **options: Any) -> list[dict[str, Any]]:
    path = folder / name
    path.write_bytes(content)
    work = ReadWikipediaHtml(paths=str(path), **options)
    return [row for shard in work.shards() for batch in work.read(shard) for row in batch.to_pylist()]


def rules(rows: list[dict[str, Any]]) -> list[str | None]:
    return [(row.get("drop_rule") or "").removeprefix("read_wikipedia_html.") or None for row in rows]


@pytest.mark.parametrize("format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_pages_of_all_members(tmp_path: Path, format: int) -> None:
    first, second = line(1) + line(2), line(3).rstrip(b"\n")
    long_name = "folder/" + "n" * (80 if format == tarfile.USTAR_FORMAT else 120) + ".ndjson"
    packed = archive(("enwiki_0.ndjson", first), ("README.txt", b"{}"), (long_name, second), format=format)
    rows = read(tmp_path, gzip.compress(packed), batch_bytes=300)
    assert [row["id"] for row in rows] == ["enwiki:1@5001", "enwiki:2@5002", "enwiki:3@5003"]
    assert rows[0]["url"] == "https://en.wikipedia.org/wiki/Page_1" and rows[0]["license"] == "CC-BY-SA-4.0"
    assert json.loads(rows[0]["meta"]) == {"title": "Page 1", "lang": "en"}
    assert rows[0]["date"].isoformat() == "2024-01-02T03:04:05+00:00"


def test_a_file_that_is_no_archive_is_lines(tmp_path: Path) -> None:
    assert [row["id"] for row in read(tmp_path, line(1) + line(2), "a.ndjson")] == ["enwiki:1@5001", "enwiki:2@5002"]


def test_the_html_goes_to_extract_html(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_bytes(line(7))
    work = ReadWikipediaHtml(paths=str(path))
    (batch,) = work.read(work.shards()[0])
    assert ExtractHtml(scope="body")(batch)["text"].to_pylist() == ["The page number 7 says something of its own."]


def test_what_is_refused(tmp_path: Path) -> None:
    lines = [
        line(1, namespace=10), line(2, ""), b"[1]\n", b"{\n", line(3) + line(3), line(4, article_body=None),
        line(5, version=None), b'{"name": 1}\n', line(6, "\ud800 x"), line(8, "y" * 5000), line(9),
    ]  # fmt: skip
    rows = read(tmp_path, gzip.compress(archive(("a.ndjson", b"".join(lines)))), max_bytes=4000)
    assert rules(rows) == [
        "namespace", "empty", "bad_json", "bad_json", None, "repeated", "empty", "bad_json", "bad_json", None,
        "bad_json", None,
    ]  # fmt: skip
    assert rows[9]["text"] == "\ufffd x" and rows[-1]["id"] == "enwiki:9@5009"
    assert len({row["id"] for row in rows}) == len(rows)


def test_cut_short_anywhere_or_damaged_keeps_what_came_before(tmp_path: Path) -> None:
    whole = gzip.compress(archive(("a.ndjson", b"".join(line(number) for number in range(60)))), 0)
    rng = random.Random(3)
    for _ in range(30):
        cut = whole[: rng.randrange(len(whole) // 4, len(whole) - 9000)]
        rows = read(tmp_path, cut)
        assert rules(rows)[-1] == "bad_json" and set(rules(rows)[:-1]) <= {None}
        assert [row["id"] for row in rows[:-1]] == [
            f"enwiki:{number}@{number + 5000}" for number in range(len(rows) - 1)
        ]
        damaged = bytearray(whole)
        damaged[rng.randrange(2000, len(whole))] ^= 0x55
        assert len(read(tmp_path, bytes(damaged))) >= 1


def with_size(content: bytes, field: bytes) -> bytes:
    """Returns the archive with another size in its first header, and a matching checksum."""
    header = bytearray(content[:512])
    header[124:136], header[148:156] = field, b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + content[512:]


def test_a_header_that_lies_is_said(tmp_path: Path) -> None:
    whole = archive(("a.ndjson", line(1)), ("b.ndjson", line(2)))
    assert rules(read(tmp_path, gzip.compress(with_size(whole, b"77777777777\0"))))[0] is None
    with pytest.raises(DataError, match="cannot be decompressed: a header with the invalid number b'not a number'"):
        read(tmp_path, gzip.compress(with_size(whole, b"not a number")))


def test_a_header_whose_checksum_is_wrong_is_not_believed(tmp_path: Path) -> None:
    whole = bytearray(archive(("a.ndjson", line(1)), ("b.ndjson", line(2))))
    second = 512 + len(line(1)) + -len(line(1)) % 512
    whole[second + 124] ^= 1
    rows = read(tmp_path, bytes(whole))
    assert rules(rows) == [None, "bad_json"] and "an invalid header" in rows[1]["drop_measured"]


def test_long_names_and_what_follows_an_end_are_read(tmp_path: Path) -> None:
    name = "folder/" * 20 + "a.ndjson"
    content = archive((name, line(1)), (name + ".txt", b"no lines"))
    assert [row["id"] for row in read(tmp_path, content + archive(("b.json", line(2))))] == [
        "enwiki:1@5001",
        "enwiki:2@5002",
    ]
