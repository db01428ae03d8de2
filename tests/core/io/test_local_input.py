"""local_input.py: a file's hash is computed while the file is read, in whatever way it is read."""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.core.io import local_input, storage
from tokenmill.core.io.local_input import ContentHash, only_time_differs, while_reading

CONTENT = bytes(range(256)) * 1200

WAYS: dict[str, Callable[[Any, int], object]] = {
    "read": lambda file, number: file.read(number),
    "readinto": lambda file, number: file.readinto(bytearray(number)),
    "readline": lambda file, number: file.readline(number),
    "read1": lambda file, number: file.read1(number),
    "peek": lambda file, number: file.peek(number),
    "seek": lambda file, number: file.seek(number * 40),
    "back": lambda file, number: file.seek(max(0, file.tell() - number)),
    "end": lambda file, number: file.seek(-min(number, 900), io.SEEK_END),
    "all": lambda file, number: file.read(),
}


@given(
    steps=st.lists(st.tuples(st.sampled_from(sorted(WAYS)), st.integers(0, 200_000)), max_size=12),
    bounds=st.tuples(st.integers(0, len(CONTENT)), st.integers(0, len(CONTENT) + 9)),
)
@settings(deadline=None, max_examples=60)
def test_the_hash_is_that_of_the_content_however_it_is_read(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]], bounds: tuple[int, int]
) -> None:
    path = tmp_path_factory.mktemp("input") / "f"
    path.write_bytes(CONTENT)
    start, end = sorted(bounds)
    content = ContentHash(str(path), start, end)
    with while_reading(content):
        seen, plain = storage.open_input(str(path)), path.open("rb")
    with seen, plain:
        for way, number in steps:
            found, expected = WAYS[way](seen, number), WAYS[way](plain, number)
            if way == "read1":
                plain.seek(seen.tell())  # the amount that read1 gives depends on the buffer, as for peek
            elif way != "peek":
                assert found == expected, way
            assert seen.tell() == plain.tell()
    assert content.finish() == xxhash.xxh3_128_hexdigest(CONTENT[start:end])


def test_only_what_was_not_read_in_order_is_read_for_the_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f"
    path.write_bytes(CONTENT)
    read: list[int] = []

    class Counting(io.FileIO):
        def read(self, size: int = -1) -> bytes:
            data = super().read(size)
            read.append(len(data))
            return data

    monkeypatch.setattr(local_input, "open", lambda path, mode: Counting(path, mode), raising=False)
    for until, missing in ((len(CONTENT), 0), (1 << 17, len(CONTENT) - (1 << 17)), (0, len(CONTENT))):
        content = ContentHash(str(path))
        with while_reading(content), storage.open_input(str(path)) as file:
            while file.tell() < until:
                file.read(1 << 15)
        read.clear()
        assert content.finish() == xxhash.xxh3_128_hexdigest(CONTENT)
        assert sum(read) == missing


def test_another_file_and_a_file_opened_outside_are_plain(tmp_path: Path) -> None:
    for name in ("f", "g"):
        (tmp_path / name).write_bytes(b"content")
    with while_reading(ContentHash(str(tmp_path / "f"))):
        with storage.open_input(str(tmp_path / "f")) as file:
            assert type(file.raw) is local_input._SeenFile  # type: ignore[attr-defined]
        with storage.open_input(str(tmp_path / "g")) as file:
            assert type(file.raw) is io.FileIO  # type: ignore[attr-defined]
    with storage.open_input(str(tmp_path / "f")) as file:
        assert type(file.raw) is io.FileIO  # type: ignore[attr-defined]


def test_etags_tell_a_touched_file_from_a_changed_one(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(CONTENT)
    before = storage.etag(str(path))
    assert not only_time_differs(before, before)
    os.utime(path, ns=(1, 1))
    assert only_time_differs(before, storage.etag(str(path)))
    path.write_bytes(CONTENT[:-1] + b"?")
    assert not only_time_differs(before, storage.etag(str(path)))
    assert not only_time_differs("", before) and not only_time_differs("5-abc", "5-abd")
