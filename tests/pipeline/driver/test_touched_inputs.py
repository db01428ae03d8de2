"""Inputs are hashed while they are read; no task reads a file again if only its time has changed."""

import gzip
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xxhash

from tokenmill.core.io.local_input import ContentHash
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run as run_recipe
from tokenmill.pipeline.engine import Limits, Outcome, Watch
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning import touched
from tokenmill.pipeline.planning.recipe import load_recipe

STAGES = {
    "files": "  read: [{stages.read_table: {paths: IN, shard_bytes: 100000}}]\n  short: [toolbox.length]\n",
    "ranges": "  read: [{stages.read_table: {paths: IN, shard_bytes: 10000}}]\n  short: [toolbox.length]\n",
    "packs": "  read: [{stages.read_table: {paths: IN, shard_bytes: 2000000}}]\n  short: [toolbox.length]\n",
    "global": "  read: [{stages.read_table: {paths: IN}}, stages.exact_dedup]\n  short: [toolbox.length]\n",
}


@dataclass
class Noting(InProcess):
    """Records the tasks that run."""

    ran: list[str] = field(default_factory=list)

    def run(self, tasks: Iterable[Any], limits: Limits, watch: Watch) -> Iterator[Outcome]:
        for outcome in super().run(tasks, limits, watch):
            self.ran.append(outcome.task.name.label)
            yield outcome


def go(folder: Path, stages: str, pattern: str = "*.jsonl", **options: Any) -> list[str]:
    """Runs the recipe and returns the labels of the tasks that ran."""
    touched._content_hash.cache_clear()  # as in another process
    (folder / "r.yaml").write_text(f"run: toy\nexcerpt: 0\nstages:\n{stages.replace('IN', f'{folder}/in/{pattern}')}")
    engine = Noting()
    chosen = Options(out=str(folder / "runs"), plugins="toolbox", **options)
    assert not run_recipe(load_recipe(folder / "r.yaml"), engine, chosen, progress_for("none")).failures
    return engine.ran


def lines(number: int, word: str = "grain") -> bytes:
    rows = [{"id": f"{number}-{row}", "text": f"{word} {row} " * 40, "source": "t"} for row in range(150)]
    return "\n".join(map(json.dumps, rows)).encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    for number in range(4):
        (tmp_path / f"in/{number}.jsonl").write_bytes(lines(number))
    return tmp_path


