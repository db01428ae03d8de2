"""The description of units: docs/units.md is up to date, and each setting says its meaning and its default."""

import json
import os
import re
from pathlib import Path

import pytest

from tokenmill.pipeline.planning.resolve import work_names
from tokenmill.pipeline.report.steps import Setting, UnitHelp, _section, describe, lines, page

STATED = re.compile(
    r"Default:? (none|None|empty|no limit|true|false|[\d,]*\d(?:\.\d+)?(?: [KMG]iB)?)(?=\.(?: |$)| \(|: )"
)
"""A default in a docstring that is a number, true, false or nothing, such as `Default 16 MiB.`"""
SIZES = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
NOTHING = (None, "", [], {})
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


def test_defaults_in_docstrings_are_those_of_the_fields() -> None:
    """Compares each number, boolean and missing value. The default of a seed is in the recipe."""
    compared, other, wrong = 0, [], []
    for name in work_names():
        for setting in describe(name).settings:
            if setting.default is None:
                continue
            found, text = json.loads(setting.default), " ".join(setting.meaning)
            stated, comparable = STATED.search(text), isinstance(found, bool | int | float) or found in NOTHING
            if stated and comparable:
                compared += 1
                if not says(stated[1], found):
                    wrong.append(f"{name}: {setting.name} = {setting.default}: {stated[0]}")
            elif comparable and found not in ({}, "", []):
                other.append(setting.name)
    assert not wrong, "\n".join(wrong)
    assert compared > 150, compared
    assert set(other) == {"seed"}


def says(stated: str, default: object) -> bool:
    """Returns whether the words of a docstring mean this default."""
    if stated in ("none", "None", "empty", "no limit"):
        return default in NOTHING
    if stated in ("true", "false"):
        return default is (stated == "true")
    number, _, unit = stated.replace(",", "").partition(" ")
    return not isinstance(default, bool) and default == float(number) * SIZES.get(unit, 1)


@pytest.mark.parametrize(
    ("text", "default", "same"),
    [
        ("Default 16 MiB.", 1 << 24, True),
        ("Default 10,485,760.", 10 << 20, True),
        ("Default 1000 (C4).", 1000, True),
        ("Default 1,000.0.", 1000, True),
        ("Default 0.10. Also text.", 0.1, True),
        ("Default: no limit.", {}, True),
        ("Default None: all languages.", None, True),
        ("Default true.", True, True),
        ("Default 16 KiB.", 1 << 24, False),
        ("Default 0.", None, False),
        ("Default 1.", True, False),
        ("Default true.", 1, False),
        ("Default none.", 0, False),
    ],
)
def test_a_stated_default_is_understood(text: str, default: object, same: bool) -> None:
    stated = STATED.search(text)
    assert stated and says(stated[1], default) is same


def test_the_page_has_the_defaults_with_their_marks_escaped() -> None:
    text = UNITS.read_text(encoding="utf-8")
    assert "| `keep` | `tuple[str, ...]` | required |" in text
    assert "| `min_words` | `int \\| None` | `50` | smallest number of words. Default 50. |" in text
    assert '| `bos` | `str \\| None` | `"<\\|endoftext\\|>"` |' in text
    made = UnitHelp("n", "step", "A unit.", None, None, (Setting("s", "str", '"a|`b``"', ("Meaning.",)),), {})
    assert list(_section(made))[-1] == '| `s` | `str` | ``` "a\\|`b``" ``` | Meaning. |'


def test_a_description_for_a_terminal() -> None:
    shown = list(lines(describe("filters.gopher_quality")))
    assert shown[0] == "filters.gopher_quality (step)" and "reads: text" in shown
    assert "  min_words: int | None = 50" in shown
    assert "  gopher_quality.short: gopher_quality.n_words, low min_words" in shown


def test_a_page_about_plug_ins_has_no_other_units() -> None:
    found = "\n".join(page(plugins="toolbox"))
    assert "## toolbox.length" in found and "stages.minhash" not in found
