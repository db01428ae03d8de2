"""A run balances, resumes, and gives the same bytes for any number of workers, whatever kills it."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pyarrow.parquet as pq
import pytest
import yaml

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import Result
from tokenmill.pipeline.driver.run import run as run_recipe
from tokenmill.pipeline.engine.local import InProcess, LocalPool
from tokenmill.pipeline.exchange import exchange
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.record.facts import read_facts
from tokenmill.pipeline.report import read_run
from tokenmill.pipeline.report.audit import dropped
from tokenmill.pipeline.report.explain import story
from tokenmill.pipeline.report.funnel import funnel

PLUGINS = Path(__file__).parents[2] / "plugins"
RECIPE = """
run: toy
excerpt: 0
stages:
  read: [toolbox.numbered]
  short: [toolbox.length]
  unique: [stages.exact_dedup]
"""
HOSTILE = """
run: toy
excerpt: 0
stages:
  read: [{toolbox.numbered: {rows: 14}}]
  hostile:
    timeout: 3
    memory: 700MB
    steps: [{toolbox.hostile: {segfault: f0-0-3, memory: f1-1-4, hang: f2-0-5, error: f3-1-6}}]
"""


def run(folder: Path, text: str = RECIPE, *, workers: int = 0, **options: object) -> Result:
    (folder / "r.yaml").write_text(text)
    engine = LocalPool(workers) if workers else InProcess()
    chosen = Options(out=str(folder / "runs"), plugins="toolbox", **options)  # type: ignore[arg-type]
    try:
        return run_recipe(load_recipe(folder / "r.yaml"), engine, chosen, progress_for("none"))
    finally:
        engine.close()


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Returns the content of the files that must be the same, byte for byte: data and dropped."""
    root = folder / "runs" / "toy"
    files = sorted(path for kind in ("data", "dropped") for path in root.glob(f"*/{kind}/*"))
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def manifests(folder: Path, stage: str) -> dict[str, dict[str, object]]:
    files = sorted((folder / "runs/toy" / stage / "manifest").glob("*.json"))
    return {path.name: json.loads(path.read_text()) for path in files}


def ids(folder: Path, stage: str) -> list[str]:
    files = sorted((folder / "runs/toy" / stage / "data").glob("*.parquet"))
    return [id for file in files for id in pq.read_table(file).column("id").to_pylist()]


def test_in_is_out_plus_drops_from_stage_to_stage(tmp_path: Path) -> None:
    run(tmp_path)
    funnels = funnel(read_run(str(tmp_path / "runs/toy")))
    assert all(one.balanced for one in funnels)
    assert funnels[0].rows_in == 160 and funnels[0].drops == {"numbered.damaged": 8}
    assert funnels[1].drops["length.short"] > 0
    assert funnels[-1].rows_out == len(ids(tmp_path, "unique"))


def test_a_second_run_does_nothing_and_a_changed_setting_redoes_what_depends_on_it(tmp_path: Path) -> None:
    run(tmp_path)
    before = {stage: manifests(tmp_path, stage) for stage in ("read", "short", "unique")}
    run(tmp_path)
    assert {stage: manifests(tmp_path, stage) for stage in before} == before
    run(tmp_path, RECIPE.replace("[toolbox.length]", "[{toolbox.length: {min_characters: 50}}]"))
    assert manifests(tmp_path, "read") == before["read"]
    assert manifests(tmp_path, "short") != before["short"]
    assert all(one.balanced for one in funnel(read_run(str(tmp_path / "runs/toy"))))


def test_one_more_input_file_does_not_redo_the_others(tmp_path: Path) -> None:
    text = RECIPE.replace("toolbox.numbered", "{toolbox.numbered: {files: [f0, f1, f3]}}")
    run(tmp_path, text)
    before = {m["fingerprint"]: m["timing"] for m in manifests(tmp_path, "short").values()}
    run(tmp_path, text.replace("f0, f1, f3", "f0, f1, f2, f3"))
    after = {m["fingerprint"]: m["timing"] for m in manifests(tmp_path, "short").values()}
    assert len(after) == 4
    # ^The fingerprint of a source covers its setting `files`, so only the stage after the source shows the reuse.
    reused = [fingerprint for fingerprint in before if after.get(fingerprint) == before[fingerprint]]
    other = tmp_path / "other"
    other.mkdir()
    run(other, text.replace("f0, f1, f3", "f0, f1, f2, f3"))
    assert bytes_of(tmp_path) == bytes_of(other)
    assert len(reused) in (0, 3)


