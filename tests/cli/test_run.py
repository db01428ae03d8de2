"""Running a recipe from the command line: exit codes, one clear message, and no files if the recipe is wrong."""

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Call

Pipeline = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[str]"]


def test_a_run_and_its_report_end_with_0(tmp_path: Path, pipeline: Pipeline, call: "Call", toy_recipe: str) -> None:
    (tmp_path / "r.yaml").write_text(toy_recipe)
    ran = pipeline("run", "r.yaml", "--plugins", "toolbox", "--workers", "0", "--json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout.splitlines()[-1])["failures"] == []
    report = call("report", "runs/toy")
    assert report.code == 0 and "balanced" in report.out and "length.short" in report.out
    audit = call("audit", "runs/toy", "--rule", "length.short", "--sample", "2")
    assert audit.code == 0 and audit.out.count("measured") == 2
    [dropped] = json.loads(call("audit", "runs/toy", "--rule", "length.short", "--sample", "1", "--json").out)
    told = json.loads(call("explain", "runs/toy", dropped["id"], "--json").out)
    assert [one["kept"] for one in told] == [True, False] and told[1]["row"]["drop_rule"] == "length.short"
    planned = json.loads(call("plan", "r.yaml", "--plugins", "toolbox", "--json").out)
    assert [(one["stage"], one["shards"] - one["done"]) for one in planned["stages"]] == [("read", 0), ("short", 0)]
    again = pipeline("run", "r.yaml", "--plugins", "toolbox", "--workers", "0")
    assert again.returncode == 0 and again.stderr.count("already done") == 2


@pytest.mark.parametrize(
    ("replace", "arguments", "message"),
    [
        (("length", "lenght"), (), "lenght"),
        (("", ""), ("--stage", "shortt"), "did you mean 'short'?"),
        (("", ""), ("--frobnicate",), "No such option"),
        (
            ("toolbox.numbered", "{stages.read_warc: {paths: nothing/*.warc.gz}}"),
            (),
            "r.yaml:4: stage 'read': stages.read_warc: paths: 'nothing/*.warc.gz' matches no file",
        ),
    ],
)
def test_a_wrong_recipe_ends_with_2_and_writes_nothing(
    tmp_path: Path, call: "Call", toy_recipe: str, replace: tuple[str, str], arguments: tuple[str, ...], message: str
) -> None:  # fmt: skip
    (tmp_path / "r.yaml").write_text(toy_recipe.replace(*replace))
    ran = call("run", "r.yaml", "--plugins", "toolbox", *arguments)
    assert ran.code == 2 and message in ran.err and "Traceback" not in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["r.yaml"]


def test_an_unreadable_input_ends_with_1(tmp_path: Path, call: "Call", toy_recipe: str) -> None:
    (tmp_path / "r.yaml").write_text(toy_recipe.replace("toolbox.numbered", "{toolbox.numbered: {unreadable: [f2]}}"))
    ran = call("run", "r.yaml", "--plugins", "toolbox", "--workers", "0")
    assert ran.code == 1 and "f2: not a numbered file at all" in ran.err
    assert (tmp_path / "runs/toy/short/data/000003.parquet").exists()


def test_ctrl_c_ends_with_130_and_the_next_run_goes_on(
    tmp_path: Path, pipeline: Pipeline, start: Start, toy_recipe: str
) -> None:
    recipe = toy_recipe.replace("[toolbox.length]", "[{toolbox.hostile: {hang: f1-0-1}}]").replace("short:", "hostile:")
    (tmp_path / "r.yaml").write_text(recipe)
    driver = start("run", "r.yaml", "--plugins", "toolbox", "--workers", "2")
    done = tmp_path / "runs/toy/hostile/manifest/000000.json"
    deadline = time.monotonic() + 60
    while not done.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    driver.send_signal(signal.SIGINT)
    _, stderr = driver.communicate(timeout=30)
    assert driver.returncode == 130 and "continues from there" in stderr
    assert not (tmp_path / "runs/toy/lock").exists()
    (tmp_path / "r.yaml").write_text(recipe.replace("{toolbox.hostile: {hang: f1-0-1}}", "toolbox.hostile"))
    assert pipeline("run", "r.yaml", "--plugins", "toolbox").returncode == 0


def test_a_plan_names_work_and_sizes_and_runs_nothing(tmp_path: Path, call: "Call", toy_recipe: str) -> None:
    (tmp_path / "r.yaml").write_text(toy_recipe)
    planned = call("plan", "r.yaml", "--plugins", "toolbox")
    assert planned.code == 0 and "plan for runs/toy" in planned.out, planned.err
    assert "numbered" in planned.out and "MB/shard: least" in planned.out
    assert [path.name for path in tmp_path.iterdir()] == ["r.yaml"]


def test_a_plan_takes_the_options_of_a_run_that_change_it(tmp_path: Path, call: "Call", toy_recipe: str) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text(toy_recipe)
    options = ("r.yaml", "--plugins", "toolbox")
    assert call("plan", *options, "--limit", "0").code == 2
    assert call("run", *options, "--workers", "0").code == 0
    other = call("plan", *options, "--out", "others", "--reuse", "runs/toy")
    assert other.out.count("4 results come from the other run (--reuse)") == 2, other.err
    recipe.write_text(toy_recipe.replace("toolbox.length", "{toolbox.length: {min_characters: 30}}"))
    assert "set aside in kept/" in call("plan", *options).out
    assert "deleted (--discard)" in call("plan", *options, "--discard").out


def test_a_run_of_one_stage_warns_of_the_others_in_json_too(tmp_path: Path, call: "Call", toy_recipe: str) -> None:
    (tmp_path / "r.yaml").write_text(toy_recipe)
    arguments = ("run", "r.yaml", "--plugins", "toolbox", "--workers", "0", "--json", "--stage", "read")
    ended = json.loads(call(*arguments).out.splitlines()[-1])
    assert ended["warnings"][0] == "stage short has not run yet: run the whole recipe"
