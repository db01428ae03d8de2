"""A call runs one stage, a range or all of them; options without a meaning are refused before anything runs."""

import itertools
from pathlib import Path

import pytest

from tokenmill.core.errors import RecipeError
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning.recipe import load_recipe

NAMES = ("read", "loud", "unique", "last")
RECIPE = """
run: toy
stages:
  read: [{toolbox.numbered: {files: [apple], rows: 3}}]
  loud: [toolbox.shout]
  unique: [stages.exact_dedup]
  last: [toolbox.length]
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    (tmp_path / "r.yaml").write_text(RECIPE)
    return tmp_path / "r.yaml"


def test_a_range_has_both_of_its_ends(recipe: Path) -> None:
    loaded = load_recipe(recipe)
    assert Options().stages(loaded) == set(NAMES)
    for first, last in itertools.combinations_with_replacement(range(len(NAMES)), 2):
        assert Options(first=NAMES[first], last=NAMES[last]).stages(loaded) == set(NAMES[first : last + 1])
        assert Options(first=NAMES[first]).stages(loaded) == set(NAMES[first:])
        assert Options(last=NAMES[last]).stages(loaded) == set(NAMES[: last + 1])
        assert Options(stage=NAMES[first]).stages(loaded) == {NAMES[first]}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (Options(first="laud"), "no stage 'laud'; did you mean 'loud'"),
        (Options(last="laud"), "no stage 'laud'; did you mean 'loud'"),
        (Options(first="last", last="read"), "--from last --until read: last comes after read"),
        (Options(stage="loud", first="loud"), "cannot be used with --from or --until"),
    ],
)
def test_what_means_nothing_is_refused(recipe: Path, options: Options, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        options.stages(load_recipe(recipe))


def test_parts_of_a_recipe_make_what_the_whole_makes(recipe: Path) -> None:
    def ran(out: str, first: str | None = None, last: str | None = None) -> dict[str, bytes]:
        options = Options(out=str(recipe.parent / out), plugins="toolbox", first=first, last=last)
        assert not run(load_recipe(recipe), InProcess(), options, progress_for("none")).failures
        files = (recipe.parent / out / "toy").glob("*/d*/*.parquet")
        return {f"{file.parts[-3]}/{file.parts[-2]}": file.read_bytes() for file in files}

    parts = ran("parts", last="loud")
    assert {name.partition("/")[0] for name in parts} == {"read", "loud"}
    parts = ran("parts", first="unique")
    assert parts == ran("whole") and len(parts) == 2 * len(NAMES)