def data(folder: Path) -> dict[str, bytes]:
    files = (path for kind in ("data", "dropped") for path in (folder / "runs/toy").glob(f"*/{kind}/*"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.parametrize("kind", STAGES)
def test_a_touched_file_with_the_same_content_is_not_made_again(folder: Path, kind: str) -> None:
    assert go(folder, STAGES[kind])
    before = data(folder)
    for path in (folder / "in").iterdir():
        os.utime(path, ns=(10**18, 10**18))
    assert go(folder, STAGES[kind]) == []
    assert data(folder) == before and not list((folder / "runs/toy").glob("*/kept"))
    assert go(folder, STAGES[kind]) == []


@pytest.mark.parametrize("kind", STAGES)
def test_a_file_that_changed_with_the_same_size_is_made_again(folder: Path, kind: str) -> None:
    """The change is in bytes that no etag samples."""
    go(folder, STAGES[kind])
    for path in (folder / "in").iterdir():
        os.utime(path, ns=(10**18, 10**18))
    path = folder / "in/2.jsonl"
    content = bytearray(path.read_bytes())
    place = content.index(b"grain", 6000)
    content[place : place + 5] = b"flour"
    path.write_bytes(bytes(content))
    ran = go(folder, STAGES[kind])
    if kind == "files":
        assert ran == ["read 000002", "short 000002"]
    texts = [
        text for path in (folder / "runs/toy/short/data").iterdir() for text in pq.read_table(path)["text"].to_pylist()
    ]
    assert ran and any("flour" in text for text in texts)
    made_again = data(folder)
    shutil.rmtree(folder / "runs")
    go(folder, STAGES[kind])
    assert data(folder) == made_again


def test_a_new_result_of_a_touched_file_has_the_hash_of_what_was_read(folder: Path) -> None:
    go(folder, STAGES["files"])
    (folder / "in/1.jsonl").write_bytes(lines(1, "flour"))
    go(folder, STAGES["files"])
    os.utime(folder / "in/1.jsonl", ns=(10**18, 10**18))
    assert go(folder, STAGES["files"]) == []
    [record] = json.loads((folder / "runs/toy/read/manifest/000001.json").read_text())["inputs"]
    assert record["xxh3"] == xxhash.xxh3_128_hexdigest(lines(1, "flour"))


def written(folder: Path, pattern: str) -> None:
    table = pa.table({"id": [f"p{n}" for n in range(900)], "text": [f"grain {n} " * 60 for n in range(900)]})
    csv = "id,text\n" + "".join(f"c{n},grain {n} mill\n" for n in range(9000))
    {
        "*.jsonl": lambda: (folder / "in/8.jsonl").write_bytes(lines(8)),
        "*.gz": lambda: (folder / "in/8.jsonl.gz").write_bytes(gzip.compress(lines(8))),
        "*.csv": lambda: (folder / "in/8.csv").write_text(csv),
        "*.parquet": lambda: pq.write_table(table, folder / "in/8.parquet"),
    }[pattern]()


@pytest.mark.parametrize("pattern", ["*.jsonl", "*.gz", "*.csv", "*.parquet"])
def test_the_hash_costs_no_second_read(folder: Path, pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The only bytes that are read a second time are a table's columns that no unit reads.

    Regression: every input was read a second time for its hash.
    """
    unread: dict[str, int] = {}
    finish = ContentHash.finish

    def noted(self: ContentHash) -> str:
        unread[self.path] = os.path.getsize(self.path) - self._end
        return finish(self)

    if pattern != "*.jsonl":
        written(folder, pattern)
    monkeypatch.setattr(ContentHash, "finish", noted)
    go(folder, STAGES["files"], pattern)
    assert unread and all(pattern == "*.parquet" or left == 0 for left in unread.values()), unread
    for path in (folder / "runs/toy/read/manifest").glob("0*.json"):
        for record in json.loads(path.read_text())["inputs"]:
            assert record["xxh3"] == xxhash.xxh3_128_hexdigest(Path(record["file"]).read_bytes())


def test_the_ranges_of_a_file_are_hashed_once_while_they_are_read_and_once_by_a_plan(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, int] = {}
    unread: list[int] = []
    update, finish = ContentHash.saw, ContentHash.finish

    def counted(self: ContentHash, start: int, data: memoryview) -> None:
        before = self._end
        update(self, start, data)
        seen[self.path] = seen.get(self.path, 0) + self._end - before

    def noted(self: ContentHash) -> str:
        unread.append(min(self.until, os.path.getsize(self.path)) - self._end)
        return finish(self)

    monkeypatch.setattr(ContentHash, "saw", counted)
    monkeypatch.setattr(ContentHash, "finish", noted)
    sizes = {str(path): path.stat().st_size for path in (folder / "in").iterdir()}
    assert len(go(folder, STAGES["ranges"])) > 2 * len(sizes)
    assert seen == sizes and not any(unread)
    for path in (folder / "in").iterdir():
        os.utime(path, ns=(10**18, 10**18))
    seen.clear()
    assert go(folder, STAGES["ranges"]) == [] and seen == sizes


def test_a_range_without_a_result_makes_its_touched_file_again(folder: Path) -> None:
    """At the ends of the ranges that have results, lines of the missing range may have changed."""
    go(folder, STAGES["ranges"])
    first = folder / "runs/toy/read/manifest/000000.json"
    assert json.loads(first.read_text())["inputs"][0]["file"] == f"{folder}/in/0.jsonl"
    first.unlink()
    for path in (folder / "in").iterdir():
        os.utime(path, ns=(10**18, 10**18))
    ran = [label for label in go(folder, STAGES["ranges"]) if label.startswith("read ")]
    assert len(ran) == -(-(folder / "in/0.jsonl").stat().st_size // 10_000)


def test_with_a_limit_no_file_is_read_to_its_end(folder: Path) -> None:
    go(folder, STAGES["files"], limit=3)
    [path] = (folder / "runs/toy--limit-3/read/manifest").glob("0*.json")
    [record] = json.loads(path.read_text())["inputs"]
    assert "xxh3" not in record and record["etag"]
