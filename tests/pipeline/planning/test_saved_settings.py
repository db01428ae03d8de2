"""Settings that are saved with a run and loaded again are the same settings, for every unit of work."""

import dataclasses
from typing import Any

import pytest
import yaml

from tokenmill.pipeline.planning.fingerprint import digest
from tokenmill.pipeline.planning.recipe import WorkSpec
from tokenmill.pipeline.planning.resolve import build, settings_of, work_class, work_names

NEEDED: dict[str, Any] = {"paths": "x", "tokenizer": "x", "weights": {"web": 1}}
"""Values for settings without a default. If the type is float, the value is a whole number."""


@pytest.mark.parametrize("name", [*work_names(), "toolbox.whole"])
def test_settings_that_are_saved_and_loaded_are_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Regression: gopher_quality and code_quality, whose float defaults were 3, 10 and 100, had another fingerprint
    when the run's own recipe.yaml was run.
    """
    cls: Any = work_class(name, plugins="toolbox")
    # It would read files and compile kernels.
    monkeypatch.setattr(cls, "__post_init__", lambda self: None, raising=False)
    needed = {field.name: NEEDED[field.name] for field in dataclasses.fields(cls) if field.name in NEEDED}
    unit = cls.example() if hasattr(cls, "example") else cls(**needed)
    saved = yaml.safe_dump(settings_of(unit))
    loaded = build(WorkSpec(name, yaml.safe_load(saved), 1), seed=0, plugins="toolbox", where="")
    assert yaml.safe_dump(settings_of(loaded)) == saved
    assert digest(settings_of(loaded)) == digest(settings_of(unit))


def test_whole_numbers_become_floats_where_the_type_is_float_and_nowhere_else() -> None:
    unit = work_class("toolbox.whole", plugins="toolbox")()
    assert repr(settings_of(unit)) == repr(
        {
            "least": 3.0, "most": 10.0, "weights": {"a": 1.0}, "edges": [1.0, 2.0], "pair": [1, 2.0], "count": 7,
            "either": 5,
        }
    )  # fmt: skip