SCRUBBED = """
run: toy
excerpt: {chars: 40, scrub: toolbox.shout}
stages:
  read: [toolbox.numbered]
  short: [{toolbox.length: {min_characters: 30}}, toolbox.whole]
"""


def test_a_saved_recipe_runs_again_with_nothing_to_do(tmp_path: Path) -> None:
    """It names work as recipes do, in whatever folders the files are, and has all settings.

    Regression: a default of 3 for a float was loaded as 3.0, which counted as another setting.
    """
    run(tmp_path, SCRUBBED)
    saved = (tmp_path / "runs/toy/recipe.yaml").read_text()
    assert yaml.safe_load(saved)["stages"]["read"]["steps"][0].keys() == {"toolbox.numbered"}
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs/toy").rglob("*.parquet")}
    run(tmp_path, saved)
    assert {path: path.stat().st_mtime_ns for path in files} == files
    assert (tmp_path / "runs/toy/recipe.yaml").read_text() == saved


def test_the_recipe_may_name_the_step_that_scrubs_excerpts(tmp_path: Path) -> None:
    run(tmp_path, SCRUBBED)
    found = [row for file in (tmp_path / "runs/toy/short/dropped").iterdir() for row in pq.read_table(file).to_pylist()]
    assert found and all(row["excerpt"] == row["excerpt"].upper() and row["excerpt"].strip() for row in found)


def test_a_scrub_that_is_no_step_is_refused(tmp_path: Path) -> None:
    for work in (
        "stages.exact_dedup",
        "toolbox.numbered",
        "stages.scrub_ipp",
        "filters.gopher_quality",
        "toolbox.length",
    ):
        with pytest.raises(RecipeError, match=r"r.yaml:3: excerpt"):
            run(tmp_path, SCRUBBED.replace("toolbox.shout", work))
    assert not (tmp_path / "runs").exists()


def test_a_scrub_that_reorders_rows_gives_no_document_the_text_of_another(tmp_path: Path) -> None:
    result = run(tmp_path, SCRUBBED.replace("toolbox.shout", "{toolbox.rude_scrub: {mode: reverse}}"))
    assert result.failures and all("rude_scrub returned other rows" in str(error) for error in result.failures)


def test_a_text_on_which_the_scrub_raises_has_no_excerpt(tmp_path: Path) -> None:
    run(tmp_path, SCRUBBED.replace("toolbox.shout", "{toolbox.rude_scrub: {mode: raise}}"))
    found = [row for file in (tmp_path / "runs/toy/short/dropped").iterdir() for row in pq.read_table(file).to_pylist()]
    without = [row["excerpt"] for row in found if row["excerpt"] is None]
    assert 0 < len(without) < len(found)
    assert all(len(row["excerpt"]) % 2 for row in found if row["excerpt"] is not None)


def test_any_number_of_workers_gives_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for workers in (0, 1, 3):
        folder = tmp_path / str(workers)
        folder.mkdir()
        run(folder, workers=workers)
        made.append(bytes_of(folder))
    assert made[0] == made[1] == made[2]
    assert len(made[0]) == 24


def test_mark_only_keeps_every_row_and_says_what_would_go(tmp_path: Path) -> None:
    run(tmp_path, mark_only=True)
    [*_, last] = funnel(read_run(str(tmp_path / "runs/toy--mark-only")))
    assert last.rows_out == 160 and last.balanced
    table = pq.read_table(tmp_path / "runs/toy--mark-only/short/data/000000.parquet")
    marks = table.column("drop_rule").to_pylist()
    assert "numbered.damaged" in marks and "length.short" in marks and None in marks
    assert table.column("length.characters").null_count == 0


def test_limit_reads_so_many_documents_of_the_first_file(tmp_path: Path) -> None:
    run(tmp_path, limit=25)
    assert funnel(read_run(str(tmp_path / "runs/toy--limit-25")))[0].rows_in == 25


def test_a_single_stage_runs_from_the_one_before(tmp_path: Path) -> None:
    run(tmp_path, stage="read")
    assert not (tmp_path / "runs/toy/short/data").exists()
    run(tmp_path, stage="short")
    assert ids(tmp_path, "short")
    with pytest.raises(RecipeError, match="did you mean 'short'"):
        run(tmp_path, stage="shrot")


