"""The description of units: docs/units.md is up to date, and each setting says its meaning and its default."""

import os
from pathlib import Path

import pytest

from tokenmill.pipeline.planning.resolve import work_names
from tokenmill.pipeline.report.steps import describe, lines, page

UNITS = Path(__file__).parents[3] / "docs" / "units.md"
WRITE = "TOKENMILL_WRITE_UNITS"
"""A variable: the test writes the page instead of comparing it."""


def test_the_page_about_units_is_up_to_date() -> None:
    found = "\n".join(page()) + "\n"
    if os.environ.get(WRITE):
        UNITS.write_text(found, encoding="utf-8")
    assert found == UNITS.read_text(encoding="utf-8"), f"write it again: {WRITE}=1 pytest {Path(__file__).name}"


@pytest.mark.parametrize("name", work_names())
def test_each_setting_says_what_it_means_and_its_default(name: str) -> None:
    unit = describe(name)
    assert unit.text.split("\n")[0].endswith("."), f"{name}: the first line of its module is not a sentence"
    assert unit.settings
    for setting in unit.settings:
        text = " ".join(setting.meaning)
        assert text, f"{name}: {setting.name} is not under Attributes:"
        assert ("Required." if setting.default is None else "Default") in text, f"{name}: {setting.name}: {text}"


def test_a_description_for_a_terminal() -> None:
    shown = list(lines(describe("filters.gopher_quality")))
    assert shown[0] == "filters.gopher_quality (step)" and "reads: text" in shown
    assert "  min_words: int | None = 50" in shown
    assert "  gopher_quality.short: gopher_quality.n_words, low min_words" in shown


def test_a_page_about_plug_ins_has_no_other_units() -> None:
    found = "\n".join(page(plugins="toolbox"))
    assert "## toolbox.length" in found and "stages.minhash" not in found
