"""tokenmill.run and tokenmill.open_run give the program's results: in a script, twice, from text or from a dict."""

import importlib
import io
import json
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from rich.console import Console

import tokenmill
from tokenmill.pipeline.driver import run as driver
from tokenmill.pipeline.report.explain import show_story

TEXTS = ["A sentence that ends well. " * 3 + str(number) for number in range(30)] + ["lorem ipsum dolor"]


def recipe(folder: Path, **changed: Any) -> dict[str, Any]:
    lines = [
        {"id": f"<urn:{number}>", "url": f"http://x/{number // 2}", "text": text} for number, text in enumerate(TEXTS)
    ]
    (folder / "in.jsonl").write_text("\n".join(map(json.dumps, lines)))
    read = {"stages.read_table": {"paths": str(folder / "in.jsonl"), "source": "web"}}
    stages = {"read": [read], "clean": [{"filters.c4": {"min_sentences": 1}}], "unique": ["stages.exact_dedup"]}
    return {"run": "toy", "stages": stages | changed}


DEEP: list[Any] = []
for _ in range(5000):
    DEEP = [DEEP]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tokenmill.Run:
    folder = tmp_path_factory.mktemp("api")
    return tokenmill.run(recipe(folder), out=folder / "runs", workers=0, progress="none")


def test_a_run_says_what_it_made(made: tokenmill.Run) -> None:
    assert made.ok and made.failures == () and Path(made.log).exists()
    assert [(one.stage, one.rows_in, one.rows_out) for one in made.report()] == [
        ("read", 31, 31), ("clean", 31, 30), ("unique", 30, 30),
    ]  # fmt: skip
    documents = made.documents().select("id", "text").collect()
    assert documents["id"].to_list() == [f"<urn:{number}>" for number in range(30)]
    assert made.documents("read").select(pl.len()).collect().item() == 31
    [gone] = made.dropped().collect().to_dicts()
    assert (gone["stage"], gone["id"], gone["drop_rule"]) == ("clean", "<urn:30>", "c4.lorem_ipsum")
    assert made.dropped("unique").collect().is_empty()


@pytest.mark.parametrize(("name", "found"), [("<urn:4>", [4]), ("urn:4", [4]), ("http://x/2", [4, 5])])
def test_documents_are_explained_by_id_and_by_url(made: tokenmill.Run, name: str, found: list[int]) -> None:
    story = [(chapter.stage, chapter.row["id"]) for chapter in made.explain(name)]
    assert story == [(stage, f"<urn:{number}>") for number in found for stage in ("read", "clean", "unique")]


def test_documents_of_one_url_are_shown_with_a_line_between_them(made: tokenmill.Run) -> None:
    shown = io.StringIO()
    show_story(made.explain("http://x/2"), Console(file=shown))
    assert [part.count("  id: ") for part in shown.getvalue().split("\n\n")] == [3, 3]


def test_what_is_not_there_is_refused(made: tokenmill.Run, tmp_path: Path) -> None:
    for call in (lambda: made.documents("claen"), lambda: made.dropped("claen")):
        with pytest.raises(tokenmill.RecipeError, match="no stage 'claen'; did you mean 'clean'"):
            call()
    with pytest.raises(tokenmill.RecipeError, match="no stage of this run has a document 'urn:nobody'"):
        made.explain("urn:nobody")
    with pytest.raises(tokenmill.RecipeError, match="no stage of this run has a document"):
        made.explain("\udcff")
    with pytest.raises(tokenmill.RecipeError, match="stages with a corpus: none"):
        made.corpus()
    with pytest.raises(tokenmill.RecipeError, match="no corpus of a stage 'claen'"):
        made.corpus("claen")
    with pytest.raises(tokenmill.RecipeError, match="what-if: no threshold given"):
        made.what_if({})
    with pytest.raises(tokenmill.RecipeError, match="no run here"):
        tokenmill.open_run(tmp_path / "nothing")
    with pytest.raises(tokenmill.RecipeError, match="workers -1"):
        tokenmill.run(recipe(tmp_path), out=tmp_path, workers=-1)


