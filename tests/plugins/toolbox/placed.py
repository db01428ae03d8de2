"""Records which process ran what, on which machine and with which GPUs, for tests of where work is placed."""

import os
import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar

import pyarrow as pa


@dataclass(frozen=True)
class Placed:
    """notes: a folder in which every load of the model and every call leaves a file."""

    notes: str

    reads: ClassVar[tuple[str, ...]] = ("id",)
    adds: ClassVar[tuple[str, ...]] = ()

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        _model(self.notes)
        if batch.num_rows:
            _note(self.notes, f"call-{batch.column('id')[0].as_py()}")
        return batch


@cache
def _model(notes: str) -> str:
    _note(notes, f"load-{os.urandom(6).hex()}")
    return "a model"


def _note(notes: str, name: str) -> None:
    gpus = os.environ.get("CUDA_VISIBLE_DEVICES", "none")
    (Path(notes) / name).write_text(f"{platform.node()} {os.getpid()} {gpus}")
