"""A reader compares committed files with their checksums: a local file before it is decoded, a remote file once, while
it is read.
"""

import io
import uuid
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pytest

from tokenmill.core.errors import DamagedFile
from tokenmill.core.io import parquet, storage
from tokenmill.core.io.storage import FileRecord

SCHEMA = pa.schema([("id", pa.string()), ("text", pa.large_string()), ("score", pa.float64()), ("none", pa.string())])


def write(path: str, rows: int, groups: int, monkeypatch: pytest.MonkeyPatch) -> FileRecord:
    monkeypatch.setattr(parquet, "GROUP_ROWS", max(1, -(-rows // groups)))
    numbers = np.random.default_rng(rows).integers(0, 1 << 60, rows)
    columns = {
        "id": [f"doc{n}" for n in range(rows)],
        "text": [f"{n:x} " * 40 for n in numbers.tolist()],
        "score": numbers / 7,
        "none": pa.nulls(rows, pa.string()),
    }
    return parquet.write_table([pa.record_batch(columns)], path, schema=SCHEMA)


@pytest.fixture(params=["local", "remote"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "local":
        yield str(tmp_path)
        return
    name = uuid.uuid4().hex
    yield f"memory://{name}"
    storage.delete(f"memory://{name}")


def replace(path: str, content: bytes) -> None:
    storage.write_bytes(path, content)


@pytest.mark.parametrize(("rows", "groups"), [(0, 1), (1, 1), (9, 3), (4000, 1), (4000, 7)])
def test_a_whole_file_gives_the_rows_that_read_table_gives(
    folder: str, rows: int, groups: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = write(f"{folder}/a.parquet", rows, groups, monkeypatch)
    found = list(parquet.read_checked(written))
    assert found == list(parquet.read_table(written.path)) and len(found) == (groups if rows else 0)
    assert parquet.checked_schema(written) == SCHEMA
    parquet.refuse_damage(written, whole=True)


def test_a_footer_larger_than_what_is_read_at_first(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards against an earlier fault: a file of hundreds of row groups on a store was refused, because its metadata
    starts before the last 64 KiB.
    """
    monkeypatch.setattr(parquet, "_FOOTER_BYTES", 300)
    written = write(f"{folder}/a.parquet", 4000, 40, monkeypatch)
    assert list(parquet.read_checked(written)) == list(parquet.read_table(written.path))


@pytest.mark.parametrize("seed", range(60))
def test_any_flipped_bit_is_found(folder: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(seed)
    written = write(f"{folder}/a.parquet", [9, 3000][seed % 2], 3, monkeypatch)
    content = bytearray(storage.read_bytes(written.path))
    place = random.randrange(len(content)) if seed % 3 else len(content) - 1 - random.randrange(800)
    content[place] ^= 1 << random.randrange(8)
    replace(written.path, bytes(content))
    with pytest.raises(DamagedFile) as caught:
        list(parquet.read_checked(written))
    assert caught.value.file == written.path


@pytest.mark.parametrize("how", ["gone", "cut", "longer", "empty", "zeros"])
def test_other_damage_is_found(folder: str, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written = write(f"{folder}/a.parquet", 100, 3, monkeypatch)
    content = storage.read_bytes(written.path)
    storage.delete(written.path)
    damage = {"cut": content[:-1], "longer": content + b"\0", "empty": b"", "zeros": b"\0" * len(content)}
    if how in damage:
        replace(written.path, damage[how])
    for read in (lambda: list(parquet.read_checked(written)), lambda: parquet.checked_schema(written)):
        with pytest.raises(DamagedFile, match=r"a\.parquet: "):
            read()
            if how == "longer":  # the columns may be read, but not the rows
                list(parquet.read_checked(written))


def test_a_remote_file_is_requested_once(monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"memory://{uuid.uuid4().hex}/a.parquet"
    written = write(path, 60_000, 5, monkeypatch)
    assert written.bytes > 1_000_000
    reads: list[tuple[int, int]] = []

    class Counted(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            start = self.tell()
            found = super().read(size)
            reads.append((start, len(found)))
            return found

    content = storage.read_bytes(path)
    monkeypatch.setattr(parquet, "open_input", lambda _: Counted(content))
    assert sum(batch.num_rows for batch in parquet.read_checked(written)) == 60_000
    assert sum(size for _, size in reads) == written.bytes and len(reads) <= 7
