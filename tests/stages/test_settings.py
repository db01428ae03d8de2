"""In every unit of work, settings that are sizes, counts, shares or weights refuse negative values, NaN and text."""

import dataclasses
from typing import Any

import pytest
from tokenizers import Tokenizer, models

from tokenmill.core.errors import RecipeError
from tokenmill.core.kinds import Exemplary
from tokenmill.pipeline.planning.resolve import work_class, work_names

NUMBERS = (int, float, int | None, float | None)
COLLECTIONS: dict[object, tuple[float, ...]] = {
    dict[str, float]: (-1, float("nan"), float("-inf")),
    tuple[int, ...]: (-1,),
}
"""{type: values that are refused in it}"""
ACCEPTED = {("tokenize.mix", "weights", "nan")}
"""Values that recipes refuse, but the unit itself does not."""
SIGNED = {"seed", "namespaces"}
"""Settings that may be negative. MediaWiki has the namespaces -1 and -2."""
NEEDED: dict[str, dict[str, Any]] = {
    "stages.read_warc": {"paths": "x"},
    "tokenize.mix": {"weights": {"x": 1.0}},
}
"""{unit: settings that the unit needs although they have defaults, or that are not text}"""


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Returns the path of a tokenizer.json with two ids."""
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    made = Tokenizer(models.WordLevel({"x": 0}, unk_token="x"))
    made.add_special_tokens(["<|endoftext|>"])
    made.save(str(path))
    return str(path)


def settings(*kinds: object) -> list[tuple[str, str]]:
    """Returns (unit, setting) of each setting of these types."""
    return [
        (name, field.name)
        for name in work_names()
        for field in dataclasses.fields(work_class(name))  # type: ignore[arg-type]
        if field.type in kinds and field.name not in SIGNED
    ]


@pytest.mark.parametrize(("name", "setting"), settings(*NUMBERS))
@pytest.mark.parametrize("value", [-1, float("nan"), float("-inf"), "a"])
def test_what_is_no_such_number_is_refused(name: str, setting: str, value: object, tokenizer: str) -> None:
    good = valid(name, tokenizer)
    with pytest.raises(RecipeError, match=rf"\b{setting}\b"):
        dataclasses.replace(good, **{setting: value})


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [
        (*one, value)
        for kind, values in COLLECTIONS.items()
        for one in settings(kind)
        for value in values
        if (*one, str(value)) not in ACCEPTED
    ],
)
def test_a_negative_number_in_a_collection_is_refused(name: str, setting: str, value: float, tokenizer: str) -> None:
    """Replaces one value, so that the keys of a dict and the length of a tuple stay valid."""
    good = valid(name, tokenizer)
    now = getattr(good, setting)
    changed = {**now, "x": value} if isinstance(now, dict) else (*now[:-1], value)
    with pytest.raises(RecipeError, match=rf"\b{setting}\b"):
        dataclasses.replace(good, **{setting: changed})


def valid(name: str, tokenizer: str) -> Any:
    """Returns an instance of a unit, with its defaults as far as there are any."""
    cls: Any = work_class(name)
    if isinstance(cls, Exemplary):
        return cls.example()
    needed = {field.name: "x" for field in dataclasses.fields(cls) if _is_required(field)} | NEEDED.get(name, {})
    return cls(**needed | ({"tokenizer": tokenizer} if "tokenizer" in needed else {}))


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
