"""A step with a bug: it raises on every batch, also without rows, on all rows, or on rows with certain ids."""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa


@dataclass(frozen=True)
class Broken:
    """on: "schema" (every batch), "rows" (every batch with rows), or the start or end of the ids on which it raises."""

    on: str = "rows"

    reads: ClassVar[tuple[str, ...]] = ("id",)
    adds: ClassVar[tuple[str, ...]] = ()

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        ids = batch.column("id").to_pylist()
        if self.on == "schema" or (self.on == "rows" and ids) or any(self._is_meant(id) for id in ids):
            raise ZeroDivisionError("a bug")
        return batch

    def _is_meant(self, id: str) -> bool:
        return id.startswith(self.on) or id.endswith(self.on)
