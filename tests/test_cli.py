"""What a person at a terminal meets: exit codes, one clear message, nothing written when the recipe is wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parent / "plugins"
GOOD = "run: toy\nexcerpt: 0\nstages:\n  read: [toolbox.numbered]\n  short: [toolbox.length]\n"


def pipeline(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tokenmill", *arguments]
    environment = os.environ | {"PYTHONPATH": str(PLUGINS)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_run_and_its_report_end_with_0(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(GOOD)
    ran = pipeline(tmp_path, "run", "r.yaml", "--plugins", "toolbox", "--workers", "0", "--json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["failures"] == []
    report = pipeline(tmp_path, "report", "runs/toy")
    assert report.returncode == 0 and "balanced" in report.stdout and "length.short" in report.stdout
    audit = pipeline(tmp_path, "audit", "runs/toy", "--rule", "length.short", "--sample", "2")
    assert audit.returncode == 0 and audit.stdout.count("measured") == 2
    again = pipeline(tmp_path, "run", "r.yaml", "--plugins", "toolbox", "--workers", "0")
    assert again.returncode == 0 and again.stderr.count("already done") == 2


@pytest.mark.parametrize(
    ("recipe", "arguments", "message"),
    [
        (GOOD.replace("length", "lenght"), (), "lenght"),
        (GOOD, ("--stage", "shortt"), "did you mean 'short'?"),
        (GOOD, ("--frobnicate",), "No such option"),
        ("run: x\nstages:\n  a: [{stages.read_warc: {paths: nothing/*.warc.gz}}]\n", (), "nothing/*.warc.gz"),
    ],
)
def test_a_wrong_recipe_ends_with_2_and_writes_nothing(
    tmp_path: Path, recipe: str, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "r.yaml").write_text(recipe)
    ran = pipeline(tmp_path, "run", "r.yaml", "--plugins", "toolbox", *arguments)
    assert ran.returncode == 2 and message in ran.stderr and "Traceback" not in ran.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["r.yaml"]


def test_an_unreadable_input_ends_with_1(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(GOOD.replace("toolbox.numbered", "{toolbox.numbered: {unreadable: [f2]}}"))
    ran = pipeline(tmp_path, "run", "r.yaml", "--plugins", "toolbox", "--workers", "0")
    assert ran.returncode == 1 and "f2: not a numbered file at all" in ran.stderr
    assert (tmp_path / "runs/toy/short/data/000003.parquet").exists()


def test_ctrl_c_ends_with_130_and_the_next_run_goes_on(tmp_path: Path) -> None:
    recipe = GOOD.replace("[toolbox.length]", "[{toolbox.hostile: {hang: f1-0-1}}]").replace("short:", "hostile:")
    (tmp_path / "r.yaml").write_text(recipe)
    command = [sys.executable, "-m", "tokenmill", "run", "r.yaml", "--plugins", "toolbox", "--workers", "2"]
    environment = os.environ | {"PYTHONPATH": str(PLUGINS)}
    driver = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    done = tmp_path / "runs/toy/hostile/manifest/000000.json"
    deadline = time.monotonic() + 60
    while not done.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    driver.send_signal(signal.SIGINT)
    _, stderr = driver.communicate(timeout=30)
    assert driver.returncode == 130 and "goes on from there" in stderr
    assert not (tmp_path / "runs/toy/lock").exists()
    (tmp_path / "r.yaml").write_text(recipe.replace("{toolbox.hostile: {hang: f1-0-1}}", "toolbox.hostile"))
    assert pipeline(tmp_path, "run", "r.yaml", "--plugins", "toolbox").returncode == 0


@pytest.mark.parametrize("arguments", [("steps",), ("steps", "filters.c4"), ("models", "list"), ("--help",)])
def test_help_and_listings_work(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    shown = pipeline(tmp_path, *arguments)
    assert shown.returncode == 0, shown.stderr
    assert len(shown.stdout) > 40


def test_what_crawled_text_shows_on_a_terminal_is_made_safe() -> None:
    from tokenmill.pipeline.report import plain

    assert plain("a\x1b[31mred\x07\u202eevil\nb") == "a\\x1b[31mred\\x07\\x202eevil⏎ b"


def test_training_into_a_bucket_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    done = pipeline(tmp_path, "train", "run", "no.yaml", "--data", "none", "--out", "s3://bucket/model")
    assert done.returncode == 2 and "--out s3://bucket/model: checkpoints are written to a local folder" in done.stderr
    assert list(tmp_path.iterdir()) == []
