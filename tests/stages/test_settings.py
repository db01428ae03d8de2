"""In every unit of work, settings that are sizes or counts refuse negative values."""

import dataclasses
from typing import Any

import pytest

from tokenmill.core.errors import RecipeError
from tokenmill.core.kinds import Exemplary
from tokenmill.pipeline.planning.resolve import work_class, work_names

SIGNED = {"seed"}
"""Settings that may be negative."""
NEEDED = {"stages.read_warc": {"paths": "x"}}
"""{unit: settings that the unit needs although they have defaults}"""


def numbers() -> list[tuple[str, str]]:
    """Returns (unit, setting) of each setting that is a number."""
    return [
        (name, field.name)
        for name in work_names()
        for field in dataclasses.fields(work_class(name))  # type: ignore[arg-type]
        if field.type in (int, float, int | None, float | None) and field.name not in SIGNED
    ]


@pytest.mark.parametrize(("name", "setting"), numbers())
@pytest.mark.parametrize("value", [-1, float("nan"), float("-inf")])
def test_a_negative_number_is_refused(name: str, setting: str, value: float) -> None:
    cls: Any = work_class(name)
    changed = {setting: value}
    needed = NEEDED.get(name, {}) | {field.name: "x" for field in dataclasses.fields(cls) if _is_required(field)}
    with pytest.raises(RecipeError):
        dataclasses.replace(cls.example(), **changed) if isinstance(cls, Exemplary) else cls(**needed | changed)


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
