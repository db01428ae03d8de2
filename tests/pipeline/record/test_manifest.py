"""A damaged manifest counts as missing, whatever the damage is; an undamaged one is read as it was written."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tokenmill.core.io import storage
from tokenmill.core.io.storage import FileRecord
from tokenmill.pipeline.record import ledger as ledger_module
from tokenmill.pipeline.record.ledger import Ledger, compact, json_path
from tokenmill.pipeline.record.manifest import Manifest, from_json, read_manifest, to_json, write_manifest

OUTPUTS = [FileRecord("data/000000.parquet", 3, "ab", 2), FileRecord("dropped/000000.parquet", 3, "cd", 1)]
WHOLE = Manifest(
    "f",
    inputs=[{"file": "x", "size": 3}],
    rows_in=3,
    rows_out=2,
    drops={"a.b": 1},
    damage={"x": {"a.b": 1}},
    by_source={"web": [3, 2]},
    outputs=OUTPUTS,
    timing={"seconds": 1.25, "steps": {"a": 1e-7}},
)


def broken() -> Iterator[bytes]:
    """Yields manifests that no task writes."""
    content = to_json(WHOLE)
    yield from (b"", b"{}", b"[]", b"null", b"7", b"\xff\xfe", b"\x00" * len(content), b"[" * 100_000)
    yield from (content[:size] for size in (1, 100, len(content) - 1))
    said = json.loads(content)
    # Older versions wrote no checksum, so that only the values can show the damage.
    del said["xxh3"]
    for name in said:
        yield json.dumps({key: value for key, value in said.items() if key != name}).encode()
        yield json.dumps({**said, f"{name}s": said[name]}).encode()
        yield json.dumps({**said, name: None}).encode()
        yield json.dumps({**said, name: [[]]}).encode()
    yield json.dumps({**said, "rows_in": "3"}).encode()
    yield json.dumps({**said, "drops": {"a.b": None}}).encode()
    yield json.dumps({**said, "outputs": [{**said["outputs"][0], "more": 1}]}).encode()
    yield json.dumps({**said, "outputs": [{**said["outputs"][0], "bytes": "3"}]}).encode()


def test_a_manifest_is_read_as_it_was_written(caplog: pytest.LogCaptureFixture) -> None:
    content = to_json(WHOLE)
    assert from_json(content, "m.json") == WHOLE
    older = {name: value for name, value in json.loads(content).items() if name != "xxh3"}
    assert from_json(json.dumps(older).encode(), "m.json") == WHOLE
    assert from_json(json.dumps({**older, "format": 1}).encode(), "m.json") is None
    assert not caplog.text


def test_what_is_damaged_counts_as_not_there_and_is_named(caplog: pytest.LogCaptureFixture) -> None:
    """Regression: an empty manifest stopped every run, and one field more or less caused a traceback."""
    for content in broken():
        caplog.clear()
        assert from_json(content, "some/000007.json") is None, content[:80]
        assert b'"format": null' in content or b'"format": [[' in content or "some/000007.json" in caplog.text


@pytest.mark.parametrize("seed", range(200))
def test_no_flipped_bit_goes_unseen(seed: int) -> None:
    random, content = Random(seed), bytearray(to_json(WHOLE))
    content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    assert from_json(bytes(content), "m.json") is None


def test_a_file_that_is_gone_is_no_manifest(tmp_path: Path) -> None:
    assert read_manifest(str(tmp_path / "m.json")) is None


def stage_of(folder: Path, shards: int) -> str:
    for number in range(shards):
        name = f"data/{number:06d}.parquet"
        storage.write_bytes(str(folder / name), b"x" * 5)
        record = FileRecord(name, 5, "")
        write_manifest(json_path(str(folder), number), Manifest(f"f{number}", outputs=[record]))
    return str(folder)


def test_a_shard_with_a_damaged_manifest_is_not_done(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = stage_of(tmp_path, 3)
    Path(json_path(folder, 1)).write_bytes(b"")
    ledger = Ledger(folder)
    assert sorted(ledger) == [0, 2] and not ledger.done(1, "f1")
    assert ledger.unreadable == [json_path(folder, 1)] and json_path(folder, 1) in caplog.text
    compact(folder)
    assert sorted(Ledger(folder)) == [0, 2]


@pytest.mark.parametrize("seed", range(40))
def test_shards_of_a_damaged_table_are_not_done(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Regression: such a table caused a traceback, or its rows were accepted."""
    monkeypatch.setattr(ledger_module, "PART_ROWS", 4)
    folder, random = stage_of(tmp_path, 10), Random(seed)
    compact(folder)
    parts = sorted((tmp_path / "manifest").glob("part-*"))
    chosen = random.randrange(2)
    content = bytearray(parts[chosen].read_bytes())
    if seed < 4:
        content = content[: [0, 3, 50, len(content) - 1][seed]]
    else:
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    parts[chosen].write_bytes(bytes(content))
    ledger = Ledger(folder)
    gone = set(range(4 * chosen, 4 * chosen + 4))
    assert set(ledger) == set(range(10)) - gone and str(parts[chosen]) in caplog.text
    assert [manifest.fingerprint for manifest in ledger.values()] == [f"f{n}" for n in range(10) if n not in gone]


def test_a_table_of_an_older_version_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "PART_ROWS", 4)
    folder = stage_of(tmp_path, 5)
    before = dict(Ledger(folder))
    compact(folder)
    [first, *_] = sorted((tmp_path / "manifest").glob("part-*"))
    first.rename(tmp_path / "manifest/part-000000.parquet")
    assert dict(Ledger(folder)) == before
