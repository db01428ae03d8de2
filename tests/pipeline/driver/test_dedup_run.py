"""A run with deduplication gives the same bytes for any number of workers and partitions."""

import io
import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tokenmill.core.errors import DataError
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run as run_recipe
from tokenmill.pipeline.engine import Engine, Limits, Outcome, Watch
from tokenmill.pipeline.engine.local import InProcess, LocalPool
from tokenmill.pipeline.exchange import exchange
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.record.facts import read_facts

RECIPE = """
run: toy
excerpt: 0
stages:
  read: [{{stages.read_table: {{paths: "{folder}/in/*.jsonl", shard_bytes: 65536}}}}]
  dedup: [{work}]
"""


def write_input(folder: Path, texts: list[str], files: int = 3) -> None:
    (folder / "in").mkdir(parents=True)
    lines = [json.dumps({"id": f"doc{i:04d}", "source": "web", "text": text}) for i, text in enumerate(texts)]
    for number in range(files):
        (folder / "in" / f"{number}.jsonl").write_text("\n".join(lines[number::files]))


def run(folder: Path, work: str, *, workers: int = 0, out: str = "runs", engine: Engine | None = None) -> Path:
    (folder / "recipe.yaml").write_text(RECIPE.format(folder=folder, work=work))
    engine = engine or (LocalPool(workers) if workers else InProcess())
    options = Options(out=str(folder / out), plugins="toolbox")
    try:
        found = run_recipe(load_recipe(folder / "recipe.yaml"), engine, options, progress_for("none"))
    finally:
        engine.close()
    assert found.failures == []
    return folder / out / "toy"


def bytes_of(run: Path) -> dict[str, bytes]:
    files = sorted(p for p in run.rglob("*.parquet") if p.parent.name in ("data", "dropped"))
    return {str(path.relative_to(run)): path.read_bytes() for path in files}


def quoting(seed: int) -> list[str]:
    """Returns 60 texts of random letters, and 30 that consist of two quotes from them, some with a 7 in between."""
    rng = random.Random(seed)
    texts = ["".join(rng.choices("etaoin shrdlu", k=800)) for _ in range(60)]
    return [*texts, *(f"{rng.choice(texts)[100:400]}{'7' * (i % 2)}{rng.choice(texts)[20:300]}" for i in range(30))]


@pytest.mark.parametrize("work", ["{stages.substring_dedup: {length: 100}}", "stages.minhash", "stages.exact_dedup"])
def test_workers_and_partitions_make_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: str) -> None:
    texts = quoting(1)
    write_input(tmp_path, [*texts, *texts[:40], *(f"{text} end" for text in texts[20:50])])
    one = run(tmp_path, work)
    two = run(tmp_path, work, workers=2, out="two")
    monkeypatch.setattr(exchange, "TARGET_PARTITION_BYTES", 8000)
    many = run(tmp_path, work, out="many")
    assert bytes_of(one) == bytes_of(two) == bytes_of(many)
    facts = [read_facts(str(made / "dedup")) for made in (one, two, many)]
    assert facts[0] == facts[1] == facts[2]
    assert pq.read_table(one / "dedup/dropped").num_rows > 0


WORKS = ["stages.minhash", "{stages.substring_dedup: {length: 100}}", "{stages.line_dedup: {min_words: 1}}"]


@pytest.mark.parametrize("work", WORKS)
def test_map_tasks_over_many_shards_and_merged_spills_make_no_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: str, caplog: pytest.LogCaptureFixture
) -> None:
    texts = quoting(2)
    write_input(tmp_path, [*texts, *(f"{text}\nend" for text in texts[20:50])], files=5)
    one = run(tmp_path, work)
    monkeypatch.setattr(exchange, "TARGET_PARTITION_BYTES", 8000)
    monkeypatch.setattr(exchange, "MAP_TASKS", 2)
    monkeypatch.setattr(exchange, "MERGE_ABOVE", 0)
    with caplog.at_level("INFO"):
        merged = run(tmp_path, work, out="merged")
    assert "small ranges of 3 files are merged into 1" in caplog.text
    assert bytes_of(merged) == bytes_of(one)
    assert pq.read_table(one / "dedup/data").num_rows > 0