def test_a_file_that_cannot_be_read_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    text = RECIPE.replace("toolbox.numbered", "{toolbox.numbered: {unreadable: [f1]}}")
    with pytest.raises(DataError, match="--allow-missing"):
        run(tmp_path, text)
    result = run(tmp_path, text, allow_missing=True)
    assert not result.failures and "f1: not a numbered file at all" in result.warnings[0]
    damage = [warning for warning in result.warnings if "marked as dropped" in warning]
    assert len(damage) == 3 and "numbered.damaged" in damage[0]
    assert {id[:2] for id in ids(tmp_path, "unique")} == {"f0", "f2", "f3"}


def test_two_documents_with_one_id_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"id 'x-0-\d+' occurs twice: shard 000000 row"):
        run(tmp_path, RECIPE.replace("toolbox.numbered", "{toolbox.numbered: {same_ids: true}}"))


def test_every_removal_is_on_record(tmp_path: Path) -> None:
    run(tmp_path)
    stages = read_run(str(tmp_path / "runs/toy"))
    records = dropped(stages, "length")
    assert set(records["drop_rule"]) == {"length.short"} and set(records["drop_threshold"]) == {"20"}
    assert all(int(measured) < 20 for measured in records["drop_measured"])
    told = list(story(stages, records["id"][0]))
    assert [(chapter.stage, chapter.kept) for chapter in told] == [("read", True), ("short", False)]
    with pytest.raises(RecipeError, match="no stage of this run has a document"):
        list(story(stages, "nobody"))


def test_data_not_kept_is_deleted_and_made_again_when_needed(tmp_path: Path) -> None:
    text = RECIPE.replace("  read: [toolbox.numbered]", "  read: {keep: false, steps: [toolbox.numbered]}")
    run(tmp_path, text)
    whole = bytes_of(tmp_path)
    assert not (tmp_path / "runs/toy/read/data").exists()
    before = manifests(tmp_path, "read")
    run(tmp_path, text)
    assert manifests(tmp_path, "read") == before and bytes_of(tmp_path) == whole
    run(tmp_path, text.replace("[toolbox.length]", "[{toolbox.length: {min_characters: 40}}]"))
    assert all(one.balanced for one in funnel(read_run(str(tmp_path / "runs/toy"))))


def test_stages_with_other_columns_come_together(tmp_path: Path) -> None:
    text = """
run: toy
excerpt: 0
stages:
  a: [{toolbox.numbered: {files: [a0, a1]}}, toolbox.length]
  b: [{toolbox.numbered: {files: [b0]}}]
  both: {from: [b, a], steps: [stages.exact_dedup]}
"""
    run(tmp_path, text)
    tables = [pq.read_table(path) for path in sorted((tmp_path / "runs/toy/both/data").glob("*.parquet"))]
    assert [table.column("id")[0].as_py()[:2] for table in tables] == ["b0", "a0", "a1"]
    assert len({tuple(table.schema.names) for table in tables}) == 1
    assert tables[0].column("length.characters").null_count == tables[0].num_rows


def test_a_second_driver_is_refused_and_a_dead_one_is_taken_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run(tmp_path, stage="read")
    lock = tmp_path / "runs/toy/lock"
    assert not lock.exists()
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        import platform

        import psutil

        started = psutil.Process(sleeper.pid).create_time()
        lock.write_text(
            json.dumps({"host": platform.node(), "pid": sleeper.pid, "started": started, "since": time.time()})
        )
        with pytest.raises(RecipeError, match=f"worked on by process {sleeper.pid}"):
            run(tmp_path)
    finally:
        sleeper.kill()
        sleeper.wait()
    with caplog.at_level(logging.WARNING):
        run(tmp_path)
    assert "took over the lock" in caplog.text


