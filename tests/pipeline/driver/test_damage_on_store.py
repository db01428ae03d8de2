"""A damaged file on an S3 store is found while it is read, without more requests, and made again."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tokenmill.core.io import parquet, remote, storage
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import Result
from tokenmill.pipeline.driver.run import run as run_recipe
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.record.verify import verify_stage

if TYPE_CHECKING:
    from faulty_s3 import Store

RECIPE = """
run: toy
excerpt: 0
stages:
  read: [{toolbox.numbered: {rows: 3000, files: [f0, f1]}}]
  short: [toolbox.length]
  unique: [stages.exact_dedup]
"""
STAGES = ("read", "short", "unique")


def run(folder: Path, out: str) -> Result:
    (folder / "r.yaml").write_text(RECIPE)
    options = Options(out=out, plugins="toolbox")
    return run_recipe(load_recipe(folder / "r.yaml"), InProcess(), options, progress_for("none"))


def contents(out: str) -> dict[str, bytes]:
    paths = [f"{stage}/{kind}" for stage in STAGES for kind in ("data", "dropped")]
    names = [f"{path}/{name}" for path in paths for name in storage.list_files(f"{out}/toy/{path}")]
    return {name: storage.read_bytes(f"{out}/toy/{name}") for name in names}


@pytest.mark.slow
@pytest.mark.parametrize("how", ["flipped", "cut", "gone", "other"])
@pytest.mark.parametrize("stage", ["read", "short"])
def test_a_damaged_file_on_a_store_is_made_again(
    tmp_path: Path, bucket: str, stage: str, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert run(tmp_path, bucket).failures == []
    whole = contents(bucket)
    damaged = f"{bucket}/toy/{stage}/data/000001.parquet"
    content = bytearray(storage.read_bytes(damaged))
    content[len(content) // 3] ^= 4
    if how == "gone":
        storage.delete(damaged)
    else:
        new = {"flipped": bytes(content), "cut": bytes(content[:-7]), "other": b"\0" * len(content)}[how]
        storage.write_bytes(damaged, new)
    found = verify_stage(f"{bucket}/toy/{stage}", kept=False, told=lambda *_: None)
    assert list(found.damaged) == [damaged] and not found.unlisted
    for later in STAGES[STAGES.index(stage) + 1 :]:
        storage.delete(f"{bucket}/toy/{later}")
    assert run(tmp_path, bucket).failures == []
    assert contents(bucket) == whole
    if how in ("flipped", "other"):
        assert f"{damaged} is damaged; the shard is made again" in caplog.text


@pytest.mark.slow
def test_comparing_costs_no_request(
    tmp_path: Path, bucket: str, s3_server: "Store", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "GROUP_ROWS", 1000)
    assert run(tmp_path, bucket).failures == []
    path = f"{bucket}/toy/read/data/000000.parquet"
    written = storage.file_record(path)
    counted: Counter[str] = Counter()
    fetch = remote.RemoteFile._fetch

    def counting(self: remote.RemoteFile, start: int, end: int) -> bytes:
        counted["requests"] += 1
        counted["bytes"] += end - start
        return fetch(self, start, end)

    monkeypatch.setattr(remote.RemoteFile, "_fetch", counting)
    plain = [batch.num_rows for batch in parquet.read_table(path)]
    before = dict(counted)
    counted.clear()
    assert [batch.num_rows for batch in parquet.read_checked(written)] == plain and len(plain) > 3
    assert counted["requests"] <= before["requests"] and counted["bytes"] <= written.bytes + (1 << 16)