@dataclass
class Damaging(InProcess):
    """Ruins one file of each of the first `times` tasks of the class `of`, after the task has ended. Its size stays."""

    of: str
    times: int = 1
    what: str = ".ranges"
    ruined: list[str] = field(default_factory=list)

    def run(self, tasks: Iterable[Any], limits: Limits, watch: Watch) -> Iterator[Outcome]:
        for outcome in super().run(tasks, limits, watch):
            mine = type(outcome.task).__name__ == self.of and outcome.error is None
            spills = [each for each in outcome.manifest.outputs if self.what in each.path] if mine else []
            spill = next((each for each in spills if each.bytes), None)
            if spill and len(self.ruined) < self.times:
                (Path(outcome.task.name.folder) / spill.path).write_bytes(b"\xff" * spill.bytes)
                self.ruined.append(spill.path)
            yield outcome


@pytest.mark.parametrize("of", ["SpillTask", "CountTask", "ReduceTask", "RecallTask", "MergeTask"])
def test_a_spill_that_is_damaged_after_it_was_written_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of: str, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(exchange, "TARGET_PARTITION_BYTES", 10_000)
    if of == "MergeTask":
        monkeypatch.setattr(exchange, "MERGE_ABOVE", 0)
    texts = quoting(3)
    write_input(tmp_path, [*texts, *(f"{text} end" for text in texts)])
    whole = run(tmp_path, "stages.minhash")
    engine = Damaging(of, what="shards.parquet" if of == "CountTask" else ".ranges")
    damaged = run(tmp_path, "stages.minhash", engine=engine, out="damaged")
    assert len(engine.ruined) == 1
    assert "a file it wrote is damaged; it is made again" in caplog.text
    assert bytes_of(damaged) == bytes_of(whole)


@pytest.mark.parametrize("what", ["work/rows/", "work/dropped/"])
def test_rows_that_are_damaged_before_the_verdicts_come_are_made_again(
    tmp_path: Path, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    texts = quoting(3)
    write_input(tmp_path, [*texts, *(f"{text} end" for text in texts)])
    work = "toolbox.length, stages.minhash"
    whole = run(tmp_path, work)
    engine = Damaging("SpillTask", what=what)
    damaged = run(tmp_path, work, engine=engine, out="damaged")
    assert len(engine.ruined) == 1
    assert "a file it wrote is damaged; it is made again" in caplog.text
    assert bytes_of(damaged) == bytes_of(whole)


def test_a_disk_that_ruins_all_it_gets_ends_the_run(tmp_path: Path) -> None:
    write_input(tmp_path, quoting(4))
    with pytest.raises(DataError, match=r"spill/000000.* was damaged 3 times"):
        run(tmp_path, "stages.minhash", engine=Damaging("SpillTask", times=99))


def test_a_document_that_kills_its_worker_is_found_in_a_task_over_several_shards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "MAP_TASKS", 1)
    texts = quoting(5)
    write_input(tmp_path, [*texts, *texts[:9]])
    made = run(tmp_path, "{toolbox.hostile: {segfault: doc0050}}, stages.exact_dedup", workers=1)
    dropped = pq.read_table(made / "dedup/dropped").to_pylist()
    assert [row["id"] for row in dropped if row["drop_rule"] == "hostile.quarantined"] == ["doc0050"]
    assert sum(row["drop_rule"] == "exact_dedup.duplicate" for row in dropped) == 9
    entries = list((made / "dedup/quarantine").glob("*.json"))
    assert [path.name for path in entries] == ["000002.json"]


def test_the_progress_says_what_is_kept_after_the_verdicts(tmp_path: Path) -> None:
    texts = quoting(6)
    write_input(tmp_path, [*texts, *texts])
    (tmp_path / "recipe.yaml").write_text(RECIPE.format(folder=tmp_path, work="stages.exact_dedup"))
    out = io.StringIO()
    options = Options(out=str(tmp_path / "runs"))
    run_recipe(load_recipe(tmp_path / "recipe.yaml"), InProcess(), options, progress_for("json", out))
    last = json.loads(out.getvalue().splitlines()[-1])
    assert (last["stage"], last["rows"], last["kept_ratio"]) == ("dedup", 2 * len(texts), 0.5)
