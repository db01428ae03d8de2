"""A training run's settings: strict, with every default filled in, so that they identify the run.

Learning rates are for the plateau; steps count optimizer updates; sizes are in tokens unless the name says otherwise.
"""

from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from tokenmill.core.errors import RecipeError, did_you_mean


def _number(value: object) -> object:
    """YAML reads 3e-4 as a string (it wants 3.0e-4); people write 3e-4."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


Positive = Annotated[int, Field(ge=1)]
Ratio = Annotated[float, BeforeValidator(_number), Field(ge=0, le=1)]
Rate = Annotated[float, BeforeValidator(_number), Field(ge=0)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ModelConfig(_Section):
    """The decoder's shape. mlp_width is that of the SwiGLU's inside; the vocabulary comes from the corpus."""

    layers: Positive = 4
    width: Positive = 128
    heads: Positive = 4
    kv_heads: Positive = 2
    mlp_width: Positive = 384
    rope_base: Rate = 10_000.0
    qk_norm: bool = True
    tied_head: bool = True

    @model_validator(mode="after")
    def _divides(self) -> "ModelConfig":
        if self.width % (2 * self.heads):
            raise ValueError(
                f"width {self.width} must be a multiple of twice the {self.heads} heads (RoPE turns pairs)"
            )
        if self.heads % self.kv_heads:
            raise ValueError(f"heads {self.heads} must be a multiple of kv_heads {self.kv_heads}")
        return self


class DataConfig(_Section):
    """What a batch is. verify: how much of the shards is checked on opening (`whole` reads every byte once)."""

    seq_len: Positive = 256
    batch_size: Positive = 8
    verify: Literal["whole", "sampled", "none"] = "whole"


class OptimConfig(_Section):
    """kind `muon` takes Muon for the layers' matrices and AdamW for the rest; clip 0 leaves gradients as they are.

    With `muon`, learning_rate is that of AdamW's part; `adamw` alone wants less than the default, about 3e-3.
    """

    kind: Literal["muon", "adamw"] = "muon"
    learning_rate: Rate = 2e-2
    matrix_learning_rate: Rate = 5e-3
    weight_decay: Rate = 0.1
    beta1: Ratio = 0.9
    beta2: Ratio = 0.95
    momentum: Ratio = 0.95
    clip: Rate = 1.0


class ScheduleConfig(_Section):
    """Linear warm-up, then `cosine`, or `wsd`: a plateau and a linear fall over the last decay_ratio of all steps."""

    kind: Literal["cosine", "wsd"] = "wsd"
    warmup_steps: Annotated[int, Field(ge=0)] = 10
    decay_ratio: Ratio = 0.4
    final_ratio: Ratio = 0.1


_FREE: Final = {"steps", "log_every", "eval_every", "checkpoint_every", "keep_checkpoints"}


class TrainConfig(_Section):
    """One run. eval_windows 0 evaluates the whole val split; threads fixes the order of sums, and so the bits."""

    steps: Positive = 200
    seed: int = 17
    threads: Positive = 2
    log_every: Positive = 10
    eval_every: Positive = 50
    eval_windows: Annotated[int, Field(ge=0)] = 0
    checkpoint_every: Positive = 50
    keep_checkpoints: Positive = 2
    model: ModelConfig = ModelConfig()
    data: DataConfig = DataConfig()
    optim: OptimConfig = OptimConfig()
    schedule: ScheduleConfig = ScheduleConfig()

    @model_validator(mode="after")
    def _reaches_the_plateau(self) -> "TrainConfig":
        if self.schedule.warmup_steps > self.steps:
            raise ValueError(
                f"schedule.warmup_steps {self.schedule.warmup_steps} must be at most steps {self.steps}, "
                "or the learning rate never reaches its plateau"
            )
        return self

    def identity(self) -> dict[str, Any]:
        """Returns the settings that change the numbers of a run. The others may change when a run is resumed."""
        return self.model_dump(exclude=_FREE)


def read_config(path: Path, *, steps: int | None = None) -> TrainConfig:
    """The settings of a training run in a YAML file, `steps` replaced if given.

    Raises RecipeError with all faults, a line each.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RecipeError(f"{path}: cannot be read as YAML: {error}") from error
    if not isinstance(found, dict):
        raise RecipeError(f"{path}: found {type(found).__name__}; expected settings such as `steps: 200`.")
    try:
        return TrainConfig.model_validate(found if steps is None else {**found, "steps": steps})
    except ValidationError as error:
        raise RecipeError("\n".join(f"{path}: {_explained(fault)}" for fault in error.errors())) from error


def differences(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> list[str]:
    """`model.width: 128, now 256` for each setting that differs between two dumped configs of training runs."""
    found: list[str] = []
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            found += differences(before, after, f"{prefix}{key}.")
        elif before != after:
            found.append(f"{prefix}{key}: {before!r}, now {after!r}")
    return found


def _explained(fault: Any) -> str:
    """One validation fault as a sentence: where, what was found, what was expected, the nearest name."""
    place = ".".join(str(part) for part in fault["loc"])
    if fault["type"] != "extra_forbidden":
        return f"{place}: found {fault['input']!r}; {fault['msg']}."
    section: type[BaseModel] = TrainConfig
    for part in fault["loc"][:-1]:
        inner = section.model_fields[part].annotation
        assert isinstance(inner, type) and issubclass(inner, BaseModel)
        section = inner
    return f"{place}: no such setting{did_you_mean(str(fault['loc'][-1]), section.model_fields)}"
