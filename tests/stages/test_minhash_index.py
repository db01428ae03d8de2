"""Remembering a corpus: what is like an indexed document goes, as if that one came first, and nothing else."""

import json
import random
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from tokenmill.cli import app
from tokenmill.core.errors import RecipeError
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.progress import progress_for
from tokenmill.pipeline.recipe import load_recipe
from tokenmill.pipeline.run import Options
from tokenmill.pipeline.run import run as run_recipe
from tokenmill.text.cache import frozen
from tokenmill.text.hash import Ragged
from tokenmill.text.jaccard import jaccard_of_texts
from tokenmill.text.keep_rule import decide

RECIPE = """
run: {run}
excerpt: 0
stages:
  read: [{{stages.read_table: {{paths: "{folder}/{run}-*.jsonl"}}}}]
  dedup: [{{stages.minhash: {{index: [{index}]}}}}]
"""


def snapshots(seed: int) -> tuple[list[str], list[str]]:
    """Texts of two snapshots: of 60 originals the second holds some again, changed a little or longer, and new ones."""
    rng = random.Random(seed)
    texts = [[f"w{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in rng.sample(range(676), 80)] for _ in range(60)]
    old, new = [], []
    for number, words in enumerate(texts):
        changed = [*words[: rng.randrange(60, 80)], *(["longer"] * (number % 5))]
        if number % 3 != 1:
            old.append(" ".join(words))
        if number % 3 != 0:
            new += [" ".join(changed), " ".join(words)][: 1 + number % 2]
    return old, new


def run(folder: Path, name: str, texts: list[str], index: str = "") -> Path:
    half = len(texts) // 2
    for part, (first, last) in enumerate([(0, half), (half, len(texts))]):
        lines = [json.dumps({"id": f"{name}{i}", "text": texts[i]}) for i in range(first, last)]
        (folder / f"{name}-{part}.jsonl").write_text("\n".join(lines))
    (folder / f"{name}.yaml").write_text(RECIPE.format(run=name, folder=folder, index=index))
    run_recipe(load_recipe(folder / f"{name}.yaml"), InProcess(), Options(out=str(folder)), progress_for("none"))
    return folder / name


def kept(run: Path) -> list[str]:
    return sorted(pq.read_table(run / "dedup/data").column("id").to_pylist())


def make_index(run: Path, to: Path) -> str:
    said = CliRunner().invoke(app, ["dedup-index", str(run), "--out", str(to)])
    assert said.exit_code == 0, said.output
    return said.output


def test_a_second_snapshot_loses_what_the_first_one_kept(tmp_path: Path) -> None:
    old, new = snapshots(1)
    first = run(tmp_path, "old", old)
    assert "bytes," in make_index(first, tmp_path / "index")
    alone, second = run(tmp_path, "alone", new), run(tmp_path, "new", new, str(tmp_path / "index"))
    assert set(kept(second)) < {id.replace("alone", "new") for id in kept(alone)}
    text = {f"new{i}": text for i, text in enumerate(new)} | {f"old{i}": text for i, text in enumerate(old)}
    remembered, records = set(kept(first)), pq.read_table(second / "dedup/dropped").to_pylist()
    assert sum(record["duplicate_of"] in remembered for record in records) > 10
    for record in records:
        measured = jaccard_of_texts(text[record["id"]], text[record["duplicate_of"]], 5)
        assert record["drop_rule"] == "minhash.near_duplicate"
        assert record["similarity"] == np.float32(measured) >= 0.75
        assert record["duplicate_of"] in remembered | set(kept(second))
    facts = json.loads((second / "dedup/facts.json").read_text())
    assert (facts["documents"], facts["removed"]) == (len(new), len(records))


def test_an_index_of_itself_leaves_nothing_and_one_of_nothing_changes_nothing(tmp_path: Path) -> None:
    old, _ = snapshots(2)
    first = run(tmp_path, "old", old)
    make_index(first, tmp_path / "index")
    again = run(tmp_path, "again", old, str(tmp_path / "index"))
    assert kept(again) == []
    make_index(again, tmp_path / "empty")
    third = run(tmp_path, "third", old, str(tmp_path / "empty"))
    assert kept(third) == sorted(id.replace("old", "third") for id in kept(first))


def test_an_index_that_cannot_serve_is_refused_before_anything_runs(tmp_path: Path) -> None:
    old, new = snapshots(3)
    with pytest.raises(RecipeError, match=r"no index\.json there; make one by: pipeline dedup-index"):
        run(tmp_path, "new", new, str(tmp_path / "nothing"))
    index = tmp_path / "index"
    make_index(run(tmp_path, "old", old), index)
    said = CliRunner().invoke(app, ["dedup-index", str(tmp_path / "old"), "--out", str(index)])
    assert isinstance(said.exception, RecipeError)
    content = (index / "index.json").read_text()
    for broken in (content.replace('"ngram": 5', '"ngram": 4'), content.replace('"probe": "', '"probe": "0')):
        (index / "index.json").write_text(broken)
        with pytest.raises(RecipeError, match="reads words otherwise"):
            run(tmp_path, "new", new, str(index))
    (index / "index.json").write_text(content)
    (index / "000000.parquet").write_bytes(b"cut")
    with pytest.raises(RecipeError, match="make the index anew"):
        run(tmp_path, "new", new, str(index))
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("max_bucket", [1, 100])
def test_fixed_documents_stay_though_they_are_alike_and_each_takes_its_own(max_bucket: int) -> None:
    """0 and 1 are fixed and alike; 2 is like 1 only, 3 like both, 4 like none."""
    sets = [range(10), range(2, 12), range(4, 14), range(1, 11), range(50, 60)]
    values = np.array([value for one in sets for value in one], dtype=np.uint64)
    shingles = Ragged(frozen(values), frozen(np.arange(0, 51, 10)))
    fixed = np.array([True, True, False, False, False])
    decision = decide(
        np.ones((5, 1), dtype=np.uint64), shingles, threshold=0.6, max_bucket=max_bucket, hubs=9, fixed=fixed
    )  # fmt: skip
    assert decision.duplicate_of[[0, 1, 2, 4]].tolist() == [-1, -1, 1, -1]
    assert decision.duplicate_of[3] == 0
