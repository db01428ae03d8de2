"""Settings are strict: errors name the place of a wrong setting, and missing settings get their defaults."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tokenmill.core.errors import RecipeError
from tokenmill.train.config import differences, read_config

MINI = Path(__file__).parents[2] / "configs" / "train" / "mini.yaml"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stepps: 3", r"stepps: no such setting; did you mean 'steps'\?"),
        ("model: {layer: 3}", r"model\.layer: no such setting; did you mean 'layers'\?"),
        ("optim: {zzz: 3}", r"optim\.zzz: no such setting; known: beta1, beta2, clip"),
        ("steps: many", "steps: found 'many'; Input should be a valid integer"),
        ("steps: 0", "steps: found 0; Input should be greater than or equal to 1"),
        ("steps: true", "steps: found True; Input should be a valid integer"),
        ("optim: {clip: -1}", r"optim\.clip: found -1"),
        ("optim: {learning_rate: fast}", r"optim\.learning_rate: found 'fast'"),
        ("schedule: {kind: cosin}", r"schedule\.kind: found 'cosin'; Input should be 'cosine' or 'wsd'"),
        ("model: {width: 30, heads: 4}", "width 30 must be a multiple of twice the 4 heads"),
        ("model: {heads: 4, kv_heads: 3}", "heads 4 must be a multiple of kv_heads 3"),
        ("model: {heads: [", "cannot be read as YAML"),
        ("- steps", "found list; expected settings"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "train.yaml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=message) as caught:
        read_config(path)
    assert str(path) in str(caught.value)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "train.yaml"
    path.write_text("stepps: 3\nseed: x\nmodel: {layerss: 1}")
    with pytest.raises(RecipeError) as caught:
        read_config(path)
    assert len(str(caught.value).splitlines()) == 3


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"none\.yaml: cannot be read"):
        read_config(tmp_path / "none.yaml")


def test_people_write_3e_4(make_config: Callable[..., Path]) -> None:
    """YAML reads 3e-4 as a string."""
    path = make_config()
    path.write_text("optim: {learning_rate: 3e-4}")
    assert read_config(path).optim.learning_rate == 3e-4


def test_steps_override_the_file_and_do_not_identify_a_run(make_config: Callable[..., Path]) -> None:
    path = make_config()
    assert read_config(path, steps=7).steps == 7
    assert read_config(path, steps=12) == read_config(path)
    identity = read_config(path).identity()
    assert read_config(path, steps=7).identity() == identity
    assert read_config(make_config(seed=18)).identity() != identity


def test_differences_name_settings_old_and_new() -> None:
    old = {"steps": 3, "model": {"width": 8, "heads": 2}}
    assert differences(old, {"steps": 3, "model": {"width": 16, "heads": 2}}) == ["model.width: 8, now 16"]
    assert differences(old, old) == []


def test_the_mini_config_reads() -> None:
    assert read_config(MINI).data.seq_len == 256