def test_a_finished_run_is_opened(made: tokenmill.Run) -> None:
    opened = tokenmill.open_run(f"{made.folder}/")
    assert opened.ok and opened.folder == made.folder
    assert opened.documents().collect().equals(made.documents().collect())


def test_what_if_answers_from_signals(made: tokenmill.Run) -> None:
    answer = made.what_if({"c4.min_sentences": 100})
    assert answer.now[None] == 30 and answer.kept[1:] == (0, 0)


def test_path_text_and_dict_are_the_same_recipe(made: tokenmill.Run, tmp_path: Path) -> None:
    given = recipe(tmp_path)
    file = tmp_path / "r.yaml"
    file.write_text(yaml.safe_dump(given, sort_keys=False))
    ways = {"path": file, "name": str(file), "text": file.read_text(), "dict": given}
    for name, way in ways.items():
        run = tokenmill.run(way, out=tmp_path / name, workers=0, progress="none")
        assert run.documents().drop("locator").collect().equals(made.documents().drop("locator").collect())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"run": "toy"}, "the recipe: no key 'stages'"),
        ("run: toy\nstages: [", "the recipe:2: not valid YAML"),
        ({"run": "toy", "stages": {"a": [{"stages.read_table": {"paths": object()}}]}}, "the recipe: "),
        ("nothing.yaml", "nothing.yaml: cannot read the recipe"),
        (None, "the recipe: found None, expected the path of a YAML file"),
        (["run"], "the recipe: found .'run'., expected the path"),
        ({"run": "toy", "seed": 10**5000}, "the recipe: .*digits"),
        ({"run": "toy", "stages": DEEP}, "the recipe: lists or dicts too deep inside each other"),
    ],
)
def test_a_wrong_recipe_is_refused_by_name(wrong: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(tokenmill.RecipeError, match=message):
        tokenmill.run(wrong, out=tmp_path, workers=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workers": "2"}, "--workers '2': expected a whole number"),
        ({"workers": 1.5}, "--workers 1.5: expected a whole number"),
        ({"limit": 0}, "--limit 0: expected a whole number, 1 or more"),
        ({"limit": "a"}, "--limit 'a': expected a whole number, 1 or more"),
        ({"plugins": ""}, "--plugins: empty; give a value, or leave the option out"),
        ({"out": ""}, "found '', expected a path"),
        ({"out": None}, "found None, expected a path"),
        ({"out": b"runs"}, "found b'runs', expected a path"),
        ({"out": "s3://"}, "--out 's3://': names no bucket or server"),
        ({"out": "a\0b"}, "has a character that no path can have"),
        ({"out": "a\ud800b"}, "has a character that no path can have"),
        ({"plugins": 3}, "found 3, expected a path"),
        ({"stage": ""}, "--stage: empty"),
        ({"first": 3}, "--first 3: expected a text"),
        ({"mark_only": "no"}, "--mark-only 'no': expected true or false"),
        ({"workers": True}, "--workers True: expected a whole number"),
        ({"limit": 10**30}, "--limit 10+: expected a whole number"),
        ({"progress": "loud"}, "progress 'loud': expected auto, plain, json, none"),
    ],
)
def test_a_wrong_option_is_refused_by_name(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(tokenmill.RecipeError, match=message):
        tokenmill.run(recipe(tmp_path), **({"out": tmp_path / "runs", "workers": 0} | options))


@pytest.mark.parametrize(("number", "body"), [(0, "sys.exit(0)"), (1, "{}['x']"), (2, "raise TypeError('no')")])
def test_a_plug_in_that_raises_while_a_run_is_planned_is_named_with_its_line(
    tmp_path: Path, number: int, body: str
) -> None:
    """Regression: sys.exit ended the caller without a message, and other exceptions came out as they were."""
    text = (
        f"import sys\nfrom dataclasses import dataclass\n@dataclass(frozen=True)\nclass Planned{number}:\n"
        "    adds = ()\n    @property\n    def reads(self):\n        BODY\n        return ('text',)\n"
        "    def __call__(self, batch):\n        return batch\n"
    )
    file = tmp_path / f"planned{number}.py"
    file.write_text(text.replace("BODY", body))
    with pytest.raises(tokenmill.RecipeError, match=rf"Planned{number}: {file}:8: .* Correct this plug-in"):
        tokenmill.run(recipe(tmp_path, clean=[f"planned{number}"]), out=tmp_path, plugins=file, workers=0)


@pytest.mark.slow
def test_the_start_method_stays_the_choice_of_the_caller(tmp_path: Path) -> None:
    script = (
        "import multiprocessing, tokenmill, sys\n"
        f"tokenmill.run({recipe(tmp_path)!r}, out={str(tmp_path / 'runs')!r}, workers=1, progress='none')\n"
        "print(multiprocessing.get_start_method(allow_none=True))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "None\n"


def test_a_run_warns_of_what_its_counts_do_not_show(tmp_path: Path) -> None:
    given = recipe(tmp_path, clean=[{"filters.c4": {"min_sentences": 100}}])
    run = tokenmill.run(given, out=tmp_path / "runs", workers=0, progress="none")
    assert run.ok and run.warnings[0] == "stage 'clean' kept none of its 31 documents; c4.few_sentences dropped 30"


def test_a_folder_whose_name_has_odd_characters_takes_a_run(tmp_path: Path) -> None:
    """Regression: a no-break space was refused as a character that no path can have."""
    out = tmp_path / "a\u00a0b\u200b [1]"
    assert tokenmill.run(recipe(tmp_path), out=out, workers=0, progress="none").ok


def test_a_part_of_a_recipe_is_ok_and_a_whole_run_with_missing_stages_is_not(tmp_path: Path) -> None:
    call: dict[str, Any] = {"out": tmp_path / "runs", "workers": 0, "progress": "none"}
    part = tokenmill.run(recipe(tmp_path), last="clean", **call)
    assert part.ok and part.stages == ("clean", "read") and "stage unique has not run yet" in part.warnings[0]
    opened = tokenmill.open_run(part.folder)
    assert not opened.ok
    for stage in (None, "unique"):
        with pytest.raises(tokenmill.DataError, match="stage 'unique' has no results yet; run the whole recipe"):
            opened.documents(stage)
    assert tokenmill.run(recipe(tmp_path), **call).ok


def test_a_global_after_stages_that_have_to_run_first_sets_nothing_aside(tmp_path: Path) -> None:
    """Its good result was set aside, the advice was to repair an input, and --allow-missing made an empty result."""
    call: dict[str, Any] = {"out": tmp_path / "runs", "workers": 0, "progress": "none"}
    given = recipe(tmp_path)
    run = tokenmill.run(given, **call)
    before = run.documents("unique").collect()
    (tmp_path / "in.jsonl").write_text('{"text": "Another text."}')
    for allow_missing in (False, True):
        with pytest.raises(
            tokenmill.DataError, match=r"'unique' compares all .* 1 of its 1 input shards are missing; run clean first$"
        ):
            tokenmill.run(given, first="unique", allow_missing=allow_missing, **call)
        assert run.documents("unique").collect().equals(before)


def test_two_runs_of_one_folder_in_one_process_refuse_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, go = threading.Event(), threading.Event()
    before = driver._Driver.run

    def slow(self: Any) -> None:
        inside.set()
        assert go.wait(30)
        before(self)

    monkeypatch.setattr(driver._Driver, "run", slow)
    runs: list[tokenmill.Run] = []
    call = {"out": tmp_path / "runs", "workers": 0, "progress": "none"}
    given = recipe(tmp_path)
    first = threading.Thread(target=lambda: runs.append(tokenmill.run(given, **call)))
    first.start()
    assert inside.wait(30)
    with pytest.raises(tokenmill.RecipeError, match="this run is being worked on by process"):
        tokenmill.run(given, **call)
    go.set()
    first.join()
    assert runs[0].ok


CHECKS = """
from {package}.helper import limit

def is_short(document):
    return True if len(document["text"]) < limit() else "long"
"""


@pytest.mark.parametrize("workers", [0, 1])
def test_an_edited_plug_in_is_imported_and_hashed_again(tmp_path: Path, workers: int) -> None:
    """A notebook imports edited code in this way.

    Regression: the results of the edited code were recorded as those of the earlier code, or they were not made.
    """
    package = f"edited{workers}"
    (tmp_path / package).mkdir()
    (tmp_path / package / "checks.py").write_text(CHECKS.format(package=package))
    filtered = {"filters.function": {"function": f"{package}.checks:is_short"}}
    given = recipe(tmp_path, clean=[filtered])

    def kept(limit: int, out: str = "runs") -> int:
        (tmp_path / package / "helper.py").write_text(f"def limit():\n    return {limit}\n")
        plugins = tmp_path / package
        run = tokenmill.run(given, out=tmp_path / out, workers=workers, progress="none", plugins=plugins)
        assert run.ok
        rows: int = run.documents("clean").select(pl.len()).collect().item()
        return rows

    assert [kept(20), kept(1000), kept(20), kept(1000, out="other")] == [1, 31, 1, 31]


def test_a_plug_in_that_was_edited_after_its_import_is_imported_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regression: its results came from the earlier code, but had the fingerprint of the edited code."""
    (tmp_path / "early").mkdir()
    (tmp_path / "early" / "__init__.py").touch()
    (tmp_path / "early" / "checks.py").write_text("def always(document):\n    return True\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    importlib.import_module("early.checks")
    (tmp_path / "early" / "checks.py").write_text("def always(document):\n    return False\n")
    given = recipe(tmp_path, clean=[{"filters.function": {"function": "early.checks:always"}}])
    run = tokenmill.run(given, out=tmp_path / "runs", workers=0, progress="none", plugins=tmp_path / "early")
    assert run.documents("clean").collect().is_empty() and run.ok


def test_data_that_was_deleted_after_use_is_not_replaced_by_other_data(tmp_path: Path) -> None:
    given = recipe(tmp_path)
    given["stages"]["read"] = {"keep": False, "steps": given["stages"]["read"]}
    given["stages"]["unique"] = {"keep": False, "steps": given["stages"]["unique"]}
    given["stages"]["lines"] = ["stages.write_jsonl"]
    run = tokenmill.run(given, out=tmp_path / "runs", workers=0, progress="none")
    with pytest.raises(tokenmill.DataError, match="unique: its data was deleted after use"):
        run.documents()
    assert [chapter.stage for chapter in run.explain("http://x/2")] == ["clean", "clean"]


def test_other_loggers_stay_as_they_are(tmp_path: Path) -> None:
    def state() -> dict[str, Any]:
        names = [name for name in logging.root.manager.loggerDict if not name.startswith("tokenmill")]
        loggers = [logging.root, *map(logging.getLogger, names)]
        return {one.name: (one.level, one.disabled, one.propagate, list(one.handlers)) for one in loggers}

    before = state()
    tokenmill.run(recipe(tmp_path), out=tmp_path, workers=0, progress="none")
    after = state()
    assert {name: after[name] for name in before} == before


SCRIPT = """
import tokenmill
from tokenmill.filters import GopherQuality

print("begins")
run = tokenmill.run("r.yaml", workers=2, progress="none")
print(run.ok, run.documents().collect().height)
again = tokenmill.run("r.yaml", out="again", workers=2, progress="none")
print(again.ok, tokenmill.apply(GopherQuality(), [{"text": "too short"}]))
"""


def called(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    source = str(Path(tokenmill.__file__).parents[1])
    environment = os.environ | {"PYTHONPATH": source, "MYPYPATH": source}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_a_script_without_a_main_guard_runs_once(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(recipe(tmp_path), sort_keys=False))
    (tmp_path / "script.py").write_text(SCRIPT)
    done = called(tmp_path, "script.py")
    assert (done.stdout, done.stderr, done.returncode) == ("begins\nTrue 30\nTrue []\n", "", 0)


@pytest.mark.slow
def test_a_script_passes_mypy_strict(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    done = called(tmp_path, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "script.py")
    assert done.returncode == 0, done.stdout
