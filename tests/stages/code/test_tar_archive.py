"""Unusual tar archives: files after a sparse file or an end of archive are read, and a false size is damage."""

import gzip
import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from archive_rows import read as rows_of
from archive_rows import rules

from tokenmill.core.errors import DataError
from tokenmill.stages.code.read_code import ReadCode

read = partial(rows_of, name="lib-1.0.tar")

PY = b"import os\nprint(os.getcwd())\n"
PLAIN_AND_PACKED: list[Callable[[bytes], bytes]] = [bytes, gzip.compress]


def tar(*files: tuple[str, bytes], format: int = tarfile.PAX_FORMAT, **options: Any) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=format, **options) as archive:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return target.getvalue()


def resealed(header: bytearray) -> bytes:
    """Corrects the checksum of a header."""
    header[148:156] = b"%06o\0 " % (sum(header[:148]) + 8 * 32 + sum(header[156:512]))
    return bytes(header)


def sparse(holes: int) -> bytes:
    """Returns an old GNU sparse file of `holes` pieces of 512 bytes, with the blocks for the rest of its map."""
    header = bytearray(tar(("r/hole.py", b"x" * 512 * holes), format=tarfile.GNU_FORMAT)[:512])
    pieces = [b"%011o\0%011o\0" % (number * 65536, 512) for number in range(holes)]
    header[156:157] = b"S"
    header[386 : 386 + 96] = b"".join(pieces[:4]).ljust(96, b"\0")
    header[482] = holes > 4
    blocks = [pieces[start : start + 21] for start in range(4, holes, 21)]
    tail = [b"".join(block).ljust(504, b"\0") + bytes([block is not blocks[-1]]) + bytes(7) for block in blocks]
    return resealed(header) + b"".join(tail) + b"x" * 512 * holes


@pytest.mark.parametrize("holes", [1, 4, 5, 25, 26, 200])
@pytest.mark.parametrize("pack", PLAIN_AND_PACKED)
def test_what_follows_a_sparse_file_of_many_holes_is_read(
    tmp_path: Path, holes: int, pack: Callable[[bytes], bytes]
) -> None:
    content = tar(("r/a.py", PY))[:1024] + sparse(holes) + tar(("r/b.py", PY), ("r/c.py", PY))
    rows = read(tmp_path, pack(content), shard_bytes=700)
    assert rules(rows) == [None, "sparse", None, None] and rows[3]["path"] == "c.py"
    cut = content[: 1024 + 512 + 100]
    assert rules(read(tmp_path, pack(cut)))[-1] == "corrupt"


@pytest.mark.skipif(shutil.which("tar") is None, reason="tar is not installed")
def test_a_sparse_file_as_gnu_tar_writes_it(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    folder.mkdir()
    with (folder / "hole.py").open("wb") as file:
        for number in range(9):
            file.seek(number << 20)
            file.write(b"x" * 4096)
    (folder / "z.py").write_bytes(PY)
    names = ["r/hole.py", "r/z.py"]
    made = subprocess.run(["tar", "--format=gnu", "-S", "-c", *names], cwd=tmp_path, stdout=subprocess.PIPE, check=True)
    assert rules(read(tmp_path, made.stdout)) == ["sparse" if made.stdout[156:157] == b"S" else "too_large", None]


@pytest.mark.parametrize("pack", PLAIN_AND_PACKED)
@pytest.mark.parametrize("size", [1 << 30, 1000])
def test_an_archive_behind_the_end_of_another_is_read(
    tmp_path: Path, pack: Callable[[bytes], bytes], size: int
) -> None:
    first, second = tar(("r/a.py", PY), ("r/b.py", PY)), tar(("r/b.py", b"x = 2\n"), ("r/c.py", b"x = 3\n"))
    for content in (pack(first + second), pack(first) + pack(second)):
        rows = read(tmp_path, content, shard_bytes=size)
        assert rules(rows) == [None, None, "repeated", None] and rows[3]["text"] == "x = 3\n"


@pytest.mark.parametrize("pack", PLAIN_AND_PACKED)
def test_anything_else_behind_the_end_is_one_damaged_row(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    whole = tar(("r/a.py", PY))
    rows = read(tmp_path, pack(whole + b"junk" * 300))
    assert rules(rows) == [None, "corrupt"]
    assert rows[1]["drop_measured"] == "the archive breaks here: the bytes after its end are not an archive"
    for zeros in (0, 1, 511, 512, 70_000):
        assert rules(read(tmp_path, pack(whole + bytes(zeros)))) == [None]
    assert read(tmp_path, pack(bytes(10_240))) == []


def test_what_is_said_of_a_next_member_ends_with_the_archive(tmp_path: Path) -> None:
    long = tar(("r/" + "n" * 150 + ".py", PY), format=tarfile.GNU_FORMAT)
    assert long[156:157] == b"L"
    rows = read(tmp_path, long[:1024] + bytes(1024) + tar(("r/a.py", PY)))
    assert [row["path"] for row in rows] == ["a.py"]


def test_zeros_and_then_no_archive_are_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="its first header is invalid"):
        read(tmp_path, bytes(1024) + b"junk" * 300)


def test_zeros_without_end_are_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tokenmill.stages.code.read_code._GROWTH_FLOOR", 1 << 20)
    assert rules(read(tmp_path, gzip.compress(tar(("r/a.py", PY)) + bytes(8 << 20)))) == [None, "bomb"]


@pytest.mark.parametrize("claimed", [1 << 63, (1 << 88) - 1])
def test_a_size_in_binary_beyond_all_measure_is_damage(tmp_path: Path, claimed: int) -> None:
    content = tar(("r/a.py", PY), ("r/b.py", PY), format=tarfile.USTAR_FORMAT)
    header = bytearray(content[1024:1536])
    header[124:136] = b"\x80" + claimed.to_bytes(11, "big")
    assert rules(read(tmp_path, content[:1024] + resealed(header) + content[1536:])) == [None, "corrupt"]


@pytest.mark.parametrize("claimed", ["9" * 30, str(1 << 63), "0" * 40 + "9" * 40])
def test_a_size_in_words_beyond_all_measure_is_damage(tmp_path: Path, claimed: str) -> None:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, fields in (("r/a.py", {}), ("r/b.py", {"size": claimed})):
            info = tarfile.TarInfo(name)
            info.size, info.pax_headers = len(PY), fields
            archive.addfile(info, io.BytesIO(PY))
    assert rules(read(tmp_path, target.getvalue())) == [None, "corrupt"]


def test_only_a_hash_is_a_commit(tmp_path: Path) -> None:
    for comment, rev in (("0123456789abcdef" * 4, "0123456789abcdef" * 4), ("x" * 900_000, "1.0"), ("a" * 41, "1.0")):
        (row,) = read(tmp_path, tar(("r/a.py", PY), pax_headers={"comment": comment}))
        assert json.loads(row["meta"])["rev"] == rev and row["id"] == f"r@{rev}:a.py"


def test_long_names_fill_a_batch_too(tmp_path: Path) -> None:
    files = [(f"r/{'n' * 200}/{'n' * 200}{number}.py", b"x = 1\n") for number in range(100)]
    path = tmp_path / "long.tar"
    path.write_bytes(tar(*files))
    work = ReadCode(str(path), batch_bytes=10_000)
    sizes = [len(batch) for shard in work.shards() for batch in work.read(shard)]
    assert sum(sizes) == 100 and max(sizes) <= 13
