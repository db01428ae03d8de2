"""Archives that several tasks share: the pieces give the rows of the whole archive, for any form and content."""

import gzip
import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.mini.code_dump import MIT as MIT_TEXT
from tokenmill.stages.code.read_code import ReadCode
from tokenmill.stages.code.tar_archive import TarArchive

PYTHON = b"def f():\n    return 1\n"
MIT = MIT_TEXT.format(year=2020, owner="A. Nonymous").encode()


def tar(*files: tuple[str, bytes]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return target.getvalue()


def zipped(*files: tuple[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files:
            archive.writestr(name, content)
    return target.getvalue()


def rows(path: Path | str, **setting: Any) -> list[dict[str, Any]]:
    work = ReadCode(paths=str(path), **setting)
    found = [row for shard in work.shards() for batch in work.read(shard) for row in batch.to_pylist()]
    return [{key: row[key] for key in row if row[key] is not None or not key.startswith("drop_")} for row in found]


FILES = [
    ("lib-1.0/a.py", PYTHON), ("lib-1.0/b/c.py", PYTHON * 400), ("lib-1.0/b/c.py", PYTHON), ("../out.py", PYTHON),
    ("lib-1.0/d.bin", b"\0" * 2000), ("lib-1.0/sub/e.js", b"let x = 1;\n"), ("lib-1.0/LICENSE", MIT),
]  # fmt: skip
"""The licence comes after the files that it covers, and one path occurs twice."""


@pytest.mark.parametrize("size", [512, 700, 3000, 1 << 20])
@pytest.mark.parametrize("name", ["lib-1.0.tar", "lib-1.0.zip"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_pieces_are_the_rows_of_the_whole(tmp_path: Path, name: str, size: int) -> None:
    path = tmp_path / name
    path.write_bytes(tar(*FILES) if name.endswith("tar") else zipped(*FILES))
    whole = rows(path)
    assert len(whole) == len(FILES) and whole[0]["license"] == "MIT"
    assert {row.get("drop_rule") for row in whole} > {"read_code.repeated", "read_code.unsafe_path"}
    assert len(ReadCode(str(path), shard_bytes=size).shards()) == -(-path.stat().st_size // size)
    assert rows(path, shard_bytes=size) == whole


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 3000)), max_size=8), st.integers(500, 4000), st.data()
)
@settings(deadline=None, max_examples=60)
def test_a_tar_cut_short_anywhere_costs_the_same_in_pieces(
    tmp_path_factory: pytest.TempPathFactory, files: list[tuple[str, int]], size: int, data: st.DataObject
) -> None:
    content = tar(*((f"lib-1.0/{name}.py", b"x = 1\n" * (length // 6)) for name, length in files))
    path = tmp_path_factory.mktemp("cut") / "lib-1.0.tar"
    path.write_bytes(content[: data.draw(st.integers(min(1024, len(content)), len(content)))])
    assert rows(path, shard_bytes=size) == rows(path, shard_bytes=1 << 30)


def test_what_is_compressed_as_a_whole_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "lib-1.0.tar"  # the content is gzip, despite the name
    path.write_bytes(gzip.compress(tar(*FILES)))
    assert rows(path, shard_bytes=50) == rows(path)


@pytest.mark.parametrize("setting", [{"order": "path"}, {"whole": True}])
def test_repositories_that_are_kept_together_are_not_split(tmp_path: Path, setting: Any) -> None:
    path = tmp_path / "lib-1.0.tar"
    path.write_bytes(tar(*FILES))
    assert len(ReadCode(str(path), shard_bytes=100, **setting).shards()) == 1


def test_a_table_in_pieces_is_the_rows_of_the_whole(tmp_path: Path) -> None:
    paths = [f"src/{number % 40}.py" for number in range(60)]
    table = pa.table(
        {"content": ["x = 1\n" * 50] * 60, "max_stars_repo_path": paths, "max_stars_repo_name": ["me/lib"] * 60}
    )
    pq.write_table(table, tmp_path / "stack.parquet", row_group_size=7)
    whole = rows(tmp_path / "stack.parquet")
    assert sum(row.get("drop_rule") == "read_code.repeated" for row in whole) == 20
    assert rows(tmp_path / "stack.parquet", shard_bytes=500) == whole


def test_a_piece_of_a_tar_on_a_store_reads_headers_and_its_own_range() -> None:
    """The survey of headers and licence files reads only a fraction; a piece seeks past the content of other pieces."""
    files = [(f"lib-1.0/{number}.py", b"x = %d\n" % number * 30_000) for number in range(40)]
    content = tar(*files, ("lib-1.0/LICENSE", MIT))
    fsspec.filesystem("memory").pipe("/code/lib-1.0.tar", content)
    work = ReadCode("memory://code/lib-1.0.tar", shard_bytes=2 << 20)
    shards = work.shards()
    assert len(shards) == -(-len(content) // (2 << 20))
    found = [row for shard in shards for batch in work.read(shard) for row in batch.to_pylist()]
    assert [row["path"] for row in found] == [name.partition("/")[2] for name, _ in files] + ["LICENSE"]
    assert {row["license"] for row in found} == {"MIT"}
    fsspec.filesystem("memory").store.clear()


def test_seeking_reads_little(tmp_path: Path) -> None:
    class Counting(io.BytesIO):
        taken = 0

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            self.taken += len(data)
            return data

        def read1(self, size: int | None = -1) -> bytes:
            return self.read(size)

    content = tar(*((f"lib/{number}.bin", b"x" * 3_000_000) for number in range(10)))
    plain, seeking = Counting(content), Counting(content)
    names = [[member.name for member in TarArchive(stream, 1 << 40, size)] for stream, size in
             ((plain, None), (seeking, len(content)))]  # fmt: skip
    assert names[0] == names[1] and len(names[0]) == 10
    assert plain.taken == len(content) and seeking.taken < len(content) / 5
    with tarfile.open(fileobj=io.BytesIO(content)) as reference:
        assert [name.decode() for name in names[1]] == reference.getnames()
