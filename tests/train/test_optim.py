"""Each weight has one optimizer, and the learning rate is a function of the step."""

import pytest
import torch

from tokenmill.train.config import ModelConfig, OptimConfig, ScheduleConfig
from tokenmill.train.model import Decoder
from tokenmill.train.optim import make_optimizers, rate_ratio, set_rates


@pytest.mark.parametrize("kind", ["muon", "adamw"])
@pytest.mark.parametrize("tied_head", [True, False])
def test_each_weight_is_updated_once_and_only_tables_and_matrices_decay(kind: str, tied_head: bool) -> None:
    model = Decoder(ModelConfig(layers=2, width=16, heads=2, kv_heads=1, tied_head=tied_head), vocab_size=30)
    optimizers = make_optimizers(model, OptimConfig(kind=kind, weight_decay=0.2))  # type: ignore[arg-type]
    groups = [(group, type(optimizer)) for optimizer in optimizers for group in optimizer.param_groups]
    updated = [id(weight) for group, _ in groups for weight in group["params"]]
    assert sorted(updated) == sorted(id(weight) for weight in model.parameters())
    for group, _ in groups:
        assert {weight.ndim > 1 for weight in group["params"]} == {group["weight_decay"] == 0.2}
    by_muon = {id(weight) for group, by in groups if by is torch.optim.Muon for weight in group["params"]}
    matrices = {id(w) for name, w in model.named_parameters() if name.startswith("layers.") and w.ndim == 2}
    assert by_muon == (matrices if kind == "muon" else set())


def test_rates_are_a_share_of_each_groups_plateau() -> None:
    model = Decoder(ModelConfig(layers=1, width=16, heads=2, kv_heads=1), vocab_size=30)
    optimizers = make_optimizers(model, OptimConfig(learning_rate=0.5, matrix_learning_rate=0.25))
    set_rates(optimizers, 0.5)
    assert [group["lr"] for optimizer in optimizers for group in optimizer.param_groups] == [0.25, 0.25, 0.125]


@pytest.mark.parametrize(
    ("kind", "step", "ratio"),
    [
        ("wsd", 0, 0.1),
        ("wsd", 9, 1.0),
        ("wsd", 60, 1.0),
        ("wsd", 80, 0.55),
        ("wsd", 100, 0.1),
        ("cosine", 0, 0.1),
        ("cosine", 10, 1.0),
        ("cosine", 55, 0.55),
        ("cosine", 100, 0.1),
    ],
)
def test_the_schedule_at_its_corners(kind: str, step: int, ratio: float) -> None:
    config = ScheduleConfig(kind=kind, warmup_steps=10, decay_ratio=0.4, final_ratio=0.1)  # type: ignore[arg-type]
    assert rate_ratio(step, 100, config) == pytest.approx(ratio)


def test_a_schedule_without_warm_up_or_decay_is_flat() -> None:
    config = ScheduleConfig(kind="wsd", warmup_steps=0, decay_ratio=0.0)
    assert [rate_ratio(step, 3, config) for step in range(3)] == [1.0, 1.0, 1.0]
