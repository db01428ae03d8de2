"""pipeline/tasks/quarantine.py: documents that killed a worker, recorded per shard and fingerprint of the work."""

import json
from pathlib import Path

import pytest

from tokenmill.pipeline.record.task import shard_name
from tokenmill.pipeline.tasks import quarantine


def add(folder: Path, number: int, id: str, step: str = "s", cause: str = "segfault", fingerprint: str = "f1") -> None:
    quarantine.add(shard_name(str(folder), number, fingerprint), id=id, step=step, cause=cause)


def test_a_shard_without_entries_has_none_and_makes_no_file(tmp_path: Path) -> None:
    assert quarantine.load(shard_name(str(tmp_path), 0, "f1")) == {}
    assert quarantine.entries(str(tmp_path), 0) == []
    assert quarantine.count(str(tmp_path), {0: "f1"}) == 0
    assert list(tmp_path.iterdir()) == []


def test_documents_are_found_again_by_shard_and_fingerprint(tmp_path: Path) -> None:
    add(tmp_path, 3, "b", "filters.slow", "hang")
    add(tmp_path, 3, "a")
    add(tmp_path, 4, "a", "other")
    assert quarantine.load(shard_name(str(tmp_path), 3, "f1")) == {"a": "s", "b": "filters.slow"}
    assert quarantine.load(shard_name(str(tmp_path), 3, "f2")) == {}
    assert quarantine.load(shard_name(str(tmp_path), 4, "f1")) == {"a": "other"}
    assert quarantine.entries(str(tmp_path), 3) == [
        {"id": "a", "step": "s", "cause": "segfault", "fingerprint": "f1"},
        {"id": "b", "step": "filters.slow", "cause": "hang", "fingerprint": "f1"},
    ]


def test_the_file_is_the_same_in_whatever_order_documents_came(tmp_path: Path) -> None:
    for folder, ids in ((tmp_path / "x", "abc"), (tmp_path / "y", "cabb")):
        for id in ids:
            add(folder, 12, id)
    one, other = (Path(quarantine.path(str(tmp_path / folder), 12)) for folder in "xy")
    assert one.name == "000012.json"
    assert one.read_bytes() == other.read_bytes()


def test_a_document_that_kills_again_has_one_entry_the_last(tmp_path: Path) -> None:
    add(tmp_path, 0, "a", "first")
    add(tmp_path, 0, "a", "second", "memory")
    assert quarantine.load(shard_name(str(tmp_path), 0, "f1")) == {"a": "second"}


def test_another_fingerprint_forgets_the_entries_of_the_first(tmp_path: Path) -> None:
    add(tmp_path, 0, "a")
    add(tmp_path, 0, "b", fingerprint="f2")
    assert quarantine.load(shard_name(str(tmp_path), 0, "f1")) == {}
    assert quarantine.load(shard_name(str(tmp_path), 0, "f2")) == {"b": "s"}


def test_only_documents_of_these_shards_and_this_work_are_counted(tmp_path: Path) -> None:
    for number, id in ((0, "a"), (0, "b"), (7, "c"), (1_000_000, "d")):
        add(tmp_path, number, id)
    add(tmp_path, 9, "e", fingerprint="f2")
    assert quarantine.count(str(tmp_path), {0: "f1", 7: "f1", 9: "f1", 1_000_000: "f1"}) == 4
    assert quarantine.count(str(tmp_path), {0: "f2", 9: "f2"}) == 1
    assert quarantine.count(str(tmp_path), {}) == 0


@pytest.mark.parametrize("id", ["", "../../x", 'a"\\\n', "文\u2028", "\ud800", "x" * 100_000])
def test_an_id_is_data_whatever_it_holds(tmp_path: Path, id: str) -> None:
    add(tmp_path, 0, id)
    assert quarantine.load(shard_name(str(tmp_path), 0, "f1")) == {id: "s"}
    assert [path.name for path in tmp_path.rglob("*.json")] == ["000000.json"]
    assert len(json.loads(Path(quarantine.path(str(tmp_path), 0)).read_bytes())) == 1


@pytest.mark.parametrize("content", ["", "{", "null", "7", '[{"id": "a"}]', '["a"]', "[null]", "[" * 100_000])
def test_a_damaged_record_says_nothing_and_is_named(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Regression: it caused a traceback in every later run, and in the report."""
    add(tmp_path, 0, "a")
    add(tmp_path, 1, "b")
    Path(quarantine.path(str(tmp_path), 0)).write_text(content)
    (tmp_path / "quarantine/notes.txt").write_text("not a record")
    assert quarantine.load(shard_name(str(tmp_path), 0, "f1")) == {}
    assert quarantine.path(str(tmp_path), 0) in caplog.text
    assert quarantine.count(str(tmp_path), {0: "f1", 1: "f1"}) == 1
    add(tmp_path, 0, "c")
    assert quarantine.load(shard_name(str(tmp_path), 0, "f1")) == {"c": "s"}
