"""A step with a bug: it raises on no rows too, or on all rows, or on those whose id begins or ends so."""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa


@dataclass(frozen=True)
class Broken:
    """on: "schema", "rows", or the begin or end of ids."""

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
