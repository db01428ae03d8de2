"""Zeros after or between the members of a gzip file are not damage, as for gzip(1). Any other content there is
reported.
"""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pytest
import zstandard

from tokenmill.stages.tables.read_table import ReadTable

ROWS = "".join(json.dumps({"id": f"d{n}", "text": f"text {n} " * 9}) + "\n" for n in range(400)).encode()
ONE, TWO = gzip.compress(ROWS[:9000], mtime=0), gzip.compress(ROWS[9000:], mtime=0)


def read(folder: Path, content: bytes) -> tuple[list[str], list[str]]:
    """Returns (ids of the documents, rule and measured value of each dropped row)."""
    (folder / "a.jsonl.gz").write_bytes(content)
    source = ReadTable(paths=(str(folder / "a.jsonl.gz"),))
    batches = [batch for shard in source.shards() for batch in source.read(shard)]
    rows = pa.Table.from_batches(batches).to_pylist()
    dropped = [f"{row['drop_rule']}: {row['drop_measured']}" for row in rows if row.get("drop_rule")]
    return [row["id"] for row in rows if not row.get("drop_rule")], dropped


IDS = [f"d{n}" for n in range(400)]


@pytest.mark.parametrize("name", ["a.csv.gz", "a.tsv.zst", "a.json.gz", "a.json.zst", "a.jsonl.zst"])
def test_zeros_behind_any_kind_of_lines_are_passed_over(tmp_path: Path, name: str) -> None:
    mark = "\t" if "tsv" in name else ","
    rows = [{"id": f"d{n}", "text": f"text {n}"} for n in range(400)]
    content = {
        "csv": f"id{mark}text\n" + "".join(f"{row['id']}{mark}{row['text']}\n" for row in rows),
        "json": json.dumps(rows),
        "jsonl": "".join(json.dumps(row) + "\n" for row in rows),
    }[name.split(".")[1].replace("tsv", "csv")]
    packed = (gzip.compress if name.endswith("gz") else zstandard.compress)(content.encode())
    (tmp_path / name).write_bytes(packed + bytes(700))
    source = ReadTable(str(tmp_path / name))
    batches = [batch for shard in source.shards() for batch in source.read(shard)]
    found = [row for batch in batches for row in batch.to_pylist()]
    assert [(row["id"], row.get("drop_rule")) for row in found] == [(id, None) for id in IDS]


@pytest.mark.parametrize("zeros", [0, 1, 511, 512, 1 << 20])
@pytest.mark.parametrize("place", ["end", "between", "both"])
def test_zeros_are_passed_over(tmp_path: Path, zeros: int, place: str) -> None:
    """Guards against an earlier fault: the zeros were reported as damage of a zstd frame, in a gzip file."""
    padding = bytes(zeros)
    between, end = padding if place != "end" else b"", padding if place != "between" else b""
    assert read(tmp_path, ONE + between + TWO + end) == (IDS, [])


@pytest.mark.parametrize("junk", [b"x", b"\xff" * 512, bytes(512) + b"junk", b"\x28\xb5\x2f\xfd" + bytes(90), b"BZh9"])
def test_junk_behind_is_reported_in_words_of_gzip_and_costs_no_row(tmp_path: Path, junk: bytes) -> None:
    ids, [dropped] = read(tmp_path, ONE + TWO + junk)
    assert ids == IDS and "a gzip member is followed by" in dropped and "zstd" not in dropped


def test_junk_between_members_costs_what_follows(tmp_path: Path) -> None:
    ids, [dropped] = read(tmp_path, ONE + b"junk" + TWO)
    assert ids == IDS[: len(ids)] and 90 < len(ids) < 120 and "gzip" in dropped


NOISE = [{"id": f"d{n}", "text": f"{n**7 % 99991} {n**5}"} for n in range(1000)]


def noise(newline: bytes = b"\n") -> bytes:
    return b"\n".join(json.dumps(row).encode() for row in NOISE) + newline


@pytest.mark.parametrize("newline", [b"\n", b""])
@pytest.mark.parametrize("end", ["checksum", "length", "junk", "cut", "zstd junk"])
def test_damage_of_the_end_alone_costs_no_row(tmp_path: Path, newline: bytes, end: str) -> None:
    packed = bytearray(gzip.compress(noise(newline), mtime=0))
    if end == "zstd junk":
        packed = bytearray(zstandard.compress(noise(newline)))
    if end in ("checksum", "length"):
        packed[-8 if end == "checksum" else -4] ^= 1
    packed = packed[:-3] if end == "cut" else packed + b"junk" * ("junk" in end)
    ids, [dropped] = read(tmp_path, bytes(packed))
    assert ids == [row["id"] for row in NOISE]
    assert dropped.startswith("read_table.bad_compression: the compressed file breaks here: ")


def test_damage_inside_costs_little_of_a_small_file(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(noise(), mtime=0))
    place = len(packed) // 2
    packed[place : place + 400] = b"\xff" * 400
    content = read(tmp_path, bytes(packed))[0]
    assert len(content) > 400