@pytest.mark.slow
def test_hostile_documents_are_quarantined_and_every_other_survives(tmp_path: Path) -> None:
    made = []
    for workers in (1, 4):
        folder = tmp_path / str(workers)
        folder.mkdir()
        result = run(folder, HOSTILE, workers=workers)
        assert not result.failures
        [_, hostile] = funnel(read_run(str(folder / "runs/toy")))
        assert hostile.drops == {"hostile.error": 1, "hostile.quarantined": 3} and hostile.balanced
        made.append(bytes_of(folder))
    assert made[0] == made[1]
    for path in (tmp_path / "4/runs/toy/hostile/manifest").iterdir():
        path.unlink()
    began = time.monotonic()
    run(tmp_path / "4", HOSTILE, workers=2)
    assert bytes_of(tmp_path / "4") == made[0]
    assert time.monotonic() - began < 60  # nothing hung again
    causes = {
        entry["id"]: entry["cause"]
        for path in (tmp_path / "1/runs/toy/hostile/quarantine").iterdir()
        for entry in json.loads(path.read_text())
    }
    assert causes == {"f0-0-3": "signal 11", "f1-1-4": "memory", "f2-0-5": "hang"}


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_killed_at_random_points_and_resumed_gives_the_same_bytes(tmp_path: Path, workers: int) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    run(whole)
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "r.yaml").write_text(RECIPE)
    command = [sys.executable, "-m", "tokenmill", "run", "r.yaml", "--plugins", "toolbox", "--workers", str(workers)]
    environment = os.environ | {"PYTHONPATH": str(PLUGINS)}
    random = Random(workers)
    for _ in range(6):
        driver = subprocess.Popen(
            command, cwd=broken, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        time.sleep(random.uniform(0.8, 3.0))
        driver.send_signal(signal.SIGKILL)
        driver.wait()
    subprocess.run(command, cwd=broken, env=environment, check=True, capture_output=True)
    assert bytes_of(broken) == bytes_of(whole)


@pytest.mark.parametrize("workers", [0, 2])
def test_minhash_gives_the_same_bytes_for_any_workers_and_partitions(
    tmp_path: Path, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of partitions depends on the size of the input; a smaller target size gives more of them."""
    text = RECIPE.replace("stages.exact_dedup", "stages.minhash: {ngram: 1, rows: 1, threshold: 0.5}").replace(
        "[stages.minhash", "[{stages.minhash").replace("0.5}]", "0.5}}]")  # fmt: skip
    (tmp_path / "one").mkdir()
    run(tmp_path / "one", text)
    facts = read_facts(str(tmp_path / "one/runs/toy/unique"))
    assert facts["removed"] == len(pq.read_table(tmp_path / "one/runs/toy/unique/dropped")) > 0
    monkeypatch.setattr(exchange, "TARGET_PARTITION_BYTES", 1000)
    (tmp_path / "many").mkdir()
    run(tmp_path / "many", text, workers=workers)
    assert bytes_of(tmp_path / "many") == bytes_of(tmp_path / "one")
    assert read_facts(str(tmp_path / "many/runs/toy/unique")) == facts


def test_memory_too_small_to_look_across_documents_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    text = RECIPE.replace("[stages.exact_dedup]", "{memory: 500MB, steps: [stages.exact_dedup]}")
    with pytest.raises(RecipeError, match="exact_dedup looks across all documents; the least that works is 1024MiB"):
        run(tmp_path, text)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("workers", [0, 2])
def test_a_global_that_rewrites_texts_balances_and_gives_the_same_bytes(tmp_path: Path, workers: int) -> None:
    """The texts of toolbox.numbered have one line of 14 different words, so that the shortest occur more than once."""
    text = RECIPE.replace("[stages.exact_dedup]", "[{stages.line_dedup: {min_words: 1}}]")
    text = text.replace("  short: [toolbox.length]\n", "").replace("numbered", "numbered: {rows: 400}")
    text = text.replace("[toolbox", "[{toolbox").replace("400}]", "400}}]")
    for name, count in (("one", 0), ("two", workers)):
        (tmp_path / name).mkdir()
        run(tmp_path / name, text, workers=count)
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")
    stage = tmp_path / "one/runs/toy/unique"
    data, dropped = pq.read_table(stage / "data"), pq.read_table(stage / "dropped")
    texts = data.column("text").to_pylist()
    assert len(set(texts)) == len(texts)
    assert set(dropped.column("drop_rule").to_pylist()) == {"line_dedup.emptied"}
    assert {"line_dedup.removed_lines", "line_dedup.removed_ratio"} <= set(data.schema.names)
    assert "_shard" not in data.schema.names
    (tmp_path / "marked").mkdir()
    run(tmp_path / "marked", text, mark_only=True)
    marked = pq.read_table(tmp_path / "marked/runs/toy--mark-only/unique/data")
    assert marked.column("drop_rule").to_pylist().count("line_dedup.emptied") == dropped.num_rows
