"""Each weight has one optimizer, and the learning rate is a function of the step."""

from collections.abc import Callable

import pytest
import torch

from tokenmill.train.config import ModelConfig, OptimConfig, ScheduleConfig
from tokenmill.train.model import Decoder
from tokenmill.train.optim import Muon, make_optimizers, orthogonal_factor, rate_ratio, set_rates


@pytest.mark.parametrize("kind", ["muon", "adamw"])
@pytest.mark.parametrize("tied_head", [True, False])
def test_each_weight_is_updated_once_and_only_matrices_of_layers_decay(kind: str, tied_head: bool) -> None:
    model = Decoder(ModelConfig(layers=2, width=16, heads=2, kv_heads=1, tied_head=tied_head), vocab_size=30)
    optimizers = make_optimizers(model, OptimConfig(kind=kind, weight_decay=0.2))  # type: ignore[arg-type]
    groups = [(group, type(optimizer)) for optimizer in optimizers for group in optimizer.param_groups]
    updated = [id(weight) for group, _ in groups for weight in group["params"]]
    assert sorted(updated) == sorted(id(weight) for weight in model.parameters())
    matrices = {id(w) for name, w in model.named_parameters() if name.startswith("layers.") and w.ndim == 2}
    for group, _ in groups:
        assert {id(weight) in matrices for weight in group["params"]} == {group["weight_decay"] == 0.2}
    by_muon = {id(weight) for group, by in groups if by is Muon for weight in group["params"]}
    assert by_muon == (matrices if kind == "muon" else set())


def test_rates_are_a_share_of_each_groups_plateau() -> None:
    model = Decoder(ModelConfig(layers=1, width=16, heads=2, kv_heads=1), vocab_size=30)
    optimizers = make_optimizers(model, OptimConfig(learning_rate=0.5, matrix_learning_rate=0.25))
    set_rates(optimizers, 0.5)
    assert [group["lr"] for optimizer in optimizers for group in optimizer.param_groups] == [0.25, 0.125]


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


@pytest.mark.parametrize("shape", [(3, 8, 24), (2, 24, 8), (1, 16, 16)])
def test_the_orthogonal_factor_is_near_the_polar_factor(shape: tuple[int, int, int]) -> None:
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(4))
    u, _, v = torch.linalg.svd(matrices, full_matrices=False)
    found = orthogonal_factor(matrices)
    assert torch.linalg.svdvals(found).sub(1).abs().max() < 0.35
    turned = u.mT @ found @ v.mT  # diagonal where the singular vectors are the same
    assert (turned - torch.diag_embed(turned.diagonal(dim1=1, dim2=2))).abs().max() < 1e-4


def test_muon_changes_matrices_together_as_one_by_one_and_as_torch_does() -> None:
    generator = torch.Generator().manual_seed(5)
    start = [torch.randn(shape, generator=generator) for shape in ((6, 12), (6, 12), (12, 6), (8, 8))]
    gradients = [[torch.randn(weight.shape, generator=generator) for weight in start] for _ in range(4)]

    def trained(make: Callable[[list[torch.nn.Parameter]], list[torch.optim.Optimizer]]) -> list[torch.Tensor]:
        weights = [torch.nn.Parameter(weight.clone()) for weight in start]
        optimizers = make(weights)
        for step in gradients:
            for weight, gradient in zip(weights, step, strict=True):
                weight.grad = gradient.clone()
            for optimizer in optimizers:
                optimizer.step()
        return [weight.detach() for weight in weights]

    together = trained(lambda weights: [Muon(weights, 0.1)])
    alone = trained(lambda weights: [Muon([weight], 0.1) for weight in weights])
    theirs = trained(lambda weights: [torch.optim.Muon(weights, lr=0.1, adjust_lr_fn="match_rms_adamw")])
    for ours, single, other, before in zip(together, alone, theirs, start, strict=True):
        assert torch.allclose(ours, single, atol=1e-6)
        assert (ours - other).norm() < 0.05 * (ours - before).norm()  # torch's works in bfloat16


def test_muon_refuses_what_is_no_matrix() -> None:
    with pytest.raises(ValueError, match=r"shape \(3,\), expected matrices"):
        Muon([torch.nn.Parameter(torch.zeros(3))], 0.1)


def test_rows_without_gradient_keep_their_size() -> None:
    model = Decoder(ModelConfig(layers=1, width=16, heads=2, kv_heads=1), vocab_size=30)
    model.initialize(1)
    before = model.embed.weight[20].detach().clone()
    optimizers = make_optimizers(model, OptimConfig(weight_decay=0.5, learning_rate=0.1))
    for _ in range(5):
        ids = torch.arange(4)[None]
        model(ids, torch.zeros_like(ids))[..., :4].square().sum().backward()
        model.embed.weight.grad[20] = 0.0  # type: ignore[index]
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
    assert torch.equal(model.embed.weight[20], before)
