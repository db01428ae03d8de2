"""The listings of units, settings and models, and the build of kernels."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Call


@pytest.mark.parametrize("arguments", [("steps",), ("steps", "filters.c4"), ("models", "list"), ("--help",)])
def test_help_and_listings_work(call: "Call", arguments: tuple[str, ...]) -> None:
    shown = call(*arguments)
    assert shown.code == 0, shown.err
    assert len(shown.out) > 40


def test_steps_say_what_settings_mean_and_show_plug_ins(call: "Call") -> None:
    shown = call("steps", "filters.gopher_quality").out
    assert "  min_words: int | None = 50\n      smallest number of words. Default 50.\n" in shown
    assert json.loads(call("steps", "filters.gopher_quality", "--json").out)["settings"][0]["default"] == "50"
    assert "stages.minhash" in {one["name"] for one in json.loads(call("steps", "--json").out)}
    assert "toolbox.length " in call("steps", "--plugins", "toolbox").out
    assert "min_characters: int = 20" in call("steps", "toolbox.length", "--plugins", "toolbox").out
    assert "`pipeline steps` lists all; give --plugins toolbox" in call("steps", "toolbox.length").err
    assert (
        "--plugins nowhere: no module 'nowhere' in the working directory" in call("steps", "--plugins", "nowhere").err
    )


def test_kernels_of_a_recipe_are_built_without_its_data(call: "Call", tmp_path: Path) -> None:
    recipe = """
        run: image
        stages:
          read: [stages.read_table: {paths: missing/*.jsonl}, filters.gopher_quality]
          tokens: [tokenize.encode: {tokenizer: missing.json}, tokenize.write_shards]
    """
    (tmp_path / "image.yaml").write_text(recipe)
    built = call("kernels", "build", "--recipe", "image.yaml")
    assert built.code == 0, built.err
    assert "text kernels of 4 modules" in built.out
    (tmp_path / "image.yaml").write_text(recipe.replace("gopher_quality", "gopher_qualty"))
    refused = call("kernels", "build", "--recipe", "image.yaml")
    assert refused.code != 0 and "gopher_quality" in refused.err
