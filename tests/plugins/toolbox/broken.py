"""A step with a bug: it raises on no rows too, or on all rows, or on those whose id ends so."""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa


@dataclass(frozen=True)
class Broken:
    """on: "schema", "rows", or the end of ids."""

    on: str = "rows"

    reads: ClassVar[tuple[str, ...]] = ("id",)
    adds: ClassVar[tuple[str, ...]] = ()

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        ids = batch.column("id").to_pylist()
        if self.on == "schema" or (self.on == "rows" and ids) or any(id.endswith(self.on) for id in ids):
            raise ZeroDivisionError("a bug")
        return batch
