"""Which optimizer updates which weight, and how the learning rate moves; both follow from the config and the step."""

import math

from torch import nn, optim

from tokenmill.train.config import OptimConfig, ScheduleConfig


def make_optimizers(model: nn.Module, config: OptimConfig) -> list[optim.Optimizer]:
    """Optimizers of a model: AdamW for embeddings, head and norms; the layers' matrices by Muon, or by AdamW as well.

    Norms are without decay. Muon (Jordan et al. 2024) is torch's, with its update scaled to the RMS of AdamW's (Liu et
    al. 2025, Muon is Scalable, section 2.2), so that one weight decay suits both. Each group carries its plateau rate
    as `peak`.
    """
    named = dict(model.named_parameters())
    matrices = [weight for name, weight in named.items() if weight.ndim == 2 and name.startswith("layers.")]
    tables = [weight for name, weight in named.items() if weight.ndim == 2 and not name.startswith("layers.")]
    norms = [weight for weight in named.values() if weight.ndim < 2]
    decay, rate = config.weight_decay, config.learning_rate
    groups = [
        {"params": tables, "weight_decay": decay, "peak": rate},
        {"params": norms, "weight_decay": 0.0, "peak": rate},
    ]
    if config.kind == "adamw":
        groups.append({"params": matrices, "weight_decay": decay, "peak": rate})
    found: list[optim.Optimizer] = [optim.AdamW(groups, lr=rate, betas=(config.beta1, config.beta2))]
    if config.kind == "muon":
        group = {"params": matrices, "peak": config.matrix_learning_rate}
        found.append(
            optim.Muon(
                [group],
                lr=config.matrix_learning_rate,
                momentum=config.momentum,
                weight_decay=decay,
                adjust_lr_fn="match_rms_adamw",
            )
        )
    return found


def rate_ratio(step: int, steps: int, config: ScheduleConfig) -> float:
    """The share of the plateau learning rate at a training step (0-based) of `steps`, in 0..1."""
    if step < config.warmup_steps:
        return (step + 1) / config.warmup_steps
    if config.kind == "cosine":
        passed = (step - config.warmup_steps) / max(1, steps - config.warmup_steps)
        return config.final_ratio + (1 - config.final_ratio) * (1 + math.cos(math.pi * passed)) / 2
    decay_steps = config.decay_ratio * steps
    left = min(1.0, (steps - step) / decay_steps) if decay_steps else 1.0
    return config.final_ratio + (1 - config.final_ratio) * left


def set_rates(optimizers: list[optim.Optimizer], ratio: float) -> None:
    """Give each group of the optimizers' weights `ratio` of its plateau learning rate."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * ratio
