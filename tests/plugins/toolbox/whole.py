"""A step whose settings of type float have whole numbers as defaults."""

from dataclasses import dataclass, field
from typing import ClassVar

import pyarrow as pa


@dataclass(frozen=True)
class Whole:
    least: float = 3
    most: float | None = 10
    weights: dict[str, float] = field(default_factory=lambda: {"a": 1})
    edges: tuple[float, ...] | None = (1, 2)
    pair: tuple[int, float] = (1, 2)
    count: int = 7
    either: int | float = 5

    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = ()

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return batch
