"""Errors in a recipe are reported in one message: place, found, expected, nearest name. Nothing is written."""

from pathlib import Path

import pytest

from tokenmill.core.errors import RecipeError
from tokenmill.pipeline.planning.recipe import Recipe, load_recipe
from tokenmill.pipeline.planning.resolve import resolve, settings_of


def read(tmp_path: Path, text: str) -> Recipe:
    (tmp_path / "r.yaml").write_text(text)
    return load_recipe(tmp_path / "r.yaml")


def refused(tmp_path: Path, text: str, *parts: str) -> None:
    with pytest.raises(RecipeError) as caught:
        resolve(read(tmp_path, text), plugins="toolbox")
    for part in parts:
        assert part in str(caught.value)


GOOD = """
run: good
seed: 5
stages:
  one: [toolbox.numbered, {toolbox.length: {min_characters: 10}}]
  two: {from: one, memory: 2GB, keep: false, steps: [toolbox.length]}
  three: {from: [one, two], steps: [toolbox.length]}
"""


def test_a_good_recipe_is_read_with_all_its_settings(tmp_path: Path) -> None:
    recipe = read(tmp_path, GOOD)
    one, two, three = resolve(recipe, plugins="toolbox")
    assert settings_of(one.work[1]) == {"min_characters": 10}
    assert (two.spec.memory, two.spec.keep, two.inputs) == (2_000_000_000, False, ("one",))
    assert three.inputs == ("one", "two")
    assert "length.characters" in three.columns and "text" in three.columns


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (("run: good", "rum: good"), [":2:", "unknown key 'rum'", "did you mean 'run'?"]),
        (("seed: 5", "seed: five"), [":3:", "found 'five', expected a whole number"]),
        (("seed: 5", "seed: true"), [":3:", "expected a whole number"]),
        (("from: one,", "from: oen,"), [":6:", "'oen'", "did you mean 'one'?"]),
        (("memory: 2GB", "memory: lots"), [":6:", "'lots'", "2GB"]),
        (("keep: false", "keep: 3"), [":6:", "expected true or false"]),
        (("min_characters", "min_character"), [":5:", "'min_character'", "did you mean 'min_characters'?"]),
        (("min_characters: 10", "min_characters: ten"), [":5:", "found 'ten'", "valid integer"]),
        (("toolbox.numbered,", "toolbox.numberd,"), [":5:", "toolbox.numberd"]),
        (("toolbox.numbered,", "stages.read_wrc,"), [":5:", "did you mean 'stages.read_warc'?"]),
        (("toolbox.numbered,", "os.path,"), [":5:", "unknown unit 'os.path'"]),
        (("[toolbox.numbered, {", "[{"), [":5:", "must begin with a Source"]),
        (("steps: [toolbox.length]}\n  three", "steps: [toolbox.numbered]}\n  three"), ["has no 'from'"]),
        (
            ("steps: [toolbox.length]}\n  three", "steps: [{filters.language_in: {keep: [en]}}]}\n  three"),
            ["'lang'", "stages.language"],
        ),
        (("  two:", "  one:"), [":6:", "'one' occurs twice"]),
    ],
)
def test_a_bad_recipe_is_refused_by_name(tmp_path: Path, change: tuple[str, str], parts: list[str]) -> None:
    refused(tmp_path, GOOD.replace(*change, 1), *parts)


def test_broken_yaml_an_empty_file_and_no_file_are_refused(tmp_path: Path) -> None:
    refused(tmp_path, "run: [", "not valid YAML")
    refused(tmp_path, "", "empty")
    refused(tmp_path, "run: x", "no key 'stages'")
    with pytest.raises(RecipeError, match="cannot read the recipe"):
        load_recipe(tmp_path / "none.yaml")


def test_settings_are_not_coerced(tmp_path: Path) -> None:
    refused(tmp_path, GOOD.replace("min_characters: 10", "min_characters: '10'"), "found '10'")
    refused(tmp_path, GOOD.replace("min_characters: 10", "min_characters: 10.5"), "found 10.5")


@pytest.mark.parametrize(
    ("excerpt", "part"),
    [
        ("{chars: 0, scrub: nonsense}", "unknown unit 'nonsense'"),
        ("{chars: 0, scrub: toolbox.length}", "toolbox.length edits no texts"),
        ("{chars: 9, scrub: {toolbox.shout: {loud: 1}}}", "no setting 'loud'"),
    ],
)
def test_a_scrub_that_is_named_is_checked_even_if_no_excerpts_are_kept(tmp_path: Path, excerpt: str, part: str) -> None:
    refused(tmp_path, f"excerpt: {excerpt}{GOOD}", ":1: excerpt: ", part)
