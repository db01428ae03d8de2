"""pipeline/tasks/source_rows.py reads a shard, checks its ids, and names the parts of a pack that cannot be read."""

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pytest

from tokenmill.core.columns import LOCATOR
from tokenmill.core.errors import DataError
from tokenmill.core.kinds import Shard, SourceTraits
from tokenmill.pipeline.tasks.source_rows import input_records, source_rows


@dataclass(frozen=True)
class Listed:
    """Gives ids by file, batch by batch. If the list has an exception, it raises that instead of the batch."""

    files: dict[str, list[list[str | None] | Exception]] = field(default_factory=dict)
    has_places: bool = True

    adds: ClassVar[tuple[str, ...]] = ()
    traits: ClassVar[SourceTraits] = SourceTraits()

    def shards(self) -> list[Shard]:
        return [shard(file) for file in self.files]

    def read(self, shard: Shard) -> Iterator[pa.RecordBatch]:
        at = 0
        for ids in self.files[shard.file]:
            if isinstance(ids, Exception):
                raise ids
            columns = {"id": pa.array(ids, pa.string())}
            if self.has_places:
                places = [{"file": shard.file, "offset": at + i, "length": 1} for i in range(len(ids))]
                columns["locator"] = pa.array(places, LOCATOR)
            at += len(ids)
            yield pa.record_batch(columns)


def shard(file: str, size: int = 10) -> Shard:
    return Shard(0, "web", file, 0, size, size, "etag")


def pack(*files: str) -> Shard:
    return replace(shard(files[0]), parts=tuple(shard(file) for file in files))


def ids_of(source: Listed, read: Shard, unreadable: dict[str, str]) -> list[list[str]]:
    return [batch.column("id").to_pylist() for batch in source_rows(source, read, unreadable, {})]


def test_batches_come_as_the_source_gives_them() -> None:
    source, unreadable = Listed({"f": [["a", "b"], [], ["c"]], "g": []}), dict[str, str]()
    assert ids_of(source, shard("f"), unreadable) == [["a", "b"], [], ["c"]]
    assert ids_of(source, shard("g"), unreadable) == []
    assert unreadable == {}


def test_parts_of_a_pack_follow_one_another_and_may_share_ids() -> None:
    source = Listed({"f": [["a"], ["b"]], "g": [["a"]]})
    assert ids_of(source, pack("f", "g"), {}) == [["a"], ["b"], ["a"]]


@pytest.mark.parametrize("batches", [[["a", "b", "a"]], [["a", "b"], ["a"]]])
def test_an_id_that_occurs_twice_is_an_error_with_both_places(batches: Sequence[list[str | None]]) -> None:
    at = sum(map(len, batches)) - 1
    with pytest.raises(DataError, match=f"^f at byte {at}: id 'a' occurs twice, first in f at byte 0"):
        ids_of(Listed({"f": list(batches)}), shard("f"), {})


@pytest.mark.parametrize("missing", ["", None])
def test_a_document_without_an_id_is_an_error(missing: str | None) -> None:
    with pytest.raises(DataError, match=r"^f at byte 1: a document without an id"):
        ids_of(Listed({"f": [["a", missing]]}), shard("f"), {})
    with pytest.raises(DataError, match=r"^the file: a document without an id"):
        ids_of(Listed({"f": [["a", missing]]}, has_places=False), shard("f"), {})


def test_a_part_that_cannot_be_read_at_all_is_named_and_passed_over() -> None:
    source, unreadable = Listed({"f": [["a"]], "g": [DataError("g: no WARC file")], "h": [["b"]]}), dict[str, str]()
    assert ids_of(source, pack("f", "g", "h"), unreadable) == [["a"], ["b"]]
    assert unreadable == {"g": "g: no WARC file"}


@pytest.mark.parametrize("wrong", [["x", "x"], ["x", ""], ["x", None]])
def test_a_part_whose_first_batch_has_a_wrong_id_is_passed_over(wrong: list[str | None]) -> None:
    """Guards against an earlier fault: all files of the pack were lost."""
    source, unreadable = Listed({"f": [["a"]], "g": [[], wrong, ["y"]], "h": [["b"]]}), dict[str, str]()
    assert ids_of(source, pack("f", "g", "h"), unreadable) == [["a"], [], ["b"]]
    assert list(unreadable) == ["g"] and unreadable["g"].startswith("g at byte 1: ")


