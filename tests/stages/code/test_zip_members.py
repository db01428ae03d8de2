"""Zip archives that are cut off, false or bombs: each member is a row or a refusal, in bounded memory."""

import bz2
import io
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest
from archive_rows import read, rules

from tokenmill.core.errors import DataError

PY = b"import os\nprint(os.getcwd())\n"
FILES = [(f"r/a{number}.py", PY + b"# %d\n" % number) for number in range(5)]
METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]


def zipped(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytearray:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return bytearray(target.getvalue())


def entry_at(content: bytes | bytearray, number: int) -> int:
    """Returns the position of an entry of the directory."""
    at = -1
    for _ in range(number + 1):
        at = content.index(b"PK\x01\x02", at + 1)
    return at


def bomb(packed: bytes, method: int, claimed: int) -> bytearray:
    """Returns an archive that has a member with this packed content and method."""
    content = zipped(("r/bomb.py", packed), ("r/b.py", PY), method=zipfile.ZIP_STORED)
    for at, method_at, size_at in ((0, 8, 22), (entry_at(content, 0), 10, 24)):
        struct.pack_into("<H", content, at + method_at, method)
        struct.pack_into("<I", content, at + size_at, claimed)
    return content


@pytest.mark.parametrize("method", METHODS)
def test_every_packing_is_read_whole_and_in_part(tmp_path: Path, method: int) -> None:
    rows = read(tmp_path, zipped(("r/LICENSE", b"x" * 300_000), *FILES, ("r/e.py", b""), method=method))
    assert rules(rows) == [None] * 6 + ["empty"]
    assert [row["text"].encode() for row in rows[1:6]] == [content for _, content in FILES]


@pytest.mark.parametrize("method", METHODS)
def test_a_flipped_bit_of_the_content_is_found(tmp_path: Path, method: int) -> None:
    content = zipped(*FILES, method=method)
    content[content.index(b"r/a1.py") + 20] ^= 4
    assert rules(read(tmp_path, content)) == [None, "corrupt", None, None, None]


@pytest.mark.parametrize("setting", [{}, {"shard_bytes": 60}, {"order": "path"}])
def test_members_whose_place_was_cut_off_are_rows(tmp_path: Path, setting: dict[str, Any]) -> None:
    content = zipped(*FILES)
    rows = read(tmp_path, content[content.index(b"PK\x03\x04", 1) :], **setting)
    assert sorted(map(str, rules(rows))) == ["None"] * 4 + ["corrupt"]
    (lost,) = (row for row in rows if row.get("drop_rule"))
    assert "outside of the file" in lost["drop_measured"] and lost["locator"]["offset"] > 0


def test_a_directory_said_to_lie_far_away_loses_nothing_silently(tmp_path: Path) -> None:
    content = zipped(*FILES)
    struct.pack_into("<I", content, len(content) - 6, 1_000_000)
    assert rules(read(tmp_path, content)) == ["corrupt"] * 5


def test_an_end_record_that_counts_more_than_there_is_says_so(tmp_path: Path) -> None:
    content = zipped(*FILES)
    first = entry_at(content, 1) - entry_at(content, 0)
    size, start = struct.unpack_from("<2I", content, len(content) - 10)
    struct.pack_into("<2I", content, len(content) - 10, size - first, start + first)
    rows = read(tmp_path, content)
    assert rules(rows) == [None] * 4 + ["corrupt"]
    assert rows[-1]["drop_measured"] == "the end record counts 5 members, the directory 4"


@pytest.mark.parametrize("name", ["app.pyz", "setup.exe", "lib.zip"])
@pytest.mark.parametrize("shifted", [False, True])
def test_data_before_the_archive_is_passed_over(tmp_path: Path, name: str, shifted: bool) -> None:
    before = b"#!/usr/bin/env python3\n" + b"MZ" * 400
    content = zipped(*FILES)
    if not shifted:
        target = io.BytesIO(before)
        target.seek(0, io.SEEK_END)
        with zipfile.ZipFile(target, "a") as archive:
            for file in FILES:
                archive.writestr(*file)
        content, before = bytearray(target.getvalue()), b""
    rows = read(tmp_path, before + content, name)
    assert rules(rows) == [None] * 5 and [row["text"].encode() for row in rows] == [text for _, text in FILES]
    assert rows == read(tmp_path, before + content, name, shard_bytes=50)


def test_a_zip_inside_a_broken_tar_is_not_taken_for_the_archive(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a tar archive"):
        read(tmp_path, b"x" * 512 + zipped(*FILES) + bytes(1024), "lib.tar")


@pytest.mark.parametrize("claimed", [1000, 800_000_000, 1 << 20])
def test_a_bzip2_member_never_unpacks_to_more_than_it_claims(tmp_path: Path, claimed: int) -> None:
    packer = bz2.BZ2Compressor()
    packed = b"".join([packer.compress(bytes(1 << 20)) for _ in range(60)] + [packer.flush()])
    tracemalloc.start()
    rows = read(tmp_path, bomb(packed, 12, claimed))
    assert tracemalloc.get_traced_memory()[1] < 30 << 20
    tracemalloc.stop()
    assert rules(rows) == ["bomb" if claimed > 1 << 20 else "corrupt", None]


def test_an_lzma_member_that_asks_for_4_gb_is_refused(tmp_path: Path) -> None:
    content = zipped(*FILES, method=zipfile.ZIP_LZMA)
    head = content.index(b"\x05\x00\x5d")
    struct.pack_into("<I", content, head + 3, 0xFFFFFFF0)
    rows = read(tmp_path, content)
    assert rules(rows) == ["corrupt", None, None, None, None] and "4294967280 bytes" in rows[0]["drop_measured"]
    content[head + 2] = 0xFF
    assert rules(read(tmp_path, content))[0] == "corrupt"


def test_members_that_unpack_badly_count_towards_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tokenmill.stages.code.read_code._GROWTH_FLOOR", 1 << 20)
    content = zipped(*((f"r/{number}.py", b"x = 1\n" * 50_000) for number in range(20)))
    for number in range(20):
        content[entry_at(content, number) + 16] ^= 1
    assert rules(read(tmp_path, content, max_growth=1.0, keep=("language",)))[-2:] == ["corrupt", "bomb"]


@pytest.mark.parametrize("numbers", [(1 << 63, 99), (99, 1 << 63), (1 << 64) - 1])
def test_sizes_of_zip64_beyond_all_measure_are_refused(tmp_path: Path, numbers: Any) -> None:
    extra = struct.pack("<2H2Q", 1, 16, *numbers) if isinstance(numbers, tuple) else struct.pack("<2HQ", 1, 8, numbers)
    info = zipfile.ZipInfo("r/a.py")
    info.extra = struct.pack("<2H", 0xCAFE, len(extra) - 4) + extra[4:]
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(info, PY)
        archive.writestr("r/b.py", PY)
    content = bytearray(target.getvalue())
    at = entry_at(content, 0)
    content[at + 52 : at + 54] = b"\1\0"
    for place in (20, 24) if isinstance(numbers, tuple) else (42,):
        struct.pack_into("<I", content, at + place, 0xFFFFFFFF)
    assert sorted(map(str, rules(read(tmp_path, content, max_growth=1e30)))) == ["None", "corrupt"]


def test_a_name_or_field_that_is_malformed_costs_one_member(tmp_path: Path) -> None:
    content = zipped(("r/é.py", PY), *FILES)
    for at in (content.index(b"\xc3\xa9"), content.rindex(b"\xc3\xa9")):
        content[at] = 0xFF
    assert sorted(map(str, rules(read(tmp_path, content)))) == ["None"] * 5 + ["corrupt"]
    info = zipfile.ZipInfo("r/a.py")
    info.extra = struct.pack("<2H4x", 0xCAFE, 4)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(info, PY)
        archive.writestr("r/b.py", PY)
    content = bytearray(target.getvalue())
    struct.pack_into("<H", content, entry_at(content, 0) + 46 + 6 + 2, 500)
    rows = read(tmp_path, content)
    assert rules(rows) == ["corrupt", None] and rows[0]["drop_measured"].startswith("its extra field")


def test_entries_of_one_place_are_rows_of_their_own(tmp_path: Path) -> None:
    """A row that repeats another is named by its place."""
    content = zipped(("r/a.py", PY))
    at, end = entry_at(content, 0), content.rindex(b"PK\x05\x06")
    entry = content[at:end]
    many = content[:at] + entry * 4 + content[end:]
    struct.pack_into("<2H I", many, len(many) - 14, 4, 4, 4 * len(entry))
    assert rules(read(tmp_path, many)) == [None] + ["repeated"] * 3


def test_a_directory_that_breaks_off_is_a_data_error(tmp_path: Path) -> None:
    content = zipped(*FILES)
    content[entry_at(content, 2)] = 0
    with pytest.raises(DataError, match=r"lib\.zip: has a directory that breaks at byte \d+"):
        read(tmp_path, content)


def test_only_a_hash_is_a_commit(tmp_path: Path) -> None:
    for comment, rev in ((b"0123456789abcdef" * 4, "0123456789abcdef" * 4), (b"Z" * 40, "0"), (b"x" * 900, "0")):
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("a.py", PY)
            archive.comment = comment
        assert read(tmp_path, target.getvalue())[0]["id"] == f"lib@{rev}:a.py"
