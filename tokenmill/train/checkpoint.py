"""Writes and reads checkpoints, which are complete or do not count, and resume only the run that made them.

A checkpoint is two files. <out>/checkpoints/step-000200.pt has the weights, optimizer states, the step, the settings
and the identity of the data. The data's position is not in it: it is step x batch size. step-000200.json is written
last and has the size and the XXH3-128 of the first; a checkpoint without it is unfinished. Only then are older ones
deleted, so a kill at any moment leaves one to resume from. The .pt file is read with weights_only: it can hold tensors
and plain values, not code.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import torch
from torch import nn, optim

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.io import storage
from tokenmill.train.config import TrainConfig, differences

FORMAT = 2


@dataclass
class TrainState:
    """What changes during a run. validations: (step, nats per token, bits per byte) of the first and the last one."""

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
        """Returns the path of the tensors of the checkpoint after so many steps."""
        return self.folder / f"step-{step:06d}.pt"

    def steps(self) -> list[int]:
        """Returns the steps of which there is a complete checkpoint, ascending."""
        names = (Path(name) for name in storage.list_files(str(self.folder)) if name.endswith(".json"))
        return sorted(int(name.stem.removeprefix("step-")) for name in names if name.stem.startswith("step-"))

    def save(self, state: TrainState) -> None:
        """Writes the state durably, then deletes all but the newest keep_checkpoints."""
        content = {
            "format": FORMAT,
            "config": self.config.identity(),
            "corpus_sha256": self.corpus_sha256,
            "step": state.step,
            "validations": state.validations,
            "model": state.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in state.optimizers],
        }
        path = self.path(state.step)
        with storage.open_output(str(path)) as file:
            hashing = storage.Hashing(file)
            torch.save(content, cast("IO[bytes]", hashing))
        record = {"bytes": hashing.size, "xxh3": hashing.digest.hexdigest()}
        storage.write_bytes(str(path.with_suffix(".json")), json.dumps(record).encode())
        for step in self.steps()[: -self.config.keep_checkpoints]:
            storage.delete(str(self.path(step).with_suffix(".json")))
            storage.delete(str(self.path(step)))

    def restore(self, state: TrainState) -> None:
        """Brings the state to the newest complete checkpoint; does nothing if there is none.

        Raises RecipeError with what differs if it belongs to other settings or data, DataError if it is damaged.
        """
        steps = self.steps()
        for path in sorted(self.folder.glob("step-*")):
            if path.suffix == ".tmp" or (path.suffix == ".pt" and path not in map(self.path, steps)):
                storage.delete(str(path))
        if not steps:
            return
        path = self.path(steps[-1])
        content = _read(path)
        changed = differences(content["config"], self.config.identity())
        if content["corpus_sha256"] != self.corpus_sha256:
            changed.append(f"corpus manifest: sha256 {content['corpus_sha256']}, now {self.corpus_sha256}")
        if changed:
            advice = "Change that back to resume, or train into another folder."
            raise RecipeError(f"{path} belongs to another run: {'; '.join(changed)}. {advice}")
        if content["step"] > self.config.steps:
            raise RecipeError(f"{path}: found steps: {self.config.steps}, expected at least {content['step']}.")
        state.model.load_state_dict(content["model"])
        for optimizer, saved in zip(state.optimizers, content["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        state.step, state.validations = content["step"], content["validations"]


def _read(path: Path) -> dict[str, Any]:
    """Reads a checkpoint and compares it with its checksum."""
    advice = f"Delete {path.with_suffix('.json').name} to resume from the checkpoint before it."
    try:
        wanted = json.loads(storage.read_bytes(str(path.with_suffix(".json"))))
        found = storage.file_record(str(path))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({error}). {advice}") from error
    if wanted != {"bytes": found.bytes, "xxh3": found.xxh3}:
        raise DataError(f"{path}: {found.bytes} bytes of XXH3-128 {found.xxh3}; expected {wanted}. {advice}")
    content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    if content.get("format") != FORMAT:
        raise DataError(f"{path}: checkpoint format {content.get('format')!r}; expected {FORMAT}.")
    return content
