"""With --json, each command that shows a result prints JSON and nothing else to standard output."""

import json
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from typer.main import get_command
from typer.testing import CliRunner

from tokenmill.audits.dedup_index import add_to_index
from tokenmill.cli.app import app, print_json
from tokenmill.core.io.models import MODELS, place_of
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run as run_recipe
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning.recipe import load_recipe

if TYPE_CHECKING:
    from conftest import Call

WORDS = ("mill", "grinds", "grain", "flour", "river", "turns", "wheel", "stone", "miller", "bread", "water", "village")
RECIPE = """
run: {name}
excerpt: 0
stages:
  read:
    - stages.read_table: {{paths: "{folder}/*.jsonl"}}
    - filters.gopher_quality: {{min_words: {min_words}, min_stop_words: null}}
  dedup: [{{stages.minhash: {{bands: 4, rows: 4}}}}]
  tokens: [{{tokenize.encode: {{tokenizer: "{folder}/tokenizer.json"}}}}, {{tokenize.write_shards: {{val: 0.2}}}}]
"""


@dataclass(frozen=True)
class World:
    """Paths for commands.

    Attributes:
        recipe, run, corpus, index: a recipe, its run, and the run's corpus and MinHash index.
        other: a run with another threshold.
        half: a recipe of which only the first stage has run.
    """

    recipe: str
    run: str
    other: str
    corpus: str
    index: str
    half: str


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Runs two recipes on 30 documents: d0 to d3 have 5 words, d4 to d9 have 20, the others 40, and d10 is twice."""
    folder = tmp_path_factory.mktemp("json")
    chance = random.Random(1)
    texts = [" ".join(chance.choices(WORDS, k=5 if n < 4 else 20 if n < 10 else 40)) for n in range(30)]
    rows = [{"id": f"d{n}", "url": f"http://toy/{n}", "text": text} for n, text in enumerate([*texts, texts[10]])]
    (folder / "in.jsonl").write_text("\n".join(map(json.dumps, rows)))
    tokenizer = Tokenizer(models.WordLevel({word: id for id, word in enumerate((*WORDS, "?"))}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens(["<|endoftext|>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    for name, min_words, stage in (("toy", 10, None), ("other", 30, None), ("half", 10, "read")):
        recipe = folder / f"{name}.yaml"
        recipe.write_text(RECIPE.format(name=name, folder=folder, min_words=min_words))
        run_recipe(load_recipe(recipe), InProcess(), Options(out=str(folder), stage=stage), progress_for("none"))
    index = f"{folder}/index"
    add_to_index(f"{folder}/toy", index, stage=None, plugins=None)
    run = f"{folder}/toy"
    return World(f"{run}.yaml", run, f"{folder}/other", f"{run}/tokens/corpus", index, f"{folder}/half.yaml")


Check = Callable[[Any], bool]
COMMANDS: dict[str, tuple[str, Check]] = {
    "steps": ("", lambda found: "filters.c4" in {one["name"] for one in found}),
    "models list": ("", lambda found: found["lid176"]["file"] == "lid.176.ftz"),
    "models pull": ("lid176", lambda found: found["lid176"].endswith("lid.176.ftz")),
    "kernels build": ("--recipe {recipe}", lambda found: found["modules"] > 0),
    "mini": ("crawl --pages 40", lambda found: found == {"folder": "crawl", "pages": 40, "seed": 0}),
    "plan": (
        "{recipe} --out {run}/..",
        lambda found: [stage["done"] for stage in found["stages"]] == [1, 1, 1],
    ),
    "report": ("{run}", lambda found: [one["stage"] for one in found] == ["read", "dedup", "tokens"]),
    "audit": ("{run} --rule gopher_quality", lambda found: {one["id"] for one in found} == {"d0", "d1", "d2", "d3"}),
    "explain": ("{run} d0", lambda found: found[0]["row"]["drop_rule"] == "gopher_quality.short"),
    "what-if": (
        "{run} gopher_quality.min_words=30",
        lambda found: [one["would_be"] for one in found["settings"]] == [30],
    ),
    "diff": ("{run} {other}", lambda found: (found["kept_a"], found["kept_b"]) == (26, 20)),
    "verify": ("{run}", lambda found: found["good"] and len(found["stages"]) == 3),
    "clean": ("{run}", lambda found: found["run"].endswith("/toy")),
    "dedup audit": ("{run}", lambda found: found["documents"] == 27),
    "dedup preview": (
        "{half} --stage dedup --out {run}/..",
        lambda found: (found["documents"], found["touched"]) == (27, 1),
    ),
    "dedup index": ("{run} --out new", lambda found: found["version"]["documents"] == 26),
    "dedup verify": ("{index}", lambda found: [one["documents"] for one in found["versions"]] == [26]),
    "tokens verify": ("{corpus}", lambda found: found["checksum"]),
    "tokens stats": ("{corpus}", lambda found: sum(one["documents"] for one in found["splits"]) == 26),
}
"""{command: (its arguments, whether the result is the expected one)}"""
LINES = {"tokens cat", "run"}
"""Commands that print one JSON object per line."""
ELSEWHERE = {"train run"}
"""Commands whose own tests read their JSON."""


def parsed(text: str) -> Any:
    """Parses strict JSON: NaN and Infinity raise an error."""
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_result_is_json(command: str, world: World, call: "Call") -> None:
    if command == "models pull" and not Path(place_of("lid176")).is_file():
        pytest.skip("the model would be downloaded")
    arguments, expected = COMMANDS[command]
    ended = call(*command.split(), *arguments.format(**vars(world)).split(), "--json")
    assert ended.code == 0, ended.err
    found = parsed(ended.out)
    assert expected(found), found


def test_one_unit_is_json(call: "Call") -> None:
    found = parsed(call("steps", "filters.c4", "--json").out)
    assert found["name"] == "filters.c4" and found["settings"][0]["name"] == "terminal_punctuation"


def test_documents_of_a_corpus_are_json_lines(world: World, call: "Call") -> None:
    lines = [
        parsed(line) for line in call("tokens", "cat", world.corpus, "--documents", "3", "--json").out.splitlines()
    ]
    assert len(lines) == 3 and all(line["url"] == f"http://toy/{line['id'][1:]}" for line in lines)
    assert all(line["text"].startswith("<|endoftext|>") for line in lines)


def test_a_run_prints_json_lines(world: World, call: "Call") -> None:
    ended = call("run", world.recipe, "--out", f"{world.run}/..", "--workers", "0", "--json")
    events = [parsed(line) for line in ended.out.splitlines()]
    assert events[-1]["event"] == "ended" and events[-1]["failures"] == []


def test_every_command_with_json_is_tested() -> None:
    assert {*COMMANDS, *LINES, *ELSEWHERE} == {
        " ".join(path)
        for path in _commands(get_command(app))
        if "--json" in CliRunner().invoke(app, [*path, "-h"]).output
    }
    assert "lid176" in MODELS


def test_numbers_that_json_lacks_are_null(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"a": [math.nan, 1.5, (math.inf, {"b": -math.inf})], "c": Path("x"), "d": True}
    for in_one_line in (False, True):
        print_json(value, in_one_line=in_one_line)
        out = capsys.readouterr().out
        assert parsed(out) == {"a": [None, 1.5, [None, {"b": None}]], "c": "x", "d": True}
        assert (out.count("\n") == 1) is in_one_line


def _commands(group: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not hasattr(group, "commands"):
        return [path]
    return [found for name, one in group.commands.items() for found in _commands(one, (*path, name))]
