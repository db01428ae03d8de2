"""Breaks the contract of a step that scrubs excerpts, in the way that its setting says."""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa


@dataclass(frozen=True)
class RudeScrub:
    """mode: "reverse" returns the rows in reverse order, "raise" raises if a text has an even length."""

    mode: str

    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = ("text",)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if self.mode == "reverse":
            return batch.take(pa.array(range(batch.num_rows - 1, -1, -1), pa.int64()))
        if any(len(text) % 2 == 0 for text in batch.column("text").to_pylist()):
            raise ValueError("cannot scrub")
        return batch
