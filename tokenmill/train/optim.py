"""Says which optimizer updates which weight, and how the learning rate changes: both follow from settings and step."""

import math
from collections.abc import Iterable, Iterator
from typing import Any, Final

import torch
from torch import Tensor, nn, optim

from tokenmill.train.config import OptimConfig, ScheduleConfig

_NEWTON_SCHULZ: Final = (3.4445, -4.7750, 2.0315)  # Jordan et al. 2024, Muon: steepest where singular values are small
_ITERATIONS: Final = 5


class Muon(optim.Optimizer):
    """Updates matrices by the orthogonal factor of their momentum (Jordan et al. 2024, Muon).

    The update has the RMS of AdamW's (Liu et al. 2025, Muon is Scalable, section 2.2), so one weight decay suits both.
    Matrices of equal shape are updated together: fewer and larger products. torch.optim.Muon takes them one by one,
    and in bfloat16, which a CPU emulates.

    Args:
        params: groups of matrices (2-D).
        lr: learning rate, from 0.
        momentum: share of the old momentum in the new, 0 to 1; the gradient is mixed in again (Nesterov).
        weight_decay: decoupled, from 0.
    """

    def __init__(self, params: Iterable[Any], lr: float, momentum: float = 0.95, weight_decay: float = 0.1) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.ndim != 2:
                    raise ValueError(f"Muon: found a weight of shape {tuple(weight.shape)}, expected matrices")

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Updates each matrix that has a gradient."""
        for group in self.param_groups:
            for weights in _of_equal_shape(weight for weight in group["params"] if weight.grad is not None):
                mixed = [self._nesterov(weight, group["momentum"]) for weight in weights]
                update = orthogonal_factor(torch.stack(mixed))
                size = -0.2 * group["lr"] * math.sqrt(max(weights[0].shape))
                for weight, change in zip(weights, update, strict=True):
                    weight.mul_(1 - group["lr"] * group["weight_decay"]).add_(change.to(weight.dtype), alpha=size)

    def _nesterov(self, weight: Tensor, momentum: float) -> Tensor:
        state = self.state[weight]
        if not state:
            state["momentum"] = torch.zeros_like(weight)
        gradient = weight.grad
        assert gradient is not None
        mean: Tensor = state["momentum"].lerp_(gradient, 1 - momentum)
        return gradient.lerp(mean, momentum)


def orthogonal_factor(matrices: Tensor) -> Tensor:
    """Returns about U V^T of each matrix U S V^T, (n, rows, columns), by five Newton–Schulz iterations.

    Singular values of the result are within about 0.7 to 1.2. On a GPU the products are made in bfloat16.
    """
    x: Tensor = matrices.to(torch.bfloat16) if matrices.is_cuda else matrices.float()
    is_tall = x.shape[1] > x.shape[2]
    x = x.mT if is_tall else x
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    a, b, c = _NEWTON_SCHULZ
    for _ in range(_ITERATIONS):
        square = x @ x.mT
        x = a * x + torch.baddbmm(square, square, square, beta=b, alpha=c) @ x
    factor: Tensor = x.mT if is_tall else x
    return factor


def _of_equal_shape(weights: Iterable[Tensor]) -> Iterator[list[Tensor]]:
    shapes: dict[tuple[torch.Size, torch.device], list[Tensor]] = {}
    for weight in weights:
        shapes.setdefault((weight.shape, weight.device), []).append(weight)
    yield from shapes.values()


def make_optimizers(model: nn.Module, config: OptimConfig) -> list[optim.Optimizer]:
    """Returns the optimizers of a model: Muon for the matrices of layers, AdamW for the rest, or AdamW for all.

    Embeddings, head and norms have no weight decay: rows of rare tokens get almost no gradient and would shrink to
    zero. Each group has its plateau rate as `peak`.
    """
    named = dict(model.named_parameters())
    matrices = [weight for name, weight in named.items() if weight.ndim == 2 and name.startswith("layers.")]
    others = [weight for name, weight in named.items() if weight.ndim < 2 or not name.startswith("layers.")]
    groups: list[dict[str, Any]] = [{"params": others, "weight_decay": 0.0, "peak": config.learning_rate}]
    if config.kind == "adamw":
        groups.append({"params": matrices, "weight_decay": config.weight_decay, "peak": config.learning_rate})
    is_fused = next(model.parameters()).is_cuda
    adamw = optim.AdamW(groups, lr=config.learning_rate, betas=(config.beta1, config.beta2), fused=is_fused)
    if config.kind == "adamw":
        return [adamw]
    group = {"params": matrices, "peak": config.matrix_learning_rate}
    return [adamw, Muon([group], config.matrix_learning_rate, config.momentum, config.weight_decay)]


def rate_ratio(step: int, steps: int, config: ScheduleConfig) -> float:
    """Returns the share of the plateau learning rate at a training step (0-based) of `steps`, in 0..1."""
    if step < config.warmup_steps:
        return (step + 1) / config.warmup_steps
    if config.kind == "cosine":
        passed = (step - config.warmup_steps) / max(1, steps - config.warmup_steps)
        return config.final_ratio + (1 - config.final_ratio) * (1 + math.cos(math.pi * passed)) / 2
    decay_steps = config.decay_ratio * steps
    left = min(1.0, (steps - step) / decay_steps) if decay_steps else 1.0
    return config.final_ratio + (1 - config.final_ratio) * left


def set_rates(optimizers: list[optim.Optimizer], ratio: float) -> None:
    """Gives each group of the optimizers' weights `ratio` of its plateau learning rate."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * ratio
