"""Deduplication as a run: the same bytes for any number of workers and partitions."""

import json
import random
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tokenmill.pipeline import exchange
from tokenmill.pipeline.engine.local import InProcess, LocalPool
from tokenmill.pipeline.progress import progress_for
from tokenmill.pipeline.recipe import load_recipe
from tokenmill.pipeline.run import Options
from tokenmill.pipeline.run import run as run_recipe

RECIPE = """
run: toy
excerpt: 0
stages:
  read: [{{stages.read_table: {{paths: "{folder}/in/*.jsonl"}}}}]
  dedup: [{work}]
"""


def write_input(folder: Path, texts: list[str], files: int = 3) -> None:
    (folder / "in").mkdir(parents=True)
    lines = [json.dumps({"id": f"doc{i:04d}", "source": "web", "text": text}) for i, text in enumerate(texts)]
    for number in range(files):
        (folder / "in" / f"{number}.jsonl").write_text("\n".join(lines[number::files]))


def run(folder: Path, work: str, *, workers: int = 0, out: str = "runs") -> Path:
    (folder / "recipe.yaml").write_text(RECIPE.format(folder=folder, work=work))
    engine = LocalPool(workers) if workers else InProcess()
    try:
        found = run_recipe(
            load_recipe(folder / "recipe.yaml"), engine, Options(out=str(folder / out)), progress_for("none")
        )
    finally:
        engine.close()
    assert found.failures == []
    return folder / out / "toy"


def bytes_of(run: Path) -> dict[str, bytes]:
    files = sorted(p for p in run.rglob("*.parquet") if p.parent.name in ("data", "dropped"))
    return {str(path.relative_to(run)): path.read_bytes() for path in files}


def quoting(seed: int) -> list[str]:
    """Texts of random letters that quote each other, some of nothing else."""
    rng = random.Random(seed)
    texts = ["".join(rng.choices("etaoin shrdlu", k=800)) for _ in range(60)]
    return [*texts, *(f"{rng.choice(texts)[100:400]}{'7' * (i % 2)}{rng.choice(texts)[20:300]}" for i in range(30))]


@pytest.mark.parametrize("work", ["{stages.substring_dedup: {length: 100}}", "stages.minhash", "stages.exact_dedup"])
def test_workers_and_partitions_make_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: str) -> None:
    texts = quoting(1)
    write_input(tmp_path, [*texts, *texts[:40], *(f"{text} end" for text in texts[20:50])])
    one = run(tmp_path, work)
    two = run(tmp_path, work, workers=2, out="two")
    monkeypatch.setattr(exchange, "TARGET_PARTITION_BYTES", 1000)
    many = run(tmp_path, work, out="many")
    assert bytes_of(one) == bytes_of(two) == bytes_of(many)
    facts = [json.loads((made / "dedup/facts.json").read_text()) for made in (one, two, many)]
    assert facts[0] == facts[1] == facts[2]
    assert pq.read_table(one / "dedup/dropped").num_rows > 0
