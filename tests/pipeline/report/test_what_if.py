"""The answer of what-if is the result of a new run with the setting; it says nothing that it cannot know."""

import json
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest

from tokenmill.core.errors import RecipeError
from tokenmill.filters.c4 import C4
from tokenmill.filters.fineweb import Fineweb
from tokenmill.filters.gopher_quality import GopherQuality
from tokenmill.filters.gopher_repetition import GopherRepetition
from tokenmill.mini.world import write_mini
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run as run_recipe
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.report import what_if_show
from tokenmill.pipeline.report.fates import fates
from tokenmill.pipeline.report.question import ask
from tokenmill.pipeline.report.what_if import what_if

FILTERS = {
    "gopher_repetition": GopherRepetition,
    "gopher_quality": GopherQuality,
    "c4": C4,
    "fineweb": Fineweb,
    "toxicity": None,
}
SOURCE = '[{stages.read_table: {paths: "texts*.jsonl", source: t}}, {toolbox.length: {min_characters: 3}}]'


def recipe_of(settings: dict[str, dict[str, Any]], source: str = SOURCE, *, split: bool = False) -> str:
    works = [f"{{filters.{name}: {json.dumps(settings.get(name, {}))}}}" for name in FILTERS]
    stages = [f"  one: [{', '.join(works[:2])}]", f"  two: [{', '.join(works[2:])}]"]
    if not split:
        stages = [f"  one: [{', '.join(works)}]"]
    return "\n".join(
        ["run: toy", "excerpt: 0", "stages:", f"  read: {source}", *stages, "  near: [stages.exact_dedup]"]
    )


def run(out: str, text: str, *, mark_only: bool) -> str:
    Path("r.yaml").write_text(text)
    options = Options(out=out, plugins="toolbox", mark_only=mark_only)
    result = run_recipe(load_recipe("r.yaml"), InProcess(), options, progress_for("none"))
    assert not result.failures
    return options.folder("toy")


def fate_of_each(run: str, stages: tuple[str, ...]) -> dict[str, str | None]:
    """Returns {id: rule, or None for a kept document} of a run whose documents end in the last of the stages."""
    frames = [pl.read_parquet(path, columns=["id"]) for path in sorted(Path(run, stages[-1], "data").glob("*"))]
    kept: dict[str, str | None] = dict.fromkeys(pl.concat(frames)["id"])
    for stage in stages:
        for path in Path(run, stage, "dropped").glob("*"):
            kept |= dict(pl.read_parquet(path, columns=["id", "drop_rule"]).iter_rows())
    return kept


