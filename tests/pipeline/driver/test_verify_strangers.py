"""`verify` names what does not belong to the run: links to nothing, and stages that the recipe no longer names."""

import json
import os
import shutil
from pathlib import Path

import pytest

from tokenmill.cli.app import app
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run as run_recipe
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning.recipe import load_recipe

RECIPE = """
run: toy
excerpt: 0
stages:
  read: [{toolbox.numbered: {rows: 8}}]
  short: [toolbox.length]
  lines:
    from: [short]
    steps: [{stages.write_jsonl: {file_bytes: 5000}}]
"""


def run(folder: Path, text: str = RECIPE) -> Path:
    (folder / "r.yaml").write_text(text)
    options = Options(out=str(folder / "runs"), plugins="toolbox")
    assert run_recipe(load_recipe(folder / "r.yaml"), InProcess(), options, progress_for("none")).failures == []
    return folder / "runs/toy"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(tmp_path_factory.mktemp("made"))


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "runs/toy")


def verify(run: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    capsys.readouterr()
    try:
        code = app(["verify", str(run), *options], standalone_mode=False) or 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    return code, capsys.readouterr().out


def test_links_to_nothing_and_pipes_are_named(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Regression: listings skip them, so a run with them counted as good."""
    links = ["read/data/000009.parquet", "short/manifest/9.json", "lines/corpus/extra/9.jsonl.gz", "lines/x", "y"]
    links += ["logs/z"]
    (copy / "lines/corpus/extra").mkdir()
    for link in links:
        (copy / link).symlink_to("nowhere")
    (copy / "short/dropped/loop").symlink_to("loop")
    os.mkfifo(copy / "short/dropped/pipe")
    (copy / "short/data/link").symlink_to(copy / "short/data/000000.parquet")
    (copy / "short/data/1.0123456789ab.tmp").symlink_to("nowhere")
    code, out = verify(copy, capsys)
    assert code == 1
    for name in (*links, "short/dropped/loop", "short/dropped/pipe"):
        assert out.count(f"  {copy / name}\n") == 1, name
    assert out.count("neither files nor folders:") == 3 and "delete them" in out
    assert "1 files that no manifest lists:" in out and f"  {copy}/short/data/link\n" in out
    code, out = verify(copy, capsys, "--json")
    said = json.loads(out)
    assert code == 1 and not said["good"] and said["strangers"] == [str(copy / "logs/z"), str(copy / "y")]
    assert said["stages"][0]["not_files"] == [str(copy / "read/data/000009.parquet")]
    code, out = verify(copy, capsys, "--json", "--stage", "read")
    assert code == 1 and json.loads(out)["strangers"] == []


def test_a_link_to_nothing_in_place_of_a_file_is_damage_and_the_next_run_writes_the_file(
    made: Path, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = copy / "read/data/000001.parquet"
    data.unlink()
    data.symlink_to("nowhere")
    code, out = verify(copy, capsys)
    assert code == 1 and f"{data}: is gone" in out and "neither files" not in out
    run(copy.parents[1])
    assert not data.is_symlink() and data.read_bytes() == (made / "read/data/000001.parquet").read_bytes()
    assert verify(copy, capsys)[0] == 0


def test_a_folder_that_is_a_link_to_another_disk_belongs_to_the_run(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.move(copy / "read/data", tmp_path / "disk")
    (copy / "read/data").symlink_to(tmp_path / "disk")
    shutil.move(copy / "short", tmp_path / "short")
    (copy / "short").symlink_to(tmp_path / "short")
    assert verify(copy, capsys)[0] == 0
    (tmp_path / "disk/9.parquet").symlink_to("nowhere")
    code, out = verify(copy, capsys)
    assert code == 1 and out.count(f"  {copy}/read/data/9.parquet\n") == 1


def test_a_stage_that_the_recipe_no_longer_names_is_reported(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Regression: its documents stayed in the run's folder, and no command reported it."""
    run(tmp_path, RECIPE.replace("lines:", "other:"))
    code, out = verify(copy, capsys)
    assert code == 1 and f"  {copy}/lines\n" in out and out.count("as they were written") == 3
    assert "name these stages in the recipe again, or delete them" in out
    code, out = verify(copy, capsys, "--json")
    assert code == 1 and json.loads(out)["strangers"] == [f"{copy}/lines"]
    assert verify(copy, capsys, "--stage", "other")[0] == 0
    assert verify(Path(f"{copy}/"), capsys)[0] == 1
    run(tmp_path)
    assert f"  {copy}/other\n" in verify(copy, capsys)[1]
    shutil.rmtree(copy / "other")
    assert verify(copy, capsys)[0] == 0
