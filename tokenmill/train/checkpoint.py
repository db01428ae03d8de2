"""Checkpoints that are there whole or not at all, and that resume only the run they were made by.

A checkpoint is one file, <out>/checkpoints/step-000200.pt: weights, optimizer states, the step, the settings and the
identity of the data. The data's position is not in it: it is step x batch size. It is written beside its place, synced
and renamed, and only then are older ones deleted, so a kill at any moment leaves one to resume from. It is read with
weights_only: it can hold tensors and plain values, not code.
"""

import os
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn, optim

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.io import storage
from tokenmill.train.config import TrainConfig, differences

FORMAT = 1


@dataclass
class TrainState:
    """All that moves during a run. validations: (step, nats a token, bits a byte), of the first and of the last one."""

    model: nn.Module
    optimizers: list[optim.Optimizer]
    step: int
    validations: list[tuple[int, float, float]]


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of one run. corpus_sha256: the manifest's."""

    folder: Path
    config: TrainConfig
    corpus_sha256: str

    def path(self, step: int) -> Path:
        """Where the checkpoint after so many steps lies."""
        return self.folder / f"step-{step:06d}.pt"

    def steps(self) -> list[int]:
        """The steps there are checkpoints of, ascending."""
        names = (name for name in storage.list_files(str(self.folder)) if name.startswith("step-"))
        return sorted(int(name.removeprefix("step-").removesuffix(".pt")) for name in names)

    def save(self, state: TrainState) -> None:
        """Write the state durably, then delete all but the newest keep_checkpoints."""
        content = {
            "format": FORMAT,
            "config": self.config.model_dump(),
            "config_sha256": self.config.digest(),
            "corpus_sha256": self.corpus_sha256,
            "step": state.step,
            "validations": state.validations,
            "model": state.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in state.optimizers],
        }
        with storage.open_output(str(self.path(state.step))) as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())  # else a power cut may leave a whole name on half a file
        for step in self.steps()[: -self.config.keep_checkpoints]:
            storage.delete(str(self.path(step)))

    def restore(self, state: TrainState) -> None:
        """Bring the state to the newest checkpoint; nothing to do if there is none.

        Raises RecipeError naming what differs if it is of other settings or data, DataError if it cannot be read.
        """
        for unfinished in self.folder.glob("*.tmp"):
            storage.delete(str(unfinished))
        if not self.steps():
            return
        path = self.path(self.steps()[-1])
        content = _read(path)
        changed = differences(content["config"], self.config.model_dump())
        if content["corpus_sha256"] != self.corpus_sha256:
            changed.append(f"corpus manifest: sha256 {content['corpus_sha256']}, now {self.corpus_sha256}")
        if changed:
            advice = "Put that back to resume, or train into another folder."
            raise RecipeError(f"{path} is of another run: {'; '.join(changed)}. {advice}")
        state.model.load_state_dict(content["model"])
        for optimizer, saved in zip(state.optimizers, content["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        state.step, state.validations = content["step"], content["validations"]


def _read(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, EOFError, RuntimeError, pickle.UnpicklingError) as error:
        raise DataError(f"{path}: cannot be read ({error}). Delete it to resume from the one before.") from error
    if content.get("format") != FORMAT:
        raise DataError(f"{path}: checkpoint format {content.get('format')!r}; expected {FORMAT}.")
    return content
