"""If the input of a stage is incomplete, its record, the corpus, the report and the exit code say so."""

import json
from pathlib import Path

import pytest
import yaml
from tokenizers import Tokenizer, models, pre_tokenizers

from tokenmill.cli.app import app
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import Result
from tokenmill.pipeline.driver.run import run as run_recipe
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.record.stage_record import read_record
from tokenmill.pipeline.report import read_run
from tokenmill.pipeline.report.funnel import as_json, funnel

RECIPE = """
run: toy
excerpt: 0
stages:
  read: [{toolbox.numbered: {unreadable: [UNREADABLE]}}]
  short: [toolbox.length]
  unique: [stages.exact_dedup]
  tokens: [{tokenize.encode: {tokenizer: TOKENIZER}}, {tokenize.write_shards: {val: 0.0}}]
"""


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> str:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE(vocab={letter: number for number, letter in enumerate(letters)}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.add_special_tokens(["<|endoftext|>"])
    path = tmp_path_factory.mktemp("tokenizer") / "bytes.json"
    made.save(str(path))
    return str(path)


def run(folder: Path, tokenizer: str, unreadable: str = "", **options: object) -> Result:
    recipe = folder / "r.yaml"
    recipe.write_text(RECIPE.replace("UNREADABLE", unreadable).replace("TOKENIZER", tokenizer))
    chosen = Options(out=str(folder / "runs"), plugins="toolbox", **options)  # type: ignore[arg-type]
    return run_recipe(load_recipe(recipe), InProcess(), chosen, progress_for("none"))


def report(folder: Path) -> dict[str, dict[str, object]]:
    return {str(one["stage"]): one for one in as_json(funnel(read_run(str(folder / "runs/toy"))))}


def corpus(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "runs/toy/tokens/corpus/manifest.json").read_text())
    return found


def test_a_stage_without_its_input_has_failed(tmp_path: Path, tokenizer: str) -> None:
    """Regression: it ended with exit code 0, although none of its shards was made."""
    result = run(tmp_path, tokenizer, stage="short")
    assert len(result.failures) == 1 and "4 inputs missing" in result.failures[0]
    record = read_record(str(tmp_path / "runs/toy/short"))
    assert record is not None and record.done == 0 and len(record.missing) == 4
    found = report(tmp_path)
    assert found["read"]["state"] == "not run" and not found["short"]["good"]


def test_an_unreadable_input_is_named_in_every_record_downstream(tmp_path: Path, tokenizer: str) -> None:
    result = run(tmp_path, tokenizer, "f2", stage="read")
    assert result.failures == ["read 000002: f2: not a numbered file at all"]
    result = run(tmp_path, tokenizer, "f2", stage="short")
    assert "short: incomplete: 1 input missing: read 000002 (f2)" in result.failures[0]
    found = report(tmp_path)
    assert found["short"]["missing"] == {"read 000002 (f2)": "f2: not a numbered file at all"}
    assert found["unique"]["state"] == "not run" and not any(one["good"] for one in found.values())


def test_an_accepted_gap_is_on_record_and_another_result(tmp_path: Path, tokenizer: str) -> None:
    result = run(tmp_path, tokenizer, "f2", allow_missing=True)
    assert result.failures == [] and any("f2" in warning for warning in result.warnings)
    found = report(tmp_path)
    assert all(one["good"] and "incomplete: 1 input missing" in str(one["state"]) for one in found.values())
    assert corpus(tmp_path)["summary"]["missing"] == ["read 000002 (f2)"]  # type: ignore[index]
    manifests = (tmp_path / "runs/toy/unique/manifest").glob("0*.json")
    assert {tuple(json.loads(one.read_text())["missing"]) for one in manifests} == {("read 000002 (f2)",)}
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs/toy/tokens/corpus").rglob("*.bin")}
    again = run(tmp_path, tokenizer, "f2", allow_missing=True)
    assert again.failures == [] and {path: path.stat().st_mtime_ns for path in times} == times
    whole = run(tmp_path, tokenizer)
    assert whole.failures == [] and all(one["state"] == "complete" for one in report(tmp_path).values())
    assert "missing" not in corpus(tmp_path)["summary"]  # type: ignore[operator]


def test_a_global_refuses_a_gap_and_the_report_says_what_is_missing(tmp_path: Path, tokenizer: str) -> None:
    with pytest.raises(Exception, match="compares all documents, but 1 of its 4 input shards"):
        run(tmp_path, tokenizer, "f2")
    found = report(tmp_path)
    assert "read 000002 (f2)" in str(found["unique"]["state"]) and found["tokens"]["state"] == "not run"
    with pytest.raises(SystemExit) as ended:
        app(["report", str(tmp_path / "runs/toy")])
    assert ended.value.code == 1


def test_edits_of_texts_are_counted(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(
        "run: toy\nexcerpt: 0\nstages:\n"
        "  read: [{toolbox.numbered: {rows: 14}}]\n  loud: [toolbox.shout, toolbox.length]\n"
    )
    options = Options(out=str(tmp_path / "runs"), plugins="toolbox")
    run_recipe(load_recipe(tmp_path / "r.yaml"), InProcess(), options, progress_for("none"))
    edits = report(tmp_path)["loud"]["edits"]
    assert isinstance(edits, dict) and list(edits) == ["shout"]
    documents, before, after = edits["shout"]
    assert documents == 4 * 2 * 13 and before == after > documents


def test_a_run_has_a_log_file_and_a_resumed_stage_counts_all_rows(
    tmp_path: Path, tokenizer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first = run(tmp_path, tokenizer, stage="read")
    assert "stage read ends: 4 of 4 shards, complete" in Path(first.log).read_text()
    for number in (0, 3):
        (tmp_path / f"runs/toy/read/manifest/{number:06d}.json").unlink()
    recipe, options = load_recipe(tmp_path / "r.yaml"), Options(str(tmp_path / "runs"), "read", plugins="toolbox")
    run_recipe(recipe, InProcess(), options, progress_for("plain"))
    assert "read: done, 4/4 shards, 160 rows" in capsys.readouterr().err
    assert yaml.safe_load((tmp_path / "runs/toy/recipe.yaml").read_text())["run"] == "toy"


def test_a_stage_that_made_nothing_is_not_called_done_nor_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Regression: its line said "done, 0/1 shards, 0 rows, kept 100.0%"."""
    (tmp_path / "r.yaml").write_text(
        "run: toy\nexcerpt: 0\nstages:\n  read: [{toolbox.numbered: {files: [a], unreadable: [a]}}]\n"
    )
    options = Options(out=str(tmp_path / "runs"), plugins="toolbox")
    for style in ("plain", "json"):
        assert run_recipe(load_recipe(tmp_path / "r.yaml"), InProcess(), options, progress_for(style)).failures
    said = capsys.readouterr().err
    assert "read: incomplete, 0/1 shards, 0 rows, 0.0 MB/s, 0." in said and "%" not in said
    assert '"event": "incomplete"' in said and '"kept_ratio": null' in said
