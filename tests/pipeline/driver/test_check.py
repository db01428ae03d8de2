"""All problems that would stop a run are found together before it starts, and nothing is left behind."""

from pathlib import Path

import pytest

from tokenmill.core.errors import RecipeError
from tokenmill.pipeline.driver import check
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.planning.resolve import Stage, resolve

RECIPE = """
run: checked
excerpt: 0
stages:
  read: [toolbox.numbered]
  tongue:
    - stages.language
    - filters.language_in: {keep: [en]}
"""


def stages_of(tmp_path: Path, text: str = RECIPE) -> tuple[Stage, ...]:
    (tmp_path / "r.yaml").write_text(text)
    return resolve(load_recipe(tmp_path / "r.yaml"), plugins="toolbox")


@pytest.fixture
def homeless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets a home folder without model files."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def test_a_missing_model_and_a_bad_out_are_named_together(tmp_path: Path, homeless: None) -> None:
    """Regression: `plan` reported nothing, and `run` compiled kernels for minutes before it missed the model."""
    (tmp_path / "file").write_text("")
    found = check.plan_problems("r.yaml", stages_of(tmp_path), f"{tmp_path}/file/run")
    assert len(found) == 2
    assert found[0].startswith("r.yaml:7: stage 'tongue': stages.language: the model file lid176 is not at ")
    assert found[0].endswith("run: pipeline models pull lid176")
    assert f"{tmp_path}/file is a file, not a folder" in found[1]


def test_a_run_with_problems_lists_them_and_writes_nothing(tmp_path: Path, homeless: None) -> None:
    (tmp_path / "r.yaml").write_text(RECIPE)
    options = Options(out=f"{tmp_path}/runs", plugins="toolbox")
    with pytest.raises(RecipeError, match="pipeline models pull lid176"):
        run(load_recipe(tmp_path / "r.yaml"), InProcess(), options, progress_for("none"))
    assert {path.name for path in tmp_path.iterdir()} <= {"home", "r.yaml"}  # home has the cache of parsed sources


def test_settings_wrong_in_several_places_are_listed_together(tmp_path: Path) -> None:
    """Regression: each run of `plan` named only one of them."""
    (tmp_path / "binary").write_bytes(bytes(range(256)) * 4000)
    text = RECIPE.replace("keep: [en]", "keep: [en], min_scor: 1") + (
        f"  tokens: [{{tokenize.encode: {{tokenizer: {tmp_path}/binary}}}}, {{filters.c4: {{min_words: many}}}}]\n"
    )
    with pytest.raises(RecipeError) as caught:
        stages_of(tmp_path, text)
    message = str(caught.value)
    assert message.startswith("3 problems:\n- ") and message.count("\n") == 3 and len(message) < 2000
    assert ":8: " in message and "min_scor" in message
    assert "is not a tokenizer.json: it is not JSON at line 1, and begins with b'\\x00\\x01" in message


@pytest.mark.parametrize("out", ["new/er/run", "run"])
def test_a_folder_that_can_be_written_is_left_as_it_was(tmp_path: Path, out: str) -> None:
    (tmp_path / "run").mkdir()
    assert check.plan_problems("r.yaml", (), f"{tmp_path}/{out}") == []
    assert [path.name for path in tmp_path.rglob("*")] == ["run"]


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("/proc/runs/x", "cannot be written"),
        ("https://example.com/runs", "an HTTP server cannot be written to"),
        ("nosuch://bucket/runs", "known schemes"),
    ],
)
def test_places_that_take_no_files_are_refused(out: str, message: str) -> None:
    [found] = check.plan_problems("r.yaml", (), out)
    assert out in found and message in found


def test_memory_that_the_machine_lacks_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "machine_memory", lambda: 16 << 30)
    text = RECIPE.replace("[toolbox.numbered]", "{memory: 10GB, steps: [toolbox.numbered]}")
    stages = stages_of(tmp_path, text)
    assert check.warnings(stages, 1) == []
    [warning] = check.warnings(stages, 4)
    assert "stage 'read': memory 10.0 GB x 4 workers" in warning and "17.2 GB" in warning