def test_a_shard_that_is_no_pack_cannot_be_passed_over() -> None:
    unreadable: dict[str, str] = {}
    with pytest.raises(DataError, match="no WARC file"):
        ids_of(Listed({"g": [DataError("g: no WARC file")]}), shard("g"), unreadable)
    assert unreadable == {}


@pytest.mark.parametrize("broken", [["a", ""], ["b", "b"]])
def test_a_part_that_breaks_a_promise_after_its_first_rows_is_an_error(broken: list[str | None]) -> None:
    unreadable: dict[str, str] = {}
    with pytest.raises(DataError):
        ids_of(Listed({"f": [["a"]], "g": [["x"], broken]}), pack("f", "g"), unreadable)
    with pytest.raises(DataError, match="damaged"):
        ids_of(Listed({"f": [["x"], DataError("damaged")], "g": [["a"]]}), pack("f", "g"), unreadable)
    assert unreadable == {}


def test_an_id_that_damage_made_is_no_fault_of_the_ids(tmp_path: Path) -> None:
    """The checksum of a compressed file comes last, so a changed id is seen before it."""
    path, packed = tmp_path / "f.gz", bytearray(gzip.compress(b"rows\n" * 100))
    path.write_bytes(packed)
    source = Listed({str(path): [["a", "a"]], "https://host/f.gz": [["a", "a"]], "f": [["a", "a"]]})
    with pytest.raises(DataError, match=r"ids must be unique within a file$"):
        ids_of(source, shard(str(path)), {})
    packed[-8] ^= 1
    path.write_bytes(packed)
    with pytest.raises(DataError, match=r"id 'a' occurs twice.*; but the compressed file is damaged.*checksum.*again$"):
        ids_of(source, shard(str(path)), {})
    with pytest.raises(DataError, match=r"; or the file is damaged: its checksum comes after these rows$"):
        ids_of(source, shard("https://host/f.gz"), {})
    with pytest.raises(DataError, match=r"ids must be unique within a file$"):
        ids_of(source, shard("f"), {})


def test_a_bug_of_a_source_is_never_taken_for_an_unreadable_file() -> None:
    with pytest.raises(ZeroDivisionError):
        ids_of(Listed({"f": [ZeroDivisionError()], "g": [["a"]]}), pack("f", "g"), {})


def test_local_files_and_ranges_of_them_are_recorded_with_a_hash(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"0123456789")
    whole = replace(shard(str(path)), etag="10-1-abc")
    (record,) = input_records(whole, {})
    assert {name: record[name] for name in ("file", "start", "end", "size", "etag")} == {
        "file": str(path), "start": 0, "end": 10, "size": 10, "etag": "10-1-abc",
    }  # fmt: skip
    begin, end = replace(whole, end=5), replace(whole, start=5)
    before = [input_records(part, {})[0]["xxh3"] for part in (whole, begin, end)]
    path.write_bytes(b"0123456780")
    after = [input_records(part, {})[0]["xxh3"] for part in (whole, begin, end)]
    assert [one == other for one, other in zip(before, after, strict=True)] == [False, True, False]
    assert before[0] == record["xxh3"]


def test_remote_missing_and_otherwise_named_files_have_no_hash_and_secrets_are_left_out(
    tmp_path: Path,
) -> None:
    (tmp_path / "f").write_bytes(b"0123456789")
    part = replace(shard(str(tmp_path / "f")), end=5)
    remote = replace(shard("https://host/f"), secret="https://user:password@host/f")
    records = input_records(replace(shard("f"), parts=(part, remote, shard(str(tmp_path / "missing")))), {})
    assert [(record["file"], record["end"]) for record in records] == [
        (str(tmp_path / "f"), 5),
        ("https://host/f", 10),
        (str(tmp_path / "missing"), 10),
    ]
    assert not any("xxh3" in record for record in records)
    assert "password" not in str(records)