def said_of_each(run: str, wishes: list[str]) -> dict[str, tuple[str | None, str | None, bool]]:
    question = ask(run, wishes, "toolbox")
    return {id: (now, then, sure) for part in fates(question) for id, _, now, then, sure in part.iter_rows()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder with texts on which every rule of the filters fires, and with mixtures of parts of them."""
    made = tmp_path_factory.mktemp("texts")
    random = Random(4)
    texts = [text for work in FILTERS.values() if work for text, _ in work.EXAMPLES]
    texts += ["\n".join(random.sample(texts, random.randint(1, 4)))[: random.randint(20, 4000)] for _ in range(250)]
    for number in range(2):
        lines = [json.dumps({"id": f"{number}-{row}", "text": text}) for row, text in enumerate(texts[number::2])]
        (made / f"texts{number}.jsonl").write_text("\n".join(lines))
    return made


@pytest.fixture(scope="module")
def runs(folder: Path) -> tuple[str, str]:
    """Returns a run that marks and a run that drops, both with the filters unchanged and in one stage."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        marked, plain = (run(str(folder / kind), recipe_of({}), mark_only=kind == "m") for kind in "mp")
    return marked, plain


def wishes_over(run: str, stages: tuple[str, ...], count: int) -> list[tuple[str, str, Any]]:
    """Returns (step, setting, value) with values that documents have, so that each moves some; some values are None."""
    random = Random(7)
    rows = pl.concat([pl.read_parquet(path) for path in sorted(Path(run, stages[-1], "data").glob("*"))])
    found: list[tuple[str, str, Any]] = [("gopher_quality", "min_words", None), ("c4", "min_sentences", 2)]
    while len(found) < count:
        name = random.choice([name for name, work in FILTERS.items() if work])
        rule = random.choice(list(FILTERS[name].RULES.values()))  # type: ignore[union-attr]
        setting = rule.low or rule.high
        values = rows[f"{name}.{rule.signal}"].drop_nulls()
        value = None if random.random() < 0.15 else random.choice(values.to_list())
        try:
            FILTERS[name](**{setting: value})  # type: ignore[misc]
        except ValueError:
            continue  # it contradicts the other bound of the signal
        found.append((name, setting, value))
    return found


@pytest.mark.parametrize("split", [False, True])
def test_the_answer_is_what_running_again_gives(
    folder: Path, runs: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, split: bool
) -> None:
    monkeypatch.chdir(folder)
    stages, (marked, plain) = ("one",), runs
    if split:
        stages = ("one", "two")
        marked, plain = (run(str(tmp_path / kind), recipe_of({}, split=True), mark_only=kind == "m") for kind in "mp")
    was = fate_of_each(plain, stages)
    gone_before = sum((rule or "").startswith("gopher") for rule in was.values()) if split else 0
    moved = unsure_ever = 0
    for name, setting, value in wishes_over(marked, stages, 9):
        again = run(str(tmp_path / "again"), recipe_of({name: {setting: value}}, split=split), mark_only=False)
        truth = fate_of_each(again, stages)
        wish = f"{name}.{setting}={json.dumps(value)}"
        tighter = all(one.looser is False for judge in ask(plain, [wish], "toolbox").judges for one in judge.thresholds)
        exact = said_of_each(marked, [wish])
        told = {id: then for id, (_, then, sure) in exact.items() if sure}
        assert told == {id: truth[id] for id in told}, wish
        assert {id: now for id, (now, _, _) in exact.items()} == {id: was[id] for id in exact}
        assert len(told) == len(exact) or (name == "c4" and not tighter), wish
        bounds = said_of_each(plain, [wish])
        before = gone_before if name in ("c4", "fineweb") else 0
        assert bounds.keys() == exact.keys() and len(exact) + before == len(truth)
        for id, (_, then, sure) in bounds.items():
            assert not sure or (then is None) == (truth[id] is None), wish
        assert not tighter or all(sure for _, _, sure in bounds.values())
        moved += sum(now != then for now, then, sure in exact.values() if sure)
        unsure_ever += sum(not sure for _, _, sure in bounds.values())
    assert moved > 50 and unsure_ever > 10  # otherwise the test would compare too little


def test_several_settings_at_once_and_the_sums(
    folder: Path, runs: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    marked, plain = runs
    news = {"gopher_quality": {"min_words": 20, "min_stop_words": 3}, "fineweb": {"max_newline_ratio": None}}
    truth = fate_of_each(run(str(tmp_path / "again"), recipe_of(news), mark_only=False), ("one",))
    wishes = [f"{name}.{key}={json.dumps(value)}" for name, some in news.items() for key, value in some.items()]
    said = what_if_show.as_json(what_if(marked, wishes, plugins="toolbox"))
    kept = sum(rule is None for rule in truth.values())
    assert said["kept"]["then"] == [kept, kept] and said["cannot_tell"] == 0 and said["mark_only"]
    assert all(one["exact"] for one in said["settings"])
    for row in said["rules"]:
        assert row["then"] == sum(rule == row["rule"] for rule in truth.values()), row
        assert row["then"] == row["now"] - row["leave"] + row["come"]
    bounds = what_if_show.as_json(what_if(plain, wishes, plugins="toolbox"))
    least, most = bounds["kept"]["then"]
    assert least <= kept <= most and least < most
    exact = {one["setting"]: one["exact"] for one in bounds["settings"]}
    assert exact == {
        "gopher_quality.min_words": False,
        "gopher_quality.min_stop_words": True,
        "fineweb.max_newline_ratio": False,
    }
    assert "exact_dedup" in said["notes"][0] and all(len(move["sample"]) <= 3 for move in said["moves"])


@pytest.mark.parametrize("mark_only", [False, True])
def test_duplicates_of_documents_that_leave_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark_only: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    texts = ["the cat and one dog " * count for count in (10, 10, 10, 30, 30)]
    lines = [json.dumps({"id": f"{row}", "text": text}) for row, text in enumerate(texts)]
    Path("t.jsonl").write_text("\n".join(lines))
    steps = "{stages.read_table: {paths: t.jsonl}}, filters.gopher_quality"
    text = f"run: toy\nexcerpt: 0\nstages:\n  read: [{steps}]\n  unique: [stages.exact_dedup]\n"
    answer = what_if(run("out", text, mark_only=mark_only), ["gopher_quality.min_words=60"])
    assert answer.kept == (5, 2, 2) and answer.orphans == 2
    fused = f"run: toy\nexcerpt: 0\nstages:\n  read: [{steps}, stages.exact_dedup]\n"
    answer = what_if(run("fused", fused, mark_only=mark_only), ["gopher_quality.min_words=60"])
    assert answer.kept == ((5, 2, 2) if mark_only else (5, 1, 4)) and answer.unsure == (0 if mark_only else 3)


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ("gopher_quality.min_wrods=3", "no setting 'min_wrods'; did you mean 'min_words'?"),
        ("gopher_qualty.min_words=3", "no filter 'gopher_qualty'; did you mean 'gopher_quality'?"),
        ("gopher_quality.min_words=many", "min_words: found 'many'"),
        ("gopher_quality.min_words", "expected filter.setting=value"),
        ("gopher_quality.stop_words=[a, b]", "stop_words is not a threshold"),
        ("gopher_quality.max_hash_ratio=7", "expected a share from 0 to 1"),
        ("exact_dedup.normalize=true", "exact_dedup"),
        ("two.gopher_quality.min_words=3", "not in a stage 'two'"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(
    folder: Path, runs: tuple[str, str], monkeypatch: pytest.MonkeyPatch, wish: str, message: str
) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(RecipeError, match=message.replace("?", r"\?")):
        what_if(runs[1], [wish], plugins="toolbox")


def test_a_run_with_plugins_asks_for_them(folder: Path, runs: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(RecipeError, match="--plugins"):
        what_if(runs[1], ["gopher_quality.min_words=3"])


def test_the_command_prints_both_ways(folder: Path, runs: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    command = [sys.executable, "-m", "tokenmill", "what-if", runs[0], "gopher_quality.min_words=30"]
    environment = {"PYTHONPATH": f"{Path(__file__).parents[3]}:{Path(__file__).parents[2] / 'plugins'}"}
    options = ["--plugins", "toolbox"]
    shown, data = (
        subprocess.run(command + options + more, env=environment, capture_output=True, text=True, check=True).stdout
        for more in ([], ["--json"])
    )
    assert "gopher_quality.short" in shown and "exact: every step measured every document" in shown
    assert json.loads(data)["rules"]


@pytest.mark.slow
def test_the_answer_on_the_mini_crawl_is_what_running_again_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_mini(tmp_path / "crawl", pages=150, seed=5)
    source = '[{stages.read_warc: {paths: "crawl/*.warc.gz", source: w}}, stages.extract_html]'
    marked = run("m", recipe_of({}, source), mark_only=True)
    for name, setting, value in [
        ("gopher_quality", "min_words", 400),
        ("gopher_repetition", "max_top_3_gram_ratio", 0.2),
    ]:
        again = run("again", recipe_of({name: {setting: value}}, source), mark_only=False)
        truth = fate_of_each(again, ("one",))
        said = said_of_each(marked, [f"{name}.{setting}={value}"])
        assert all(sure for _, _, sure in said.values())
        assert {id: said[id][1] for id in truth} == truth
        assert any(now != then for now, then, _ in said.values())
