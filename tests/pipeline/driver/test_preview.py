"""`pipeline dedup preview` shows the largest clusters and the least similar documents of each, and writes no result."""

import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from tokenmill.cli.app import app
from tokenmill.core.errors import RecipeError
from tokenmill.pipeline.driver.requests import range_reads
from tokenmill.stages.dedup.minhash_index import IndexKind, write_index
from tokenmill.text.similarity.shingle import Shingling

RECIPE = """
run: toy
excerpt: {excerpt}
stages:
  read: [{{stages.read_table: {{paths: "{folder}/in/*.jsonl"}}}}]
  dedup: [{work}]
"""
WORDS = [f"w{a}{b}" for a in "bcdfghjk" for b in "aeiou"]


def text(number: int, end: str = "") -> str:
    return " ".join(f"{word}{'abcdefghijklmnopqrstuvwxyz'[number]}" for word in WORDS) + end


def prepared(folder: Path, work: str, *, excerpt: int = 60) -> Path:
    """Runs the stage `read` over clusters of 2, 3, … 25 documents, and returns the path of the recipe.

    In each cluster all documents but two are identical, and the last one is the least similar.
    """
    (folder / "in").mkdir()
    lines = []
    for number in range(24):
        copies = [text(number) + " and more words"] + [text(number)] * number + [text(number, " end")]
        lines += [{"id": f"{number:02d}-{i}", "source": "web", "text": one} for i, one in enumerate(copies)]
    for part in range(3):
        content = "\n".join(json.dumps(line) for line in lines[part::3])
        (folder / "in" / f"{part}.jsonl").write_text(content)
    recipe = folder / "recipe.yaml"
    recipe.write_text(RECIPE.format(folder=folder, work=work, excerpt=excerpt))
    ran = CliRunner().invoke(app, ["run", str(recipe), "--stage", "read", "--workers", "0", "--out", str(folder)])
    assert ran.exit_code == 0, ran.output
    return recipe


def look(recipe: Path, *more: str) -> str:
    said = CliRunner().invoke(
        app, ["dedup", "preview", str(recipe), "--stage", "dedup", "--out", str(recipe.parent), *more]
    )
    assert said.exit_code == 0, said.output
    return said.stdout


def test_it_shows_the_largest_clusters_and_writes_no_result_and_the_run_goes_on_from_it(tmp_path: Path) -> None:
    recipe = prepared(tmp_path, "stages.minhash")
    found = json.loads(look(recipe, "--json", "--sample", "2"))
    assert [cluster["size"] for cluster in found["clusters"]] == list(range(25, 5, -1))
    first = found["clusters"][0]["members"]
    assert [member["id"] for member in first] == ["23-0", "23-24", "23-1"]
    assert first[0]["similarity"] is None and first[1]["similarity"] < first[2]["similarity"] < 1
    assert first[1]["text"] == text(23)[:60]
    assert (found["documents"], found["touched"], found["refused"]) == (324, 300, "")
    stage = tmp_path / "toy/dedup"
    assert sorted(path.name for path in stage.iterdir()) == ["work"]
    spills = {path: path.stat().st_mtime_ns for path in stage.glob("work/spill/*")}
    assert look(recipe, "--sample", "2").count("documents; the first below would be kept") == 20
    assert {path: path.stat().st_mtime_ns for path in stage.glob("work/spill/*")} == spills
    ran = CliRunner().invoke(app, ["run", str(recipe), "--workers", "0", "--out", str(tmp_path)])
    assert ran.exit_code == 0, ran.output
    dropped = pq.read_table(stage / "dropped").to_pylist()
    assert len(dropped) == 300
    assert {row["id"] for row in dropped if row["duplicate_of"] == "23-0"} == {f"23-{i}" for i in range(1, 25)}
    again = CliRunner().invoke(app, ["dedup", "preview", str(recipe), "--stage", "dedup", "--out", str(tmp_path)])
    assert isinstance(again.exception, RecipeError) and "has run already" in str(again.exception)


def test_it_shows_the_clusters_of_a_run_that_max_removed_would_stop(tmp_path: Path) -> None:
    recipe = prepared(tmp_path, "{stages.exact_dedup: {max_removed: {table: 0.5}}}", excerpt=0)
    shown = look(recipe)
    assert "the run would stop here: exact_dedup would remove 253 of 324 documents of source 'table'" in shown
    assert re.search(
        r" 1\. 23 documents; the first below would be kept\n    23-1 table\n(    1\.0000 23-\d+ table\n){3} 2\. 22 d",
        shown,
    )
    assert text(23)[:20] not in shown
    ran = CliRunner().invoke(app, ["run", str(recipe), "--workers", "0", "--out", str(tmp_path)])
    assert "Nothing was changed" in str(ran.exception)
    assert not list((tmp_path / "toy/dedup").glob("data/*"))


def test_of_edited_texts_it_shows_those_that_lose_most_pieces(tmp_path: Path) -> None:
    recipe = prepared(tmp_path, "{stages.substring_dedup: {length: 50}}")
    found = json.loads(look(recipe, "--json"))
    assert found["edits"] and found["touched"] == found["facts"]["cut"] == 300
    assert len(found["clusters"]) == 20


@pytest.mark.parametrize(("stage", "problem"), [("read", "does not end in a deduplication"), ("deduq", "deduq")])
def test_a_stage_that_removes_no_duplicates_is_refused(tmp_path: Path, stage: str, problem: str) -> None:
    recipe = prepared(tmp_path, "stages.exact_dedup")
    said = CliRunner().invoke(app, ["dedup", "preview", str(recipe), "--stage", stage, "--out", str(tmp_path)])
    assert isinstance(said.exception, RecipeError) and problem in str(said.exception)


def test_plan_says_how_many_requests_an_exchange_makes(tmp_path: Path) -> None:
    recipe = prepared(tmp_path, "stages.minhash")
    said = CliRunner().invoke(app, ["plan", str(recipe), "--out", str(tmp_path)])
    assert "dedup: 1 shards in 1 map tasks, 1 partitions, 3 rounds, then verdicts; at most 1 range reads" in said.output
    assert range_reads(10, 64, 100 << 30) == (640, 0)
    reads, merged = range_reads(4_000, 1024, 500 << 30)  # ranges of 128 kB
    assert (reads, merged) == (4_000 + 500 * 1024, 500)


def test_with_an_index_it_shows_the_corpus_own_clusters_and_counts_the_rest(tmp_path: Path) -> None:
    index = tmp_path / "seen"
    table = pa.table({"id": [f"old{n}" for n in range(4, 24)], "text": [text(n) for n in range(4, 24)]})
    pq.write_table(table, tmp_path / "old.parquet")
    write_index([str(tmp_path / "old.parquet")], str(index), IndexKind(Shingling(5)))
    found = json.loads(look(prepared(tmp_path, f"{{stages.minhash: {{index: ['{index}']}}}}"), "--json"))
    assert [cluster["size"] for cluster in found["clusters"]] == [5, 4, 3, 2]
    assert found["touched"] == found["remembered"] + 4 + 3 + 2 + 1
    assert found["remembered"] == sum(n + 2 for n in range(4, 24))
